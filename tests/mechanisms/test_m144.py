"""M144 643行动计划: the tree of six requirements, four ones and three contests loads as data.

M148 三争评选: each kind has its quota, and whoever is left out does not outscore who is awarded.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from gezhi.engines.appraisals import awarding, rounds
from gezhi.engines.appraisals.schema import rubric
from gezhi.foundation.errors import Invalid, NotAllowed
from gezhi.foundation.packs.reading import localised
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.scored import ONCE, claim, final, judge, scores, sealed, somebody

pytestmark = pytest.mark.once(ONCE)
TREE = {
    "六项要求": ["标准化", "规范化", "课题化", "项目化", "融合", "创新"],
    "四个一": ["一校一品牌", "一师一承诺", "一班一精神", "一生一榜样"],
    "三争": ["争先进基层党组织", "争当先锋党员", "争做优秀党支部书记"],
}


def scene(county):
    world = county("shanyang-education")
    world.seat("school_branch", "county", "学校甲")
    world.seat("education_office", "county", "教工委乙")
    return world


@mechanism("M144", file="packs/shanyang-education/rubrics/plan_643.yaml")
@mechanism("M144", file="packs/shanyang-education/registers/plan_school.yaml")
def test_six_requirements_four_ones_three_contests(county, at_ten):
    world = scene(county)
    kind = rubric("plan_643")
    tree: dict[str, list[str]] = {}
    for item in kind.items:
        tree.setdefault(localised(item["part"]), []).append(kind.says(item))
    assert tree == TREE and [len(part) for part in tree.values()] == [6, 4, 3]
    school = somebody(world, "school", "某小学", "plan_school", {"branches": 2}, place="lake").pk
    row = rounds.open_round("plan_643", world.places["county"], "2026", actor=world.actor("教工委乙"))
    record = f"case:{world.open('一校一品牌的记录').pk}"
    for item in kind.items:
        if item["kind"] == "claimed":
            with pytest.raises(NotAllowed):
                claim(world, row, school, item["id"], 90, by="教工委乙", check="教工委乙", record=record)
            claim(world, row, school, item["id"], 90, by="学校甲", check="教工委乙", record=record)
        else:
            judge(world, row, school, item["id"], {"教工委乙": 50})
    found = sealed(world, row, at_ten, "教工委乙")[school]
    weights: Counter[str] = Counter()
    for item, line in zip(kind.items, found.lines, strict=True):
        weights[localised(item["part"])] += Decimal(line["weight"])
    assert weights == {"六项要求": Decimal("0.48"), "四个一": Decimal("0.4"), "三争": Decimal("0.12")}
    assert Decimal(found.score) == 66  # 90 × 0.4 + 50 × 0.6
    page = Desk(world).of("教工委乙").get(f"/desk/appraisals/{row.pk}/{school}").content.decode()
    assert page.index(">六项要求<") < page.index(">四个一<") < page.index(">三争<")


@pytest.mark.parametrize(
    ("name", "kind", "quota"),
    [
        pytest.param(
            n, k, q, id=n,
            marks=[
                mechanism("M148", file=f"packs/shanyang-education/rubrics/contest_{n}.yaml"),
                mechanism("M148", file=f"packs/shanyang-education/registers/contest_{n}.yaml"),
            ],
        )
        for n, k, q in (("branch", "organisation", 3), ("member", "person", 10), ("secretary", "person", 2))
    ],
)  # fmt: skip
def test_each_kind_has_its_quota_and_nobody_left_out_outscores(county, at_ten, name, kind, quota):
    world = scene(county)
    register = f"contest_{name}"
    whos = [somebody(world, kind, f"候选{n}", register, {"agreed": True}).pk for n in range(quota + 1)]
    away = somebody(world, kind, "不参评", register, {"agreed": False}).pk
    row = rounds.open_round(register, world.places["county"], "2026", actor=world.actor("教工委乙"))
    for n, who in enumerate(whos):
        judge(world, row, who, "vote", dict.fromkeys(("教工委乙", "于沐阳", "马东"), 90 - n))
    record = f"case:{world.open('做成的事').pk}"
    claim(world, row, whos[-1], "deeds", 100, by="学校甲", check="教工委乙", record=record)
    found = sealed(world, row, at_ten, "教工委乙")
    last = Decimal(90 - quota) / 2 + 50
    assert scores(found, [whos[0], whos[-1]]) == [45, last] and away not in found
    final(world, row, at_ten, "教工委乙")
    boss = world.actor("于沐阳")
    shown = awarding.listed(row.pk, actor=boss)
    best = [whos[-1], *whos[: quota - 1]]
    assert shown.reference.awarded == tuple(sorted(best))
    for chosen, code in ((whos, "quota"), (whos[:quota], "reason"), (best[1:], "reason")):
        with pytest.raises(Invalid, match=rf"appraisal\.{code}"):
            awarding.decide(row.pk, chosen, actor=boss, seen=shown.seen)
    awarding.decide(row.pk, best, actor=boss, seen=shown.seen)
