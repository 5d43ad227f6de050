"""The small county seen by those who work on foot: everybody is signed in by name."""

from __future__ import annotations

import pytest
from django.test import Client

from gezhi.foundation import people
from tests.interfaces.portal.conftest import at_ten, county, world  # the same small county
from tests.world import World

__all__ = ["at_ten", "county", "world"]


class Field:
    """Browsers by the name of their owner: `field.of("秦英").get("/field/")`."""

    def __init__(self, world: World):
        self.world = world
        self._clients: dict[str, Client] = {}

    def of(self, name: str) -> Client:
        """A browser in which this person is signed in."""
        if name not in self._clients:
            client = Client()
            person = people.directory().person(self.world.people[name])
            session = client.session
            session["person"], session["person_epoch"] = person.id, person.session_epoch
            session.save()
            client.cookies["sessionid"] = session.session_key
            self._clients[name] = client
        return self._clients[name]

    def sign_in_again(self) -> None:
        """Sessions end after twelve hours: the next `of` signs in anew."""
        self._clients.clear()

    def page(self, name: str, url: str = "/field/", status: int = 200) -> str:
        """A page as this person sees it."""
        answer = self.of(name).get(url)
        assert answer.status_code == status, answer.content.decode()[:500]
        return answer.content.decode()


@pytest.fixture
def field(world) -> Field:
    return Field(world)
