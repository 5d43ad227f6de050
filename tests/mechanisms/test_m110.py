"""M110 勾选式货源超市: a load goes with one driver; whoever waited longest picks first, nobody starves; the empty share is told."""

from __future__ import annotations

from collections import Counter

import pytest

from gezhi.engines.matching import wishing
from gezhi.foundation import subjects
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Conflict, NotAllowed
from gezhi.foundation.subjects.models import Relation
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.matching import SYSTEM, adopt, enter_all, propose

pytestmark = mechanism("M110", file="packs/qinnan-transport/matches/freight_market.yaml")
NAME = "freight_market"


@pytest.fixture
def market(county, at_ten):
    """Four drivers; 丁's insurance runs out, 丙's lorry is small; 甲 has an account."""
    world = county("qinnan-transport")
    world.seat("fleet_lead", "east", "车队书记")
    world.seat("lorry", "east", "司机甲", label="货车1")
    rows = [("甲", 30, "2027-06-01"), ("乙", 30, "2027-06-01"), ("丙", 5, "2027-06-01"), ("丁", 30, "2026-11-19")]
    made = enter_all(world, "driver", "person", "east", [(n, {"carries": t, "insured_until": d}) for n, t, d in rows])
    world.drivers = {n: who.pk for (n, _t, _d), who in zip(rows, made, strict=True)}
    subjects.link_colleague(world.drivers["甲"], world.people["司机甲"], actor=SYSTEM)
    world.names = {id: n for n, id in world.drivers.items()}
    return world


def loads(world, *rows):
    """(name, tons, km, day) entered; their ids."""
    made = enter_all(
        world, "load", "matter", "east",
        [(n, {"goods": "煤", "tons": t, "km": km, "leaves_on": d}) for n, t, km, d in rows],
    )  # fmt: skip
    return [who.pk for who in made]


def tick(world, load, *drivers, by="车队书记", **more):
    for name in drivers:
        wishing.tick(NAME, world.places["east"], load, world.drivers[name], actor=world.actor(by), **more)


def test_only_what_was_ticked_and_fits_and_one_driver_a_load(market):
    far, near, heavy, old, alone = loads(
        market, ("远", 20, 900, "2026-11-25"), ("近", 4, 80, "2026-11-25"), ("重", 40, 700, "2026-11-25"),
        ("昨", 4, 100, "2026-11-17"), ("无", 4, 50, "2026-11-25"),
    )  # fmt: skip
    tick(market, far, "甲", "丙", "丁")
    tick(market, near, "甲", "乙", "丙")
    tick(market, heavy, "甲", "乙")
    tick(market, old, "乙")
    found = propose(market, NAME, "east", "车队书记")
    assert {n: market.names[o] for n, o in found.pairs} == {far: "甲", near: "乙"}
    why = {n: found.why(n) for n in found.left}
    assert why == {heavy: "没有拉得动的车", old: "货已经过期", alone: "没有人勾选"}
    adopt(market, NAME, "east", "车队书记", seen=found.seen)
    with pytest.raises(Conflict):
        adopt(market, NAME, "east", "车队书记", seen=found.seen)
    with pytest.raises(Conflict) as refused:
        tick(market, near, "丙")
    assert refused.value.code == "match.taken"
    taken = list(Relation.objects.filter(kind="carried_by", until=None).values_list("one_id", flat=True))
    assert sorted(taken) == sorted([far, near]) and len(set(taken)) == len(taken)
    with pytest.raises(Conflict):
        subjects.relate("carried_by", near, market.drivers["丙"], actor=SYSTEM)


def test_whoever_ticks_each_time_is_served_in_turn(market):
    """One load a day, all of 甲 乙 丙 tick it: after six days each had two, and nobody waited more than three days."""
    had = []
    for day in range(6):
        (load,) = loads(market, (f"货{day}", 4, 100, "2026-11-28"))
        tick(market, load, "甲", "乙", "丙")
        row = adopt(market, NAME, "east", "车队书记")
        had.append(market.names[row.pairs[0]["offer"]])
        subjects.end_subject(load, "closed", actor=SYSTEM)  # delivered: the lorry is free again
    assert Counter(had) == {"甲": 2, "乙": 2, "丙": 2} and all(len(set(had[n : n + 3])) == 3 for n in range(4))


def test_a_driver_ticks_for_themself_alone_and_the_page_tells_the_empty_share(market):
    (load,) = loads(market, ("远", 20, 900, "2026-11-25"))
    with pytest.raises(NotAllowed):
        tick(market, load, "乙", by="司机甲")
    desk, url = Desk(market).of("司机甲"), f"/desk/matches/{NAME}/wishes"
    assert "货源超市" in desk.get("/desk/matches").content.decode()
    with count_queries() as asked:
        assert "勾上" in desk.get(url).content.decode()
    assert asked.total <= 15, asked.statements
    assert desk.post(url, {"need": load, "offer": market.drivers["乙"]}).status_code == 403
    assert desk.post(url, {"need": load, "offer": market.drivers["甲"]}).status_code == 302
    assert desk.post(url, {"need": load, "offer": market.drivers["甲"]}).status_code == 302
    assert wishing.ticked(propose(market, NAME, "east", "车队书记").match, [load]) == {(load, market.drivers["甲"])}
    tick(market, load, "甲", off=True)
    assert Desk(market).of("赵兰").get(url).status_code == 404
    enter_all(
        market,
        "trip",
        "matter",
        "east",
        [("一", {"loaded_km": 900, "empty_km": 300}), ("二", {"loaded_km": 700, "empty_km": 100})],
    )
    page = Desk(market).of("车队书记").get(f"/desk/matches/{NAME}").content.decode()
    assert "空驶率 <b>20.0%</b>" in page and "2000 里的 400" in page
