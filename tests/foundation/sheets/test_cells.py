"""Cells as people fill them."""

from __future__ import annotations

from datetime import date
from datetime import datetime as sheet_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation.calendar.lunar import read_lunar
from gezhi.foundation.forms import Refused
from gezhi.foundation.people.personal import identity_check
from gezhi.foundation.sheets.cells import Field, as_moment, read

# What a sheet holds has no zone.
# ruff: noqa: DTZ001
DAY = "2024-03-05"


@pytest.mark.parametrize(
    "cell",
    [
        "2024.3.5", "2024-03-05", "2024/3/5", "20240305", "2024年3月5日", "２０２４．３．５", "二〇二四年三月五日", " 2024.3.5 ",
        45356, 45356.0, "45356", sheet_time(2024, 3, 5), sheet_time(2024, 3, 5, 9, 30), date(2024, 3, 5), "农历二〇二四年正月廿五",
        "2024-03-05 星期二 09:30", 20240305,
    ],
)  # fmt: skip
def test_a_day_however_it_is_written(cell):
    assert read(Field("d", {}, "date"), cell) == DAY


@pytest.mark.parametrize(
    ("cell", "clock"),
    [
        ("2024-03-05 14:30", "14:30:00"), ("2024-03-05T14:30:05", "14:30:05"), ("2024年3月5日14时30分", "14:30:00"),
        ("2024.3.5 下午2点", "14:00:00"), ("2024年3月5日 下午2时30分", "14:30:00"), (45356.604166666664, "14:30:00"),
        ("２０２４－０３－０５　１４：３０", "14:30:00"), (sheet_time(2024, 3, 5, 14, 30, 5, 999), "14:30:05"),
        ("20240305 14:30", "14:30:00"), ("2024/3/5 0:00", "00:00:00"), ("二〇二四年三月五日 14:30", "14:30:00"),
    ],
)  # fmt: skip
def test_a_moment_however_it_is_written(cell, clock):
    assert read(Field("m", {}, "moment"), cell) == f"{DAY}T{clock}+08:00"


def test_a_deadline_without_a_time_is_the_end_of_its_day():
    assert read(Field("m", {}, "moment", day_ends=True), "2024.3.5") == f"{DAY}T23:59:59+08:00"
    assert read(Field("m", {}, "moment", day_ends=True), "2024.3.5 9:00") == f"{DAY}T09:00:00+08:00"


@pytest.mark.parametrize(
    "cell", ["下周", "2024.13.5", "2024-02-30", "3.5", 12, "2024-03-05 25:00", "99999999", True, "5", 1e9]
)
def test_what_is_no_day_is_said(cell):
    with pytest.raises(Refused) as refused:
        read(Field("m", {}, "moment"), cell)
    assert refused.value.code == "cell.moment"


@given(st.dates(date(1960, 1, 1), date(2090, 1, 1)), st.integers(0, 23), st.integers(0, 59))
def test_what_is_written_is_read_back(day, hour, minute):
    for form in (
        f"{day:%Y.%m.%d} {hour}:{minute:02}", f"{day:%Y年}{day.month}月{day.day}日{hour}时{minute}分",
        f"{day:%Y%m%d} {hour:02}:{minute:02}",
    ):  # fmt: skip
        found = as_moment(form)
        assert found is not None
        assert (found[0], found[1].hour, found[1].minute) == (day, hour, minute)


@given(st.one_of(st.text(max_size=70), st.floats(), st.integers(), st.datetimes(), st.booleans()))
def test_no_cell_breaks_the_reading(cell):
    for kind in ("text", "code", "number", "date", "moment", "phone", "identity", "name", "truth", "choice"):
        try:
            read(Field("x", {}, kind), cell)
        except Refused as refused:
            assert str(refused)


def test_lunar_days():
    assert read_lunar("农历2025年闰六月十五") == date(2025, 8, 8)
    assert read_lunar("阴历二〇二六年腊月三十") is None or read_lunar("阴历二〇二六年腊月三十").year == 2027
    assert read_lunar("农历2026年正月初一") == date(2026, 2, 17)
    for nothing in ("2026年正月初一", "农历2026年闰六月十五", "农历2026年十三月初一", "农历2026年正月卅五"):
        assert read_lunar(nothing) is None


def test_numbers_that_name_things_keep_their_digits():
    code = Field("n", {}, "code", max=60)
    assert read(code, 2026111800012.0) == "2026111800012"
    assert read(code, " ２０２６ 001 ") == "2026001"
    assert read(code, "WT-2026/001") == "WT-2026/001"
    for lost in (2.026111800012345e15, 202611180001234567, "2.02611E+12"):
        with pytest.raises(Refused) as refused:
            read(code, lost)
        assert refused.value.code == "cell.digits"


def test_phones_identity_numbers_and_yes_or_no():
    assert read(Field("p", {}, "phone"), 13800001234) == "13800001234"
    assert read(Field("p", {}, "phone"), "０３９１－８２３４５６７") == "0391-8234567"
    assert read(Field("p", {}, "phone"), "匿名") is None
    first = "41080119900307123"
    whole = first + identity_check(first)
    assert read(Field("i", {}, "identity"), whole) == whole
    wrong = whole[:-1] + ("1" if whole[-1] != "1" else "2")
    for cell in (wrong, "41080119901307123X", 410801199003071234):
        with pytest.raises(Refused):
            read(Field("i", {}, "identity"), cell)
    urgent = Field("u", {}, "truth")
    assert read(urgent, "特急", {"特急": True}) is True
    assert read(urgent, "否") is False and read(urgent, "√") is True
    with pytest.raises(Refused):
        read(urgent, "看情况")


def test_empty_and_broken_formulas():
    with pytest.raises(Refused) as refused:
        read(Field("x", {}, "text", required=True), None)
    assert refused.value.code == "cell.empty"
    assert read(Field("x", {}, "text"), None) is None
    for broken in ("#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#NAME?"):
        with pytest.raises(Refused) as refused:
            read(Field("x", {}, "text"), broken)
        assert refused.value.code == "cell.formula"
    assert read(Field("x", {}, "text"), "#3 楼") == "#3 楼"
