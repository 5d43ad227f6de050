"""Categories of matters: by code, by name, as a tree for pickers, and suggested from a resident's words.

Three schemes: "matter" and "component" of GB/T 47678.5 (its key is kind + code, hence the letter before the five
digits), "request" the three-level taxonomy of citizens' requests. A path is "一级/二级" or "一级/二级/名称".
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OPENING = 30
SCHEMES = ("request", "matter", "component")


@dataclass(frozen=True, slots=True)
class Category:
    """One entry. `unit` is the name of the department that answers for it, "" when the pack names none."""

    code: str
    scheme: str
    l1: str
    l2: str
    name: str
    unit: str = ""

    @property
    def path(self) -> str:
        """一级/二级/名称."""
        return f"{self.l1}/{self.l2}/{self.name}"

    @property
    def label(self) -> str:
        """The name, with its group before it when the name alone says nothing (其他)."""
        return f"{self.l2}：{self.name}" if self.name.startswith("其他") and self.l2 != self.name else self.name


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category that a text seems to speak of. `score` in (0, 1]; `words`: (word, start, end) found in the text."""

    code: str
    score: float
    words: tuple[tuple[str, int, int], ...]

    def __iter__(self):
        return iter((self.code, self.score, self.words))


class Catalogue:
    """An immutable set of categories, usually the joined ones of all packs."""

    def __init__(self, categories: Mapping[str, Category], hints: Mapping[str, Sequence[str]]) -> None:
        self._by_code = dict(categories)
        self.hints = {code: tuple(words) for code, words in hints.items() if code in self._by_code}
        self._by_name: dict[str, list[Category]] = {}
        self._paths: set[str] = set()
        for c in self._by_code.values():
            self._by_name.setdefault(c.name, []).append(c)
            self._paths |= {c.l1, f"{c.l1}/{c.l2}", c.path}
        self._words: dict[str, tuple[str, ...]] = {}
        for code, words in self.hints.items():
            for word in words:
                self._words[word] = (*self._words.get(word, ()), code)

    @classmethod
    def of(cls, bodies: Iterable[Mapping[str, Any]]) -> Catalogue:
        """The catalogue of pack bodies; later bodies refine earlier ones."""
        rows: dict[str, list[str]] = {}
        units: dict[str, str] = {}
        hints: dict[str, Sequence[str]] = {}
        for body in bodies:
            rows |= {row[0]: row for row in body["rows"]}
            units |= body["units"]
            hints |= body["hints"]
        made = {}
        for code, scheme, l1, l2, name in rows.values():
            unit = units.get(f"{l1}/{l2}/{name}") or units.get(f"{l1}/{l2}") or units.get(l1, "")
            made[code] = Category(code, scheme, l1, l2, name, unit)
        return cls(made, hints)

    @classmethod
    def join(cls, catalogues: Iterable[Catalogue | None]) -> Catalogue:
        """Several catalogues as one; later ones win."""
        made: dict[str, Category] = {}
        hints: dict[str, Sequence[str]] = {}
        for catalogue in catalogues:
            if catalogue is not None:
                made |= catalogue._by_code
                hints |= catalogue.hints
        return cls(made, hints)

    def __len__(self) -> int:
        return len(self._by_code)

    def __iter__(self):
        return iter(self._by_code.values())

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def get(self, code: str | None) -> Category | None:
        """The category with this code."""
        return self._by_code.get(code) if code else None

    def find(self, written: str) -> Category | None:
        """By code, by path, or by a name that only one category has."""
        said = written.strip()
        found = self._by_code.get(said.upper())
        if found is not None:
            return found
        if "/" in said:
            return next((c for c in self._by_name.get(said.rsplit("/", 1)[1], ()) if c.path == said), None)
        named = self._by_name.get(said, [])
        return named[0] if len(named) == 1 else None

    def known_path(self, path: str) -> bool:
        """Whether a first, second or third level has this path."""
        return path in self._paths

    def nearest(self, written: str) -> Category | None:
        """The category whose name or code is closest to what was written, or None when none is close."""
        said = written.strip()[:80]
        names = difflib.get_close_matches(said, self._by_name, n=1, cutoff=0.5)
        if names:
            return self._by_name[names[0]][0]
        codes = difflib.get_close_matches(said.upper(), self._by_code, n=1, cutoff=0.7)
        return self._by_code[codes[0]] if codes else None

    def search(self, query: str, *, limit: int = 20) -> list[Category]:
        """Categories whose name, group, hint or code holds the words of `query`, best first."""
        words = query.split()[:5]
        if not words:
            return []

        def rank(c: Category) -> int | None:
            hints = " ".join(self.hints.get(c.code, ()))
            text = f"{c.code} {c.path} {hints}"
            if not all(w.lower() in text.lower() for w in words):
                return None
            if c.name == words[0]:
                return 0
            return 1 if words[0] in c.name else 2 if words[0] in hints else 3

        ranked = [(r, len(c.name), c.code, c) for c in self._by_code.values() if (r := rank(c)) is not None]
        return [c for *_order, c in sorted(ranked, key=lambda entry: entry[:3])[:limit]]

    def tree(self, scheme: str = "request") -> list[dict[str, Any]]:
        """For pickers: [{"name", "children": [{"name", "children": [{"code", "name"}]}]}] in catalogue order."""
        levels: dict[str, dict[str, list[Category]]] = {}
        for c in self._by_code.values():
            if c.scheme == scheme:
                levels.setdefault(c.l1, {}).setdefault(c.l2, []).append(c)
        return [
            {
                "name": l1,
                "children": [
                    {"name": l2, "children": [{"code": c.code, "name": c.name} for c in third]}
                    for l2, third in second.items()
                ],
            }
            for l1, second in levels.items()
        ]

    def suggest(self, text: str, *, limit: int = 3) -> list[Suggestion]:
        """What a text seems to be about, by the hint words it holds: a suggestion, never a decision.

        A word counts by its length, twice in the first 30 characters (people begin with the matter), less when
        several categories share it or when it is repeated; a longer word hides a shorter one at the same spot.
        Scores are shares of all that was found, highest first.
        """
        found = _matches(text[:5_000], self._words)
        weights: dict[str, float] = {}
        spans: dict[str, list[tuple[str, int, int]]] = {}
        for word, start, end in found:
            for code in self._words[word]:
                # A word said again adds less: length of the text must not decide.
                again = sum(1 for w, *_span in spans.get(code, ()) if w == word)
                weight = len(word) * (2 if start < OPENING else 1) / len(self._words[word]) / (1 + 3 * again)
                weights[code] = weights.get(code, 0.0) + weight
                spans.setdefault(code, []).append((word, start, end))
        total = sum(weights.values())
        best = sorted(weights, key=lambda code: (-weights[code], code))[:limit]
        return [Suggestion(code, round(weights[code] / total, 3), tuple(spans[code])) for code in best]


def _matches(text: str, words: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """(word, start, end) of every hint word in the text, longest first at each place, in order."""
    hits: list[tuple[str, int, int]] = []
    for word in words:
        at = text.find(word)
        while at >= 0:
            hits.append((word, at, at + len(word)))
            at = text.find(word, at + len(word))
    hits.sort(key=lambda h: (h[1] - h[2], h[1]))
    taken: list[tuple[str, int, int]] = []
    for hit in hits:
        if all(hit[2] <= t[1] or hit[1] >= t[2] for t in taken):
            taken.append(hit)
    return sorted(taken, key=lambda h: h[1])
