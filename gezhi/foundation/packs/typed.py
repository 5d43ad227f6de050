"""Typed views of pinned bodies: a body never changes, so one view of each serves for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gezhi.foundation import packs
from gezhi.foundation.packs.reading import localised

T = TypeVar("T")


@dataclass(frozen=True)
class Declared:
    """What a pack declares of one kind, in one version: the base of typed views that read their body themselves."""

    name: str
    version: int
    hash: str
    body: Mapping[str, Any]

    @property
    def title(self) -> str:
        return localised(self.body["title"])

    @property
    def about(self) -> str:
        return localised(self.body.get("about"))


class Typed(Generic[T]):
    """`DOCUMENTS = Typed("document", Template.of)`; `DOCUMENTS.get(name)` is the newest version, typed."""

    def __init__(self, kind: str, of: Callable[[str, int, str, Mapping[str, Any]], T]) -> None:
        self._kind, self._of = kind, of
        self._made: dict[tuple[str, int, str], T] = {}
        self._all: tuple[packs.Registry, list[T]] | None = None  # of the registry that was asked last

    def get(self, name: str, version: int | None = None) -> T:
        """That version, without one the newest. Raises NotFound pack.not_installed."""
        known = packs.registry()
        return self._typed(known, known.get(self._kind, name, version))

    def all(self) -> list[T]:
        """The newest version of each, in the order of their packs."""
        known, held = packs.registry(), self._all
        if held is None or held[0] is not known:
            self._all = held = known, [self._typed(known, known.get(self._kind, n)) for n in known.names(self._kind)]
        return list(held[1])

    def _typed(self, known: packs.Registry, entry: packs.Entry) -> T:
        key = (entry.name, entry.version, entry.hash)
        if key not in self._made:
            self._made[key] = self._of(*key, known.body(self._kind, entry.name, entry.version))
        return self._made[key]
