"""Places packs: what they say is what is there; a flawed one is refused with line and words."""

import io
from collections import Counter
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from gezhi.foundation import packs, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Flawed
from gezhi.foundation.packs.reading import Context
from gezhi.foundation.places.generate import plan
from gezhi.foundation.places.models import Place
from gezhi.foundation.places.spec import check_spec, read_spec

PACKS = Path(__file__).parents[3] / "packs"


def body(name):
    return packs.load(PACKS / name).get("places").body


@pytest.mark.django_db
def test_mengzhou_is_loaded_as_written_and_again_without_effect(actor):
    loaded = places.load_pack(body("mengzhou"), actor=actor)
    known = places.directory()
    streets = [known.by_code(f"41088300{i}") for i in "1234"]
    inside = [known.get(id) for street in streets for id in known.descendants(street)]
    assert len([p for p in inside if p.kind == "grid1"]) == 92
    assert len([p for p in inside if p.kind == "grid2"]) == loaded.grids["grid2"] == 618
    outside = [v for v in known.of_kind("village") if known.at_level(v, "town") not in streets]
    assert {len(known.grids_under(village)) for village in outside} == {1, 2, 3}
    assert len(known.of_kind("village")) == 289 and loaded.created == Place.objects.count()
    assert places.check_partition(known.on) == []
    assert all(p.sketch for p in inside if p.kind != "village" or p.point)
    again = places.load_pack(body("mengzhou"), actor=actor)
    assert (again.created, again.changed, again.county_id) == (0, 0, loaded.county_id)


@pytest.mark.django_db
def test_staff_is_wanted_where_the_pack_says(actor):
    places.load_pack(body("mengzhou"), actor=actor)
    wanted = places.staffing(body("mengzhou"))
    total = Counter()
    for staff in wanted:
        total[staff.post] += staff.count
    assert (total["grid_head"], total["grid_worker"]) == (92, 92)
    assert total["micro_grid_head"] + total["micro_grid_member"] == 1854
    known = places.directory()
    staffed = {s.place_id for s in wanted}
    assert all(staffed & {id, *known.ancestors(id)} for id in known.grids_under(known.by_code("410883")))


def test_a_plan_is_the_same_every_time():
    spec = read_spec(body("songxi"))
    one, other = plan(spec), plan(spec)
    assert [(p.name, p.codes, p.geometry, p.qr) for p in one] == [(p.name, p.codes, p.geometry, p.qr) for p in other]
    codes = [code for place in one for code in place.codes.values()]
    assert len(codes) == len(set(codes))


GOOD = """\
county: "350724"
seed: 1
opened_on: 2024-01-01
outline: {centre: [118.785, 27.526], area_km2: 12}
grids:
  - villages: ["350724001001", "350724001002"]
    levels:
      - {kind: grid1, total: 3}
      - {kind: grid2, each: [1, 2], name: "第 {n1}-{n2} 网格", staff: {grid_worker: 1}}
"""
FLAWS = [
    ('county: "350724"', 'county: "000000"', 1, "places.county"),
    ('county: "350724"', 'conty: "350724"', 1, "pack.key"),
    ("opened_on: 2024-01-01", "opened_on: 昨天", 3, "places.date"),
    ("[118.785, 27.526]", "[118.785]", 4, "places.outline"),
    ("[118.785, 27.526]", "[27.526, 118.785]", 4, "places.outline"),
    ("area_km2: 12", "area_km2: -1", 4, "places.outline"),
    ('"350724001002"', '"350724001001"', 6, "places.twice"),
    ('"350724001002"', '"410883001001"', 6, "places.village"),
    ('villages: ["350724001001", "350724001002"]', 'towns: ["410883001"]', 6, "places.town"),
    ("total: 3", "total: 1", 8, "pack.type"),
    ("total: 3", "total: 3, each: [1, 2]", 8, "places.count"),
    ("each: [1, 2]", "each: [2, 1]", 9, "places.span"),
    ("each: [1, 2]", "each: many", 9, "pack.type"),
    ("kind: grid2", "kind: grid3", 9, "places.level"),
    ("{n1}-{n2}", "{n1}-{0}", 9, "places.name"),
    ("{grid_worker: 1}", "{grid_walker: 1}", 9, "places.post"),
    ("{grid_worker: 1}", "{grid_worker: -1}", 9, "pack.type"),
]


