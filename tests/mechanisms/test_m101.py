"""M101 三事分流法: three guards, exhaustive and disjoint; a private matter is answered; re-sorting keeps history."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.engines.workflows.models import WorkItem
from gezhi.engines.workflows.schema import READABLE, definition
from gezhi.foundation import events, expressions
from tests.mechanisms import mechanism

pytestmark = mechanism("M101", file="packs/standard-county/workflows/request.yaml")


def _guards(county):
    county("minzhu-street")
    flow, _hash = definition("request")
    types = {**READABLE, **flow.stages["triage"].actions["dispatch"].form.types()}
    gate = flow.stages["sorting"]
    return [(expressions.compile(b.when, types), b.to) for b in gate.branches], types


def test_exactly_one_guard_holds_for_every_input(county):
    guards, types = _guards(county)
    programs = [g for g, _to in guards]
    assert expressions.exhaustive_and_disjoint(programs, types, required=["sort"]) is None

    @given(
        sort=st.sampled_from(["big", "small", "private"]),
        category=st.one_of(st.none(), st.text(max_size=8)),
        urgent=st.booleans(),
        rest=st.fixed_dictionaries({"kind": st.one_of(st.none(), st.text(max_size=5)), "returns": st.integers(0, 9)}),
    )
    @settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def one_way(sort, category, urgent, rest):
        values = {"sort": sort, "category": category, "urgent": urgent, **rest}
        assert sum(g.holds(values) for g in programs) == 1

    one_way()


def test_a_private_matter_never_becomes_a_duty_but_gets_an_answer(county):
    world = county("minzhu-street")
    case = world.open("想换个电视天线，找谁")
    world.do(case, "dispatch", "赵兰", sort="private")
    case = world.do(case, "answer", "赵兰", answer="小区门口的维修铺可以装，价目在墙上。")
    stages = set(WorkItem.objects.filter(case_id=case.id).values_list("stage", flat=True))
    assert stages == {"triage", "advise", "confirm"} and case.handler_seat is None


def test_sorting_again_keeps_what_was_decided_before(county):
    world = county("minzhu-street")
    case = world.open("院墙裂了")
    world.do(case, "dispatch", "赵兰", sort="private")
    world.do(case, "resort", "赵兰", reason="是公共院墙，不是私事")
    case = world.do(case, "dispatch", "周敏", sort="big", unit=world.seats["city"])
    sorts = [
        e.patch["act"]["form"]["sort"]
        for e in events.history(f"case:{case.id}")
        if e.patch["act"]["action"] == "dispatch"
    ]
    assert sorts == ["private", "big"] and case.sort == "big" and case.resorts == 1
