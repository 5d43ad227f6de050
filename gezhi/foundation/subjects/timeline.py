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
    `opens`: ("case", 12) and the like, what a page links to; `seat`: who, as a seat id."""

    on: date
    source: str
    title: str
    text: str = ""
    at: datetime | None = None
    opens: tuple[str, Any] | None = None
    seat: int | None = None
    key: str = ""


Source = Callable[[Sequence[int], Actor, int], Iterable[Line]]
SOURCES: dict[str, Source] = {}


def source(name: str) -> Callable[[Source], Source]:
    """Register a source; the same name replaces the one before."""

    def register(function: Source) -> Source:
        SOURCES[name] = function
        return function

    return register


def timeline(subject_id: int, actor: Actor, *, limit: int = 200) -> list[Line]:
    """Everything the actor may know of a subject and of those merged into it, newest first.

    The same log gives the same lines in the same order. Raises NotFound subject.none.
    """
    from . import access, queries

    access.subject_for(subject_id, actor)
    family = queries.family(subject_id)
    found = [line for name in sorted(SOURCES) for line in SOURCES[name](family, actor, limit)]
    found.sort(key=lambda line: (line.on, line.at.isoformat() if line.at else "", line.source, line.key), reverse=True)
    return found[:limit]
