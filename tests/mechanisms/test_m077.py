"""M077 岳师村 三资清理: each asset has owner, state, and a contract or a reason for idleness; never leased twice at once."""

import pytest

from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago, thing


@mechanism("M077", file="packs/yueshi-village/registers/lease.yaml")
@mechanism("M077", file="packs/yueshi-village/registers/collective_asset.yaml")
def test_an_asset_has_a_contract_or_a_reason_and_one_lease_on_every_day(county):
    world = county("yueshi-village")
    actor = world.actor("赵兰")
    land = thing(world, "asset", "村东闲置地")
    with pytest.raises(Invalid) as wrong:
        subjects.enter("collective_asset", land.pk, {"owner": "村集体", "area": "30.5"}, actor=actor)
    assert set(wrong.value.field_errors) == {"idle_reason"}
    with pytest.raises(Invalid):
        subjects.enter("collective_asset", land.pk, {"idle_reason": "没水"}, actor=actor)
    line = subjects.enter(
        "collective_asset",
        land.pk,
        {"owner": "村集体", "area": "30.5", "idle_reason": "没有水井"},
        actor=actor,
        since=ago(400),
    )
    assert line.state == "idle"
    line = subjects.change(line.pk, {"contract_until": ago(-900), "idle_reason": ""}, actor=actor, on=ago(300))
    assert line.state == "leased"

    def lease(contract, since):
        given = {"party": "某合作社", "contract": contract, "rent": "10000"}
        return subjects.enter("lease", land.pk, given, actor=actor, since=since)

    first = lease("2025-1", ago(300))
    with pytest.raises(Conflict):
        lease("2025-2", ago(200))
    subjects.end(first.pk, actor=actor, on=ago(100))
    with pytest.raises(Conflict):  # into the days of the first
        lease("2025-3", ago(101))
    lease("2025-4", ago(100))
    for day in (300, 200, 101, 100, 0):
        assert len(subjects.as_of(actor, "lease", None, ago(day)).rows) == 1
