"""Pure rules: numbers and dates as GB/T 9704 writes them, fields put into texts, tokens, conditions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.engines.publishing import rules
from gezhi.engines.publishing.freezing import freeze, thaw


def test_a_number_has_six_cornered_brackets_and_no_leading_zeros():
    assert rules.number_text("北政督", 2026, 12) == "北政督〔2026〕12号"


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 11, 21), "二〇二六年十一月二十一日"),
        (date(2030, 10, 10), "二〇三〇年十月十日"),
        (date(2007, 1, 20), "二〇〇七年一月二十日"),
        (date(2026, 12, 31), "二〇二六年十二月三十一日"),
    ],
)
def test_dates_in_chinese_numerals(day, said):
    assert rules.chinese_date(day) == said


@pytest.mark.parametrize(
    ("type", "value", "said"),
    [
        ("time", datetime(2026, 11, 18, 10, 0, tzinfo=UTC), "2026年11月18日18:00"),
        ("time", datetime(2026, 12, 31, 16, 30, tzinfo=UTC), "2027年1月1日00:30"),
        ("date", date(2026, 3, 5), "2026年3月5日"),
        ("span", timedelta(days=2, hours=3, minutes=59), "2天3小时"),
        ("span", timedelta(hours=5, minutes=5), "5小时5分钟"),
        ("span", timedelta(seconds=30), "不到1分钟"),
        ("truth", False, "否"),
        ("number", 0, "0"),
        ("text", None, ""),
    ],
)
def test_facts_as_paper_says_them(type, value, said):
    assert rules.said(type, value) == said


def test_an_unknown_value_gives_way_to_the_words_after_the_bar():
    assert rules.fill("{name|反映人}：{number}", {"name": "", "number": "2026-1"}) == "反映人：2026-1"
    assert rules.fill("{name|反映人}", {"name": "王桂兰"}) == "王桂兰"
    assert rules.names_in("{a}{issuer.short|x}") == ["a", "issuer.short"]
    assert rules.stray_brace("{a} }") and not rules.stray_brace("{a}")


@given(st.text(), st.text(alphabet="abc", min_size=1))
def test_no_words_of_people_can_stand_for_somebodys_data(words, name):
    personal = {name: {"full": "SECRET", "masked": "S*"}}
    assert "SECRET" not in rules.shown(rules.plain_text(words + f"\ue000{name}\ue001"), personal, True)
    assert rules.shown(rules.token(name), personal, True) == "SECRET"
    assert rules.shown(rules.token(name), personal, False) == "S*"


@given(
    st.one_of(
        st.text(),
        st.integers(),
        st.booleans(),
        st.none(),
        st.dates(),
        st.datetimes(timezones=st.just(UTC)),
        st.integers(0, 10**6).map(lambda n: timedelta(seconds=n)),
        st.lists(st.dictionaries(st.text(), st.datetimes(timezones=st.just(UTC)))),
    )
)
def test_a_frozen_fact_thaws_to_itself(value):
    assert thaw(freeze(value)) == value


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("受理告知书", ["受理告知书"]),
        ("关于“路灯不亮”的交办单", ["关于“路灯不亮”的交办单"]),
        ("关于“两家为院墙的滴水吵起来了”的交办单", ["关于“两家为院墙的滴水吵起来了”的", "交办单"]),
        ("关于转办“两家为院墙的滴水吵起来了”的函", ["关于转办“两家为院墙的滴水吵起来了”的", "函"]),
        (
            "关于限期办理12345热线转来事项的督办单",
            ["关于限期办理12345热线转来事项的督办单"],
        ),  # figures are half as wide
        ("两家为院墙滴水吵起来已经有好几个月了请来评理", ["两家为院墙滴水吵起来已经有好几个月了请来评理"]),
        ("清河县东街2026 年第 3 季度运行通报", ["清河县东街2026 年第 3 季度运行通报"]),
        (
            "清河县东街街道2026 年第 3 季度四中心运行通报",
            ["清河县东街街道2026 年第 3 季度", "四中心运行通报"],
        ),  # of a bulletin
    ],
)
def test_a_long_heading_gives_its_kind_a_line_of_its_own(text, lines):
    assert rules.heading_lines(text) == lines
