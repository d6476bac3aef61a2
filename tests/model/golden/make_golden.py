# SPDX-License-Identifier: Apache-2.0
"""Writes tiny random BitNet checkpoints with the logits that any correct loader must reproduce.

The logits come from `transformers` (float32) and must agree with `Reference` below, a float64
forward pass in NumPy that shares no code with it. Rounding is where two right programs may differ:
one activation on the edge between two int8 codes moves a logit by far more than float32 noise. So
seeds are tried until every value that is rounded lies MARGIN away from the edge; then all integers
are equal in every right program and a small tolerance on the logits is a sharp test.

Run `python make_golden.py` (needs torch, transformers, accelerate, safetensors); the outputs are
committed, so tests need none of these. `--check` compares with the committed files instead.
"""

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
MARGIN = 4e-5  # in int8 codes; float32 noise is about 1e-5 at code 127
WEIGHT_MARGIN = 1e-4  # same for ternarising masters, in units of the mean
AGREEMENT = 5e-5  # largest difference allowed between the two forward passes
POSITIONS = 20
Tensors = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """One checkpoint: its config.json and how its matrices are stored."""

    name: str
    config: dict
    dtype: str  # of everything that is not packed: "bfloat16" or "float32"

    @property
    def packed(self) -> bool:
        return self.config["quantization_config"]["quantization_mode"] == "offline"

    @property
    def divides(self) -> bool:
        return self.config["quantization_config"]["linear_class"] == "bitlinear"

    @property
    def rope_theta(self) -> float:
        nested = self.config.get("rope_parameters", {})
        return nested.get("rope_theta", self.config.get("rope_theta"))


def config(linear_class: str, mode: str, **sizes) -> dict:
    return {
        "architectures": ["BitNetForCausalLM"],
        "model_type": "bitnet",
        "max_position_embeddings": 64,
        "rms_norm_eps": 1e-5,
        "bos_token_id": 0,
        "eos_token_id": 1,
        **sizes,
        "quantization_config": {
            "quant_method": "bitnet",
            "linear_class": linear_class,
            "quantization_mode": mode,
        },
    }


CASES = (
    Case(
        name="offline_multiply",
        dtype="bfloat16",
        config=config(
            "autobitlinear",
            "offline",
            vocab_size=96,
            hidden_size=64,
            intermediate_size=172,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            hidden_act="relu2",
            tie_word_embeddings=True,
            rope_theta=10000.0,
            torch_dtype="bfloat16",
        ),
    ),
    Case(
        name="offline_divide",
        dtype="float32",
        config=config(
            "bitlinear",
            "offline",
            vocab_size=67,
            hidden_size=48,
            intermediate_size=132,
            num_hidden_layers=2,
            num_attention_heads=3,
            num_key_value_heads=3,
            hidden_act="silu",
            tie_word_embeddings=False,
            rope_parameters={"rope_type": "default", "rope_theta": 500000.0},
            dtype="float32",
        ),
    ),
    Case(
        name="online_masters",
        dtype="bfloat16",
        config=config(
            "autobitlinear",
            "online",
            vocab_size=72,
            hidden_size=32,
            intermediate_size=80,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=1,
            hidden_act="relu2",
            tie_word_embeddings=True,
            rope_theta=10000.0,
            torch_dtype="bfloat16",
        ),
    ),
)


def matrix_shapes(cfg: dict) -> dict[str, tuple[int, int]]:
    """Rows and columns of the ternary matrices of one layer."""
    hidden, inner = cfg["hidden_size"], cfg["intermediate_size"]
    kv = hidden // cfg["num_attention_heads"] * cfg["num_key_value_heads"]
    return {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (kv, hidden),
        "self_attn.v_proj": (kv, hidden),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
    }


def norm_sizes(cfg: dict) -> dict[str, int]:
    hidden = cfg["hidden_size"]
    return {
        "input_layernorm": hidden,
        "self_attn.attn_sub_norm": hidden,
        "post_attention_layernorm": hidden,
        "mlp.ffn_sub_norm": cfg["intermediate_size"],
    }


def to_bfloat16(x: np.ndarray) -> np.ndarray:
    """Round float32 to the nearest bfloat16, ties to even, kept in float32."""
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def pack(trits: np.ndarray) -> np.ndarray:
    """Four quarters of the rows side by side in one byte, first quarter in the low bits."""
    quarters = (trits + 1).astype(np.uint8).reshape(4, -1, trits.shape[1])
    return quarters[0] | quarters[1] << 2 | quarters[2] << 4 | quarters[3] << 6


