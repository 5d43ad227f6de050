"""M029 网格+代办: an errand cannot start without consent on file; consent withdrawn stops it."""

import pytest

from gezhi.engines.workflows.models import CLOSED, Case, WorkItem
from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism

pytestmark = mechanism("M029", file="packs/standard-county/workflows/errand.yaml")
CONSENT = "王桂英本人在家口头同意，网格员秦英在场"


def test_no_errand_without_the_persons_consent(county):
    world = county("xincheng-street")
    with pytest.raises(Invalid) as refused:
        world.open("代办高龄补贴", by="秦英", workflow="errand", channel="field", on_behalf=True)
    assert refused.value.code == "case.no_consent" and "consent" in refused.value.field_errors
    assert not Case.objects.exists()
    case = world.open("代办高龄补贴", by="秦英", workflow="errand", channel="field", on_behalf=True, consent=CONSENT)
    assert world.main(case).stage == "collect"


@pytest.mark.parametrize("stage", ["collect", "run", "confirm"])
def test_consent_withdrawn_stops_the_errand_wherever_it_is(county, stage):
    world = county("xincheng-street")
    case = world.open("代办高龄补贴", by="秦英", workflow="errand", channel="field", on_behalf=True, consent=CONSENT)
    if stage != "collect":
        world.do(case, "start", "秦英", papers="身份证复印件、存折复印件")
    if stage == "confirm":
        world.do(case, "finish", "秦英", result="补贴批下来了。")
    assert world.main(case).stage == stage
    case = world.do(case, "withdraw", why="不想办了")
    assert (case.state, case.outcome) == (CLOSED, "withdrawn")
    assert not WorkItem.objects.filter(case_id=case.id, state="open").exists()
    with pytest.raises(Invalid):
        world.do(case, "finish", "秦英", result="还是办了")
