"""Duty slots and rotation, pure: slots tile, everybody is taken in turn, nobody twice running."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation.people.rotation import DAY, NIGHT, REST, Pattern, Slot, holes, rotate, slots

TIMES = st.lists(st.integers(0, 1439), min_size=1, max_size=4, unique=True).map(
    lambda found: tuple(time(minute // 60, minute % 60) for minute in sorted(found))
)
DAYS_OFF = st.frozensets(st.dates(date(2026, 9, 1), date(2026, 10, 31)), max_size=20)


@given(TIMES, TIMES, DAYS_OFF, st.integers(0, 40))
def test_slots_tile_whatever_the_calendar_says(workday, restday, off, days):
    first = date(2026, 9, 10)
    found = list(slots(first, first + timedelta(days=days), Pattern(workday, restday), lambda day: day not in off))
    assert all(slot.since < slot.until for slot in found)
    assert all(a.until == b.since for a, b in zip(found, found[1:], strict=False))
    assert {slot.on for slot in found} == {first + timedelta(days=n) for n in range(days + 1)}
    assert all((slot.kind == REST) == (slot.on in off) for slot in found)


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=6, unique=True),
    st.lists(st.sampled_from([DAY, NIGHT, REST]), min_size=1, max_size=60),
)
def test_nobody_twice_running_and_every_kind_is_shared(persons, kinds):
    start = datetime(2026, 9, 1, tzinfo=UTC)
    wanted = [
        Slot(start + timedelta(hours=n), start + timedelta(hours=n + 1), k, start.date()) for n, k in enumerate(kinds)
    ]
    given_out = rotate(wanted, persons)
    assert [slot for slot, _person in given_out] == wanted
    taken = [person for _slot, person in given_out]
    assert all(a != b for a, b in zip(taken, taken[1:], strict=False))
    # Whose turn it is, found another way: of those not on just before, who has waited longest for this kind.
    for n, (slot, person) in enumerate(given_out):
        waited = {
            one: max((m for m in range(n) if given_out[m][1] == one and kinds[m] == slot.kind), default=-1)
            for one in persons
        }
        able = [one for one in persons if n == 0 or one != taken[n - 1]]
        assert person == min(able, key=lambda one: (waited[one], persons.index(one)))


@given(st.integers(1, 6), st.integers(1, 40))
def test_slots_of_one_kind_are_shared_to_within_one(people, count):
    start = datetime(2026, 9, 1, tzinfo=UTC)
    wanted = [Slot(start + timedelta(hours=n), start + timedelta(hours=n + 1), DAY, start.date()) for n in range(count)]
    counts = Counter(dict.fromkeys(range(people), 0))
    counts.update(person for _slot, person in rotate(wanted, range(people)))
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_rotation_goes_on_after_whoever_was_last():
    start = datetime(2026, 9, 1, tzinfo=UTC)
    wanted = [Slot(start, start + timedelta(hours=9), DAY, start.date())]
    assert rotate(wanted, [5, 6, 7], {DAY: 6})[0][1] == 7
    assert rotate(wanted, [5, 6, 7], {DAY: 99})[0][1] == 5


def test_workday_and_day_off_meet_without_a_gap():
    friday = date(2026, 9, 18)
    found = list(slots(friday, friday + timedelta(days=1), Pattern(restday=(time(9),)), lambda day: day.weekday() < 5))
    assert [(slot.kind, slot.until - slot.since) for slot in found] == [
        (DAY, timedelta(hours=9)),
        (NIGHT, timedelta(hours=15, minutes=30)),  # Friday 17:30 to Saturday 9:00
        (REST, timedelta(hours=24)),
    ]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 10)), max_size=12))
def test_holes_are_what_nobody_covers(spans):
    start = datetime(2026, 9, 1, tzinfo=UTC)
    hour = timedelta(hours=1)
    taken = [(start + a * hour, start + (a + n) * hour) for a, n in spans]
    found = holes(taken, start, start + 60 * hour)
    for n in range(60):
        at = start + n * hour
        assert any(a <= at < b for a, b in found) != any(a <= at < b for a, b in taken)
