"""M074 盘活边角地 规范合同 出租农机: the schedule of a contract sums to its price; overdue rent ages; 3万→20万 by year.

Also M134 (a pond let as a car park) and what a schedule is, whoever uses it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.engines.registers import figures, sums
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid
from gezhi.foundation.subjects import definitions
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at
from tests.mechanisms.roll import thing

CONTRACT = {"kind": "machine", "contract": "农机-1", "party": "合作社", "price": "100000.01", "starts": "2026-01-01", "ends": "2027-07-01"}  # fmt: skip
#: The page's way: 30,000 yuan a year before, over 200,000 after.
YEARS = {2020: [30_000], 2021: [30_000, 50_000], 2022: [60_000, 70_000], 2023: [100_000, 103_500]}


@given(
    st.decimals("0.01", "9999999", places=2),
    st.dates(date(2000, 1, 1), date(2060, 1, 1)),
    st.integers(1, 4000),
    st.sampled_from(["month", "quarter", "half_year", "year", "once"]),
)
def test_a_schedule_always_sums_to_its_price_and_stays_in_its_term(total, start, days, every):
    end = date.fromordinal(start.toordinal() + days)
    found = sums.parts(total, start, end, every)
    assert sum(amount for _day, amount in found) == total
    assert found[0][0] == start and all(a[0] < b[0] < end for a, b in zip(found, found[1:], strict=False))
    assert len({amount for _day, amount in found[:-1]}) <= 1 and all(amount >= 0 for _day, amount in found)


def account(line, actor):
    return sums.account(line, definitions.register(line.register), actor)


@mechanism("M074", file="packs/yueshi-village/registers/income_contract.yaml")
def test_a_contract_falls_due_each_half_year_and_overdue_rent_ages(county, at_ten):
    world = county("yueshi-village")
    actor = world.actor("赵兰")
    deal = thing(world, "matter", "两台收割机")
    for wrong, field in (({"ends": "2026-01-01"}, "ends"), ({"price": "0"}, "price"), ({"kind": "boat"}, "kind"), ({"party": ""}, "party")):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            subjects.enter("income_contract", deal.pk, CONTRACT | wrong, actor=actor)
        assert set(refused.value.field_errors) == {field}
    line = subjects.enter("income_contract", deal.pk, CONTRACT, actor=actor)
    with pytest.raises(Conflict):  # a number of a contract stands once
        subjects.enter("income_contract", thing(world, "matter", "另一台").pk, CONTRACT, actor=actor)
    found = account(line, actor)
    assert [(p.due_on.isoformat(), str(p.amount)) for p in found.payments] == [
        ("2026-01-01", "33333.33"), ("2026-07-01", "33333.33"), ("2027-01-01", "33333.35"),
    ]  # fmt: skip
    assert found.total == Decimal("100000.01") and found.overdue == Decimal("66666.66")
    assert [p.late for p in found.payments] == [321, 140, 0]  # counted from the day it fell due
    (aged,) = sums.ageing(actor, "income_contract")
    assert aged.oldest == 321 and aged.bands == (0, 0, Decimal("66666.66"), 0)

    def receive(amount, day, contract="农机-1"):
        return subjects.enter(
            "collective_income", thing(world, "matter", f"收据{day}{amount}").pk,
            {"contract": contract, "amount": str(amount), "received_on": day, "voucher": "收-1"}, actor=actor,
        )  # fmt: skip

    receive(40_000, "2026-11-01")
    receive(5_000, "2026-11-02", contract="农机-2")  # another contract's money pays nothing here
    found = account(line, actor)
    assert found.overdue == Decimal("26666.66") and [p.late for p in found.payments] == [0, 140, 0]
    (aged,) = sums.ageing(actor, "income_contract")
    assert aged.bands == (0, 0, Decimal("26666.66"), 0) and aged.oldest == 140
    desk = Desk(world).of("赵兰")
    page = desk.get(f"/desk/registers/entries/{line.pk}").content.decode()
    assert "26,666.66" in page and "拖了 140 天" in page and "cut=contract" in page and "100,000.01" in page
    at_ten.move_to(at("2027-08-01 09:00"))  # a year later it has moved up a band, and the last part is late as well
    (aged,) = sums.ageing(actor, "income_contract")
    assert aged.bands == (0, 0, Decimal("33333.35"), Decimal("26666.66"))
    page = Desk(world).of("赵兰").get("/desk/registers/income_contract/figures").content.decode()
    assert "一年以上" in page and "26,666.66" in page and f"/desk/registers/entries/{line.pk}" in page
    subjects.restate("income_contract", actor=actor)
    assert subjects.Entry.objects.get(pk=line.pk).state == "over"


@mechanism("M074", file="packs/yueshi-village/registers/collective_income.yaml")
def test_the_report_by_year_goes_from_thirty_to_over_two_hundred_thousand(county, at_ten):
    world = county("yueshi-village")
    actor = world.actor("赵兰")
    for year, amounts in YEARS.items():
        for n, amount in enumerate(amounts):
            given_ = {
                "contract": f"边角-{n}",
                "amount": str(amount),
                "received_on": f"{year}-06-0{n + 1}",
                "voucher": f"{year}-{n}",
            }
            subjects.enter("collective_income", thing(world, "matter", f"{year}收入{n}").pk, given_, actor=actor)
    found = figures.figures(actor, "collective_income", "received_on-year")
    assert {int(c.value): int(c.sums["amount"]) for c in found.cuts} == {2020: 30_000, 2021: 80_000, 2022: 130_000, 2023: 203_500}  # fmt: skip
    assert int(found.whole.sums["amount"]) == sum(sum(a) for a in YEARS.values())
    desk = Desk(world).of("赵兰")
    page = desk.get("/desk/registers/collective_income/figures?by=received_on-year").content.decode()
    assert "2023 年" in page and "203500" in page and "cut=received_on-year%3A2023" in page
    opened = desk.get("/desk/registers/collective_income?cut=received_on-year:2023").content.decode()
    assert "2023收入0" in opened and "2023收入1" in opened and "2022收入" not in opened
    for lost in (
        "amount",
        "received_on",
        "voucher",
        "contract",
    ):  # a receipt says what for, how much, when and its paper
        with pytest.raises(Invalid) as refused:
            given_ = {"contract": "边角-1", "amount": "10", "received_on": "2023-01-01", "voucher": "1"} | {lost: ""}
            subjects.enter("collective_income", thing(world, "matter", f"缺{lost}").pk, given_, actor=actor)
        assert set(refused.value.field_errors) == {lost}


@mechanism("M134", file="packs/yongxingtun-village/registers/site_contract.yaml")
def test_a_pond_let_as_a_car_park_pays_by_year_from_2022(county, at_ten):
    world = county("yongxingtun-village")
    actor = world.actor("赵兰")
    pond = thing(world, "asset", "村东鱼塘")
    deal = {"area": "29", "was": "鱼塘", "now": "停车场", "firm": "某某公司", "contract": "停-1", "price": "155000", "starts": "2022-03-01", "ends": "2027-03-01"}  # fmt: skip
    for lost in deal:
        with pytest.raises(Invalid) as refused:
            subjects.enter("site_contract", pond.pk, deal | {lost: ""}, actor=actor)
        assert set(refused.value.field_errors) == {lost}
    line = subjects.enter("site_contract", pond.pk, deal, actor=actor)
    with pytest.raises(Conflict):  # one contract an asset at a time
        subjects.enter("site_contract", pond.pk, deal | {"contract": "停-2"}, actor=actor)
    for year in range(2022, 2027):
        given_ = {"contract": "停-1", "amount": "31000", "received_on": f"{year}-03-01"}
        subjects.enter("site_income", thing(world, "matter", f"{year}租金").pk, given_, actor=actor)
    found = account(line, actor)
    assert [p.due_on.isoformat() for p in found.payments] == [f"{y}-03-01" for y in range(2022, 2027)]
    assert {p.amount for p in found.payments} == {Decimal(31_000)} and found.total == 155_000 and found.overdue == 0
    assert found.added[0].years == {year: Decimal(31_000) for year in range(2022, 2027)}
    cuts = figures.figures(actor, "site_income", "received_on-year").cuts
    assert [(c.said, int(c.sums["amount"])) for c in cuts] == [(f"{y} 年", 31_000) for y in range(2022, 2027)]
    page = Desk(world).of("赵兰").get(f"/desk/registers/entries/{line.pk}").content.decode()
    assert "155,000" in page and "2022: 31,000" in page
