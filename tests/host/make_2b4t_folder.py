# SPDX-License-Identifier: Apache-2.0
"""Writes a Hugging Face folder in the shape of BitNet b1.58 2B4T with random weights: packed, or
the bfloat16 masters.

Names, types and order of the tensors as the published checkpoints have them, bfloat16 embedding, no
tokenizer.
Usage: python make_2b4t_folder.py FOLDER [--masters] [--layers N]
"""

import argparse
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HIDDEN, INNER, KV, VOCAB = 2560, 6912, 640, 128256
MATRICES = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (KV, HIDDEN),
    "self_attn.v_proj": (KV, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (INNER, HIDDEN),
    "mlp.up_proj": (INNER, HIDDEN),
    "mlp.down_proj": (HIDDEN, INNER),
}
NORMS = {
    "input_layernorm": HIDDEN,
    "self_attn.attn_sub_norm": HIDDEN,
    "post_attention_layernorm": HIDDEN,
    "mlp.ffn_sub_norm": INNER,
}


def config(layers: int, masters: bool) -> dict:
    return {
        "architectures": ["BitNetForCausalLM"],
        "model_type": "bitnet",
        "vocab_size": VOCAB,
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": layers,
        "num_attention_heads": 20,
        "num_key_value_heads": 5,
        "hidden_act": "relu2",
        "max_position_embeddings": 4096,
        "rope_theta": 500000.0,
        "rms_norm_eps": 1e-5,
        "bos_token_id": 128000,
        "eos_token_id": 128001,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "quantization_config": {
            "quant_method": "bitnet",
            "linear_class": "autobitlinear",
            "quantization_mode": "online" if masters else "offline",
        },
    }


def bfloat16(x: np.ndarray) -> bytes:
    return (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()


def four_codes(rng: np.random.Generator, count: int) -> np.ndarray:
    """Bytes of four codes of 0, 1 or 2: base-3 numbers below 81, their digits two bits apart."""
    table = np.array(
        [sum((n // 3**i % 3) << 2 * i for i in range(4)) for n in range(81)], dtype=np.uint8
    )
    return table[rng.integers(0, 81, count, dtype=np.uint8)]


def tensors(layers: int, masters: bool) -> Iterator[tuple[str, str, list[int], int]]:
    """Name, dtype, shape and bytes of every tensor, in the order of the file."""
    yield "model.embed_tokens.weight", "BF16", [VOCAB, HIDDEN], 2 * VOCAB * HIDDEN
    yield "model.norm.weight", "BF16", [HIDDEN], 2 * HIDDEN
    for layer in range(layers):
        for name, width in NORMS.items():
            yield f"model.layers.{layer}.{name}.weight", "BF16", [width], 2 * width
        for name, (rows, cols) in MATRICES.items():
            prefix = f"model.layers.{layer}.{name}"
            if masters:
                yield f"{prefix}.weight", "BF16", [rows, cols], 2 * rows * cols
                continue
            yield f"{prefix}.weight", "U8", [rows // 4, cols], rows // 4 * cols
            yield f"{prefix}.weight_scale", "BF16", [1], 2


def content(rng: np.random.Generator, name: str, dtype: str, shape: list[int]) -> Iterator[bytes]:
    if dtype == "U8":
        yield four_codes(rng, shape[0] * shape[1]).tobytes()
    elif name.endswith("_scale"):
        yield bfloat16(rng.uniform(0.5, 2.0, 1))
    elif len(shape) == 1:
        yield bfloat16(rng.uniform(0.5, 1.5, shape[0]))
    else:
        for first in range(0, shape[0], 4096):
            rows = min(4096, shape[0] - first)
            yield bfloat16(rng.standard_normal((rows, shape[1]), dtype=np.float32))


def make(folder: Path, layers: int = 30, masters: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(layers, masters), indent=2) + "\n")
    header, offset = {}, 0
    for name, dtype, shape, count in tensors(layers, masters):
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + count]}
        offset += count
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    rng = np.random.default_rng(1)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, dtype, shape, _ in tensors(layers, masters):
            for part in content(rng, name, dtype, shape):
                file.write(part)


def main() -> None:
    parser = argparse.ArgumentParser(description="A 2B4T-sized Hugging Face folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=30)
    parser.add_argument("--masters", action="store_true")
    args = parser.parse_args()
    make(args.folder, args.layers, args.masters)


if __name__ == "__main__":
    main()
