"""Opening, renaming, closing, moving: refused when senseless, told by events, provable afterwards."""

from datetime import timedelta

import pytest
from shapely import Point, Polygon, box

from gezhi.foundation import db, events, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from gezhi.foundation.places.actions import require_open
from gezhi.foundation.places.models import Place

pytestmark = pytest.mark.django_db
YESTERDAY = -1


def test_each_change_is_one_event_and_the_fold_equals_the_row(county, actor):
    building = places.open_place(
        "building", "5 号楼", actor=actor, parent=county.w1, point=(110.004, 35.004), units=3, codes={"building": "x-5"}
    )
    places.rename(building, "5 号楼（东）", actor=actor)
    places.move(building, county.w2, actor=actor)
    places.set_code(building, "building", "x-6", actor=actor)
    places.close(building, actor=actor, reason="拆除")
    stream = f"place:{building}"
    assert [e.kind for e in events.history(stream)] == [
        "place.opened", "place.renamed", "place.moved", "place.coded", "place.closed",
    ]  # fmt: skip
    row, state = Place.objects.get(pk=building), events.fold(events.history(stream))
    assert state["name"] == row.name == "5 号楼（东）"
    assert state["closed_on"] == str(row.closed_on) and state["parents"] == {"governance": county.w2}
    assert (row.event_seq, len(row.qr)) == (5, 10)
    assert events.verify().findings == []


def test_a_row_edited_behind_the_log_is_named_by_verify(county):
    with db.write():
        Place.objects.filter(pk=county.w1).update(name="别的名字")
    assert f"place:{county.w1}" in {finding.stream for finding in events.verify().findings}


def test_nothing_is_recorded_when_nothing_changes(county, actor):
    places.rename(county.w1, " 第 1 网格 ", actor=actor)
    places.move(county.w1, county.willow, actor=actor)
    places.set_code(county.w1, "grid", "990101001001001", actor=actor)
    assert len(events.history(f"place:{county.w1}")) == 1


def test_old_codes_and_parents_stay_known_for_their_time(county, actor):
    tomorrow = clock.today() + timedelta(days=1)
    places.set_code(county.willow, "stats", "990101001002", actor=actor, on=tomorrow)
    assert places.directory().by_code("990101001001") == county.willow
    later = places.directory(on=tomorrow)
    assert later.by_code("990101001002") == county.willow and later.by_code("990101001001") is None


REFUSED = [
    (Conflict, "place.code_taken", lambda c, a: places.open_place(
        "grid1", "新", actor=a, parent=c.willow, codes={"grid": "990101001001001"})),
    (Invalid, "place.kind", lambda c, a: places.open_place("grid2", "新", actor=a, parent=c.willow)),
    (Invalid, "place.kind", lambda c, a: places.open_place("village", "新", actor=a, parent=None)),
    (Invalid, "place.kind", lambda c, a: places.open_place("castle", "新", actor=a, parent=c.willow)),
    (Invalid, "place.kind", lambda c, a: places.open_place("grid1", "新", actor=a, parent=c.willow, layer="air")),
    (Invalid, "place.name", lambda c, a: places.open_place("grid1", "  ", actor=a, parent=c.willow)),
    (Invalid, "place.name", lambda c, a: places.rename(c.w1, "a\u202eb", actor=a)),
    (Invalid, "place.name", lambda c, a: places.rename(c.w1, "长" * 81, actor=a)),
    (NotFound, "place.unknown", lambda c, a: places.open_place("grid1", "新", actor=a, parent=10**9)),
    (NotFound, "place.unknown", lambda c, a: places.rename(10**9, "新", actor=a)),
    (Invalid, "place.coordinates", lambda c, a: places.open_place(
        "building", "1", actor=a, parent=c.w1, point=(35.0, 110.0))),
    (Invalid, "place.shape", lambda c, a: places.set_shape(c.w1, Point(110, 35), actor=a)),
    (Invalid, "place.shape", lambda c, a: places.set_shape(
        c.w1, Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), actor=a)),
    (Invalid, "place.shape", lambda c, a: places.set_shape(c.w1, box(170, 0, 190, 1), actor=a)),
    (Invalid, "place.code", lambda c, a: places.set_code(c.w1, "grid", "x' OR 1=1", actor=a)),
    (Invalid, "place.code", lambda c, a: places.set_code(c.w1, "Grid;", "1", actor=a)),
    (Invalid, "place.code", lambda c, a: places.set_code(c.w1, "grid", "1" * 41, actor=a)),
    (Invalid, "place.units", lambda c, a: places.open_place("building", "1", actor=a, parent=c.w1, units=0)),
    (Invalid, "place.units", lambda c, a: places.open_place("building", "1", actor=a, parent=c.w1, units=10**6)),
    (Conflict, "place.not_empty", lambda c, a: places.close(c.willow, actor=a)),
    (Invalid, "place.date", lambda c, a: places.close(c.w1, actor=a, on=c.since)),
    (Invalid, "place.date", lambda c, a: places.move(c.w1, c.bend, actor=a, on=c.since)),
    (Invalid, "place.kind", lambda c, a: places.move(c.willow, c.bend, actor=a)),
]  # fmt: skip


@pytest.mark.parametrize(("error", "code", "act"), REFUSED)
def test_senseless_changes_are_refused_and_leave_no_trace(county, actor, error, code, act):
    before = (Place.objects.count(), events.Event.objects.count())
    with pytest.raises(error) as refused:
        act(county, actor)
    assert refused.value.code == code and refused.value.what
    assert (Place.objects.count(), events.Event.objects.count()) == before


def test_a_closed_place_takes_nothing_in_any_more(county, actor):
    places.close(county.w1, actor=actor)
    for act in (
        lambda: places.open_place("building", "1 号楼", actor=actor, parent=county.w1),
        lambda: places.move(county.w1, county.bend, actor=actor),
        lambda: places.close(county.w1, actor=actor),
        lambda: require_open(county.w1),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "place.closed"
    with pytest.raises(NotFound):
        require_open(10**9)
    require_open(county.w2)


def test_a_code_given_up_may_be_given_to_another(county, actor):
    places.close(county.w1, actor=actor)
    again = places.open_place("grid1", "新", actor=actor, parent=county.willow, codes={"grid": "990101001001001"})
    assert places.directory().by_code("990101001001001") == again


def test_only_who_manages_places_there_may_change_them(county):
    stranger = people.resident("x")
    with pytest.raises(NotAllowed):
        places.rename(county.w1, "新", actor=stranger)
    with pytest.raises(Refusal):
        places.open_place("grid1", "新", actor=stranger, parent=county.willow)
