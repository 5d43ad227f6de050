"""M174 重点工作推进清单 and M175 市级调度审阅: 59 units, three to six items, proof to finish, one step to replace, stale ones flagged."""

from __future__ import annotations

import re

import pytest

from gezhi.engines.duties.models import Done
from gezhi.engines.duties.schema import rule
from gezhi.engines.registers import files
from gezhi.flows.visits import visit
from gezhi.foundation import subjects
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Conflict, Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, owed, publish
from tests.mechanisms.meetings import at
from tests.mechanisms.roll import ago, thing

ITEM = {"item": "南环路打通", "due_on": "2026-12-30"}
DONE = {"proof": "竣工验收单 7 号", "finished_on": "2026-11-18"}


@pytest.fixture
def lists(county, at_ten):
    """The county's 11 towns, 10 task forces and 38 units; the first is the street duty desk's."""
    world = county("mengzhou")
    kinds = ["town"] * 11 + ["force"] * 10 + ["unit"] * 38
    rows = [
        subjects.add("organisation", {"name": f"单位{n}"}, actor=SYSTEM, place_id=world.places["east"], since=ago(90))
        for n in range(len(kinds))
    ]
    world.units = [
        subjects.enter("key_unit", row.pk, {"level": kind, **({"who": world.seats["street"]} if n == 0 else {})}, actor=SYSTEM)
        for n, (row, kind) in enumerate(zip(rows, kinds, strict=True))
    ]  # fmt: skip
    publish()
    return world, world.actor("周敏"), rows[0]


def add(unit, n, actor, **more):
    return subjects.enter("key_item", unit.pk, ITEM | {"item": f"要事 {n}"} | more, actor=actor)


def living(unit):
    return list(subjects.Entry.objects.filter(register="key_item", subject_id=unit.pk, until=None).order_by("pk"))


@mechanism("M174", file="packs/mengzhou/registers/key_item.yaml")
def test_three_to_six_proof_to_finish_and_one_step_to_replace(lists):
    world, actor, unit = lists
    stranger = thing(world, "organisation", "不在名单的单位")
    with pytest.raises(Conflict) as wrong:
        add(stranger, 1, SYSTEM)
    assert wrong.value.code == "subject.not_meant"
    for lost in ITEM:
        with pytest.raises(Invalid) as refused:
            subjects.enter("key_item", unit.pk, ITEM | {lost: ""}, actor=actor)
        assert set(refused.value.field_errors) == {lost}
    lines = [add(unit, n, actor) for n in range(6)]
    with pytest.raises(Conflict) as wrong:
        add(unit, 6, actor)
    assert wrong.value.code == "subject.too_many" and len(living(unit)) == 6
    with pytest.raises(Conflict) as wrong:  # nothing leaves without its proof
        subjects.end(lines[0].pk, actor=actor)
    assert wrong.value.code == "subject.not_to_end"
    with pytest.raises(Invalid):  # a proof has its day
        subjects.change(lines[0].pk, {"proof": "照片"}, actor=actor)
    for line in lines[:3]:
        subjects.change(line.pk, DONE, actor=actor)
        subjects.end(line.pk, actor=actor)
    subjects.change(lines[3].pk, DONE, actor=actor)
    with pytest.raises(Conflict) as wrong:  # fewer than three only with a reason
        subjects.end(lines[3].pk, actor=actor)
    assert wrong.value.code == "subject.too_few" and len(living(unit)) == 3
    # Replacing: both or neither.
    with pytest.raises(Invalid):
        subjects.replace(lines[3].pk, DONE, {"item": "", "due_on": ""}, actor=actor)
    with pytest.raises(Conflict):
        subjects.replace(lines[4].pk, {}, ITEM, actor=actor)
    assert [line.pk for line in living(unit)] == [line.pk for line in lines[3:]]
    old, new = subjects.replace(lines[3].pk, DONE, ITEM, actor=actor)
    assert old.until is not None and new.values["item"] == ITEM["item"] and len(living(unit)) == 3
    subjects.change(lines[4].pk, DONE | {"why_fewer": "汛期只抓防汛"}, actor=actor)
    assert subjects.end(lines[4].pk, actor=actor).until is not None and len(living(unit)) == 2
    # The same on the page.
    desk = Desk(world).of("周敏")
    url = f"/desk/registers/entries/{lines[5].pk}"
    page = desk.get(url).content.decode()
    assert "办完了，换上新的一项" in page and 'name="new-item"' in page
    seq = re.search(r'name="_seq" value="(\d+)"', page)
    sent = {
        **lines[5].values,
        **DONE,
        "_seq": seq[1],
        "do": "replace",
        "new-item": "北河清淤",
        "new-due_on": "2027-01-31",
    }
    answer = desk.post(url, sent)
    assert answer.status_code == 302, re.findall(r"<b>([^<]+)</b>", answer.content.decode())[:5]
    assert [line.values["item"] for line in living(unit)] == [ITEM["item"], "北河清淤"]


