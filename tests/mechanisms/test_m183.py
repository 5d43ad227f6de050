"""M183 蔬菜大棚: the leases of twenty sheds sum to the income, and the years until it has paid are said. M076: seed by plot."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gezhi.engines.registers import figures, sums
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid
from gezhi.foundation.subjects import definitions
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.roll import thing


def account(line, actor):
    return sums.account(line, definitions.register(line.register), actor)


@mechanism("M183", file="packs/guanwangmiao-village/registers/shed_project.yaml")
@mechanism("M183", file="packs/guanwangmiao-village/registers/shed_lease.yaml")
def test_leases_sum_to_the_income_and_payback_is_reported(county, at_ten):
    world = county("guanwangmiao-village")
    actor, desk = world.actor("赵兰"), Desk(world).of("赵兰")
    project = {"raised": "3500000", "area": "6.66", "rent": "200000"}
    matter = thing(world, "matter", "蔬菜大棚")
    for lost in project:
        with pytest.raises(Invalid) as refused:
            subjects.enter("shed_project", matter.pk, project | {lost: ""}, actor=actor)
        assert set(refused.value.field_errors) == {lost}
    line = subjects.enter("shed_project", matter.pk, project, actor=actor)
    lease = {"project": "蔬菜大棚", "sheds": "1", "tenant": "某户", "rent": "10000"}
    sheds = [thing(world, "asset", f"{n} 号棚") for n in range(1, 21)]
    for shed in sheds[:19]:
        subjects.enter("shed_lease", shed.pk, lease, actor=actor)
    page = desk.get(f"/desk/registers/entries/{line.pk}").content.decode()
    assert "差 10,000，请核对" in page and "算不出几年收回" in page
    last = subjects.enter("shed_lease", sheds[19].pk, lease, actor=actor)
    with pytest.raises(Conflict):  # a shed is let once at a time
        subjects.enter("shed_lease", sheds[19].pk, lease, actor=actor)
    for lost in lease:
        with pytest.raises(Invalid):
            subjects.change(last.pk, {lost: ""}, actor=actor)
    for n, amount in enumerate((180_000, 200_000, 220_000)):
        given = {"project": "蔬菜大棚", "amount": str(amount), "received_on": f"{2023 + n}-12-01"}
        subjects.enter("shed_income", thing(world, "matter", f"第{n}年").pk, given, actor=actor)
    given = {
        "project": "蔬菜大棚",
        "amount": "50000",
        "received_on": "2026-02-01",
    }  # a year that has begun tells nothing yet
    subjects.enter("shed_income", thing(world, "matter", "今年").pk, given, actor=actor)
    found = account(line, actor)
    by = {one.of.id: one for one in found.added}
    assert (by["sheds"].whole, by["leases"].whole, by["income"].whole) == (20, 200_000, 650_000)
    assert found.agree is not None and found.apart == 0 and found.agree[1::2] == (200_000, 200_000)
    assert found.payback == (3_500_000, 650_000, 200_000, Decimal("17.5"))
    page = desk.get(f"/desk/registers/entries/{line.pk}").content.decode()
    assert "对得上" in page and "约 17.5 年收回" in page
    opened = desk.get("/desk/registers/shed_lease?cut=project:蔬菜大棚").content.decode()
    assert opened.count("号棚</a>") == 20 or opened.count("号棚") >= 20


@mechanism("M076", file="packs/yueshi-village/registers/seed_brand.yaml")
@mechanism("M076", file="packs/yueshi-village/registers/seed_plot.yaml")
def test_income_by_plot_sums_to_what_the_collective_booked(county, at_ten):
    world = county("yueshi-village")
    actor, desk = world.actor("赵兰"), Desk(world).of("赵兰")
    who = thing(world, "organisation", "岳麦")
    with pytest.raises(Invalid):
        subjects.enter("seed_brand", who.pk, {}, actor=actor)
    brand = subjects.enter("seed_brand", who.pk, {"committee": "高标准农田片区委员会"}, actor=actor)
    plots = []
    for name, partner, area in (("东片", "甲社", "120.5"), ("西片", "乙社", "80")):
        plot = {"brand": "岳麦", "partner": partner, "area": area}
        asset = thing(world, "asset", name)
        for lost in plot:
            with pytest.raises(Invalid) as refused:
                subjects.enter("seed_plot", asset.pk, plot | {lost: ""}, actor=actor)
            assert set(refused.value.field_errors) == {lost}
        plots.append(subjects.enter("seed_plot", asset.pk, plot, actor=actor))
        with pytest.raises(Conflict):
            subjects.enter("seed_plot", asset.pk, plot, actor=actor)

    def line(register, name, **values):
        return subjects.enter(register, thing(world, "matter", name).pk, values, actor=actor)

    for plot, amount in (("东片", "61000"), ("东片", "2000.5"), ("西片", "40000")):
        line("seed_sale", f"{plot}{amount}", brand="岳麦", plot=plot, weight="900", amount=amount, sold_on="2026-07-01")
    line("seed_sale", "别的", brand="别家", plot="北片", weight="1", amount="9", sold_on="2026-07-01")
    line("seed_cost", "原种", brand="岳麦", plot="东片", what="seed", amount="30000", paid_on="2025-10-01")
    line("seed_cost", "收割", brand="岳麦", plot="西片", what="tilling", amount="12000", paid_on="2026-06-10")
    line("collective_income", "卖种款", brand="岳麦", amount="100000", received_on="2026-07-05", voucher="收-7")
    found = {one.of.id: one.whole for one in account(brand, actor).added}
    assert found == {"area": Decimal("200.5"), "by_plot": Decimal("103000.5"), "booked": 100_000, "cost": 42_000}
    assert account(brand, actor).apart == Decimal("3000.5")
    page = desk.get(f"/desk/registers/entries/{brand.pk}").content.decode()
    assert "差 3,000.5，请核对" in page and "cut=brand" in page
    line("collective_income", "补记", brand="岳麦", amount="3000.5", received_on="2026-07-06", voucher="收-8")
    assert account(brand, actor).apart == 0
    own = {one.of.id: one.whole for one in account(plots[0], actor).added}
    assert own == {"income": Decimal("63000.5"), "cost": 30_000}
    cuts = figures.figures(actor, "seed_sale", "plot").cuts
    assert sum(c.sums["amount"] for c in cuts if c.value in ("东片", "西片")) == found["by_plot"]
    assert {c.value: c.sums["area"] for c in figures.figures(actor, "seed_plot", "partner").cuts} == {"甲社": Decimal("120.5"), "乙社": Decimal("80")}  # fmt: skip
