"""Does the check see each way in which children may fail to divide their parent?"""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import box

from gezhi.foundation import db, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Refusal
from gezhi.foundation.places.models import Place, PlaceEdge
from tests.environment import some

from .conftest import OPENED

pytestmark = pytest.mark.django_db


def codes(on=None, layer="governance"):
    return [(finding.code, finding.place_id) for finding in places.check_partition(on or clock.today(), layer)]


def test_a_sound_county_has_no_finding_on_any_date(county):
    assert codes() == codes(date(2023, 12, 31)) == codes(date(1990, 1, 1)) == []


def test_a_gap_is_found(county, actor):
    places.close(county.w2, actor=actor)
    assert codes() == [("gap", county.willow)]
    assert codes(clock.today() - timedelta(days=1)) == []


def test_an_overlap_and_a_child_outside_are_found(county, actor):
    places.set_shape(county.w1, box(110, 35, 110.01, 35.011), actor=actor)
    assert codes() == [("overlap", county.w1)]
    places.set_shape(county.w1, box(109.99, 35, 110.01, 35.01), actor=actor)
    assert codes() == [("outside", county.w1)]


def test_a_grid_moved_without_its_ground_lies_outside_and_leaves_a_gap(county, actor):
    places.move(county.w3, county.bend, actor=actor)
    assert sorted(codes()) == [("gap", county.willow), ("outside", county.w3)]


def test_an_orphan_a_second_parent_and_a_closed_parent_are_found(county):
    with db.write():
        PlaceEdge.objects.filter(child=county.b1).delete()
        PlaceEdge.objects.create(
            child_id=county.b2,
            parent_id=county.willow,
            layer="governance",
            since=date(2024, 1, 1),
            until=date(2099, 1, 1),
        )
        Place.objects.filter(pk=county.bend).update(closed_on=clock.today())
    found = codes()
    assert ("no_parent", county.b1) in found and ("two_parents", county.b2) in found
    assert ("closed_parent", county.b3) in found


def test_a_parent_of_the_wrong_level_and_an_outline_changed_behind_the_log_are_found(county):
    with db.write():
        PlaceEdge.objects.filter(child=county.b1).update(parent_id=county.town)
        Place.objects.filter(pk=county.w1).update(geometry=box(110, 35, 110.01, 35.01).wkb + b"")
        Place.objects.filter(pk=county.w2).update(geometry=box(110, 35.01, 110.0099, 35.02).wkb)
    found = codes()
    assert ("wrong_level", county.b1) in found and ("shape_changed", county.w2) in found


def test_unit_grids_are_a_layer_of_their_own(county, actor):
    first = places.open_place(
        "grid1", "单元 1", actor=actor, parent=county.willow, layer="unit", geometry=box(110, 35, 110.01, 35.015)
    )
    second = places.open_place(
        "grid1", "单元 2", actor=actor, parent=county.willow, layer="unit", geometry=box(110, 35.015, 110.01, 35.03)
    )
    assert codes() == codes(layer="unit") == []
    known = places.directory()
    assert known.locate(110.005, 35.014) == county.w2 and known.locate(110.005, 35.014, "unit") == first
    assert known.children(county.willow, "unit") == (first, second) and first not in known.children(county.willow)
    places.close(second, actor=actor)
    assert codes(layer="unit") == [("gap", county.willow)] and codes() == []


steps = st.lists(
    st.tuples(st.sampled_from(["move", "close", "open"]), st.integers(0, 5), st.booleans(), st.integers(0, 3)),
    max_size=8,
)


@settings(max_examples=some(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_is_moved_opened_and_closed_every_place_has_one_parent_on_every_date(county, actor, steps):
    """Through the actions alone the edges stay sound: on each date, exactly one parent, and the directory agrees."""
    start = clock.today()
    villages = [places.open_place("village", name, actor=actor, parent=county.town, on=OPENED) for name in "甲乙"]
    grids = [
        places.open_place("grid1", f"{n}", actor=actor, parent=village, on=OPENED)
        for village in villages
        for n in range(3)
    ]
    for act, which, first, days in steps:
        village, on = villages[first], start + timedelta(days=days)
        try:
            if act == "move":
                places.move(grids[which], village, actor=actor, on=on)
            elif act == "close":
                places.close(grids[which], actor=actor, on=on)
            else:
                grids.append(places.open_place("grid1", "新网格", actor=actor, parent=village, on=on))
        except Refusal:
            continue
    for day in range(-1, 6):
        on = start + timedelta(days=day)
        edges = {"no_parent", "two_parents", "closed_parent", "wrong_level"}
        assert [f for f in places.check_partition(on) if f.code in edges] == []
        known = places.directory(on=on)
        rows = PlaceEdge.objects.filter(layer="governance").values_list("child_id", "parent_id", "since", "until")
        for child, parent, since, until in rows:
            if since <= on and (until is None or on < until):
                assert known.parent(child) == parent
