"""Contracts and money as registers say them, without accounts: what other registers' lines add up to for one line, the
schedule its price falls due by, what is overdue and since when, whether two figures agree, when a cost has come back.

Everything is derived on each look from lines the actor may see, and each figure names the lines it was added up from.
docs/rules/sums.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from gezhi.foundation.calendar import clock
from gezhi.foundation.calendar.months import months_later
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects import access, definitions
from gezhi.foundation.subjects.adding_up import Schedule, Sum
from gezhi.foundation.subjects.definitions import Register
from gezhi.foundation.subjects.models import Entry, Subject

from .files import reach

CENT = Decimal("0.01")
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
MOST = 1_200  # payments of one contract: a hundred years of months
#: The last day of each band of days overdue; the fourth is all above.
BANDS = (30, 90, 365)


@dataclass
class Added:
    """A sum of one line: `of` its declaration, `whole`, `years` {2023: amount} when it has days, `lines` how many."""

    of: Sum
    whole: Decimal = Decimal()
    years: dict[int, Decimal] = field(default_factory=dict)
    lines: int = 0


@dataclass(frozen=True)
class Payment:
    """One payment of a schedule: due on a day, how much, how much of it has come in, days overdue (0 when not)."""

    number: int
    due_on: date
    amount: Decimal
    paid: Decimal
    late: int

    @property
    def owed(self) -> Decimal:
        """What has not come in."""
        return self.amount - self.paid


@dataclass(frozen=True)
class Account:
    """What one line adds up to. `agree`: (title, figure, title, figure); `payback`: (cost, income, a year, years or None)."""

    added: tuple[Added, ...]
    payments: tuple[Payment, ...]
    total: Decimal | None
    overdue: Decimal
    agree: tuple[str, Decimal, str, Decimal] | None
    payback: tuple[Decimal, Decimal, Decimal, Decimal | None] | None

    @property
    def apart(self) -> Decimal:
        """How far the two figures that should agree are apart."""
        return abs(self.agree[1] - self.agree[3]) if self.agree else Decimal()


@dataclass(frozen=True)
class Aged:
    """A line with money overdue: `bands` within 30, 90, 365 days and above; `oldest` in days."""

    entry_id: int
    label: str
    bands: tuple[Decimal, ...]
    oldest: int

    @property
    def whole(self) -> Decimal:
        """Everything overdue."""
        return sum(self.bands, Decimal())


def parts(total: Decimal, start: date, end: date, every: str) -> list[tuple[date, Decimal]]:
    """(day, amount) of each payment: equal to the cent, the last bears the rest, so that they add up to the total.

    One for each begun period from `start` up to but not including `end`; all at once for "once".
    """
    step = MONTHS.get(every, 0)
    days = [start]
    while step and len(days) < MOST and (after := months_later(start, step * len(days))) < end:
        days.append(after)
    each = (total / len(days)).quantize(CENT, rounding="ROUND_DOWN")
    return [(day, each) for day in days[:-1]] + [(days[-1], total - each * (len(days) - 1))]


def payments(schedule: Schedule, values: Mapping[str, Any], paid: Decimal, today: date) -> list[Payment]:
    """The schedule of a line, what came in counted to the earliest payments first; empty while a figure is missing."""
    total, start, end = (values.get(name) for name in (schedule.total, schedule.start, schedule.end))
    if total in (None, "") or not start or not end:
        return []
    found, left = [], paid
    first, last = date.fromisoformat(str(start)), date.fromisoformat(str(end))
    for number, (day, amount) in enumerate(parts(Decimal(str(total)), first, last, schedule.every), 1):
        came = min(left, amount) if left > 0 else Decimal()
        left -= came
        late = (today - day).days if came < amount and day < today else 0
        found.append(Payment(number, day, amount, came, late))
    return found


def account(line: Entry, declared: Register, actor: Actor, *, today: date | None = None) -> Account | None:
    """What a line adds up to, or None when its register says nothing of figures. One query a sum, and its scopes."""
    says, day = declared.adds_up, today or clock.today()
    if not (says.sums or says.schedule):
        return None
    label = Subject.objects.values_list("label", flat=True).get(pk=line.subject_id)
    added = [
        one
        for declared_sum in says.sums
        if (one := _added(declared_sum, [(line.values, label)], actor, day).get(0)) is not None
    ]
    figures = {one.of.id: one for one in added}
    due: list[Payment] = []
    if says.schedule is not None:
        came = figures.get(says.schedule.paid)
        due = payments(says.schedule, line.values, came.whole if came else Decimal(), day)
    return Account(
        tuple(added),
        tuple(due),
        sum((one.amount for one in due), Decimal()) if due else None,
        sum((one.owed for one in due if one.late), Decimal()),
        _agree(declared, line, figures),
        _payback(declared, line, figures, day),
    )


def ageing(actor: Actor, register: str, *, place_id: int | None = None, today: date | None = None) -> list[Aged]:
    """Every line of a register with a schedule that has money overdue, the oldest first. Three queries."""
    declared, day = access.register_for(actor, register), today or clock.today()
    says = declared.adds_up
    if says.schedule is None:
        return []
    lines = list(Entry.objects.filter(reach(actor, declared, place_id), register=register, until=None).order_by("pk"))
    labels = dict(Subject.objects.filter(pk__in={line.subject_id for line in lines}).values_list("pk", "label"))
    paid = says.sum(says.schedule.paid)
    came = (
        _added(paid, [(line.values, labels[line.subject_id]) for line in lines], actor, day) if paid is not None else {}
    )
    found = []
    for at, line in enumerate(lines):
        due = payments(says.schedule, line.values, came[at].whole if at in came else Decimal(), day)
        late = [one for one in due if one.late]
        if late:
            bands = [Decimal()] * (len(BANDS) + 1)
            for one in late:
                bands[sum(one.late > last for last in BANDS)] += one.owed
            found.append(Aged(line.pk, labels[line.subject_id], tuple(bands), max(one.late for one in late)))
    return sorted(found, key=lambda one: (-one.oldest, one.entry_id))


def narrowed(of: Sum, values: Mapping[str, Any], label: str) -> dict[str, Any]:
    """The values that the lines behind a sum of this line have, for `queries.entries`."""
    return {theirs: label if own == "label" else values.get(own) for theirs, own in of.by.items()}


def _added(of: Sum, lines: list[tuple[Mapping[str, Any], str]], actor: Actor, today: date) -> dict[int, Added]:
    """number of the line -> its sum, for all lines in one query; nothing of a register the actor may not read."""
    other = definitions.register(of.of)
    if not other.served or not access.scopes(actor, other):
        return {}
    found = {at: Added(of) for at in range(len(lines))}
    wanted: dict[tuple[str, ...], list[int]] = {}
    for at, (values, label) in enumerate(lines):
        key = narrowed(of, values, label)
        if all(value not in (None, "") for value in key.values()):
            wanted.setdefault(tuple(str(key[name]) for name in of.by), []).append(at)
    rows = Entry.objects.filter(reach(actor, other, None), register=of.of, until=None)
    if len(lines) == 1:
        rows = rows.filter(**{f"values__{name}": value for name, value in narrowed(of, *lines[0]).items()})
    for values in rows.values_list("values", flat=True).iterator():
        amount, day = values.get(of.add), values.get(of.on) if of.on else None
        if amount in (None, "") or (day and date.fromisoformat(str(day)) > today):
            continue
        for at in wanted.get(tuple(str(values.get(name)) for name in of.by), ()):
            one = found[at]
            one.whole += Decimal(str(amount))
            one.lines += 1
            if day:
                year = int(str(day)[:4])
                one.years[year] = one.years.get(year, Decimal()) + Decimal(str(amount))
    return found


def _figure(name: str, declared: Register, line: Entry, figures: Mapping[str, Added]) -> tuple[str, Decimal] | None:
    if name in figures:
        return figures[name].of.said, figures[name].whole
    asked = declared.form.get(name)
    if asked is None:  # a sum over a register the actor may not read
        return None
    value = line.values.get(name)
    return asked.label, Decimal(str(value)) if value not in (None, "") else Decimal()


def _agree(declared: Register, line: Entry, figures: Mapping[str, Added]) -> tuple[str, Decimal, str, Decimal] | None:
    pair = [_figure(name, declared, line, figures) for name in declared.adds_up.agree]
    if len(pair) != 2 or pair[0] is None or pair[1] is None:
        return None
    return (*pair[0], *pair[1])


def _payback(
    declared: Register, line: Entry, figures: Mapping[str, Added], today: date
) -> tuple[Decimal, Decimal, Decimal, Decimal | None] | None:
    """(cost, income so far, income of a full year, years in all): full years only, so that one begun does not count low."""
    if not declared.adds_up.payback:
        return None
    cost, income = (_figure(name, declared, line, figures) for name in declared.adds_up.payback)
    came = figures.get(declared.adds_up.payback[1])
    if cost is None or income is None or came is None:
        return None
    full = {year: amount for year, amount in came.years.items() if year < today.year} or came.years
    yearly = (sum(full.values(), Decimal()) / len(full)).quantize(CENT, ROUND_HALF_UP) if full else Decimal()
    years = (cost[1] / yearly).quantize(Decimal("0.1"), ROUND_HALF_UP) if yearly > 0 else None
    return cost[1], income[1], yearly, years
