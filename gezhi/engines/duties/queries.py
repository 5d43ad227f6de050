"""What somebody owes now, what has climbed to them, how a rule stands by place. Everything here only reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from gezhi.engines.duties.access import sees, served
from gezhi.engines.duties.closing import anchor_text
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.publishing import in_force
from gezhi.engines.duties.rhythms import Period
from gezhi.engines.duties.rules import DONE, MISSED, OPEN, Rule, joined_by, planned
from gezhi.engines.duties.schema import rule as rule_of
from gezhi.engines.duties.schema import rules
from gezhi.engines.duties.standings import OWING, owing
from gezhi.foundation import calendar, db, packs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects.models import Subject
from gezhi.foundation.subjects.rule_facts import age

MOST = 200


@dataclass(frozen=True)
class Owed:
    """One line of a list: what is to be done, for whom, by when. `state` open or missed; `done_id` of a missed one."""

    rule: Rule
    subject_id: int
    period: str
    opens: datetime
    closes: datetime
    state: str
    seat_id: int
    place_id: int
    entry_id: int | None
    label: str
    person: bool
    age: int | None
    done_id: int | None = None
    at: datetime | None = None

    @property
    def title(self) -> str:
        """The rule in the active language."""
        return packs.say(self.rule.title)

    @property
    def says(self) -> str:
        """What to do there, one line; the title when the rule says no more."""
        return packs.say(self.rule.says) or self.title

    @property
    def id(self) -> str:
        """The line's name in addresses: rule, subject and period."""
        return f"{self.rule.name}/{self.subject_id}/{self.period}"


class _Who(NamedTuple):
    id: int
    label: str
    kind: str
    born: date | None


_WHOS = "SELECT id, label, kind, born FROM subjects_subject WHERE id = ANY(%s::bigint[])"


@dataclass(frozen=True)
class _Line:
    rule: Rule
    period: Period
    subject_id: int
    seat_id: int
    place_id: int
    entry_id: int | None
    state: str = OPEN
    done_id: int | None = None
    at: datetime | None = None


def owed(actor: Actor, on: datetime | None = None, *, limit: int = MOST) -> list[Owed]:
    """What this worker owes at `on` (now when empty), overdue first, at most `limit` of one rule. Four queries.

    Missed ones stay for as many days as the rule says; later they can still be recorded from the desk.
    """
    now = on or clock.now()
    seats = sorted(actor.answering | set(actor.seats))
    if not seats:
        return []
    since = in_force()
    known = [rule for rule in rules() if rule.name in since and served(rule)]
    lines = [*_missed(seats, known, now), *_open(seats, known, now, limit)]
    own = set(actor.seats)
    mine = [line for line in lines if not line.rule.strict or line.seat_id in own]
    return dressed(mine)


_BRANCH = """SELECT * FROM (SELECT {n} AS n, e.subject_id, e.seat_id, e.place_id, e.entry_id, e.anchor
FROM duties_enrolment e WHERE e.rule = %s AND e.seat_id IN (SELECT seat FROM mine) AND e.since <= %s
AND (e.until IS NULL OR e.until > %s) AND NOT EXISTS (SELECT 1 FROM duties_done d WHERE d.rule = %s
AND d.subject_id = e.subject_id AND d.period = {period} AND d.state <> 'open')
ORDER BY e.seat_id, e.subject_id LIMIT {limit}) AS b{n}"""

# The same for PostgreSQL, whose planner needs longer for thirty branches than the rows take: planned once for any rule,
# and kept, because the text is always the same.
_EACH = """SELECT v.n, e.subject_id, e.seat_id, e.place_id, e.entry_id, e.anchor
FROM unnest(%s::int[], %s::text[], %s::date[], %s::date[], %s::text[]) AS v(n, rule, joined, last, period)
CROSS JOIN LATERAL (SELECT e.subject_id, e.seat_id, e.place_id, e.entry_id, e.anchor FROM duties_enrolment e
WHERE e.rule = v.rule AND e.seat_id = ANY(%s::bigint[]) AND e.since <= v.joined AND (e.until IS NULL OR e.until > v.last)
AND NOT EXISTS (SELECT 1 FROM duties_done d WHERE d.rule = v.rule AND d.subject_id = e.subject_id
AND d.period = coalesce(v.period, to_char(e.anchor, 'YYYY-MM-DD')) AND d.state <> 'open')
ORDER BY e.seat_id, e.subject_id LIMIT %s::int) AS e"""


