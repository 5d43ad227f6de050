import pytest
import time_machine

from tests.world import World


@pytest.fixture
def at_ten():
    """Wednesday 18 November 2026, 10:00 in Shanghai."""
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        yield traveller


@pytest.fixture
def county(db, at_ten):
    """`county("pack-name", ...)` builds a small county with these packs installed."""
    return World
