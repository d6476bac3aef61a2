# SPDX-License-Identifier: Apache-2.0
"""The report of `make coverage` adds up what runs counted, and fails below its limit."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXCLUSIONS = HERE / "coverage_exclusions.txt"


def point(page: str, line: int, what: str, count: int) -> str:
    fields = {"f": "/somewhere/rtl/tmu/tmu.sv", "l": line, "n": 3, "page": page, "o": what}
    return "C '" + "".join(f"\x01{k}\x02{v}" for k, v in fields.items()) + f"' {count}\n"


@pytest.fixture
def report(tmp_path: Path):
    raw = tmp_path / "raw"
    raw.mkdir()
    exclusions = tmp_path / "exclusions.txt"

    def run(runs: list[list[str]], excluded: str = "", least: int = 95):
        exclusions.write_text(f"# A reason.\n{excluded}\n")
        for i, lines in enumerate(runs):
            (raw / f"{i}.dat").write_text("# SystemC::Coverage-3\n" + "".join(lines))
        command = [sys.executable, HERE / "coverage_report.py", raw, exclusions, tmp_path]
        return subprocess.run([*command, str(least)], capture_output=True, text=True, check=False)

    return run


def test_a_point_is_hit_if_any_run_hit_it(report) -> None:
    runs = [
        [point("v_line/tmu", 5, "block", 0), point("v_toggle/tmu", 7, "a[0]", 3)],
        [point("v_line/tmu", 5, "block", 2), point("v_toggle/tmu", 7, "a[0]", 0)],
    ]
    done = report(runs)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].split()[:3] == ["all", "1/1", "100.0"]


def test_too_little_fails(report) -> None:
    lines = [point("v_toggle/tmu", 7, f"a[{i}]", i % 2) for i in range(4)]
    done = report([lines])
    assert done.returncode == 1
    assert "2/4  50.0 %" in done.stdout


def test_an_exclusion_leaves_out_what_nothing_hit(report) -> None:
    lines = [point("v_toggle/tmu", 7, f"a[{i}]", i % 2) for i in range(4)]
    done = report([lines], r"toggle a\[")
    assert done.returncode == 0
    assert "2/2 100.0 %" in done.stdout


def test_no_counts_is_an_error(report) -> None:
    assert "make coverage" in report([]).stderr


def test_every_exclusion_has_a_reason() -> None:
    blocks = EXCLUSIONS.read_text().split("\n\n")
    for block in blocks:
        assert block.startswith("#"), f"no reason above: {block}"
        for line in block.splitlines():
            if not line.startswith("#"):
                re.compile(line)