def _open(seats: Sequence[int], known: Sequence[Rule], now: datetime, limit: int) -> list[_Line]:
    """Open windows without a record of each rule, all in one statement."""
    about: list[tuple[Rule, Period | None]] = []
    given: list[tuple[date, date, str | None]] = []
    today = clock.local(now).date()
    for rule in known:
        period = rule.period(now) if rule.within is None else None
        if period is not None:
            given.append((joined_by(period), period.last, period.key))
        elif rule.within is not None:
            given.append((today, today, None))
        else:
            continue
        about.append((rule, period))
    if not about:
        return []
    names = [rule.name for rule, _period in about]
    rows = (_branches if connection.vendor == "sqlite" else _lateral)(names, given, seats, limit)
    found = []
    for n, subject_id, seat_id, place_id, entry_id, anchor in rows:
        rule, period = about[n]
        if period is None:
            period = rule.once(date.fromisoformat(anchor) if isinstance(anchor, str) else anchor)
            if period is None or not period.holds(now):
                continue
        found.append(_Line(rule, period, subject_id, seat_id, place_id, entry_id))
    return sorted(found, key=lambda line: (line.period.closes, line.rule.name, line.subject_id))


def _branches(names: list[str], given: list[tuple[date, date, str | None]], seats: Sequence[int], limit: int) -> list:
    """SQLite: a branch for each rule, those within days of a date by their anchor."""
    mine = ", ".join(f"({int(seat)})" for seat in seats)
    branches: list[str] = []
    values: list[str] = []
    for n, (name, (joined, last, period)) in enumerate(zip(names, given, strict=True)):
        branches.append(_BRANCH.format(n=n, period=anchor_text() if period is None else "%s", limit=int(limit)))
        values += [name, joined.isoformat(), last.isoformat(), name, *([] if period is None else [period])]
    with connection.cursor() as cursor:
        cursor.execute(f"WITH mine(seat) AS (VALUES {mine}) " + " UNION ALL ".join(branches), values)
        return cursor.fetchall()


def _lateral(names: list[str], given: list[tuple[date, date, str | None]], seats: Sequence[int], limit: int) -> list:
    """PostgreSQL: the rules as a table."""
    joined, last, periods = ([one[at] for one in given] for at in range(3))
    with db.prepared() as cursor:
        cursor.execute(_EACH, [list(range(len(names))), names, joined, last, periods, list(seats), int(limit)])
        return cursor.fetchall()


def _missed(seats: Sequence[int], known: Sequence[Rule], now: datetime) -> list[_Line]:
    by_name = {rule.name: rule for rule in known}
    most = max((rule.make_up for rule in known), default=0)
    rows = Done.objects.filter(state=MISSED, seat_id__in=seats, closes__gt=now - timedelta(days=most))
    found = []
    for row in rows.order_by("closes", "id")[: 2 * MOST]:
        rule = by_name.get(row.rule)
        if rule is not None and row.closes + timedelta(days=rule.make_up) > now:
            found.append(_of_row(rule, row))
    return found


def _of_row(rule: Rule, row: Done) -> _Line:
    period = Period(row.period, row.opens, row.closes)
    return _Line(rule, period, row.subject_id, row.seat_id, row.place_id, row.entry_id, row.state, row.pk, row.at)


def dressed(lines: Sequence[_Line]) -> list[Owed]:
    """The lines with whom they are about. One query."""
    subjects = _whos({line.subject_id for line in lines if line.rule.over[0] == "register"})
    today = clock.today()
    found = []
    for line in lines:
        label, person, years = name_of(line.rule, line.subject_id, subjects, today)
        found.append(
            Owed(
                line.rule, line.subject_id, line.period.key, line.period.opens, line.period.closes, line.state,
                line.seat_id, line.place_id, line.entry_id, label, person, years, line.done_id, line.at,
            )
        )  # fmt: skip
    return found


def _whos(ids: Collection[int]) -> dict[int, _Who]:
    """Who they are, by id. On PostgreSQL one statement that stays planned, however many: a list of a thousand is read in a
    quarter of the time that a thousand parameters take."""
    if not ids:
        return {}
    if connection.vendor == "sqlite":
        rows = list(Subject.objects.filter(pk__in=ids).values_list("id", "label", "kind", "born"))
    else:
        with db.prepared() as cursor:
            cursor.execute(_WHOS, [list(ids)])
            rows = cursor.fetchall()
    return {row[0]: _Who(*row) for row in rows}


