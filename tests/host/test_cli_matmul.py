# SPDX-License-Identifier: Apache-2.0
"""`sterna matmul` against NumPy on every backend, and what it refuses."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

BACKENDS = ("cpu", "systemc", "rtl")
SEED = 20261122


def product(sterna, save, w: np.ndarray, x: np.ndarray, backend: str, *more: object) -> np.ndarray:
    out = save("y.npy", np.zeros(0))
    done = sterna(
        "matmul", "--weights", save("w.npy", w), "--activations", save("x.npy", x),
        "--out", out, "--backend", backend, *more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return np.load(out)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("seed", "rows", "cols", "tokens", "digest"),
    [(20260905, 32, 2560, 1, "a721d86068b175a6"), (20260909, 4, 6912, 4, "546abfaad452d782")],
)
def test_sums_of_the_published_vectors(
    sterna, save, backend: str, seed: int, rows: int, cols: int, tokens: int, digest: str
) -> None:
    rng = np.random.default_rng(seed)
    w = rng.integers(-1, 2, size=(rows, cols)).astype(np.int8)
    x = rng.integers(-128, 128, size=(tokens, cols)).astype(np.int8)
    y = product(sterna, save, w, x, backend)
    assert y.dtype == np.int32
    assert hashlib.sha256(np.ascontiguousarray(y.T, "<i4").tobytes()).hexdigest()[:16] == digest


# Around a byte, a beat of 80, the SRAM of 512 words, the largest K asked for; around four engines;
# around the two slices and the 64 tokens of a command.
SHAPES = [
    (1, 1, 1), (4, 1, 2), (5, 3, 3), (79, 4, 1), (80, 5, 2), (81, 3000, 1), (2560, 9, 63),
    (640, 7, 64), (641, 8, 65), (6912, 33, 17), (8191, 2, 5), (8192, 31, 64),
]  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("cols", "rows", "tokens"), SHAPES)
def test_random_shapes(sterna, save, backend: str, cols: int, rows: int, tokens: int) -> None:
    rng = np.random.default_rng([SEED, cols, rows, tokens])
    w = rng.integers(-1, 2, size=(rows, cols), dtype=np.int8)
    x = rng.integers(-128, 128, size=(tokens, cols), dtype=np.int8)
    y = product(sterna, save, w, x, backend)
    np.testing.assert_array_equal(y, x.astype(np.int32) @ w.T.astype(np.int32))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("weight", [-1, 0, 1])
@pytest.mark.parametrize("activation", [-128, 127])
def test_does_not_overflow_at_the_extreme(
    sterna, save, backend: str, weight: int, activation: int
) -> None:
    w = np.full((5, 8192), weight, np.int8)
    x = np.full((3, 8192), activation, np.int8)
    y = product(sterna, save, w, x, backend)
    assert (y == 8192 * weight * activation).all()


T2 = """name: small
clock_mhz: 100
weight_format: t2
unit: {lanes: 80, engines: 3, slices: 2, activation_words: 4, chunks: 3,
       weight_fifo_beats: 4, result_fifo_beats: 4}
memory: {weight_gb_s: 1.6, activation_gb_s: 1.0, result_gb_s: 1.0, latency_ns: 50,
         window_beats: 8, refresh_interval_ns: 0, refresh_ns: 0}
