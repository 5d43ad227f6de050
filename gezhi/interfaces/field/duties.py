"""Duties as lines of the day: the same list as the cases, the same two buttons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from gezhi.engines.duties import queries
from gezhi.engines.duties.queries import Owed
from gezhi.engines.duties.rhythms import Period
from gezhi.engines.duties.rules import MISSED, planned
from gezhi.foundation import calendar, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor
from gezhi.interfaces.site import words

_SOON = timedelta(hours=2)


@dataclass(frozen=True)
class DutyLine:
    """A duty on the list. `clock` overdue, soon or running; `day`/`hour` its two words of time; `ready`: 正常 needs nothing
    typed; `planned`: the day it is put on."""

    owed: Owed
    clock: str
    day: str
    hour: str
    title: str
    said: str
    where: str
    ready: bool
    today: bool
    template: str = "field/_duty.html"

    @property
    def closes(self) -> datetime:
        """What lists are ordered by."""
        return self.owed.closes

    @property
    def address(self) -> list[Any]:
        """The arguments of its pages."""
        return [self.owed.rule.name, self.owed.subject_id, self.owed.period]

    @property
    def path(self) -> str:
        """The part of its address that names it, for the script that hides what is kept in the phone."""
        return reverse("field_duty", args=self.address).partition("/duty/")[2]

    @property
    def key(self) -> str:
        """Tells the line from others in the page."""
        return f"{self.owed.rule.name}-{self.owed.subject_id}-{self.owed.period}".replace("#", "-")


def lines_of(actor: Actor, now: datetime) -> list[DutyLine]:
    """What the worker owes, overdue first. Five queries."""
    return [line_of(owed, now) for owed in queries.owed(actor, now)]


def line_of(owed: Owed, now: datetime) -> DutyLine:
    """A duty as its line says it."""
    state = "overdue" if owed.state == MISSED else "soon" if owed.closes - now <= _SOON else "running"
    if state == "overdue":
        day, hour = "", words.span(now - owed.closes, fine=False)
    else:
        day, hour = words.before_short(owed.closes, now)
    title = owed.label
    if owed.person and owed.age is not None:
        title = _("{who}，{age} 岁").format(who=owed.label, age=owed.age)
    required = any(f.required or f.required_when for f in owed.rule.form)
    today = clock.local(now).date()
    period = Period(owed.period, owed.opens, owed.closes)
    due_today = planned(period, owed.subject_id, calendar.is_workday) <= today
    where = places.directory().label(owed.place_id, since="village") if owed.rule.over[0] == "register" else ""
    return DutyLine(owed, state, day, hour, title, owed.says, where, not required, due_today)


def pile(actor: Actor, now: datetime) -> list[Owed]:
    """What was recorded today, for the pile at the bottom. Two queries."""
    return queries.done_today(actor, now)
