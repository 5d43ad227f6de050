"""Words find cases inside the places an actor sees, however many newer ones lie elsewhere."""

from gezhi.engines.workflows import queries, searching
from gezhi.engines.workflows.queries import Filters
from gezhi.foundation.jobs import claims, registry


def test_an_old_case_of_ones_own_place_is_found_behind_newer_ones_elsewhere(world, at_ten, monkeypatch):
    registry.discover()
    monkeypatch.setattr(searching, "CHUNK", 3)
    mine = world.open("河边护栏断了一截，孩子常去玩。", place="lake1")
    at_ten.shift(1)  # ids are instants
    for _ in range(8):
        world.open("山上护栏断了一截，孩子常去玩。", place="hill1")
    claims.drain()
    found = queries.page(world.actor("赵兰"), Filters(q="护栏断了"))
    assert [row.id for row in found.rows] == [mine.id]


def test_a_case_is_found_by_its_number_and_by_what_was_added(world):
    registry.discover()
    case = world.open()
    world.do(case, "add", words="今天连二楼也黑了。")
    claims.drain()
    for words in (case.number, "二楼也黑了"):
        assert [row.id for row in queries.page(world.actor("赵兰"), Filters(q=words)).rows] == [case.id]
