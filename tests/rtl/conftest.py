# SPDX-License-Identifier: Apache-2.0
"""Where the RTL is, and in which order tools read it."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def rtl() -> Path:
    return Path(__file__).resolve().parents[2] / "rtl"


@pytest.fixture(scope="session")
def sources(rtl: Path) -> list[Path]:
    """The synthesizable modules, the packages first, each before those that use it."""
    packages = [rtl / "tmu/tmu_pkg.sv", rtl / "axi/tmu_axi_reg_pkg.sv", rtl / "axi/tmu_axi_pkg.sv"]
    modules = sorted(path for path in rtl.glob("*/*.sv") if path not in packages)
    assert modules, f"{rtl} holds no modules"
    return [*packages, *modules]
