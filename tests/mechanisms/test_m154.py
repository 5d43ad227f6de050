"""M154 周通报 月调度 季观摩: only 周通报 is a bulletin; 调度 is a meeting whose assignments become cases; 观摩 a tour with route,
hosts and lessons; all three read the same facts."""

from __future__ import annotations

from datetime import date

import pytest

from gezhi.engines.matching import minutes, planning, queries, signing
from gezhi.engines.matching.models import Session
from gezhi.engines.publishing.bulletins.schema import template
from gezhi.engines.workflows.models import Case
from gezhi.flows.meetings import doors
from gezhi.foundation import packs
from gezhi.foundation.errors import NotFound
from gezhi.foundation.measures import Cut, measure
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, refused

pytestmark = mechanism("M154", file="packs/zhongzhan-district/activities/dispatch_meeting.yaml")


@pytest.fixture
def district(county, at_ten):
    hall = meeting_hall(county, at_ten, "zhongzhan-district")
    world = hall.world
    committee = actions.open_organisation(
        "star_district", "区委", kind="star_committee", place_id=world.places["county"], actor=SETUP
    )
    hall.seat = actions.open_seat("star_district", world.places["county"], actor=SETUP, organisation_id=committee)
    actions.appoint(hall.seat, world.person("区委的人"), actor=SETUP)
    hall.own = {"by": "区委的人", "place": "county", "unit": f"seat:{hall.seat}"}
    return hall


def test_only_the_weekly_one_is_a_bulletin(district):
    assert "week" in template("governance").periods
    for name in ("dispatch_meeting", "quarterly_tour"):
        assert name in packs.registry().names("activity")
        with pytest.raises(NotFound):
            template(name)


def test_what_the_dispatch_assigns_becomes_a_case_and_every_count_agrees(district):
    actor = district.world.actor("区委的人")
    meeting = district.plan("dispatch_meeting", when="2026-11-20 09:00", roles={"host": "区委的人"}, **district.own)
    minutes.note(meeting.pk, "agenda", "创建进度", actor=actor)
    minutes.note(meeting.pk, "decision", "三天内清理主干道", actor=actor)
    task = minutes.note(
        meeting.pk,
        "assignment",
        "清理主干道",
        actor=actor,
        seat_id=district.world.seats["city"],
        due_on=date(2026, 11, 24),
    )
    district.held(meeting, by="区委的人", heads=30)
    minutes.answer(meeting.pk, 1, "按进度推进。", actor=actor)
    with refused("session.unfinished"):
        minutes.close(meeting.pk, {"decided": "三件事。"}, actor=actor)
    _item, case = doors.assign(meeting.pk, task.number, actor=actor)
    assert minutes.close(meeting.pk, {"decided": "三件事。"}, actor=actor).state == "closed"
    assert (case.workflow, case.handler_seat, Case.objects.count()) == ("meeting_task", district.world.seats["city"], 1)
    # The bulletin's figure and the minutes count the same case at the same cut.
    cut = Cut(at("2026-11-01 00:00"), at("2026-12-01 00:00"), at("2026-12-01 00:00"))
    assert measure(["reported"], period=cut, where={"workflow": "meeting_task"})["reported"].value == 1


def test_the_tour_has_a_route_a_host_and_lessons(district):
    world, actor = district.world, district.world.actor("区委的人")
    tour = district.plan("quarterly_tour", when="2026-11-23 09:00", roles={"lead": "区委的人"}, **district.own)
    one = signing.sign_up(tour.pk, world.people["赵兰"], actor=actor)
    district.held(tour, by="区委的人")
    with refused("session.unfinished"):  # nobody hosts
        minutes.close(tour.pk, {"route": "甲村—乙村"}, actor=actor)
    planning.change(tour.pk, actor=actor, roles={"lead": "区委的人", "host": "甲村、乙村"})
    with refused("session.invalid"):  # no route
        minutes.close(tour.pk, {}, actor=actor)
    assert minutes.close(tour.pk, {"route": "甲村—乙村"}, actor=actor).record == {"route": "甲村—乙村"}
    signing.take_away(tour.pk, one.number, {"lesson": "先订规矩再动工。"}, actor=world.actor("赵兰"))
    assert queries.takeaways(Session.objects.get(pk=tour.pk)) == {world.people["赵兰"]: {"lesson": "先订规矩再动工。"}}
