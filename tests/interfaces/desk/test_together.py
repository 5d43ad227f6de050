"""A case on several branches at the desk: who has which, each with its own clock and its own actions."""

from __future__ import annotations

import re

from gezhi.engines.workflows.models import OPEN, Case, WorkItem


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
