# SPDX-License-Identifier: Apache-2.0
"""Training and held-out text from two public-domain Bibles packaged by Debian.

`bible-kjv` gives the King James Version (the `bible` program prints it) and `sword-text-web` the
World English Bible (a SWORD module, read with PyPI's `pysword`). The unit is the chapter: a heading
line, then one verse a line. A held-out chapter is held out in both translations.
"""

import html
import re
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pysword.books import BibleStructure

SWORD_ROOT = Path("/usr/share/sword")
WEB_MODULE = "engWEB2015eb"

BOOKS = [
    "Genesis", "Exodus", "Leviticus", "Numbers", "Deuteronomy", "Joshua", "Judges", "Ruth",
    "1 Samuel", "2 Samuel", "1 Kings", "2 Kings", "1 Chronicles", "2 Chronicles", "Ezra",
    "Nehemiah", "Esther", "Job", "Psalms", "Proverbs", "Ecclesiastes", "Song of Solomon",
    "Isaiah", "Jeremiah", "Lamentations", "Ezekiel", "Daniel", "Hosea", "Joel", "Amos", "Obadiah",
    "Jonah", "Micah", "Nahum", "Habakkuk", "Zephaniah", "Haggai", "Zechariah", "Malachi",
    "Matthew", "Mark", "Luke", "John", "Acts", "Romans", "1 Corinthians", "2 Corinthians",
    "Galatians", "Ephesians", "Philippians", "Colossians", "1 Thessalonians", "2 Thessalonians",
    "1 Timothy", "2 Timothy", "Titus", "Philemon", "Hebrews", "James", "1 Peter", "2 Peter",
    "1 John", "2 John", "3 John", "Jude", "Revelation",
]  # fmt: skip

# Second tellings of books that are in the text already: they would give held-out chapters away.
SECOND_TELLINGS = {"EsthGr", "1Esd", "PrAzar", "Sus", "Bel"}

# Chapters that another chapter repeats nearly word for word: never held out.
PARALLEL = {
    "2 Samuel": {22}, "2 Kings": {18, 19, 20, 24, 25}, "1 Chronicles": {16}, "Ezra": {1, 2},
    "2 Chronicles": {5, 6, 9, 10, 18, 34, 36}, "Nehemiah": {7}, "Isaiah": {2, 36, 37, 38, 39},
    "Psalms": {14, 18, 40, 53, 57, 60, 70, 96, 105, 106, 108}, "Jeremiah": {39, 52}, "Micah": {4},
}  # fmt: skip

_KJV_LINE = re.compile(r"^([0-9]?[A-Za-z]+)(\d+):(\d+) (.*)$")
_NOTE = re.compile(r"<note\b.*?</note>|<title\b[^>]*>.*?</title>", re.DOTALL)
_BREAK = re.compile(r"<(?:l|lg|lb|p|div|milestone|title)\b[^>]*>")
_TAG = re.compile(r"<[^>]+>")
_ASCII = str.maketrans("\u201c\u201d\u2018\u2019\u2014\u2013\u00a0", "\"\"''-- ")


@dataclass(frozen=True)
class Chapter:
    """One chapter of one translation."""

    translation: str
    book: str
    number: int
    verses: tuple[str, ...]

    @property
    def key(self) -> tuple[str, int]:
        """What two translations of the same chapter share."""
        return self.book, self.number

    def text(self) -> str:
        return "\n".join((f"{self.book} {self.number}", *self.verses)) + "\n"


@dataclass(frozen=True)
class Corpus:
    train: tuple[Chapter, ...]
    held_out: tuple[Chapter, ...]


def plain_text(osis: str) -> str:
    """Strip OSIS markup, footnotes and titles from one verse; fold typographic signs to ASCII."""
    text = _BREAK.sub(" ", _NOTE.sub(" ", osis))
    text = html.unescape(_TAG.sub("", text)).translate(_ASCII)
    text = re.sub(r"\s+([,.;:?!])", r"\1", text)
    return " ".join(text.split())


def _group(translation: str, verses: Iterator[tuple[str, int, str]]) -> list[Chapter]:
    grouped: dict[tuple[str, int], list[str]] = {}
    for book, number, verse in verses:
        grouped.setdefault((book, number), []).append(verse)
    return [Chapter(translation, b, n, tuple(v)) for (b, n), v in grouped.items()]


def king_james() -> list[Chapter]:
    command = ["bible", "-f", "gen1:1-rev22:21"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def verses() -> Iterator[tuple[str, int, str]]:
        seen: list[str] = []
        for line in printed.splitlines():
            abbreviation, chapter, _, verse = _KJV_LINE.match(line).groups()
            if abbreviation not in seen:
                seen.append(abbreviation)
            yield BOOKS[len(seen) - 1], int(chapter), " ".join(verse.split())

    return _group("KJV", verses())


def _modern_name(name: str) -> str:
    """SWORD counts books in Roman numerals; use the King James list's names."""
    for numeral, digit in (("I ", "1 "), ("II ", "2 "), ("III ", "3 "), ("IV ", "4 ")):
        if name.startswith(numeral):
            name = digit + name.removeprefix(numeral)
    return "Revelation" if name == "Revelation of John" else name


class SwordText:
    """Reader of a SWORD zText module: verses lie in zlib blocks, found through two index files."""

    def __init__(self, folder: Path, testament: str):
        self.verses = np.fromfile(
            folder / f"{testament}.bzv",
            dtype=[("block", "<u4"), ("start", "<u4"), ("bytes", "<u2")],
        )
        places = np.fromfile(folder / f"{testament}.bzs", dtype="<u4").reshape(-1, 3)
        packed = (folder / f"{testament}.bzz").read_bytes()
        self.blocks = [zlib.decompress(packed[start : start + count]) for start, count, _ in places]

    def __getitem__(self, index: int) -> str:
        verse = self.verses[index]
        block = self.blocks[verse["block"]]
        return block[verse["start"] : verse["start"] + verse["bytes"]].decode("utf-8")


def world_english(sword_root: Path = SWORD_ROOT) -> list[Chapter]:
    folder = sword_root / "modules" / "texts" / "ztext" / WEB_MODULE
    structure = BibleStructure("nrsva")

    def verses() -> Iterator[tuple[str, int, str]]:
        for testament, books in structure.get_books().items():
            sword_text = SwordText(folder, testament)
            for book in books:
                if book.osis_name in SECOND_TELLINGS:
                    continue
                for number in range(1, book.num_chapters + 1):
                    found = structure.ref_to_indicies(books=[book.name], chapters=[number])
                    raw = (sword_text[i] for i in found[testament])
                    for verse in filter(None, map(plain_text, raw)):
                        yield _modern_name(book.name), number, verse

    return _group("WEB", verses())


def split(chapters: list[Chapter], held_out_fraction: float, seed: int) -> Corpus:
    """Hold out a fraction of the chapters, the same ones in every translation."""
    keys = sorted({c.key for c in chapters})
    wanted = round(held_out_fraction * len(keys))
    allowed = [key for key in keys if key[1] not in PARALLEL.get(key[0], ())]
    picked = np.random.default_rng(seed).choice(len(allowed), size=wanted, replace=False)
    held = {allowed[i] for i in picked}
    return Corpus(
        train=tuple(c for c in chapters if c.key not in held),
        held_out=tuple(c for c in chapters if c.key in held),
    )


def joined(chapters: tuple[Chapter, ...] | list[Chapter]) -> str:
    return "\n".join(c.text() for c in chapters)
