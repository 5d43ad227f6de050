"""A missed duty that climbs is told to its own seat and to the one above, once a rung, without a name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gezhi.engines.duties import actions, climbing, closing, telling
from gezhi.engines.duties.models import Done
from gezhi.foundation import notices
from tests.engines.duties.test_life_of_a_duty import READING
from tests.interfaces.desk.conftest import Desk

TITLE = "每月上门健康监测"
AFTER = datetime(2026, 12, 2, 16, 1, tzinfo=UTC)  # a minute past the window of November


def told(village, name: str) -> list[str]:
    lines, _next = notices.inbox(village.actor(name))
    return [line.text for line in lines if TITLE in line.text]


def test_the_seat_and_its_superior_hear_of_it_once(village, at_ten):
    for number in range(3):
        village.elder(f"老{number}")
    at_ten.move_to(AFTER)
    closing.close_windows()
    climbing.climb()
    assert told(village, "韩竹") == told(village, "赵兰") == []  # the first rung is a day later
    at_ten.shift(timedelta(days=2))
    climbing.climb()
    rows = list(Done.objects.filter(rule="monthly-health"))
    assert {(row.rung, row.raised_to) for row in rows} == {(1, village.seats["secretary"])} and len(rows) == 3
    (own,), (above,) = told(village, "韩竹"), told(village, "赵兰")  # three missed ones are one line each
    assert "请补上" in own and "请督办" in above and "老" not in own + above and "秦" not in own + above
    climbing.climb()
    assert len(told(village, "赵兰")) == 1 and told(village, "周敏") == []


def test_the_line_leads_to_where_it_is_made_up_for_or_seen_to(village, at_ten):
    desk = Desk(village)
    village.elder()
    at_ten.move_to(AFTER)
    closing.close_windows()
    at_ten.shift(timedelta(days=2))
    climbing.climb()
    row = Done.objects.get(rule="monthly-health")
    for name, face, leads in (
        ("韩竹", "field", "/field/"), ("韩竹", "desk", "/field/"),
        ("赵兰", "desk", f"/desk/duties?place={row.village_id}"), ("赵兰", "field", "/field/"),
    ):  # fmt: skip
        lines, _next = notices.inbox(village.actor(name))
        line = next(line for line in lines if TITLE in line.text)
        answer = desk.of(name).get(f"/{face}/notices/{line.id}")
        assert (answer.status_code, answer["Location"]) == (302, leads)
        assert desk.of(name).get(leads).status_code == 200


def test_only_those_it_concerns_may_know(village, at_ten):
    village.elder()
    at_ten.move_to(AFTER)
    closing.close_windows()
    at_ten.shift(timedelta(days=2))
    climbing.climb()
    stream = f"duty:{Done.objects.get(rule='monthly-health').pk}"
    doctor, secretary, worker = (village.actor(name).person_id for name in ("韩竹", "赵兰", "秦英"))
    may = telling.may_know({(stream, doctor), (stream, secretary), (stream, worker), ("duty:0", doctor)})
    assert may == {(stream, doctor), (stream, secretary)}


def test_what_was_made_up_for_in_time_is_told_to_nobody(village, at_ten):
    line = village.elder()
    at_ten.move_to(AFTER)
    closing.close_windows()
    actions.fulfil("monthly-health", line.subject_id, "2026-11", READING, actor=village.actor("韩竹"))
    at_ten.shift(timedelta(days=9))
    climbing.climb()
    assert told(village, "韩竹") == told(village, "赵兰") == []
