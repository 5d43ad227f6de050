"""Whom a register is for, and when its lines may end: what packs say under `for` and `end_when`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Q

from gezhi.foundation.calendar import clock

from . import definitions, refusals
from .definitions import Register
from .models import Entry, Subject
from .rule_facts import facts_of


def meant(declared: Register, rows: Q, subject_ids: Collection[int] | None = None) -> list[Subject]:
    """The subjects the register is for, by their live lines in the other one, among `rows` (a Q over lines), by number.

    Two queries. Empty when the register is for nobody in particular.
    """
    if declared.whom is None or declared.whom.field:
        return []
    other, program, today = definitions.register(declared.whom.register), declared.whom.program, clock.today()
    found = Entry.objects.filter(rows, register=other.name, until=None)
    if subject_ids is not None:
        found = found.filter(subject_id__in=subject_ids)
    lines = list(found.order_by("pk"))
    whos = Subject.objects.in_bulk({line.subject_id for line in lines})
    fit = {
        line.subject_id
        for line in lines
        if program is None
        or program.holds(facts_of(other, line.values, whos[line.subject_id], today, line), today=today)
    }
    return [whos[id] for id in sorted(fit)]


def refuse_others(declared: Register, subjects: Sequence[Subject]) -> None:
    """Raises Conflict subject.not_meant when one of them is not among those the register is only for."""
    if declared.whom is None or not declared.whom.only or declared.whom.field:
        return
    fit = {row.pk for row in meant(declared, Q(), [row.pk for row in subjects])}
    for row in subjects:
        if row.pk not in fit:
            other = definitions.register(declared.whom.register)
            raise refusals.NOT_MEANT(label=row.label, register=declared.said, other=other.said)


def refuse_to_end(lines: Sequence[Entry]) -> None:
    """Raises Conflict subject.not_to_end when a line's register says that it may not end yet. One query where any does."""
    held = [(line, declared) for line in lines if (declared := definitions.register(line.register)).end_when]
    if not held:
        return
    whos, today = Subject.objects.in_bulk({line.subject_id for line, _declared in held}), clock.today()
    for line, declared in held:
        who = whos[line.subject_id]
        if not declared.may_end(facts_of(declared, line.values, who, today, line), today):
            raise refusals.NOT_TO_END(label=who.label, register=declared.said)
