"""Counting a bulletin: the rows of its period with their marks, the periods it is compared with, and its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import translation

from gezhi.engines.publishing import rules
from gezhi.engines.publishing.bulletins import wording
from gezhi.engines.publishing.bulletins.frozen import Tally, pack
from gezhi.engines.publishing.bulletins.numbers import BEFORE, NOW, YEAR, Numbers
from gezhi.engines.publishing.bulletins.schema import OF, Template
from gezhi.foundation import measures, people, places
from gezhi.foundation.measures import METRICS, Cut, Figure, Period
from gezhi.foundation.places import Directory

BELOW = {"county": "town", "town": "village", "village": "grid"}
FORMAT = 1
#: What the rows of a source lie in, beside the places below.
DIMS = {"cases": ("unit", "category", "workflow", "channel"), "duties": ("rule",)}


@dataclass(frozen=True)
class Gathered:
    """A bulletin ready to be sealed: its words and numbers, and its rows packed. `reported`: how much came."""

    body: dict[str, Any]
    rows: bytes
    reported: int


def gather(
    template: Template, place_id: int, period: Period, *, now: datetime, earlier: Mapping[str, Any] | None = None
) -> Gathered:
    """Count the bulletin of a period that is over. `earlier`: the sealed body of the period before, to be corrected.

    Bulletins are Chinese papers, whatever language the officer's screen is in. Four queries of figures at most.
    """
    with translation.override("zh-hans"):
        return _gather(template, place_id, period, now, earlier)


def _gather(
    template: Template, place_id: int, period: Period, now: datetime, earlier: Mapping[str, Any] | None
) -> Gathered:
    directory = places.directory(period.last)
    info = directory.place(place_id)
    added = template.added
    below = BELOW.get(info.kind, "")
    own = DIMS[template.counts]
    by = (*own, *([below] if below else []))
    days = {f"{id}@{d.name}": Cut(d.since, d.until, d.until) for d in period.days() for id in template.by_day}
    marked = measures.mark(added, by=by, period=period, place=place_id, at=now, within=days)
    reach = _reach(place_id, directory) if own[0] == "unit" else (lambda _unit: "within")
    dims = (*own, *(["below"] if below else []), "reach")
    now_tally, frozen = _kept(marked, dims, reach)
    tallies = {NOW: now_tally}
    for when, other in ((BEFORE, period.back()), (YEAR, period.year_before())):
        if other is None:
            continue
        seen = measures.mark(added, by=by, period=other, place=place_id, at=now)
        tally, packed = _kept(seen, dims, reach)
        if tally or when == BEFORE:  # a year without any record is no year to compare with
            tallies[when] = tally
            frozen += packed
    persons = _persons(template, place_id, period, now)
    numbers = Numbers(tallies, persons, template.minimum)
    names = wording.Names(directory, info, below)
    sections = [wording.section(node, template, numbers, names, period) for node in template.sections]
    totals = {id: _total(numbers.figure(id)) for id in template.metrics}
    body = {
        "format": FORMAT,
        "title": template.title["zh"],
        "issuer": rules.fill(_issuer(template, info.kind), _said(directory, place_id)),
        "place": {"id": place_id, "kind": info.kind, "name": names.name, "label": directory.label(place_id, "county")},
        "period": {
            "kind": period.kind, "name": period.name, "words": period.words, "dates": period.dates,
            "year": period.year, "number": period.number, "before": period.back().words,
            "since": period.since.isoformat(), "until": period.until.isoformat(),
        },
        "sections": sections,
        "corrections": _corrections(earlier, numbers) if earlier else [],
        "numbers": numbers.kept,
        "totals": totals,
        "minimum": template.minimum,
    }  # fmt: skip
    if template.counts != "cases":
        body["of"] = template.counts
    return Gathered(body, frozen, tallies[NOW].count(f"{OF[template.counts]}_of_n"))


def _kept(marked: measures.Marked, dims: Sequence[str], reach: Callable[[Any], str]) -> tuple[Tally, bytes]:
    """The rows of a period counted and packed while they are read once: a million of them are never held together."""
    counts: Counter[tuple[tuple[Any, ...], int]] = Counter()
    whole: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def rows() -> Iterator[tuple[int, tuple[Any, ...], int]]:
        for id, groups, mask in marked.each():
            if (line := whole.get(groups)) is None:
                line = whole[groups] = (*groups, reach(groups[0]))
            counts[line, mask] += 1
            yield id, line, mask

    packed = pack(dims, marked.bits, rows())
    return Tally(dims, marked.bits, marked.weights, ((line, mask, n) for (line, mask), n in counts.items())), packed


def _reach(place_id: int, directory: Directory) -> Any:
    """Whether a unit stands in the place or above it; what nobody has been given yet lies in the place."""
    seats = people.directory().seats
    known: dict[int | None, str] = {None: "within"}

    def reach(unit: int | None) -> str:
        if unit not in known:
            seat = seats.get(unit) if unit is not None else None
            inside = (
                seat is None or directory.get(seat.place_id) is None or directory.is_within(seat.place_id, place_id)
            )
            known[unit] = "within" if inside else "above"
        return known[unit]

    return reach


def _persons(template: Template, place_id: int, period: Period, now: datetime) -> dict[str, dict[str, Figure]]:
    ids = [id for id in template.metrics if METRICS[id].counts == "persons"]
    if not ids:
        return {}
    asked = {NOW: period, BEFORE: period.back(), YEAR: period.year_before()}
    return {
        when: measures.measure(ids, period=one, place=place_id, at=now)
        for when, one in asked.items()
        if one is not None
    }


def _issuer(template: Template, kind: str) -> str:
    return template.issuers.get(kind) or next(iter(template.issuers.values()))


def _said(directory: Directory, place_id: int) -> dict[str, str]:
    path = directory.path(place_id)
    county = directory.get(path.county_id) if path.county_id is not None else None
    return {
        "place": places.short_name(directory.place(place_id).name),
        "county": county.name if county is not None and county.id != place_id else "",
    }


def _total(f: Figure) -> list[Any]:
    return [None if f.numerator is None else str(f.numerator), f.denominator]


def _corrections(earlier: Mapping[str, Any], numbers: Numbers) -> list[dict[str, str]]:
    """What the last bulletin said and what the same count says now: late records, imports, merged doubles."""
    found = list(_changed(earlier["totals"], numbers))
    return [{"title": now.title, "was": _text(now, was), "now": now.text} for now, was in found]


def _changed(totals: Mapping[str, Any], numbers: Numbers) -> Iterator[tuple[Figure, list[Any]]]:
    for id, was in totals.items():
        if id not in METRICS:
            continue
        now = numbers.figure(id, BEFORE)
        if now.numerator is not None and _total(now) != list(was):
            yield now, list(was)


def _text(now: Figure, was: list[Any]) -> str:
    """The old number in the words of the new one."""
    from decimal import Decimal

    top, bottom = (None if was[0] is None else Decimal(was[0])), was[1]
    value: Any = None
    if top is not None:
        value = int(top) if now.unit == "count" else (top / bottom if bottom else None)
    return Figure(now.metric, now.title, now.unit, now.definition, value, top, bottom, None).text
