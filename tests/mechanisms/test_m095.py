"""M095 崔姨调解室·议事小组: parties are never drawn into the panel, and the members' caseloads stay level."""

from __future__ import annotations

from collections import Counter

from gezhi.engines.workflows import panels
from gezhi.engines.workflows.models import Ballot, Panel
from tests.mechanisms import mechanism

pytestmark = mechanism("M095", file="packs/minzhu-street/workflows/cui_room.yaml")


def test_three_are_drawn_never_a_party_and_nobody_carries_the_load_of_others(county):
    world = county("minzhu-street")
    seats = {n: world.seat("backbone_member", "lake", f"骨干{n}", label=f"骨干{n}") for n in range(6)}
    load: Counter[int] = Counter()
    for number in range(10):
        party = seats[number % 2]
        case = world.open("两家为晾衣绳吵。", workflow="cui_room")
        case = world.do(case, "group", "赵兰", facts="晾衣绳。", related=[party])
        panel = Panel.objects.get(case_id=case.id)
        drawn = set(Ballot.objects.filter(panel=panel).values_list("seat_id", flat=True))
        assert len(drawn) == 3 and party not in drawn
        assert {"seat": party, "why": "related"} in panel.draw["excluded"]
        load.update(drawn)
        # Level as far as who was a party allows: those who never are stay within one of each other.
        free = [load[seats[n]] for n in range(2, 6)]
        assert max(free) - min(free) <= 1 and max(load.values()) - min(load[s] for s in seats.values()) <= 2


def test_nobody_objects_or_the_street_takes_over(county):
    world = county("minzhu-street")
    for n in range(3):
        world.seat("backbone_member", "lake", f"骨干{n}", label=f"骨干{n}")
    cases = [world.open("两家为晾衣绳吵。", workflow="cui_room") for _n in range(2)]
    for case, voices in zip(cases, (("yes", "yes", "abstain"), ("yes", "object", "yes")), strict=True):
        case = world.do(case, "group", "赵兰", facts="晾衣绳。")
        panel = Panel.objects.get(case_id=case.id)
        for number, choice in enumerate(voices, 1):
            seat = Ballot.objects.get(panel=panel, number=number).seat_id
            who = next(n for n in world.people if n.startswith("骨干") and seat in world.actor(n).seats)
            panels.cast(panel.id, actor=world.actor(who), choice=choice)
        world.do(case, "close_panel", "赵兰", minutes="调解室，三人到场。")
    assert [world.main(c).stage for c in cases] == ["visit", "street"]
