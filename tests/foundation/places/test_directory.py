"""The picture in memory: looking up, climbing, dates."""

from datetime import date, timedelta

import pytest
import time_machine

from gezhi.foundation import db, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.places.snapshot import short_name

pytestmark = pytest.mark.django_db


def test_a_place_is_found_by_id_code_name_and_knows_its_path(county):
    known = places.directory()
    assert known.path(county.w2) == (county.county, county.town, county.willow, county.w2)
    assert known.path(county.town) == (county.county, county.town, None, None)
    assert known.ancestors(county.w2)[:3] == (county.willow, county.town, county.county)
    assert known.at_level(county.w2, "town") == county.town and known.at_level(county.town, "village") is None
    assert known.by_code("990101001001002") == county.w2
    assert known.by_code("990101001000") == known.by_code("990101001") == county.town
    assert known.by_code("990101000000") == county.county and known.by_code("990100000000") == known.by_code("9901")
    assert known.by_code("123456789012") is None and known.by_code("") is None
    assert known.by_name("柳树社区") == known.by_name(" 柳树居民委员会 ") == [county.willow]
    assert known.by_name("第 2 网格", within=county.bend) == [county.b2]
    assert known.get(county.w2).parent_id == county.willow and known.get(10**9) is None
    assert known.label(county.w2) == "东街道 柳树社区 第 2 网格" and known.label(county.county) == "试县"


def test_children_and_grids_are_open_ones_in_order_of_their_codes(county):
    known = places.directory()
    assert known.children(county.town) == (county.willow, county.bend)
    assert known.grids_under(county.town) == [county.w1, county.w2, county.w3, county.b1, county.b2, county.b3]
    assert known.grids_under(county.b3) == [county.b3] and known.grids_under(county.west) == []
    assert known.of_kind("village") == [county.willow, county.bend]
    assert known.is_within(county.b1, county.town) and not known.is_within(county.b1, county.willow)


def test_one_revision_is_loaded_once_and_costs_no_query_after(county):
    with db.revisions.scope():
        first = places.directory()
        first.locate(110.005, 35.005)
        with count_queries() as q:
            assert places.directory() is first
            first.locate(110.015, 35.025)
        assert q.total == 0


def test_a_change_is_seen_by_the_next_reader(county, actor):
    before = places.directory()
    places.rename(county.w1, "码头网格", actor=actor)
    assert before.get(county.w1).name == "第 1 网格"
    assert places.directory().get(county.w1).name == "码头网格"


def test_a_change_with_a_later_date_comes_into_force_on_that_day(county, actor):
    tomorrow = clock.today() + timedelta(days=1)
    places.move(county.b3, county.willow, actor=actor, on=tomorrow)
    places.close(county.w3, actor=actor, on=tomorrow)
    today = places.directory()
    assert today.parent(county.b3) == county.bend and today.open(county.w3)
    assert places.directory(on=tomorrow).parent(county.b3) == county.willow
    with time_machine.travel(clock.now() + timedelta(days=1)):
        later = places.directory()
        assert later.parent(county.b3) == county.willow and not later.open(county.w3)
        assert county.w3 not in later.children(county.willow)
    assert places.directory(on=date(1999, 1, 1)).open(county.county) is False


@pytest.mark.parametrize(
    ("official", "spoken"),
    [
        ("迎秀居民委员会", "迎秀社区"),
        ("马桥村民委员会", "马桥村"),
        ("东关村村民委员会", "东关村"),
        ("东门社区居委会", "东门社区"),
        ("东门村委会", "东门村"),
        ("居委会", "居委会"),
        ("第 1 网格", "第 1 网格"),
    ],
)
def test_names_as_people_say_them(official, spoken):
    assert short_name(official) == spoken
