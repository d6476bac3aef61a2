# SPDX-License-Identifier: Apache-2.0
"""Seeds of the fuzzers: small valid files of every kind, written here and taken from the tests.

Usage   python tests/fuzz/make_corpus.py FOLDER      one folder of seeds a parser
"""

import base64
import json
import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CONFIG = json.loads((HERE / "config.json").read_text())

PARSERS = (
    "safetensors",
    "checkpoint",
    "gguf",
    "gguf_tokenizer",
    "packed",
    "config",
    "tokenizer",
    "sentencepiece",
    "hardware",
)

Tensors = dict[str, np.ndarray]


def matrices() -> Iterator[tuple[str, int, int]]:
    """Hugging Face name, rows and columns of the ternary matrices of the one layer."""
    hidden, ffn = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    kv = hidden // CONFIG["num_attention_heads"] * CONFIG["num_key_value_heads"]
    yield from (
        ("self_attn.q_proj", hidden, hidden),
        ("self_attn.k_proj", kv, hidden),
        ("self_attn.v_proj", kv, hidden),
        ("self_attn.o_proj", hidden, hidden),
        ("mlp.gate_proj", ffn, hidden),
        ("mlp.up_proj", ffn, hidden),
        ("mlp.down_proj", hidden, ffn),
    )


def norms() -> dict[str, int]:
    hidden, ffn = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    layer = "model.layers.0."
    return {
        f"{layer}input_layernorm": hidden,
        f"{layer}post_attention_layernorm": hidden,
        f"{layer}self_attn.attn_sub_norm": hidden,
        f"{layer}mlp.ffn_sub_norm": ffn,
        "model.norm": hidden,
    }


