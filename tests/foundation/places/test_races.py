"""Two hands at the same place at once: one succeeds, the other is refused with words, nothing is doubled."""

import threading

import pytest
from django.db import connection

from gezhi.foundation import events, people, places
from gezhi.foundation.errors import Conflict, Refusal
from gezhi.foundation.places.models import Place, PlaceCode, PlaceEdge

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """Run the acts in threads that start together; their results, exceptions included."""
    gate, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(index, act):
        try:
            gate.wait()
            results[index] = act()
        except Refusal as refused:
            results[index] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_code_is_given_once(county, actor):
    def act():
        return places.open_place("grid1", "新", actor=actor, parent=county.bend, codes={"grid": "990101001201009"})

    results = at_once(*[act] * 6)
    assert sum(isinstance(r, int) for r in results) == 1
    assert {r.code for r in results if isinstance(r, Conflict)} == {"place.code_taken"}
    assert PlaceCode.objects.filter(code="990101001201009").count() == 1


def test_a_grid_pulled_two_ways_ends_in_one_place_with_a_whole_history(county):
    system = people.system("places")
    at_once(
        *[lambda: places.move(county.w1, county.bend, actor=system)] * 3,
        *[lambda: places.move(county.w1, county.willow, actor=system)] * 3,
        *[lambda: places.rename(county.w1, "码头", actor=system)] * 2,
    )
    assert PlaceEdge.objects.filter(child=county.w1, until=None).count() == 1
    history = events.history(f"place:{county.w1}")
    row = Place.objects.get(pk=county.w1)
    assert [e.seq for e in history] == list(range(1, row.event_seq + 1))
    assert events.verify().findings == []


def test_the_same_list_imported_twice_at_once_is_there_once(actor):
    results = at_once(*[lambda: places.import_divisions("350724", actor=actor)] * 3)
    assert sorted(r.created > 0 for r in results) == [False, False, True]
    assert PlaceCode.objects.count() == Place.objects.count() == results[0].created + results[0].same
