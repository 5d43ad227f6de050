"""Visits on the timeline of whom they were about: derived, so that nobody writes them into a file (一人一档)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from gezhi.engines.duties.models import Done
from gezhi.engines.duties.rules import DONE, MISSED, WAIVED
from gezhi.engines.duties.schema import rules
from gezhi.foundation import packs
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects import access, definitions
from gezhi.foundation.subjects.timeline import Line, source


def register() -> None:
    """Offer the source to the subjects room."""
    source("duties")(lines)


def lines(subject_ids: Sequence[int], actor: Actor, limit: int) -> Iterable[Line]:
    """One line a period that was done, missed or waived. One query. Who may see the register may see that there was a visit."""
    known = {rule.name: rule for rule in rules() if rule.over[0] == "register"}
    of = {name: definitions.register(rule.over[1]) for name, rule in known.items()}
    rows = Done.objects.filter(subject_id__in=subject_ids, rule__in=known, state__in=(DONE, MISSED, WAIVED))
    said = {DONE: _("做了"), MISSED: _("没做到"), WAIVED: _("免做")}
    for row in rows.order_by("-closes", "-id")[:limit]:
        if not access.may(actor, row, of[row.rule]):
            continue  # that somebody is visited for a register tells that they stand in it
        at = row.at or row.recorded_at or row.closes
        word = _("补做") if row.state == DONE and row.late else said[row.state]
        text = _("有事，报成了案") if row.case_id else _("有事") if row.trouble else word
        yield Line(
            on=clock.local(at).date(), source="duties", title=packs.say(known[row.rule].title), text=text, at=at,
            opens=("case", row.case_id) if row.case_id else None, seat=row.seat_id, key=f"{row.rule}:{row.period}",
        )  # fmt: skip
