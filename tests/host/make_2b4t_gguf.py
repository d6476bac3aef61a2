# SPDX-License-Identifier: Apache-2.0
"""Writes random weights as a GGUF file in the shape of 2B4T, its matrices and its embedding in one
of the types that people's files have. Defaults: those of the published file, 1.1 GiB. For load
times and peak memory.

usage: make_2b4t_gguf.py FILE [--trits i2s|tq1|tq2]
                         [--embedding bf16|odd-f16|q8_0|q6_k|q4_k] [--layers N]
"""

import argparse
from pathlib import Path

import gguf
import numpy as np
from make_2b4t_folder import HIDDEN, INNER, KV, VOCAB, four_codes

I2_S = 36  # the type's number in bitnet.cpp; the gguf package does not know it
HEADS, KV_HEADS, HEAD_DIM = 20, 5, 128
ONE = np.frombuffer(np.float16(1).tobytes(), np.uint8)


def i2s(rng: np.random.Generator, rows: int, cols: int) -> np.ndarray:
    """Codes, then one scale (and the rest of 32 bytes)."""
    tail = np.full(8, 1.0, np.float32).view(np.uint8)
    return np.concatenate([four_codes(rng, rows * cols // 4), tail]).view(np.int8)


def tq2(rng: np.random.Generator, rows: int, cols: int) -> np.ndarray:
    """Blocks of 256: 64 bytes of codes and a half-float scale."""
    blocks = np.empty((rows * cols // 256, 66), np.uint8)
    blocks[:, :64] = four_codes(rng, blocks.shape[0] * 64).reshape(-1, 64)
    blocks[:, 64:] = ONE
    return blocks.reshape(rows, -1)


def tq1(rng: np.random.Generator, rows: int, cols: int) -> np.ndarray:
    """Blocks of 256: 48 bytes of five trits, 4 of four (256/243 of their numbers), a scale."""
    blocks = np.empty((rows * cols // 256, 54), np.uint8)
    five = ((np.arange(243) * 256 + 242) // 243).astype(np.uint8)
    blocks[:, :48] = five[rng.integers(0, 243, size=(blocks.shape[0], 48), dtype=np.uint8)]
    blocks[:, 48:52] = five[::3][rng.integers(0, 81, size=(blocks.shape[0], 4), dtype=np.uint8)]
    blocks[:, 52:] = ONE
    return blocks.reshape(rows, -1)


def quantised(rng: np.random.Generator, values: int, size: int, scales: dict[int, float]):
    """Blocks of random codes with the half floats `scales` at their offsets."""
    blocks = rng.integers(0, 256, size=(VOCAB * HIDDEN // values, size), dtype=np.uint8)
    for offset, scale in scales.items():
        blocks[:, offset : offset + 2] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
    return blocks.reshape(VOCAB, -1)


def half_floats(rng: np.random.Generator, mask: int) -> np.ndarray:
    values = rng.standard_normal((VOCAB, HIDDEN), np.float32)
    values.view(np.uint32)[...] &= mask
    return values.astype(np.float16)


TRITS = {  # the type's number, its writer
    "i2s": (I2_S, i2s),
    "tq1": (gguf.GGMLQuantizationType.TQ1_0, tq1),
    "tq2": (gguf.GGMLQuantizationType.TQ2_0, tq2),
}
QUANT = gguf.GGMLQuantizationType
EMBEDDINGS = {
    "bf16": (QUANT.F16, lambda rng: half_floats(rng, 0xFFFF0000)),  # as the published one was
    "odd-f16": (QUANT.F16, lambda rng: half_floats(rng, 0xFFFFFFFF)),  # none that bfloat16 holds
    "q8_0": (QUANT.Q8_0, lambda rng: quantised(rng, 32, 34, {0: 0.01})),
    "q6_k": (QUANT.Q6_K, lambda rng: quantised(rng, 256, 210, {208: 1e-4})),
    "q4_k": (QUANT.Q4_K, lambda rng: quantised(rng, 256, 144, {0: 1e-3, 2: 1e-3})),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="A 2B4T-sized GGUF file.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--trits", choices=TRITS, default="i2s")
    parser.add_argument("--embedding", choices=EMBEDDINGS, default="bf16")
    parser.add_argument("--layers", type=int, default=30)
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    writer = gguf.GGUFWriter(args.file, "bitnet-b1.58")
    writer.add_vocab_size(VOCAB)
    writer.add_context_length(4096)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(args.layers)
    writer.add_feed_forward_length(INNER)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(500000.0)
    writer.add_bos_token_id(128000)
    writer.add_eos_token_id(128001)
    quant, embedding = EMBEDDINGS[args.embedding]
    writer.add_tensor("token_embd.weight", embedding(rng), raw_dtype=quant)
    shapes = {
        "attn_q": (HIDDEN, HIDDEN), "attn_k": (KV, HIDDEN),
        "attn_v": (KV, HIDDEN), "attn_output": (HIDDEN, HIDDEN),
        "ffn_gate": (INNER, HIDDEN), "ffn_up": (INNER, HIDDEN), "ffn_down": (HIDDEN, INNER),
    }  # fmt: skip
    norms = {
        "attn_norm": HIDDEN,
        "attn_sub_norm": HIDDEN,
        "ffn_norm": HIDDEN,
        "ffn_sub_norm": INNER,
    }
    quant, write = TRITS[args.trits]
    for layer in range(args.layers):
        for name, shape in shapes.items():
            data = write(rng, *shape)
            in_bytes = shape if args.trits == "i2s" else None  # the package knows the others
            writer.add_tensor(
                f"blk.{layer}.{name}.weight", data, raw_shape=in_bytes, raw_dtype=quant
            )
        for name, width in norms.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(width, np.float32))
    writer.add_tensor("output_norm.weight", np.ones(HIDDEN, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
