"""M125 五个一服务体系·红色驿站: fifteen sites that reach most people, proved or with the bound; each station's ten facilities are checked."""

from __future__ import annotations

from itertools import combinations

import pytest

from gezhi.engines.registers import figures
from gezhi.foundation import subjects
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.matching import SYSTEM, adopt, enter_all, propose

pytestmark = mechanism("M125", file="packs/mengzhou/matches/station_sites.yaml")
NAME = "station_sites"
TEN = ("water", "charging", "medicine", "microwave", "rest", "books", "umbrella", "tools", "wifi", "toilet")


@pytest.fixture
def city(county):
    """Points 700 m apart on a line; a site at each, and between some of them one that reaches both; three cannot be used."""
    world = county("mengzhou")
    crowd = [(f"点{n:02d}", {"people": 10 + n * 7 % 40, "east": 700 * n, "north": 0}) for n in range(20)]
    world.crowd = [w.pk for w in enter_all(world, "crowd_point", "asset", "lake", crowd)]
    world.people_at = {id: v["people"] for id, (_n, v) in zip(world.crowd, crowd, strict=True)}
    sites = [(f"址{n:02d}", {"usable": n != 3, "east": 700 * n, "north": 500 if n % 2 else 0}) for n in range(17)]
    sites += [
        ("中间", {"usable": True, "east": 3150, "north": 0}),
        ("两头", {"usable": False, "east": 350, "north": 0}),
    ]
    world.sites = {
        w.pk: v for w, (_n, v) in zip(enter_all(world, "station_site", "asset", "lake", sites), sites, strict=True)
    }
    world.at = {id: 700 * n for n, id in enumerate(world.crowd)}
    return world


def reach(world, site):
    """Who has this site within 500 metres."""
    v = world.sites[site]
    return {c for c, x in world.at.items() if v["usable"] and (v["east"] - x) ** 2 + v["north"] ** 2 <= 500**2}


def test_fifteen_sites_reach_most_people_and_it_is_proved(city):
    found = propose(city, NAME, "county", "于沐阳")
    assert len(found.chosen) == 15 and found.sited.best
    covered = set().union(*(reach(city, s) for s in found.chosen))
    got = sum(city.people_at[c] for c in covered)
    assert got == found.sited.reached and {n for n, _o in found.pairs} == covered
    useful = [s for s in city.sites if reach(city, s)]
    most = max(
        sum(city.people_at[c] for c in set().union(*(reach(city, s) for s in choice)))
        for choice in combinations(useful, 15)
    )
    assert got == most  # held against every choice of fifteen
    assert {found.why(n) for n in found.left} <= {"这次选的点够不到", "五百米以内没有候选点", "附近的房子不能用"}
    page = Desk(city).of("于沐阳").get(f"/desk/matches/{NAME}?place={city.places['county']}").content.decode()
    assert f"够得到 {sum(city.people_at.values())} 人里的 {got} 人" in page and "已经算尽" in page
    row = adopt(city, NAME, "county", "于沐阳")
    assert {p["offer"] for p in row.pairs} <= set(found.chosen)


def test_each_of_the_fifteen_has_its_ten_facilities_checked(city):
    made = enter_all(
        city, "red_station", "asset", "lake", [(f"驿站{n:02d}", dict.fromkeys(TEN, True)) for n in range(15)]
    )
    actor = city.actor("赵兰")

    def cuts():
        return {c.value: c.lines for c in figures.figures(actor, "red_station", "state").cuts if c.lines}

    assert cuts() == {"whole": 15}
    lines = {r.subject_id: r.entry_id for r in subjects.entries(actor, "red_station").rows}
    for n, lacking in enumerate(TEN):  # any one of the ten that lacks is told
        subjects.change(lines[made[n].pk], {lacking: False}, actor=SYSTEM)
        assert cuts() == {"whole": 14 - n, "lacking": n + 1}
