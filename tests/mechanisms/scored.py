"""What mechanisms with a rubric share: a round on its way, what people enter, what came out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from gezhi.engines.appraisals import marking, rounds
from gezhi.engines.appraisals.models import Result, Round
from gezhi.foundation import people, subjects
from gezhi.foundation.subjects.models import Subject
from tests.engines.appraisals.scene import NEW_YEAR
from tests.world import World

SYSTEM = people.system("test")
JOINED = date(2026, 2, 1)
ONCE = "what a rubric gives is reckoned in Python; a round on both databases is in tests/engines/appraisals"


def somebody(
    world: World, kind: str, name: str, register: str, values: Mapping[str, Any], place: str = "lake1"
) -> Subject:
    """A made-up subject on a register since February."""
    at = world.places[place]
    who = subjects.add(kind, {"name": name}, actor=SYSTEM, place_id=at, since=date(2026, 1, 1), synthetic=True)
    subjects.enter(register, who.pk, dict(values), actor=SYSTEM, since=JOINED)
    return who


def judge(world: World, row: Round, subject: int, item: str, by: Mapping[str, Any]) -> None:
    """Marks by name of who gives them."""
    for name, points in by.items():
        marking.judge(row.pk, subject, item, points, actor=world.actor(name), words="平时看的")


def claim(world: World, row: Round, subject: int, item: str, points: Any, *, by: str, check: str, record: str) -> None:
    """A claim with its record, and what whoever looked at it gave."""
    marking.claim(row.pk, subject, item, "见记录", actor=world.actor(by), records=[record])
    marking.check(row.pk, subject, item, actor=world.actor(check), points=points, words="看了")


def sealed(world: World, row: Round, clock: Any, by: str) -> dict[int, Result]:
    """The results, once the year is over."""
    clock.move_to(NEW_YEAR)
    rounds.seal(row.pk, actor=world.actor(by))
    return {result.subject_id: result for result in Result.objects.filter(round=row)}


def published(world: World, row: Round, by: str) -> Round:
    """Shown to those concerned: from here one may object."""
    return rounds.publish(row.pk, actor=world.actor(by))


def final(world: World, row: Round, clock: Any, by: str) -> Round:
    """Published, and the window over."""
    row = published(world, row, by)
    clock.move_to(row.object_until)
    return rounds.close(row.pk, actor=world.actor(by))


def scores(found: Mapping[int, Result], whos: Iterable[int]) -> list[Decimal | None]:
    """The scores in this order."""
    return [None if found[id].score is None else Decimal(found[id].score) for id in whos]