def random_tensors(case: Case, rng: np.random.Generator) -> tuple[Tensors, Tensors]:
    """The stored tensors, and the trits of each packed matrix."""
    cfg = case.config
    stored: Tensors = {}
    trits: Tensors = {}
    keep = to_bfloat16 if case.dtype == "bfloat16" else np.float32
    vocab, hidden = cfg["vocab_size"], cfg["hidden_size"]
    stored["model.embed_tokens.weight"] = keep(rng.normal(0, 0.5, (vocab, hidden)))
    if not cfg["tie_word_embeddings"]:
        stored["lm_head.weight"] = keep(rng.normal(0, 0.5, (vocab, hidden)))
    stored["model.norm.weight"] = keep(rng.uniform(0.5, 1.5, hidden))
    for i in range(cfg["num_hidden_layers"]):
        prefix = f"model.layers.{i}"
        for name, count in norm_sizes(cfg).items():
            stored[f"{prefix}.{name}.weight"] = keep(rng.uniform(0.5, 1.5, count))
        for name, (rows, cols) in matrix_shapes(cfg).items():
            key = f"{prefix}.{name}.weight"
            if not case.packed:
                stored[key] = keep(rng.normal(0, 0.1, (rows, cols)))
                continue
            trits[key] = rng.choice([-1, 0, 1], p=[0.3, 0.35, 0.35], size=(rows, cols))
            scale = rng.uniform(0.05, 0.2)
            stored[key] = pack(trits[key])
            stored[f"{key}_scale"] = keep(np.array([1 / scale if case.divides else scale]))
    return stored, trits


