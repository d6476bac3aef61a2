# SPDX-License-Identifier: Apache-2.0
"""Trained masters to the shipped checkpoint: trits packed four to a byte, the rest in bfloat16."""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from bitnet import BitNet, Shape, quantise_activations, ternarise
from corpus import BOS, EOS, load_corpus
from packing import pack_trits, unpack_trits
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def is_projection(name: str) -> bool:
    return name.split(".")[-2] in PROJECTIONS


def packed_tensors(masters: dict[str, Tensor]) -> dict[str, Tensor]:
    tensors = {}
    for name, master in masters.items():
        key = f"model.{name}"
        if not is_projection(name):
            tensors[key] = master.bfloat16().contiguous()
            continue
        trits, scale = ternarise(master)
        tensors[key] = torch.from_numpy(pack_trits(trits.numpy().astype(np.int8)))
        tensors[f"{key}_scale"] = scale.reshape(1).bfloat16()
    return tensors


def configuration(shape: Shape, bos_id: int, eos_id: int) -> dict:
    """config.json; `rope_theta` in the spelling that old and new loaders both accept."""
    return {
        "architectures": ["BitNetForCausalLM"],
        "model_type": "bitnet",
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "num_hidden_layers": shape.num_hidden_layers,
        "num_attention_heads": shape.num_attention_heads,
        "num_key_value_heads": shape.num_key_value_heads,
        "head_dim": shape.head_dim,
        "hidden_act": "relu2",
        "max_position_embeddings": shape.max_position_embeddings,
        "rope_theta": shape.rope_theta,
        "rms_norm_eps": shape.rms_norm_eps,
        "initializer_range": shape.initializer_range,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "tie_word_embeddings": True,
        "use_cache": True,
        "bos_token_id": bos_id,
        "eos_token_id": eos_id,
        "torch_dtype": "bfloat16",
        "quantization_config": {
            "quant_method": "bitnet",
            "linear_class": "autobitlinear",
            "quantization_mode": "offline",
            "modules_to_not_convert": None,
        },
    }


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")


def export(out: Path, ship: Path) -> None:
    """Write the checkpoint of the ternary run in `out` to the folder `ship`."""
    corpus = load_corpus(out)
    shape = Shape(vocab_size=corpus.vocab_size)
    state = torch.load(out / "ternary.pt", map_location="cpu")
    ship.mkdir(parents=True, exist_ok=True)
    save_file(packed_tensors(state["model"]), ship / "model.safetensors", metadata={"format": "pt"})
    write_json(ship / "config.json", configuration(shape, corpus.bos_id, corpus.eos_id))
    write_json(
        ship / "generation_config.json",
        {"bos_token_id": corpus.bos_id, "eos_token_id": corpus.eos_id, "do_sample": False},
    )
    write_json(
        ship / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": BOS,
            "eos_token": EOS,
            "add_bos_token": False,
            "clean_up_tokenization_spaces": False,
            "model_max_length": shape.max_position_embeddings,
        },
    )
    shutil.copyfile(out / "tokenizer.json", ship / "tokenizer.json")
    shutil.copyfile(out / "excerpt.txt", ship / "heldout.txt")
    print(f"exported step {state['step']} to {ship}")


def stored_product(x: Tensor, *weights: Tensor) -> Tensor:
    """Product with matrices that hold trits times one scale: integers first, then both scales."""
    codes, codes_per_unit = quantise_activations(x)
    parts = [codes @ w.sign().t() * w.abs().max() / codes_per_unit for w in weights]
    return torch.cat(parts, -1)


def load_exported(folder: Path) -> BitNet:
    """The shipped checkpoint as inference computes it, in float32."""
    config = json.loads((folder / "config.json").read_text())
    sizes = {name: config[name] for name in Shape.__dataclass_fields__}
    model = BitNet(Shape(**sizes), stored_product, torch.float32)
    state = {}
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        for key in file.keys():  # noqa: SIM118 - not a dictionary
            name = key.removeprefix("model.")
            if key.endswith("_scale"):
                continue
            if is_projection(name):
                trits = torch.from_numpy(unpack_trits(file.get_tensor(key).numpy())).float()
                state[name] = trits * file.get_tensor(f"{key}_scale").float()
            else:
                state[name] = file.get_tensor(key).float()
    model.load_state_dict(state)
    return model.eval()
