"""Own outlines instead of the sketches: all or nothing, by code, with words."""

import json

import pytest
from shapely import box
from shapely.geometry import mapping

from gezhi.foundation import events, people, places
from gezhi.foundation.errors import Invalid, NotAllowed
from gezhi.foundation.places.models import Place

pytestmark = pytest.mark.django_db


def feature(code, shape):
    return {"type": "Feature", "properties": {"code": code}, "geometry": mapping(shape)}


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


def test_outlines_are_taken_over_by_code_and_are_no_sketch_any_more(county, actor):
    places.set_shape(county.b1, box(110.01, 35, 110.02, 35.01), actor=actor, sketch=True)
    text = json.dumps(collection(
        feature("990101001201001", box(110.01, 35, 110.02, 35.01)),
        feature("990101001201", box(110.01, 35, 110.03, 35.03)),
    ))  # fmt: skip
    assert places.import_outlines(text, actor=actor) == 2
    row = Place.objects.get(pk=county.b1)
    assert not row.sketch and places.find_place(110.025, 35.02) == county.bend
    assert [e.kind for e in events.history(f"place:{county.bend}")][-1] == "place.drawn"
    assert events.verify().findings == []
    assert places.import_outlines(text, actor=actor) == 0


BAD = [
    "no json",
    "[]",
    "{}",
    collection(),
    {"features": "x"},
    collection({"geometry": None}),
    collection(feature("1", box(110, 35, 111, 36))),
    collection(feature("990101", box(35, 110, 36, 111))),
    collection(feature("990101", box(5, 5, 6, 6))),
    collection(feature("990101", box(3900000, 500000, 3910000, 510000))),
    collection({"properties": {"code": "990101"}, "geometry": {"type": "Point", "coordinates": [110, 35]}}),
    collection({"properties": {"code": "990101"}, "geometry": {"type": "Polygon", "coordinates": [[[110, 35], [111]]]}}),
    collection({"properties": {"code": "990101"}, "geometry": {
        "type": "Polygon", "coordinates": [[[110, 35], [111, 36], [111, 35], [110, 36], [110, 35]]]}}),
    collection(feature("990101", box(110, 35, 111, 36)), feature("990101", box(110, 35, 111, 36))),
]  # fmt: skip


@pytest.mark.parametrize("given", BAD)
def test_a_file_with_a_flaw_changes_nothing(county, actor, given):
    before = events.Event.objects.count()
    with pytest.raises(Invalid) as refused:
        places.import_outlines(given, actor=actor)
    assert refused.value.code == "place.outlines" and refused.value.field_errors
    assert events.Event.objects.count() == before and not Place.objects.get(pk=county.county).geometry


def test_who_does_not_manage_places_there_draws_nothing(county):
    with pytest.raises(NotAllowed):
        places.import_outlines(collection(feature("990101", box(110, 35, 111, 36))), actor=people.resident("x"))
