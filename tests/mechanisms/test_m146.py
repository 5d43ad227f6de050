"""M146 课题化项目化: a topic is approved, has a milestone, and is accepted by others than those who did it."""

from datetime import date, timedelta

import pytest

from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotAllowed, NotFound
from tests.mechanisms import mechanism

pytestmark = mechanism("M146", file="packs/shanyang-education/workflows/topic.yaml")


@pytest.fixture
def topic(county, at_ten):
    world = county("shanyang-education")
    world.seat("school_branch", "county", "学校甲")
    world.seat("education_office", "county", "教工委乙")
    case = world.open("党建与班主任工作怎么合。", place="county", workflow="topic", by="方晓", channel="counter")
    return world, case


def test_approval_milestone_and_acceptance_are_three_steps_with_their_own_days(topic):
    world, case = topic
    middle, finish = (clock.today() + timedelta(days=n) for n in (40, 90))
    world.do(case, "put", "学校甲", question="合着办。", middle=middle.isoformat(), finish=finish.isoformat())
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "yes", "学校甲")
    world.do(case, "yes", "教工委乙")
    assert end_of(world.main(case).due_at) == middle
    world.do(case, "report", "学校甲", report="做到一半。")
    world.do(case, "redo", "教工委乙", why="没有数。")
    world.do(case, "report", "学校甲", report="补了数。")
    world.do(case, "on", "教工委乙")
    assert end_of(world.main(case).due_at) == finish
    world.do(case, "report", "学校甲", result="一本手册。")
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "pass", "学校甲", finding="好。")
    assert world.do(case, "pass", "教工委乙", finding="能用。").outcome == "done"


def end_of(instant) -> date:
    """The day that ends at this midnight."""
    return clock.local(instant).date() - timedelta(days=1)


def test_a_topic_that_is_not_approved_ends_with_the_reason(topic):
    world, case = topic
    world.do(case, "put", "学校甲", question="x", middle="2026-12-20", finish="2027-02-20")
    assert world.do(case, "no", "教工委乙", why="做过了。").outcome == "refused"
