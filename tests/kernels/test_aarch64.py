# SPDX-License-Identifier: Apache-2.0
"""64-bit Arm under qemu-user: its kernels give the bits of the scalar ones, so does the engine."""

import platform
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="needs the cross compiler of x86 Debian"
)


def run(*command: str) -> str:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1500)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
    return result.stdout


def run_tests(*names: str) -> str:
    """Cross-builds tests named like kernels/packing; gives the report of their run."""
    run("cmake", "--preset", "aarch64")
    targets = [f"{name.replace('/', '_')}_test" for name in names]
    run("cmake", "--build", "build-aarch64", "--target", *targets)
    pattern = f"^({'|'.join(names)})\\."
    return run("ctest", "--test-dir", "build-aarch64", "--output-on-failure", "-R", pattern)


def test_neon_kernels_give_the_bits_of_the_scalar_ones() -> None:
    log = run_tests("kernels/panel/panel_kernels", "model/ops")
    for suite in ("TernaryMatmulTest", "Int8MatmulTest", "FloatKernelsTest"):
        ran = [line for line in log.splitlines() if suite in line and "/neon" in line]
        assert ran, f"{suite} did not run for neon:\n{log}"
        assert not any("Skipped" in line for line in ran), log


@pytest.mark.long
def test_the_engine_gives_the_same_bits_on_every_way_through_it() -> None:
    log = run_tests("model/attention/attention", "model/head/output_head", "model/transformer")
    assert "GivesTheSameBitsOnEveryInstructionSet" in log, log
