from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.db import transaction

from tests.engines.duties.scene import Village

NOW = "2026-11-18T02:00:00+00:00"  # Wednesday, 10:00 in Shanghai


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker) -> Iterator[Village]:
    """The village, built once a module inside a transaction that is rolled back after it."""
    with time_machine.travel(NOW, tick=False), django_db_blocker.unblock():
        around = transaction.atomic()
        around._from_testcase = True  # as Django's own TestCase does: each test's block nests in it
        around.__enter__()
        try:
            yield Village()
        finally:
            transaction.set_rollback(True)
            around.__exit__(None, None, None)


@pytest.fixture
def at_ten():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def village(built, db, at_ten) -> Village:
    return built
