"""What mechanisms of allocation share: people and matters on registers, a proposal, its adoption."""

from __future__ import annotations

from typing import Any

from gezhi.engines.matching import allocating
from gezhi.engines.matching.allocating import Proposal
from gezhi.engines.matching.models import Allotment
from gezhi.flows import allotments
from gezhi.foundation import people, subjects
from gezhi.foundation.subjects.models import Subject
from tests.world import World

SYSTEM = people.system("test")


def enter_all(
    world: World, register: str, kind: str, place: str, rows: list[tuple[str, dict[str, Any]]]
) -> list[Subject]:
    """Made-up subjects at a place, each with a line of the register."""
    made = [
        subjects.add(kind, {"name": name}, actor=SYSTEM, place_id=world.places[place], synthetic=True)
        for name, _v in rows
    ]
    subjects.enter_many(
        register, [(who.pk, values, None) for who, (_n, values) in zip(made, rows, strict=True)], actor=SYSTEM
    )
    return made


def propose(world: World, name: str, place: str, by: str) -> Proposal:
    return allocating.propose(name, world.places[place], actor=world.actor(by))


def adopt(world: World, name: str, place: str, by: str, **more: Any) -> Allotment:
    seen = more.pop("seen", None) or propose(world, name, place, by).seen
    return allotments.adopt(name, world.places[place], actor=world.actor(by), seen=seen, **more)[0]
