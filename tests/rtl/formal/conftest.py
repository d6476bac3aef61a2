# SPDX-License-Identifier: Apache-2.0
"""Proofs about the RTL: Yosys reads it, abc compares functions, smtbmc proves invariants."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIMIT_S = 900  # of one tool; a proof takes seconds to a minute where nothing else runs

YOSYS = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for command in sys.argv[1:]:
    libyosys.run_pass(command, design)
"""

TO_GATES = ["opt", "wreduce", "opt", "techmap", "opt_expr", "opt_clean", "aigmap"]


def run(command: list[str]) -> str:
    """What the command prints; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text[-4000:]
    return text


@dataclass(frozen=True)
class Prover:
    """Tools and sources; `rtl` may be a mutated copy."""

    rtl: Path
    folder: Path
    references: Path  # functions without RTL in them, made once

    def mutated(self, module: str, old: str, new: str) -> "Prover":
        """The same with a text of `module` (mem/stream_fifo.sv), there once, replaced."""
        copy = self.folder / "mutant"
        shutil.copytree(self.rtl, copy)
        path = copy / module
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} is in {module} {text.count(old)} times"
        path.write_text(text.replace(old, new))
        return Prover(copy, self.folder, self.references)

    def read(self, top: str, parameters: dict[str, int], modules: list[str]) -> str:
        """The Yosys command that reads `top` of this folder with modules of the RTL."""
        sizes = " ".join(f"-G {name}={value}" for name, value in parameters.items())
        files = [self.rtl / "tmu/tmu_pkg.sv", *(self.rtl / name for name in modules)]
        files.append(HERE / f"{top}.sv")
        return (
            "read_slang --ignore-assertions --unroll-limit 1000000 "
            f"-I {self.rtl} --top {top} {sizes} {' '.join(map(str, files))}"
        )

    def function(self, top: str, parameters: dict[str, int], modules: list[str]) -> Path:
        """`top` as an and-inverter graph, registers taken for wires.

        What a tool may choose freely ("x") is 1 in the RTL and 0 in a reference: where it matters,
        the two differ.
        """
        sizes = "".join(f"-{name}{value}" for name, value in parameters.items())
        out = (self.folder if modules else self.references) / f"{top}{sizes}.aig"
        if out.exists():
            return out
        self.yosys(
            self.read(top, parameters, modules),
            "proc",
            "flatten",
            "opt",
            f"techmap -map {HERE / 'transparent.v'}",
            *TO_GATES,
            "select -assert-none t:$_*DFF* t:$_*DLATCH* t:$_SR*",
            f"setundef {'-one' if modules else '-zero'}",
            f"write_aiger -symbols {out}",
        )
        return out

    def yosys(self, *commands: str) -> None:
        run([sys.executable, "-c", YOSYS, *commands])

    def equivalent(self, left: Path, right: Path) -> bool:
        """Whether two functions are equal for all inputs; a tool that cannot say is a failure."""
        text = run([yosys_abc(), "-c", f"cec {left} {right}"])
        if "Networks are equivalent" in text:
            return True
        assert "Networks are NOT EQUIVALENT" in text, text[-2000:]
        return False


def yosys_abc() -> str:
    """The abc that came with pyosys: that of Debian 12 stops in an assertion of its own."""
    spec = find_spec("pyosys")
    assert spec is not None and spec.submodule_search_locations
    return str(Path(spec.submodule_search_locations[0]) / "yosys-abc")


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("references")


@pytest.fixture
def prover(rtl: Path, references: Path, tmp_path: Path) -> Prover:
    if find_spec("pyosys") is None:
        pytest.fail("pyosys is not installed; run scripts/setup.sh")
    return Prover(rtl, tmp_path, references)
