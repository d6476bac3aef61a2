# SPDX-License-Identifier: Apache-2.0
"""The RTL is clean under `verilator -Wall`; what rtl/waivers.vlt waives has its reason there."""

import re
import subprocess
from pathlib import Path

import pytest

MOST_MODULE_LINES = 255

# Sizes in the order of NAMES: edge, the smallest, an odd one, the largest.
DESIGNS = [
    (80, 4, 2, 512, 32, 16, 16),
    (80, 1, 1, 2, 1, 2, 2),
    (160, 3, 3, 24, 5, 3, 5),
    (640, 16, 8, 4096, 64, 64, 64),
]
NAMES = [
    "Lanes",
    "Engines",
    "Slices",
    "ActWords",
    "Chunks",
    "WeightFifoBeats",
    "ResultFifoBeats",
]


@pytest.mark.parametrize("design", DESIGNS, ids=lambda sizes: "x".join(map(str, sizes)))
@pytest.mark.parametrize("assertions", [True, False], ids=["assertions", "synthesis"])
def test_verilator_has_no_complaint(
    design: tuple[int, ...], assertions: bool, rtl: Path, sources: list[Path]
) -> None:
    command = ["verilator", "--lint-only", "-Wall", "--top-module", "tmu", f"-I{rtl}"]
    command += [f"-G{name}={size}" for name, size in zip(NAMES, design, strict=True)]
    if assertions:
        command += ["--assert", "+define+STERNA_ASSERTIONS"]
    else:
        # Without assertions some modules do not look at their reset.
        command += ["-Wno-UNUSEDSIGNAL"]
    command += [str(rtl / "waivers.vlt"), *map(str, sources)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0 and run.stderr == "", run.stderr


def test_every_module_keeps_the_house_rules(sources: list[Path]) -> None:
    for path in sources:
        check_house_rules(path)


def check_house_rules(path: Path) -> None:
    text = path.read_text()
    code = re.sub(r"//[^\n]*", "", text)
    assert text.startswith("// SPDX-License-Identifier: Apache-2.0\n")
    assert len(text.splitlines()) <= MOST_MODULE_LINES
    assert re.findall(r"^(?:module|package) (\w+)", code, re.M) == [path.stem]
    assert not re.search(r"\binitial\b", code)


def test_every_waiver_has_a_reason(rtl: Path) -> None:
    blocks = (rtl / "waivers.vlt").read_text().split("\n\n")
    waiving = [block for block in blocks if "lint_off" in block]
    assert waiving
    for block in waiving:
        assert block.lstrip().startswith("//"), f"no reason above: {block}"
