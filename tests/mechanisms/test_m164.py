"""M164 登台演讲+PPT+现场观摩: parts weighted, a missing part as declared. M165 逐村过筛: every village against every clause, no blank.

M167 乡镇申报指标: at least one five-star and four four-star of each town; eleven towns give 55 targets at least.
"""

from __future__ import annotations

import pytest

from gezhi.engines.appraisals import rounds
from gezhi.engines.appraisals.schema import rubric
from gezhi.engines.registers import figures
from gezhi.foundation import places, subjects
from gezhi.foundation.errors import NotAllowed
from gezhi.foundation.packs.reading import localised
from tests.engines.matching.conftest import refused
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.scored import ONCE, SYSTEM, claim, judge, scores, sealed, somebody

pytestmark = pytest.mark.once(ONCE)


def scene(county):
    world = county("mengzhou")
    world.seat("task_force_head", "county", "专班")
    world.seat("town_secretary", "east", "东镇书")
    world.seat("town_secretary", "west", "西镇书")
    return world, [world.places[name] for name in ("lake", "hill", "ridge")]


@mechanism("M164", file="packs/mengzhou/rubrics/contest_day.yaml")
def test_three_parts_with_their_shares_and_what_a_missing_one_counts(county, at_ten):
    world, (lake, hill, ridge) = scene(county)
    row = rounds.open_round("contest_day", world.places["county"], "2026", actor=world.actor("专班"))
    judges = ("专班", "马东", "陈军")
    for who, items in (
        (lake, ("speech", "slides", "field")),
        (hill, ("speech", "field")),
        (ridge, ("slides", "field")),
    ):
        for item in items:
            judge(world, row, who, item, dict(zip(judges, (10, 80 if item != "slides" else 50, 95), strict=True)))
    assert [rubric("contest_day").says(item) for item in rubric("contest_day").items] == [
        "登台演讲",
        "PPT 展示",
        "现场观摩",
    ]
    found = sealed(world, row, at_ten, "专班")
    assert scores(found, (lake, hill, ridge)) == [
        74,
        64,
        None,
    ]  # without slides nothing for them; without a speech no score
    assert [line["missing"] for line in found[hill].lines] == [False, True, False]


@mechanism("M165", file="packs/mengzhou/rubrics/sieve.yaml")
def test_every_village_against_every_clause_and_a_blank_is_named(county, at_ten):
    world, (lake, hill, _ridge) = scene(county)
    row = rounds.open_round("sieve", world.places["county"], "2026", actor=world.actor("专班"))
    kind, record = rubric("sieve"), f"case:{world.open('台账').pk}"
    clauses = [item["id"] for item in kind.items]
    stars = {localised(item["part"]) for item in kind.items}
    assert len(clauses) == 10 and stars == {"支部过硬", "产业兴旺", "生态宜居", "平安法治", "文明幸福"}
    with pytest.raises(NotAllowed):  # who claims does not check
        claim(world, row, lake, clauses[0], 100, by="赵兰", check="赵兰", record=record)
    for n, clause in enumerate(clauses):
        claim(world, row, lake, clause, 99 if n == 3 else 100, by="赵兰", check="东镇书", record=record)
        if n != 7:
            claim(world, row, hill, clause, 100, by="钱立", check="西镇书", record=record)
    found = sealed(world, row, at_ten, "专班")
    villages = {id for id in found if places.directory().get(id).kind == "village"}
    assert set(found) == villages and {lake, hill} < villages
    assert all(len(result.lines) == len(clauses) for result in found.values())  # every village × every clause
    assert scores(found, (lake, hill)) == [90, None] and found[lake].band == "gaps"
    assert [line["points"] for line in found[lake].lines].count("0") == 1  # almost met is not met
    assert all(record in line["records"] for line in found[lake].lines)
    assert [line["item"] for line in found[hill].lines if line["missing"]] == [clauses[7]]
    page = Desk(world).of("专班").get(f"/desk/appraisals/{row.pk}/{hill}").content.decode()
    assert kind.says(kind.items[7]) in page and "不评分" in page


@mechanism("M167", file="packs/mengzhou/registers/town_target.yaml")
def test_each_town_declares_its_least_and_eleven_give_fifty_five(county):
    world, _villages = scene(county)
    on = {"declared_on": "2026-03-01"}
    for n in range(11):
        town = somebody(
            world, "organisation", f"第{n}镇", "town_target", {"year": 2026, "five": 1, "four": 4, **on}, "east"
        )
    for less in ({"five": 0, "four": 4}, {"five": 1, "four": 3}):
        with refused("subject.values"):
            subjects.enter("town_target", town.pk, {"year": 2027, **less, **on}, actor=SYSTEM)
    with refused("subject.one_only"):  # a town declares once a year
        subjects.enter("town_target", town.pk, {"year": 2026, "five": 2, "four": 4, **on}, actor=SYSTEM)
    whole = figures.figures(world.actor("专班"), "town_target", "declared_on-year").whole
    assert whole is not None and whole.lines == 11 and whole.sums["five"] + whole.sums["four"] == 55
