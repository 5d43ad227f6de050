from collections.abc import Iterator

import pytest
from django.db import transaction

from gezhi.interfaces.api import limits
from tests.interfaces.api.world import World


@pytest.fixture(autouse=True)
def _patient_doors():
    limits.buckets.clear()


@pytest.fixture(scope="module")
def county(django_db_setup, django_db_blocker) -> Iterator[World]:
    """The county, built once a module inside a transaction that is rolled back after it."""
    with django_db_blocker.unblock():
        around = transaction.atomic()
        around._from_testcase = True  # as Django's own TestCase does: each test's block nests in it
        around.__enter__()
        try:
            yield World()
        finally:
            transaction.set_rollback(True)
            around.__exit__(None, None, None)


@pytest.fixture
def world(county, db, settings, tmp_path) -> World:
    settings.GEZHI_HOME = tmp_path / "home"
    county.fresh()
    return county
