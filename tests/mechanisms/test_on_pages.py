"""The methods of issue 5 clicked through on the desk's pages, each step in the browser of the person whose step it is."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import Case
from tests.foundation.files.pictures import jpeg
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms.works import asset


@pytest.fixture
def pages(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path

    def world_of(*packs: str):
        return Clicks(county(*packs))

    return world_of


class Clicks:
    """`clicks.do(case, "approve", "赵兰", ground="…")`: the case's page, the form behind its button, and send."""

    def __init__(self, world):
        self.world, self.desk = world, Desk(world)

    def open(self, workflow: str, by: str = "赵兰") -> Case:
        return self.world.open("一件要办的事。", place="lake", workflow=workflow, by=by, channel="counter")

    def do(self, case: Case, action: str, by: str, **data) -> Case:
        client, url = self.desk.of(by), f"/desk/cases/{case.pk}"
        page = client.get(url).content.decode()
        assert f"{url}/do/{action}" in page, f"{by} has no button for {action}"
        form = client.get(f"{url}/do/{action}").content.decode()
        for name in data:
            assert f'name="{name}"' in form, f"{action} does not ask for {name}"
            offered = re.findall(rf'type="(?:radio|checkbox)"[^>]* name="{name}" value="([^"]*)"', form)
            assert not offered or str(data[name]) in offered, f"{action}: {name} cannot be answered {data[name]}"
        hidden = dict(re.findall(r'name="(_item|_seq|_key)" value="([^"]*)"', form))
        answer = client.post(f"{url}/do/{action}", {**hidden, **data})
        assert answer.status_code == 302, re.findall(r'class="[^"]*error[^"]*"[^>]*>([^<]+)', answer.content.decode())
        return Case.objects.get(pk=case.pk)

    def lacks(self, case: Case, action: str, by: str) -> bool:
        """Whether it is refused to them, sent all the same: not theirs (403) or not there (404), with the case as it was."""
        before = Case.objects.get(pk=case.pk).event_seq
        status = self.desk.of(by).post(f"/desk/cases/{case.pk}/do/{action}", {"_seq": before}).status_code
        return status in (403, 404) and Case.objects.get(pk=case.pk).event_seq == before


def picture() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.jpg", jpeg(), content_type="image/jpeg")


def test_screening_by_three_levels(pages):
    clicks = pages("boai-county")
    clicks.world.seat("village_guide", "east", "包村甲")
    clicks.world.seat("town_secretary", "east", "书记乙")
    clicks.world.seat("county_guide", "county", "县领导丙")
    case = clicks.open("screening")
    clicks.do(case, "approve", "赵兰", ground="带头发展产业。")
    assert clicks.lacks(case, "approve", "赵兰")
    clicks.do(case, "approve", "包村甲", talked="谈过话。")
    clicks.do(case, "approve", "书记乙", decided="党委会同意。")
    assert clicks.do(case, "guided", "县领导丙", advice="先跟班。").outcome == "done"


def test_a_star_of_progress(pages):
    clicks = pages("zhongzhan-district")
    for post, place, name in (
        ("star_village", "lake", "村创建"),
        ("star_street", "east", "街道创建"),
        ("star_task_force", "county", "专班丙"),
    ):
        clicks.world.seat(post, place, name)
    case = clicks.open("star_apply")
    clicks.do(case, "put", "村创建", star="产业兴旺", last="71.5", this="80", done="建冷库。")
    assert clicks.lacks(case, "pass", "村创建")
    clicks.do(case, "pass", "街道创建", finding="看过冷库。")
    assert clicks.do(case, "pass", "专班丙", finding="属实。").outcome == "done"


def test_a_rectification_notice(pages):
    clicks = pages("shanyang-education")
    clicks.world.seat("school_branch", "county", "学校甲")
    clicks.world.seat("education_office", "county", "教工委乙")
    begun = clicks.desk.of("教工委乙").get("/desk/counter?as=rectify")
    assert begun.status_code == 200 and "整改通知" in begun.content.decode(), "whoever sends it begins it"
    case = clicks.world.open("缺两次记录。", place="county", workflow="rectify", by="教工委乙", channel="counter")
    clicks.do(case, "send", "教工委乙", problem="缺两次记录。", until="2026-11-27", repeat="true")
    clicks.do(case, "mended", "学校甲", report="补开了会。", proof=picture())
    assert clicks.lacks(case, "pass", "学校甲")
    assert clicks.do(case, "pass", "教工委乙", finding="查了记录。").outcome == "done"


def test_a_funeral_by_the_council(pages):
    clicks = pages("nanfan-village")
    clicks.world.seat("village_mediator", "lake", "理事会长")
    case = clicks.open("funeral")
    clicks.do(case, "agreed", "赵兰", needs="饭菜、接待", last_day="2026-11-20", ceiling="8000")
    clicks.do(case, "done", "理事会长", cost="7600", more_agreed="false")
    assert clicks.do(case, "right", "赵兰").outcome == "done"


def test_a_training_order(pages, at_ten):
    clicks = pages("mengzhou")
    case = clicks.open("training_order")
    clicks.do(case, "taken", "周敏", teacher=clicks.world.seats["city"], day="2026-11-25", part="am")
    at_ten.move_to("2026-11-25T04:00:00+00:00")  # not before the day
    case = clicks.do(case, "done", "马东", what="收支怎么记。", came="14")
    assert (case.phase, case.kept["came"]) == ("your_word", "14")


def test_demolition_waits_behind_its_gates(pages, at_ten):
    clicks = pages("yongxingtun-village")
    case = clicks.open("relocation")
    clicks.do(case, "publish", "赵兰", plan="范围、补偿、安置。", mu="195")
    assert clicks.lacks(case, "low", "周敏")  # the notice hangs for its days first
    at_ten.shift(timedelta(days=31))
    ticking.tick()
    case = clicks.do(case, "low", "周敏", report="风险低。", paper=picture())
    assert case.stage == "households" and clicks.lacks(case, "built", "赵兰")


def test_what_is_read_from_a_register_is_chosen_and_never_typed(pages):
    clicks = pages("yongxingtun-village")
    ditch = asset(clicks.world, "ditch", "村北边沟", length=318)
    case = clicks.open("ditch_works")
    form = clicks.desk.of("赵兰").get(f"/desk/cases/{case.pk}/do/go").content.decode()
    assert "村北边沟" in form and 'name="length"' not in form
    assert clicks.do(case, "go", "赵兰", ditch=ditch.pk, before=picture()).kept["length"] == "318"
