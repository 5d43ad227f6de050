"""The rules reproduce what grid centres and hotlines published (figures copied from their bulletins)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from gezhi.foundation.measures import Cut, measure

SINCE = datetime(2016, 11, 30, 16, tzinfo=UTC)
UNTIL = datetime(2016, 12, 31, 16, tzinfo=UTC)
MONTH = Cut(SINCE, UNTIL, UNTIL + timedelta(days=3))
DAY = timedelta(days=1)
BEFORE, AFTER = SINCE - 5 * DAY, UNTIL + 5 * DAY


def fill(counted, *, on_time, late, unclosed, not_due, **more):
    """Cases of one month: closed in time, closed late, due but open, opened but not yet due."""
    opened = SINCE + DAY
    counted.add(on_time, opened_at=opened, due_at=opened + 9 * DAY, closed_at=opened + 5 * DAY, **more)
    counted.add(late, opened_at=opened, due_at=opened + 4 * DAY, closed_at=opened + 9 * DAY, **more)
    counted.add(unclosed, opened_at=opened, due_at=opened + 4 * DAY, **more)
    counted.add(not_due, opened_at=UNTIL - DAY, due_at=AFTER, **more)


def test_tianmen_december_2016(counted):
    """立案 996, 应结案 972, 结案 911, 按期结案 737: 93.72 % and 75.82 %."""
    fill(counted, on_time=737, late=911 - 737, unclosed=972 - 911, not_due=996 - 972)
    figures = measure(
        ["filed", "need_close", "closed", "closed_on_time", "closed_rate", "closed_on_time_rate"], period=MONTH
    )
    assert [figures[id].value for id in ("filed", "need_close", "closed", "closed_on_time")] == [996, 972, 911, 737]
    assert figures["closed_rate"].percent() == Decimal("93.72")
    assert figures["closed_on_time_rate"].percent() == Decimal("75.82")
    assert (figures["closed_rate"].numerator, figures["closed_rate"].denominator) == (911, 972)


@pytest.mark.parametrize(
    ("need", "closed", "published"),
    [(956, 902, "94.35"), (16, 9, "56.25"), (29186, 25783, "88.34")],
    ids=["Tianmen matters", "Tianmen components", "Lianyungang 2019-06"],
)
def test_closing_rates_of_other_tables(counted, need, closed, published):
    fill(counted, on_time=closed, late=0, unclosed=need - closed, not_due=3)
    assert measure(["closed_rate"], period=MONTH)["closed_rate"].percent() == Decimal(published)


def test_ningguo_on_time_share(counted):
    """597 of 601 in time, nothing left open: 99.33 %, published as 99."""
    fill(counted, on_time=597, late=4, unclosed=0, not_due=0)
    figures = measure(["closed_on_time_rate", "closed_rate"], period=MONTH)
    assert figures["closed_on_time_rate"].percent() == Decimal("99.33")
    assert figures["closed_rate"].value == 1


def test_fuzhou_filing_rate(counted):
    """立案 33,928 of 受理 36,314: 93.43 %. Those handed on to other systems were accepted but not filed."""
    counted.add(33928, opened_at=SINCE + DAY, outcome="")
    counted.add(36314 - 33928, opened_at=SINCE + DAY, outcome="transferred")
    counted.add(50, opened_at=SINCE + DAY, outcome="not_accepted")
    figures = measure(["reported", "accepted", "filed", "filed_rate"], period=MONTH)
    assert [figures[id].value for id in ("reported", "accepted", "filed")] == [36364, 36314, 33928]
    assert figures["filed_rate"].percent() == Decimal("93.43")


@pytest.mark.parametrize(
    ("solved", "considered", "published"),
    [(1273, 1774, "71.76"), (3112, 3456, "90.05")],
    ids=["Gao'an 2023-10", "Fengcheng 2025-05"],
)
def test_solved_rate_is_over_those_who_answered(counted, solved, considered, published):
    counted.add(solved, opened_at=BEFORE, followed_at=SINCE + DAY, solved="yes")
    counted.add(considered - solved, opened_at=BEFORE, followed_at=SINCE + DAY, solved="no")
    counted.add(40, opened_at=BEFORE, followed_at=SINCE + DAY, solved="unreachable")
    figures = measure(["solved_rate", "followed_rate"], period=MONTH)
    assert figures["solved_rate"].percent() == Decimal(published)
    assert figures["followed_rate"].denominator == considered + 40


def test_gaoan_counts_refusals_as_settled_but_we_list_them_apart(counted):
    """接收 2,084 + 结转 297 = 2,381; 办结 1,821 + 驳回 98 = 1,919: 80.60 %."""
    closed = {"opened_at": SINCE + DAY, "due_at": SINCE + 9 * DAY, "closed_at": SINCE + 5 * DAY}
    counted.add(1821 - 297, **closed)
    counted.add(98, outcome="not_accepted", **closed)
    counted.add(297, opened_at=BEFORE, due_at=SINCE + 9 * DAY, closed_at=SINCE + 5 * DAY)
    counted.add(2084 - 98 - (1821 - 297), opened_at=SINCE + DAY, due_at=AFTER)
    figures = measure(["reported", "carried", "settled_rate", "refused", "closed"], period=MONTH)
    assert (figures["reported"].value, figures["carried"].value) == (2084, 297)
    assert (figures["settled_rate"].numerator, figures["settled_rate"].denominator) == (1919, 2381)
    assert figures["settled_rate"].percent() == Decimal("80.60")
    assert figures["refused"].value == 98
    assert figures["closed"].value == 1821


def test_the_two_satisfaction_rates_differ_by_the_neutral(counted):
    """Gao'an 2022-09 prints about 60 % beside 100 %: 一般 counts in one and not in the other."""
    seen = {"opened_at": BEFORE, "followed_at": SINCE + DAY}
    counted.add(45, rating="very", **seen)
    counted.add(15, rating="fairly", **seen)
    counted.add(40, rating="so_so", **seen)
    counted.add(7, rating="", **seen)
    figures = measure(["satisfied_rate", "not_dissatisfied_rate", "dissatisfied_rate"], period=MONTH)
    assert figures["satisfied_rate"].percent() == Decimal("60.00")
    assert figures["not_dissatisfied_rate"].percent() == Decimal("100.00")
    assert figures["dissatisfied_rate"].value == 0


def test_ningguo_dissatisfaction_is_over_hotline_cases_only(counted):
    """8 of 87 hotline cases is 9 %; over all 99 it would be 8: the denominator is part of the figure."""
    seen = {"opened_at": BEFORE, "followed_at": SINCE + DAY}
    counted.add(8, rating="no", channel="hotline", **seen)
    counted.add(87 - 8, rating="very", channel="hotline", **seen)
    counted.add(12, rating="very", channel="web", **seen)
    hotline = measure(["dissatisfied_rate"], period=MONTH, where={"channel": "hotline"})["dissatisfied_rate"]
    assert round(hotline.percent()) == 9
    assert round(measure(["dissatisfied_rate"], period=MONTH)["dissatisfied_rate"].percent()) == 8
