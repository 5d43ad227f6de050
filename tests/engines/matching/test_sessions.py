"""Planning, signing up, the waiting line, who was there, minutes: through the actions, and the log agrees."""

from __future__ import annotations

from datetime import date

import pytest

from gezhi.engines.matching import access, minutes, planning, queries, signing
from gezhi.engines.matching.models import Booking, Hold, Item, Session
from gezhi.engines.workflows.models import Case
from gezhi.flows.meetings import doors
from gezhi.foundation import events, people
from gezhi.foundation.db import count_queries, revisions
from gezhi.foundation.errors import Conflict, Invalid
from tests.engines.matching.conftest import HOUR, at, refused


def states(session: Session) -> list[str]:
    return list(session.bookings.order_by("number").values_list("state", flat=True))


def test_places_then_the_line_then_nothing_and_who_leaves_makes_room(hall):
    session = hall.plan(seats=2)
    for n in range(4):
        hall.guest(session, n)
    session.refresh_from_db()
    assert states(session) == ["booked", "booked", "waiting", "waiting"] and (session.booked, session.waiting) == (2, 2)
    signing.withdraw(session.pk, 1, actor=hall.world.actor("赵兰"))
    session.refresh_from_db()
    assert states(session) == ["withdrawn", "booked", "booked", "waiting"] and (session.booked, session.waiting) == (
        2,
        1,
    )
    with refused("session.twice"):
        hall.guest(session, 2)
    hall.guest(session, 0)  # again, at the end of the line
    assert states(session)[-1] == "waiting"
    planning.change(session.pk, actor=hall.world.actor("赵兰"), seats=4)
    session.refresh_from_db()
    assert states(session) == ["withdrawn", "booked", "booked", "booked", "booked"] and session.waiting == 0
    with refused("session.seats_taken"):
        planning.change(session.pk, actor=hall.world.actor("赵兰"), seats=3)
    assert events.verify().clean


def test_nobody_is_in_two_places_at_once_and_the_waiting_are_bound_when_their_turn_comes(hall):
    first, second = (
        hall.plan(seats=1),
        hall.plan("lecture", theme="law", seats=1, when="2026-11-20 20:00", roles={"speaker": "甲"}),
    )
    hall.guest(first, 1)
    with refused("session.busy"):
        hall.guest(second, 1)
    hall.guest(second, 2)
    hall.guest(second, 1)  # into the line of the second: that is allowed
    hall.guest(second, 3)
    signing.withdraw(second.pk, 1, actor=hall.world.actor("赵兰"))
    # 1 is bound elsewhere and keeps the place in the line; 3 comes up.
    assert states(second) == ["withdrawn", "waiting", "booked"]
    planning.cancel(first.pk, actor=hall.world.actor("赵兰"), reason="停电")
    signing.withdraw(second.pk, 3, actor=hall.world.actor("赵兰"))
    assert states(second) == ["withdrawn", "booked", "withdrawn"]
    assert events.verify().clean


def test_one_session_ends_as_the_next_begins(hall):
    early, late = hall.plan(), hall.plan(when="2026-11-20 21:00")
    hall.guest(early, 1), hall.guest(late, 1)
    assert Hold.objects.filter(lane__startswith="who:").count() == 2


def test_a_session_in_the_past_cannot_be_signed_up_and_sign_up_closes_before(hall):
    session = hall.plan()  # closes two hours before 19:00
    hall.until(at("2026-11-20 17:00"))
    with refused("session.past"):
        hall.guest(session, 1)
    who = signing.guest("乙", "13900000001")
    signing.sign_up(session.pk, who, actor=hall.world.actor("赵兰"))  # the organiser may until it begins
    hall.until(at("2026-11-20 19:00"))
    with refused("session.past"):
        signing.sign_up(session.pk, signing.guest("丙", "13900000002"), actor=hall.world.actor("赵兰"))
    with refused("session.past"):
        signing.withdraw(session.pk, 1, actor=hall.world.actor("赵兰"))
    assert [b.state for b in Booking.objects.filter(session=session)] == ["booked"]  # the one who came in time


