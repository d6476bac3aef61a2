# SPDX-License-Identifier: Apache-2.0
"""The training experiment's pieces that can be checked in seconds, and the checkpoint it ships."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "model" / "checkpoints" / "sterna-5m"
sys.path.insert(0, str(ROOT / "experiments" / "e01_train_bitnet"))

from packing import pack_trits, unpack_trits  # noqa: E402
from schedule import Recipe, schedule  # noqa: E402

CODES = [
    [0, 1, 1, 0], [1, 1, 0, 2], [2, 1, 2, 2], [1, 2, 0, 2],
    [0, 0, 2, 0], [0, 0, 1, 1], [0, 1, 1, 0], [2, 2, 1, 2],
]  # fmt: skip
ITEM_BYTES = {"U8": 1, "BF16": 2, "F32": 4}


@dataclass(frozen=True)
class Stored:
    """One tensor of a safetensors file."""

    dtype: str
    shape: tuple[int, ...]
    raw: bytes


def read_safetensors(path: Path) -> dict[str, Stored]:
    data = path.read_bytes()
    header_bytes = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + header_bytes])
    header.pop("__metadata__", None)
    body = data[8 + header_bytes :]
    return {
        name: Stored(entry["dtype"], tuple(entry["shape"]), body[slice(*entry["data_offsets"])])
        for name, entry in header.items()
    }


def floats(tensor: Stored) -> np.ndarray:
    if tensor.dtype == "F32":
        return np.frombuffer(tensor.raw, dtype="<f4")
    return (np.frombuffer(tensor.raw, dtype="<u2").astype(np.uint32) << 16).view(np.float32)


def expected_matrices(config: dict) -> dict[str, tuple[int, int]]:
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    kv = hidden // config["num_attention_heads"] * config["num_key_value_heads"]
    return {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (kv, hidden),
        "self_attn.v_proj": (kv, hidden),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
    }


@pytest.fixture(scope="module")
def config() -> dict:
    return json.loads((SHIPPED / "config.json").read_text())


@pytest.fixture(scope="module")
def tensors() -> dict[str, Stored]:
    return read_safetensors(SHIPPED / "model.safetensors")


@pytest.fixture
def bitnet():
    pytest.importorskip("torch", reason="torch is not installed")
    import bitnet

    return bitnet


# --- packing ------------------------------------------------------------------------------------


def test_packs_the_known_answer():
    packed = pack_trits(np.array(CODES, dtype=np.int8) - 1)
    assert packed.tolist() == [[8, 69, 105, 8], [133, 137, 80, 154]]


def test_unpacks_quarters_from_the_low_bits_up():
    packed = np.array([[0b10100001], [0b01010101]], dtype=np.uint8)
    assert unpack_trits(packed)[[0, 2, 4, 6], 0].tolist() == [0, -1, 1, 1]


def test_unpacking_inverts_packing():
    trits = np.random.default_rng(0).integers(-1, 2, (20, 7), dtype=np.int8)
    np.testing.assert_array_equal(unpack_trits(pack_trits(trits)), trits)


def test_packing_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="multiple of 4"):
        pack_trits(np.zeros((6, 4), dtype=np.int8))
    with pytest.raises(ValueError, match="trit"):
        pack_trits(np.full((4, 4), 2, dtype=np.int8))
    with pytest.raises(ValueError, match="code 3"):
        unpack_trits(np.array([[0b11000000]], dtype=np.uint8))


# --- schedule -----------------------------------------------------------------------------------


def test_rate_climbs_to_the_peak_and_falls_to_zero():
    recipe = Recipe(steps=1000, peak_lr=4e-3)
    assert schedule(0, recipe)[0] == pytest.approx(4e-3 / 50)
    assert schedule(49, recipe)[0] == pytest.approx(4e-3)
    rates = [schedule(step, recipe)[0] for step in range(49, 1000)]
    assert np.all(np.diff(rates) < 0)
    assert schedule(1000, recipe)[0] == 0


def test_second_stage_starts_half_way_lower_and_without_decay():
    recipe = Recipe(steps=1000, peak_lr=3e-3)
    before, after = schedule(499, recipe), schedule(500, recipe)
    assert before == pytest.approx((3e-3 * 0.7505, 0.1))
    assert after == pytest.approx((2e-3, 0.0))


# --- ternarise, activations (torch) -------------------------------------------------------------


def test_ternarise_rounds_to_the_nearest_multiple_of_the_mean(bitnet):
    import torch

    trits, scale = bitnet.ternarise(torch.tensor([[1.0, -1.0, 0.45, -0.45], [0.0, 3.0, -2.0, 0.1]]))
    assert scale.item() == pytest.approx(1.0)
    assert trits.tolist() == [[1, -1, 0, 0], [0, 1, -1, 0]]


def test_ternarise_rounds_ties_to_zero(bitnet):
    import torch

    trits, scale = bitnet.ternarise(torch.tensor([[0.5, -0.5, 1.5, -1.5]]))
    assert scale.item() == 1.0
    assert trits.tolist() == [[0, 0, 1, -1]]


def test_ternarise_survives_an_all_zero_matrix(bitnet):
    import torch

    trits, scale = bitnet.ternarise(torch.zeros(2, 2))
    assert trits.abs().max() == 0
    assert scale.item() == pytest.approx(1e-5)


def test_activation_codes_reach_but_do_not_pass_127(bitnet):
    import torch

    codes, codes_per_unit = bitnet.quantise_activations(torch.tensor([[-2.0, 1.0, 0.5, 0.0]]))
    assert codes.tolist() == [[-127, 64, 32, 0]]  # 63.5 and 31.75: half to even, then nearest
    assert codes_per_unit.item() == pytest.approx(63.5)


def test_training_product_is_the_integer_product(bitnet):
    import torch

    torch.manual_seed(0)
    x, w = torch.randn(5, 64), torch.randn(12, 64)
    exact = bitnet.exact_ternary_product(x, w)
    # The integers are equal; the training product rounds its result to bfloat16 twice.
    torch.testing.assert_close(bitnet.ternary_product(x, w).float(), exact, rtol=8e-3, atol=1e-6)


def test_gradients_pass_straight_through(bitnet):
    import torch

    torch.manual_seed(0)
    x = torch.randn(5, 64, requires_grad=True)
    w = torch.randn(12, 64, requires_grad=True)
    upstream = torch.randn(5, 12)
    bitnet.ternary_product(x, w).backward(upstream.bfloat16())
    trits, scale = bitnet.ternarise(w.detach())
    codes, codes_per_unit = bitnet.quantise_activations(x.detach())
    torch.testing.assert_close(x.grad, upstream @ (trits * scale), rtol=2e-2, atol=5e-2)
    torch.testing.assert_close(
        w.grad, upstream.t() @ (codes / codes_per_unit), rtol=2e-2, atol=5e-2
    )


# --- the shipped checkpoint ---------------------------------------------------------------------


def test_shipped_files_are_complete_and_small():
    needed = {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "generation_config.json",
        "README.md",
        "heldout.txt",
    }
    files = {path.name: path.stat().st_size for path in SHIPPED.iterdir()}
    assert needed == set(files)
    assert sum(files.values()) < 4_000_000
    assert 2_000 < files["heldout.txt"] <= 16_384


def test_shipped_config_names_the_multiply_convention(config):
    assert config["model_type"] == "bitnet"
    assert config["architectures"] == ["BitNetForCausalLM"]
    assert config["hidden_act"] == "relu2"
    assert config["tie_word_embeddings"] is True
    quantization = config["quantization_config"]
    assert quantization["quant_method"] == "bitnet"
    assert quantization["linear_class"] == "autobitlinear"
    assert quantization["quantization_mode"] == "offline"


def test_shipped_matrices_are_packed_trits_with_one_scale(config, tensors):
    for layer in range(config["num_hidden_layers"]):
        for name, (rows, cols) in expected_matrices(config).items():
            key = f"model.layers.{layer}.{name}.weight"
            assert tensors[key].dtype == "U8"
            assert tensors[key].shape == (rows // 4, cols)
            packed = np.frombuffer(tensors[key].raw, dtype=np.uint8).reshape(rows // 4, cols)
            trits = unpack_trits(packed)  # refuses code 3
            zeros = np.mean(trits == 0)
            assert 0.1 < zeros < 0.9, f"{key}: {zeros:.0%} zeros"
            scale = tensors[f"{key}_scale"]
            assert scale.dtype in ("BF16", "F32")
            assert scale.shape == (1,)
            assert 0 < floats(scale)[0] < 1  # mean |W|, not its reciprocal


def test_shipped_norms_and_embedding_are_bfloat16(config, tensors):
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    expected = {"model.embed_tokens.weight": (config["vocab_size"], hidden)}
    expected["model.norm.weight"] = (hidden,)
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}"
        expected[f"{prefix}.input_layernorm.weight"] = (hidden,)
        expected[f"{prefix}.post_attention_layernorm.weight"] = (hidden,)
        expected[f"{prefix}.self_attn.attn_sub_norm.weight"] = (hidden,)
        expected[f"{prefix}.mlp.ffn_sub_norm.weight"] = (inner,)
    others = {n: t for n, t in tensors.items() if "_proj." not in n}
    assert {name: t.shape for name, t in others.items()} == expected
    assert {t.dtype for t in others.values()} == {"BF16"}
    assert all(np.isfinite(floats(t)).all() for t in others.values())


def test_shipped_tensors_fill_their_file(tensors):
    for name, tensor in tensors.items():
        assert len(tensor.raw) == ITEM_BYTES[tensor.dtype] * np.prod(tensor.shape), name


def test_shipped_tokenizer_has_the_vocabulary_of_the_model(config):
    tokenizer = json.loads((SHIPPED / "tokenizer.json").read_text())
    assert len(tokenizer["model"]["vocab"]) == config["vocab_size"]
    specials = {t["content"]: t["id"] for t in tokenizer["added_tokens"]}
    assert specials == {
        "<|begin_of_text|>": config["bos_token_id"],
        "<|end_of_text|>": config["eos_token_id"],
    }