def name_of(
    rule: Rule, subject_id: int, subjects: Mapping[int, _Who | Subject], today: date
) -> tuple[str, bool, int | None]:
    """(what it is called, whether it is a person, how old): masked for people."""
    if rule.over[0] == "places":
        return places.directory().label(subject_id, since="village"), False, None
    if rule.over[0] == "seats":
        seat = people.directory().seats.get(subject_id)
        return (seat.label if seat else "—"), False, None
    found = subjects.get(subject_id)
    if found is None:
        return "—", False, None
    years = None
    if found.born is not None:
        years = today.year - found.born.year - ((today.month, today.day) < (found.born.month, found.born.day))
    return found.label, found.kind == "person", years


def one(name: str, subject_id: int, period: str, actor: Actor) -> Owed | None:
    """A line by its name, whoever's it is; None when nothing is owed. The caller asks whether the actor may."""
    from gezhi.engines.duties.models import Enrolment

    rule = rule_of(name)
    rows = Enrolment.objects.filter(rule=name, subject_id=subject_id).order_by("-since", "-id")
    enrolled = next((e for e in rows if rule.named(period, e.anchor) is not None), None)
    if enrolled is None:
        return None
    given = rule.named(period, enrolled.anchor)
    assert given is not None
    row = Done.objects.filter(rule=name, subject_id=subject_id, period=period).first()
    line = _Line(
        rule, given, subject_id, enrolled.seat_id, enrolled.place_id, enrolled.entry_id,
        row.state if row else OPEN, row.pk if row else None, row.at if row else None,
    )  # fmt: skip
    return dressed([line])[0]


def done_today(actor: Actor, now: datetime | None = None, *, limit: int = 50) -> list[Owed]:
    """What the actor recorded since midnight, newest first. Two queries."""
    rows = Done.objects.filter(
        person_id=actor.person_id, state=DONE, recorded_at__gte=clock.midnight(clock.local(now or clock.now()).date())
    ).order_by("-recorded_at", "-id")[:limit]
    known = {rule.name: rule for rule in rules() if served(rule)}
    return dressed([_of_row(known[row.rule], row) for row in rows if row.rule in known])


def climbed(actor: Actor, *, limit: int = MOST) -> list[tuple[Owed, Done]]:
    """Missed ones that were raised to seats the actor answers for, oldest first. Two queries."""
    rows = list(
        Done.objects.filter(state=MISSED, raised_to__in=sorted(actor.answering | set(actor.seats))).order_by("closes", "id")[:limit]
    )  # fmt: skip
    known = {rule.name: rule for rule in rules() if served(rule)}
    rows = [row for row in rows if row.rule in known]
    return list(zip(dressed([_of_row(known[row.rule], row) for row in rows]), rows, strict=True))


def behind(
    rule: Rule, period: Period, what: str, within: tuple[str, int], *, size: int = MOST, after: int = 0
) -> list[Owed]:
    """The rows behind one number of `standing`: `what` done, late, missed, waived, open or due; by subject. Three queries."""
    column, id = within
    found: list[_Line] = []
    if what != "open":
        rows = Done.objects.filter(Q(**{f"{column}_id": id}), rule=rule.name, period=period.key, subject_id__gt=after)
        states = {"late": ["done"], "due": ["done", "missed", "waived"]}.get(what, [what])
        rows = rows.filter(state__in=states, **({"late": True} if what == "late" else {}))
        found += [_of_row(rule, row) for row in rows.order_by("subject_id")[:size]]
    if what in ("open", "due"):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT subject_id, min(seat_id), min(place_id), min(entry_id) FROM duties_enrolment d WHERE {OWING} "
                f"AND {column}_id = %s AND subject_id > %s GROUP BY subject_id ORDER BY subject_id LIMIT %s",
                [*owing(rule, period), id, after, size],
            )
            found += [_Line(rule, period, *row) for row in cursor.fetchall()]
    return dressed(sorted(found, key=lambda line: line.subject_id)[:size])


def recorded(ids: Sequence[int], actor: Actor, *, after: int = 0, size: int = MOST) -> list[tuple[Owed, Done]]:
    """Rows of periods by their ids, in order, of those rules and places that the actor may see. Two queries.

    `after`: the id to go on from.
    """
    known = {rule.name: rule for rule in rules() if served(rule)}
    found: list[Done] = []
    wanted = sorted(id for id in ids if id > after)
    for start in range(0, len(wanted), size):
        rows = Done.objects.filter(pk__in=wanted[start : start + size], rule__in=known).order_by("id")
        found += [row for row in rows if sees(known[row.rule], row.place_id, actor)]
        if len(found) >= size:
            break
    found = found[:size]
    return list(zip(dressed([_of_row(known[row.rule], row) for row in found]), found, strict=True))