def packed_tensors(random: np.random.Generator) -> Tensors:
    """The tensors of a packed Hugging Face checkpoint that config.json describes."""
    tensors: Tensors = {
        "model.embed_tokens.weight": random.standard_normal(
            (CONFIG["vocab_size"], CONFIG["hidden_size"]), dtype=np.float32
        )
    }
    for name, width in norms().items():
        tensors[f"{name}.weight"] = np.ones(width, np.float32)
    for name, rows, cols in matrices():
        codes = random.integers(0, 3, (4, rows // 4, cols), dtype=np.uint8)
        shifted = codes << np.array([0, 2, 4, 6], np.uint8)[:, None, None]
        tensors[f"model.layers.0.{name}.weight"] = np.bitwise_or.reduce(shifted)
        tensors[f"model.layers.0.{name}.weight_scale"] = np.array([1.5], np.float32)
    return tensors


def safetensors(tensors: Tensors) -> bytes:
    names = {"float32": "F32", "uint8": "U8"}
    header, data = {}, b""
    for name, tensor in tensors.items():
        end = len(data) + tensor.nbytes
        header[name] = {
            "dtype": names[tensor.dtype.name],
            "shape": tensor.shape,
            "data_offsets": [len(data), end],
        }
        data += tensor.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def gguf_text(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def gguf_metadata(arch: str) -> list[bytes]:
    """Key, kind and value of what a bitnet file says; the tokenizer is a list of each kind."""
    words = "".join(chr(ord("a") + i) for i in range(CONFIG["vocab_size"]))
    numbers = {
        "context_length": 64,
        "embedding_length": CONFIG["hidden_size"],
        "block_count": 1,
        "feed_forward_length": CONFIG["intermediate_size"],
        "rope.dimension_count": CONFIG["hidden_size"] // CONFIG["num_attention_heads"],
        "attention.head_count": CONFIG["num_attention_heads"],
        "attention.head_count_kv": CONFIG["num_key_value_heads"],
        "vocab_size": CONFIG["vocab_size"],
    }
    entries = [gguf_text("general.architecture") + struct.pack("<I", 8) + gguf_text(arch)]
    entries += [
        gguf_text(f"{arch}.{key}") + struct.pack("<II", 4, value) for key, value in numbers.items()
    ]
    for key, value in (("rope.freq_base", 1e4), ("attention.layer_norm_rms_epsilon", 1e-5)):
        entries.append(gguf_text(f"{arch}.{key}") + struct.pack("<If", 6, value))
    entries.append(gguf_text("tokenizer.ggml.model") + struct.pack("<I", 8) + gguf_text("gpt2"))
    entries.append(
        gguf_text("tokenizer.ggml.tokens")
        + struct.pack("<IIQ", 9, 8, len(words))
        + b"".join(map(gguf_text, words))
    )
    entries.append(
        gguf_text("tokenizer.ggml.scores")
        + struct.pack("<IIQ", 9, 6, len(words))
        + struct.pack(f"<{len(words)}f", *([0.0] * len(words)))
    )
    return entries


def gguf(arch: str, version: int, random: np.random.Generator) -> bytes:
    """A GGUF file whose matrices are float32 with ternary values."""
    layer = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
    }
    hidden, ffn = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    tensors: Tensors = {"token_embd": np.ones((CONFIG["vocab_size"], hidden), np.float32)}
    for name in ("attn_norm", "attn_sub_norm", "ffn_norm", "ffn_sub_norm"):
        tensors[f"blk.0.{name}"] = np.ones(ffn if name == "ffn_sub_norm" else hidden, np.float32)
    tensors["output_norm"] = np.ones(hidden, np.float32)
    for name, rows, cols in matrices():
        trits = random.integers(-1, 2, (rows, cols)).astype(np.float32)
        tensors[f"blk.0.{layer[name]}"] = trits * np.float32(0.5)

    metadata = gguf_metadata(arch)
    infos, data = b"", b""
    for name, tensor in tensors.items():
        dims = tensor.shape[::-1]
        infos += gguf_text(f"{name}.weight") + struct.pack("<I", len(dims))
        infos += struct.pack(f"<{len(dims)}Q", *dims) + struct.pack("<IQ", 0, len(data))
        data += tensor.tobytes() + bytes(-tensor.nbytes % 32)
    head = struct.pack("<4sIQQ", b"GGUF", version, len(tensors), len(metadata))
    head += b"".join(metadata) + infos
    return head + bytes(-len(head) % 32) + data


def sentencepiece() -> bytes:
    """A SentencePiece model: field 1 of the protobuf is a piece of text, score and type."""
    pieces = [("<unk>", 2), ("<s>", 3), ("</s>", 3)]
    pieces += [(f"<0x{byte:02X}>", 6) for byte in range(256)]
    pieces += [(text, 1) for text in ("\u2581", "a", "b", "ab", "\u2581ab")]
    model = b""
    for rank, (text, kind) in enumerate(pieces):
        name = text.encode()
        piece = bytes([0x0A, len(name)]) + name + struct.pack("<Bf", 0x15, -rank)
        piece += bytes([0x18, kind])
        model += bytes([0x0A, len(piece)]) + piece
    return model


def rank_file() -> bytes:
    """A tiktoken rank file: a token in base64 and its rank, a line each."""
    tokens = [bytes([byte]) for byte in range(256)] + [b"ab", b" a", b" ab"]
    return b"".join(
        base64.b64encode(token) + f" {rank}\n".encode() for rank, token in enumerate(tokens)
    )


def seeds(parser: str) -> Iterator[tuple[str, bytes]]:
    random = np.random.default_rng(1)
    if parser in ("safetensors", "checkpoint"):
        yield "tiny", safetensors(packed_tensors(random))
    elif parser in ("gguf", "gguf_tokenizer"):
        yield "tiny_v3", gguf("bitnet-b1.58", 3, random)
        yield "tiny_v2", gguf("llama", 2, random)
    elif parser == "packed":  # `sterna convert --to sterna` of the checkpoint above
        yield "tiny", (HERE / "tiny.sterna").read_bytes()
    elif parser == "config":
        yield "tiny", (HERE / "config.json").read_bytes()
        for path in sorted((ROOT / "tests/model/golden").glob("*/config.json")):
            yield path.parent.name, path.read_bytes()
    elif parser == "tokenizer":
        for path in sorted((ROOT / "tests/model/text").rglob("tokenizer.json")):
            yield path.parent.name, path.read_bytes()
    elif parser == "sentencepiece":
        yield "pieces", sentencepiece()
        yield "ranks", rank_file()
    elif parser == "hardware":
        for path in sorted((ROOT / "configs").glob("*.yaml")):
            yield path.stem, path.read_bytes()


def main() -> None:
    target = Path(sys.argv[1])
    for parser in PARSERS:
        folder = target / parser
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in seeds(parser):
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
