# SPDX-License-Identifier: Apache-2.0
"""What is written from rtl/axi/registers.yaml is what it says now."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_files_written_from_the_register_map_are_not_stale() -> None:
    command = [sys.executable, str(ROOT / "scripts/registers.py"), "--check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
