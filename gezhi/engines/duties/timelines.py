"""Visits on the timeline of whom they were about: derived, so that nobody writes them into a file (一人一档)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from django.db.models import Count
from django.utils.translation import gettext as _

from gezhi.engines.duties.access import sees
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.rules import DONE, MISSED, WAIVED
from gezhi.engines.duties.schema import rules
from gezhi.foundation import packs, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects import access, definitions
from gezhi.foundation.subjects.timeline import Line, place_source, source


def register() -> None:
    """Offer the source to the subjects room."""
    source("duties")(lines)
    place_source("duties")(of_place)


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
            about=row.subject_id,
        )  # fmt: skip


def of_place(place_id: int, actor: Actor, since: date, until: date, limit: int) -> Iterable[Line]:
    """A line a rule and period whose window closed between the days: due, done, missed, waived. One query."""
    kind = places.directory().place(place_id).kind
    column = kind if kind in ("county", "town", "village") else "grid"
    known = {rule.name: rule for rule in rules() if sees(rule, place_id, actor)}
    rows = Done.objects.filter(
        **{f"{column}_id": place_id}, rule__in=known, state__in=(DONE, MISSED, WAIVED),
        closes__gt=clock.midnight(since), closes__lte=clock.midnight(until),
    )  # fmt: skip
    found: dict[tuple[str, str, date], Counter[str]] = {}
    counted = rows.values_list("rule", "period", "closes", "state").annotate(n=Count("pk")).order_by("-closes")
    for name, period, closes, state, n in counted[: limit * 3]:
        day = clock.local(closes - timedelta(seconds=1)).date()
        found.setdefault((name, period, day), Counter())[state] += n
    for (name, period, day), at in found.items():
        said = [_("应做 {n}").format(n=at.total())]
        for state, words in ((DONE, _("做了 {n}")), (MISSED, _("没做到 {n}")), (WAIVED, _("免做 {n}"))):
            said += [words.format(n=at[state])] if at[state] else []
        opens = ("duty_rule", (name, period))
        yield Line(day, "duties", packs.say(known[name].title), "，".join(said), None, opens, None, f"{name}:{period}")
