"""Counting: any number of metrics, for one place or by group, in one SQL statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.measures.figures import OWN, Figure, Opens, Row
from gezhi.foundation.measures.parts import Columns, Cut, Parts
from gezhi.foundation.measures.periods import Period
from gezhi.foundation.measures.registry import METRICS, Metric, Past, Source, source
from gezhi.foundation.places import directory

#: What a table may be cut by. Persons are not among them: staff are not ranked (docs/rules/measures.md).
DIMENSIONS = (
    "county",
    "town",
    "village",
    "grid",
    "category",
    "kind",
    "channel",
    "sort",
    "owner",
    "unit",
    "workflow",
    "stage",
    "activity",
    "theme",
    "rule",
)
#: How many finished steps a median is taken over at most, newest first.
SAMPLE = 5000

Where = Mapping[str, Any]


def measure(
    ids: Iterable[str],
    *,
    period: Period | Cut,
    place: int | None = None,
    at: datetime | None = None,
    where: Where | None = None,
) -> dict[str, Figure]:
    """The figures of one place (None = everywhere) and period, one query.

    `where` narrows by equality on logical columns, `{"channel": "hotline"}`. Unknown metric ids raise KeyError,
    unknown columns AttributeError.
    """
    metrics = [METRICS[id] for id in ids]
    cut, fixed = _cut(period, at), tuple((where or {}).items())
    facts = _then(_facts(metrics), cut.end)
    wanted = _parts(metrics, facts, cut)
    counts = _Counts(wanted)
    line = counts.read(_scope(facts, place, fixed, cut).aggregate(**counts.asked))
    return {m.id: _figure(m, wanted.get(m.id), line, cut, place, fixed) for m in metrics}


def table(
    ids: Iterable[str],
    *,
    by: str,
    period: Period | Cut,
    place: int | None = None,
    at: datetime | None = None,
    where: Where | None = None,
) -> list[Row]:
    """The same figures cut by a dimension, one query; groups without any counted row are left out.

    The rows of a count add up to `measure` of the same place exactly, because both come from the same filters.
    """
    if by not in DIMENSIONS:
        raise ValueError(f"figures are not cut by {by!r}")
    metrics = [METRICS[id] for id in ids]
    cut, fixed = _cut(period, at), tuple((where or {}).items())
    facts = _then(_facts(metrics), cut.end)
    wanted = _parts(metrics, facts, cut)
    named = F(getattr(facts.columns, by))
    counts = _Counts(wanted)
    # An expression, not the column: an index that is ordered by the group would be read from end to end, for years of
    # cases, to save the sorting of a few groups of one period. docs/adr/0086
    column = "group_of"
    inside = _scope(facts, place, fixed, cut).order_by().annotate(group_of=Coalesce(named, named))
    lines = inside.values(column).annotate(**counts.asked)
    rows = []
    for found in lines.order_by(column):
        line = counts.read(found)
        if not any(line.values()):
            continue
        group = (by, found[column])
        rows.append(
            Row(
                found[column],
                {m.id: _figure(m, wanted.get(m.id), line, cut, place, (*fixed, group)) for m in metrics},
            )
        )
    return rows


def series(
    ids: Iterable[str],
    *,
    periods: Sequence[Period],
    place: int | None = None,
    at: datetime | None = None,
    where: Where | None = None,
) -> list[Row]:
    """The figures of several periods, oldest first, one query. `Row.group` is the Period.

    What happens at one instant (received, closed) is sorted into its period while the rows of all periods are read
    once. For anything else the statement is a union that reads each period's own rows: asking every row about every
    period costs more.
    """
    metrics = [METRICS[id] for id in ids]
    facts = _facts(metrics)
    fixed = tuple((where or {}).items())
    cuts = [_cut(period, at) for period in periods]
    if len(cuts) > 1 and _one_reading_will_do(metrics, facts, cuts):
        return _in_one_reading(metrics, facts, periods, cuts, place, fixed)
    wanted = [_parts(metrics, facts, cut) for cut in cuts]
    counts = [_Counts(parts) for parts in wanted]
    each = [
        _scope(_then(facts, cut.end), place, fixed, cut)
        .order_by()
        .annotate(which=Value(number, output_field=IntegerField()))
        .values("which")
        .annotate(**counts[number].asked)
        for number, cut in enumerate(cuts)
    ]
    # A period without rows has no line.
    lines: dict[int, Mapping[str, Any]] = {}
    if each:
        lines = {line["which"]: line for line in each[0].union(*each[1:], all=True)}
    read = [counts[number].read(lines.get(number, {})) for number in range(len(cuts))]
    return [
        Row(
            period,
            {m.id: _figure(m, wanted[number].get(m.id), read[number], cuts[number], place, fixed) for m in metrics},
        )
        for number, period in enumerate(periods)
    ]


def _one_reading_will_do(metrics: list[Metric], facts: Source, cuts: list[Cut]) -> bool:
    """Whether every figure counts instants, the periods follow each other, and no case has been placed anew since."""
    if not all(m.happens and facts.columns.has(m.happens, *m.needs) for m in metrics):
        return False
    return all(a.end == b.since for a, b in pairwise(cuts)) and not (facts.as_of and facts.as_of(cuts[0].end))


def _in_one_reading(
    metrics: list[Metric],
    facts: Source,
    periods: Sequence[Period],
    cuts: list[Cut],
    place: int | None,
    fixed: tuple[tuple[str, Any], ...],
) -> list[Row]:
    def period_of(column: str) -> Case:
        outside = Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__gte": cuts[-1].end})
        known = [(Q(**{f"{column}__gte": cut.since}), n) for n, cut in reversed(list(enumerate(cuts)))]
        whens = [When(condition, then=Value(n)) for condition, n in [(outside, -1), *known]]
        return Case(*whens, default=Value(-1), output_field=IntegerField())

    instants = sorted({m.happens for m in metrics})
    sorted_into = {f"period_of_{name}": period_of(getattr(facts.columns, name)) for name in instants}
    whole = Cut(cuts[0].since, cuts[-1].until, cuts[-1].at)
    asked = {f"{m.id}_of_n": Count("pk", filter=m.among(facts.columns, facts.words)) for m in metrics}
    found = _scope(facts, place, fixed, whole).order_by().annotate(**sorted_into).values(*sorted_into).annotate(**asked)
    counts: list[Counter[str]] = [Counter() for _cut in cuts]
    for line in found:
        for m in metrics:
            if (number := line[f"period_of_{m.happens}"]) >= 0:
                counts[number][f"{m.id}_of_n"] += line[f"{m.id}_of_n"]
    return [
        Row(
            period,
            {
                m.id: _figure(m, m.rule(facts.columns, facts.words, cut), counts[number], cut, place, fixed)
                for m in metrics
            },
        )
        for number, (period, cut) in enumerate(zip(periods, cuts, strict=True))
    ]


def opened_by(opens: Opens) -> QuerySet:
    """The rows behind a number: exactly those that were counted, as an unordered queryset of the engine.

    Raises KeyError for an unknown metric, ValueError for malformed instants or columns.
    """
    known = METRICS[opens.metric]
    facts = source(known.source)
    cut = Cut(*(instant(text) for text in (opens.since, opens.until, opens.at)))
    facts = _then(facts, cut.end)
    parts = _parts([known], facts, cut)
    if known.id not in parts:
        return facts.rows().none()
    rows = parts[known.id].counted if opens.part == "numerator" else parts[known.id].denominator
    if rows is None:
        raise ValueError(f"{known.id} has no denominator")
    if any(name not in facts.columns.names() for name, _value in opens.where):
        raise ValueError("unknown column")
    return _scope(facts, opens.place, opens.where, cut).filter(rows)


@dataclass(frozen=True)
class Spread:
    """How long something took: `count` finished ones, `median` and `nine_of_ten` as elapsed time."""

    count: int
    median: timedelta
    nine_of_ten: timedelta


def durations(
    *, by: str = "stage", since: datetime, until: datetime, place: int | None = None, where: Where | None = None
) -> dict[Any, Spread]:
    """Elapsed time of finished steps (facts "items") done in [since, until), by group, one query.

    Exact over the newest SAMPLE steps; a median needs no more, and the page stays quick on a large county.
    """
    if by not in DIMENSIONS:
        raise ValueError(f"durations are not cut by {by!r}")
    facts = _then(source("items"), min(until, clock.now()))
    c = facts.columns
    done = {f"{c.done}__gte": since, f"{c.done}__lt": until}
    # Without its index the place cannot come first: the newest finished steps are read, not all cases of a county.
    rows = _scope(_unindexed(facts), place, tuple((where or {}).items())).filter(**done).order_by(f"-{c.done}")
    taken: dict[Any, list[timedelta]] = {}
    for group, begun, ended in rows.values_list(getattr(c, by), c.opened, c.done)[:SAMPLE]:
        taken.setdefault(group, []).append(ended - begun)
    return {group: _spread(sorted(times)) for group, times in taken.items()}


def spot_time(*, period: Period | Cut, place: int | None = None, where: Where | None = None) -> Spread | None:
    """How long what was settled on the spot took, received to done, of the same rows as the metric `on_the_spot`; one query.

    None when nothing was. Exact over the newest SAMPLE matters. Never by seat or person: there is no such argument.
    """
    metric = METRICS["on_the_spot"]
    cut = _cut(period, None)
    facts = _then(_facts([metric]), cut.end)
    c = facts.columns
    rows = _scope(facts, place, tuple((where or {}).items()), cut).filter(metric.rule(c, facts.words, cut).numerator)
    ends = rows.filter(**{f"{c.handled}__isnull": False}).order_by(f"-{c.opened}").values_list(c.opened, c.handled)
    times = sorted(done - begun for begun, done in ends[:SAMPLE])
    return _spread(times) if times else None


def _unindexed(facts: Source) -> Source:
    """The same facts, their places reached through a join no longer offered to the planner as a way in."""
    c = facts.columns
    levels = {level: getattr(c, level) for level in ("county", "town", "village", "grid") if c.has(level)}
    hidden = {level: f"here_{level}" for level, column in levels.items() if "__" in column}
    plus = {hidden[level]: F(levels[level]) + 0 for level in hidden}
    names = {name: getattr(c, name) for name in c.names()}
    return replace(facts, rows=lambda: facts.rows().alias(**plus), columns=Columns({**names, **hidden}))


def _spread(times: list[timedelta]) -> Spread:
    seconds = median(time.total_seconds() for time in times)
    return Spread(len(times), timedelta(seconds=seconds), times[(9 * len(times) - 1) // 10])


def _facts(metrics: list[Metric]) -> Source:
    names = {m.source for m in metrics}
    if len(names) != 1:
        raise ValueError("figures asked for in one go must come from one source")
    return source(names.pop())


def _cut(period: Period | Cut, at: datetime | None) -> Cut:
    if isinstance(period, Cut):
        return period
    # A period that is over is cut at its end whenever it is looked at, so its links stay the same as well.
    return Cut(period.since, period.until, min(at or clock.now(), max(period.since, period.until)))


@dataclass(frozen=True)
class _Then(Source):
    """Facts as they were placed at an instant; the places are those of its day."""

    past: Past | None = None
    on: date | None = None


def _then(facts: Source, end: datetime) -> Source:
    """The facts with the place and seat columns of the cut: a change of grids does not move what was counted before."""
    past = facts.as_of(end) if facts.as_of is not None else None
    if past is None:
        return facts
    names = {name: getattr(facts.columns, name) for name in facts.columns.names()}
    # The last moment that counts decides the day: a month that ends at midnight ends on its last day.
    on = clock.local(end - timedelta(microseconds=1)).date()
    columns = Columns({**names, **past.columns})
    return _Then(facts.name, past.rows, columns, facts.words, facts.as_of, past, on)


def _parts(metrics: list[Metric], facts: Source, cut: Cut) -> dict[str, Parts]:
    """Only metrics whose columns the engine keeps; the others answer 无数据."""
    return {m.id: m.rule(facts.columns, facts.words, cut) for m in metrics if facts.columns.has(*m.needs)}


class _Counts:
    """The counts that some figures need, each asked once: many rates are taken over the same rows.

    `asked` goes into the statement; `read(line)` gives every figure's own name its number back.
    """

    def __init__(self, wanted: Mapping[str, Parts]) -> None:
        self.asked: dict[str, Count | Sum] = {}
        self._names: dict[str, str] = {}
        self._known: dict[tuple[Q, str, str], str] = {}
        for id, parts in wanted.items():
            self._add(f"{id}_of_n", parts.numerator, parts.distinct, parts.total)
            if parts.denominator is not None:
                self._add(f"{id}_of_d", parts.denominator)
            for number, (rows, _weight) in enumerate(parts.also):
                self._add(f"{id}_of_w{number}", rows)

    def _add(self, name: str, rows: Q, distinct: str = "", total: str = "") -> None:
        first = self._known.setdefault((rows, distinct, total), name)
        self._names[name] = first
        if first == name and total:
            self.asked[name] = Sum(total, filter=rows, default=0)
        elif first == name:
            self.asked[name] = Count(distinct or "pk", filter=rows, distinct=bool(distinct))

    def read(self, line: Mapping[str, Any]) -> dict[str, int]:
        """Numbers by figure; a line that is not there counts nothing."""
        return {name: line.get(first, 0) for name, first in self._names.items()}


def _figure(
    m: Metric,
    parts: Parts | None,
    line: Mapping[str, Any],
    cut: Cut,
    place: int | None,
    where: tuple[tuple[str, Any], ...],
) -> Figure:
    if parts is None:
        return Figure(m.id, str(m.title), m.unit, str(m.definition), None, None, None, None)
    top: int | Decimal = line[f"{m.id}_of_n"]
    for number, (_rows, weight) in enumerate(parts.also):
        top = top + weight * line[f"{m.id}_of_w{number}"]
    bottom = line.get(f"{m.id}_of_d") if parts.denominator is not None else None
    if m.unit == "count":
        value: int | Decimal | None = top
    else:
        value = Decimal(top) / Decimal(bottom) if bottom else None
    since, until, at = (when.isoformat() for when in (cut.since, cut.until, cut.at))
    opens = Opens(m.id, "numerator", since, until, at, place, where)
    return Figure(m.id, str(m.title), m.unit, str(m.definition), value, top, bottom, opens)


def _scope(facts: Source, place: int | None, where: tuple[tuple[str, Any], ...], *cuts: Cut) -> QuerySet:
    """The rows that lie in `place`, satisfy `where` and can be counted in one of the cuts (None = all times)."""
    rows = facts.rows()
    c = facts.columns
    if cuts and c.has("until"):
        # Exact: what was over before the first cut, or opened after the last, is in no part of any metric.
        first, last = min(cut.since for cut in cuts), max(cut.end for cut in cuts)
        rows = rows.filter(**{f"{c.until}__gte": first, f"{c.opened}__lt": last})
    if place is not None:
        rows = rows.filter(place_filter(facts, place))
    for name, value in where:
        column = getattr(facts.columns, name)
        if value == OWN and name in ("unit", "owner"):
            rows = rows.filter(**{f"{column}__in": own_seats()})
            continue
        rows = rows.filter(**({f"{column}__isnull": True} if value is None else {column: value}))
    return rows


def own_seats() -> list[int]:
    """Seats of villages and grids, behind each of which stands one person: those of no unit."""
    return [id for id, seat in people.directory().seats.items() if not seat.organisation_name]


def place_filter(facts: Source, place: int) -> Q:
    """Rows that lie in `place`, whatever its level. Unknown places hold nothing."""
    then = facts if isinstance(facts, _Then) else None
    places = directory(then.on if then else None)
    info = places.get(place)
    c = facts.columns
    if info is None:
        return Q(pk__in=[])
    if info.kind in ("county", "town", "village"):
        near = then.past.near(info.kind, [place]) if then and then.past else Q()
        return Q(**{getattr(c, info.kind): place}) & near
    if info.kind in ("province", "city"):
        below = places.children(place)
        return Q(pk__in=[]) if not below else _any(place_filter(facts, child) for child in below)
    grids = {place, *places.grids_under(place)}
    near = then.past.near("grid", sorted(grids)) if then and then.past else Q()
    return Q(**{f"{c.grid}__in": sorted(grids)}) & near


def _any(filters: Iterable[Q]) -> Q:
    joined = Q(pk__in=[])
    for one in filters:
        joined |= one
    return joined


def instant(text: str) -> datetime:
    """An aware instant written in ISO 8601; ValueError for anything else."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError(text)
    return when
