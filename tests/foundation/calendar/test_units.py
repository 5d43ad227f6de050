from decimal import Decimal

import pytest
from django.utils import translation

from gezhi.foundation.calendar import Limit, Unit, parse_limit
from gezhi.foundation.errors import Invalid


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("4 work_hour", "4", Unit.WORK_HOUR),
        ("  2 紧急工作时", "2", Unit.URGENT_HOUR),
        ("0.5工作时", "0.5", Unit.WORK_HOUR),
        ("15 工作日", "15", Unit.WORK_DAY),
        ("2 紧急工作日", "2", Unit.URGENT_DAY),
        ("0 calendar_day", "0", Unit.CALENDAR_DAY),
    ],
)
def test_limits_are_read_in_english_and_chinese(text, value, unit):
    assert parse_limit(text) == Limit(Decimal(value), unit)


@pytest.mark.parametrize(
    "text",
    ["", "4", "work_hour", "four work_hour", "-1 work_hour", "0 work_hour", "1.5 work_day", "0.5 calendar_day",
     "0 work_day", "4 work_hour 09:00", "1 urgent_day 09:00", "1 work_day 00:00", "1 work_day 24:01", "1 work_day 9:60",
     "1 work_day 9", "09:00", "1 work_day 09:00 09:00", "1 week", "1e9 work_hour", "99999 work_day", "..5 work_hour", "NaN work_hour", "4 work_hour; DROP TABLE"],
)  # fmt: skip
def test_what_is_no_limit_is_refused_with_words(text):
    with pytest.raises(Invalid) as refused:
        parse_limit(text)
    assert refused.value.code == "calendar.limit"
    assert refused.value.what and refused.value.why and refused.value.next


@pytest.mark.parametrize(
    ("text", "tidy", "zh"),
    [
        ("0 calendar_day 18:00", "0 calendar_day 18:00", "当天 18:00（过了点，到次日）"),
        ("0 工作日 18:00", "0 work_day 18:00", "当天 18:00（过了点或当天不上班，到下个工作日）"),
        ("1 自然日 9:00", "1 calendar_day 09:00", "次日 9:00"),
        ("1 work_day 9：05", "1 work_day 09:05", "下个工作日 9:05"),
        ("3 work_day 24:00", "3 work_day 24:00", "第 3 个工作日 24:00"),
        ("2 calendar_day 08:30", "2 calendar_day 08:30", "第 2 天 8:30"),
    ],
)  # fmt: skip
def test_an_hour_of_the_day_is_read_kept_and_said(text, tidy, zh):
    limit = parse_limit(text)
    assert str(limit) == tidy and parse_limit(tidy) == limit
    with translation.override("zh-hans"):
        assert limit.words == zh


def test_a_limit_speaks_and_is_read_back():
    limit = parse_limit("4.50 work_hour")
    assert parse_limit(str(limit)) == limit
    with translation.override("zh-hans"):
        assert limit.words == "4.5 工作时"
