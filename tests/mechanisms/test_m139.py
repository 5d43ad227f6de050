"""M139 近邻阵地: the result list is the closed part of the problem list; the sizes add up."""

from __future__ import annotations

from gezhi.engines.publishing.bulletins import queries
from gezhi.engines.workflows.models import Case
from tests.engines.publishing.bulletins.reading import number, sealed, text_of
from tests.mechanisms import mechanism

pytestmark = mechanism("M139", file="packs/minzhu-street/bulletins/near.yaml")


def test_results_are_the_closed_part_of_the_problems(county, at_ten):
    at_ten.move_to("2026-10-14T02:00:00+00:00")
    world = county("minzhu-street")
    problems = [
        world.open(f"第 {n} 个问题", place=place) for n, place in enumerate(["lake1", "lake2", "lake1", "lake2"])
    ]
    results = [world.to_closed(case) for case in problems[:1]]
    at_ten.move_to("2026-11-01T02:00:00+00:00")
    row = sealed(world.places["lake"], "2026-10", "near")
    lists = {}
    for metric in ("reported", "raised_closed", "raised_open"):
        index, kept = number(row, metric)
        lists[metric] = set(queries.rows_behind(row, index))
        assert len(lists[metric]) == int(kept["top"])
    assert lists["raised_closed"] == {c.id for c in results}
    assert lists["raised_closed"] | lists["raised_open"] == lists["reported"] == {c.id for c in problems}
    assert not lists["raised_closed"] & lists["raised_open"]
    assert "问题清单 4 件，其中已转化为成果 1 件，还在办 3 件。" in text_of(row)
    # By post (grid) and by kind the sizes add up as well.
    for posts in (row_cells(row, "category"), row_cells(row, "below")):
        assert [sum(column) for column in zip(*posts, strict=True)] == [4, 1, 3]
    # What is closed later is a result of the next list, not of this one.
    world.to_closed(problems[2])
    assert Case.objects.get(pk=problems[2].id).closed_at is not None
    index, _kept = number(row, "raised_closed")
    assert set(queries.rows_behind(row, index)) == {c.id for c in results}


def row_cells(row, by):
    import json

    body = json.loads(row.body)
    first = {"category": "类别", "below": "地方"}[by]
    (table,) = [s["table"] for s in body["sections"] if s["table"] and s["table"]["first"] == first]
    return [[int(body["numbers"][n]["top"]) for n in line["cells"]] for line in table["rows"]]
