# SPDX-License-Identifier: Apache-2.0
"""The `sterna` command as a user types it, for the test_cli_*.py of this folder.

STERNA_BIN names the executable (default: build/sterna), STERNA_DATA the shared data (default:
../shared/data).
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("STERNA_BIN", ROOT / "build/sterna")).resolve()

Completed = subprocess.CompletedProcess[str]
Sterna = Callable[..., Completed]


@pytest.fixture(scope="session")
def sterna() -> Sterna:
    """Runs the command with the given words; never raises on its exit code."""
    if not BINARY.exists():
        pytest.fail(f"{BINARY} is not built; run make build or set STERNA_BIN")

    def run(*words: object, **options: object) -> Completed:
        return subprocess.run(
            [str(BINARY), *map(str, words)], capture_output=True, text=True, timeout=600, **options
        )

    return run


@pytest.fixture(scope="session")
def oracle() -> Path:
    """The folder of golden checkpoints that others made."""
    folder = Path(os.environ.get("STERNA_DATA", ROOT / "../shared/data")) / "oracle"
    if not folder.exists():
        pytest.skip(f"no {folder}; STERNA_DATA names the shared data")
    return folder


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, np.ndarray], Path]:
    """Writes an array into the test's folder; its path."""

    def write(name: str, array: np.ndarray) -> Path:
        np.save(tmp_path / name, array)
        return tmp_path / name

    return write


@pytest.fixture
def bad_input() -> Callable[[Completed, str], None]:
    """One sentence on standard error that holds `words`, nothing on standard output, exit 2."""

    def check(done: Completed, words: str) -> None:
        assert done.returncode == 2, (done.returncode, done.stderr)
        assert done.stdout == ""
        lines = done.stderr.splitlines()
        assert len(lines) == 1, done.stderr
        assert lines[0].startswith("sterna: "), done.stderr
        assert words in lines[0], f"{words!r} is not in: {lines[0]}"

    return check
