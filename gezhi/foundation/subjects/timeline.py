"""One timeline of a subject, derived from every room that knows something: nothing in it was typed for it (一人一档).

    @timeline.source("duties")
    def lines(subject_ids, actor, limit): ...     # -> Iterable[Line], only what the actor may see, newest first

A source is asked for all ids of a merged family at once and makes as few queries as it can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gezhi.foundation.people import Actor


@dataclass(frozen=True)
class Line:
    """One thing that happened. `on`: local date; `at`: the instant, when known; `title`, `text` ready to be shown;
    `opens`: ("case", 12) and the like, what a page links to; `seat`: who, as a seat id; `about`: which subject, when known."""

    on: date
    source: str
    title: str
    text: str = ""
    at: datetime | None = None
    opens: tuple[str, Any] | None = None
    seat: int | None = None
    key: str = ""
    about: int = 0


PlaceSource = Callable[[int, Actor, date, date, int], Iterable[Line]]
PLACE_SOURCES: dict[str, PlaceSource] = {}
Source = Callable[[Sequence[int], Actor, int], Iterable[Line]]
SOURCES: dict[str, Source] = {}


def source(name: str) -> Callable[[Source], Source]:
    """Register a source; the same name replaces the one before."""

    def register(function: Source) -> Source:
        SOURCES[name] = function
        return function

    return register


def place_source(name: str) -> Callable[[PlaceSource], PlaceSource]:
    """Register what a room tells of a place: `fn(place_id, actor, since, until, limit)`; `until` is no longer part."""

    def register(function: PlaceSource) -> PlaceSource:
        PLACE_SOURCES[name] = function
        return function

    return register


def of_place(place_id: int, actor: Actor, since: date, until: date, *, limit: int = 300) -> list[Line]:
    """What happened in a place and below between two days, as far as the actor may know, newest first (一乡一册)."""
    found = [
        line for name in sorted(PLACE_SOURCES) for line in PLACE_SOURCES[name](place_id, actor, since, until, limit)
    ]
    return _newest_first(found)[:limit]


def _newest_first(lines: Iterable[Line]) -> list[Line]:
    def order(line: Line) -> tuple[date, str, str, str]:
        return line.on, line.at.isoformat() if line.at else "", line.source, line.key

    return sorted(lines, key=order, reverse=True)


def timeline(subject_id: int, actor: Actor, *, limit: int = 200) -> list[Line]:
    """Everything the actor may know of a subject and of those merged into it, newest first.

    The same log gives the same lines in the same order. Raises NotFound subject.none.
    """
    from . import access, queries

    access.subject_for(subject_id, actor)
    return of_subjects(queries.family(subject_id), actor, limit=limit)


def of_subjects(subject_ids: Sequence[int], actor: Actor, *, limit: int = 200) -> list[Line]:
    """The same for several subjects at once, which the caller made sure may be seen: a query a room, however many."""
    found = [line for name in sorted(SOURCES) for line in SOURCES[name](subject_ids, actor, limit)]
    return _newest_first(found)[:limit]
