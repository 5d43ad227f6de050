"""Points on the ground: found, on a border, swapped, outside, nonsense."""

import random

import numpy as np
import pytest
import shapely
from shapely import box

from gezhi.foundation import places
from gezhi.foundation.errors import Invalid
from gezhi.foundation.places.models import Place

pytestmark = pytest.mark.django_db


def test_the_finest_grid_holding_the_point_is_found(county):
    assert places.find_place(110.005, 35.015) == county.w2
    assert places.find_place("110.015", " 35.025 ") == county.b3
    assert places.directory().locate(110.5, 35.015) is None


def test_on_a_common_border_the_answer_is_always_the_same(county):
    assert places.directory().locate(110.01, 35.005) == min(county.w1, county.b1)


def test_a_closed_grid_no_longer_catches_points(county, actor):
    places.close(county.w2, actor=actor)
    assert places.find_place(110.005, 35.015) == county.willow


def test_a_point_in_the_village_outside_all_grids_belongs_to_the_village(county, actor):
    places.set_shape(county.bend, box(110.01, 35, 110.05, 35.03), actor=actor)
    assert places.find_place(110.04, 35.01) == county.bend


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (35.015, 110.005, "place.swapped"),
        ("35.015", "110.005", "place.swapped"),
        (116.4, 39.9, "place.outside"),
        (0, 0, "place.outside"),
        (39.9, 116.4, "place.coordinates"),
        (181, 35, "place.coordinates"),
        (110.005, 91, "place.coordinates"),
        (float("nan"), 35, "place.coordinates"),
        (float("inf"), 35, "place.coordinates"),
        ("东经 110 度", 35, "place.coordinates"),
        (None, None, "place.coordinates"),
        ([110], {}, "place.coordinates"),
        ("1; DROP TABLE place", 35, "place.coordinates"),
        (10**400, 35, "place.coordinates"),
    ],
)
def test_points_that_cannot_be_meant_are_refused_with_words(county, lon, lat, code):
    with pytest.raises(Invalid) as refused:
        places.find_place(lon, lat)
    assert refused.value.code == code
    assert refused.value.what and refused.value.why and refused.value.next


def test_the_refusal_names_the_place_after_swapping_and_the_distance(county):
    with pytest.raises(Invalid) as refused:
        places.find_place(35.015, 110.005)
    assert "东街道 柳树社区 第 2 网格" in refused.value.why
    with pytest.raises(Invalid) as refused:
        places.find_place(110.005, 35.04)
    assert "试县" in refused.value.what and "1 km" in refused.value.why


def test_many_points_at_once_agree_with_one_by_one_and_with_a_plain_search(county):
    rng = random.Random(7)
    lons = np.array([rng.uniform(109.995, 110.025) for _ in range(300)])
    lats = np.array([rng.uniform(34.995, 35.035) for _ in range(300)])
    known = places.directory()
    found = known.locator().find_many(lons, lats)
    shapes = {p.pk: (p.kind, shapely.from_wkb(bytes(p.geometry))) for p in Place.objects.exclude(geometry=None)}
    for lon, lat, place in zip(lons, lats, found, strict=True):
        assert known.locate(lon, lat) == place
        holding = [(kind, id) for id, (kind, shape) in shapes.items() if shape.intersects(shapely.Point(lon, lat))]
        grids = sorted(id for kind, id in holding if kind == "grid1")
        expected = grids[0] if grids else (min(id for _kind, id in holding) if holding else None)
        assert place == expected
