# SPDX-License-Identifier: Apache-2.0
"""Small random BitNet models, written as Hugging Face folders by `safetensors` and as GGUF files by
the `gguf` package of llama.cpp: two writers that know nothing of Sterna."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file

I2_S = 36  # the type's number in bitnet.cpp; the gguf package does not know it
PROJECTIONS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
NORMS = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.attn_sub_norm": "attn_sub_norm",
    "mlp.ffn_sub_norm": "ffn_sub_norm",
}


@dataclass(frozen=True)
class Model:
    """A model's shape and its weights: names are those of Hugging Face."""

    hidden: int = 256
    ffn: int = 512
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 64
    vocab: int = 96
    act: str = "relu2"
    tied: bool = True
    sub_norms: bool = True
    theta: float = 10000.0
    trits: dict[str, np.ndarray] = field(default_factory=dict)  # int8 (rows, cols)
    scales: dict[str, np.float32] = field(default_factory=dict)
    floats: dict[str, np.ndarray] = field(default_factory=dict)  # float32


def random_model(seed: int, **shape: object) -> Model:
    """Scales are powers of two times 1 to 3, so that a half float holds them."""
    model = replace(Model(), **shape)
    rng = np.random.default_rng(seed)
    q_width, kv_width = model.heads * model.head_dim, model.kv_heads * model.head_dim
    shapes = {
        "self_attn.q_proj": (q_width, model.hidden),
        "self_attn.k_proj": (kv_width, model.hidden),
        "self_attn.v_proj": (kv_width, model.hidden),
        "self_attn.o_proj": (model.hidden, q_width),
        "mlp.gate_proj": (model.ffn, model.hidden),
        "mlp.up_proj": (model.ffn, model.hidden),
        "mlp.down_proj": (model.hidden, model.ffn),
    }
    widths = {
        "input_layernorm": model.hidden,
        "post_attention_layernorm": model.hidden,
        "self_attn.attn_sub_norm": q_width,
        "mlp.ffn_sub_norm": model.ffn,
    }
    trits, scales, floats = {}, {}, {}
    for layer in range(model.layers):
        for name, (rows, cols) in shapes.items():
            key = f"model.layers.{layer}.{name}"
            trits[key] = rng.integers(-1, 2, size=(rows, cols), dtype=np.int8)
            scales[key] = np.float32(rng.integers(1, 4) * 2.0 ** rng.integers(-3, 2))
        for name, width in widths.items():
            if model.sub_norms or "sub_norm" not in name:
                floats[f"model.layers.{layer}.{name}.weight"] = rng.uniform(0.5, 1.5, width)
    floats["model.norm.weight"] = rng.uniform(0.5, 1.5, model.hidden)
    names = ["model.embed_tokens.weight"] + ([] if model.tied else ["lm_head.weight"])
    for name in names:
        floats[name] = rng.normal(0.0, 1.0, (model.vocab, model.hidden))
    floats = {name: bfloat16(x.astype(np.float32)) for name, x in floats.items()}
    return replace(model, trits=trits, scales=scales, floats=floats)


