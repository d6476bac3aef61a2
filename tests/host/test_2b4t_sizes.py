# SPDX-License-Identifier: Apache-2.0
"""A file of each kind in the size of 2B4T, random weights: it loads, computes and converts within
its own size plus 300 MiB, and a conversion that was killed leaves nothing behind.

Minutes and some GB of disk: `make test-long`. Prints what it measured (pytest -s).
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import BINARY, ROOT

MIB = 1 << 20
SPARE = 300 * MIB
GGUF = [sys.executable, ROOT / "tests/host/make_2b4t_gguf.py"]
FOLDER = [sys.executable, ROOT / "tests/host/make_2b4t_folder.py"]
KINDS = {
    "i2s, bfloat16 as F16": [*GGUF, "m.gguf"],
    "i2s, odd F16": [*GGUF, "m.gguf", "--embedding", "odd-f16"],
    "i2s, Q6_K": [*GGUF, "m.gguf", "--embedding", "q6_k"],
    "tq1, Q4_K": [*GGUF, "m.gguf", "--trits", "tq1", "--embedding", "q4_k"],
    "tq2, Q8_0": [*GGUF, "m.gguf", "--trits", "tq2", "--embedding", "q8_0"],
    "folder, packed": [*FOLDER, "m"],
    "folder, masters": [*FOLDER, "m", "--masters"],
}

pytestmark = pytest.mark.long


def size_of(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def peak_of(what: str, *words: object) -> int:
    """Runs the command; its peak resident set in bytes, pages of mapped files included."""
    start = time.monotonic()
    process = subprocess.Popen([BINARY, *map(str, words)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    seconds = time.monotonic() - start
    print(f"  {what:<24} {seconds:6.2f} s, peak {usage.ru_maxrss / 1024:6.0f} MiB")
    return usage.ru_maxrss * 1024


@pytest.fixture(scope="module", params=KINDS)
def model(request, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("2b4t")
    maker, script, name, *options = KINDS[request.param]
    subprocess.run([maker, script, folder / name, *options], check=True)
    print(f"\n{request.param}: {size_of(folder / name) / MIB:.0f} MiB")
    yield folder / name
    subprocess.run(["rm", "-r", folder], check=True)


@pytest.mark.parametrize("head", ["stored", "int8"])
def test_loads_and_computes_within_its_size(model: Path, tmp_path: Path, head: str) -> None:
    words = ("logits", "--model", model, "--ids", "1,2,3", "--out", tmp_path / "l.npy")
    assert peak_of(f"3 tokens, head {head}", *words, "--head", head) < size_of(model) + SPARE


def test_is_described_within_its_size(model: Path) -> None:
    assert peak_of("info", "info", model) < size_of(model) + SPARE


@pytest.mark.parametrize("to", ["sterna", "gguf-i2s", "gguf-tq1", "gguf-tq2", "hf"])
def test_converts_within_its_size_and_again_after_a_kill(
    model: Path, tmp_path: Path, to: str
) -> None:
    out = tmp_path / ("out" if to == "hf" else f"out.{to.partition('-')[0]}")
    words = ("convert", "--model", model, "--to", to, "--out", out, "--quiet")
    started = subprocess.Popen([BINARY, *map(str, words)])
    time.sleep(0.3)
    started.send_signal(signal.SIGKILL)
    started.wait()
    assert not out.exists()
    assert peak_of(f"convert --to {to}", *words) < size_of(model) + SPARE
    if to == "sterna":
        logits = ("logits", "--model", out, "--ids", "1,2,3", "--out", tmp_path / "l.npy")
        assert peak_of("3 tokens of the .sterna", *logits) < size_of(out) + SPARE
        again = ("convert", "--model", out, "--to", "hf", "--out", tmp_path / "again", "--quiet")
        assert peak_of("convert the .sterna", *again) < size_of(out) + SPARE
    subprocess.run(["rm", "-r", tmp_path], check=True)
