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
#: A window longer than this is no reason to stand in the list all the time: see `_turn`.
_LONG = timedelta(days=31)
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class DutyLine:
    """A duty on the list. `clock` overdue, soon or running; `day`/`hour` its two words of time; `ready`: 正常 needs nothing
    typed; `turn`: where it stands in the list, "today", "week" (in seven days) or "later"."""

    owed: Owed
    clock: str
    day: str
    hour: str
    title: str
    said: str
    where: str
    ready: bool
    turn: str
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
    title = with_age(owed.label, owed.age if owed.person else None)
    required = any(f.required or f.required_when for f in owed.rule.form)
    where = places.directory().label(owed.place_id, since="village") if owed.rule.over[0] == "register" else ""
    return DutyLine(owed, state, day, hour, title, owed.says, where, not required, _turn(owed, now))


def with_age(label: str, age: int | None) -> str:
    """秦○，82 岁: a surname alone tells two neighbours not apart."""
    return label if age is None else _("{who}，{age} 岁").format(who=label, age=age)


def _turn(owed: Owed, now: datetime) -> str:
    """Today what closes tonight or was planned for a day up to today; in a week what comes in the next seven days.

    A window of a quarter or a year would stand among today's for months: it comes on its planned day, stays a week, and
    comes back in its last seven days; between these it lies folded with the rest.
    """
    today = clock.local(now).date()
    day = planned(Period(owed.period, owed.opens, owed.closes), owed.subject_id, calendar.is_workday)
    if owed.closes <= words.midnight(now):
        return "today"
    if day <= today and (owed.closes - owed.opens <= _LONG or day > today - _WEEK):
        return "today"
    return "week" if today < day < today + _WEEK or owed.closes <= words.midnight(now) + _WEEK else "later"


def pile(actor: Actor, now: datetime) -> list[Owed]:
    """What was recorded today, for the pile at the bottom. Two queries."""
    return queries.done_today(actor, now)
