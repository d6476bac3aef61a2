# SPDX-License-Identifier: Apache-2.0
"""Folders include and link only what lies below them: the README's picture, enforced."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# folder -> folders it may include from, besides itself
ALLOWED: dict[str, set[str]] = {
    "kernels": set(),
    "rtl": set(),
    "model": {"kernels"},
    "sim": {"kernels", "rtl"},
    "host": {"kernels", "model", "sim"},
}
# Folders inside sim/, lowest first: each may include those before it.
SIM_FOLDERS = [
    "dram",  # memory parts and their controllers
    "config",  # the hardware file
    "job",  # what a unit is asked for
    "streams",  # the bare unit behind streams
    "bus",  # the unit on its bus
    "estimate",  # closed form and lower bound
    "energy",
    "rtl",  # Verilated libraries: built, loaded
    "devices",  # each unit behind one interface
]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z]+)/', re.M)
LINK = re.compile(r"\bsterna::([a-z]+)\b")
VAGUE = {"utils", "util", "common", "misc", "helpers", "helper", "core", "base"}


@pytest.mark.parametrize("folder", ALLOWED)
def test_includes_point_downwards(folder: str) -> None:
    strays = [
        f"{path.relative_to(ROOT)} includes {target}/"
        for path in sorted((ROOT / folder).rglob("*.[ch]pp"))
        for target in INCLUDE.findall(path.read_text())
        if target not in ALLOWED[folder] | {folder}
    ]
    assert not strays, strays


def test_no_folder_of_sim_is_left_out() -> None:
    assert sorted(SIM_FOLDERS) == sorted(
        path.name for path in (ROOT / "sim").iterdir() if path.is_dir()
    )


@pytest.mark.parametrize("folder", SIM_FOLDERS)
def test_folders_of_sim_include_those_below(folder: str) -> None:
    allowed = SIM_FOLDERS[: SIM_FOLDERS.index(folder) + 1]
    strays = [
        f"{path.relative_to(ROOT)} includes sim/{target}/"
        for path in sorted((ROOT / "sim" / folder).iterdir())
        if path.suffix in {".cpp", ".hpp"}
        for target in re.findall(r'^#include "sim/([a-z]+)/', path.read_text(), re.M)
        if target not in allowed
    ]
    assert not strays, strays


@pytest.mark.parametrize("folder", ALLOWED)
def test_links_point_downwards(folder: str) -> None:
    lists = ROOT / folder / "CMakeLists.txt"
    targets = set(LINK.findall(lists.read_text())) if lists.exists() else set()
    assert targets & set(ALLOWED) <= ALLOWED[folder] | {folder}


@pytest.mark.parametrize("folder", [*ALLOWED, "experiments", "tests"])
def test_no_file_has_a_name_that_says_nothing(folder: str) -> None:
    vague = [
        str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.stem in VAGUE
    ]
    assert not vague, vague


def test_every_source_file_names_its_licence() -> None:
    suffixes = {".cpp", ".hpp", ".sv", ".svh", ".py", ".sh", ".cmake"}
    folders = [*ALLOWED, "tests", "experiments", "scripts"]
    missing = [
        str(path.relative_to(ROOT))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in suffixes
        and "SPDX-License-Identifier: Apache-2.0" not in "".join(path.read_text().splitlines()[:2])
    ]
    assert not missing, missing