def bfloat16(x: np.ndarray) -> np.ndarray:
    """Rounded towards zero to what bfloat16 holds."""
    return (x.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def config_of(model: Model) -> dict[str, object]:
    return {
        "model_type": "bitnet",
        "vocab_size": model.vocab,
        "hidden_size": model.hidden,
        "intermediate_size": model.ffn,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.head_dim,
        "hidden_act": model.act,
        "max_position_embeddings": 64,
        "rms_norm_eps": 1e-5,
        "rope_theta": model.theta,
        "tie_word_embeddings": model.tied,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "quantization_config": {"quant_method": "bitnet", "linear_class": "autobitlinear"},
    }


def pack_quarters(trits: np.ndarray) -> np.ndarray:
    """Four rows a byte as transformers packs them: row r of each quarter, the first lowest."""
    quarters = (trits + 1).astype(np.uint8).reshape(4, -1, trits.shape[1])
    return quarters[0] | quarters[1] << 2 | quarters[2] << 4 | quarters[3] << 6


def write_hf(model: Model, folder: Path, divide: bool = False, **config: object) -> Path:
    """A folder with config.json and model.safetensors; `config` replaces fields, None removes."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = config_of(model)
    if divide:
        fields["quantization_config"] = {"quant_method": "bitnet"}
    fields = {k: v for k, v in (fields | config).items() if v is not None}
    (folder / "config.json").write_text(json.dumps(fields))
    tensors = dict(model.floats)
    for name, trits in model.trits.items():
        scale = model.scales[name]
        tensors[f"{name}.weight"] = pack_quarters(trits)
        tensors[f"{name}.weight_scale"] = np.array([1 / scale if divide else scale], np.float32)
    save_file(tensors, folder / "model.safetensors")
    return folder


def i2s_codes(trits: np.ndarray, layout: str) -> np.ndarray:
    """Codes trit + 1 of a matrix in two bits, the first in the upper ones."""
    codes = (trits + 1).astype(np.uint8)
    if layout == "rows":
        runs = codes.reshape(-1, 4, codes.shape[1])
    else:
        runs = codes.reshape(-1, 4, {"x86": 32, "arm": 16}[layout])
    return (runs[:, 0] << 6 | runs[:, 1] << 4 | runs[:, 2] << 2 | runs[:, 3]).ravel()


def i2s_tensor(trits: np.ndarray, scale: np.float32, layout: str = "x86") -> np.ndarray:
    """Codes, then 32 bytes that begin with the scale."""
    tail = np.full(8, scale, np.float32).view(np.uint8)
    return np.concatenate([i2s_codes(trits, layout), tail])


def interleave(rows: np.ndarray, head_dim: int) -> np.ndarray:
    """Rows of q or k in the order of architecture llama: the two halves of a head side by side."""
    heads = rows.reshape(-1, 2, head_dim // 2, rows.shape[-1])
    return heads.swapaxes(1, 2).reshape(rows.shape)


def gguf_name(name: str) -> str:
    top = {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.norm.weight": "output_norm.weight",
        "lm_head.weight": "output.weight",
    }
    if name in top:
        return top[name]
    layer, _, rest = name.removeprefix("model.layers.").partition(".")
    rest = rest.removesuffix(".weight")
    return f"blk.{layer}.{ {**PROJECTIONS, **NORMS}[rest] }.weight"


def write_keys(writer: gguf.GGUFWriter, model: Model) -> None:
    writer.add_vocab_size(model.vocab)
    writer.add_context_length(64)
    writer.add_embedding_length(model.hidden)
    writer.add_block_count(model.layers)
    writer.add_feed_forward_length(model.ffn)
    writer.add_rope_dimension_count(model.head_dim)
    writer.add_head_count(model.heads)
    writer.add_head_count_kv(model.kv_heads)
    if model.head_dim * model.heads != model.hidden:
        writer.add_key_length(model.head_dim)
        writer.add_value_length(model.head_dim)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(model.theta)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def write_gguf(
    model: Model,
    file: Path,
    arch: str = "bitnet-b1.58",
    weights: str = "I2_S",
    layout: str = "x86",
    embedding: str = "F16",
    extra_scales: bool = False,
    keys: dict[str, object] | None = None,
) -> Path:
    """A GGUF file; with `extra_scales` the matrices have magnitude 1 and a .scale tensor beside."""
    writer = gguf.GGUFWriter(file, arch)
    write_keys(writer, model)
    for key, value in (keys or {}).items():
        add = writer.add_string if isinstance(value, str) else writer.add_uint32
        add(key, value)
    for name, values in model.floats.items():
        if values.ndim == 1:
            writer.add_tensor(gguf_name(name), values)
        else:
            add_quantised(writer, gguf_name(name), values, embedding)
    for name, trits in model.trits.items():
        if arch == "llama" and name.endswith(("q_proj", "k_proj")):
            trits = interleave(trits, model.head_dim)
        scale = np.float32(1.0) if extra_scales else model.scales[name]
        if weights == "I2_S":
            data = i2s_tensor(trits, scale, layout).view(np.int8)
            writer.add_tensor(gguf_name(name), data, raw_shape=trits.shape, raw_dtype=I2_S)
        else:
            add_quantised(writer, gguf_name(name), trits * scale, weights)
        if extra_scales:
            scale_name = gguf_name(name).removesuffix("weight") + "scale"
            writer.add_tensor(scale_name, np.array([model.scales[name]], np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def add_quantised(writer: gguf.GGUFWriter, name: str, values: np.ndarray, kind: str) -> None:
    kind = gguf.GGMLQuantizationType[kind]
    data = gguf.quants.quantize(values.astype(np.float32), kind)
    writer.add_tensor(name, data, raw_dtype=kind)
