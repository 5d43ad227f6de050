"""The small county seen by a resident: no account, a phone, a door plate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from gezhi.engines.workflows.models import Case
from gezhi.foundation import places
from gezhi.foundation.people import actions
from gezhi.interfaces.api import limits
from tests.foundation.people.county import SETUP
from tests.world import World

NOW = "2026-11-18T02:00:00+00:00"  # Wednesday 10:00 in Shanghai, a plain working day
PASSWORD = "correct-horse-7-battery"
SCRIPT = {"Accept": "application/json"}


class Resident:
    """A resident's browser: `resident.raises("灯坏了")`, `resident.key("/")`."""

    def __init__(self, world: World):
        self.world = world
        self.client = Client()

    def plate(self) -> str:
        """The address of the door plate of building 7."""
        return f"/b/{places.directory().get(self.world.places['block7']).qr}"

    def key(self, url: str) -> str:
        """The idempotency key of the form on a page."""
        page = self.client.get(url).content.decode()
        return re.search(r'name="_?key" value="([^"]+)"', page).group(1)

    def form(self, **more: Any) -> dict[str, Any]:
        """What a filled-in form sends."""
        place = self.world.places["lake"]
        return {
            "text": "三楼楼道灯坏了一周，晚上看不清。",
            "place": place,
            "contact": "none",
            "key": "key-0001",
            **more,
        }

    def raises(self, *, url: str = "/", **more: Any):
        """Send the form of raising; returns the answer."""
        return self.client.post(url, self.form(**more))


@pytest.fixture(scope="module")
def county(django_db_setup, django_db_blocker) -> Iterator[World]:
    """The county, built once a module inside a transaction that is rolled back after it."""
    with time_machine.travel(NOW, tick=False), django_db_blocker.unblock():
        around = transaction.atomic()
        around._from_testcase = True  # as Django's own TestCase does: each test's block nests in it
        around.__enter__()
        try:
            made = World()
            # Made here and not in a test: what a test changes in the directory is rolled back behind its snapshot.
            signs_in = actions.create_person(
                "傅小满", actor=SETUP, username="fuxiaoman", password=PASSWORD, synthetic=True
            )
            actions.appoint(made.seats["grid2"], signs_in, actor=SETUP)
            yield made
        finally:
            transaction.set_rollback(True)
            around.__exit__(None, None, None)


@pytest.fixture
def at_ten():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(county, db, at_ten, settings, tmp_path) -> World:
    settings.GEZHI_HOME = tmp_path / "home"
    limits.buckets.clear()
    return county


@pytest.fixture
def resident(world) -> Resident:
    return Resident(world)


@pytest.fixture
def only_case():
    """The one case there is; fails when there are none or more."""
    return lambda: Case.objects.get()
