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
     "1 week", "1e9 work_hour", "99999 work_day", "..5 work_hour", "NaN work_hour", "4 work_hour; DROP TABLE"],
)  # fmt: skip
def test_what_is_no_limit_is_refused_with_words(text):
    with pytest.raises(Invalid) as refused:
        parse_limit(text)
    assert refused.value.code == "calendar.limit"
    assert refused.value.what and refused.value.why and refused.value.next


def test_a_limit_speaks_and_is_read_back():
    limit = parse_limit("4.50 work_hour")
    assert parse_limit(str(limit)) == limit
    with translation.override("zh-hans"):
        assert limit.words == "4.5 工作时"
