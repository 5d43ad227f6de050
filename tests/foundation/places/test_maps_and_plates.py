"""What pages draw and print."""

import re
from xml.etree import ElementTree

import pytest
import shapely

from gezhi.foundation import db, places
from gezhi.foundation.db import count_queries
from gezhi.foundation.places.plates import PER_SHEET

pytestmark = pytest.mark.django_db


def polygon(path: str) -> shapely.Geometry:
    """An independent reader of the paths: M x y, then relative steps."""
    rings = []
    for piece in path.split("z")[:-1]:
        start, steps = re.fullmatch(r"M(-?\d+ -?\d+)l([-\d ]+)", piece).groups()
        numbers = [int(n) for n in steps.split()]
        points = [tuple(map(int, start.split()))]
        for x, y in zip(numbers[::2], numbers[1::2], strict=True):
            points.append((points[-1][0] + x, points[-1][1] + y))
        rings.append(shapely.Polygon(points))
    return shapely.union_all(rings)


def test_a_map_shows_each_child_in_its_place_north_up(county):
    view = places.map_view(county.willow)
    assert [shape.place_id for shape in view.shapes] == [county.w1, county.w2, county.w3]
    _x, _y, width, height = map(int, view.view_box.split())
    assert width == 1000 and height > 3000  # one hundredth of a degree wide, three high
    drawn = [polygon(shape.path) for shape in view.shapes]
    assert sum(d.area for d in drawn) == pytest.approx(polygon(view.outline).area, rel=0.01)
    for shape, ground in zip(view.shapes, drawn, strict=True):
        assert ground.contains(shapely.Point(shape.centroid))
    assert drawn[0].centroid.y > drawn[2].centroid.y  # the southern grid is drawn below
    assert drawn[1].contains(shapely.Point(view.spot(110.005, 35.015)))
    assert places.map_shapes(county.willow) == view.shapes


def test_a_map_is_kept_until_the_places_change(county, actor):
    with db.revisions.scope():
        places.map_view(county.willow)
        with count_queries() as q:
            places.map_view(county.willow)
        assert q.total == 0
    places.close(county.w3, actor=actor)
    assert len(places.map_view(county.willow).shapes) == 2


def test_a_place_without_outlines_gives_an_empty_map(county):
    view = places.map_view(county.west)
    assert view.shapes == [] and view.outline == "" and not view.sketch


def test_the_county_map_is_small(actor):
    from .test_packs import body

    places.load_pack(body("mengzhou"), actor=actor)
    known = places.directory()
    for id in (known.by_code("410883"), *known.of_kind("town"), *known.of_kind("village")[:20]):
        view = places.map_view(id)
        assert view.sketch and len(view.shapes) == len(known.children(id))
        assert len(view.outline) + sum(len(shape.path) for shape in view.shapes) < 8_000


def test_a_sheet_has_one_label_per_entrance_and_its_code_is_the_door(county, actor):
    five = places.open_place("building", "5 号楼", actor=actor, parent=county.w1, units=3)
    places.open_place("building", "6 号楼", actor=actor, parent=county.w1)
    for number in range(7, 15):
        places.open_place("building", f"{number} 号楼", actor=actor, parent=county.w2)
    sheets = places.sheets(county.willow, "https://gezhi.example/")
    labels = [label for sheet in sheets for label in sheet.labels]
    assert len(labels) == 12 and [len(s.labels) for s in sheets] == [PER_SHEET, 4] and sheets[1].total == 2
    first = labels[0]
    assert (first.building, first.entrance, first.where) == ("5 号楼", "1 单元", "东街道 柳树社区")
    assert first.url == f"https://gezhi.example/b/{places.directory().get(five).qr}"
    assert [label.entrance for label in labels if label.building == "6 号楼"] == [""]
    assert places.sheets(five)[0].labels[2].entrance == "3 单元" and places.sheets(county.b1) == []


def test_the_code_is_one_clean_svg_element():
    svg = places.qr_svg("https://gezhi.example/b/abc2345678")
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg") and "viewBox" in root.attrib and "width" not in root.attrib
    assert "style" not in svg and "<?xml" not in svg and svg != places.qr_svg("https://gezhi.example/b/abc2345679")
