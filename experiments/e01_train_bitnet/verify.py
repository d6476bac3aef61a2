# SPDX-License-Identifier: Apache-2.0
"""Compares the shipped checkpoint's logits with those of transformers (needs accelerate too)."""

import os
from pathlib import Path

import numpy as np
import torch
from export import load_exported
from tokenizers import Tokenizer

SHIPPED = Path(__file__).resolve().parents[2] / "model" / "checkpoints" / "sterna-5m"
POSITIONS = 200


def main() -> None:
    os.environ["TORCHDYNAMO_DISABLE"] = "1"  # transformers would compile for minutes
    from transformers import AutoTokenizer, BitNetForCausalLM

    torch.set_num_threads(1)
    text = (SHIPPED / "heldout.txt").read_text()
    ids = Tokenizer.from_file(str(SHIPPED / "tokenizer.json")).encode(text).ids
    tokenizer = AutoTokenizer.from_pretrained(SHIPPED)
    assert tokenizer(text)["input_ids"] == ids, "the tokenizers disagree"
    assert tokenizer.decode(ids) == text, "decoding does not give the text back"
    window = torch.tensor([ids[:POSITIONS]])
    theirs = BitNetForCausalLM.from_pretrained(SHIPPED, dtype=torch.float32)
    torch.nn.Module.float(theirs)  # the loader leaves unpacked trits in bfloat16; this is exact
    with torch.no_grad():
        expected = theirs.eval()(window).logits[0]
        logits = load_exported(SHIPPED)(window)[0]
    difference = (logits - expected).abs().amax(-1).numpy()
    same = (logits.argmax(-1) == expected.argmax(-1)).float().mean().item()
    # Equal to float32 noise until an activation on a rounding edge takes the other int8 code;
    # from there on attention carries the difference to every later position.
    exact = int(np.argmax(difference > 1e-4)) if (difference > 1e-4).any() else POSITIONS
    print(
        f"{POSITIONS} positions: first {exact} within 1e-4 (worst {difference[:exact].max():.1e}), "
        f"all within {difference.max():.1e}; same next token at {100 * same:.1f} %"
    )


if __name__ == "__main__":
    main()
