"""A case on several branches at the desk: who has which, each with its own clock and its own actions."""

from __future__ import annotations

import re
from datetime import timedelta

import time_machine

from gezhi.engines.publishing.models import Document
from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.foundation.calendar import clock, deadline, parse_limit


def jointly(desk, world) -> Case:
    """The lead and the assisting units are chosen in the form of the desk."""
    case = world.open("水管爆了，半条街没水。")
    page = desk.of("赵兰")
    form = page.get(f"/desk/cases/{case.id}/do/dispatch_joint?item=1").content.decode()
    assert 'type="checkbox"' in form and 'name="_many" value="units"' in form
    assert f'value="{world.seats["power"]}"' in form
    sent = {
        "_item": "1", "_key": "together-0001", "_many": "units", "unit": world.seats["water"],
        "units": [world.seats["city"], world.seats["power"]],
    }  # fmt: skip
    answer = page.post(f"/desk/cases/{case.id}/do/dispatch_joint", sent)
    assert answer.status_code == 302
    return case


def test_several_units_are_chosen_and_each_sees_its_own_part(desk, world):
    case = jointly(desk, world)
    assert WorkItem.objects.filter(case_id=case.id, state=OPEN).count() == 4
    html = desk.of("周敏").get(f"/desk/cases/{case.id}").content.decode()
    now = re.findall(r'<p class="branch">.*?</p>', html, re.S)
    assert len(now) == 3 and sum("协办" in one for one in now) == 2
    keys = re.findall(r'data-key="(\w)"', html[html.index('<footer class="acts"') :])
    assert "n" in keys and len(keys) == len(set(keys)), keys  # a letter presses one button
    html = desk.of("陈军").get(f"/desk/cases/{case.id}").content.decode()
    assert "协办的办好了" in html and "牵头的办好了</a>" not in html


def test_what_was_chosen_stays_chosen_when_the_form_comes_back(desk, world):
    case = world.open()
    sent = {
        "_item": "1",
        "_key": "together-0002",
        "_many": "units",
        "units": [world.seats["city"], world.seats["power"]],
    }
    answer = desk.of("赵兰").post(f"/desk/cases/{case.id}/do/dispatch_joint", sent)
    html = answer.content.decode()
    assert answer.status_code == 422
    for name in ("city", "power"):
        assert re.search(rf'value="{world.seats[name]}" checked', html)
    assert not re.search(rf'value="{world.seats["water"]}" checked', html)


def test_the_unit_that_is_behind_is_named_in_the_story_and_gets_the_paper(desk, world):
    """The lead and one unit are done; the ladder and the notice speak of the third, not of the lead."""
    with time_machine.travel(clock.now() + timedelta(days=1)):
        case = jointly(desk, world)
        world.do(case, "lead_done", "水远", item=3, result="换了水管。")
        world.do(case, "assist_done", "马东", item=4, result="围挡好了。")
        behind = WorkItem.objects.get(case_id=case.id, state=OPEN, stage="joint_assist")
        assert behind.owner_seat == world.seats["power"]
    with time_machine.travel(next_work(behind.due_at) + timedelta(hours=2), tick=False):
        ticking.tick()
        page = desk.of("周敏").get(f"/desk/cases/{case.id}").content.decode()
        assert "协办这一步还没办，提醒了县供电公司。" in page and "升级到东街街道综治中心值守督办。" in page
        desk.of("周敏").post(f"/desk/cases/{case.id}/documents/supervision")
        paper = Document.objects.get()
        assert paper.to_seat == world.seats["power"]
        html = desk.of("周敏").get(f"/desk/documents/{paper.pk}").content.decode()
        assert "由东街水务站牵头会办，你单位承担的一份尚未办结" in html and "尚未签收" not in html
        assert html.count("<h1") == 1
    with time_machine.travel(behind.due_at + timedelta(days=4), tick=False):
        for _rung in range(4):
            ticking.tick()
        behind.refresh_from_db()
        assert behind.ask["taken_from"] == world.seats["power"] and behind.owner_seat != world.seats["power"]
    with time_machine.travel(behind.due_at - timedelta(minutes=5), tick=False):
        Document.objects.all().delete()
        desk.of("周敏").post(f"/desk/cases/{case.id}/documents/supervision")
        paper = Document.objects.get()
        assert paper.to_seat == world.seats["power"]  # neither the lead nor who took it over
        html = desk.of("周敏").get(f"/desk/documents/{paper.pk}").content.decode()
        assert "没有按时办结，现已由上级接手" in html


def test_dispatching_does_not_take_the_haste_off_by_itself(desk, world):
    case = world.open("水管爆了。", urgent=True)
    html = desk.of("赵兰").get(f"/desk/cases/{case.id}/do/dispatch?item=1").content.decode()
    assert re.search(r'name="urgent"[^>]*checked', html)
    calm = world.open("灯坏了。")
    html = desk.of("赵兰").get(f"/desk/cases/{calm.id}/do/dispatch?item=1").content.decode()
    assert not re.search(r'name="urgent"[^>]*checked', html)


def test_a_tick_left_out_keeps_the_haste_and_one_taken_away_takes_it_off(desk, world):
    with time_machine.travel(next_work(clock.now()), tick=False):  # at night it would be on the duty desk
        case = world.to_sign(world.open("水管爆了。", urgent=True))  # whoever says nothing of it takes nothing off
        assert case.urgent
        second = world.open("水管爆了，没水。", urgent=True)
        sent = {"_item": "1", "_key": "haste-00001", "_asked": "urgent", "sort": "big", "unit": world.seats["city"]}
        desk.of("赵兰").post(f"/desk/cases/{second.id}/do/dispatch", sent)
    second.refresh_from_db()
    assert second.stage == "sign" and not second.urgent


def next_work(due):
    """When offices open after a deadline at the end of a day."""
    return deadline(due, parse_limit("0.5 work_hour"))
