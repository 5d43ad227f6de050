"""The pure rules, and capacity, line and overlap under any order of acts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.engines.matching import planning, rules, signing
from gezhi.engines.matching.models import Hold, Session
from gezhi.foundation import events, people
from gezhi.foundation.errors import Refusal
from tests.engines.matching.conftest import HOUR, PHONES, at
from tests.environment import some

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@given(st.sampled_from(rules.EVERY), DAYS, st.integers(0, 800))
def test_periods_tile_the_days_without_gap_or_overlap(every, first, length):
    last = first + timedelta(days=length)
    found = rules.slots(every, first, last)
    assert found[0].first <= first <= found[0].last and found[-1].first <= last <= found[-1].last
    for one, two in zip(found, found[1:], strict=False):
        assert one.last + timedelta(days=1) == two.first
    assert len({slot.key for slot in found}) == len(found)
    assert all(rules.slot_of(every, day) == slot for slot in found[:6] for day in (slot.first, slot.last))


@given(DAYS, st.integers(1, 120))
def test_a_certificate_is_good_on_its_last_day_and_not_after(issued, months):
    last = rules.expiry(issued, months)
    assert last is not None and rules.valid(last, last) and not rules.valid(last, last + timedelta(days=1))
    assert last > issued or months == 0
    # It never runs longer than so many whole months.
    year, month = divmod(issued.year * 12 + issued.month - 1 + months, 12)
    assert (last.year, last.month) in {(year, month + 1), (year - (month == 0), 12 if month == 0 else month)}


@pytest.mark.parametrize(
    ("issued", "months", "last"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)), (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)), (date(2026, 11, 18), 36, date(2029, 11, 17)),
    ],
)  # fmt: skip
def test_month_ends_of_certificates(issued, months, last):
    assert rules.expiry(issued, months) == last


IDS = [f"l{n}" for n in range(12)]


@given(st.sets(st.sampled_from(IDS)), st.integers(0, 6), st.sets(st.sampled_from(IDS)))
def test_complete_is_all_required_and_k_of_the_electives(required, choose, passed):
    elective = [lesson for lesson in IDS if lesson not in required]
    found = rules.standing(sorted(required), elective, choose, passed)
    enough = required <= passed and len(passed & set(elective)) >= choose
    assert found.complete == enough
    more = rules.standing(sorted(required), elective, choose, passed | set(IDS[:3]))
    assert found.complete <= more.complete or not found.complete  # learning more never undoes it


@given(st.sets(st.sampled_from(IDS)), st.dictionaries(st.sampled_from(IDS), st.none() | DAYS), DAYS)
def test_the_gap_is_what_is_required_minus_what_is_valid(required, held, today):
    found = rules.gap(sorted(required), held, today)
    assert set(found) == {c for c in required if not (c in held and (held[c] is None or held[c] >= today))}


@given(st.integers(0, 9), st.lists(st.integers(1, 50), unique=True), st.sets(st.integers(1, 50)))
def test_the_line_moves_in_order_and_never_beyond_what_is_free(free, line, blocked):
    line = sorted(line)
    turn = rules.to_promote(free, line, blocked)
    able = [n for n in line if n not in blocked]
    assert turn == able[:free] and not set(turn) & blocked


@settings(max_examples=some(12), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(["sign", "leave", "more", "move", "cancel"]), st.integers(0, 2), st.integers(0, 5)), max_size=22))  # fmt: skip
def test_capacity_line_and_overlap_hold_after_any_order_of_acts(hall, acts):
    secretary, place = hall.world.actor("赵兰"), hall.world.places["lake"]
    times = [(at(f"2026-11-{20} {hour}:00"), at(f"2026-11-{20} {hour}:00") + 2 * HOUR) for hour in (13, 14, 18)]
    made = [planning.plan("evening_school", place, *time, actor=secretary, seats=2) for time in times]
    for act, which, n in acts:
        row = made[which]
        try:
            if act == "sign":
                signing.sign_up(row.pk, signing.Guest(f"甲{n}", PHONES[n]), actor=people.resident())
            elif act == "leave":
                signing.withdraw(row.pk, n + 1, actor=secretary)
            elif act == "more":
                planning.change(row.pk, actor=secretary, seats=n + 1)
            elif act == "move":
                planning.move(row.pk, *times[n % 3], actor=secretary)
            elif n == 0:
                planning.cancel(row.pk, actor=secretary, reason="不开了")
        except Refusal:
            pass
        holds()
    assert events.verify().clean


def holds() -> None:
    """Counts are the rows; nobody beyond the seats; nobody held twice at once; the line waits only while it must."""
    for row in Session.objects.all():
        states = list(row.bookings.values_list("state", flat=True))
        assert (row.booked, row.waiting) == (states.count("booked"), states.count("waiting"))
        assert row.seats is None or row.booked <= row.seats
        held = set(Hold.objects.filter(session_id=row.pk).values_list("lane", flat=True))
        seated = {f"who:{who}" for who in row.bookings.filter(state="booked").values_list("who", flat=True)}
        assert held == (seated if row.state == "planned" else set())
        for who in row.bookings.filter(state="waiting").values_list("who", flat=True):
            free = row.seats is None or row.booked < row.seats
            elsewhere = Hold.objects.filter(lane=f"who:{who}", starts__lt=row.ends, ends__gt=row.starts)
            assert row.state != "planned" or not free or elsewhere.exists()
    by_lane: dict[str, list] = {}
    for hold in Hold.objects.order_by("starts"):
        by_lane.setdefault(hold.lane, []).append(hold)
    for line in by_lane.values():
        assert all(a.ends <= b.starts for a, b in zip(line, line[1:], strict=False))
