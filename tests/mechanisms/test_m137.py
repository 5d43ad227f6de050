"""M137 特殊家庭走访·困境儿童补贴: two minors with plan, guardian and visits; the allowance monthly; for named staff's eyes only."""

from __future__ import annotations

import pytest

from gezhi.engines.duties import actions, closing, publishing
from gezhi.foundation import events, subjects
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, enter, owed, person, publish
from tests.mechanisms.meetings import at

pytestmark = mechanism("M137", file="packs/minzhu-street/registers/child_in_need.yaml")
FINE = {"going": "well"}


@pytest.fixture
def street(county, at_ten):
    world = county("minzhu-street")
    world.seat("child_director", "lake", "儿主任")
    world.seat("child_supervisor", "east", "督导员")
    publish()
    world.children = [person(world, n, born=b) for n, b in (("小甲", "2014-05-01"), ("小乙", "2008-12-20"))]
    for child in world.children:
        enter("child_in_need", child, kind="unsupported", plan="每周一次功课辅导。", allowance=True)
    return world


def test_each_has_a_plan_and_a_guardian_and_is_visited_until_eighteen(street, at_ten):
    with pytest.raises(Invalid):
        enter("child_in_need", person(street, "小丙", born="2015-01-01"), kind="orphan", allowance=False)  # no plan
    director = street.actor("儿主任")
    first, second = street.children
    assert {s.pk for s in subjects.unrelated("child_in_need", actor=director)} == {first.pk, second.pk}
    for child in street.children:
        subjects.relate("guardian", child.pk, person(street, "祖母", born="1955-01-01").pk, actor=SYSTEM)
    assert subjects.unrelated("child_in_need", actor=director) == []
    with pytest.raises(Conflict):
        subjects.relate("guardian", first.pk, person(street, "叔父", born="1980-01-01").pk, actor=SYSTEM)
    assert {o.subject_id for o in owed(street, "儿主任", "child-visit")} == {first.pk, second.pk}
    for name in ("赵兰", "督导员", "秦英"):
        with pytest.raises(NotAllowed):
            actions.fulfil("child-visit", first.pk, "2026-11", FINE, actor=street.actor(name))
    done, _new = actions.fulfil("child-visit", first.pk, "2026-11", FINE, actor=director)
    assert "well" not in str(done.findings)
    at_ten.move_to(at("2026-12-21 10:00"))  # 小乙 is eighteen since yesterday
    closing.close_windows()
    publishing.recheck(at("2026-11-18 00:00").date(), at("2026-12-21 00:00").date())
    december = {(o.subject_id, o.period) for o in owed(street, "儿主任", "child-visit") if o.state == "open"}
    assert december == {(first.pk, "2026-12")}


def test_the_allowance_is_due_once_a_month_and_never_twice(street, at_ten):
    first, second = street.children
    supervisor, paid = street.actor("督导员"), {"amount": 1200, "on": "2026-11-18"}
    assert {o.subject_id for o in owed(street, "督导员", "child-allowance")} == {first.pk, second.pk}
    actions.fulfil("child-allowance", first.pk, "2026-11", paid, actor=supervisor)
    with pytest.raises(Conflict):
        actions.fulfil("child-allowance", first.pk, "2026-11", paid, actor=supervisor)
    at_ten.move_to(at("2026-12-01 00:30"))
    closing.close_windows()
    now = {(o.subject_id, o.period, o.state) for o in owed(street, "督导员", "child-allowance")}
    assert now == {(second.pk, "2026-11", "missed"), (first.pk, "2026-12", "open"), (second.pk, "2026-12", "open")}
    assert events.verify().clean


def test_only_the_named_staff_see_them(street):
    seen = {}
    for name in ("儿主任", "督导员", "赵兰", "秦英", "周敏", "方晓"):
        try:
            seen[name] = len(subjects.entries(street.actor(name), "child_in_need").rows)
        except (NotFound, NotAllowed):
            seen[name] = None
        if seen[name] is None:
            assert Desk(street).of(name).get("/desk/registers/child_in_need").status_code in (403, 404)
            assert Desk(street).of(name).get("/desk/duties/child-visit").status_code in (403, 404)
    assert seen == {"儿主任": 2, "督导员": 2, "赵兰": None, "秦英": None, "周敏": None, "方晓": None}
