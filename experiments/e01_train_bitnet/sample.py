# SPDX-License-Identifier: Apache-2.0
"""Continues a prompt with the shipped checkpoint, whole context recomputed at every token."""

import argparse
from pathlib import Path

import torch
from bitnet import BitNet
from export import load_exported
from tokenizers import Tokenizer

SHIPPED = Path(__file__).resolve().parents[2] / "model" / "checkpoints" / "sterna-5m"


@torch.no_grad()
def continue_ids(
    model: BitNet, ids: list[int], count: int, temperature: float, seed: int
) -> list[int]:
    """Greedy at temperature 0, otherwise sampled from the whole distribution."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        logits = model(torch.tensor([ids[-model.shape.max_position_embeddings :]]))[0, -1]
        if temperature == 0:
            ids = [*ids, int(logits.argmax())]
        else:
            odds = torch.softmax(logits / temperature, -1)
            ids = [*ids, int(torch.multinomial(odds, 1, generator=generator))]
    return ids


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prompt")
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, default=SHIPPED)
    args = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(str(args.checkpoint / "tokenizer.json"))
    ids = tokenizer.encode(args.prompt).ids
    model = load_exported(args.checkpoint)
    print(tokenizer.decode(continue_ids(model, ids, args.count, args.temperature, args.seed)))


if __name__ == "__main__":
    main()
