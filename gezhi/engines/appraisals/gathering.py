"""What is known of every subject of a round at its cut: figures of measures, lines of registers, other rounds, what was entered.

A bounded number of statements whatever the size of the round: one for each metric, register and rubric that is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from gezhi.engines.appraisals import rules
from gezhi.engines.appraisals.models import CHECKED, FINAL, GIVEN, PUBLISHED, SEALED, Mark, Result, Round
from gezhi.engines.appraisals.population import Member
from gezhi.engines.appraisals.rules import Input
from gezhi.engines.appraisals.schema import Rubric, rubric
from gezhi.foundation import measures, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.subjects.models import UNDONE, Entry

DONE = (SEALED, PUBLISHED, FINAL)
LEVELS = {"county": "county", "town": "town", "village": "village", "grid1": "grid", "grid2": "grid", "grid3": "grid"}
#: A household, its grid, its village …: facts that would tell more of people than a score needs are not kept.
KEPT_OUT = frozenset({"age", "sex", "born", "entered_on", "confirmed_on"})


@dataclass(frozen=True)
class Gathered:
    """A subject with what it is scored from."""

    member: Member
    inputs: Mapping[str, Input]
    facts: Mapping[str, Any]


def gather(kind: Rubric, row: Round, members: Sequence[Member], *, judged: bool = True) -> list[Gathered]:
    """Everything the rubric reads, as of the round's cut (or now, while it has not come). Without `judged` no mark of a judge is
    read: before sealing nobody learns anything of another's."""
    inputs: dict[int, dict[str, Input]] = {member.id: {} for member in members}
    for item in kind.items:
        source = item["from"]
        if "metric" in source:
            found = _metric(kind, row, source)
        elif "value" in source:
            found = _values(kind, item["id"], members)
        elif "lines" in source:
            found = _lines(row, source["lines"], members)
        elif "rubric" in source:
            found = _rolled(row, source["rubric"], kind, members)
        else:
            continue
        for id, given in found.items():
            if id in inputs:
                inputs[id][item["id"]] = given
    _entered(kind, row, inputs, judged)
    reads = {name for program in kind.conditions.values() for name in program.reads}
    return [
        Gathered(m, inputs[m.id], {k: v for k, v in m.facts.items() if k in reads or k not in KEPT_OUT})
        for m in members
    ]


def _metric(kind: Rubric, row: Round, source: Mapping[str, Any]) -> dict[int, Input]:
    end = min(row.cut, clock.now())
    cut = measures.Cut(row.since, row.cut, end)
    by = LEVELS[kind.of["places"]]
    found = {}
    for line in measures.table([source["metric"]], by=by, period=cut, place=row.place_id):
        figure = line.figures[source["metric"]]
        few = figure.denominator is not None and figure.denominator < source["least"]
        if line.group is None or figure.value is None or few or figure.opens is None:
            continue
        value = figure.percent(2) if figure.unit == "rate" else Decimal(figure.value)
        found[line.group] = Input(format(value or Decimal(0), "f"), records=(f"figure:{figure.opens.query()}",))
    return found


def _values(kind: Rubric, item: str, members: Iterable[Member]) -> dict[int, Input]:
    program = kind.values[item]
    found = {}
    for member in members:
        value = program(member.facts)
        if value is not None:
            found[member.id] = Input(_number(value), records=(f"entry:{member.entry_id}",))
    return found


