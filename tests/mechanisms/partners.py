"""What mechanisms of partners share: organisations on a register, events held with them."""

from __future__ import annotations

from typing import Any

from gezhi.engines.matching.models import Session
from gezhi.foundation import subjects
from gezhi.foundation.subjects.models import Subject
from tests.mechanisms.meetings import Hall
from tests.mechanisms.roll import ago, thing


def entered(hall: Hall, register: str, name: str, since: int = 300, **values: Any) -> Subject:
    """An organisation with its line in a register."""
    row = thing(hall.world, "organisation", name)
    subjects.enter(register, row.pk, values, actor=hall.world.actor("赵兰"), since=ago(since))
    return row


def event(
    hall: Hall, name: str, when: str, partners: list[Subject], guests: list[int], heads: int = 0, **more: Any
) -> Session:
    """An event held with these partners, to which these guests came and so many more were counted at the door."""
    row = hall.plan(name, when=when, hours=1, partners=[p.pk for p in partners], **more)
    for n in guests:
        hall.guest(row, n)
    return hall.closed(row, heads=heads)
