from datetime import datetime

import pytest
import time_machine

from tests.world import World

NOW = datetime.fromisoformat("2026-11-18T02:00:00+00:00")  # Wednesday 10:00 in Shanghai, a plain working day


@pytest.fixture
def at_ten():
    """Wednesday 18 November 2026, 10:00; `.shift(seconds)` and `.move_to(...)` move it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(db, at_ten) -> World:
    return World()
