"""The whole of a method as lists, and a case that stands at several steps at once."""

from __future__ import annotations

import re

import pytest

from gezhi.engines.workflows import actions
from gezhi.engines.workflows.models import OPEN, WorkItem
from gezhi.engines.workflows.schema import Workflow, definition
from gezhi.foundation import people
from gezhi.interfaces.desk.plan import plan
from gezhi.interfaces.desk.route import course
from tests.engines.workflows.test_proof_blocks import SOUND
from tests.engines.workflows.test_proof_engine import install


@pytest.fixture
def large(world, tmp_path):
    """The sample of the proof with every kind of stage, installed."""
    from ruamel.yaml import YAML

    source = SOUND.replace("post: clerk", "post: street_officer").replace("post: head", "post: county_dispatcher")
    flow = YAML(typ="safe").load(source.replace("post: chief", "post: county_director"))
    flow["workflow"] = "random"
    flow["stages"]["sweep"]["workflow"] = "leaf"
    install(tmp_path, flow)
    return definition("random")[0]


def every(nodes):
    for node in nodes:
        yield node
        for lane in node.lanes:
            yield from every(lane.nodes)
        for aside in node.asides:
            yield from aside.steps


def test_every_stage_of_the_request_is_drawn_once_and_every_way_leads_to_one(world):
    flow = definition("request")[0]
    nodes = list(every(plan(flow)))
    ids = [n.id for n in nodes if n.kind != "side"]
    assert sorted(ids) == sorted(s.id for s in flow.stages.values() if not s.side and s.kind != "join")
    assert {way.target for n in nodes for way in n.ways if way.kind != "join"} <= {n.id for n in nodes}


def test_the_row_of_the_method_keeps_its_order_in_the_whole(world):
    flow = definition("request")[0]
    ids = [n.id for n in plan(flow)]
    row = [step.id for step in course(flow).steps]
    assert [i for i in ids if i in row] == row
    assert [n.kind for n in plan(flow)][-3:] == ["end"] * 3


def test_branches_stand_side_by_side_with_what_their_join_waits_for(large: Workflow):
    (fork,) = [n for n in plan(large) if n.kind == "fork"]
    assert [(lane.title, lane.each) for lane in fork.lanes] == [
        ("第 1 路", False),
        ("第 2 路", False),
        ("第 3 路", True),
    ]
    assert [n.id for n in fork.lanes[0].nodes] == ["lead_work", "parked"]
    assert fork.after == "都办完了才往下走" and fork.ways[0].target == "publicity"
    lead = fork.lanes[0].nodes[0]
    (aside,) = lead.asides
    assert [s.id for s in aside.steps] == ["draft", "rule"] and aside.extra == "最多 2 次"


def test_ways_back_say_how_often_and_what_then(large: Workflow):
    (check,) = [n for n in plan(large) if n.id == "check"]
    (back,) = [w for w in check.ways if w.kind == "back"]
    assert back.target == "together" and back.extra == "最多 2 次，再多就到“结”"


@pytest.mark.parametrize("name", ["random", "request"])
def test_every_link_of_the_method_page_finds_its_one_step(desk, large, name):
    html = desk.of("周敏").get(f"/desk/methods/{name}").content.decode()
    linked, there = set(re.findall(r'href="#(step-[^"]+)"', html)), re.findall(r'id="(step-[^"]+)"', html)
    assert linked and linked <= set(there)
    assert len(there) == len(set(there)), "two steps answer to one link"


def test_the_method_page_says_kinds_and_clocks_in_words(desk, large):
    html = desk.of("周敏").get("/desk/methods/random").content.decode()
    assert html.count('class="plan-lane') >= 3 and "一单位一路" in html
    assert "到定好的日子，最长 90 天" in html and "到时自己走" in html


def test_a_case_is_lit_at_every_open_branch(desk, world, large):
    case = world.open(workflow="random")
    units = [world.seats["power"], world.seats["water"]]
    world.do(case, "spread", "周敏", units=units, unit=world.seats["city"])
    item = WorkItem.objects.get(case_id=case.id, stage="watching", state=OPEN)
    doer = people.directory().effective(item.owner_seat, unlike=frozenset(item.barred)).persons[0]
    actions.fire(case.id, "seen", item=item.number, expected_seq=None, actor=people.actor_for(doer), data={})
    html = desk.of("马东").get(f"/desk/cases/{case.id}").content.decode()
    svg = html[html.index('<svg class="diagram"') :]
    svg = svg[: svg.index("</svg>")]
    # The fork itself, its lead, and two units on one stage; the branch that has arrived is ticked.
    assert len(re.findall(r'class="here \w+"', svg)) == 4
    assert svg.count(">配合办<") == 2 and ">牵头办<" in svg
    label = re.search(r'aria-label="([^"]+)"', svg)[1]
    assert label.count("配合办，") == 2 and "盯着" in label[: label.index("现在：")]
