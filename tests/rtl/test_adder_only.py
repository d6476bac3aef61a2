# SPDX-License-Identifier: Apache-2.0
"""The unit of configs/edge.yaml, read by Yosys: adders, and nothing that multiplies or divides.

pyosys is optional where nobody has installed it; scripts/setup.sh does, and then these tests run.
"""

import json
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

needs_yosys = pytest.mark.skipif(
    find_spec("pyosys") is None, reason="pyosys is not installed; run scripts/setup.sh"
)

FORBIDDEN = {"$mul", "$div", "$divfloor", "$mod", "$modfloor", "$pow", "$macc", "$macc_v2"}

# The sizes of configs/edge.yaml that shape arithmetic.
EDGE = {"Lanes": 80, "Engines": 4, "Slices": 2, "ActWords": 512, "Chunks": 32}

YOSYS = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for command in sys.argv[1:]:
    libyosys.run_pass(command, design)
"""


def cells(top: str, files: list[Path], parameters: dict[str, int], folder: Path) -> Counter[str]:
    """Cells of `top` by type after proc, flatten and opt. Yosys runs in a process of its own."""
    out = folder / "stat.json"
    sizes = " ".join(f"-G {name}={value}" for name, value in parameters.items())
    # Loops over lanes, rows and slices unroll far beyond the front end's cautious default.
    read = "read_slang --ignore-assertions --unroll-limit 1000000 "
    read += f"-I {files[-1].parents[1]} --top {top} {sizes} "
    read += " ".join(str(path) for path in files)
    commands = [read, "proc", "flatten", "opt", f"tee -q -o {out} stat -json"]
    run = subprocess.run(
        [sys.executable, "-c", YOSYS, *commands], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return Counter(json.loads(out.read_text())["design"]["num_cells_by_type"])


@needs_yosys
def test_the_edge_unit_adds_and_never_multiplies(sources: list[Path], tmp_path: Path) -> None:
    found = cells("tmu", sources, EDGE, tmp_path)
    assert {kind: count for kind, count in found.items() if kind in FORBIDDEN} == {}
    # 4 rows x 2 slices x 80 lanes need 79 adds each, and the tree is not all there is.
    assert found["$add"] > 4 * 2 * 79
    assert found["$memrd_v2"] + found["$mem_v2"] > 0, "the SRAM was turned into flip-flops"


@needs_yosys
def test_the_edge_unit_on_its_bus_never_multiplies(sources: list[Path], tmp_path: Path) -> None:
    found = cells("tmu_axi", sources, EDGE, tmp_path)
    assert {kind: count for kind, count in found.items() if kind in FORBIDDEN} == {}
    assert found["$add"] > cells("tmu", sources, EDGE, tmp_path)["$add"]


@pytest.mark.long
@needs_yosys
def test_a_unit_that_skips_columns_never_multiplies(sources: list[Path], tmp_path: Path) -> None:
    small = EDGE | {"Engines": 1}
    found = cells("tmu_axi", sources, small | {"ColumnWords": 2}, tmp_path)
    assert {kind: count for kind, count in found.items() if kind in FORBIDDEN} == {}
    # An adder a lane.
    assert found["$add"] >= cells("tmu_axi", sources, small, tmp_path)["$add"] + 80


@needs_yosys
def test_a_multiplier_would_be_found(tmp_path: Path) -> None:
    module = tmp_path / "product.sv"
    module.write_text(
        "module product (input logic [7:0] a_i, b_i, output logic [15:0] y_o);\n"
        "  assign y_o = a_i * b_i;\n"
        "endmodule\n"
    )
    assert cells("product", [module], {}, tmp_path)["$mul"] == 1
