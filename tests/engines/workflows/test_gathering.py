"""Many reports of one event, put together in one step."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows import gathering, merging, similar
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.foundation import events
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Conflict, Invalid, NotFound
from gezhi.foundation.jobs import claims, registry

BURST = "1 号楼门口的自来水主管爆了"
SAID = (
    f"{BURST}，水往地下室灌。",
    f"{BURST}，路上全是水，电动车过不去。",
    "我们这栋没水了，下去一看是 1 号楼的水管爆裂。",
)
LAMP = "三楼楼道灯坏了一周，晚上看不清。"


@pytest.fixture
def crowd(world):
    cases = [world.open(SAID[n % 3], contact_phone=f"1990007{n:04}") for n in range(9)]
    registry.discover()
    claims.drain()
    return cases


def gather(world, main, reports, by="赵兰", **more):
    return gathering.gather(main.id, {one.id: one.event_seq for one in reports}, actor=world.actor(by), **more)


def test_what_is_said_in_other_words_from_the_same_spot_is_shown_beside_what_is_alike(world, crowd):
    lamp, elsewhere = world.open(LAMP), world.open(LAMP, place="hill1")
    claims.drain()
    found = similar.event_of(crowd[0], SAID[0], actor=world.actor("赵兰"))
    alike, around = ({one.case.id for one in part} for part in (found.alike, found.around))
    assert {one.id for one in crowd[1:]} <= alike | around and lamp.id in around
    assert elsewhere.id not in alike | around and not alike & around
    assert similar.event_of(crowd[0], SAID[0], actor=world.actor("钱立")) == similar.Event()


def test_all_become_one_in_a_step_and_each_keeps_their_own(world, crowd):
    main, reports = crowd[0], crowd[1:]
    done = gather(world, main, reports, reason="同一处爆管", key="gather-1")
    assert {case.id for case in done.joined} == {case.id for case in reports} and done.left == []
    assert merging.reports_of([main.id]) == {main.id: 8}
    for report in Case.objects.filter(merged_into=main.id):
        assert (report.state, report.outcome, report.phase) == ("closed", "merged", "closed")
        last = events.history(f"case:{report.id}")[-1]
        assert last.kind == "case.merge" and "said" in last.patch["act"]
    assert not WorkItem.objects.filter(case_id__in=[r.id for r in reports], state="open").exists()
    assert events.verify().findings == []
    again = gather(world, main, reports, reason="同一处爆管", key="gather-1")
    assert [c.id for c in again.joined] == [c.id for c in done.joined]
    assert events.history(f"case:{reports[0].id}")[-1].seq == done.joined[0].event_seq


def test_what_moved_meanwhile_is_left_and_said_and_what_was_merged_before_moves_along(world, crowd):
    main, moved, led, leader = crowd[0], crowd[1], crowd[2], crowd[3]
    merging.merge(led.id, leader.id, actor=world.actor("赵兰"))
    world.to_sign(Case.objects.get(pk=moved.id))
    done = gather(world, main, [moved, leader, crowd[4]])
    assert {c.id for c in done.joined} == {leader.id, crowd[4].id}
    assert [(case.id, why.code) for case, why in done.left] == [(moved.id, "case.stale")]
    led.refresh_from_db(), moved.refresh_from_db()
    assert led.merged_into == main.id and moved.state == "open"
    assert events.verify().findings == []


def test_it_costs_the_same_for_two_as_for_seven(world, crowd):
    costs = []
    for part in (crowd[1:3], crowd[3:9]):
        with count_queries() as seen:
            gather(world, crowd[0], part, reason="同一处", key=f"budget-{len(part)}")
        costs.append(seen.total)
    assert costs[1] == costs[0] <= 16, costs


def test_what_may_not_be_gathered(world, crowd):
    with pytest.raises(Invalid) as none:
        gather(world, crowd[0], [crowd[0]])
    assert none.value.code == "merge.none"
    with pytest.raises(NotFound):
        gather(world, crowd[0], crowd[1:], by="钱立")
    kept = world.open(f"{SAID[0]}举报村主任挪用维修款。", about="village")
    claims.drain()
    kept.refresh_from_db()
    with pytest.raises((Invalid, NotFound)):
        gather(world, kept, crowd[1:], by="方晓")
    assert [why.code for _c, why in gather(world, crowd[0], [kept], by="周敏").left] == ["merge.protected"]
    merging.merge(crowd[1].id, crowd[2].id, actor=world.actor("赵兰"))
    with pytest.raises(Conflict) as merged:
        gather(world, crowd[1], crowd[3:])
    assert merged.value.code == "merge.merged"
