# SPDX-License-Identifier: Apache-2.0
"""Writes random weights as a GGUF file in the shape, the types and the order of the published 2B4T
model: I2_S matrices, half-float embedding, 1.1 GiB. For load times and peak memory.

usage: make_2b4t_gguf.py FILE [--layers N]
"""

import argparse
from pathlib import Path

import gguf
import numpy as np

I2_S = 36  # the type's number in bitnet.cpp; the gguf package does not know it
HIDDEN, FFN, VOCAB, HEADS, KV_HEADS, HEAD_DIM = 2560, 6912, 128256, 20, 5, 128


def i2s(rng: np.random.Generator, rows: int, cols: int) -> np.ndarray:
    """Random codes 0 to 2 and a scale; every byte of four equal-likely codes is as good."""
    codes = rng.integers(0, 81, size=rows * cols // 4, dtype=np.uint8)
    table = np.array([i % 3 | i // 3 % 3 << 2 | i // 9 % 3 << 4 | i // 27 << 6 for i in range(81)])
    tail = np.full(8, 1.0, np.float32).view(np.uint8)
    return np.concatenate([table.astype(np.uint8)[codes], tail]).view(np.int8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--layers", type=int, default=30)
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    writer = gguf.GGUFWriter(args.file, "bitnet-b1.58")
    writer.add_vocab_size(VOCAB)
    writer.add_context_length(4096)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(args.layers)
    writer.add_feed_forward_length(FFN)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(500000.0)
    writer.add_bos_token_id(128000)
    writer.add_eos_token_id(128001)
    embedding = rng.standard_normal((VOCAB, HIDDEN), np.float32)
    embedding.view(np.uint32)[...] &= 0xFFFF0000  # as bfloat16, which the published one was
    writer.add_tensor("token_embd.weight", embedding.astype(np.float16))
    del embedding
    shapes = {
        "attn_q": (HIDDEN, HIDDEN), "attn_k": (KV_HEADS * HEAD_DIM, HIDDEN),
        "attn_v": (KV_HEADS * HEAD_DIM, HIDDEN), "attn_output": (HIDDEN, HIDDEN),
        "ffn_gate": (FFN, HIDDEN), "ffn_up": (FFN, HIDDEN), "ffn_down": (HIDDEN, FFN),
    }  # fmt: skip
    norms = {"attn_norm": HIDDEN, "attn_sub_norm": HIDDEN, "ffn_norm": HIDDEN, "ffn_sub_norm": FFN}
    for layer in range(args.layers):
        for name, shape in shapes.items():
            data = i2s(rng, *shape)
            writer.add_tensor(f"blk.{layer}.{name}.weight", data, raw_shape=shape, raw_dtype=I2_S)
        for name, width in norms.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(width, np.float32))
    writer.add_tensor("output_norm.weight", np.ones(HIDDEN, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
