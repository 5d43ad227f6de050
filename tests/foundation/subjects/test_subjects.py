"""Subjects and their lines, through the room's public doors: entered once, dated, single where they must be single."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gezhi.foundation import events, people, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people.personal import identity_check
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


def number(birthday: str, serial: int = 1) -> str:
    first = f"410882{birthday}{serial:03d}"
    return first + identity_check(first)


def elder(world, by="秦英", place="lake1", serial=1, **facts):
    given = {"name": "柳青山", "id_number": number("19400305", serial), "phone": "13800000001"} | facts
    return subjects.add("person", given, actor=world.actor(by), place_id=world.places[place], since=ago(400))


def ago(days: int) -> date:
    return clock.today() - timedelta(days=days)


def test_a_person_is_entered_once_masked_and_dated(world):
    row = elder(world, serial=2)
    assert (row.label, row.sex, row.born) == ("柳○", "f", date(1940, 3, 5))
    patch = events.history(f"subject:{row.pk}")[0].patch
    assert "柳青山" not in str(patch) and "410882" not in str(patch) and "1940-03-05" not in str(patch)
    with pytest.raises(Conflict) as known:
        elder(world, by="赵兰", serial=2)
    assert known.value.code == "subject.known"
    # Somebody elsewhere learns nothing of it: there it is simply a new record, to be merged by who sees both.
    assert elder(world, by="孙田", place="hill1", serial=2).pk != row.pk


def test_only_who_keeps_the_place_may_enter_and_only_who_sees_it_may_open(world):
    row = elder(world)
    line = subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=world.actor("秦英"))
    with pytest.raises(NotAllowed):
        elder(world, by="孙田", serial=3)
    with pytest.raises(NotFound):
        subjects.subject(row.pk, actor=world.actor("孙田"))
    with pytest.raises(NotFound):
        subjects.change(line.pk, {"self_care": "partly"}, actor=world.actor("孙田"))
    with pytest.raises(NotFound):
        subjects.subject(row.pk, actor=people.resident())
    assert subjects.entries(world.actor("孙田"), "lone_elder").rows == ()
    assert [r.entry_id for r in subjects.entries(world.actor("赵兰"), "lone_elder").rows] == [line.pk]


def test_a_line_holds_what_its_form_says_and_its_state_is_derived(world):
    row = elder(world, serial=5)
    with pytest.raises(Invalid) as wrong:
        subjects.enter("lone_elder", row.pk, {"contact_phone": "12"}, actor=world.actor("秦英"))
    assert set(wrong.value.field_errors) == {"self_care", "contact_phone"}
    given = {"self_care": "able", "contact": "柳大", "contact_phone": "138 0000 0009"}
    line = subjects.enter("lone_elder", row.pk, given, actor=world.actor("秦英"))
    assert line.state == "close"  # 80 or over
    assert line.values == {"self_care": "able"} and line.private_ref is not None
    assert "13800000009" not in str([e.patch for e in events.history(f"entry:{line.pk}")])
    young = elder(world, id_number=number("19640101", 7))
    assert subjects.enter("lone_elder", young.pk, {"self_care": "able"}, actor=world.actor("秦英")).state == "regular"


def test_one_line_a_subject_on_every_day(world):
    actor = world.actor("秦英")
    row = elder(world)
    line = subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=actor, since=ago(30))
    with pytest.raises(Conflict):
        subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=actor)
    subjects.end(line.pk, actor=actor, on=ago(10))
    with pytest.raises(Conflict):
        subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=actor, since=ago(20))
    again = subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=actor, since=ago(10))
    assert again.pk != line.pk


def test_a_register_can_be_read_as_of_any_day(world):
    actor = world.actor("秦英")
    row = elder(world, id_number=number("19640101", 7))
    line = subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=actor, since=ago(30))
    subjects.change(line.pk, {"self_care": "partly"}, actor=actor, on=ago(20))
    subjects.end_subject(row.pk, "moved_out", actor=actor, on=ago(5))

    def on(day):
        return [r.values["self_care"] for r in subjects.as_of(actor, "lone_elder", None, day).rows]

    assert [on(ago(n)) for n in (31, 30, 21, 20, 6, 5, 0)] == [[], ["able"], ["able"], ["partly"], ["partly"], [], []]
    with pytest.raises(Conflict):
        subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=actor)
    subjects.restore_subject(row.pk, actor=actor)
    assert on(ago(0)) == ["partly"]
    # What was confirmed since was not confirmed on that day.
    subjects.confirm([line.pk], actor=actor)
    assert [subjects.as_of(actor, "lone_elder", None, ago(n)).rows[0].confirmed_on for n in (6, 0)] == [None, ago(0)]
    assert events.verify().findings == []


def test_a_stale_change_is_refused_and_the_same_again_only_confirms(world):
    actor = world.actor("秦英")
    line = subjects.enter("lone_elder", elder(world).pk, {"self_care": "able"}, actor=actor)
    subjects.change(line.pk, {"self_care": "partly"}, actor=actor, expected_seq=line.event_seq)
    with pytest.raises(Conflict) as stale:
        subjects.change(line.pk, {"self_care": "unable"}, actor=actor, expected_seq=line.event_seq)
    assert stale.value.code == "subject.stale"
    before = len(events.history(f"entry:{line.pk}"))
    subjects.change(line.pk, {"self_care": "partly"}, actor=actor)
    assert len(events.history(f"entry:{line.pk}")) == before


def test_one_helper_at_a_time_and_a_gap_is_seen_at_once(world):
    actor = world.actor("赵兰")
    old = elder(world)
    subjects.enter("lone_elder", old.pk, {"self_care": "able"}, actor=actor)
    first = elder(world, id_number=number("19900101", 11), name="高原", phone="")
    second = elder(world, id_number=number("19910101", 12), name="高山", phone="")
    assert [s.pk for s in subjects.unrelated("lone_elder", actor=actor)] == [old.pk]
    subjects.relate("helper", old.pk, first.pk, actor=actor)
    with pytest.raises(Conflict):
        subjects.relate("helper", old.pk, second.pk, actor=actor)
    subjects.relate("helper", old.pk, second.pk, actor=actor, replace=True)
    assert [other.pk for _tie, _one, other in subjects.related([old.pk], actor=actor)] == [second.pk]
    assert subjects.unrelated("lone_elder", actor=actor) == []
    subjects.end_subject(second.pk, "moved_out", actor=actor)
    assert [s.pk for s in subjects.unrelated("lone_elder", actor=actor)] == [old.pk]


def test_hooks_hear_once_a_write_with_everything(world):
    from gezhi.foundation.subjects import changing

    heard = []
    hook = subjects.on_change(heard.append)
    try:
        row = elder(world)
        line = subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=world.actor("秦英"))
        subjects.end_subject(row.pk, "died", actor=world.actor("秦英"))
    finally:
        changing._hooks[:] = [pair for pair in changing._hooks if pair[1] is not hook]
    today = clock.today()
    assert [len(told) for told in heard] == [1, 1, 2]
    assert heard[1] == [subjects.Change(row.pk, line.pk, "lone_elder", today)]
    assert set(heard[2]) == {
        subjects.Change(row.pk, None, None, today),
        subjects.Change(row.pk, line.pk, "lone_elder", today),
    }


def test_two_records_of_one_person_become_one_and_are_taken_apart_again(world):
    actor = world.actor("赵兰")
    a, b = elder(world, serial=21), elder(world, serial=22)
    helper = elder(world, serial=23)
    one = subjects.enter("lone_elder", a.pk, {"self_care": "able"}, actor=actor)
    two = subjects.enter("lone_elder", b.pk, {"self_care": "partly"}, actor=actor)
    subjects.relate("helper", a.pk, helper.pk, actor=actor)
    with pytest.raises(Conflict) as choose:
        subjects.merge(a.pk, into=b.pk, actor=actor)
    assert choose.value.code == "subject.merge_choose"
    subjects.merge(a.pk, into=b.pk, actor=actor, keep={"lone_elder": one.pk})
    assert subjects.family(b.pk) == (b.pk, a.pk)
    live = subjects.entries(actor, "lone_elder").rows
    assert [(r.entry_id, r.subject_id) for r in live] == [(one.pk, b.pk)]
    assert [t.one_id for t, _o, _p in subjects.related([b.pk], actor=actor)] == [b.pk]
    subjects.split(a.pk, actor=actor)
    live = subjects.entries(actor, "lone_elder").rows
    assert [(r.entry_id, r.subject_id) for r in live] == [(one.pk, a.pk), (two.pk, b.pk)]
    assert [t.one_id for t, _o, _p in subjects.related([a.pk], actor=actor)] == [a.pk]
    with pytest.raises(Conflict):
        subjects.split(a.pk, actor=actor)
    assert events.verify().findings == []


def test_a_move_takes_the_lines_along_and_the_old_place_keeps_its_days(world):
    actor = world.actor("赵兰")
    row = elder(world)
    subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=actor, since=ago(9))
    subjects.move(row.pk, world.places["lake2"], actor=actor, on=ago(3))
    assert subjects.entries(world.actor("秦英"), "lone_elder").rows == ()
    assert len(subjects.entries(world.actor("李禾"), "lone_elder").rows) == 1
    assert len(subjects.as_of(world.actor("秦英"), "lone_elder", None, ago(4)).rows) == 1
    assert len(subjects.as_of(actor, "lone_elder", world.places["lake1"], ago(3)).rows) == 0
    assert events.verify().findings == []
