"""M155 四级责任格局: each duty at exactly one level; escalation follows the tree."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import Case
from gezhi.foundation import packs, people
from gezhi.foundation.errors import Flawed, NotFound
from gezhi.foundation.people import actions
from gezhi.foundation.people.tree_view import responsible, tree_at
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism
from tests.world import PACKS

pytestmark = mechanism("M155", file="packs/zhongzhan-district/trees/responsibility.yaml")
TREE = "zhongzhan-duties"
LEVELS = [
    ("star_committee", "star_district", "county", "区委", "coordinate"),
    ("star_force", "star_task_force", "county", "创建专班", "promote"),
    ("star_street_work", "star_street", "east", "东街党工委", "build"),
    ("star_village_work", "star_village", "lake", "湖滨党组织", "implement"),
]


@pytest.fixture
def district(county):
    world = county("zhongzhan-district")
    world.levels, parent = {}, None
    for kind, post, place, name, _duty in LEVELS:
        row = actions.NewBranch(kind, name, kind, world.places[place], parent)
        parent = actions.add_branch(TREE, row, actor=SETUP)
        seat = actions.open_seat(post, world.places[place], actor=SETUP, organisation_id=parent)
        actions.appoint(seat, world.person(f"{name}的人"), actor=SETUP)
        world.levels[kind] = (parent, seat)
    return world


def test_each_duty_is_at_exactly_one_level(district):
    levels = {level["kind"] for level in tree_at(TREE).shape["levels"]}
    duties = tree_at(TREE).shape["duties"]
    assert {duty["level"] for duty in duties} == levels and len(duties) == len({duty["code"] for duty in duties}) == 4
    for kind, _post, _place, _name, duty in LEVELS:
        organisation, seat = responsible(TREE, duty, district.places["lake"])
        assert (organisation.id, seat) == district.levels[kind]
    with pytest.raises(NotFound):
        responsible(TREE, "implement", district.places["hill"])  # no branch there yet: said, not guessed


def test_a_duty_written_at_two_levels_is_refused_with_its_line(tmp_path):
    for name in ("standard-county", "zhongzhan-district"):
        (tmp_path / name).mkdir()
        for file in (PACKS / name).rglob("*"):
            if file.is_file():
                target = tmp_path / name / file.relative_to(PACKS / name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
    tree = tmp_path / "zhongzhan-district" / "trees" / "responsibility.yaml"
    lines = tree.read_text(encoding="utf-8").splitlines()
    lines.append("  - {code: build, title: {zh: 高效抓创建}, level: star_force}")
    tree.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(Flawed) as flawed:
        packs.load(tmp_path / "zhongzhan-district")
    (problem,) = flawed.value.problems
    assert (problem.code, problem.line) == ("tree.duty_twice", len(lines))


def test_what_is_late_climbs_the_tree_one_level_a_step(district, at_ten):
    case = district.open(
        "创建环境整治，月底前完成。", place="lake", workflow="star", by="湖滨党组织的人", channel="counter"
    )
    seats = [district.levels[kind][1] for kind, *_rest in LEVELS]
    village, street, force, top = reversed(seats)
    assert district.main(case).owner_seat == village
    climbed = []
    for _day in range(30):
        at_ten.shift(timedelta(days=1))
        ticking.tick()
        now_with = Case.objects.get(pk=case.id).supervised_by
        if now_with and now_with not in climbed:
            climbed.append(now_with)
    assert climbed == [street, force, top]
    # The same way the tree goes, seat by seat.
    directory = people.directory()
    assert [directory.above(seat) for seat in (village, street, force)] == climbed
    way = [step.organisation.id for step in tree_at(TREE).way_up(district.levels["star_village_work"][0])]
    assert [directory.seat(seat).organisation_id for seat in (village, *climbed)] == way


def test_an_empty_level_is_answered_for_by_the_one_above(district):
    _org, street = district.levels["star_street_work"]
    actions.vacate(street, actor=SETUP)
    assert people.directory().effective(street).persons == (district.people["创建专班的人"],)