def test_a_venue_is_in_one_hand_at_a_time_open_when_it_is_open_and_no_larger_than_it_is(hall):
    secretary = hall.world.actor("赵兰")
    room = planning.open_venue(
        "文化活动室", hall.world.places["lake"], actor=secretary, capacity=20, opens=at("2026-01-01 08:00").time(),
        closes=at("2026-01-01 21:30").time(), until=date(2026, 12, 31), owner="社区",
    )  # fmt: skip
    first = hall.plan(venue_id=room.pk, seats=30)
    assert first.seats == 20
    with refused("session.venue_busy"):
        hall.plan("lecture", theme="law", venue_id=room.pk, when="2026-11-20 20:30", hours=1)
    with refused("session.venue_closed"):
        hall.plan(venue_id=room.pk, when="2026-11-21 20:30")
    with refused("session.venue_closed"):
        hall.plan(venue_id=room.pk, when="2027-01-02 09:00")
    assert queries.free_venues(hall.world.places["lake"], first.starts, first.ends) == []
    planning.move(first.pk, first.starts + 24 * HOUR, first.ends + 24 * HOUR, actor=secretary, venue_id=room.pk)
    second = hall.plan("lecture", theme="law", venue_id=room.pk, when="2026-11-20 20:30", hours=1)
    assert [(v.name, n) for v, n in queries.venue_use(hall.world.places["lake"], first.starts, at("2026-11-30 00:00"))]
    assert second.pk and events.verify().clean


def test_moving_keeps_earlier_promises_and_says_who_lost_their_place(hall):
    secretary = hall.world.actor("赵兰")
    moved, fixed = hall.plan(seats=1), hall.plan("lecture", theme="law", when="2026-11-21 19:00")
    hall.guest(moved, 1), hall.guest(fixed, 1), hall.guest(moved, 2)
    _row, lost = planning.move(moved.pk, fixed.starts, fixed.ends, actor=secretary)
    assert [b.number for b in lost] == [1] and states(moved) == ["withdrawn", "booked"]
    moved.refresh_from_db()
    assert (moved.booked, moved.waiting) == (1, 0)
    planning.cancel(moved.pk, actor=secretary, reason="老师来不了")
    assert not Hold.objects.filter(session_id=moved.pk).exists()
    with refused("session.past"):
        hall.guest(moved, 5)
    with refused("session.over"):
        planning.change(moved.pk, actor=secretary, seats=3)


def test_persons_and_person_times_are_never_mixed(hall):
    from gezhi.foundation.measures import measure, month_of, opened_by, table

    for day, came in (("2026-11-19", 3), ("2026-11-26", 2)):
        session = hall.plan(when=f"{day} 19:00", roles={"teacher": "甲"})
        for n in range(3):
            hall.guest(session, n)
        marks = dict.fromkeys(range(came + 1, 4), "absent")
        hall.held(session, marks=marks, heads=10 if came == 3 else 0, more=[signing.Guest("路过的人")])
    figures = measure(["sessions", "person_times", "heads"], period=month_of(date(2026, 11, 1)))
    assert {k: f.value for k, f in figures.items()} == {"sessions": 2, "person_times": 17, "heads": 10}
    people_ = measure(["persons", "named_times"], period=month_of(date(2026, 11, 1)), place=hall.world.places["lake"])
    assert {k: f.value for k, f in people_.items()} == {"persons": 4, "named_times": 7}
    assert sum(r.person_times for r in opened_by(figures["person_times"].opens)) == 17
    rows = table(["person_times"], by="village", period=month_of(date(2026, 11, 1)))
    assert [(r.group, r.figures["person_times"].value) for r in rows] == [(hall.world.places["lake"], 17)]
    assert events.verify().clean


