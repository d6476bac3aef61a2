# SPDX-License-Identifier: Apache-2.0
"""`sterna logits` against golden logits on every backend, and what it refuses."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = sorted(p.parent for p in (ROOT / "tests/model/golden").glob("*/ids.npy"))
BACKENDS = ("cpu", "systemc", "rtl")

# Why so tight: the checkpoints are chosen so that every int8 code and int32 sum must be equal; what
# is left is float32 rounding of a few hundred operations.
TOLERANCE = 2e-4


def expect_golden(sterna, case: Path, backend: str, out: Path) -> None:
    done = sterna(
        "logits", "--model", case, "--ids", case / "ids.npy", "--out", out, "--backend", backend
    )
    assert done.returncode == 0, done.stderr
    got, want = np.load(out), np.load(case / "logits.npy")
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(got.argmax(-1), want.argmax(-1))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", GOLDEN, ids=lambda p: p.name)
def test_golden_checkpoints_of_our_own(sterna, tmp_path: Path, case: Path, backend: str) -> None:
    expect_golden(sterna, case, backend, tmp_path / "l.npy")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", ["packed-divide", "packed-multiply"])
def test_golden_checkpoints_of_others(
    sterna, tmp_path: Path, oracle: Path, case: str, backend: str
) -> None:
    expect_golden(sterna, oracle / case, backend, tmp_path / "l.npy")


def logits_hash(sterna, tmp_path: Path, *more: object) -> str:
    done = sterna(
        "logits", "--model", GOLDEN[0], "--ids", GOLDEN[0] / "ids.npy", "--out", tmp_path / "l.npy",
        "--json", *more,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    digest = json.loads(done.stdout)["logits_sha256"]
    assert digest == hashlib.sha256(np.load(tmp_path / "l.npy").astype("<f4").tobytes()).hexdigest()
    return digest


@pytest.mark.parametrize("design", ["edge", "edge-lpddr4x"])
def test_simulators_side_by_side_give_the_same_bits(sterna, tmp_path: Path, design: str) -> None:
    rtl = ("--backend", "rtl", "--hw", ROOT / "configs" / f"{design}.yaml", "--simulators", 3)
    assert logits_hash(sterna, tmp_path, *rtl) == logits_hash(sterna, tmp_path)


@pytest.mark.parametrize("command", ["logits", "eval"])
@pytest.mark.parametrize("backend", ["cpu", "systemc"])
def test_only_rtl_is_simulated_side_by_side(
    sterna, tmp_path: Path, command: str, backend: str
) -> None:
    needed = ("--ids", "1", "--out", tmp_path / "l.npy") if command == "logits" else ()
    done = sterna(command, *needed, "--backend", backend, "--simulators", 2)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    sentence = "--simulators 2: only RTL is simulated side by side; leave it out or say"
    assert f"{sentence} --backend rtl instead of {backend}" in done.stderr
    assert not (tmp_path / "l.npy").exists()


def test_bits_do_not_depend_on_threads_backend_or_instruction_set(sterna, tmp_path: Path) -> None:
    isas = [
        isa["name"]
        for isa in json.loads(sterna("info", "--isa", "--json").stdout)
        if isa["supported"]
    ]
    assert "scalar" in isas
    variants = [["--threads", 1], ["--threads", 2], ["--threads", 5], ["--backend", "systemc"]]
    variants += [["--backend", "rtl"]] + [["--isa", isa] for isa in isas]
    for precision in ([], ["--kv", "int8", "--head", "int8"]):
        hashes = {logits_hash(sterna, tmp_path, *variant, *precision) for variant in variants}
        assert len(hashes) == 1, precision


def test_ids_may_be_a_list_or_a_file_of_any_integers(sterna, save, tmp_path: Path) -> None:
    results = []
    for ids in (
        "1,2,3",
        "1, 2, 3",
        save("a.npy", np.array([1, 2, 3])),
        save("b.npy", np.array([1, 2, 3], np.uint16)),
    ):
        out = tmp_path / "l.npy"
        done = sterna("logits", "--model", GOLDEN[0], "--ids", ids, "--out", out, "--quiet")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        results.append(np.load(out))
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ("1,x", "1,x: no such file"),
        ("1,,2", '"" is no token id'),
        ("1-2", '"1-2" is no token id'),
        ("-1", "token -1 at position 0 is outside"),
        ("0,99999", "token 99999 at position 1 is outside"),
        ("99999999999999999999", "is no token id"),
        (",".join("1" * 5000), "do not fit the model's context"),
    ],
    ids=lambda v: v[:20],
)
def test_refuses_ids(sterna, bad_input, tmp_path: Path, ids: str, words: str) -> None:
    out = tmp_path / "l.npy"
    bad_input(sterna("logits", "--model", GOLDEN[0], f"--ids={ids}", "--out", out), words)
    assert not out.exists()


def test_refuses_id_files_of_the_wrong_kind(sterna, save, bad_input, tmp_path: Path) -> None:
    for array, words in [
        (np.ones((2, 2), np.int32), "shape (2, 2), expected (positions,)"),
        (np.ones(2, np.float64), "'<f8'"),
        (np.ones(0, np.int32), "shape (0,)"),
    ]:
        ids = save("ids.npy", array)
        done = sterna("logits", "--model", GOLDEN[0], "--ids", ids, "--out", tmp_path / "l.npy")
        bad_input(done, words)


def break_checkpoint(folder: Path, what: str) -> str:
    """Damages a checkpoint; what the error must say."""
    config = json.loads((folder / "config.json").read_text())
    weights = folder / "model.safetensors"
    if what == "no config":
        (folder / "config.json").unlink()
        return "config.json"
    if what == "broken config":
        (folder / "config.json").write_text("{")
        return "config.json"
    if what == "heads":
        config["num_attention_heads"] = 7
        (folder / "config.json").write_text(json.dumps(config))
        return "7"
    if what == "truncated":
        weights.write_bytes(weights.read_bytes()[:-100])
        return "model.safetensors"
    if what == "shape":
        config["vocab_size"] += 1
        (folder / "config.json").write_text(json.dumps(config))
        return "embed_tokens"
    if what == "dtype":
        weights.write_bytes(weights.read_bytes().replace(b'"U8"', b'"I8"', 1))
        return "I8"
    weights.unlink()
    return "model.safetensors"


@pytest.mark.parametrize(
    "what",
    ["no config", "broken config", "heads", "truncated", "shape", "dtype", "no weights"],
)
def test_refuses_broken_checkpoints(sterna, bad_input, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(GOLDEN[0], folder)
    words = break_checkpoint(folder, what)
    done = sterna("logits", "--model", folder, "--ids", "1", "--out", tmp_path / "l.npy")
    bad_input(done, words)
    assert not (tmp_path / "l.npy").exists()


def test_refuses_missing_models(sterna, bad_input, tmp_path: Path) -> None:
    for model, words in [
        ("no-such-model", "no-such-model"),
        ("synthetic:no-such-shape", "no-such-shape"),
        (GOLDEN[0] / "config.json", "config.json"),
    ]:
        done = sterna("logits", "--model", model, "--ids", "1", "--out", tmp_path / "l.npy")
        bad_input(done, words)
