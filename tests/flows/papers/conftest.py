import pytest

from tests.world import World

WORDS = "七号楼后面的排水沟堵了，下雨就倒灌两户院子。我叫王桂兰，电话13800002671。"


class Audited(World):
    def __init__(self) -> None:
        super().__init__()
        self.seats["auditor"] = self.seat("auditor", "county", "薛衡")


@pytest.fixture
def world(db):
    return Audited()


@pytest.fixture
def case(world):
    """With the city management unit, signed for, its reporter known."""
    found = world.open(WORDS, contact_name="王桂兰", contact_phone="13800002671")
    return world.to_handle(found)


@pytest.fixture
def draft(world, case):
    from gezhi.flows.papers import doors

    row, new = doors.draft(case.id, "supervision", actor=world.actor("周敏"))
    assert new
    return row


@pytest.fixture
def issued(world, draft):
    from gezhi.flows.papers import doors

    return doors.issue(draft.pk, actor=world.actor("周敏"), expected_seq=draft.event_seq)
