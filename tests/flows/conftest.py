import pytest

from gezhi.flows import following
from gezhi.foundation import events
from gezhi.foundation.jobs import claims
from gezhi.foundation.notices.models import Notice
from tests.world import World


@pytest.fixture
def world(db):
    world = World()
    catch_up()  # who sits where is told before the tests begin
    return world


def catch_up() -> None:
    """What the worker does: seal, read on, do the jobs."""
    while events.seal_now() is not None:
        pass
    while following.follow():
        pass
    claims.drain()


def told(world, name: str) -> list[str]:
    """Templates of the person's lines, oldest first."""
    rows = Notice.objects.filter(person=world.person(name)).order_by("id")
    return list(rows.values_list("template", flat=True))
