"""Methods that other rooms complete (stars with quotas, halls with bookings): their own steps, each by its role."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.engines.workflows import ticking
from gezhi.foundation import files
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound
from tests.foundation.files.pictures import jpeg


def test_a_star_of_progress_is_applied_for_looked_at_and_audited_by_three(county):
    world = county("zhongzhan-district")
    world.seat("star_village", "lake", "村创建")
    world.seat("star_street", "east", "街道创建")
    world.seat("star_task_force", "county", "专班丙")
    case = world.open("申报进步星。", place="lake", workflow="star_apply", by="赵兰", channel="counter")
    with pytest.raises(Invalid) as refused:
        world.do(case, "put", "村创建", star="产业兴旺", last=80, this=80, done="建冷库。")
    assert "不是进步" in str(refused.value.field_errors["this"])
    case = world.do(case, "put", "村创建", star="产业兴旺", last=71.5, this=80, done="建冷库。")
    assert case.kept["progress"] == "8.5"
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "pass", "村创建", finding="好。")
    world.do(case, "pass", "街道创建", finding="看过冷库。")
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "pass", "街道创建", finding="好。")
    assert world.do(case, "pass", "专班丙", finding="账册属实。").outcome == "done"


def test_a_rectification_notice_closes_by_acceptance_or_climbs(county, at_ten, settings, tmp_path):
    from datetime import timedelta

    settings.GEZHI_HOME = tmp_path
    world = county("shanyang-education")
    world.seat("school_branch", "county", "学校甲")
    world.seat("education_office", "county", "教工委乙")
    case = world.open("三会一课记录缺页。", place="county", workflow="rectify", by="方晓", channel="counter")
    world.do(case, "send", "教工委乙", problem="缺两次记录。", until="2026-11-20", repeat=True)
    at_ten.shift(timedelta(days=6))
    ticking.tick()
    assert world.main(case).rung == 1, "a working day late: who sent it is told"
    paper = files.stage(SimpleUploadedFile("a.jpg", jpeg()), actor=world.actor("学校甲"), key="mended-1")
    world.do(case, "mended", "学校甲", report="补开了会。", proof=[paper.pk])
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "pass", "学校甲", finding="好。")
    case = world.do(case, "pass", "教工委乙", finding="查了记录。")
    assert (case.outcome, case.kept["repeat"]) == ("done", True)


def test_a_training_order_is_answered_by_a_teacher_or_a_reason(county, at_ten):
    world = county("mengzhou")
    first, second = (world.open("想学做账。", place="lake", workflow="training_order") for _n in range(2))
    with pytest.raises(Invalid):
        world.do(first, "cannot", "周敏")
    assert world.do(first, "cannot", "周敏", reason="今年没有这门课。").outcome == "refused"
    case = world.do(second, "taken", "周敏", teacher=world.seats["city"], day="2026-11-25", part="am")
    assert case.handler_seat == world.seats["city"]
    with pytest.raises(Invalid) as early:
        world.do(second, "done", "马东", what="收支怎么记。", came=14)
    assert set(early.value.field_errors) == {"came"}, "not before the day of the class"
    at_ten.move_to("2026-11-25T04:00:00+00:00")
    world.do(second, "done", "马东", what="收支怎么记。", came=14)
    case = world.do(second, "helped")
    assert (case.outcome, case.kept["came"]) == ("done", "14")


def test_the_council_helps_within_what_the_family_agreed(county, at_ten):
    world = county("nanfan-village")
    world.seat("village_mediator", "lake", "理事会长")
    case = world.open("家里老人走了。", place="lake", workflow="funeral")
    world.do(case, "agreed", "赵兰", needs="饭菜、接待", last_day="2026-11-20", ceiling=8000)
    with pytest.raises(Invalid) as refused:
        world.do(case, "done", "理事会长", cost=9200, more_agreed=False)
    assert "点头" in str(refused.value.field_errors["cost"])
    world.do(case, "done", "理事会长", cost=7600, more_agreed=False)
    case = world.do(case, "right")
    assert (case.outcome, case.kept["cost"]) == ("done", "7600")
