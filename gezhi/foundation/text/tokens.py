"""From words to tokens: units, bigrams, keyed hashes; and the exact re-check of a candidate.

A *unit* is one CJK (or other) letter, or one whole run of Latin letters and digits. Two units are
neighbours when nothing separates them in the text but case or width. Trigram indexes miss two-character
words such as 路灯, so every unit and every pair of neighbours is indexed.

The index receives only `blake2b(key, unit or pair)`: 30 bits, six letters of base32. Which words a matter
contains cannot be read from a stolen database without the key file that lives elsewhere; deleting the row
erases the matter from search. A rare collision yields one candidate too many, never one too few, and the
caller's re-check with `matches` removes it.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

TOKEN_CHARS = 6
MAX_CHARS = 20_000  # of one document; the rest of a longer text is not searchable
MAX_UNIT = 40  # a longer run of letters or digits is cut: it is a link or an accident
MAX_QUERY_CHARS = 100
MAX_QUERY_TOKENS = 24


@dataclass(frozen=True, slots=True)
class Unit:
    """One letter or one Latin word: folded form, [start, end) in the original text, run number."""

    folded: str
    start: int
    end: int
    run: int


def units(text: str) -> list[Unit]:
    """Cut a text into units; neighbours in the list are adjacent in the text iff they share `run`."""
    found: list[Unit] = []
    run = 0
    word: list[str] = []
    word_at = 0
    broken = True  # has a separator been seen since the last unit?

    def close(end: int) -> None:
        nonlocal broken
        if word:
            found.append(Unit("".join(word)[:MAX_UNIT], word_at, end, run))
            word.clear()
            broken = False

    for at, raw in enumerate(text[:MAX_CHARS]):
        # Folded character by character so that positions in the original survive.
        char = raw if "\u4e00" <= raw <= "\u9fff" else unicodedata.normalize("NFKC", raw).lower()
        if not char or not char[0].isalnum():
            if unicodedata.category(raw) in ("Mn", "Cf"):  # accents and joiners separate nothing
                continue
            close(at)
            broken = True
            continue
        if char.isascii():
            if not word:
                if broken:
                    run += 1
                    broken = False
                word_at = at
            word.append(char)
            continue
        close(at)
        if broken:
            run += 1
        found.append(Unit(char, at, at + 1, run))
        broken = False
    close(min(len(text), MAX_CHARS))
    return found


def grams(text: str) -> set[str]:
    """Every unit and every pair of neighbours of a document."""
    row = units(text)
    found = {u.folded for u in row}
    found.update(f"{a.folded}\x1f{b.folded}" for a, b in zip(row, row[1:], strict=False) if a.run == b.run)
    return found


def query_grams(query: str) -> list[str]:
    """What a document must contain: pairs for words of two units and more, the unit for single ones.

    Empty when the query holds no letter or digit. The order is that of the query.
    """
    row = units(query[:MAX_QUERY_CHARS])
    wanted: dict[str, None] = {}
    for at, unit in enumerate(row):
        after = at + 1 < len(row) and row[at + 1].run == unit.run
        before = at > 0 and row[at - 1].run == unit.run
        if after:
            wanted[f"{unit.folded}\x1f{row[at + 1].folded}"] = None
        elif not before:
            wanted[unit.folded] = None
    return list(wanted)[:MAX_QUERY_TOKENS]


@lru_cache(maxsize=200_000)
def _hash(key: bytes, gram: str) -> str:
    digest = hashlib.blake2b(gram.encode("utf-8", "surrogatepass"), digest_size=4, key=key).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:TOKEN_CHARS]


def hashed(grams_: Iterable[str], key: bytes) -> list[str]:
    """Tokens of the grams, sorted: the order of the words must not survive in the index."""
    return sorted({_hash(key, gram) for gram in grams_})


def _runs(query: str) -> list[list[str]]:
    runs: dict[int, list[str]] = {}
    for unit in units(query[:MAX_QUERY_CHARS]):
        runs.setdefault(unit.run, []).append(unit.folded)
    return list(runs.values())


def spans(query: str, text: str) -> list[tuple[int, int]]:
    """Where the words of the query stand in the text, as [start, end) offsets in reading order.

    Empty when any word of the query is missing, so `bool(spans(q, t))` is `matches(q, t)`.
    """
    row = units(text)
    places: list[tuple[int, int]] = []
    for run in _runs(query):
        hits = [
            (row[at].start, row[at + len(run) - 1].end)
            for at in range(len(row) - len(run) + 1)
            if row[at].run == row[at + len(run) - 1].run
            and all(row[at + step].folded == unit for step, unit in enumerate(run))
        ]
        if not hits:
            return []
        places += hits
    return sorted(set(places))


def matches(query: str, text: str) -> bool:
    """Does the text hold every word of the query, each as an unbroken phrase?"""
    return bool(spans(query, text))
