"""What may be told to everybody: counts and plain facts of matters, never anybody's words without consent.

A public row knows its category, the village or community, how far it is and the dates. The resident's sentence
appears only where its writer said so (`public_ok`). No names, no phones, no numbers, no codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from gezhi.engines.workflows import merging, queries, rules
from gezhi.engines.workflows.access import ORDINARY
from gezhi.engines.workflows.models import CLOSED, MERGED, OPEN, Case
from gezhi.engines.workflows.views import plain_titles
from gezhi.foundation import packs, places
from gezhi.foundation.calendar import clock

DAYS = 30
ROWS = 100
COLUMNS = {"county": "county_id", "town": "town_id", "village": "village_id"}
#: Which cases a figure of the board counts: the same conditions open its list.
FIGURES = {
    "raised": Q(),
    "closed": Q(state=CLOSED),
    "solved": Q(state=CLOSED, solved="yes"),
    "open": Q(state=OPEN),
}


@dataclass(frozen=True)
class PublicRow:
    """A matter as everybody may see it. `words` is "" unless its writer agreed; `step` the plain step it is at."""

    category: str
    place: str
    words: str
    step: str
    clock: str  # running | soon | overdue | done
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    here: bool
    reports: int = 1  # how often it was raised: one event is one row


@dataclass(frozen=True)
class Tally:
    """Counts of one cut. `key` is a place id or the first level of a category."""

    key: int | str
    title: str
    raised: int
    closed: int
    solved: int
    open: int


def category_title(code: str) -> str:
    """A category in words; a matter not sorted yet says so."""
    found = packs.registry().categories.get(code) if code else None
    return found.label if found else _("还没有分类")


def group_title(code: str) -> str:
    """The first level of a category, by which the board groups."""
    found = packs.registry().categories.get(code) if code else None
    return found.l1 if found else _("还没有分类")


def _around(place_id: int) -> Q:
    """Cases of a place; a building or grid stands for its village or community."""
    directory = places.directory()
    info = directory.get(place_id)
    if info is not None and info.kind not in COLUMNS:
        village = directory.path(place_id).village_id
        if village is not None:
            return Q(village_id=village)
    column = COLUMNS.get(info.kind if info else "")
    return Q(**{column: place_id}) if column else Q(pk__in=[])


def _recent(place_id: int) -> QuerySet[Case]:
    since = rules.first_id(clock.now() - timedelta(days=DAYS))
    # What is handled with another case is that case's row: one event, however many raised it.
    return Case.objects.filter(ORDINARY, _around(place_id), id__gte=since).exclude(outcome=MERGED)


def open_needs(place_id: int) -> list[PublicRow]:
    """The open matters around a place now, newest first. Two queries."""
    cases = Case.objects.filter(ORDINARY, _around(place_id), state=OPEN).order_by("-id")[:ROWS]
    return _rows(cases, place_id)


def count_open(place_id: int) -> int:
    """How many matters are open around a place now, counted no further than the list shows."""
    return Case.objects.filter(ORDINARY, _around(place_id), state=OPEN).values("id")[:ROWS].count()


def listed(place_id: int, figure: str, group: str = "", *, page: int = 1) -> tuple[list[PublicRow], bool]:
    """The rows behind a figure of the board, newest first, and whether there are more."""
    wanted = _recent(place_id).filter(FIGURES[figure])
    if group:
        codes = [c.code for c in packs.registry().categories if c.l1 == group]
        wanted = wanted.filter(category__in=codes) if group != _("还没有分类") else wanted.filter(category="")
    start = (page - 1) * ROWS
    cases = list(wanted.order_by("-id")[start : start + ROWS + 1])
    return _rows(cases[:ROWS]), len(cases) > ROWS


def redacted(cases: Iterable[Case]) -> list[PublicRow]:
    """Cases as everybody may know of them, without anybody's words even where their writer agreed."""
    return [replace(row, words="") for row in _rows(cases)]


def _rows(cases: Iterable[Case], here: int | None = None) -> list[PublicRow]:
    found, now, directory, titles = list(cases), clock.now(), places.directory(), plain_titles()
    words = queries.titles_of([c for c in found if c.public_ok])
    reports = merging.reports_of([c.id for c in found]) if found else {}
    rows = []
    for case in found:
        place = case.village_id or case.town_id or case.county_id
        due = case.late_at or case.due_at
        rows.append(
            PublicRow(
                category=category_title(case.category),
                place=places.short_name(directory.get(place).name),
                words=words.get(case.text_ref, "") if case.public_ok else "",
                step=_("办完了") if case.state == CLOSED else titles.get(case.phase, ""),
                clock=rules.clock_state(state=case.state, due_at=due, warn_at=None, now=now),
                opened_at=case.opened_at,
                due_at=case.due_at,
                closed_at=case.closed_at,
                here=here is not None and case.place_id == here,
                reports=1 + reports.get(case.id, 0),
            )
        )
    return rows


def tallies(place_id: int) -> tuple[Tally, list[Tally], list[Tally]]:
    """(the place itself, the places directly inside it, the groups of categories) over the last 30 days.

    One query; a case counts once in each of the three.
    """
    directory = places.directory()
    info = directory.get(place_id)
    assert info is not None
    inner = {"county": "town_id", "town": "village_id"}.get(info.kind)
    counted = (
        _recent(place_id)
        .order_by()
        .values("category", *([inner] if inner else []))
        .annotate(
            **{name: Count("id", filter=condition) if condition else Count("id") for name, condition in FIGURES.items()}
        )
    )
    total: dict[str, int] = dict.fromkeys(FIGURES, 0)
    by_place: dict[int, dict[str, int]] = {}
    by_group: dict[str, dict[str, int]] = {}
    for row in counted:
        cells = [total, by_group.setdefault(group_title(row["category"]), dict.fromkeys(FIGURES, 0))]
        if inner and row[inner] is not None:
            cells.append(by_place.setdefault(row[inner], dict.fromkeys(FIGURES, 0)))
        for cell in cells:
            for name in FIGURES:
                cell[name] += row[name]
    own = Tally(place_id, places.short_name(info.name), **total)
    around = [Tally(i, places.short_name(directory.get(i).name), **c) for i, c in by_place.items()]
    groups = [Tally(title, title, **c) for title, c in by_group.items()]
    return own, _most_first(around), _most_first(groups)


def _most_first(found: list[Tally]) -> list[Tally]:
    return sorted(found, key=lambda t: (-t.raised, t.title))