@mechanism("M174", file="packs/mengzhou/duties/key-list.yaml")
def test_each_of_the_59_units_sets_its_list_in_the_first_days_of_the_month(lists, at_ten):
    world, actor, unit = lists
    assert len(files.missing(SYSTEM, "key_item")) == 59  # who has no list yet is a list
    at_ten.move_to(at("2026-12-01 09:00"))
    due = owed(world, "周敏", "key-list")
    assert [(o.subject_id, o.period) for o in due] == [(unit.pk, "2026-12")]
    assert len(owed(world, "于沐阳", "key-list")) == 58  # whose list has no named seat falls to the county
    assert (due[0].closes - due[0].opens).days == 5 and at("2026-12-06 00:00") == due[0].closes
    for n in range(2):
        add(unit, n, actor)

    def settle(**data):
        return visit("key-list", unit.pk, "2026-12", data, actor=actor)

    with pytest.raises(Invalid) as refused:  # what is typed does not count
        settle(items="5")
    assert set(refused.value.field_errors) == {"why_fewer"}
    add(unit, 2, actor)
    made = settle(items="9")
    assert made.done.findings == {"items": "3"}
    line = subjects.Entry.objects.get(pk=world.units[0].pk)
    assert line.values["set_on"] == "2026-12-01" and line.state == "current"
    at_ten.move_to(at("2026-12-06 09:00"))
    from gezhi.engines.duties import closing

    closing.close_windows()
    missed = Done.objects.filter(rule="key-list", state="missed")
    assert missed.count() == 58
    assert rule("key-list").climbs[0].post == "county_director" and rule("key-list").climbs[0].after == "2 work_day"


@mechanism("M175", file="packs/mengzhou/duties/list-review.yaml")
@mechanism("M175", file="packs/mengzhou/registers/key_unit.yaml")
def test_the_city_office_reviews_and_a_stale_list_is_flagged(lists, at_ten):
    world, actor, unit = lists
    at_ten.move_to(at("2026-12-01 09:00"))
    for n in range(3):
        add(unit, n, actor)
    visit("key-list", unit.pk, "2026-12", {}, actor=actor)
    at_ten.move_to(at("2026-12-09 09:00"))
    assert owed(world, "于沐阳", "list-review") == []
    at_ten.move_to(at("2026-12-10 09:00"))
    (due,) = owed(world, "于沐阳", "list-review")
    assert due.closes == at("2026-12-16 00:00") and due.period == "2026-12"
    director = world.actor("于沐阳")
    with revisions.scope(), pytest.raises(Invalid) as refused:
        visit("list-review", due.subject_id, due.period, {}, actor=director)
    assert set(refused.value.field_errors) == {"words"}
    page = Desk(world).of("于沐阳").get(f"/field/duty/list-review/{due.subject_id}/{due.period}").content.decode()
    assert "<b>58</b>" in page and 'name="stale"' not in page
    made = visit("list-review", due.subject_id, due.period, {"words": "逐个打了电话"}, actor=director)
    assert made.done.findings == {"stale": "58", "words": "逐个打了电话"}
    flagged = Desk(world).of("于沐阳").get("/desk/registers/key_unit?state=stale").content.decode()
    assert "没有按月定" in flagged and "单位1<" in flagged and ">单位0<" not in flagged
    at_ten.move_to(at("2027-01-01 09:00"))  # 31 days: still good; the day after it is stale by itself
    after = subjects.restate("key_unit", actor=SYSTEM)
    assert after is None and subjects.Entry.objects.get(pk=world.units[0].pk).state == "current"
    at_ten.move_to(at("2027-01-02 09:00"))
    subjects.restate("key_unit", actor=SYSTEM)
    assert subjects.Entry.objects.get(pk=world.units[0].pk).state == "stale"
