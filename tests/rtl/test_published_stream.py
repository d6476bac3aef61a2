# SPDX-License-Identifier: Apache-2.0
"""The weight stream is byte for byte that of the kv260 engine: its vectors, generated again."""

import hashlib
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pack_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("pack_rows") / "pack_rows"
    sources = ["tests/rtl/pack_rows_main.cpp", "kernels/packing/trit_stream.cpp"]
    command = ["g++", "-std=c++20", "-O1", f"-I{ROOT}", *(ROOT / name for name in sources)]
    subprocess.run([*command, "-o", program], check=True)
    return program


# Seed, rows, columns, and how the SHA-256 of the packed bytes begins. 6,912 columns need padding.
@pytest.mark.parametrize(
    ("seed", "rows", "cols", "digest"),
    [(20260905, 32, 2560, "1d9133f9d1ebe543"), (20260909, 4, 6912, "449e05db93d36846")],
)
def test_packed_bytes_are_the_published_ones(
    pack_rows: Path, seed: int, rows: int, cols: int, digest: str
) -> None:
    trits = np.random.default_rng(seed).integers(-1, 2, size=(rows, cols)).astype(np.int8)
    done = subprocess.run(
        [pack_rows, str(cols)], input=trits.tobytes(), capture_output=True, check=True
    )
    assert len(done.stdout) == rows * -(-cols // 80) * 16
    assert hashlib.sha256(done.stdout).hexdigest()[:16] == digest
