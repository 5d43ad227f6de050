"""M052 派单、核查和结案: the verifier differs from the handler; each usual kind binds one process version."""

import pytest

from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.foundation import packs
from gezhi.foundation.errors import NotAllowed
from tests.mechanisms import mechanism

pytestmark = mechanism("M052", file="packs/standard-county/workflows/request.yaml")


def test_whoever_handles_is_not_the_one_who_verifies(county):
    world = county("songxi")
    case = world.open("路灯不亮")
    world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    world.do(case, "finish", "秦英", result="换了灯头。")
    with pytest.raises(NotAllowed) as refused:
        world.do(case, "pass", "秦英")
    assert refused.value.code == "case.doer_verifies"
    world.do(case, "pass", "赵兰")
    done = {i.stage: i.done_by for i in WorkItem.objects.filter(case_id=case.id, state="done")}
    assert done["handle"] != done["verify"]


def test_each_usual_kind_of_matter_binds_one_version_of_one_process(county):
    world = county("songxi")
    services = packs.registry().services["songxi"]["services"]
    for service in services:
        for _n in range(2):
            world.open(service["title"]["zh"], category=service["category"], workflow=service["workflow"])
    for service in services:
        bound = set(Case.objects.filter(category=service["category"]).values_list("workflow", "version", "body_hash"))
        entry = packs.registry().get("workflow", service["workflow"])
        assert bound == {(entry.name, entry.version, entry.hash)}
