"""Official divisions: shipped facts, imported as often as one likes."""

import csv

import pytest

from gezhi.foundation import events, places
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Invalid, NotFound
from gezhi.foundation.places.divisions import outlines, shipped, within
from gezhi.foundation.places.models import Place, PlaceCode

from .conftest import DIVISIONS


def test_the_shipped_list_has_the_counts_of_its_source():
    rows = shipped().values()
    villages = [row for row in within("410883") if row.level == "village"]
    assert len([r for r in rows if r.code.startswith("4108") and r.level == "county"]) == 11
    assert len([r for r in rows if r.code.startswith("4108") and r.level == "village"]) == 2024
    assert len([r for r in within("410883") if r.level == "town"]) == 11 and len(villages) == 289
    assert all(row.parent in shipped() for row in rows if row.level != "province")


def test_county_outlines_are_valid_and_apart():
    shapes = list(outlines().values())
    assert all(shape.is_valid for shape in shapes) and len(shapes) == 10


@pytest.mark.django_db
def test_a_county_is_imported_with_what_lies_above_it_and_again_without_effect(actor):
    first = places.import_divisions("350724", actor=actor)
    assert (first.created, first.changed) == (len(within("350724")), first.created)
    before = events.Event.objects.count()
    again = places.import_divisions("350724", actor=actor)
    assert (again.changed, again.same) == (0, first.created) and again.ids == first.ids
    assert events.Event.objects.count() == before == first.created
    known = places.directory()
    assert known.label(known.by_code("350724001001"), since="province") == "福建省 南平市 松溪县 松源街道 东门社区"
    assert events.verify().findings == []


@pytest.mark.django_db
def test_all_of_it_takes_few_queries(actor):
    with count_queries() as q:
        brought = places.import_divisions(actor=actor)
    assert brought.created == len(shipped()) == Place.objects.count() == PlaceCode.objects.count()
    assert q.total < brought.created / 20


@pytest.mark.django_db
def test_a_new_name_and_a_new_parent_are_taken_over(county, actor):
    rows = [dict(row) for row in DIVISIONS]
    rows[6]["name"] = "河湾社区居委会"
    rows[6]["parent"] = "990101100"
    brought = places.import_divisions(actor=actor, rows=rows)
    assert (brought.created, brought.renamed, brought.moved, brought.same) == (0, 1, 1, len(rows) - 1)
    known = places.directory()
    assert known.get(county.bend).name == "河湾社区居委会" and known.parent(county.bend) == county.west
    assert known.path(county.b1).town_id == county.west
    assert events.verify().findings == []


BAD = [
    [],
    [{"code": "9x", "name": "省", "parent": "", "level": "province"}],
    [{"code": "97", "name": "省", "parent": "", "level": "galaxy"}],
    [{"code": "97", "name": "", "parent": "", "level": "province"}],
    [{"code": "97", "name": "省", "parent": "98", "level": "province"}],
    [{"code": "9701", "name": "市", "parent": "97", "level": "city"}],
    [{"code": "97", "name": "省", "parent": "", "level": "province"}] * 2,
    [
        {"code": "97", "name": "省", "parent": "", "level": "province"},
        {"code": "970101", "name": "县", "parent": "97", "level": "county"},
    ],
]


@pytest.mark.django_db
@pytest.mark.parametrize("rows", BAD)
def test_a_list_with_a_bad_row_is_refused_whole(actor, rows):
    with pytest.raises(Invalid) as refused:
        places.import_divisions(actor=actor, rows=rows)
    assert refused.value.code == "place.rows" and not Place.objects.exists()


@pytest.mark.django_db
def test_an_unknown_county_is_not_found(actor):
    with pytest.raises(NotFound) as refused:
        places.import_divisions("999999", actor=actor)
    assert "999999" in refused.value.what


def test_the_file_is_sorted_and_without_duplicates():
    from gezhi.foundation.places.divisions import DATA

    with (DATA / "divisions.csv").open(encoding="utf-8", newline="") as source:
        codes = [row["code"] for row in csv.DictReader(source)]
    assert codes == sorted(set(codes))
