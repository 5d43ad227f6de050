"""M108 托管式服务: the contract says what is entrusted and until when; an act outside it is refused in words."""

from __future__ import annotations

import pytest

from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.works import photo

pytestmark = mechanism("M108", file="packs/qinnan-transport/workflows/entrust.yaml")
SCOPE = {"in_insurance": True, "in_inspection": True, "in_settlement": False, "in_violation": False}
WORDS = {"settlement": "代办结算", "violation": "代缴罚款"}


def test_acts_within_the_contract_are_done_and_others_refused_until_it_says_so(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county("qinnan-transport")
    world.seat("fleet_lead", "east", "车队书记")
    case = world.open("保险年审想托给支部办。", place="lake", workflow="entrust")
    paper = photo(world, "车队书记", "e1")
    with pytest.raises(Invalid) as refused:
        world.do(case, "signed", "车队书记", **SCOPE, until="2027-11-17")
    assert list(refused.value.field_errors) == ["paper"]
    world.do(case, "signed", "车队书记", **SCOPE, until="2027-11-17", paper=paper)
    done = {"did": "窗口办好。", "on": "2026-12-01"}
    for what in ("insurance", "inspection"):
        case = world.do(case, "act", "车队书记", what=what, **done)
    for what, words in WORDS.items():
        with pytest.raises(Invalid) as refused:
            world.do(case, "act", "车队书记", what=what, **done)
        assert words in str(refused.value.field_errors["what"])
    with pytest.raises(Invalid) as refused:
        world.do(case, "act", "车队书记", what="insurance", did="续保。", on="2027-11-18")
    assert list(refused.value.field_errors) == ["on"]
    world.do(
        case,
        "amend",
        "车队书记",
        **SCOPE | {"in_settlement": True, "in_inspection": False},
        paper=photo(world, "车队书记", "e2"),
    )
    case = world.do(case, "act", "车队书记", what="settlement", **done)
    with pytest.raises(Invalid):
        world.do(case, "act", "车队书记", what="inspection", **done)
    assert case.kept["acts"] == "3"
    assert world.do(case, "ended", "车队书记", summary="三件，材料交还。").outcome == "done"
