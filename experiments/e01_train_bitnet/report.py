# SPDX-License-Identifier: Apache-2.0
"""Held-out perplexity of the twins and of the shipped checkpoint; tables for the README."""

import csv
import json
import math
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from bitnet import BitNet, Shape, exact_ternary_product, fp_product
from corpus import load_corpus
from export import load_exported
from tokenizers import Tokenizer
from train import WINDOW, scored_tokens, window_losses


@dataclass(frozen=True)
class Score:
    """Held-out result of one model under the protocol of `window_losses`."""

    model: str
    text: str
    tokens_scored: int
    perplexity: float
    bits_per_byte: float


def byte_counts(tokenizer: Tokenizer) -> np.ndarray:
    """Bytes that each token stands for; a byte-level vocabulary spells one byte a character."""
    tokens = (tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size()))
    return np.array([len(token) for token in tokens])


def score(name: str, model: BitNet, text: str, ids: np.ndarray, token_bytes: np.ndarray) -> Score:
    nats = window_losses(model, ids)
    is_scored = np.arange(len(ids)) % WINDOW != 0
    scored_bytes = token_bytes[ids[is_scored]].sum()
    count = scored_tokens(len(ids))
    return Score(
        model=name,
        text=text,
        tokens_scored=count,
        perplexity=math.exp(nats / count),
        bits_per_byte=nats / math.log(2) / scored_bytes,
    )


def load_trained(out: Path, name: str, vocab_size: int) -> BitNet:
    product = exact_ternary_product if name == "ternary" else fp_product
    model = BitNet(Shape(vocab_size=vocab_size), product, torch.float32)
    model.load_state_dict(torch.load(out / f"{name}.pt", map_location="cpu")["model"])
    return model.eval()


def scores(out: Path, ship: Path) -> list[Score]:
    """Every model in float32 on the whole held-out text and on the excerpt that is shipped."""
    torch.set_num_threads(1)  # small matrices: a second thread only waits, the more so under load
    corpus = load_corpus(out)
    tokenizer = Tokenizer.from_file(str(ship / "tokenizer.json"))
    excerpt = tokenizer.encode((ship / "heldout.txt").read_text()).ids
    texts = {"held-out": corpus.held_out_ids, "heldout.txt": np.array(excerpt, dtype=np.uint16)}
    models = {
        "fp": load_trained(out, "fp", corpus.vocab_size),
        "ternary": load_trained(out, "ternary", corpus.vocab_size),
        "exported": load_exported(ship),
    }
    token_bytes = byte_counts(tokenizer)
    return [
        score(name, model, text, ids, token_bytes)
        for text, ids in texts.items()
        for name, model in models.items()
    ]


def loss_curves(out: Path) -> list[dict[str, str]]:
    rows = []
    for name in ("fp", "ternary"):
        with (out / f"{name}.csv").open(newline="") as file:
            rows += list(csv.DictReader(file))
    return rows


def report(out: Path, ship: Path, folder: Path) -> None:
    """Write results.csv, summary.json and environment.json, and print the table."""
    curves = loss_curves(out)
    with (folder / "results.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(curves[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(curves)
    measured = scores(out, ship)
    by_name = {s.model: s.perplexity for s in measured if s.text == "held-out"}
    summary = {
        "scores": [asdict(s) for s in measured],
        "gap_percent": 100 * (by_name["exported"] / by_name["fp"] - 1),
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    environment = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    }
    (folder / "environment.json").write_text(json.dumps(environment, indent=2) + "\n")
    for s in measured:
        print(f"{s.text:12} {s.model:9} {s.perplexity:8.3f} {s.bits_per_byte:.4f} bits/byte")
    print(f"gap {summary['gap_percent']:.1f} %")