def _number(value: Any) -> str:
    """At most four decimals: what is kept is what is scored."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return rules.plain(exact.quantize(Decimal("0.0001"), ROUND_HALF_UP))


def _lines(row: Round, source: Mapping[str, Any], members: Iterable[Member]) -> dict[int, Input]:
    of: dict[int, list[int]] = defaultdict(list)
    for member in members:
        for subject_id in member.subjects:
            of[subject_id].append(member.id)
    first, last = clock.local(row.since).date(), clock.local(row.cut - timedelta(microseconds=1)).date()
    lines = Entry.objects.filter(
        subject_id__in=list(of), register=source["register"], since__gte=first, since__lte=last
    )
    taken: dict[int, list[tuple[Decimal, int]]] = defaultdict(list)
    for line in lines.exclude(end_reason=UNDONE).order_by("since", "pk"):
        value = Decimal(1) if source["take"] == "count" else line.values.get(source["field"])
        if value is not None:
            for id in of[line.subject_id]:
                taken[id].append((Decimal(str(value)), line.pk))
    found = {}
    for id, values in taken.items():
        cited = (
            values if source["take"] in ("sum", "count") else [values[-1] if source["take"] == "last" else max(values)]
        )
        total = sum((value for value, _pk in cited), Decimal(0))
        found[id] = Input(_number(total), records=tuple(f"entry:{pk}" for _value, pk in cited))
    return found


def _rolled(row: Round, source: Mapping[str, Any], kind: Rubric, members: Sequence[Member]) -> dict[int, Input]:
    """Results of another rubric: of the subject itself over the period, or of everything that lies inside its place.

    Each subject counts once, by its latest round of the period, however many rounds and lines it has.
    """
    since = row.since - (row.cut - row.since) - timedelta(days=7) if source["take"] == "progress" else row.since
    rounds = Round.objects.filter(rubric=source["name"], state__in=DONE, cut__gt=since, cut__lte=row.cut).exclude(
        pk=row.pk
    )
    results = (
        Result.objects.filter(round__in=rounds, score__isnull=False)
        .select_related("round")
        .order_by("round__cut", "pk")
    )
    whose = {member.place_id: member.id for member in members} if source["inside"] else {m.id: m.id for m in members}
    taken: dict[int, dict[int, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        ids = _places_of(result) if source["inside"] else [result.subject_id]
        for owner in {whose[id] for id in ids if id in whose}:
            taken[owner][result.subject_id].append(result)
    found = {}
    for id, by_subject in taken.items():
        given = _taken(source, row, kind, by_subject)
        if given is not None:
            found[id] = given
    return found


def _places_of(result: Result) -> list[int]:
    """Its place and every place above it."""
    return [result.place_id, *places.directory().ancestors(result.place_id)]


def _taken(source: Mapping[str, Any], row: Round, kind: Rubric, found: Mapping[int, list[Result]]) -> Input | None:
    latest = [results[-1] for _id, results in sorted(found.items())]
    cited = latest
    scores = [Decimal(r.score or 0) for r in latest]
    if source["take"] == "progress":
        now = [r for r in next(iter(found.values())) if r.round.cut > row.since]
        before = [r for r in next(iter(found.values())) if r.round.cut <= row.since]
        if not now or not before:
            return None
        cited = [before[-1], now[-1]]
        value = Decimal(now[-1].score or 0) - Decimal(before[-1].score or 0)
    elif source["take"] == "share":
        other = rubric(source["name"])
        reached = [r for r in latest if other.at_least(r.band, source["band"])]
        value = Decimal(100 * len(reached)) / len(latest)
    elif source["take"] == "last":
        value = scores[-1]
    elif source["inside"]:
        value = sum(scores, Decimal(0)) / len(scores)
    else:  # the mean of the subject's own rounds
        cited = next(iter(found.values()))
        value = sum((Decimal(r.score or 0) for r in cited), Decimal(0)) / len(cited)
    return Input(_number(value), records=tuple(f"result:{r.round_id}-{r.subject_id}" for r in cited))


def _entered(kind: Rubric, row: Round, inputs: dict[int, dict[str, Input]], judges: bool) -> None:
    """What people entered: marks of judges, signed judgements, claims that were checked."""
    judged: dict[tuple[int, str], list[Mark]] = defaultdict(list)
    for mark in Mark.objects.filter(round=row, state__in=(GIVEN, CHECKED), points__isnull=False).order_by(
        "who", "number"
    ):
        judged[mark.subject_id, mark.item].append(mark)
    for (id, item_id), marks in judged.items():
        item = kind.item(item_id)
        if id not in inputs or item is None or (item["kind"] == "judged" and not judges):
            continue
        records = tuple(f"mark:{row.pk}-{mark.number}" for mark in marks)
        if item["kind"] == "judged":
            # In order of size: who gave which mark stays with the marks, and nothing depends on who came first.
            points = sorted(Decimal(mark.points or 0) for mark in marks)
            inputs[id][item_id] = Input(marks=tuple(rules.plain(p) for p in points), records=records)
        elif item["kind"] in ("signed", "claimed"):
            cited = tuple(record for mark in marks for record in mark.records)
            inputs[id][item_id] = Input(rules.plain(Decimal(marks[-1].points or 0)), records=(*records, *cited))


def scored(kind: Rubric, one: Gathered) -> rules.Scored:
    """Score one subject by a rubric."""
    return rules.score_of(
        kind.body, one.inputs, lambda gate, reads: kind.conditions[gate].holds({**one.facts, **reads}, today=None)
    )


def instants(period: str) -> tuple[datetime, datetime]:
    """[since, until) of 2026, 2026-Q4 or 2026-11. Raises NotFound measures.period."""
    if len(period) == 4 and period.isdecimal():
        from datetime import date

        first, after = date(int(period), 1, 1), date(int(period) + 1, 1, 1)
        return clock.midnight(first), clock.midnight(after)
    found = measures.parse_period(period)
    return found.since, found.until
