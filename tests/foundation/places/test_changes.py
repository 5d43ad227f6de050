"""Split, merge, absorb, move, re-code, rename, close: with a date, by event, and taken back by another change."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import box

from gezhi.foundation import db, events, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, Refusal
from gezhi.foundation.places import changes, effects, plans, successions
from gezhi.foundation.places.models import Place, PlaceChange, PlaceEdge
from gezhi.foundation.places.plans import Part
from gezhi.foundation.places.shapes import read_shape, shapes_on
from tests.environment import some

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def findings(on=None, layer="governance"):
    return [(f.code, f.place_id) for f in places.check_partition(on or clock.today(), layer)]


def outline(place, on):
    return read_shape(shapes_on(on, [place])[place].wkb)


def halves(low=35.0):
    """The first grid of 柳树 cut from north to south at 110.004."""
    return [
        Part("甲", {"grid": "990101001001011"}, box(110, low, 110.004, low + 0.01)),
        Part("乙", {"grid": "990101001001012"}, box(110.004, low, 110.01, low + 0.01)),
    ]


@pytest.fixture
def building(county, actor):
    return places.open_place("building", "5 号楼", actor=actor, parent=county.w1, point=(110.002, 35.004))


def test_a_grid_is_split_and_what_lies_inside_finds_its_part(county, actor, building):
    plan = plans.split(county.w1, halves())
    assert plan.fine and plan.children == {building: 0} and plan.heirs == {county.w1: (1, 0)}
    change = changes.apply(plan, actor=actor, reason="户数超过五百")
    west, east = change.plan["news"]
    known = places.directory()
    assert not known.open(county.w1) and known.children(county.willow) == (county.w2, county.w3, west, east)
    assert known.parent(building) == west and known.locate(110.002, 35.004) == west
    assert known.locate(110.009, 35.004) == east and known.by_code("990101001001001") is None
    assert findings() == findings(clock.today() - DAY) == []
    assert places.directory(on=clock.today() - DAY).locate(110.009, 35.004) == county.w1
    assert (
        successions.successor(county.w1) == east and successions.successor(county.w1, point=(110.001, 35.001)) == west
    )
    assert change.state == "done" and events.verify().findings == []
    closed = events.history(f"place:{county.w1}")[-1]
    assert closed.kind == "place.closed" and closed.patch["into"] == [east, west]


def test_a_split_with_a_later_date_turns_on_that_day(county, actor, building):
    tomorrow = clock.today() + DAY
    change = changes.apply(plans.split(county.w1, halves(), on=tomorrow), actor=actor)
    west, _east = change.plan["news"]
    assert change.state == "planned" and places.directory().open(county.w1)
    assert places.directory().parent(building) == county.w1 and places.directory().locate(110.002, 35.004) == county.w1
    then = places.directory(on=tomorrow)
    assert then.parent(building) == west and not then.open(county.w1)
    assert findings() == findings(tomorrow) == []
    assert not effects.take_effect(change.pk) and PlaceChange.objects.get().state == "planned"


def test_lists_decide_where_there_is_no_outline(county, actor):
    village = places.open_place("village", "无图村", actor=actor, parent=county.town)
    grid = places.open_place("grid1", "全村网格", actor=actor, parent=village)
    houses = [places.open_place("building", f"{n} 号楼", actor=actor, parent=grid) for n in (1, 2, 3)]
    short = plans.split(grid, [Part("东", members=frozenset(houses[:1])), Part("西", members=frozenset(houses[1:2]))])
    assert not short.fine and "3 号楼" in short.problems[0]
    plan = plans.split(grid, [Part("东", members=frozenset(houses[:1])), Part("西", members=frozenset(houses[1:]))])
    assert plan.fine and plan.heirs == {grid: (1, 0)}
    change = changes.apply(plan, actor=actor)
    east, west = change.plan["news"]
    assert places.directory().children(west) == tuple(houses[1:]) and places.directory().children(east) == (houses[0],)
    assert findings() == []


def test_two_villages_become_one_and_their_grids_keep_their_ground(county, actor):
    part = Part("柳湾村民委员会", {"stats": "990101001202"})
    plan = plans.merge([county.willow, county.bend], part)
    alike = places.directory().get(county.w1).name
    assert alike == places.directory().get(county.b1).name
    assert [
        note for note in plan.notes if f"2 个“{alike}”" in str(note)
    ]  # read before it is done: they are to be told apart
    change = changes.apply(plan, actor=actor, reason="合村并居")
    (village,) = change.plan["news"]
    known = places.directory()
    assert set(known.children(village)) == {county.w1, county.w2, county.w3, county.b1, county.b2, county.b3}
    assert known.path(county.b2) == (county.county, county.town, village, county.b2)
    # Names may repeat now: the grids of the two villages were both numbered from one; codes do not.
    assert findings() == findings(clock.today() - DAY) == []
    assert events.verify().findings == []


def test_a_neighbour_takes_a_place_in_and_its_outline_grows_from_that_day(county, actor):
    tomorrow = clock.today() + DAY
    change = changes.apply(plans.absorb([county.w1], county.w2, on=tomorrow), actor=actor)
    assert change.plan["news"] == [county.w2]
    assert findings() == findings(tomorrow) == []
    assert places.directory().locate(110.005, 35.005) == county.w1
    assert places.directory(on=tomorrow).locate(110.005, 35.005) == county.w2
    later = places.map_view(county.willow, on=tomorrow)
    assert len(later.shapes) == 2 and len(places.map_view(county.willow).shapes) == 3


def test_a_border_between_neighbours_is_redrawn(county, actor):
    parts = [
        Part("南", geometry=box(110, 35, 110.01, 35.005)),
        Part("北", geometry=box(110, 35.005, 110.01, 35.02)),
    ]
    plan = plans.regroup("redraw", [county.w1, county.w2], parts)
    assert plan.fine and plan.heirs[county.w2] == (1,) and set(plan.heirs[county.w1]) == {0, 1}
    changes.apply(plan, actor=actor)
    assert findings() == []


def test_a_village_goes_to_another_town_with_its_ground(county, actor):
    places.set_shape(county.town, box(110, 35, 110.02, 35.03), actor=actor)
    places.set_shape(county.west, box(110.02, 35, 110.03, 35.03), actor=actor)
    places.set_shape(county.county, box(110, 35, 110.03, 35.03), actor=actor)
    places.open_place(
        "village", "山口村", actor=actor, parent=county.west, on=county.since, geometry=box(110.02, 35, 110.03, 35.03)
    )
    changes.apply(plans.move([county.bend], county.west), actor=actor)
    assert places.directory().path(county.b1).town_id == county.west
    assert findings() == findings(clock.today() - DAY) == []
    assert events.verify().findings == []


def test_codes_change_with_those_inside_and_may_be_swapped(county, actor):
    plan = plans.recode({county.willow: {"stats": "990101001003"}})
    changes.apply(plan, actor=actor)
    known = places.directory()
    assert known.by_code("990101001003002") == county.w2 and known.by_code("990101001001002") is None
    assert places.directory(on=clock.today() - DAY).by_code("990101001001002") == county.w2
    swap = plans.recode({county.w1: {"grid": "990101001003002"}, county.w2: {"grid": "990101001003001"}})
    changes.apply(swap, actor=actor)
    assert places.directory().by_code("990101001003002") == county.w1
    assert not plans.recode({county.w3: {"grid": "990101001003001"}}).fine


def test_a_name_changes_on_its_day_and_the_day_before_keeps_the_old_one(county, actor):
    tomorrow = clock.today() + DAY
    changes.apply(plans.rename(county.w1, "码头网格", on=tomorrow), actor=actor)
    assert places.directory().get(county.w1).name == "第 1 网格"
    assert places.directory(on=tomorrow).get(county.w1).name == "码头网格"
    assert "码头网格" in str(Place.objects.get(pk=county.w1))
    with pytest.raises(Invalid):
        changes.apply(plans.rename(county.w1, "渡口网格"), actor=actor)
    places.rename(county.w2, "河边", actor=actor)
    places.rename(county.w2, "河沿", actor=actor)
    assert places.directory().get(county.w2).name == "河沿"
    assert places.directory(on=clock.today() - DAY).get(county.w2).name == "第 2 网格"


def test_what_is_wrong_is_said_with_names_and_areas_and_nothing_is_written(county, actor, building):
    before = (Place.objects.count(), events.Event.objects.count())
    gap = plans.split(county.w1, [Part("甲", geometry=box(110, 35, 110.003, 35.01)), halves()[1]])
    assert any("不属于甲、乙" in words and "公顷" in words for words in gap.problems)
    over = plans.split(county.w1, [Part("甲", geometry=box(110, 35, 110.006, 35.01)), halves()[1]])
    assert any("“甲”和“乙”重叠" in words for words in over.problems)
    out = plans.split(county.w1, [halves()[0], Part("乙", geometry=box(110.004, 35, 110.012, 35.01))])
    assert any("“乙”超出“第 1 网格”" in words for words in out.problems)
    for plan in (
        gap,
        plans.split(county.w1, halves()[:1]),
        plans.split(county.w1, [Part("第 2 网格"), Part("乙")]),
        plans.split(county.w1, [Part("乙"), Part("乙")]),
        plans.split(county.county, [Part("东县"), Part("西县")]),
        plans.merge([county.w1, county.b1], Part("新")),
        plans.merge([county.w1, county.willow], Part("新")),
        plans.merge([county.w1], Part("新")),
        plans.absorb([county.w1], county.w1),
        plans.move([county.willow], county.bend),
        plans.close(county.willow),
        plans.rename(county.w1, "第 2 网格"),
        plans.split(10**9, halves()),
    ):
        assert plan.problems, plan.kind
        with pytest.raises(Refusal) as refused:
            changes.apply(plan, actor=actor)
        assert refused.value.code == "place.plan"
    assert (Place.objects.count(), events.Event.objects.count()) == before


def test_lines_drawn_by_hand_are_fitted_to_the_old_border(county, actor):
    rough = [
        Part("甲", geometry=box(109.99999, 34.99998, 110.004, 35.01)),
        Part("乙", geometry=box(110.00402, 35, 110.01001, 35.01001)),
    ]
    plan = plans.split(county.w1, rough)
    assert plan.fine and "已经贴合" in plan.notes[0]
    changes.apply(plan, actor=actor)
    assert findings() == []


def test_a_plan_seen_before_somebody_else_acted_is_refused(county, actor):
    first, second = plans.split(county.w1, halves()), plans.absorb([county.w1], county.w2)
    changes.apply(first, actor=actor)
    with pytest.raises(Conflict) as refused:
        changes.apply(second, actor=actor)
    assert refused.value.code == "place.plan_stale"


def test_nothing_begins_in_the_past_and_only_who_manages_places_there_may(county, actor):
    with pytest.raises(Invalid) as refused:
        changes.apply(plans.split(county.w1, halves(), on=clock.today() - DAY), actor=actor)
    assert refused.value.code == "place.date"
    with pytest.raises(NotAllowed):
        changes.apply(plans.split(county.w1, halves()), actor=people.resident("x"))


def test_taking_back_is_another_change_and_the_first_stays_in_the_record(county, actor, building):
    first = changes.apply(plans.split(county.w1, halves()), actor=actor)
    back = changes.apply(changes.undoing(first.pk), actor=actor, undoes=first.pk)
    (again,) = back.plan["news"]
    known = places.directory()
    assert known.get(again).name == "第 1 网格" and known.by_code("990101001001001") == again != county.w1
    assert known.parent(building) == again and not known.open(county.w1)
    assert successions.successor(county.w1) == again
    assert PlaceChange.objects.count() == 2 and findings() == [] and events.verify().findings == []
    assert not plans.move([county.w3], county.bend).fine  # there is another 第 3 网格
    places.rename(county.w3, "河头网格", actor=actor)
    for plan in (plans.rename(county.w2, "渡口"), plans.move([county.w3], county.bend), plans.recode(
        {county.b1: {"grid": "990101001201099"}}
    )):  # fmt: skip
        done = changes.apply(plan, actor=actor)
        changes.apply(changes.undoing(done.pk), actor=actor, undoes=done.pk)
    known = places.directory()
    assert known.get(county.w2).name == "第 2 网格" and known.parent(county.w3) == county.willow
    assert known.by_code("990101001201001") == county.b1 and findings() == []


def test_a_closed_place_hands_over_to_the_one_above(county, actor, building):
    changes.apply(plans.close(building), actor=actor)
    assert successions.successor(building) == county.w1


def test_unit_grids_follow_a_village_that_is_split(county, actor):
    unit = places.open_place(
        "grid1", "单元", actor=actor, parent=county.willow, layer="unit", geometry=box(110, 35, 110.01, 35.01)
    )
    parts = [
        Part("柳南社区", {}, box(110, 35, 110.01, 35.01)),
        Part("柳北社区", {}, box(110, 35.01, 110.01, 35.03)),
    ]
    change = changes.apply(plans.split(county.willow, parts), actor=actor)
    south, north = change.plan["news"]
    known = places.directory()
    assert known.parent(unit, "unit") == south and known.children(north) == (county.w2, county.w3)
    assert findings() == []


@contextmanager
def taken_back():
    """One example leaves nothing to the next."""
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        revisions.forget()


steps = st.lists(
    st.tuples(
        st.sampled_from(["split", "merge", "absorb", "recode", "move", "undo", "rename"]),
        st.integers(0, 30),
        st.integers(0, 30),
        st.integers(0, 3),
    ),
    max_size=7,
)


@settings(max_examples=some(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_any_sequence_of_changes_keeps_the_partition_and_one_parent_on_every_date(county, actor, steps):
    """Splits, merges, moves, codes, undone changes, on any days: on each date the outlines divide their parents."""
    before = places.directory().children(county.willow)
    with taken_back():
        _any_sequence(county, actor, steps)
    assert places.directory().children(county.willow) == before  # the next sequence begins with the same county


def _any_sequence(county, actor, steps):
    start, made = clock.today(), []
    for number, (act, a, b, days) in enumerate(steps):
        on = start + timedelta(days=days)
        known = places.directory(on=on)
        grids = [g for v in (county.willow, county.bend) for g in known.children(v)]
        one, two = grids[a % len(grids)], grids[b % len(grids)]
        try:
            if act == "split":
                west, south, east, north = outline(one, on).bounds
                middle = west + (east - west) * (1 + b % 3) / 4
                whole = outline(one, on)
                parts = [
                    Part(f"西{number}", geometry=whole.intersection(box(west, south, middle, north))),
                    Part(f"东{number}", geometry=whole.intersection(box(middle, south, east, north))),
                ]
                plan = plans.split(one, parts, on=on)
            elif act == "merge":
                plan = plans.merge([one, two], Part(f"合{number}", {"grid": f"9901010010019{number:02d}"}), on=on)
            elif act == "absorb":
                plan = plans.absorb([one], two, on=on)
            elif act == "recode":
                plan = plans.recode({one: {"grid": f"9901010010018{b:02d}"}}, on=on)
            elif act == "move":
                with db.attempt():  # both villages number their grids from one
                    changes.apply(plans.rename(one, f"迁{number}", on=on), actor=actor)
                plan = plans.move([one], (county.willow, county.bend)[b % 2], on=on)
            elif act == "rename":
                plan = plans.rename(one, f"名{number}", on=on)
            elif made:
                plan = changes.undoing(made[a % len(made)], on=on)
            else:
                continue
            with db.attempt():
                made.append(changes.apply(plan, actor=actor).pk)
        except Refusal:
            continue
    for day in range(-1, 6):
        on = start + timedelta(days=day)
        assert findings(on) == []
        known = places.directory(on=on)
        seen = {}
        rows = PlaceEdge.objects.values_list("child_id", "parent_id", "layer", "since", "until")
        for child, parent, layer, since, until in rows:
            if since <= on and (until is None or on < until):
                assert (child, layer) not in seen
                seen[child, layer] = parent
                assert known.parent(child, layer) == parent
        open_grids = {g for v in (county.willow, county.bend) for g in known.children(v)}
        for lon, lat in ((110.0011, 35.0011), (110.0083, 35.0142), (110.0147, 35.0279)):
            assert known.locate(lon, lat) in open_grids
    assert [f for f in events.verify().findings if f.code != "state.behind"] == []


def test_a_line_cuts_a_place_in_two(county):
    from gezhi.foundation.places.fitting import cut_by_line

    pieces = cut_by_line(box(110, 35, 110.01, 35.01), [(110.0049, 35.002), (110.0051, 35.008)])
    assert len(pieces) == 2 and sum(piece.area for piece in pieces) == pytest.approx(1e-4)
    assert len(cut_by_line(box(110, 35, 110.01, 35.01), [(111, 35), (111, 36)])) == 1