def test_minutes_agenda_answered_carried_and_assigned_and_closing_waits_for_all(hall):
    world, secretary = hall.world, hall.world.actor("赵兰")
    first, nxt = hall.plan("face_to_face", roles={"host": "赵兰"}), hall.plan("face_to_face", when="2026-12-18 19:00")
    asked = [
        minutes.note(first.pk, "question", words, actor=secretary).number for words in ("路灯何时修", "电梯", "花坛")
    ]
    task = minutes.note(
        first.pk, "assignment", "清理东边花坛", actor=secretary, seat_id=world.seats["grid"], due_on=date(2026, 11, 25)
    )
    hall.held(first)
    with refused("session.unfinished"):
        minutes.close(first.pk, {}, actor=secretary)
    minutes.answer(first.pk, asked[0], "明天电力公司来修。", actor=secretary)
    carried = minutes.carry(first.pk, asked[1], nxt.pk, actor=secretary)
    assert (carried.session_id, carried.state) == (nxt.pk, "open")
    _item, case = doors.assign(
        first.pk, asked[2], actor=secretary, seat_id=world.seats["grid2"], due_on=date(2026, 12, 1)
    )
    _item, second = doors.assign(first.pk, task.number, actor=secretary)
    assert (case.handler_seat, world.main(case).owner_seat) == (world.seats["grid2"], world.seats["grid2"])
    assert case.due_at == at("2026-12-02 00:00") and second.due_at == at("2026-11-26 00:00")
    with refused("item.settled"):
        doors.assign(first.pk, task.number, actor=secretary)
    minutes.close(first.pk, {"summary": "说了四件事。"}, actor=secretary)
    with refused("session.over"):
        minutes.note(first.pk, "question", "还有一件", actor=secretary)
    assert set(Item.objects.filter(session=first).values_list("state", flat=True)) == {"answered", "carried", "case"}
    world.do(second, "finish", "秦英", result="清完了")
    assert world.do(second, "pass", "赵兰").state == "closed"
    shown = doors.standing(Item.objects.filter(session=first), actor=secretary)
    assert {c.state for c in shown.values()} == {"open", "closed"}
    assert [line.text for line in minutes.lines(first)][:1] == ["路灯何时修"] and events.verify().clean


def test_an_assignment_and_its_case_are_written_together_or_not_at_all(hall, monkeypatch):
    secretary = hall.world.actor("赵兰")
    session = hall.plan("routine_meeting")
    task = minutes.note(
        session.pk,
        "assignment",
        "查消防栓",
        actor=secretary,
        seat_id=hall.world.seats["grid"],
        due_on=date(2026, 11, 25),
    )
    monkeypatch.setattr(minutes, "assigned", lambda *_a, **_k: (_ for _ in ()).throw(Conflict("item.settled")))
    with refused("item.settled"):
        doors.assign(session.pk, task.number, actor=secretary)
    assert not Case.objects.exists()


def test_who_sees_and_who_convenes(hall):
    world = hall.world
    open_one, party = hall.plan("routine_meeting"), hall.plan("party_day", theme="学习")
    seen = {name: {s.pk for s in queries.between(world.actor(name), at("2026-11-01 00:00"), at("2026-12-01 00:00"))}
            for name in ("赵兰", "钱立", "秦英", "周敏", "何苗")}  # fmt: skip
    both = {open_one.pk, party.pk}
    assert seen == {"赵兰": both, "钱立": set(), "秦英": set(), "周敏": {open_one.pk}, "何苗": set()}
    for name, ids in seen.items():
        actor = world.actor(name)
        assert {s.pk for s in Session.objects.all() if access.sees(s, actor=actor)} == ids
    with refused("session.not_found"):
        queries.view(party.pk, actor=world.actor("秦英"))
    with refused("session.not_found"):
        queries.view(party.pk, actor=people.resident())
    with refused("session.not_organiser"):
        hall.plan("routine_meeting", by="秦英")
    with refused("session.not_organiser"):
        hall.plan("routine_meeting", by="钱立")  # another village
    with refused("session.not_found"):
        planning.cancel(open_one.pk, actor=world.actor("秦英"), reason="不想开")
    # Whoever is on the list sees it.
    signing.sign_up(open_one.pk, world.people["秦英"], actor=world.actor("赵兰"))
    assert queries.view(open_one.pk, actor=world.actor("秦英")).mine is not None
    assert [s.pk for s, _b in queries.mine(world.actor("秦英"), since=at("2026-11-18 00:00"))] == [open_one.pk]


def test_a_resident_needs_a_code_and_only_where_residents_may(hall):
    inside, outside = hall.plan("routine_meeting"), hall.plan()
    with refused("session.not_found"):
        hall.guest(inside, 1)
    booking = hall.guest(outside, 1)
    with refused("booking.not_found"):
        signing.withdraw(outside.pk, booking.number, actor=people.resident(), code="ABCDEFGHJK")
    assert queries.by_code(booking.code)[1] == booking
    signing.withdraw(outside.pk, booking.number, actor=people.resident(), code=booking.code)
    row = Booking.objects.get(pk=booking.pk)
    assert row.state == "withdrawn" and row.label.endswith("○")
    texts = str([event.patch for event in events.history(f"session:{outside.pk}")])
    assert "13800000001" not in texts and booking.code not in texts


