"""The live lines of a register at a place that a roster, a store or a class may use: by state, today."""

from __future__ import annotations

from collections.abc import Sequence

from gezhi.engines.matching import access
from gezhi.foundation.calendar import clock
from gezhi.foundation.subjects import definitions, facts_of
from gezhi.foundation.subjects.models import Entry, Subject

MOST = 2_000


def lines(register: str, states: Sequence[str], place_id: int) -> list[tuple[Subject, Entry]]:
    """(subject, line) at the place and inside it, each subject once, in the order they came. Two queries."""
    declared, today = definitions.register(register), clock.today()
    rows = list(Entry.objects.filter(access.inside(place_id), register=register, until=None).order_by("pk")[:MOST])
    whos = Subject.objects.in_bulk({row.subject_id for row in rows})
    found: dict[int, tuple[Subject, Entry]] = {}
    for row in rows:
        who = whos[row.subject_id]
        fit = not states or declared.state_of(facts_of(declared, row.values, who, today, row), today) in states
        if fit and not who.ended:
            found.setdefault(who.pk, (who, row))
    return list(found.values())