def last_visits(rule: str, subject_ids: Sequence[int]) -> dict[int, datetime]:
    """When each was last visited under a rule, for the leaves of a tree. One query."""
    rows = Done.objects.filter(rule=rule, subject_id__in=subject_ids, state=DONE).order_by("at")
    return {subject: at for subject, at in rows.values_list("subject_id", "at") if at is not None}


def latest(rule: Rule, now: datetime | None = None, *, count: int = 6) -> list[Period]:
    """The period that runs (or the next to have run) and those before it, newest first."""
    at = now or clock.now()
    day = clock.local(at).date()
    span = {"day": 8, "work_day": 14, "week": 50, "month": 220, "two_months": 420}.get(rule.rhythm.every, 800)
    found = [p for p in rule.periods(day - timedelta(days=span * rule.rhythm.times), day) if p.opens <= at]
    return found[::-1][:count]


@dataclass(frozen=True)
class Leaf:
    """Somebody a worker visits: when last, and how long a visit lasts by the rule's rhythm."""

    rule: str
    title: str
    subject_id: int
    label: str
    period: str
    last: datetime | None
    every: timedelta
    age: int | None = None


_LENGTH = {"day": 1, "work_day": 3, "week": 7, "month": 31, "two_months": 62, "quarter": 92, "half_year": 184}


def leaves(actor: Actor, *, limit: int = 500) -> list[Leaf]:
    """Everybody the actor's own seats visit, by rule: for their own eyes. Three queries and one for each such rule."""
    from gezhi.engines.duties.models import Enrolment

    now = clock.now()
    known = {rule.name: rule for rule in rules() if rule.over[0] == "register" and rule.within is None and served(rule)}
    rows = list(
        Enrolment.objects.filter(rule__in=known, seat_id__in=list(actor.seats), until=None)
        .order_by("rule", "subject_id")
        .values_list("rule", "subject_id")[:limit]
    )
    subjects = Subject.objects.only("id", "label", "kind", "born").in_bulk({subject for _rule, subject in rows})
    found = []
    for name, rule in known.items():
        own = [subject for of, subject in rows if of == name]
        if not own:
            continue
        last = last_visits(name, own)
        period = rule.period(now) or next(iter(latest(rule, now, count=1)), None)
        length = timedelta(days=_LENGTH.get(rule.rhythm.every, 366) * rule.rhythm.times)
        for subject in own:
            if period is not None and subject in subjects:
                who = subjects[subject]
                old = age(who.born, clock.local(now).date())
                found.append(
                    Leaf(name, packs.say(rule.title), subject, who.label, period.key, last.get(subject), length, old)
                )
    return found


@dataclass(frozen=True)
class Planned:
    """A line of a plan: the day it is put on."""

    day: date
    owed: Owed


def plan(village_id: int, first: date, last: date, *, actor: Actor, most: int = 2_000) -> list[Planned]:
    """What is to be done in a village on each of these days, by day, seat and rule. Two queries and one a rule.

    Of rules over registers only those that the actor may see there.

    Each subject is put on one day of its window (rules.planned); what is recorded already shows as done.
    """
    from gezhi.engines.duties.models import Enrolment

    since = in_force()
    found: list[tuple[date, _Line]] = []
    for rule in rules():
        if rule.name not in since or rule.within is not None or not sees(rule, village_id, actor):
            continue
        periods = list(rule.periods(first, last))
        if not periods:
            continue
        rows = list(
            Enrolment.objects.filter(rule=rule.name, village_id=village_id, until=None)
            .order_by("seat_id", "subject_id")
            .values_list("subject_id", "seat_id", "place_id", "entry_id", "since")[:most]
        )
        for subject, seat, place, entry, begun in rows:
            for period in periods:
                day = planned(period, subject, calendar.is_workday)
                if first <= day <= last and begun <= joined_by(period):
                    found.append((day, _Line(rule, period, subject, seat, place, entry)))
    done = {
        (row.rule, row.subject_id, row.period): row
        for row in Done.objects.filter(
            village_id=village_id, rule__in={line.rule.name for _d, line in found},
            period__in={line.period.key for _d, line in found},
        ).exclude(state=OPEN)
    }  # fmt: skip
    found.sort(key=lambda pair: (pair[0], pair[1].seat_id, pair[1].rule.name, pair[1].subject_id))
    lines = []
    for _day, line in found[:most]:
        row = done.get((line.rule.name, line.subject_id, line.period.key))
        lines.append(_of_row(line.rule, row) if row is not None else line)
    return [Planned(day, owed) for (day, _line), owed in zip(found[:most], dressed(lines), strict=True)]
