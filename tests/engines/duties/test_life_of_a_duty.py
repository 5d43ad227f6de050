"""From the register to the file: owed, done, missed, climbed, made up for, waived, taken back, not owed after all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from gezhi.engines.duties import actions, climbing, closing, queries, standings
from gezhi.engines.duties.models import Done, Enrolment
from gezhi.engines.duties.rules import DONE, MISSED, OPEN, VOID, WAIVED
from gezhi.engines.duties.schema import rule
from gezhi.foundation import events, subjects
from gezhi.foundation.db import count_queries, revisions
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import actions as staff
from tests.engines.duties.scene import SYSTEM
from tests.foundation.people.county import SETUP
from tests.numbers import says

NOON = datetime(2026, 12, 1, 4, tzinfo=UTC)  # in the window of November's month-end: 28 November to 2 December
READING = {"systolic": 130, "diastolic": 80}


def visit(village, line, name="韩竹", period="2026-11", **more):
    data = more.pop("data", READING)
    return actions.fulfil("monthly-health", line.subject_id, period, data, actor=village.actor(name), **more)[0]


def test_a_line_in_the_register_is_a_duty_on_the_list(village, at_ten):
    line = village.elder()
    assert village.owed("韩竹", "monthly-health") == []  # the window is not open
    at_ten.move_to(NOON)
    (owed,) = village.owed("韩竹", "monthly-health")
    assert (owed.label, owed.age, owed.period, owed.state) == ("秦○", 76, "2026-11", OPEN)
    assert (date(2026, 11, 28), date(2026, 12, 2)) == _days(owed)
    row = visit(village, line, note="药够，腿有点肿")
    assert (row.state, row.late, row.seat_id) == (DONE, False, village.seats["doctor"])
    assert village.owed("韩竹", "monthly-health") == []
    # What was found is the register's own, and nothing of the body stands in the open.
    (entry,) = subjects.Entry.objects.filter(pk=line.pk)
    assert entry.values["last_check"] == "2026-12-01" and row.findings == {}
    patch = events.history(f"duty:{row.pk}")[0].patch
    assert not says({k: v for k, v in patch.items() if not k.endswith("_id") and k != "private_ref"}, "130")
    assert set(patch["private_ref"]) == {"hash", "private"}
    assert events.verify().clean


def _days(owed):
    from gezhi.foundation.calendar import clock

    return clock.local(owed.opens).date(), clock.local(owed.closes - timedelta(seconds=1)).date()


def test_only_the_doctor_writes_readings(village, at_ten):
    line = village.elder()
    at_ten.move_to(NOON)
    for name in ("秦英", "赵兰", "周敏"):
        with pytest.raises(NotAllowed) as refused:
            visit(village, line, name)
        assert refused.value.code == "duties.not_yours"
    staff.vacate(village.seats["doctor"], actor=SETUP)
    assert village.owed("赵兰", "monthly-health") == []  # the secretary answers, but is no doctor
    with pytest.raises(NotAllowed):
        visit(village, line, "赵兰")
    staff.substitute(village.seats["doctor"], village.person("代班村医"), until=NOON + timedelta(days=9), actor=SETUP)
    assert visit(village, line, "代班村医").state == DONE


def test_a_second_record_is_refused_and_the_same_key_is_the_same_fact(village, at_ten):
    line = village.elder()
    at_ten.move_to(NOON)
    first = visit(village, line, key="phone-1")
    again, new = actions.fulfil(
        "monthly-health", line.subject_id, "2026-11", READING, actor=village.actor("韩竹"), key="phone-1"
    )
    assert (again.pk, new) == (first.pk, False)
    with pytest.raises(Conflict) as refused:
        visit(village, line, key="phone-2")
    assert refused.value.code == "duties.settled" and "韩○" in refused.value.why
    assert Done.objects.count() == 1


def test_missed_climbs_and_a_late_record_takes_it_back(village, at_ten):
    line = village.elder()
    at_ten.move_to(datetime(2026, 12, 2, 16, 1, tzinfo=UTC))  # one minute past the window
    assert closing.close_windows() >= 1
    row = Done.objects.get(rule="monthly-health")
    assert row.state == MISSED and row.raised_to is None
    (owed,) = village.owed("韩竹", "monthly-health")
    assert (owed.state, owed.done_id) == (MISSED, row.pk)
    at_ten.shift(timedelta(days=2))
    climbing.climb()
    row.refresh_from_db()
    assert row.raised_to == village.seats["secretary"]
    assert [d.pk for _o, d in queries.climbed(village.actor("赵兰")) if d.rule == "monthly-health"] == [row.pk]
    done = visit(village, line)
    assert (done.state, done.late, done.raised_to, done.climb_at) == (DONE, True, None, None)
    assert [d for _o, d in queries.climbed(village.actor("赵兰")) if d.rule == "monthly-health"] == []
    assert [e.kind for e in events.history(f"duty:{row.pk}")] == ["duty.missed", "duty.climbed", "duty.done"]
    closing.close_windows()
    assert closing.close_windows() == 0  # nothing is closed twice


def test_a_visit_without_a_signal_counts_when_it_was_made(village, at_ten):
    line = village.elder()
    at_ten.move_to(datetime(2026, 12, 3, 1, tzinfo=UTC))
    closing.close_windows()
    row = visit(village, line, claimed_at=NOON)
    assert (row.state, row.late, row.at) == (DONE, False, NOON)
    with pytest.raises(Invalid) as refused:
        visit(village, line, period="2026-12", claimed_at=NOON + timedelta(days=60))
    assert refused.value.code == "duties.claimed_ahead"
    with pytest.raises(Conflict) as early:
        visit(village, line, period="2026-12")
    assert early.value.code == "duties.too_early"


def test_nothing_is_owed_for_the_dead_or_for_who_has_left_or_is_too_young(village, at_ten):
    line, mover = village.elder("秦老"), village.elder("吴老")
    young = village.elder("周小", born=date(1970, 1, 1))
    assert {e.subject_id for e in Enrolment.objects.filter(rule="monthly-health")} == {
        line.subject_id,
        mover.subject_id,
    }
    subjects.end_subject(mover.subject_id, "moved_out", actor=SYSTEM, on=date(2026, 11, 18))
    at_ten.move_to(datetime(2026, 12, 3, 1, tzinfo=UTC))
    closing.close_windows()
    row = Done.objects.get(rule="monthly-health")
    assert (row.subject_id, row.state) == (line.subject_id, MISSED)
    # The death became known later: what was missed after it was not owed.
    subjects.end_subject(line.subject_id, "died", actor=SYSTEM, on=date(2026, 11, 29))
    row.refresh_from_db()
    assert (row.state, row.climb_at) == (VOID, None)
    assert all(s.due == 0 for s in standings.standing(rule("monthly-health"), rule("monthly-health").named("2026-11")))
    with pytest.raises(NotFound):
        visit(village, line)
    assert young.pk and events.verify().clean


def test_a_birthday_puts_somebody_on_the_list(village, at_ten):
    from gezhi.engines.duties import publishing

    line = village.elder("钱老", born=date(1966, 11, 20))  # sixty in two days
    assert not Enrolment.objects.filter(entry_id=line.pk).exists()
    at_ten.shift(timedelta(days=3))
    assert publishing.recheck(date(2026, 11, 18), date(2026, 11, 21)) == 2  # the monthly visit, the yearly check
    assert {e.since for e in Enrolment.objects.filter(entry_id=line.pk)} == {date(2026, 11, 21)}
    assert publishing.recheck(date(2026, 11, 18), date(2026, 11, 21)) == 0
    assert publishing.rebuild("monthly-health") == 0


def test_a_waiver_needs_a_ground_and_somebody_above(village, at_ten):
    line = village.elder()
    at_ten.move_to(NOON)
    with pytest.raises(NotAllowed):
        actions.waive("monthly-health", line.subject_id, "2026-11", "hospital", actor=village.actor("韩竹"))
    with pytest.raises(Invalid) as refused:
        actions.waive("monthly-health", line.subject_id, "2026-11", "tired", actor=village.actor("赵兰"))
    assert refused.value.code == "duties.no_ground"
    row = actions.waive(
        "monthly-health", line.subject_id, "2026-11", "hospital", actor=village.actor("赵兰"), note="县医院三楼"
    )
    assert row.state == WAIVED and village.owed("韩竹", "monthly-health") == []
    with pytest.raises(Conflict) as waived:
        visit(village, line)
    assert waived.value.code == "duties.waived"


def test_taken_back_within_minutes_by_whoever_wrote_it(village, at_ten):
    line = village.elder()
    at_ten.move_to(NOON)
    row = visit(village, line)
    with pytest.raises(Conflict):
        actions.take_back(row.pk, actor=village.actor("赵兰"))
    actions.take_back(row.pk, actor=village.actor("韩竹"))
    assert [o.state for o in village.owed("韩竹", "monthly-health")] == [OPEN]
    again = visit(village, line)
    assert again.pk == row.pk
    at_ten.shift(timedelta(minutes=11))
    with pytest.raises(Conflict) as refused:
        actions.take_back(row.pk, actor=village.actor("韩竹"))
    assert refused.value.code == "duties.nothing_to_take_back"


def test_the_list_follows_the_seat(village, at_ten):
    village.alone()
    assert [o.rule.name for o in village.owed("秦英")] == ["patrol", "elder-visit"]
    staff.vacate(village.seats["grid"], actor=SETUP)
    assert {o.rule.name for o in village.owed("赵兰", "elder-visit")} == {"elder-visit"}
    staff.appoint(village.seats["grid"], village.person("新来的"), actor=SETUP)
    assert len(village.owed("新来的", "elder-visit")) == 1


def test_a_new_seat_takes_over_what_fell_to_another(village, at_ten):
    from gezhi.engines.duties import publishing

    line = village.alone(place="lake1a")  # no worker of its own: the grid above
    before = Enrolment.objects.get(subject_id=line.subject_id).seat_id
    seat = village.seat("grid_worker", "lake1a", "新网格员")
    assert publishing.reseat() >= 1
    assert Enrolment.objects.get(subject_id=line.subject_id).seat_id == seat != before


def test_queries(village, at_ten):
    for number in range(5):
        village.alone(f"老{number}")
    actor = village.actor("秦英")
    with count_queries() as asked, revisions.scope():
        assert len(queries.owed(actor)) == 6
    assert asked.total <= 5, asked.statements
    who = village.somebody("新人", date(1940, 1, 1), "lake1")
    with count_queries() as plain:
        subjects.enter("lone_elder", who.pk, {"self_care": "able"}, actor=SYSTEM)
    duties = [s for s in plain.statements if "duties_" in str(s)]
    assert len(duties) == 2, duties  # looked, enrolled
