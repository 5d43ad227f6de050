"""M048 平时考核: two-month windows tile the year; a fault opens a rectification that closes before the next check."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gezhi.engines.duties.schema import rule
from gezhi.engines.workflows.models import Case
from gezhi.flows.visits import visit
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed
from tests.mechanisms import mechanism
from tests.mechanisms.duties import owed, publish
from tests.mechanisms.meetings import at

pytestmark = [
    mechanism("M048", file="packs/yunhe-district/duties/usual-appraisal.yaml"),
    mechanism("M048", file="packs/yunhe-district/workflows/appraisal_fix.yaml"),
]
FAULT = {"way": "visit", "result": "fault", "fault": "账目没有公开"}


@pytest.fixture
def street(county, at_ten):
    world = county("yunhe-district")
    publish()
    world.lake = world.places["lake"]
    return world, world.actor("周敏")


def test_windows_tile_the_year_and_fall_due_to_the_street(street, at_ten):
    world, _actor = street
    periods = list(rule("usual-appraisal").periods(date(2026, 1, 1), date(2027, 12, 31)))
    assert [p.key for p in periods] == [f"{y}-T{n}" for y in (2026, 2027) for n in range(1, 7)]
    assert all(a.closes == b.opens for a, b in zip(periods, periods[1:], strict=False))
    assert (periods[0].opens, periods[5].closes) == (at("2026-01-01 00:00"), at("2027-01-01 00:00"))
    assert {o.subject_id for o in owed(world, "周敏", "usual-appraisal")} >= {world.lake}
    assert owed(world, "赵兰", "usual-appraisal") == []


def test_a_fault_is_mended_before_the_next_check(street, at_ten):
    world, actor = street
    for wrong, fields in (
        ({}, {"way", "result"}),
        (FAULT | {"fault": ""}, {"fault"}),
        (FAULT | {"way": "rumour"}, {"way"}),
    ):
        with pytest.raises(Invalid) as refused:
            visit("usual-appraisal", world.lake, "2026-T6", wrong, actor=actor)
        assert set(refused.value.field_errors) == fields
    with pytest.raises(NotAllowed):
        visit("usual-appraisal", world.lake, "2026-T6", FAULT, actor=world.actor("赵兰"))
    made = visit("usual-appraisal", world.lake, "2026-T6", FAULT, actor=actor)
    case = made.case
    assert case is not None and case.workflow == "appraisal_fix" and made.done.trouble
    assert world.main(case).owner_seat == world.seats["secretary"]
    assert case.due_at - case.opened_at < timedelta(days=32)  # well before the next two months are over
    at_ten.move_to(at("2027-01-05 09:00"))
    good = {"way": "hearing", "result": "good"}
    with pytest.raises(Conflict) as blocked:
        visit("usual-appraisal", world.lake, "2027-T1", good, actor=actor)
    assert blocked.value.code == "duties.not_mended" and case.number in blocked.value.why
    visit(
        "usual-appraisal", world.places["hill"], "2027-T1", good, actor=world.actor("何苗")
    )  # another village is not held up
    world.do(case, "mended", "赵兰", report="上墙公开了。")
    with pytest.raises(Conflict):  # said to be mended is not accepted yet
        visit("usual-appraisal", world.lake, "2027-T1", good, actor=actor)
    with pytest.raises(NotAllowed):
        world.do(case, "pass", "赵兰", finding="看过。")
    world.do(case, "fail", "周敏", lacks="少两个月。")
    world.do(case, "mended", "赵兰", report="补齐了。")
    assert world.do(case, "pass", "周敏", finding="十二个月都在墙上。").outcome == "done"
    assert visit("usual-appraisal", world.lake, "2027-T1", good, actor=actor).case is None
    assert Case.objects.count() == 1 and owed(world, "周敏", "usual-appraisal") == []
