"""What the promises share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine


@pytest.fixture
def at_ten() -> Iterator[time_machine.Traveller]:
    """Wednesday 18 November 2026, 10:00 in Shanghai; `.move_to(...)` moves it."""
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        yield traveller
