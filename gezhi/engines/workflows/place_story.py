"""What cases tell of a place's timeline: each matter raised there, as far as the reader may see it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from gezhi.engines.workflows.listing import Filters, page
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects.timeline import Line, place_source


def register() -> None:
    """Offer the source to the subjects room."""
    place_source("cases")(lines)


def lines(place_id: int, actor: Actor, since: date, until: date, limit: int) -> Iterable[Line]:
    """A line a case that was raised between the days, by its number and title; the list's own rule says which."""
    wanted = Filters(place=place_id, since=clock.midnight(since), until=clock.midnight(until))
    for row in page(actor, wanted, size=min(limit, 100)).rows:
        yield Line(
            clock.local(row.case.opened_at).date(), "cases", row.title, f"{row.case.number} · {row.stage_title}",
            row.case.opened_at, ("case", row.case.pk), None, str(row.case.pk),
        )  # fmt: skip
