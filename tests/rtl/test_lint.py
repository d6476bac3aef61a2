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


# What the bus adds, in the order of AXI_NAMES; the widest address and the narrowest.
AXI_DESIGNS = [
    (*DESIGNS[0], 16, 64, 8, 4, 64, 128, 0),
    (*DESIGNS[0], 16, 64, 8, 4, 64, 128, 8),
    (*DESIGNS[1], 2, 2, 2, 2, 32, 128, 1),
    (*DESIGNS[2], 4, 9, 3, 2, 40, 256, 3),
    (*DESIGNS[3], 32, 64, 16, 8, 64, 1024, 32),
]
AXI_NAMES = [
    *NAMES,
    "BurstBeats",
    "DmaFifoBeats",
    "Outstanding",
    "Descriptors",
    "AddressBits",
    "ResultBits",
    "ColumnWords",
]


@pytest.mark.parametrize(
    "top, names, design",
    [("tmu", NAMES, design) for design in DESIGNS]
    + [("tmu_axi", AXI_NAMES, design) for design in AXI_DESIGNS],
    ids=lambda value: "x".join(map(str, value)) if isinstance(value, tuple) else None,
)
@pytest.mark.parametrize("assertions", [True, False], ids=["assertions", "synthesis"])
def test_verilator_has_no_complaint(
    top: str,
    names: list[str],
    design: tuple[int, ...],
    assertions: bool,
    rtl: Path,
    sources: list[Path],
) -> None:
    command = ["verilator", "--lint-only", "-Wall", "--top-module", top, f"-I{rtl}"]
    command += [f"-G{name}={size}" for name, size in zip(names, design, strict=True)]
    if assertions:
        command += ["--assert", "+define+STERNA_ASSERTIONS"]
    else:
        # Without assertions some modules do not look at their reset, nor at every constant.
        command += ["-Wno-UNUSEDSIGNAL", "-Wno-UNUSEDPARAM"]
    used = [path for path in sources if top == "tmu_axi" or path.parent.name != "axi"]
    command += [str(rtl / "waivers.vlt"), *map(str, used)]
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
