"""M172 供给侧需求侧项目库: within each fund's amount and purpose, a reason for what got nothing, more money never helps less."""

from __future__ import annotations

import pytest

from gezhi.foundation.errors import Conflict
from tests.mechanisms import mechanism
from tests.mechanisms.matching import adopt, enter_all, propose

pytestmark = mechanism("M172", file="packs/mengzhou/matches/project_list.yaml")
FUNDS = [("交通局", "road", 50), ("水利局", "water", 30), ("产业资金", "industry", 20)]
DEMANDS = [  # purpose, amount, benefit, land
    ("村道", "road", 30, 9, True), ("桥", "road", 40, 7, True), ("水渠", "water", 25, 5, True),
    ("大棚", "industry", 15, 8, False), ("广场", "home", 10, 6, True), ("冷库", "industry", 12, 4, True),
]  # fmt: skip


@pytest.fixture
def libraries(county):
    world = county("mengzhou")
    funds = [(name, {"purpose": p, "amount": a, "giver": name}) for name, p, a in FUNDS]
    world.funds = dict(zip([f[0] for f in FUNDS], enter_all(world, "fund", "matter", "county", funds), strict=True))
    rows = [(name, {"purpose": p, "amount": a, "benefit": b, "land": land}) for name, p, a, b, land in DEMANDS]
    world.demands = dict(
        zip([d[0] for d in DEMANDS], enter_all(world, "village_demand", "matter", "lake", rows), strict=True)
    )
    return world


def listed(world, found):
    names = {s.pk: n for n, s in (*world.demands.items(), *world.funds.items())}
    return {(names[n], names[o]): a for (n, o), a in found.pairs.items()}


def benefit(found):
    points = {d[0]: d[3] for d in DEMANDS}
    return lambda world: sum(points[n] * a for (n, _o), a in listed(world, found).items())


def test_money_goes_where_it_counts_within_amount_and_purpose(libraries):
    found = propose(libraries, "project_list", "county", "于沐阳")
    assert listed(libraries, found) == {
        ("村道", "交通局"): 30, ("桥", "交通局"): 20, ("水渠", "水利局"): 25, ("冷库", "产业资金"): 12,
    }  # fmt: skip
    why = {name: found.why(s.pk) for name, s in libraries.demands.items() if s.pk in found.left}
    assert why == {"桥": "合适的不够，配到 20", "大棚": "用地还没落实", "广场": "没有这个用途的资金"}
    adopt(libraries, "project_list", "county", "于沐阳")
    again = propose(libraries, "project_list", "county", "于沐阳")
    assert again.pairs == {} and sum(again.kept.values()) == 87  # what was given stays given
    with pytest.raises(Conflict):
        adopt(libraries, "project_list", "county", "于沐阳")


@pytest.mark.parametrize("more", [("road", 5), ("road", 500), ("home", 4), ("water", 1), ("industry", 9)])
def test_adding_a_fund_never_lowers_the_benefit(libraries, more):
    before = benefit(propose(libraries, "project_list", "county", "于沐阳"))(libraries)
    purpose, amount = more
    (new,) = enter_all(
        libraries, "fund", "matter", "county", [("新资金", {"purpose": purpose, "amount": amount, "giver": "省里"})]
    )
    libraries.funds["新资金"] = new
    found = propose(libraries, "project_list", "county", "于沐阳")
    assert benefit(found)(libraries) >= before
    spent = {}
    for (_n, o), a in found.pairs.items():
        spent[o] = spent.get(o, 0) + a
    assert all(a <= found.offers[o].amount for o, a in spent.items())
