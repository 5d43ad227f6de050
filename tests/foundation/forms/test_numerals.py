"""Numbers and dates as people write them; what is ambiguous is nobody's guess."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gezhi.foundation.forms import read_date, read_number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12", 12), (" 3.50 ", "3.50"), ("-2", -2), ("+7", 7), ("1,200", 1200), ("１２．５", "12.5"), ("１，２００", 1200),
        ("〇", 0), ("零", 0), ("两", 2), ("十", 10), ("十二", 12), ("二十", 20), ("九十九", 99), ("一百", 100),
        ("一百零五", 105), ("一百一十", 110), ("一百一十一", 111), ("一千零五", 1005), ("一千零五十", 1050),
        ("三万零二百", 30200), ("十二万", 120000), ("一亿二千万", 120_000_000), ("二〇二四", 2024), ("贰佰叁拾元"[:4], 230),
        ("负十二", -12), ("二 十", 20), ("٣", 3),
    ],
)  # fmt: skip
def test_numbers(written, number):
    assert read_number(written) == Decimal(number)


@pytest.mark.parametrize(
    "written",
    ["", " ", "12abc", "1,20", "1.2.3", "--1", "1e5", "NaN", "Infinity", "0x10", "三万二", "一百五", "十十", "千", "百十",
     "二二十", "一十百", "一万万", "零十", "½", "²", "9" * 31, "1_000"],
)  # fmt: skip
def test_no_numbers(written):
    assert read_number(written) is None


@pytest.mark.parametrize(
    "written",
    ["2024-03-05", "2024-3-5", "2024/3/5", "2024.3.5", "2024年3月5日", "2024年3月5号", "２０２４年３月５日", "20240305", " 2024 年 3 月 5 日 ",
     "二〇二四年三月五日", "二零二四年三月五号", "2024。3。5"],
)  # fmt: skip
def test_dates(written):
    assert read_date(written) == dt.date(2024, 3, 5)


def test_dates_with_tens():
    assert read_date("二〇二四年十二月三十一日") == dt.date(2024, 12, 31)
    assert read_date("二〇二四年十月二十日") == dt.date(2024, 10, 20)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "2024-02-30",
        "2023-2-29",
        "2024-13-01",
        "3月5日",
        "明天",
        "2024-3/5",
        "05/03/2024",
        "24-3-5",
        "2024年3-5日",
        "0000-01-01",
        "x" * 50,
    ],
)
def test_no_dates(written):
    assert read_date(written) is None


@given(st.text(max_size=40))
@example("二〇二四年三月")
@example("万年一月一日")
def test_any_text_is_read_or_not_but_never_breaks(written):
    number, day = read_number(written), read_date(written)
    assert number is None or number.is_finite()
    assert day is None or 1 <= day.year <= 9999


DIGITS, UNITS = "零一二三四五六七八九", ["", "十", "百", "千"]


def spelled(number):
    """The usual Chinese spelling of 1..9999: written here by hand, from the digits."""
    out, zero = "", False
    text = str(number)
    for place, digit in enumerate(text):
        unit = UNITS[len(text) - 1 - place]
        if digit == "0":
            zero = True
            continue
        out += ("零" if zero and out else "") + DIGITS[int(digit)] + unit
        zero = False
    return out


@given(st.integers(1, 9999))
def test_the_usual_spelling_is_read_back(number):
    assert read_number(spelled(number)) == number
    if 10 <= number < 20:
        assert read_number(spelled(number).removeprefix("一")) == number
