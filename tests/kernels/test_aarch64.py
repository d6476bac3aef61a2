# SPDX-License-Identifier: Apache-2.0
"""The kernels of 64-bit Arm CPUs give the bits of the scalar ones, under qemu-user."""

import platform
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = {
    "kernels_panel_kernels_test": "kernels/panel_kernels",
    "model_ops_test": "model/ops",
}


def run(*command: str) -> str:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
    return result.stdout


@pytest.mark.skipif(platform.machine() != "x86_64", reason="needs the cross compiler of x86 Debian")
def test_neon_kernels_give_the_bits_of_the_scalar_ones() -> None:
    run("cmake", "--preset", "aarch64")
    run("cmake", "--build", "build-aarch64", "--target", *TESTS)
    names = "|".join(TESTS.values())
    log = run("ctest", "--test-dir", "build-aarch64", "--output-on-failure", "-R", f"^({names})")
    for product in ("TernaryMatmulTest", "Int8MatmulTest", "FloatKernelsTest"):
        ran = [line for line in log.splitlines() if product in line and "/neon" in line]
        assert ran, f"{product} did not run for neon:\n{log}"
        assert not any("Skipped" in line for line in ran), log
