"""When a message may go: over midnight, over holidays, never never."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation.calendar import is_workday
from gezhi.foundation.notices import rules
from gezhi.foundation.notices.rules import Quiet

CHINA = ZoneInfo("Asia/Shanghai")
NIGHT = Quiet()
PLAIN = Quiet(rest_days=False)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("now", "quiet", "sent"),
    [
        ("2026-11-18 21:59", PLAIN, "2026-11-18 21:59"),
        ("2026-11-18 22:00", PLAIN, "2026-11-19 07:00"),
        ("2026-11-18 23:30", PLAIN, "2026-11-19 07:00"),
        ("2026-11-19 00:30", PLAIN, "2026-11-19 07:00"),
        ("2026-11-19 06:59", PLAIN, "2026-11-19 07:00"),
        ("2026-11-19 07:00", PLAIN, "2026-11-19 07:00"),
        ("2026-11-20 23:30", NIGHT, "2026-11-23 07:00"),  # Friday night to Monday
        ("2026-11-21 10:00", NIGHT, "2026-11-23 07:00"),
        ("2026-11-21 10:00", PLAIN, "2026-11-21 10:00"),
        ("2026-09-30 23:00", NIGHT, "2026-10-08 07:00"),  # over the National Day holiday
        ("2026-10-10 10:00", NIGHT, "2026-10-10 10:00"),  # a Saturday that is worked
        ("2026-02-13 23:00", NIGHT, "2026-02-14 07:00"),  # worked before the Spring Festival
        ("2026-11-18 12:30", Quiet(time(12), time(14), False), "2026-11-18 14:00"),  # not over midnight
        ("2026-11-18 23:00", Quiet(time(0), time(0), False), "2026-11-18 23:00"),  # no quiet hours at all
    ],
)
def test_a_message_waits_for_the_end_of_the_quiet_hours(now, quiet, sent):
    assert rules.send_at(at(now), quiet, is_workday) == at(sent)


@given(st.integers(0, 330 * 24 * 60), st.times(), st.times(), st.booleans(), st.sets(st.integers(0, 6), max_size=6))
def test_it_is_never_sent_in_quiet_hours_never_before_now_and_never_forgotten(minute, start, end, rest, off):
    now = datetime(2026, 1, 1, tzinfo=CHINA) + timedelta(minutes=minute)
    quiet = Quiet(start, end, rest)

    def works(day: date) -> bool:
        return day.weekday() not in off

    for found in (rules.send_at(now, quiet, works), rules.digest_at(now, quiet, works)):
        local = found.astimezone(CHINA)
        assert now <= found <= now + timedelta(days=9)
        assert not rules.is_quiet(local.time(), quiet) or found == now or rules.is_quiet(rules.DIGEST_AT, quiet)
        assert not rest or works(local.date())
    again = rules.send_at(now, quiet, works)
    assert rules.send_at(again, quiet, works) == again


def test_tries_are_bounded_and_further_and_further_apart():
    now = at("2026-11-18 10:00")
    tries = [rules.next_try(now, n) for n in range(1, rules.MAX_ATTEMPTS + 1)]
    assert tries[-1] is None and None not in tries[:-1]
    assert tries[:-1] == sorted(tries[:-1]) and len(set(tries[:-1])) == 5
