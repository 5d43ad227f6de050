"""M152 创星目标分布: the share of three stars and more is count ÷ total with its list; above last year's plan, or it says so."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gezhi.engines.appraisals import rounds
from tests.mechanisms import mechanism
from tests.mechanisms.scored import ONCE, scores, sealed, somebody
from tests.world import World

pytestmark = pytest.mark.once(ONCE)
PLANS = (5, 4, 4, 3, 2)


@pytest.mark.parametrize(("last", "band"), [(76, "above"), (80, "below")])
@mechanism("M152", file="packs/zhongzhan-district/rubrics/planned_stars.yaml")
@mechanism("M152", file="packs/zhongzhan-district/rubrics/planned_share.yaml")
@mechanism("M152", file="packs/zhongzhan-district/registers/star_target.yaml")
@mechanism("M152", file="packs/zhongzhan-district/registers/star_plan.yaml")
def test_the_share_is_counted_from_the_list_and_compared_with_last_year(db, at_ten, last, band):
    world = World("zhongzhan-district")
    world.seat("star_task_force", "county", "姜岩")
    county, force = world.places["county"], world.actor("姜岩")
    whos = [
        somebody(world, "organisation", f"支部{n}", "star_target", {"stars": stars}, place="lake").pk
        for n, stars in enumerate(PLANS)
    ]
    plan = somebody(world, "organisation", "全区", "star_plan", {"last_share": last}, place="county").pk
    planned, share = (
        rounds.open_round(name, county, "2026", actor=force) for name in ("planned_stars", "planned_share")
    )
    stars = sealed(world, planned, at_ten, "姜岩")
    assert scores(stars, whos) == [100, 80, 80, 60, 40]
    assert [stars[id].band for id in whos] == ["five", "four", "four", "three", "two"]
    found = sealed(world, share, at_ten, "姜岩")[plan]
    assert Decimal(found.score) == 80 == Decimal(100 * sum(n >= 3 for n in PLANS)) / len(PLANS)
    assert (found.band, found.lost) == (band, [] if band == "above" else ["above"])
    assert sorted(found.lines[0]["records"]) == sorted(f"result:{planned.pk}-{id}" for id in whos)
