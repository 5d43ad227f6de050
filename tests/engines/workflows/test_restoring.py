"""The way back of a matter that was kept apart midway: the process, step, seats and clocks that it had, and who reads what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows import apart, clocks, queries, restoring, similar, views
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.engines.workflows.queries import Filters
from gezhi.foundation import events
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.jobs import claims, registry
from tests.foundation.people.county import SETUP

WORDS = "湖滨里南门的路灯三天不亮，书记说管不了。"
GROUND = "说的是书记推脱。"
COLUMNS = (*apart.RETURNS, "body_hash", "owner_seat", "protected", "due_at", "late_at", "state", "contact_hash")


@pytest.fixture
def case(world):
    made = world.open(WORDS, contact_phone="13812342671", public_ok=True)
    registry.discover()
    claims.drain()
    return made


def protect(world, case, by="秦英"):
    return apart.protect(case.id, "village", GROUND, actor=world.actor(by))


def restore(world, case, by="周敏", **more):
    done = restoring.restore(case.id, "说的是路灯，不是书记。", actor=world.actor(by), **more)
    done.refresh_from_db()
    return done


def running(case):
    rows = WorkItem.objects.filter(case=case, state="open").order_by("number")
    return [(i.stage, i.branch, i.side, i.owner_seat, i.person_id, i.rung) for i in rows]


def test_it_goes_back_to_the_step_the_seat_and_the_hand_it_was_taken_from(world, case):
    world.to_handle(case)
    world.do(case, "extend", "马东", more="2 work_day", reason="要等配件。")
    before, open_before = Case.objects.get(pk=case.id), running(case)
    assert before.workflow == "request" and [line[0] for line in open_before] == ["handle", "extension"]
    kept = protect(world, case, by="马东")
    assert (kept.workflow, kept.stage) == ("protected", "receive")
    back = restore(world, case)
    assert {name: getattr(back, name) for name in COLUMNS} == {name: getattr(before, name) for name in COLUMNS}
    assert running(case) == open_before
    claims.drain()
    assert case.id in [r.case.id for r in queries.page(world.actor("赵兰"), Filters(q="路灯三天不亮")).rows]
    assert similar.candidates(WORDS, case.place_id, actor=world.actor("赵兰"))
    # The question that was asked is still asked, and the matter goes on to its end.
    side = WorkItem.objects.get(case=case, state="open", side=True)
    world.do(case, "grant", "吕岩", item=side.number)
    assert Case.objects.get(pk=case.id).due_at > before.due_at
    closed = to_its_end(world, case)
    assert (closed.state, closed.outcome) == ("closed", "done")
    assert events.verify().findings == []


def to_its_end(world, case):
    world.do(case, "finish", "马东", result="换了灯。")
    world.do(case, "pass", "秦英")
    return world.do(case, "solved", rating="very")


def _offered(world, case, who):
    return {p.action for p in views.case_view(case.id, world.actor(who)).possible}


def test_a_step_goes_on_with_the_time_that_it_had_left_and_the_promise_does_not_move(world, case, at_ten):
    before = WorkItem.objects.get(case=case, state="open")
    promise = Case.objects.get(pk=case.id).due_at
    protect(world, case)
    since = WorkItem.objects.get(pk=before.pk).done_at
    at_ten.shift(timedelta(days=30))
    back = restore(world, case)
    item = WorkItem.objects.get(case=case, state="open")
    assert back.due_at == promise < item.opened_at
    limit = "4 work_hour" if item.stage == "triage" else "1 work_day"
    assert item.due_at == clocks.after_pause(before.due_at, since, item.opened_at, limit) > item.opened_at
    assert item.due_at - item.warn_at == before.due_at - before.warn_at
    bar = views.case_view(case.id, world.actor("赵兰")).bar
    assert bar.opened_at == case.opened_at and any(s.hue == "overdue" for s in bar.segments)


def test_what_was_said_in_between_stays_with_those_above(world, case):
    world.to_handle(case)
    protect(world, case, by="秦英")
    world.do(case, "name", "周敏", about=world.seats["grid"])
    receiver = Case.objects.get(pk=case.id)
    restore(world, case, by=_holder(world, receiver.owner_seat))
    for who in ("赵兰", "马东"):
        timeline = views.case_view(case.id, world.actor(who)).timeline
        told = [
            (e.action, e.who, dict(e.said), e.known_to) for e in timeline if e.action in ("protect", "restore", "name")
        ]
        assert [line[0] for line in told] == ["protect", "restore"]
        assert told[0][1:] == ("", {}, ()) and told[1][3] == ()
        assert told[1][2] == {"reason": "说的是路灯，不是书记。"}
        assert GROUND not in str(timeline)
    above = views.case_view(case.id, world.actor("周敏")).timeline
    entry = {e.action: e for e in above}
    assert entry["protect"].said == {"ground": GROUND} and entry["protect"].who and "name" in entry
    assert len(entry["protect"].known_to) >= 2 and entry["restore"].known_to  # who had it, before and in between
    assert not set(entry["protect"].known_to) & set(entry["restore"].known_to)


def _holder(world, seat):
    from gezhi.foundation import people

    persons = people.directory().holders(seat, people_now())
    return next(name for name, id in world.people.items() if id in persons)


def people_now():
    from gezhi.foundation.calendar import clock

    return clock.now()


def test_a_photo_sent_in_between_stays_with_those_above(world, case, monkeypatch):
    protect(world, case)
    back = restore(world, case)
    seen = []
    monkeypatch.setattr(views.veiling, "may_see_photo", lambda view, photo: seen.append(photo))
    with pytest.raises(NotFound):
        views.case_of_photo(back.id, 7, world.actor("赵兰"))
    assert seen == [7]


def test_branches_of_a_fork_stand_where_they_stood_and_what_had_arrived_has_arrived(world, case):
    units = [world.seats["city"], world.seats["power"]]
    world.do(case, "dispatch_joint", "赵兰", unit=world.seats["water"], units=units)
    part = {i.branch: i.number for i in WorkItem.objects.filter(case=case, state="open")}
    world.do(case, "assist_done", "马东", item=part["joint:assist#1"], result="补了路面。")
    before = running(case)
    protect(world, case)
    restore(world, case)
    assert running(case) == before and len(before) == 3
    part = {i.branch: i.number for i in WorkItem.objects.filter(case=case, state="open")}
    world.do(case, "lead_done", "水远", item=part["joint:lead"], result="换了管。")
    done = world.do(case, "assist_done", "陈军", item=part["joint:assist#2"], result="断了电又送上。")
    assert done.stage == "joint_sign"
    assert events.verify().findings == []


def test_a_parked_matter_is_parked_again_until_the_day_that_was_told(world, case):
    world.to_handle(case)
    day = (case.opened_at + timedelta(days=40)).date().isoformat()
    world.do(case, "park", "马东", reason="要等管网改造。", next_date=day)
    for action, who in (("park_put", "周敏"), ("park_approve", "于沐阳")):
        side = WorkItem.objects.get(case=case, state="open", side=True)
        world.do(case, action, who, item=side.number, opinion="情况属实。")
    parked = Case.objects.get(pk=case.id)
    assert parked.stage == "parked" and parked.parked_until is not None
    protect(world, case, by="周敏")
    assert Case.objects.get(pk=case.id).parked_until is None
    back = restore(world, case, by="于沐阳")
    assert (back.stage, back.parked_until, back.late_at) == ("parked", parked.parked_until, parked.late_at)
    world.do(case, "resume", "周敏", reason="管网通了。")
    assert Case.objects.get(pk=case.id).stage == "handle"
    assert events.verify().findings == []


def test_a_round_begun_later_is_counted_on_and_it_may_happen_twice(world, case):
    world.to_handle(case)
    protect(world, case, by="秦英")
    restore(world, case)
    protect(world, case, by="秦英")
    assert Case.objects.get(pk=case.id).cycle == 3
    back = restore(world, case)
    assert (back.cycle, back.stage) == (1, "handle")
    to_its_end(world, case)
    again = world.do(case, "reopen", why="又不亮了。")
    assert again.cycle == 4  # a number that no round had, also none of those kept apart
    assert views.public_view(case.code).steps
    assert events.verify().findings == []


def test_a_closed_matter_is_shown_again_where_it_stands(world, case):
    closed = world.to_closed(case)
    due = Case.objects.get(pk=case.id).due_at
    protect(world, closed, by="方晓")
    with pytest.raises(NotFound):
        views.case_view(case.id, world.actor("赵兰"))
    back = restore(world, case)
    assert (back.state, back.workflow, back.due_at) == ("closed", "request", due)
    assert views.case_view(case.id, world.actor("赵兰")).case.id == case.id
    assert events.verify().findings == []


def test_a_seat_that_was_closed_in_between_is_not_given_it_again(world, case):
    from gezhi.foundation.people import actions as staffing

    world.to_handle(case)
    protect(world, case, by="秦英")
    city = world.seats["city"]
    staffing.close_seat(city, actor=SETUP)
    back = restore(world, case)
    item = WorkItem.objects.get(case=case, state="open")
    assert back.handler_seat is None and item.owner_seat != city and back.owner_seat == item.owner_seat


def test_who_may_and_what_is_refused(world, case):
    with pytest.raises(Conflict) as refused:
        restore(world, case)
    assert refused.value.code == "restore.ordinary"
    world.to_handle(case)
    protect(world, case, by="秦英")
    for gone in ("赵兰", "马东", "秦英"):
        with pytest.raises(NotFound):
            restore(world, case, by=gone)
    with pytest.raises(Invalid) as wrong:
        restoring.restore(case.id, " ", actor=world.actor("周敏"))
    assert "reason" in wrong.value.field_errors
    with pytest.raises(Conflict) as refused:
        restore(world, case, expected_seq=1)
    assert refused.value.code == "case.stale"
    # The pack's own way asks for a handler; here the former one is known.
    assert "lift" not in _offered(world, case, "周敏")
    with pytest.raises(Conflict) as refused:
        world.do(case, "lift", "周敏", unit=world.seats["city"], reason="不是。")
    assert refused.value.code == "restore.instead"
    world.do(case, "transfer", "周敏", unit=world.seats["city"], copy="请查路灯。")
    with pytest.raises(NotAllowed):  # whoever handles it reads only the reviewed copy
        restore(world, case, by="马东")
    first = restore(world, case, key="once")
    assert restore(world, case, key="once").event_seq == first.event_seq
    opened_so = world.open("书记冒领补贴，我要举报。", about="village")
    with pytest.raises(Conflict) as refused:
        restore(world, opened_so)
    assert refused.value.code == "restore.not_midway"
