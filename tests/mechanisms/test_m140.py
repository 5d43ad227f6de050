"""M140 繁星计划: five rubrics, one engine; every point cites a record; weights sum to 1; who is of two kinds is scored apart.

M022: four rubrics by data only; a family counts once in its grid. M047: the contest's score does not hang on who judged first.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine

from gezhi.engines.appraisals import awarding, marking, rounds
from gezhi.engines.appraisals.models import Result
from gezhi.engines.appraisals.schema import rubric
from gezhi.foundation import people, subjects
from gezhi.foundation.errors import Conflict, NotAllowed
from tests.engines.appraisals.scene import NEW_YEAR
from tests.mechanisms import mechanism
from tests.mechanisms.roll import person
from tests.world import World

SYSTEM = people.system("test")
JOINED, DID = date(2026, 2, 1), date(2026, 6, 1)


@pytest.fixture
def began(db):
    with time_machine.travel("2026-12-01T02:00:00+00:00", tick=False) as traveller:
        yield traveller


def who(world, kind, name, place="lake1"):
    return subjects.add(kind, {"name": name}, actor=SYSTEM, place_id=world.places[place], since=date(2026, 1, 1)).pk


def enter(register, subject, values, on=DID):
    return subjects.enter(register, subject, values, actor=SYSTEM, since=on)


def sealed(world, row, clock, by="赵兰", at=NEW_YEAR):
    clock.move_to(at)
    return rounds.seal(row.pk, actor=world.actor(by))


def sign(world, row, subject, points, by="赵兰"):
    marking.judge(row.pk, subject, "word", points, actor=world.actor(by), words="平时看的")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(n, k, marks=mechanism("M140", file=f"packs/minzhu-street/rubrics/bright_{n}.yaml"), id=n)
        for n, k in (("resident", "person"), ("member", "person"), ("courtyard", "asset"), ("merchant", "organisation"))
    ],
)
def test_every_point_cites_its_record_and_two_kinds_are_scored_apart(began, name, kind):
    world = World("minzhu-street")
    known = rubric(f"bright_{name}")
    assert sum(Decimal(item["weight"]) for item in known.items) == 1
    one = person(world, 1).pk if kind == "person" else who(world, kind, "一家")
    away = person(world, 2).pk if kind == "person" else who(world, kind, "另一家")
    for subject, joined in ((one, True), (away, False)):
        enter(f"bright_{name}", subject, {"joined": joined}, JOINED)
    lines = [
        enter(f"bright_{name}_deed", one, {"what": what, "points": points}).pk
        for what, points in (("扫雪", 10), ("调解", 8))
    ]
    enter(f"bright_{name}_deed", one, {"what": "去年的事", "points": 10}, date(2025, 12, 31))
    if kind == "person":  # the same person in the other kind: another rubric, another round, another score
        enter(
            f"bright_{'member' if name == 'resident' else 'resident'}_deed", one, {"what": "别的身份做的", "points": 10}
        )
    row = rounds.open_round(f"bright_{name}", world.places["lake"], "2026", actor=world.actor("赵兰"))
    sign(world, row, one, 90)
    sealed(world, row, began)
    found = {result.subject_id: result for result in Result.objects.filter(round=row)}
    assert set(found) == {one}  # who does not take part of free will is not scored
    assert Decimal(found[one].score) == Decimal("46.8")  # 18 × 0.6 + 90 × 0.4
    cited = {line["item"]: line["records"] for line in found[one].lines}
    assert cited["deeds"] == [f"entry:{pk}" for pk in lines] and cited["word"] == [f"mark:{row.pk}-1"]


@mechanism("M140", file="packs/minzhu-street/rubrics/bright_grid.yaml")
def test_a_grid_is_scored_by_what_became_of_its_matters(began):
    world = World("minzhu-street")
    known = rubric("bright_grid")
    assert sum(Decimal(item["weight"]) for item in known.items) == 1 and known.band("star") == "繁星"
    row = rounds.open_round("bright_grid", world.places["lake"], "2026", actor=world.actor("赵兰"))
    for n in range(5):
        world.to_closed(world.open(f"事 {n}"))
    sign(world, row, world.places["lake2"], 100, by="赵兰")
    sealed(world, row, began)
    found = {r.subject_id: r for r in Result.objects.filter(round=row)}
    lake1, lake2 = found[world.places["lake1"]], found[world.places["lake2"]]
    assert (Decimal(lake1.score), lake1.band) == (60, "star")  # all five on time: 100 × 0.6, nothing signed
    assert lake1.lines[0]["records"][0].startswith("figure:measure=closed_on_time_rate")
    assert (Decimal(lake2.score), lake2.band) == (40, "none")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=mechanism("M022", file=f"packs/xinxing-community/rubrics/unit_{n}.yaml"), id=n)
        for n in ("branch", "member", "family", "grid")
    ],
)
def test_four_rubrics_by_data_and_a_family_counts_once_in_its_grid(began, name):
    world = World("xinxing-community")
    kind = {"branch": "organisation", "member": "person", "family": "living_household"}.get(name, "living_household")
    place = "lake" if kind == "organisation" else "lake1"
    register = f"unit_{name}" if name != "grid" else "unit_family"
    first, second = (
        who(world, kind, title, place) if kind != "person" else person(world, n).pk for n, title in enumerate("甲乙")
    )
    enter(register, first, {"asked": 4, "kept": 4}, JOINED)
    enter(register, second, {"asked": 4, "kept": 2}, JOINED)
    enter(register, first, {"asked": 4, "kept": 4}, date(2026, 3, 1))  # a second line of the same: still one subject
    below = register.replace("unit_", "")
    by = {"branch": "周敏", "member": "赵兰", "family": "秦英"}[below]
    row = rounds.open_round(register, world.places["lake"], "2026", actor=world.actor("赵兰"))
    sign(world, row, first, 100, by)
    sign(world, row, second, 50, by)
    sealed(world, row, began)
    scores = {r.subject_id: (Decimal(r.score), r.band) for r in Result.objects.filter(round=row)}
    assert scores == {first: (100, "good"), second: (50, "none")}
    if name == "grid":
        grids = rounds.open_round("unit_grid", world.places["lake"], "2026", actor=world.actor("赵兰"))
        sign(world, grids, world.places["lake1"], 80)
        rounds.seal(grids.pk, actor=world.actor("赵兰"))
        found = {r.subject_id: r for r in Result.objects.filter(round=grids)}
        lake1 = found[world.places["lake1"]]
        assert Decimal(lake1.score) == Decimal("77.5")  # the mean of two families, 75, and the signed 80: half and half
        assert sorted(lake1.lines[0]["records"]) == sorted(f"result:{row.pk}-{id}" for id in (first, second))
        assert found[world.places["lake2"]].lines[0]["missing"]


@mechanism("M047", file="packs/yunhe-district/rubrics/contest.yaml")
@mechanism("M047", file="packs/yunhe-district/registers/contestant.yaml")
def test_the_contest_does_not_hang_on_the_order_of_judges(began):
    world = World("yunhe-district")
    world.seats["training"] = world.seat("training_office", "county", "裴然")
    one, two, three = (
        person(world, n, place=place, by=by).pk
        for n, (place, by) in enumerate((("lake1", "赵兰"), ("hill1", "钱立"), ("hill1", "钱立")))
    )
    for subject, as_ in ((one, "secretary"), (two, "secretary"), (three, "cadre")):
        enter("contestant", subject, {"as": as_}, date(2026, 10, 8))
    subjects.link_colleague(one, world.people["裴然"], actor=world.actor("赵兰"))
    county = world.places["county"]
    row = rounds.open_round("contest", county, "2026-Q4", actor=world.actor("裴然"))
    with pytest.raises(Conflict, match=r"appraisal\.twice"):  # one a quarter
        rounds.open_round("contest", county, "2026-Q4", actor=world.actor("裴然"))
    with pytest.raises(NotAllowed, match=r"appraisal\.own_unit"):  # the judge is who competes
        marking.judge(row.pk, one, "live", 100, actor=world.actor("裴然"))
    judges = ("马东", "陈军", "于沐阳", "欧阳澄")
    #: By contestant: look, report, live, each by four judges; 二 and 三 come to the same, 三 has the better report.
    given = {
        one: ((60, 60, 60, 0), (60, 60, 60, 100), (60, 60, 60, 60)),
        two: ((90, 80, 80, 70), (70, 70, 70, 70), (80, 80, 80, 80)),
        three: ((70, 70, 70, 70), (90, 80, 80, 70), (80, 80, 80, 80)),
    }
    for subject, items in given.items():
        order = judges if subject != three else judges[::-1]
        for item, marks in zip(("look", "report", "live"), items, strict=True):
            for judge, points in zip(order, marks, strict=True):
                marking.judge(row.pk, subject, item, points, actor=world.actor(judge))
    sealed(world, row, began, by="裴然", at=datetime(2027, 1, 4, 1, 30, tzinfo=UTC))
    found = {r.subject_id: Decimal(r.score) for r in Result.objects.filter(round=row)}
    assert found == {one: 60, two: 77, three: 77}
    row = rounds.publish(row.pk, actor=world.actor("裴然"))
    began.move_to(row.object_until)
    rounds.close(row.pk, actor=world.actor("裴然"))
    assert awarding.listed(row.pk, actor=world.actor("于沐阳")).reference.awarded == (
        three,
    )  # equals: the report decides
