# SPDX-License-Identifier: Apache-2.0
"""Verilator 5.006 adds a one-bit carry as -1 in a signed sum unless a pass is off.

The script that builds the unit turns it off; with its flag the expression is right.
"""

import subprocess
from pathlib import Path

FLAG = "-fno-const-bit-op-tree"
HERE = Path(__file__).parent


def wrong_sums(folder: Path, *flags: str) -> int:
    """Verilates sign_extension.sv with `flags`; of 1000 random sums, how many are wrong."""
    command = ["verilator", "--cc", "--exe", "--build", "-O3", "--Mdir", str(folder), *flags]
    command += [str(HERE / "sign_extension.sv"), str(HERE / "sign_extension_main.cpp")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    run = subprocess.run([folder / "Vsign_extension"], capture_output=True, text=True, check=True)
    return int(run.stdout)


def test_the_unit_is_built_without_the_pass(rtl: Path) -> None:
    assert FLAG in (rtl / "build_library.sh").read_text()


def test_a_carry_is_added_as_plus_one(tmp_path: Path) -> None:
    assert wrong_sums(tmp_path, FLAG) == 0
