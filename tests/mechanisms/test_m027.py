"""M027 排查—化解—回访: no dispute closes as settled without a return visit by somebody else, within its days."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import measures
from gezhi.foundation.calendar import clock, deadline, parse_limit
from gezhi.foundation.errors import Invalid, NotAllowed
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism

pytestmark = mechanism("M027", file="packs/xincheng-street/workflows/door_mediation.yaml")


@pytest.fixture
def street(county, at_ten):
    world = county("xincheng-street")
    world.mediator = world.seat("village_mediator", "lake", "调解员丁")
    return world


def settled(world, terms="让出过道。"):
    case = world.open("占过道吵架。", workflow="door_mediation")
    world.do(case, "door", "秦英", kind="neighbours")
    return world.do(case, "settled", "赵兰", terms=terms)


def test_the_only_way_to_settled_is_the_return_visit_and_not_by_who_settled_it(street):
    flow = definition("door_mediation")[0]
    into = {s.id for s in flow.stages.values() for a in s.actions.values() if "closed" in (a.to, a.exhausted)}
    assert into == {"visit"} and set(flow.stages["visit"].owner.unlike) == {"door", "council"}
    actions.appoint(street.seats["grid"], street.people["赵兰"], actor=SETUP)
    case = settled(street)
    with pytest.raises(NotAllowed):
        street.do(case, "kept", "赵兰", words="做到了。", rating="very")
    with pytest.raises(Invalid) as refused:
        street.do(case, "kept", "秦英", words="做到了。")
    assert set(refused.value.field_errors) == {"rating"}, "the visit asks how satisfied they are"
    case = street.do(case, "kept", "秦英", words="两家都说做到了。", rating="fairly")
    assert (case.outcome, case.rating) == ("done", "fairly")


def test_the_grid_worker_sorts_and_looks_back_and_the_community_settles(street):
    """通过网格员入户排查将收集到的信息分类上报，社区以上门调解、党群议事等方式…最后由网格员回访了解居民满意度。"""
    flow = definition("door_mediation")[0]
    assert {n: s.owner.post for n, s in flow.stages.items() if s.owner} == {
        "report": "grid_worker", "door": "village_secretary", "council": "village_mediator", "visit": "grid_worker",
    }  # fmt: skip


def test_the_visit_has_its_days_and_what_was_not_kept_goes_back_twice_at_most(street):
    case = settled(street)
    item = street.main(case)
    assert item.due_at == deadline(item.opened_at, parse_limit("7 calendar_day"))
    for _n in range(2):
        assert street.do(case, "broken", "秦英", why="又占了。").stage == "council"
        street.do(case, "settled", "调解员丁", terms="划线。")
    assert street.do(case, "broken", "秦英", why="又占了。").outcome == "guided"


def test_the_number_settled_is_the_list_of_closed_cases(street, at_ten):
    first = settled(street)
    street.do(first, "kept", "秦英", words="做到了。", rating="very")
    settled(street)  # waits for its visit
    at_ten.shift(timedelta(minutes=1))
    now = clock.now()
    figure = measures.measure(
        ["settled"], period=measures.month_of(clock.today()), at=now, where={"workflow": "door_mediation"}
    )["settled"]
    rows = list(measures.opened_by(figure.opens).values_list("pk", flat=True))
    closed = Case.objects.filter(workflow="door_mediation", state="closed", outcome="done")
    assert figure.value == 1 and rows == [first.pk] == list(closed.values_list("pk", flat=True))
