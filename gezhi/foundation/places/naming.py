"""Which place do these words speak of? The longest name that stands in them; names two places share decide nothing alone.

Villages, communities and towns by their names and by what people call them, then the numbered grids and buildings inside
the village that was found (第 3 网格, 7 号楼). A suggestion from words, never a proof: docs/rules/sheets.md
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator

from .snapshot import Directory, short_name

_FINE = ("grid1", "grid2", "grid3", "building")


class Namer:
    """The names inside one place, ready for many texts. Build it once per import, from one directory."""

    def __init__(self, directory: Directory, within: int) -> None:
        self.directory, self.within = directory, within
        self._names: dict[str, list[tuple[str, int]]] = defaultdict(list)  # by the first two characters
        for id in (within, *directory.descendants(within)):
            place = directory.place(id)
            if place.kind in ("town", "village"):
                for form in {plain(place.name), plain(short_name(place.name))}:
                    if len(form) >= 2:
                        self._names[form[:2]].append((form, id))
        self._inside: dict[int, list[tuple[str, int]]] = {}

    def find(self, *texts: str) -> int | None:
        """The place the first text that names one speaks of, or None; earlier texts (an address) come first."""
        for text in texts:
            words = plain(text or "")
            found = self._settle(list(self._hits(words)))
            if found is not None:
                return self._finer(found, words)
        return None

    def _hits(self, words: str) -> Iterator[tuple[str, int]]:
        for at in range(len(words) - 1):
            for form, id in self._names.get(words[at : at + 2], ()):
                if words.startswith(form, at):
                    yield form, id

    def _settle(self, hits: list[tuple[str, int]]) -> int | None:
        """The longest village name; between equally long ones the town that is named too; else the only town."""
        place = self.directory.place
        towns = {id for _form, id in hits if place(id).kind == "town"}
        villages = [(form, id) for form, id in hits if place(id).kind == "village"]
        if villages:
            longest = max(len(form) for form, _id in villages)
            best = {id for form, id in villages if len(form) == longest}
            if len(best) > 1:
                best = {id for id in best if self.directory.parent(id) in towns}
            if len(best) == 1:
                return best.pop()
        if len(towns) > 1:
            longest = max(len(form) for form, id in hits if id in towns)
            towns = {id for form, id in hits if id in towns and len(form) == longest}
        return towns.pop() if len(towns) == 1 else None

    def _finer(self, id: int, words: str) -> int:
        if self.directory.place(id).kind != "village":
            return id
        names = self._inside.get(id)
        if names is None:
            kinds = [(c, self.directory.place(c)) for c in self.directory.descendants(id)]
            names = [(plain(p.name), c) for c, p in kinds if p.kind in _FINE and len(plain(p.name)) >= 2]
            names = self._inside[id] = sorted(names, key=lambda n: -len(n[0]))
        for form, inner in names:
            at = words.find(form)
            # 17号楼 is not 7号楼.
            if at >= 0 and not (at and words[at - 1].isdigit() and form[0].isdigit()):
                return inner
        return id


def plain(text: str) -> str:
    """Words for comparing: full-width forms as half, no spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split())
