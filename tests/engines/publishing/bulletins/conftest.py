import pytest
import time_machine

from gezhi.engines.publishing.bulletins import sealing
from gezhi.foundation import people
from gezhi.foundation.measures import parse_period
from tests.world import World


class Time:
    """Moves the clock of the house: `to("2026-11-18 10:00")` in Shanghai."""

    def __init__(self, traveller):
        self._traveller = traveller

    def to(self, at: str) -> None:
        self._traveller.move_to(f"{at.replace(' ', 'T')}:00+08:00")


@pytest.fixture
def clock():
    with time_machine.travel("2026-10-14T02:00:00+00:00", tick=False) as traveller:
        yield Time(traveller)


@pytest.fixture
def world(db, clock):
    return World()


@pytest.fixture
def seal():
    """`seal(place, "2026-10")` by the house itself."""

    def sealed(place, period, name="governance", actor=None):
        row, _new = sealing.seal(name, place, parse_period(period), actor=actor or people.system("bulletins"))
        return row

    return sealed
