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
            "read_slang --unroll-limit 1000000 "
            f"-I {self.rtl} --top {top} {sizes} {' '.join(map(str, files))}"
        )

    def function(self, top: str, parameters: dict[str, int], modules: list[str]) -> Path:
        """`top` as an and-inverter graph, registers taken for wires.

        What a tool may choose freely ("x") is 1 in the RTL and 0 in a reference: where it matters,
        the two differ.
        """
        sizes = "".join(f"-{name}{value}" for name, value in parameters.items())
        out = (self.folder if modules else self.references) / f"{top}{sizes}.aig"
        if not modules and out.exists():
            return out
        self.yosys(
            self.read(top, parameters, modules),
            "select -assert-none t:$assert t:$assume t:$check",
            "proc",
            "flatten",
            "opt -nodffe -nosdff",
            f"techmap -map {HERE / 'transparent.v'}",
            *TO_GATES,
            "select -assert-none t:$_*DFF* t:$_*DLATCH* t:$_SR*",
            f"setundef {'-one' if modules else '-zero'}",
            f"write_aiger -symbols {out}",
        )
        return out

    def invariants(self, top: str, parameters: dict[str, int], modules: list[str]) -> Path:
        """`top` with its assertions and assumptions as SMT-LIB for yosys-smtbmc."""
        out = self.folder / f"{top}.smt2"
        self.yosys(
            self.read(top, parameters, modules),
            f"prep -top {top} -flatten",
            "memory_map",
            "opt -full",
            "async2sync",
            "select -assert-min 1 t:$assert",
            "dffunmap",
            "opt_clean",
            f"write_smt2 -nomem {out}",
        )
        return out

    def proven(self, smt2: Path) -> bool:
        """Whether the assertions hold from reset, and in each cycle after one in which they do."""
        return self.holds(smt2, "-t", "2") and self.holds(smt2, "-i", "-t", "1")

    def refuted(self, smt2: Path, cycles: int) -> bool:
        """Whether a run of at most `cycles` cycles from reset breaks an assertion."""
        return not self.holds(smt2, "-t", str(cycles))

    def holds(self, smt2: Path, *options: str) -> bool:
        # Without --unroll, functions of states stay uninterpreted and z3 takes minutes in place of
        # seconds.
        command = ["yosys-smtbmc", "--noprogress", "--unroll", "-s", "z3", *options, str(smt2)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
        if "Status: PASSED" in done.stdout:
            return True
        assert "Status: FAILED" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
        return False

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
