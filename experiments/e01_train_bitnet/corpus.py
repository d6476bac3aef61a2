# SPDX-License-Identifier: Apache-2.0
"""Text to token ids: trains the tokenizer, encodes the corpus, and reads both back."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import text
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from train import WINDOW

VOCAB_SIZE = 2048
BOS, EOS = "<|begin_of_text|>", "<|end_of_text|>"
HELD_OUT_FRACTION = 0.05
SEED = 1
EXCERPT = (  # held-out chapters that travel with the checkpoint
    ("KJV", "Ruth", 4),
    ("KJV", "Psalms", 148),
    ("KJV", "Ecclesiastes", 12),
    ("KJV", "James", 1),
    ("WEB", "Isaiah", 61),
    ("WEB", "Tobit", 3),
)
CURVE_STRIDE = 4  # the loss curve reads every fourth held-out window


@dataclass(frozen=True)
class TokenCorpus:
    """Token ids of the two parts of the text, and what the model must know of the tokenizer."""

    train_ids: np.ndarray
    held_out_ids: np.ndarray
    vocab_size: int
    bos_id: int
    eos_id: int

    @property
    def curve_ids(self) -> np.ndarray:
        whole = len(self.held_out_ids) // WINDOW * WINDOW
        return self.held_out_ids[:whole].reshape(-1, WINDOW)[::CURVE_STRIDE].reshape(-1)


def train_tokenizer(train_text: str) -> Tokenizer:
    """Byte-level BPE without a BOS rule: who wants a BOS token adds it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=[BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(train_text.splitlines(keepends=True), trainer)
    return tokenizer


def encode_training(chapters: tuple[text.Chapter, ...], tokenizer: Tokenizer) -> np.ndarray:
    """Chapters as running text; EOS and BOS between books."""
    bos, eos = tokenizer.token_to_id(BOS), tokenizer.token_to_id(EOS)
    books: dict[tuple[str, str], list[text.Chapter]] = {}
    for chapter in chapters:
        books.setdefault((chapter.translation, chapter.book), []).append(chapter)
    ids: list[int] = []
    for book in books.values():
        ids += [bos, *tokenizer.encode(text.joined(book)).ids, eos]
    return np.array(ids, dtype=np.uint16)


def prepare(out: Path) -> None:
    """Write held_out.txt and an excerpt of it, tokenizer.json, train.npy and held_out.npy."""
    out.mkdir(parents=True, exist_ok=True)
    parts = text.split(text.king_james() + text.world_english(), HELD_OUT_FRACTION, SEED)
    held_out = text.joined(parts.held_out)
    tokenizer = train_tokenizer(text.joined(parts.train))
    tokenizer.save(str(out / "tokenizer.json"))
    (out / "held_out.txt").write_text(held_out)
    excerpt = [c for c in parts.held_out if (c.translation, *c.key) in EXCERPT]
    (out / "excerpt.txt").write_text(text.joined(excerpt))
    train_ids = encode_training(parts.train, tokenizer)
    held_out_ids = np.array(tokenizer.encode(held_out).ids, dtype=np.uint16)
    np.save(out / "train.npy", train_ids)
    np.save(out / "held_out.npy", held_out_ids)
    names = ", ".join(sorted({f"{c.book} {c.number}" for c in parts.held_out}))
    (out / "held_out_chapters.txt").write_text(names + "\n")
    print(f"text: {len(train_ids)} training tokens, {len(held_out_ids)} held-out tokens")


def load_corpus(out: Path) -> TokenCorpus:
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    return TokenCorpus(
        train_ids=np.load(out / "train.npy"),
        held_out_ids=np.load(out / "held_out.npy"),
        vocab_size=tokenizer.get_vocab_size(),
        bos_id=tokenizer.token_to_id(BOS),
        eos_id=tokenizer.token_to_id(EOS),
    )
