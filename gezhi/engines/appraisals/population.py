"""Whom a round is about: lines of a register, places of a kind, seats of posts, at a place and inside it, on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from gezhi.engines.appraisals.schema import Rubric
from gezhi.foundation import people, places, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict
from gezhi.foundation.people.actor import COLUMNS
from gezhi.foundation.subjects.models import Subject
from gezhi.foundation.subjects.queries import stood

MOST = 2_000


@dataclass(frozen=True)
class Member:
    """One subject of a round. `facts`: what expressions read of its line (JSON); `persons`: colleagues who are it, or hold it."""

    id: int
    label: str
    place_id: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    entry_id: int | None = None
    persons: frozenset[int] = frozenset()
    seat_id: int | None = None
    subjects: tuple[int, ...] = ()  # subjects whose lines in other registers are its lines

    @property
    def path(self) -> places.Path:
        return places.directory().path(self.place_id)


def members(kind: Rubric, place_id: int, on: date) -> list[Member]:
    """Everybody a round of this rubric is about on a day, by label; three queries at most.

    Raises Conflict appraisal.too_many.
    """
    if "places" in kind.of:
        found = _places(kind, place_id, on)
    elif "posts" in kind.of:
        found = _seats(kind, place_id)
    else:
        found = _lines(kind, place_id, on)
    if len(found) > MOST:
        raise Conflict("appraisal.too_many", most=MOST)
    return sorted(found, key=lambda one: (one.place_id, one.label, one.id))


def inside(place_id: int) -> Q:
    """Rows that lie in a place."""
    directory = places.directory()
    info = directory.get(place_id)
    if info is None:
        return Q(pk__in=[])
    if info.kind in COLUMNS:
        return Q(**{f"{info.kind}_id": place_id})
    if info.kind in places.GRIDS:
        return Q(grid_id__in=[place_id, *directory.grids_under(place_id)])
    if info.kind in ("province", "city"):
        return Q(county_id__in=list(directory.descendants(place_id)))
    return Q(place_id=place_id)


def _places(kind: Rubric, place_id: int, on: date) -> list[Member]:
    directory = places.directory(None if on == clock.today() else on)
    wanted = kind.of["places"]
    ids = [place_id, *directory.descendants(place_id)]
    return [
        Member(id, places.short_name(directory.get(id).name), id)
        for id in ids
        if (info := directory.get(id)) is not None and info.kind == wanted and directory.open(id)
    ]


def _seats(kind: Rubric, place_id: int) -> list[Member]:
    directory, map_of, now = people.directory(), places.directory(), clock.now()
    found = []
    for id, seat in directory.seats.items():
        if seat.post in kind.of["posts"] and map_of.is_within(seat.place_id, place_id):
            holders = directory.holders(id, now)
            found.append(
                Member(id, people.label_on(seat, map_of), seat.place_id, persons=frozenset(holders), seat_id=id)
            )
    persons = {person for member in found for person in member.persons}
    known: dict[int, list[int]] = {}
    if persons:
        for subject_id, person in Subject.objects.filter(person_id__in=persons, ended="").values_list(
            "pk", "person_id"
        ):
            known.setdefault(person or 0, []).append(subject_id)
    return [
        Member(
            m.id, m.label, m.place_id, persons=m.persons, seat_id=m.seat_id,
            subjects=tuple(sorted(s for person in m.persons for s in known.get(person, ()))),
        )
        for m in found
    ]  # fmt: skip


def _lines(kind: Rubric, place_id: int, on: date) -> list[Member]:
    declared = subjects.register(kind.of["register"])
    now, past = stood(on, declared.name)
    here = inside(place_id)
    rows: list[Any] = [
        *now.filter(here).order_by("pk")[: MOST + 1],
        *past.filter(here).select_related("entry")[: MOST + 1],
    ]
    whos = Subject.objects.in_bulk({_entry(row).subject_id for row in rows})
    found: dict[int, Member] = {}
    for row in sorted(rows, key=lambda one: _entry(one).pk):
        line = _entry(row)
        who = whos[line.subject_id]
        if who.pk in found or (who.until is not None and who.until <= on):
            continue
        facts = subjects.facts_of(declared, row.values, who, on, line)
        if kind.members is not None and not kind.members.holds(facts, today=on):
            continue
        persons = frozenset([who.person_id]) if who.person_id is not None else frozenset()
        found[who.pk] = Member(
            who.pk,
            who.label,
            row.place_id,
            {name: _json(value) for name, value in facts.items()},
            line.pk,
            persons,
            None,
            (who.pk,),
        )
    return list(found.values())


def _entry(row: Any) -> Any:
    return getattr(row, "entry", None) or row


def _json(value: Any) -> Any:
    """A fact as it is kept beside a result: expressions read it back the same."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value