def test_feedback_and_lessons_only_from_those_who_were_there(hall):
    session = hall.plan(roles={"teacher": "甲"})
    one, two = hall.guest(session, 1), hall.guest(session, 2)
    hall.held(session, marks={two.number: "absent"})
    signing.say(session.pk, one.number, 5, "讲得清楚", actor=people.resident(), code=one.code)
    with refused("booking.not_there"):
        signing.say(session.pk, two.number, 1, "", actor=people.resident(), code=two.code)
    assert Booking.objects.get(pk=one.pk).rating == 5 and events.verify().clean


def test_a_series_is_planned_whole_or_not_at_all_and_once(hall):
    world = hall.world
    times = [(at(f"2026-12-{day:02d} 19:00"), at(f"2026-12-{day:02d} 20:00")) for day in (1, 8, 15)]
    actor, place = world.actor("赵兰"), world.places["lake"]
    made = planning.plan_series("evening_school", place, times, actor=actor, key="abc-123456")
    again = planning.plan_series("evening_school", place, times, actor=actor, key="abc-123456")
    assert [s.pk for s in made] == [s.pk for s in again] and {s.series for s in made} == {made[0].pk}
    room = planning.open_venue("活动室", place, actor=actor)
    hall.plan(venue_id=room.pk, when="2026-12-08 19:30")
    with refused("session.venue_busy"):
        planning.plan_series("evening_school", place, times, actor=actor, venue_id=room.pk)
    assert Session.objects.count() == 4


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"hours": 0}, "ends"), ({"hours": 24 * 40}, "ends"), ({"when": "2029-11-20 19:00"}, "starts"),
        ({"when": "2026-08-20 19:00"}, "starts"), ({"title": "会" * 90}, "title"), ({"seats": 0}, "seats"),
        ({"name": "lecture", "theme": "gossip"}, "theme"), ({"name": "party_day", "by": "赵兰"}, "theme"),
        ({"roles": {"boss": "甲"}}, "roles"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(hall, more, field):
    with pytest.raises(Invalid) as wrong:
        hall.plan(**more)
    assert field in wrong.value.field_errors
    assert not Session.objects.exists()


def test_a_stale_page_changes_nothing(hall):
    session = hall.plan()
    planning.change(session.pk, actor=hall.world.actor("赵兰"), title="新名字", expected_seq=session.event_seq)
    with refused("session.stale"):
        planning.change(session.pk, actor=hall.world.actor("赵兰"), title="旧名字", expected_seq=session.event_seq)
    assert Session.objects.get(pk=session.pk).title == "新名字"


def test_reading_costs_the_same_for_three_and_for_thirty(hall):
    secretary = hall.world.actor("赵兰")
    totals = []
    for count in (3, 30):
        session = hall.plan(when=f"2026-11-{20 + len(totals)} 19:00", seats=40)
        for n in range(count):
            hall.guest(session, n)
        with revisions.scope(), count_queries() as q:
            queries.view(session.pk, actor=secretary)
        totals.append(q.total)
    assert totals[0] == totals[1] <= 4
    with revisions.scope(), count_queries() as q:
        queries.between(secretary, at("2026-11-01 00:00"), at("2026-12-01 00:00"))
    assert q.total <= 3


def test_erasing_a_guest_leaves_the_counts_and_a_sound_log(hall):
    session = hall.plan()
    booking = hall.guest(session, 1)
    events.erase(
        f"session:{session.pk}", [f"contact:{booking.number}"], actor=people.system("erasure"), ground="本人要求"
    )
    assert queries.contacts([Booking.objects.get(pk=booking.pk)]) == {booking.number: {}}
    report = events.verify()
    assert all(finding.code == "private.erased" for finding in report.findings)
    session.refresh_from_db()
    signing.withdraw(session.pk, booking.number, actor=hall.world.actor("赵兰"))
    assert Booking.objects.get(pk=booking.pk).state == "withdrawn"
