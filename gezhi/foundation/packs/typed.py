"""Typed views of pinned bodies: a body never changes, so one view of each serves for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from gezhi.foundation import packs

T = TypeVar("T")


class Typed(Generic[T]):
    """`DOCUMENTS = Typed("document", Template.of)`; `DOCUMENTS.get(name)` is the newest version, typed."""

    def __init__(self, kind: str, of: Callable[[str, int, str, Mapping[str, Any]], T]) -> None:
        self._kind, self._of = kind, of
        self._made: dict[tuple[str, int, str], T] = {}

    def get(self, name: str, version: int | None = None) -> T:
        """That version, without one the newest. Raises NotFound pack.not_installed."""
        known = packs.registry()
        entry = known.get(self._kind, name, version)
        key = (entry.name, entry.version, entry.hash)
        if key not in self._made:
            self._made[key] = self._of(*key, known.body(self._kind, name, entry.version))
        return self._made[key]

    def all(self) -> list[T]:
        """The newest version of each, in the order of their packs."""
        return [self.get(name) for name in packs.registry().names(self._kind)]
