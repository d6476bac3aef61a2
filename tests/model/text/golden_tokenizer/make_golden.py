# SPDX-License-Identifier: Apache-2.0
"""Writes the golden files of tokenizer_test.cpp with `tokenizers` and `sentencepiece`.

One folder a tokenizer: NAME/tokenizer.json or tokenizer.model, trained here on the few sentences
below, and NAME/cases.json, texts with the ids and the decoded texts that the library gives.
Together the tokenizers use every feature that model/text/readers/tokenizer_json.hpp says it
supports.

Usage   python tests/model/text/golden_tokenizer/make_golden.py
Needs   tokenizers (0.23.3 made the files in the repository), sentencepiece (0.2.3)
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import sentencepiece
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from tokenizers.processors import TemplateProcessing

HERE = Path(__file__).resolve().parent

CORPUS = [
    "The rain in the hills had stopped, and the rivers were rising again by the morning.",
    "She said it's fine; they'll come, they've come, and we'd all go 12345 miles in 2024.",
    "don't can't won't I'm you're he'd  two blanks   three blanks\n\nnew paragraph\r\nwindows line",
    "na\u00efve caf\u00e9 \u00fcber stra\u00dfe \u4e2d\u6587\u5206\u8bcd"
    " \u0440\u0443\u0441\u0441\u043a\u0438\u0439",
    "aaaaaaaaaaaaaaaa abababababab banana bandana",
]

LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

TEXTS = [
    "",
    " ",
    "a",
    "\n",
    "\0",
    "the hills were rising",
    " the hills",
    "  the  hills   ",
    "it's IT'S it'S don't DON'T they'll we'VE 's 't x's",
    "it'\u017f fine",  # long s folds to s
    "1 12 123 1234 12345 1234567890 x1y22z333",
    "\u0661\u0662\u0663 \u00bd \u2167 \u00b2",  # digits and numbers of other kinds
    "a\tb\t\tc \t d\r\n\r\n e\n\n\nf \n g",
    "x\u00a0y\u3000z\u2009w\u0085v\u2028u\u180et\u180e \u180e",  # blanks, and one that is none
    "trailing blanks   ",
    "trailing lines\n\n",
    "!!! ... ?!?! --- ''' \"quoted\" (a) [b] {c} <d> a,b;c:d",
    "hello!\n\nworld?\r\n ok",
    "\u4e2d\u6587\u5206\u8bcd, \u0440\u0443\u0441\u0441\u043a\u0438\u0439"
    " \u05e2\u05d1\u05e8\u05d9\u05ea \u0939\u093f\u0928\u094d\u0926\u0940",
    "e\u0301 vs \u00e9, \u1e9e\u00df \ufb01 \u2126",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea x\U0001f600y",
    "\ufeffbom \ufffd \ufffe \U0010ffff",
    "<|begin|>the<|end|>",
    "<|begin|><|begin|> <|end|>x<|end",
    "a<tool>b<tool><tool_call>c <tool_",
    "a" * 300,
    "ab" * 100 + "b",
    " " * 50 + "x" + "\n" * 20,
    "banana bandana " * 10,
    "e\u0301x  A\u030a   \u1100\u1161\u11a8    \u0344",  # composed by NFC
    "\u2581a \u2581 b\u2581",  # the character that stands for a blank
    "a<tool> b",
]


def random_texts(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    alphabet = [*"abtheing  '.,19\n\t", "\u00e9", "\u4e2d", "\U0001f600", "\u00a0", "<|end|>"]
    return ["".join(rng.choices(alphabet, k=rng.randint(1, 60))) for _ in range(count)]


def trained(pre_tokenizer: pre_tokenizers.PreTokenizer, vocab: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|begin|>", "<|end|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def plain() -> dict:
    return json.loads(trained(pre_tokenizers.ByteLevel(add_prefix_space=False), 400).to_str())


def string_merges() -> dict:
    """A blank before every text, merges spelled "left right", and a few merges too many."""
    made = json.loads(trained(pre_tokenizers.ByteLevel(add_prefix_space=True), 380).to_str())
    made["model"]["merges"] = [" ".join(pair) for pair in made["model"]["merges"]]
    return made


def llama3_like() -> dict:
    """Split by regex, whole pieces first, a BOS by template, added tokens of both kinds."""
    steps = [
        pre_tokenizers.Split(Regex(LLAMA3_PATTERN), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
    made = json.loads(trained(pre_tokenizers.Sequence(steps), 420).to_str())
    # A token that no merge makes shows that ignore_merges looks at the whole piece.
    made["model"]["ignore_merges"] = True
    made["model"]["vocab"]["\u0120bandana"] = len(made["model"]["vocab"])
    tokenizer = Tokenizer.from_str(json.dumps(made))
    tokenizer.add_tokens([AddedToken("<tool>", normalized=True), AddedToken("<tool_call>")])
    begin = tokenizer.token_to_id("<|begin|>")
    tokenizer.post_processor = TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", begin)]
    )
    return json.loads(tokenizer.to_str())


def digits_and_removal() -> dict:
    """Each digit alone, commas cut out, and a prefix blank for every piece that has none."""
    steps = [
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.Split(",", behavior="removed"),
        pre_tokenizers.ByteLevel(add_prefix_space=True),
    ]
    return json.loads(trained(pre_tokenizers.Sequence(steps), 360).to_str())


def grouped_digits() -> dict:
    """Digits in groups, and only what a regex matches is kept."""
    steps = [
        pre_tokenizers.Digits(individual_digits=False),
        pre_tokenizers.Split(Regex(r"[a-z]+|\s+"), behavior="removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ]
    return json.loads(trained(pre_tokenizers.Sequence(steps), 360).to_str())


def gpt_neox_like() -> dict:
    """NFC first; runs of blanks are added tokens that are looked for in the normalized text."""
    tokenizer = trained(pre_tokenizers.ByteLevel(add_prefix_space=False), 380)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in (2, 3, 4, 8)])
    tokenizer.add_tokens([AddedToken("\u00e9x", normalized=True)])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return json.loads(tokenizer.to_str())


def qwen2_like() -> dict:
    """NFC, single digits by regex, special tokens of ChatML, no BOS."""
    pattern = LLAMA3_PATTERN.replace(r"\p{N}{1,3}", r"\p{N}")
    steps = [
        pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
    tokenizer = trained(pre_tokenizers.Sequence(steps), 420)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    return json.loads(tokenizer.to_str())


def falcon_like() -> dict:
    """Runs of punctuation alone, then what ByteLevel cuts."""
    steps = [
        pre_tokenizers.Punctuation("contiguous"),
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ]
    return json.loads(trained(pre_tokenizers.Sequence(steps), 360).to_str())


def character_bpe(vocab: int) -> dict:
    """BPE of characters with a token for every byte, as LLaMA-2 has it; merges learned here."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=True)
    specials = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(vocab_size=vocab, special_tokens=specials, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    made = json.loads(tokenizer.to_str())
    learned = sorted(made["model"]["vocab"], key=made["model"]["vocab"].get)
    tokens = [*specials, *(f"<0x{byte:02X}>" for byte in range(256)), *learned[len(specials) :]]
    made["model"]["vocab"] = {token: i for i, token in enumerate(tokens)}
    made["model"] |= {"byte_fallback": True, "fuse_unk": True}
    made["pre_tokenizer"] = None
    made["decoder"] = {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    }
    tokenizer = Tokenizer.from_str(json.dumps(made))
    tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return json.loads(tokenizer.to_str())


def llama2_like() -> dict:
    return character_bpe(480)


def no_byte_tokens() -> dict:
    """Characters without a token become <unk>, one for a run of them."""
    made = character_bpe(480)
    made["model"]["byte_fallback"] = False
    return made


def metaspace(scheme: str, split: bool) -> dict:
    """The spelling of newer files: the blank is a matter of the pre-tokenizer."""
    made = character_bpe(460)
    step = {
        "type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": split,
    }  # fmt: skip
    made |= {"normalizer": None, "pre_tokenizer": step}
    made["decoder"] = {
        "type": "Sequence",
        "decoders": [{"type": "ByteFallback"}, step],
    }
    made["added_tokens"].append(
        {
            "id": len(made["model"]["vocab"]), "content": "<|end|>", "single_word": False,
            "lstrip": False, "rstrip": False, "normalized": False, "special": True,
        }
    )  # fmt: skip
    return made


def metaspace_first() -> dict:
    return metaspace("first", split=False)


def metaspace_always() -> dict:
    return metaspace("always", split=True)


MAKERS: list[Callable[[], dict]] = [
    plain,
    gpt_neox_like,
    qwen2_like,
    falcon_like,
    llama2_like,
    no_byte_tokens,
    metaspace_first,
    metaspace_always,
    string_merges,
    llama3_like,
    digits_and_removal,
    grouped_digits,
]


def cases(tokenizer: Tokenizer, texts: list[str]) -> list[dict]:
    rows = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        rows.append(
            {
                "text": text,
                "ids": ids,
                "ids_with_special": tokenizer.encode(text).ids,
                "decoded": tokenizer.decode(ids),
                "decoded_with_special": tokenizer.decode(ids, skip_special_tokens=False),
            }
        )
    # Ids in any order: bytes that are not UTF-8 must decode as the library decodes them.
    rng = random.Random(7)
    known = sorted(tokenizer.get_vocab().values())
    for _ in range(20):
        ids = rng.choices(known, k=rng.randint(1, 12))
        rows.append(
            {
                "ids_only": ids,
                "decoded": tokenizer.decode(ids),
                "decoded_with_special": tokenizer.decode(ids, skip_special_tokens=False),
            }
        )
    return rows


def sentencepiece_cases(folder: Path, texts: list[str]) -> None:
    """A small model of SentencePiece itself, in the way of LLaMA-2."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS * 4), model_prefix=f"{scratch}/made", vocab_size=420,
            model_type="bpe", byte_fallback=True, normalization_rule_name="identity",
            remove_extra_whitespaces=False, split_digits=True, num_threads=1, minloglevel=2,
            user_defined_symbols=["<tool>"],
        )  # fmt: skip
        model = Path(f"{scratch}/made.model").read_bytes()
    (folder / "tokenizer.model").write_bytes(model)
    library = sentencepiece.SentencePieceProcessor(model_proto=model)
    rows = []
    for text in texts:
        ids = library.encode(text)
        decoded = library.decode(ids)
        rows.append(
            {
                "text": text,
                "ids": ids,
                "ids_with_special": [library.bos_id(), *ids],
                "decoded": decoded,
                "decoded_with_special": decoded,
            }
        )
    write_cases(folder, rows)


def write_cases(folder: Path, rows: list[dict]) -> None:
    lines = ",\n".join(json.dumps(row) for row in rows)
    (folder / "cases.json").write_text(f'{{"cases": [\n{lines}\n]}}\n')


def main() -> None:
    texts = TEXTS + random_texts(40, seed=11)
    for make in MAKERS:
        folder = HERE / make.__name__
        folder.mkdir(exist_ok=True)
        file = folder / "tokenizer.json"
        file.write_text(json.dumps(make(), separators=(",", ":"), ensure_ascii=True) + "\n")
        tokenizer = Tokenizer.from_file(str(file))
        write_cases(folder, cases(tokenizer, texts))
    sentencepiece_cases(HERE / "sentencepiece", texts)
    shipped = HERE.parents[3] / "model/checkpoints/sterna-5m/tokenizer.json"
    if shipped.exists():
        (HERE / "sterna-5m").mkdir(exist_ok=True)
        rows = cases(Tokenizer.from_file(str(shipped)), texts)
        write_cases(HERE / "sterna-5m", rows)


if __name__ == "__main__":
    main()