"""


def test_a_small_unit_splits_rows_and_batches(sterna, save, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(T2)
    rng = np.random.default_rng(SEED)
    w = rng.integers(-1, 2, size=(7, 1000), dtype=np.int8)  # 16 beats of 64: four pieces
    x = rng.integers(-128, 128, size=(13, 1000), dtype=np.int8)
    y = product(sterna, save, w, x, "systemc", "--hw", tmp_path / "small.yaml")
    np.testing.assert_array_equal(y, x.astype(np.int32) @ w.T.astype(np.int32))


def test_fortran_order_is_read_as_the_same_matrix(sterna, save) -> None:
    rng = np.random.default_rng(SEED)
    w = np.asfortranarray(rng.integers(-1, 2, size=(7, 90), dtype=np.int8))
    x = np.asfortranarray(rng.integers(-128, 128, size=(3, 90), dtype=np.int8))
    y = product(sterna, save, w, x, "cpu")
    np.testing.assert_array_equal(y, x.astype(np.int32) @ w.T.astype(np.int32))


def test_json_is_one_document_and_the_cycles_of_two_backends_agree(sterna, save, tmp_path) -> None:
    w = save("w.npy", np.ones((9, 100), np.int8))
    x = save("x.npy", np.ones((3, 100), np.int8))
    cycles = {}
    for backend in ("systemc", "rtl"):
        done = sterna(
            "matmul", "--weights", w, "--activations", x, "--out", tmp_path / "y.npy",
            "--backend", backend, "--json",
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        report = json.loads(done.stdout)
        assert (report["tokens"], report["k"], report["n"]) == (3, 100, 9)
        cycles[backend] = report["cycles"]
    assert cycles["systemc"] == cycles["rtl"] > 0


W = np.ones((2, 10), np.int8)
X = np.ones((1, 10), np.int8)


@pytest.mark.parametrize(
    ("w", "x", "words"),
    [
        (W.astype(np.int32), X, "weights have dtype int32, expected int8"),
        (W, X.astype(np.int64), "activations have dtype int64, expected int8"),
        (W.astype(np.float32), X, "'<f4'"),
        (W, X[0], "activations have shape (10,)"),
        (W[:, :9], X, "need the same K"),
        (np.zeros((0, 10), np.int8), X, "weights have shape (0, 10)"),
        (np.array([[0, 1], [-1, 2]], np.int8), X[:, :2], "weight 2 at [1, 1], expected -1, 0 or 1"),
        (np.array([[-2, 1]], np.int8), X[:, :2], "weight -2 at [0, 0]"),
    ],
)
def test_refuses_arrays_it_cannot_multiply(
    sterna, save, bad_input, tmp_path: Path, w: np.ndarray, x: np.ndarray, words: str
) -> None:
    out = tmp_path / "y.npy"
    done = sterna(
        "matmul", "--weights", save("w.npy", w), "--activations", save("x.npy", x), "--out", out
    )
    bad_input(done, words)
    assert not out.exists()


def change_options() -> list[tuple[dict[str, object], str]]:
    return [
        ({"--weights": "no.npy"}, "no.npy: no such file"),
        ({"--backend": "gpu"}, '"gpu" is no backend; choose cpu, systemc or rtl'),
        ({"--backend": "cpu,rtl"}, "runs on one backend"),
        ({"--isa": "mmx"}, "mmx"),
        ({"--threads": 0}, "--threads"),
        ({"--hw": "no.yaml"}, "no.yaml"),
        ({"--out": "/proc/y.npy"}, "cannot write /proc/y.npy"),
        ({"--out": "."}, "it is a folder"),
        ({"--outt": "y.npy"}, "--outt"),
    ]


@pytest.mark.parametrize(("change", "words"), change_options(), ids=lambda v: str(v)[:40])
def test_refuses_options_that_make_no_sense(
    sterna, save, bad_input, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    options = {
        "--weights": save("w.npy", W),
        "--activations": save("x.npy", X),
        "--out": tmp_path / "y.npy",
    } | change
    done = sterna("matmul", *[word for pair in options.items() for word in pair])
    bad_input(done, words)


def test_a_truncated_file_leaves_the_earlier_result(
    sterna, save, bad_input: Callable, tmp_path: Path
) -> None:
    w, x, out = save("w.npy", W), save("x.npy", X), save("y.npy", np.arange(3))
    w.write_bytes(w.read_bytes()[:-1])
    before = out.read_bytes()
    done = sterna("matmul", "--weights", w, "--activations", x, "--out", out)
    bad_input(done, "promises 20 bytes of data but it holds 19")
    assert out.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["w.npy", "x.npy", "y.npy"]
