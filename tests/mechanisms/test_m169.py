"""M169 党群联心智慧平台: the live view comes from the three mechanisms' own records, equals the bulletin at the same cut, and opens."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from gezhi.engines.duties import closing
from gezhi.engines.duties.models import Done
from gezhi.engines.publishing.bulletins import queries as bulletins
from gezhi.engines.publishing.bulletins import sealing
from gezhi.flows.visits import visit
from gezhi.foundation import people, subjects
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Invalid
from gezhi.foundation.measures import parse_period
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, enter, owed, person, publish
from tests.mechanisms.meetings import at

pytestmark = [mechanism("M169", file="packs/mengzhou/bulletins/linkage.yaml")] + [
    mechanism("M169", file=f"packs/mengzhou/duties/{name}.yaml")
    for name in ("linked-visit", "area-cover", "branch-consult")
]
RULES = ("linked-visit", "area-cover", "branch-consult")


@pytest.fixture
def linked(county, at_ten):
    """Six households, five of 党员甲's; a cadre of the first grid; the branch of 湖滨."""
    world = county("mengzhou")
    world.town_secretary = world.seat("town_secretary", "east", "东书记")
    world.seat("grid_head", "lake1", "包片乙")
    world.seat("department", "county", "党员甲")
    member = person(world, "党员甲", "1980-01-01")
    subjects.link_colleague(member.pk, world.people["党员甲"], actor=SYSTEM)
    world.homes = [person(world, f"户{n}") for n in range(6)]
    for n, home in enumerate(world.homes):
        with pytest.raises(Invalid):
            enter("linked_household", home)
        enter("linked_household", home, members="3")
        if n < 5:
            subjects.relate("linked_by", home.pk, member.pk, actor=SYSTEM)
    publish()
    return world


def figures(page: str) -> dict[str, list[int]]:
    """section -> the numbers of its sentence, as a reader sees them."""
    found = {}
    for title, inside in re.findall(r"<h2>([^<]+)</h2></header>\s*<p>(.*?)</p>", page, re.S):
        words = re.sub(r"<[^>]+>", "", unescape(inside))
        found[title] = [int(n) for n in re.findall(r"\s(\d+) 次", words)]
    return found


def test_live_equals_the_bulletin_and_every_figure_opens(linked, at_ten):
    world, lake = linked, linked.places["lake"]
    assert {o.subject_id for o in owed(world, "党员甲", "linked-visit")} == {h.pk for h in world.homes[:5]}
    assert [o.subject_id for o in owed(world, "赵兰", "linked-visit")] == [
        world.homes[5].pk
    ]  # nobody's: the secretary's
    assert [o.period for o in owed(world, "包片乙", "area-cover")] == ["2026-W47"]
    assert [o.period for o in owed(world, "赵兰", "branch-consult")] == ["2026-11"]
    member = world.actor("党员甲")
    for home in world.homes[:3]:
        visit("linked-visit", home.pk, "2026-11", {"found": "nothing"}, actor=member)
    risen = visit("linked-visit", world.homes[3].pk, "2026-11", {"found": "matter"}, actor=member).case
    assert world.main(risen).owner_seat == world.town_secretary  # village, township, then the county looks
    world.do(risen, "answered", "东书记", did="派人修了。")
    assert world.do(risen, "enough", "方晓").outcome == "done"
    with pytest.raises(Invalid):
        visit("area-cover", world.places["lake1"], "2026-W47", {}, actor=world.actor("包片乙"))
    visit("area-cover", world.places["lake1"], "2026-W47", {"found": "matter"}, actor=world.actor("包片乙"))
    for wrong in ({}, {"settled": "3"}, {"settled": "3", "upward": "-1"}, {"settled": "201", "upward": "0"}):
        with pytest.raises(Invalid):
            visit("branch-consult", lake, "2026-11", wrong, actor=world.actor("赵兰"))
    up = visit("branch-consult", lake, "2026-11", {"settled": "4", "upward": "1"}, actor=world.actor("赵兰")).case
    assert up is not None and world.main(up).owner_seat == world.town_secretary
    at_ten.move_to(at("2026-12-01 00:30"))
    while closing.close_windows():
        pass
    climbs = Done.objects.filter(rule="linked-visit", state="missed").values_list("climb_at", flat=True)
    assert len(climbs) == 2 and all(
        climb == at("2026-12-04 18:00") for climb in climbs
    )  # three working days, then the town
    desk = Desk(world).of("周敏")
    address = f"/desk/bulletin/{lake}/month/2026-11?template=linkage"
    page = desk.get(address).content.decode()
    shown = figures(page)
    rows = Done.objects.filter(
        village_id=lake, rule__in=RULES, closes__gt=at("2026-11-01 00:00"), closes__lte=at("2026-12-01 00:00")
    )
    for title, name in zip(("党员联户", "干部包片", "支部会商"), RULES, strict=True):
        own = list(rows.filter(rule=name))
        assert shown[title] == [
            len(own), sum(d.state == "done" for d in own), sum(d.state == "missed" for d in own),
            sum(d.state == "done" and d.case_id is not None for d in own),
        ]  # fmt: skip
    assert shown["党员联户"] == [6, 4, 2, 1] and shown["支部会商"] == [1, 1, 0, 1] and shown["干部包片"][0] >= 2
    row, _new = sealing.seal("linkage", lake, parse_period("2026-11"), actor=people.system("bulletins"))
    body = json.loads(row.body)
    said = {
        s["title"]: [int(body["numbers"][p["n"]]["top"]) for sentence in s["text"] for p in sentence if isinstance(p, dict)]
        for s in body["sections"] if s["text"]
    }  # fmt: skip
    assert said == shown  # the same cut, the same figures
    for n, kept in enumerate(body["numbers"]):
        if kept["name"] and kept["top"] not in (None, "0"):
            assert len(bulletins.rows_behind(row, n)) == int(kept["top"]), kept
            if kept["only"]:
                assert f"number={n}" in page, kept
    missed = next(
        n for n, kept in enumerate(body["numbers"])
        if kept["metric"] == "duties_missed" and kept["only"] == [["rule", ["linked-visit"]]] and kept["when"] == "now"
    )  # fmt: skip
    with count_queries() as asked:
        opened = desk.get(f"{address}&number={missed}").content.decode()
    assert opened.count("<tr data-row>") == 2 and opened.count("没做到</td>") == 2 and asked.total <= 24
    assert desk.get(f"{address}&number=999").status_code == 404
    assert desk.get(f"/desk/bulletin/{lake}/month/2026-11?template=governance").status_code == 404
    assert Desk(world).of("何苗").get(address).status_code in (403, 404)  # another street reads nothing of it
    plain = desk.get(f"/desk/bulletin/{lake}/month/2026-11").content.decode()
    assert "template=linkage" in plain
    # A late record shows at once in the live view; what was sealed stays as it was.
    visit("linked-visit", world.homes[4].pk, "2026-11", {"found": "nothing"}, actor=member)
    assert figures(desk.get(address).content.decode())["党员联户"] == [6, 5, 1, 1]
    assert json.loads(bulletins.one(row.pk, actor=world.actor("周敏")).body) == body
