"""A small county with the standard activities: 赵兰 convenes at 湖滨社区, 周敏 at the street. Synthetic people only."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
import time_machine

from gezhi.engines.matching import minutes, planning, signing
from gezhi.engines.matching.models import Session
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Refusal
from tests.world import World

HOUR = timedelta(hours=1)
PHONES = [f"138000{n:05d}" for n in range(400)]


def at(text: str) -> datetime:
    """Wall clock of Shanghai: at("2026-11-20 19:00")."""
    return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)


@contextmanager
def refused(code: str):
    """What happens inside is refused with this code."""
    with pytest.raises(Refusal) as wrong:
        yield wrong
    assert wrong.value.code == code


class Hall:
    """Short ways: hall.plan("evening_school"), hall.guest(session, 3), hall.past(session)."""

    def __init__(self, world: World, traveller: time_machine.Traveller) -> None:
        self.world, self.traveller = world, traveller

    def plan(self, name: str = "evening_school", when: str = "2026-11-20 19:00", hours: float = 2, **more) -> Session:
        by, place = more.pop("by", "赵兰"), more.pop("place", "lake")
        starts = at(when)
        return planning.plan(
            name, self.world.places[place], starts, starts + HOUR * hours, actor=self.world.actor(by), **more
        )

    def guest(self, session: Session, n: int, **more):
        who = signing.guest(f"甲{chr(0x4E00 + n)}", PHONES[n % len(PHONES)])
        return signing.sign_up(session.pk, who, actor=more.get("actor") or people.resident())

    def until(self, moment: datetime) -> None:
        self.traveller.move_to(moment)

    def held(self, session: Session, by: str = "赵兰", **more) -> Session:
        """Travel to its end and enter the sheet: everybody came unless `marks` says otherwise."""
        if clock.now() < session.ends:
            self.until(session.ends)
        marks = {b.number: "attended" for b in session.bookings.filter(state="booked")} | more.pop("marks", {})
        return signing.attend(session.pk, marks, actor=self.world.actor(by), **more)

    def closed(self, session: Session, by: str = "赵兰", data=None, done=(), **more) -> Session:
        self.held(session, by, **more)
        return minutes.close(session.pk, data or {}, actor=self.world.actor(by), done=done)


@pytest.fixture
def at_ten():
    """Wednesday 18 November 2026, 10:00 in Shanghai."""
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        yield traveller


@pytest.fixture
def hall(db, at_ten) -> Hall:
    return Hall(World(), at_ten)
