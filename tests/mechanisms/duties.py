"""What mechanisms of engine 期 share: people on a register, rules in force, and what somebody owes."""

from __future__ import annotations

from datetime import date
from typing import Any

from gezhi.engines.duties import queries, standings
from gezhi.engines.duties.queries import Owed
from gezhi.engines.duties.schema import rule
from gezhi.foundation import subjects
from gezhi.foundation.db import revisions
from gezhi.foundation.subjects.models import Entry, Subject
from tests.engines.duties.scene import SYSTEM, publish
from tests.world import World

__all__ = ["SYSTEM", "owed", "person", "publish", "standing", "enter"]


def person(
    world: World, name: str, born: str = "1950-03-05", sex: str = "f", place: str = "lake1", **more: Any
) -> Subject:
    """A made-up person at a place."""
    facts = {"name": name, "born": born, "sex": sex}
    return subjects.add("person", facts, actor=SYSTEM, place_id=world.places[place], synthetic=True, **more)


def enter(register: str, who: Subject, **values: Any) -> Entry:
    """Their line in a register from today."""
    return subjects.enter(register, who.pk, values, actor=SYSTEM)


def owed(world: World, name: str, which: str | None = None) -> list[Owed]:
    """What somebody of the cast owes now."""
    with revisions.scope():
        return [o for o in queries.owed(world.actor(name)) if which in (None, o.rule.name)]


def standing(name: str, day: date) -> standings.Standing:
    """How a rule stands in the period whose window holds a day, everywhere together."""
    known = rule(name)
    (period,) = known.periods(day, day)
    total = standings.Standing(None)
    for row in standings.standing(known, period, by="county"):
        total.add(row)
    return total