class Reference:
    """Float64 forward pass. `margin` is the least distance from a rounding edge seen so far."""

    def __init__(self, case: Case, stored: Tensors, trits: Tensors):
        self.case, self.cfg, self.stored, self.trits = case, case.config, stored, trits
        self.margin = np.inf
        self.weight_margin = np.inf

    def tensor(self, name: str) -> np.ndarray:
        return self.stored[name].astype(np.float64)

    def matrix(self, name: str) -> tuple[np.ndarray, float]:
        """Trits and the factor that multiplies their sums."""
        if self.case.packed:
            scale = self.tensor(f"{name}_scale")[0]
            return self.trits[name].astype(np.float64), 1 / scale if self.case.divides else scale
        master = self.tensor(name)
        scale = max(np.abs(master).mean(), 1e-5)
        ratio = master / scale
        self.weight_margin = min(self.weight_margin, np.abs(np.abs(ratio) - 0.5).min())
        return np.clip(np.rint(ratio), -1, 1), scale

    def product(self, x: np.ndarray, name: str) -> np.ndarray:
        per_unit = 127 / np.maximum(np.abs(x).max(-1, keepdims=True), 1e-5)
        exact = x * per_unit
        self.margin = min(self.margin, np.abs(exact - np.floor(exact) - 0.5).min())
        trits, factor = self.matrix(name)
        return np.clip(np.rint(exact), -128, 127) @ trits.T / per_unit * factor

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        mean_square = np.square(x).mean(-1, keepdims=True)
        return x / np.sqrt(mean_square + self.cfg["rms_norm_eps"]) * self.tensor(name)

    def rotate(self, x: np.ndarray) -> np.ndarray:
        """Rotary embedding of (positions, heads, head_dim), pairs half a head apart."""
        half = x.shape[-1] // 2
        turn = self.case.rope_theta ** (-np.arange(half) / half)
        angle = np.outer(np.arange(len(x)), turn)[:, None, :]
        low, high = x[..., :half], x[..., half:]
        rotated = (
            low * np.cos(angle) - high * np.sin(angle),
            high * np.cos(angle) + low * np.sin(angle),
        )
        return np.concatenate(rotated, -1)

    def attention(self, x: np.ndarray, prefix: str) -> np.ndarray:
        heads, kv_heads = self.cfg["num_attention_heads"], self.cfg["num_key_value_heads"]
        positions, head_dim = len(x), self.cfg["hidden_size"] // heads
        shape = (positions, -1, head_dim)
        q = self.rotate(self.product(x, f"{prefix}.q_proj.weight").reshape(shape))
        k = self.rotate(self.product(x, f"{prefix}.k_proj.weight").reshape(shape))
        v = self.product(x, f"{prefix}.v_proj.weight").reshape(shape)
        mixed = np.empty_like(q)
        for head in range(heads):
            kv = head * kv_heads // heads
            scores = q[:, head] @ k[:, kv].T / np.sqrt(head_dim)
            scores[np.triu_indices(positions, 1)] = -np.inf
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            mixed[:, head] = weights / weights.sum(-1, keepdims=True) @ v[:, kv]
        mixed = self.norm(mixed.reshape(positions, -1), f"{prefix}.attn_sub_norm.weight")
        return self.product(mixed, f"{prefix}.o_proj.weight")

    def feed_forward(self, x: np.ndarray, prefix: str) -> np.ndarray:
        gate = self.product(x, f"{prefix}.gate_proj.weight")
        relu2 = self.cfg["hidden_act"] == "relu2"
        active = np.maximum(gate, 0) ** 2 if relu2 else gate / (1 + np.exp(-gate))
        inner = active * self.product(x, f"{prefix}.up_proj.weight")
        inner = self.norm(inner, f"{prefix}.ffn_sub_norm.weight")
        return self.product(inner, f"{prefix}.down_proj.weight")

    def logits(self, ids: np.ndarray) -> np.ndarray:
        x = self.tensor("model.embed_tokens.weight")[ids]
        for i in range(self.cfg["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            x = x + self.attention(
                self.norm(x, f"{layer}.input_layernorm.weight"), f"{layer}.self_attn"
            )
            normal = self.norm(x, f"{layer}.post_attention_layernorm.weight")
            x = x + self.feed_forward(normal, f"{layer}.mlp")
        head = "model.embed_tokens.weight" if self.cfg["tie_word_embeddings"] else "lm_head.weight"
        return self.norm(x, "model.norm.weight") @ self.tensor(head).T


def search(case: Case) -> tuple[int, Tensors, np.ndarray, np.ndarray, float]:
    """The first seed whose roundings are all unambiguous."""
    for seed in range(10_000):
        rng = np.random.default_rng(seed)
        stored, trits = random_tensors(case, rng)
        ids = rng.integers(0, case.config["vocab_size"], POSITIONS).astype(np.int32)
        reference = Reference(case, stored, trits)
        logits = reference.logits(ids)
        if reference.margin > MARGIN and reference.weight_margin > WEIGHT_MARGIN:
            return seed, stored, ids, logits, reference.margin
    raise RuntimeError(f"{case.name}: no seed keeps clear of rounding edges")


def write_checkpoint(case: Case, stored: Tensors, folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    def tensor(x: np.ndarray) -> torch.Tensor:
        if x.dtype == np.uint8:
            return torch.from_numpy(x)
        return torch.from_numpy(x.copy()).to(getattr(torch, case.dtype))

    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(case.config, indent=2) + "\n")
    tensors = {name: tensor(x) for name, x in sorted(stored.items())}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def transformers_logits(folder: Path, ids: np.ndarray) -> np.ndarray:
    os.environ["TORCHDYNAMO_DISABLE"] = "1"  # seconds of compilation for microseconds of work
    import torch
    from transformers import BitNetForCausalLM

    model = BitNetForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )
    torch.nn.Module.float(model)  # the loader leaves unpacked trits in bfloat16; this is exact
    with torch.no_grad():
        return model.eval()(torch.from_numpy(ids.astype(np.int64))[None]).logits[0].numpy()


def make(case: Case, check: bool) -> None:
    folder = HERE / case.name
    seed, stored, ids, expected, margin = search(case)
    if not check:
        write_checkpoint(case, stored, folder)
    logits = transformers_logits(folder, ids)
    difference = np.abs(logits - expected).max()
    if difference > AGREEMENT:
        raise RuntimeError(f"{case.name}: transformers and reference differ by {difference:.1e}")
    if check:
        np.testing.assert_array_equal(np.load(folder / "ids.npy"), ids)
        np.testing.assert_allclose(np.load(folder / "logits.npy"), logits, atol=AGREEMENT)
    else:
        np.save(folder / "ids.npy", ids)
        np.save(folder / "logits.npy", logits.astype(np.float32))
    print(
        f"{case.name}: seed {seed}, margin {margin:.1e}, difference {difference:.1e}, "
        f"largest logit {np.abs(logits).max():.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed files")
    args = parser.parse_args()
    for case in CASES:
        make(case, args.check)


if __name__ == "__main__":
    main()
