import pytest

from gezhi.foundation import people
from gezhi.foundation.notices import choosing
from gezhi.foundation.people import actions
from tests.flows.conftest import catch_up
from tests.foundation.notices import fakes
from tests.foundation.people.county import SETUP
from tests.world import World

ROOT = people.system("test")


@pytest.fixture
def world(db):
    world = World()
    catch_up()
    return world


@pytest.fixture
def fake():
    with fakes.gateway() as found:
        yield found


@pytest.fixture
def opened(world, fake):
    """Open a way out to the fake: opened("sms", url=...) -> id."""

    def open_way(channel: str = "dingtalk", **given) -> int:
        given = {
            "channel": channel,
            "title": channel,
            "url": f"{fake.url}/send?access_token=abc",
            "secret": "SEC1",
        } | given
        if channel == "sms":
            given.setdefault("templates", "*=SMS_1\nreceived=SMS_2")
        return choosing.set_gateway(None, given, actor=ROOT)

    return open_way


@pytest.fixture
def with_phone(world):
    """Give a person of the cast a mobile number."""

    def give(name: str, phone: str = "13900000001") -> int:
        actions.set_contact(world.person(name), actor=SETUP, phone=phone)
        return world.person(name)

    return give
