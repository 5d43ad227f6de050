"""The small county of tests/world.py seen through the desk: everybody signs in by name."""

from __future__ import annotations

import pytest
from django.test import Client

from gezhi.foundation import people
from tests.foundation.people.county import SETUP
from tests.world import World


class Desk:
    """Browsers by the name of who sits there: `desk.of("赵兰").get("/desk/")`."""

    def __init__(self, world: World):
        self.world = world

    def of(self, name: str, **headers) -> Client:
        client = Client(headers=headers or None)
        person = people.directory().person(self.world.people[name])
        session = client.session
        session["person"], session["person_epoch"] = person.id, person.session_epoch
        session.save()
        client.cookies["sessionid"] = session.session_key
        return client


class Offices(World):
    """With 薛衡, who audits, and 卢一舟, who administers."""

    def __init__(self) -> None:
        super().__init__()
        self.seats["auditor"] = self.seat("auditor", "county", "薛衡")
        self.seats["admin"] = self.seat("admin", "county", "卢一舟")


@pytest.fixture
def world(db):
    return Offices()


@pytest.fixture
def desk(world):
    return Desk(world)


@pytest.fixture
def htmx():
    """What htmx sends along."""
    return {"HX-Request": "true"}


__all__ = ["SETUP", "Desk"]
