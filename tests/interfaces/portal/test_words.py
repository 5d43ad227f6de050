"""How times are said. By hand: a table derived from the code could not catch a wrong code."""

from datetime import datetime, timedelta

import pytest
from django.utils import translation

from gezhi.interfaces.site import words
from gezhi.interfaces.site.words import CHINA

NOW = datetime(2026, 11, 18, 15, 20, tzinfo=CHINA)


def at(day: int, hour: int = 0, minute: int = 0, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (at(18, 15), "今天 15:00"),
        (at(19, 9, 5), "明天 09:05"),
        (at(20, 18), "后天 18:00"),
        (at(17, 0, 1), "昨天 00:01"),
        (at(25, 18), "11 月 25 日 18:00"),
        (at(3, 8, 0, 1, 2027), "2027 年 1 月 3 日 08:00"),
    ],
)
def test_an_instant_is_said_as_people_do(moment, said):
    assert words.when(moment, NOW) == said


def test_the_local_day_counts_not_that_of_utc():
    before_midnight_utc = datetime(2026, 11, 18, 23, 30, tzinfo=CHINA)
    assert words.when(before_midnight_utc, NOW) == "今天 23:30"
    assert words.when(before_midnight_utc + timedelta(hours=1), NOW) == "明天 00:30"


@pytest.mark.parametrize(
    ("moment", "said"),
    [(at(19, 18), "明天 18:00 前"), (at(19), "今天之内"), (at(26), "11 月 25 日之内"), (at(18, 18), "今天 18:00 前")],
)
def test_a_limit_that_ends_at_midnight_is_named_by_the_day_it_closes(moment, said):
    assert words.before(moment, NOW) == said


@pytest.mark.parametrize(
    ("moment", "said"), [(at(19, 18), "明天 18:00"), (at(19), "今天 24:00"), (at(26), "11 月 25 日 24:00")]
)
def test_what_ends_at_midnight_ends_at_24_of_its_day(moment, said):
    assert words.until(moment, NOW) == said
    assert words.exact_end(at(19)) == "2026-11-18 24:00" and words.exact_end(at(19, 18)) == "2026-11-19 18:00"


def test_paper_never_says_today():
    assert words.dated(at(18, 15), NOW) == "11 月 18 日 15:00"
    assert words.before_dated(at(19, 18), NOW) == "11 月 19 日 18:00 前"
    assert words.before_dated(at(19), NOW) == "11 月 18 日之内"


@pytest.mark.parametrize(
    ("length", "fine", "coarse"),
    [
        (timedelta(seconds=20), "不到 1 分钟", "不到 1 分钟"),
        (timedelta(minutes=5), "5 分钟", "5 分钟"),
        (timedelta(hours=2, minutes=40), "2 小时 40 分", "2 小时"),
        (timedelta(hours=8, minutes=40), "8 小时", "8 小时"),
        (timedelta(days=2, hours=3), "2 天 3 小时", "2 天"),
        (timedelta(days=12, hours=3), "12 天", "12 天"),
        (-timedelta(days=1), "1 天", "1 天"),
    ],
)
def test_a_length_of_time_in_the_units_people_use(length, fine, coarse):
    assert (words.span(length), words.span(length, fine=False)) == (fine, coarse)


def test_what_is_left_and_what_is_overdue():
    assert words.left(at(18, 18, 20), NOW) == "还剩 3 小时"
    assert words.left(at(16, 12, 20), NOW) == "超时 2 天 3 小时"


def test_how_long_ago():
    assert words.ago(NOW - timedelta(seconds=30), NOW) == "刚刚"
    assert words.ago(NOW - timedelta(minutes=20), NOW) == "20 分钟前"
    assert words.ago(NOW - timedelta(hours=20), NOW) == "昨天 19:20"


@pytest.mark.parametrize(
    ("due", "lines"),
    [
        (at(18, 18), ("今天", "18:00")),
        (at(19), ("今天", "24:00")),
        (at(22, 18), ("周日", "18:00")),
        (at(2, 18, 0, 12), ("12 月 2 日", "")),
    ],
)
def test_the_two_words_of_a_narrow_list(due, lines):
    assert words.before_short(due, NOW) == lines


def test_english_names_the_same_instant():
    with translation.override("en"):
        said = words.when(at(18, 15), NOW)
    assert "15:00" in said
