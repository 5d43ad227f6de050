"""Near-duplicates: cases that seem to tell of the same event, by words, place and time. Suggestions only.

A case's index job writes the sketch of its words (foundation.text.near). A check reads the newest sketches of the
village, and for a shorter time of the whole town, and then the few cases that are alike: two queries, whatever the
number of cases. docs/rules/duplicates.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

from gezhi.engines.workflows import access, rules
from gezhi.engines.workflows.models import CLOSED, OPEN, UNDONE, Case, Sketch
from gezhi.foundation import db, packs, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor
from gezhi.foundation.text import near

SCAN = 150  # newest sketches looked at in the village, and as many in the town
LOOKED = 12  # the most alike of them whose rows are read
GATHERED = 100  # and where a whole event is put together


@dataclass(frozen=True)
class Settings:
    """What `duplicates.yaml` says. Days, and likenesses in hundredths."""

    village_days: int = 30
    town_days: int = 3
    closed_within: int = 7  # a case handled and closed so long ago may still be joined
    staff: int = 12  # from this likeness on a clerk is shown it
    resident: int = 25  # and a resident
    around_hours: int = 3  # what came in from one spot so shortly before or after is shown whatever its words


@dataclass(frozen=True)
class Near:
    """A case that seems to be about the same: `likeness` 0..1. `case` is the one that goes on."""

    case: Case
    likeness: float
    same_village: bool

    @property
    def percent(self) -> int:
        return round(self.likeness * 100)


def settings() -> Settings:
    """What the pack installed last says, else the values above."""
    return _read(packs.registry())


@lru_cache(maxsize=4)
def _read(registry: Any) -> Settings:
    names = registry.names("duplicates")
    return Settings(**registry.body("duplicates", names[-1])) if names else Settings()


def put(cases: Iterable[tuple[int, int | None, int | None, bytes]]) -> None:
    """(case id, town, village, sketch) replace what was known; an empty sketch forgets the case. Two statements at most."""
    given = list(cases)
    gone = [case_id for case_id, _town, _village, sketch in given if not sketch]
    rows = [Sketch(case_id=c, town_id=t, village_id=v, sketch=sketch) for c, t, v, sketch in given if sketch]
    with db.write():
        if gone:
            Sketch.objects.filter(pk__in=gone).delete()
        if rows:
            Sketch.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["case_id"],
                update_fields=["town_id", "village_id", "sketch"],
            )


def candidates(
    text: str,
    place_id: int,
    *,
    actor: Actor,
    besides: int | None = None,
    at: datetime | None = None,
    limit: int = 5,
) -> list[Near]:
    """What seems to be the same event, likest first; each case that goes on appears once. Two queries, three with merged ones.

    `actor`: only cases of theirs to see; for a resident, the public, only open ordinary matters and a greater likeness
    count. `besides`: a case that is looking for its like. Never a protected matter.
    """
    path, set_up, now = places.directory().path(place_id), settings(), at or clock.now()
    likeness, _others = _judged(text, path, actor, besides, now, set_up)
    found = _going_on(dict(list(likeness.items())[:LOOKED]), actor, besides, now, set_up)
    return [Near(main, like, main.village_id == path.village_id) for main, like in found][:limit]


@dataclass(frozen=True)
class Event:
    """Reports that may be of one event. `alike`: by their words; `around`: from the same spot at about the same time.

    `closed`: like it by their words, handled and closed lately.
    """

    alike: list[Near] = field(default_factory=list)
    around: list[Near] = field(default_factory=list)
    closed: list[Near] = field(default_factory=list)

    def likest(self, most: int) -> list[Near]:
        """By words, open and closed."""
        return sorted((*self.alike, *self.closed), key=lambda one: -one.likeness)[:most]


def event_of(case: Case, text: str, *, actor: Actor) -> Event:
    """What may be the same event as an open case, to be put together at once, likest first.

    As `candidates`, and beside them what came in from the same building or grid within `around_hours`: forty people
    say one thing in ten ways. Two queries, three with merged ones.
    """
    path, set_up, now = places.directory().path(case.place_id), settings(), clock.now()
    likeness, others = _judged(text, path, actor, case.id, now, set_up)
    window = timedelta(hours=set_up.around_hours)
    first, last = rules.first_id(case.opened_at - window), rules.first_id(case.opened_at + window)
    beside = {id: like for id, like in others.items() if first <= id < last}
    both = dict(list((likeness | beside).items())[:GATHERED])
    event = Event()
    for main, like in _going_on(both, actor, case.id, now, set_up):
        one = Near(main, like, main.village_id == path.village_id)
        if like >= set_up.staff / 100:
            (event.alike if main.state == OPEN else event.closed).append(one)
        elif main.state == OPEN and _one_spot(main, case):
            event.around.append(one)
    return event


def _one_spot(one: Case, other: Case) -> bool:
    return one.place_id == other.place_id or (one.grid_id is not None and one.grid_id == other.grid_id)


def _judged(
    text: str, path: places.Path, actor: Actor, besides: int | None, now: datetime, set_up: Settings
) -> tuple[dict[int, float], dict[int, float]]:
    """(like enough, likest first; the others, newest first) by case id. One query."""
    rows = [row for row in _scan(path.town_id, path.village_id, now, set_up) if row[0] != besides]
    if not rows:
        return {}, {}
    alike = near.likenesses(near.sketch(text), [bytes(row[2]) for row in rows])
    least = (set_up.staff if actor.kind == "staff" else set_up.resident) / 100
    judged = sorted(((like, row[0]) for like, row in zip(alike, rows, strict=True)), reverse=True)
    enough = {id: like for like, id in judged if like >= least}
    return enough, {
        id: like for id, like in sorted(((id, like) for like, id in judged), reverse=True) if id not in enough
    }


def _going_on(
    likeness: Mapping[int, float], actor: Actor, besides: int | None, now: datetime, set_up: Settings
) -> list[tuple[Case, float]]:
    """The cases that go on for these, each once and theirs to see. A query, two when some are merged, none for none."""
    if not likeness:
        return []
    cases = Case.objects.in_bulk(list(likeness))
    mains = {c.merged_into for c in cases.values() if c.merged_into is not None} - set(cases)
    cases |= Case.objects.in_bulk(mains) if mains else {}
    found: dict[int, tuple[Case, float]] = {}
    for case_id, like in likeness.items():
        case = cases.get(case_id)
        main = cases.get(case.merged_into) if case is not None and case.merged_into is not None else case
        if case is None or main is None or main.id == besides or case.protected or main.id in found:
            continue
        if _counts(main, actor, now, set_up):
            found[main.id] = (main, like)
    return list(found.values())


def _scan(town: int | None, village: int | None, now: datetime, set_up: Settings) -> list[tuple[int, int | None, Any]]:
    """(case, village, sketch) of the newest in the village and in the town, each once. One query of indexed scans."""
    scans, given = [], list[Any]()
    for column, place, days in (("village_id", village, set_up.village_days), ("town_id", town, set_up.town_days)):
        if place is not None:
            scans.append(
                "SELECT * FROM (SELECT case_id, village_id, sketch FROM workflows_sketch "
                f"WHERE {column} = %s AND case_id >= %s ORDER BY case_id DESC LIMIT {SCAN}) AS {column}"
            )
            given += [place, rules.first_id(now - timedelta(days=days))]
    if not scans:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(scans), given)
        return list({row[0]: row for row in cursor.fetchall()}.values())


def _counts(main: Case, actor: Actor, now: datetime, set_up: Settings) -> bool:
    if main.protected or main.outcome == UNDONE or main.merged_into is not None:
        return False
    if main.parent_id is not None:  # a part of a larger matter says its words, and is nobody's report (merge.part)
        return False
    if actor.kind == "resident":
        return main.state == OPEN
    if main.state == CLOSED:
        lately = main.closed_at is not None and main.closed_at >= now - timedelta(days=set_up.closed_within)
        if not lately or main.handled_at is None:
            return False
    return access.sees(main, actor)


def read_settings(node: Any, context: Any) -> Mapping[str, Any] | None:
    """`duplicates.yaml` of a pack: the numbers of Settings, each optional, whole: days up to 365, hours to 48,
    hundredths 5 to 100."""
    names = tuple(Settings.__dataclass_fields__)
    if not context.keys(node, optional=("version", "about", *names)):
        return None
    bounds = {name: (5, 100) if name in ("staff", "resident") else (1, 365) for name in names} | {
        "around_hours": (1, 48)
    }
    return {
        name: context.whole(node, name, 0, low=low, high=high) for name, (low, high) in bounds.items() if name in node
    }
