"""What a rule says, typed; and who owes what, decided without a database. docs/rules/duties.md"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from gezhi.engines.duties.rhythms import Period, Rhythm
from gezhi.foundation import calendar, expressions
from gezhi.foundation.calendar import clock
from gezhi.foundation.forms import Form

OPEN, DONE, MISSED, WAIVED, VOID = "open", "done", "missed", "waived", "void"
#: How long a missed one stays on the worker's own list, in days, unless the rule says otherwise.
MAKE_UP = {"day": 1, "work_day": 1, "week": 7}
MAKE_UP_ELSE = 31


@dataclass(frozen=True)
class Rung:
    """`after` the window closed ("1 work_day"), the missed one is told to `post` near the place, or to the seat above."""

    after: str
    post: str | None


@dataclass(frozen=True)
class Rule:
    """A duty as its pack says it. `over`: ("register"|"places"|"seats", name); `seat`: ("post"|"field"|"relation"|"self", name)."""

    name: str
    version: int
    hash: str
    title: Mapping[str, str]
    says: Mapping[str, str]
    over: tuple[str, str]
    when: str | None
    reads: tuple[str, ...]
    daily: bool  # what `when` says may flip with time alone
    seat: tuple[str, str]
    seat_else: str  # the post that has it while field or relation name nobody
    strict: bool  # only the seat itself or its substitute, never whoever answers while it is vacant
    rhythm: Rhythm
    within: tuple[str, str] | None  # (limit, date field)
    form: Form
    updates: Mapping[str, str]
    case_when: expressions.Program | None
    case: Mapping[str, Any]
    waive: Mapping[str, Mapping[str, str]]
    make_up: int
    climbs: tuple[Rung, ...]
    counts: Mapping[str, tuple[str, str]] = field(
        default_factory=dict
    )  # field -> (register, state): counted, never typed
    first: str = ""  # "closed": not while a case of an earlier one is open
    inside: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, version: int, hash: str, body: Mapping[str, Any]) -> Rule:
        """The typed view of a pinned body."""
        r = body["rhythm"]
        form = Form.from_body(body["record"])
        every = r["every"]
        return cls(
            name=name,
            version=version,
            hash=hash,
            title=body["title"],
            says=body["says"],
            over=(body["over"][0], body["over"][1]),
            when=body["when"],
            reads=tuple(body["reads"]),
            daily=body["daily"],
            seat=(body["seat"][0], body["seat"][1]),
            seat_else=body["seat_else"],
            strict=body["strict"],
            rhythm=rhythm_of(r),
            within=(r["within"], r["of"]) if every == "within" else None,
            form=form,
            updates=body["updates"],
            case_when=compiled(body["case_when"], form),
            case=body["case"],
            waive=body["waive"],
            make_up=body["make_up"] if body["make_up"] is not None else MAKE_UP.get(every, MAKE_UP_ELSE),
            climbs=tuple(Rung(c["after"], c["post"]) for c in body["climbs"]),
            counts={name: (one[0], one[1]) for name, one in body.get("counts", {}).items()},
            first=body.get("first", ""),
        )

    def period(self, moment: datetime, anchor: date | None = None) -> Period | None:
        """The period whose window is open at `moment`; None between windows."""
        if self.within is not None:
            period = self.once(anchor)
            return period if period is not None and period.holds(moment) else None
        day = clock.local(moment).date()
        return next((p for p in self.periods(day, day) if p.holds(moment)), None)

    def periods(self, first: date, last: date) -> Iterator[Period]:
        """Every period whose window has an instant of these days, in order. None for a rule within days of a date."""
        if self.within is None:
            yield from self.rhythm.periods(first, last, works=calendar.is_workday)

    def once(self, anchor: date | None) -> Period | None:
        """The one period of a rule "within N days of a date"."""
        if self.within is None or anchor is None:
            return None
        opens = clock.midnight(anchor)
        return Period(anchor.isoformat(), opens, calendar.deadline(opens, self.within[0]))

    def named(self, key: str, anchor: date | None = None) -> Period | None:
        """The period with this key, or None when this rule has none of that name."""
        if self.within is not None:
            period = self.once(anchor)
            return period if period is not None and period.key == key else None
        around = _year_of(key)
        if around is None:
            return None
        span = timedelta(days=370 * max(1, self.rhythm.times) + 40)
        middle = date(around, 6, 30)
        if len(key) >= 10 and self.rhythm.every in ("day", "work_day"):
            try:
                middle, span = date.fromisoformat(key[:10]), timedelta(days=1)
            except ValueError:
                return None
        return next((p for p in self.periods(middle - span, middle + span) if p.key == key), None)


def _year_of(key: str) -> int | None:
    return int(key[:4]) if key[:4].isascii() and key[:4].isdigit() and 1900 <= int(key[:4]) <= 2100 else None


def rhythm_of(r: Mapping[str, Any]) -> Rhythm:
    """The rhythm of a body; "within" has no cells of its own."""
    return Rhythm(
        every=r["every"],
        on=tuple(r["on"]) if r.get("on") else None,
        times=r.get("times", 1),
        slots=tuple((a, b) for a, b in r.get("slots", ())),
        lunar=tuple((m, d) for m, d in r.get("lunar", ())),
        terms=tuple(((a[0], a[1]), (b[0], b[1])) for a, b in r.get("terms", ())),
        before=r.get("before", 0),
        after=r.get("after", 0),
        hours=tuple(r["hours"]) if r.get("hours") else None,
    )


def compiled(source: str | None, form: Form) -> expressions.Program | None:
    """The condition over what is recorded, or None."""
    if not source:
        return None
    return expressions.compile(source, form.types(), expect=expressions.Truth, aliases=form.aliases())


def owes(since: date, until: date | None, period: Period) -> bool:
    """Whether somebody on the list from `since` until `until` (the first day no longer on it) owes this period.

    On the list before the last day of the window (a window of one day: on that day), and still there when it closes:
    nothing is owed for the dead, for those who left before it closed, or for those who came when it was all but over.
    """
    return since <= joined_by(period) and (until is None or until > period.last)


def joined_by(period: Period) -> date:
    """The last day on which somebody new still owes this period."""
    return max(period.first, period.last - timedelta(days=1))


def planned(period: Period, subject_id: int, works: Callable[[date], bool]) -> date:
    """The day of the window on which a list puts this one, so that a week's visits do not all wait for its last day.

    The working days of the window but its last (all of its days when it has none), dealt out by the subject's number.
    """
    days = [period.first + timedelta(days=n) for n in range((period.last - period.first).days + 1)]
    early = [day for day in days[:-1] if works(day)] or days
    return early[subject_id % len(early)]
