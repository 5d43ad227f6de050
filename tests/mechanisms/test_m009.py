"""M009 定期考核+年终评议, M010 评优评先·两代表一委员优先.

The year's score is the declared function of periodic checks and review; a changed rule is previewed and committed the same. The list of
who is considered first is for reference: the body may differ with a reason, and nobody is appointed by it.
"""

from __future__ import annotations

import copy
from decimal import Decimal

import pytest

from gezhi.engines.appraisals import awarding, previewing, rounds
from gezhi.engines.appraisals.models import Result
from gezhi.engines.appraisals.schema import rubric
from gezhi.foundation import packs
from gezhi.foundation.calendar import deadline, parse_limit
from gezhi.foundation.errors import Invalid, NotAllowed
from gezhi.foundation.people.models import Holding
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.scored import ONCE, SYSTEM, final, judge, scores, sealed

pytestmark = pytest.mark.once(ONCE)
SECRETARIES = ("secretary", "hill_secretary", "ridge_secretary")
GUIDES = {"secretary": "包东", "hill_secretary": "包西", "ridge_secretary": "包西"}


def scene(county):
    world = county("boai-county")
    world.seat("organisation_office", "county", "组甲")
    world.seat("county_guide", "county", "县导")
    world.seat("village_guide", "east", "包东")
    world.seat("village_guide", "west", "包西")
    world.seats["ridge_secretary"] = world.seat("village_secretary", "ridge", "岭书")
    return world, [world.seats[name] for name in SECRETARIES]


def reviewed(world, whos, clock):
    """The round of the year, sealed: 湖滨 70 and 90 in its two checks, the others 90 and 84 in everything."""
    county = world.places["county"]
    checks = [rounds.open_round("cadre_check", county, f"2026-Q{n}", actor=world.actor("组甲")) for n in (3, 4)]
    year = rounds.open_round("cadre_year", county, "2026", actor=world.actor("组甲"))
    for name, who, given in zip(SECRETARIES, whos, ((60, 80, 90), (90, 90, 90), (84, 84, 84)), strict=True):
        guide, other = GUIDES[name], name != "secretary"
        for check, item, points in (
            (0, "ability", given[0]), (0, "service", given[1]), (1, "ability", given[2]), (1, "service", given[2]),
        ):  # fmt: skip
            judge(world, checks[check], who, item, {guide: points})
        all_ = given[0]
        judge(world, year, who, "midterm", {"县导": all_ if other else 70})
        judge(world, year, who, "visits", {guide: all_ if other else 60})
        judge(world, year, who, "talks", {"县导": all_ if other else 80})
        judge(world, year, who, "report", dict.fromkeys(("组甲", "县导", guide), all_ if other else 80))
        votes = (all_, all_, all_) if other else (60, 90, 90)
        judge(world, year, who, "vote", dict(zip(("组甲", "县导", guide), votes, strict=True)))
    for check in checks:
        sealed(world, check, clock, "组甲")
    return checks, year, sealed(world, year, clock, "组甲")


@mechanism("M009", file="packs/boai-county/rubrics/cadre_check.yaml")
@mechanism("M009", file="packs/boai-county/rubrics/cadre_year.yaml")
def test_the_year_is_the_declared_sum_of_checks_and_review(county, at_ten):
    world, whos = scene(county)
    with pytest.raises(NotAllowed, match=r"appraisal\.not_yours"):
        rounds.open_round("cadre_check", world.places["county"], "2026-Q4", actor=world.actor("县导"))
    (third, fourth), year, found = reviewed(world, whos, at_ten)
    for check in (third, fourth):  # each has its window: fifteen working days from the end of its quarter
        assert check.due_at == deadline(check.cut, parse_limit("15 work_day"))
    assert (third.period, fourth.period, rubric("cadre_check").every) == ("2026-Q3", "2026-Q4", "quarter")
    # 80 × 0.4 + 70 × 0.1 + 60 × 0.1 + 80 × 0.1 + 80 × 0.1 + 80 × 0.2
    assert scores(found, whos) == [77, 90, 84] and [found[id].band for id in whos] == ["fit", "good", "fit"]
    usual = found[whos[0]].lines[0]
    assert usual["raw"] == "80" and usual["records"] == [f"result:{row.pk}-{whos[0]}" for row in (third, fourth)]
    page = Desk(world).of("组甲").get(f"/desk/appraisals/{year.pk}/{whos[0]}").content.decode()
    parts = [page.index(f">{said}<") for said in ("平时", "定期考核", "两委班子中期评估", "年终", "入户走访")]
    assert parts == sorted(parts)
    body = copy.deepcopy(dict(packs.registry().body("rubric", "cadre_year")))
    body["bands"][2]["from"] = "77"
    version = packs.publish("rubric", "cadre_year", body, actor=SYSTEM, how={"note": "test"}).version
    seen = previewing.preview(year.pk, version, actor=world.actor("组甲"))
    assert {move.subject: move.band for move in seen.moves} == dict.fromkeys((whos[0], whos[2]), ("fit", "good"))
    done = previewing.rejudge(year.pk, version, actor=world.actor("组甲"), seen=seen.seen, reason="会议定的")
    assert rounds.text_of(list(Result.objects.filter(round=year))) == seen.body == rounds.recomputed(done)


@mechanism("M010", file="packs/boai-county/rubrics/first_considered.yaml")
def test_the_list_is_for_reference_and_appoints_nobody(county, at_ten):
    world, whos = scene(county)
    row = rounds.open_round("first_considered", world.places["county"], "2026", actor=world.actor("组甲"))
    for name, who, standing, role in zip(SECRETARIES, whos, (90, 60, 59), (90, 95, 100), strict=True):
        judge(world, row, who, "standing", {"组甲": standing})
        judge(world, row, who, "role", {GUIDES[name]: role})
    reviewed(world, whos, at_ten)
    found = sealed(world, row, at_ten, "组甲")
    assert scores(found, whos[:2]) == [Decimal("83.5"), Decimal("85.5")]
    assert (found[whos[2]].band, found[whos[2]].lost) == ("none", ["standing"])
    final(world, row, at_ten, "组甲")
    boss = world.actor("于沐阳")
    shown = awarding.listed(row.pk, actor=boss)
    assert (set(shown.reference.awarded), shown.out, shown.quota) == (set(whos[:2]), {whos[2]: "gate"}, {"": 2})
    assert "优先推荐" in Desk(world).of("于沐阳").get(f"/desk/appraisals/{row.pk}/awards").content.decode()
    with pytest.raises(NotAllowed, match=r"appraisal\.not_yours"):
        awarding.decide(row.pk, whos[:2], actor=world.actor("组甲"), seen=shown.seen)
    with pytest.raises(Invalid, match=r"appraisal\.reason"):
        awarding.decide(row.pk, whos[1:2], actor=boss, seen=shown.seen)
    held = sorted(Holding.objects.values_list("seat_id", "person_id", "until"), key=str)
    awarding.decide(row.pk, whos[1:2], actor=boss, seen=shown.seen, reason="另一位今年已经推荐过")
    assert sorted(Holding.objects.values_list("seat_id", "person_id", "until"), key=str) == held
    assert [r.subject_id for r in Result.objects.filter(round=row, awarded=True)] == whos[1:2]
