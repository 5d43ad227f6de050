"""M115 年度党员安全标兵: one accident at fault and one is not on the list, whatever else; the list is explained."""

from __future__ import annotations

import pytest

from gezhi.engines.appraisals import awarding, rounds
from gezhi.foundation.errors import Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.scored import ONCE, final, judge, scores, sealed, somebody

pytestmark = pytest.mark.once(ONCE)
#: accidents at fault, lessons of twelve, the branch's word
GIVEN = ((0, 12, 80), (0, 6, 90), (0, 12, 60), (0, 3, 60), (1, 12, 100))


@mechanism("M115", file="packs/qinnan-transport/rubrics/safety_model.yaml")
@mechanism("M115", file="packs/qinnan-transport/registers/safe_member.yaml")
def test_an_accident_at_fault_vetoes_and_the_list_is_explained(county, at_ten):
    world = county("qinnan-transport")
    world.seat("fleet_lead", "east", "车书")
    whos = []
    for n, (accidents, lessons, _word) in enumerate(GIVEN):
        values = {"at_fault": accidents, "lessons": lessons}
        whos.append(somebody(world, "person", f"党员{n}", "safe_member", values).pk)
    row = rounds.open_round("safety_model", world.places["east"], "2026", actor=world.actor("车书"))
    for who, (_accidents, _lessons, word) in zip(whos, GIVEN, strict=True):
        judge(world, row, who, "word", {"车书": word})
    found = sealed(world, row, at_ten, "车书")
    assert scores(found, whos) == [88, 74, 76, 46, 100] and found[whos[4]].lost == ["accident"]
    final(world, row, at_ten, "车书")
    street = world.actor("周敏")
    shown = awarding.listed(row.pk, actor=street)
    assert shown.reference.awarded == tuple(sorted(whos[:3])) and shown.out == {whos[4]: "gate"}
    for chosen, code in ((whos[:4], "quota"), (whos[1:4], "reason"), ([*whos[:2], whos[4]], "not_eligible")):
        with pytest.raises(Invalid, match=rf"appraisal\.{code}"):
            awarding.decide(row.pk, chosen, actor=street, seen=shown.seen)
    awarding.decide(row.pk, whos[:3], actor=street, seen=shown.seen)
    page = Desk(world).of("周敏").get(f"/desk/appraisals/{row.pk}/{whos[4]}").content.decode()
    assert "硬条件没有过" in page and "没有有责任的事故" in page
