"""M071 情理法: the grid worker talks from three angles; the record has its three fields, the agreement is kept, and without signatures there is none."""

import pytest

from gezhi.engines.workflows import views
from gezhi.foundation import events
from gezhi.foundation.errors import Invalid, NotAllowed
from tests.mechanisms import mechanism

pytestmark = mechanism("M071", file="packs/yueshi-village/workflows/three_angles.yaml")
ANGLES = {"feeling": "两家走动多年。", "reason": "各算一半。", "law": "民法典相邻关系。"}


@pytest.fixture
def talk(county):
    world = county("yueshi-village")
    return world, world.open("两家为出水口吵起来。", workflow="three_angles")


@pytest.mark.parametrize("missing", [*ANGLES, "agreement"])
def test_no_agreement_without_every_angle_and_its_text(talk, missing):
    world, case = talk
    given = {**ANGLES, "agreement": "出水口改道，费用各半。", "signed": True}
    with pytest.raises(Invalid) as refused:
        world.do(case, "agreed", "秦英", **{k: v for k, v in given.items() if k != missing})
    assert set(refused.value.field_errors) == {missing}


def test_both_sign_somebody_else_looks_back_and_the_agreement_is_kept(talk):
    world, case = talk
    with pytest.raises(Invalid) as refused:
        world.do(case, "agreed", "秦英", **ANGLES, agreement="费用各半。", signed=False)
    assert "双方都签名" in str(refused.value.field_errors["signed"])
    world.do(case, "agreed", "秦英", **ANGLES, agreement="费用各半。", signed=True)
    with pytest.raises(NotAllowed):
        world.do(case, "kept", "秦英", words="做到了。")
    case = world.do(case, "kept", "赵兰", words="都做到了。")
    assert case.outcome == "done"
    told = [e.said for e in views.case_view(case.pk, world.actor("赵兰")).timeline if e.action == "agreed"]
    assert told[0]["agreement"] == "费用各半。" and set(ANGLES) <= set(told[0])
    assert not events.verify().findings
