"""Diagrams say what the definition says; charts and maps stay inside their frame and name themselves."""

from __future__ import annotations

import re

import pytest

from gezhi.engines.workflows.schema import definition
from gezhi.interfaces.desk.charts import lines, nice_ticks, stack
from gezhi.interfaces.desk.diagram import Lit, horizontal, shorten, vertical, width_of
from gezhi.interfaces.desk.route import Course, Step, course


@pytest.fixture
def flow(world):
    return definition("request")[0]


def test_the_row_is_the_loop_of_the_issue(flow):
    way = course(flow)
    assert [step.id for step in way.steps] == ["triage", "sign", "handle", "verify", "follow_up", "closed"]
    assert [step.end for step in way.steps] == [False] * 5 + [True]


def test_ways_back_are_those_of_the_definition(flow):
    way = course(flow)
    back = {(way.steps[t.source].id, way.steps[t.target].id) for t in way.turns_back}
    assert back == {
        ("sign", "triage"),
        ("handle", "triage"),
        ("verify", "handle"),
        ("follow_up", "triage"),
        ("closed", "triage"),
    }
    assert {e.stage for e in way.exits} >= {"extension", "advise", "confirm", "arbitrate"}


def test_the_lit_step_of_a_case_is_the_one_it_stands_at(desk, world):
    case = world.to_handle(world.open())
    html = desk.of("马东").get(f"/desk/cases/{case.id}").content.decode()
    svg = html[html.index('<svg class="diagram"') :]
    svg = svg[: svg.index("</svg>")]
    assert len(re.findall(r'class="here \w+"', svg)) == 1
    assert re.search(r'class="title"[^>]*>办理<', svg)
    assert svg.count('class="stop done"') == 2
    label = re.search(r'aria-label="([^"]+)"', svg)[1]
    assert "已过：分派、签收" in label
    assert "现在：办理" in label


def test_a_stage_beside_the_row_is_lit_too(desk, world):
    case = world.to_handle(world.open())
    world.do(case, "extend", "马东", more="1 work_day", reason="等配件")
    html = desk.of("周敏").get(f"/desk/cases/{case.id}").content.decode()
    svg = html[html.index('<svg class="diagram"') :]
    svg = svg[: svg.index("</svg>")]
    assert len(re.findall(r'class="here \w+"', svg)) == 2
    assert "批延期" in svg


def test_every_step_stands_inside_the_picture(flow):
    way = course(flow)
    svg = str(vertical(way, {"handle": Lit("overdue", "", "某单位", "超时 2 天")}))
    height = int(re.search(r'viewBox="0 0 \d+ (\d+)"', svg)[1])
    for y in re.findall(r'\by="([\d.]+)"', svg):
        assert 0 <= float(y) <= height
    wide = str(horizontal(way, {}))
    for x in re.findall(r'<rect class="stage[^"]*" x="([\d.]+)"', wide):
        assert 0 <= float(x) <= 992 - 60


def test_words_are_escaped_in_pictures():
    svg = str(vertical(Course([Step("a", "<b>&", end=True)]), {}))
    assert "<b>&" not in svg
    assert "&lt;b&gt;&amp;" in svg


def test_texts_are_cut_to_their_room():
    assert shorten("分派", 15, 100) == "分派"
    cut = shorten("湖滨社区村书记办公室", 13, 60)
    assert cut.endswith("…")
    assert width_of(cut, 13) <= 60


@pytest.mark.parametrize(("low", "high"), [(0, 0), (0, 3), (80, 128), (0, 1000), (5, 5), (3, 4000)])
def test_ticks_are_round_and_span_the_values(low, high):
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert all(b > a for a, b in zip(ticks, ticks[1:], strict=False))
    assert len(ticks) <= 12


def test_a_chart_of_nothing_is_still_a_chart():
    assert "polyline" in str(lines(["1"], [("came", "收到", [0])], "零"))
    assert str(stack([("running", 0)], 0)).count("<rect") == 0
    assert str(stack([("running", 2), ("overdue", 1)], 3)).count("<rect") == 2


def test_the_map_names_what_it_shows(desk, world):
    world.open()
    page = desk.of("周敏").get(f"/desk/map/{world.places['east']}").content.decode()
    assert "湖滨社区" in page
    assert re.search(r'class="number" href="/desk/cases\?state=open&amp;place=\d+">1</a>', page)


def test_the_method_page_tells_the_rules_of_the_definition(desk, world):
    world.to_closed(world.open())
    html = desk.of("周敏").get("/desk/methods/request").content.decode()
    assert "“退单”最多 2 次" in html
    assert "做过“办理、办理（指定）”的人不能做这一步" in html
    assert desk.of("周敏").get("/desk/methods/none").status_code == 404