def checked(text):
    context = Context("places.yaml", shared={"posts": {"grid_worker": {}}})
    check_spec(YAML(typ="rt", pure=True).load(io.StringIO(text)), context)
    return context.problems


def test_a_good_pack_has_no_problem():
    assert checked(GOOD) == []


@pytest.mark.parametrize(("old", "new", "line", "code"), FLAWS)
def test_a_flaw_is_named_with_its_line(old, new, line, code):
    assert GOOD.count(old) == 1
    problems = checked(GOOD.replace(old, new))
    assert (line, code) in {(p.line, p.code) for p in problems}
    assert all(str(p.words) for p in problems)


UNITS = 'unit_grids: {towns: ["350724001"], each: [2, 3], name: "{n} 号单元网格"}\n'


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("350724001", "350724999", "places.town"),
        ("[2, 3]", "[3, 2]", "places.span"),
        ("{n}", "{n1}", "places.unit_name"),
    ],
)
def test_a_flaw_in_the_second_layer_is_named_with_its_line(old, new, code):
    assert (10, code) in {(p.line, p.code) for p in checked(GOOD + UNITS.replace(old, new))}
    assert not checked(GOOD + UNITS)


@pytest.mark.django_db
def test_unit_grids_cover_their_villages_a_second_time_and_leave_the_other_layer_as_it_was(actor):
    load = YAML(typ="safe", pure=True).load
    alone = {p.codes["grid"]: p.geometry for p in plan(read_spec(load(GOOD))) if "grid" in p.codes}
    both = plan(read_spec(load(GOOD + UNITS)))
    assert alone == {p.codes["grid"]: p.geometry for p in both if "grid" in p.codes}
    loaded = places.load_pack(load(GOOD + UNITS), actor=actor)
    assert loaded.grids["grid1"] == 3  # of the governance layer
    known = places.directory()
    village = known.by_code("350724001001")
    unit = [known.by_code(f"35072400100100{n}", "unit") for n in (1, 2)]
    assert all(known.parent(id, "unit") == village and known.parent(id) is None for id in unit)
    assert not places.check_partition(clock.today(), "unit", codes=True)
    point = known.get(unit[0]).point
    assert known.locate(*point, "unit") == unit[0] and known.locate(*point) not in unit


@pytest.mark.django_db
def test_buildings_lie_in_their_grid_and_have_a_plate_of_their_own(actor):
    node = YAML(typ="safe", pure=True).load(GOOD + "buildings: {villages: communities, each: [3, 9], units: [1, 4]}\n")
    loaded = places.load_pack(node, actor=actor)
    known = places.directory()
    buildings = [known.place(id) for id in known.of_kind("building")]
    assert len(buildings) == loaded.buildings >= 3 * loaded.grids["grid2"]
    assert len({b.qr for b in buildings}) == len(buildings)
    for building in buildings:
        assert known.locate(*building.point) == building.parent_id and 1 <= building.units <= 4
        assert known.by_qr(building.qr) == building.id
        assert int(known.place(known.at_level(building.id, "village")).code[-3:]) < 200  # a community


@pytest.mark.django_db
def test_a_flawed_pack_loads_nothing(actor):
    node = YAML(typ="safe", pure=True).load(GOOD.replace("each: [1, 2]", "each: [2, 1]"))
    with pytest.raises(Flawed):
        places.load_pack(node, actor=actor)
    assert not Place.objects.exists()
