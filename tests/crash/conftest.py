from datetime import datetime, timedelta
from itertools import count

import pytest
import time_machine

from tests.world import World

NOW = datetime.fromisoformat("2026-11-18T02:00:00+00:00")  # Wednesday 10:00 in Shanghai, a plain working day
_tests = count()


@pytest.fixture
def at_ten():
    """Wednesday 18 November 2026, some seconds after 10:00; `.shift(seconds)` and `.move_to(...)` move it.

    Another second for every test: revision numbers hold the time, and where tables are really emptied between
    two tests of one instant, the same number would stand for two counties.
    """
    with time_machine.travel(NOW + timedelta(seconds=next(_tests)), tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(db, at_ten) -> World:
    return World()
