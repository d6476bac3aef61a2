# SPDX-License-Identifier: Apache-2.0
"""Checkpoints that `safetensors` and the `gguf` package wrote: one model gives the same logits, bit
for bit, from every file that holds its weights exactly."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest

from . import checkpoints as made

SHIPPED = Path(__file__).resolve().parents[2] / "model/checkpoints/sterna-5m"
IDS = "1,5,9,60,3,3,17,90"


def logits(sterna, model: object, out: Path, *more: object) -> np.ndarray:
    done = sterna("logits", "--model", model, "--ids", IDS, "--out", out, "--quiet", *more)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return np.load(out)


@pytest.fixture(scope="module")
def model() -> object:
    return made.random_model(1)


@pytest.fixture
def folder_logits(sterna, tmp_path: Path):
    """Logits of a model as a Hugging Face folder."""

    def of(model: object, *more: object) -> np.ndarray:
        folder = made.write_hf(model, tmp_path / "hf")
        return logits(sterna, folder, tmp_path / "hf.npy", *more)

    return of


VARIANTS = [
    {"weights": "I2_S"},
    {"weights": "I2_S", "arch": "bitnet-25"},
    {"weights": "I2_S", "arch": "bitnet", "keys": {"bitnet.hidden_activation": "relu2"}},
    {"weights": "TQ1_0"},
    {"weights": "TQ2_0"},
    {"weights": "F16"},
    {"weights": "BF16"},
    {"weights": "F32"},
    {"weights": "TQ2_0", "extra_scales": True},
    {"weights": "I2_S", "extra_scales": True},
    {"weights": "TQ1_0", "embedding": "F32"},
    {"weights": "I2_S", "embedding": "BF16"},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: "-".join(map(str, v.values())))
def test_gguf_equals_the_folder(sterna, tmp_path: Path, model, folder_logits, variant) -> None:
    file = made.write_gguf(model, tmp_path / "m.gguf", **variant)
    got = logits(sterna, file, tmp_path / "l.npy")
    assert len(np.unique(got)) > 100
    np.testing.assert_array_equal(got, folder_logits(model))


@pytest.mark.parametrize("head", ["int8", "int6"])
def test_rounded_heads_are_the_same_from_either_format(
    sterna, tmp_path: Path, model, folder_logits, head: str
) -> None:
    file = made.write_gguf(model, tmp_path / "m.gguf")
    got = logits(sterna, file, tmp_path / "l.npy", "--head", head)
    np.testing.assert_array_equal(got, folder_logits(model, "--head", head))


@pytest.mark.parametrize("layout", ["arm", "rows"])
def test_other_layouts_of_i2s_are_chosen_by_name(
    sterna, bad_input, tmp_path: Path, model, folder_logits, layout: str
) -> None:
    file = made.write_gguf(model, tmp_path / "m.gguf", layout=layout)
    want = folder_logits(model)
    got = logits(sterna, f"{file}#i2s={layout}", tmp_path / "l.npy")
    np.testing.assert_array_equal(got, want)
    assert (logits(sterna, file, tmp_path / "l.npy") != want).any()
    done = sterna("logits", "--model", f"{file}#i2s=mips", "--ids", "1", "--out", "x.npy")
    bad_input(done, "choose x86, arm or rows")


@pytest.mark.parametrize("weights", ["I2_S", "TQ2_0"])
def test_llama_rows_are_put_back_in_order(sterna, tmp_path: Path, folder_logits, weights) -> None:
    model = made.random_model(
        2, act="silu", tied=False, sub_norms=False, head_dim=128, theta=1000042.0
    )
    file = made.write_gguf(model, tmp_path / "m.gguf", arch="llama", weights=weights)
    np.testing.assert_array_equal(logits(sterna, file, tmp_path / "l.npy"), folder_logits(model))


def test_architecture_bitnet_means_silu(sterna, tmp_path: Path, folder_logits) -> None:
    model = made.random_model(3, act="silu", kv_heads=4)
    file = made.write_gguf(model, tmp_path / "m.gguf", arch="bitnet", weights="TQ1_0")
    np.testing.assert_array_equal(logits(sterna, file, tmp_path / "l.npy"), folder_logits(model))


@pytest.mark.parametrize("kind", ["Q8_0", "Q6_K", "Q4_K"])
@pytest.mark.parametrize("tied", [True, False])
def test_block_embeddings_are_what_the_gguf_package_reads(
    sterna, tmp_path: Path, folder_logits, kind: str, tied: bool
) -> None:
    """Random bytes are as good as any for types that the package reads but does not write."""
    model = made.random_model(4, tied=tied)
    type_ = gguf.GGMLQuantizationType[kind]
    rng = np.random.default_rng(5)
    read, raw = {}, {}
    for name in ["model.embed_tokens.weight"] + ([] if tied else ["lm_head.weight"]):
        shape = gguf.quants.quant_shape_to_byte_shape(model.floats[name].shape, type_)
        raw[name] = rng.integers(0, 256, size=shape, dtype=np.uint8)
        block = raw[name].reshape(-1, gguf.GGML_QUANT_SIZES[type_][1])
        for at in {"Q8_0": [0], "Q6_K": [208], "Q4_K": [0, 2]}[kind]:
            scales = rng.uniform(0.001, 0.01, len(block)).astype(np.float16)
            block[:, at : at + 2] = scales[:, None].view(np.uint8)
        read[name] = gguf.quants.dequantize(raw[name], type_)
    file = tmp_path / "m.gguf"
    write = made.add_quantised
    try:
        by_name = {made.gguf_name(name): data for name, data in raw.items()}
        made.add_quantised = lambda writer, name, values, kind_: (
            writer.add_tensor(name, by_name[name], raw_dtype=type_)
            if name in by_name
            else write(writer, name, values, kind_)
        )
        made.write_gguf(model, file, embedding=kind)
    finally:
        made.add_quantised = write
    want = folder_logits(replace(model, floats={**model.floats, **read}))
    np.testing.assert_array_equal(logits(sterna, file, tmp_path / "l.npy"), want)


def test_packed_divide_and_llama_folders(sterna, tmp_path: Path, folder_logits) -> None:
    """The published 1.58-bit Llamas: model_type llama, divide, no sub-norms, their own head."""
    model = made.random_model(
        6, act="silu", tied=False, sub_norms=False, head_dim=32, theta=1000042.0
    )
    model = replace(model, scales={k: np.float32(2.0**-2) for k in model.scales})
    want = folder_logits(model)
    folder = made.write_hf(
        model, tmp_path / "l", divide=True, model_type="llama", rope_theta=None,
        rope_parameters={"rope_type": "default", "rope_theta": 1000042.0}, eos_token_id=[2, 3],
    )  # fmt: skip
    np.testing.assert_array_equal(logits(sterna, folder, tmp_path / "l.npy"), want)


def test_info_shows_the_scale_that_multiplies(sterna, tmp_path: Path, model) -> None:
    want = [pytest.approx(float(scale)) for scale in model.scales.values()]
    for divide in (False, True):
        folder = made.write_hf(model, tmp_path / str(divide), divide=divide)
        matrices = json.loads(sterna("info", folder, "--json").stdout)["matrices"]
        assert [m["scale"] for m in matrices] == want


def test_half_floats_that_bfloat16_cannot_hold_are_kept(
    sterna, tmp_path: Path, folder_logits
) -> None:
    model = made.random_model(9)
    name = "model.embed_tokens.weight"
    halves = np.random.default_rng(10).normal(0, 1, model.floats[name].shape).astype(np.float16)
    model = replace(model, floats={**model.floats, name: halves.astype(np.float32)})
    file = made.write_gguf(model, tmp_path / "m.gguf")
    np.testing.assert_array_equal(logits(sterna, file, tmp_path / "l.npy"), folder_logits(model))


def test_shards_are_one_model(sterna, tmp_path: Path, model, folder_logits) -> None:
    from safetensors.numpy import load_file, save_file

    want = folder_logits(model)
    folder = made.write_hf(model, tmp_path / "s")
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    shards: dict[str, dict[str, np.ndarray]] = {}
    for i, (name, tensor) in enumerate(sorted(tensors.items())):
        shards.setdefault(f"model-0000{i % 3 + 1}-of-00003.safetensors", {})[name] = tensor
    for shard, part in shards.items():
        save_file(part, folder / shard)
    index = {"weight_map": {name: shard for shard, part in shards.items() for name in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    np.testing.assert_array_equal(logits(sterna, folder, tmp_path / "l.npy"), want)


def test_pipes_and_devices_are_refused_at_once(sterna, bad_input, tmp_path: Path, model) -> None:
    """Nobody writes into the pipes, and the device never ends."""
    os.mkfifo(tmp_path / "m.gguf")
    bad_input(sterna("info", tmp_path / "m.gguf"), "m.gguf cannot be read: not a regular file")
    folder = made.write_hf(model, tmp_path / "hf")
    for name, words in [
        ("model.safetensors", "model.safetensors cannot be read: not a regular file"),
        ("config.json", "config.json is not a regular file"),
    ]:
        (folder / name).unlink()
        os.mkfifo(folder / name)
        bad_input(sterna("info", folder), words)
    for device in (tmp_path / "m.gguf", "/dev/zero"):
        done = sterna("eval", "--tokenizer", device)
        bad_input(done, f"{device} is not a regular file")


def test_a_gguf_file_has_its_tokenizer_whatever_its_layout(sterna, tmp_path: Path) -> None:
    model = made.random_model(1, vocab=2048)
    folder = made.write_hf(model, tmp_path / "hf", bos_token_id=0, eos_token_id=1)
    shutil.copy(SHIPPED / "tokenizer.json", folder)
    file = tmp_path / "m.gguf"
    assert sterna("convert", "--model", folder, "--to", "gguf-i2s", "--out", file).returncode == 0
    words = ("--prompt", "the hills", "--tokens", 2, "--json", "--temperature", 0)
    asked = [sterna("generate", "--model", m, *words) for m in (file, f"{file}#i2s=x86")]
    first, second = (json.loads(done.stdout)["tokens"] for done in asked)
    assert first == second


REFUSALS = [
    ({"arch": "gpt2"}, "general.architecture is \"gpt2\": only bitnet"),
    ({"weights": "Q8_0"}, "has type Q8_0 where a ternary one (I2_S, TQ1_0, TQ2_0) is expected"),
    ({"embedding": "Q5_0"}, "token_embd.weight has type Q5_0 where F32"),
    ({"keys": {"bitnet-b1.58.hidden_activation": "gelu"}}, "only relu2 and silu"),
    ({"keys": {"bitnet-b1.58.rope.scaling.type": "yarn"}}, "only none, and linear"),
    ({"keys": {"bitnet-b1.58.rope.scaling.factor": 2}}, "positions are not scaled"),
    ({"keys": {"bitnet-b1.58.attention.value_length": 32}}, "the width of a key is expected"),
    ({"keys": {"bitnet-b1.58.expert_count": 4}}, "models with experts"),
    ({"keys": {"general.name": "TriLM 3.9B"}}, "float activations"),
    ({"keys": {"split.count": 2}}, "merge them into one"),
]  # fmt: skip


@pytest.mark.parametrize(("variant", "words"), REFUSALS, ids=lambda v: str(v)[:40])
def test_what_is_not_supported_is_refused(
    sterna, bad_input, tmp_path: Path, model, variant, words: str
) -> None:
    file = made.write_gguf(model, tmp_path / "m.gguf", **variant)
    bad_input(sterna("logits", "--model", file, "--ids", IDS, "--out", tmp_path / "l.npy"), words)


def test_a_tensor_nobody_uses_or_that_is_missing_is_refused(
    sterna, bad_input, tmp_path: Path, model
) -> None:
    def refused(changed: object, words: str) -> None:
        file = made.write_gguf(changed, tmp_path / "m.gguf")
        bad_input(sterna("logits", "--model", file, "--ids", "1", "--out", "l.npy"), words)

    norm = "model.layers.0.mlp.ffn_sub_norm.weight"
    short = {**model.floats, norm: model.floats[norm][:-32]}
    refused(replace(model, floats=short), "has shape [480] where the metadata asks for [512]")
    refused(replace(model, layers=1), "tensor blk.1.")
    trits = {k: v for k, v in model.trits.items() if k != "model.layers.1.mlp.up_proj"}
    refused(replace(model, trits=trits), "tensor blk.1.ffn_up.weight is missing")


def write_float_folder(model: object, folder: Path, scale_of, **config: object) -> Path:
    from safetensors.numpy import save_file

    made.write_hf(model, folder, quantization_config=None, model_type="llama", **config)
    tensors = dict(model.floats)
    for name, trits in model.trits.items():
        tensors[f"{name}.weight"] = (trits * scale_of(trits)).astype(np.float32)
    save_file(tensors, folder / "model.safetensors")
    return folder


def test_llamas_that_are_no_bitnet_are_told_apart(sterna, bad_input, tmp_path: Path) -> None:
    model = made.random_model(7, act="silu", tied=False, sub_norms=False)

    def two_scales(trits: np.ndarray) -> np.ndarray:
        return np.repeat([[0.5], [0.25]], len(trits) // 2, axis=0)

    def noise(trits: np.ndarray) -> np.ndarray:
        return np.random.default_rng(8).uniform(0.1, 1.0, trits.shape)

    for name, scale_of, words in [
        ("trilm", two_scales, "is ternary with 2 scale(s), but config.json asks for no quantised"),
        ("llama", noise, "belongs to an ordinary Llama"),
    ]:
        folder = write_float_folder(model, tmp_path / name, scale_of)
        bad_input(sterna("logits", "--model", folder, "--ids", "1", "--out", "l.npy"), words)
        info = sterna("info", folder)
        assert (info.returncode, info.stderr) == (0, "")
        assert "it is refused when it is loaded" in info.stdout
    masters = write_float_folder(model, tmp_path / "bit", noise, weight_bits=1, input_bits=8)
    assert logits(sterna, masters, tmp_path / "l.npy").shape == (8, 96)
