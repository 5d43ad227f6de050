"""M156 进步星评定: three steps by three people, awards within the quota of each star, progress = this year − last, 50,000 yuan once.

And M157 日常考核评估: four rubrics of five parts each, one for each kind of subject.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine

from gezhi.engines.appraisals import awarding, marking, rounds
from gezhi.engines.appraisals.models import Result
from gezhi.engines.appraisals.schema import rubric
from gezhi.engines.ledger.models import Account, Transfer
from gezhi.flows import awards
from gezhi.foundation import events, people, subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.engines.appraisals.scene import NEW_YEAR, Stars
from tests.mechanisms import mechanism
from tests.mechanisms.roll import person

SYSTEM = people.system("test")


@pytest.fixture
def stars(db):
    with time_machine.travel("2026-12-01T02:00:00+00:00", tick=False) as traveller:
        made = Stars()
        made.clock = traveller
        yield made


def candidate(stars, place, star, last, this):
    row = subjects.add(
        "organisation",
        {"name": f"{place}党支部 {star}"},
        actor=SYSTEM,
        place_id=stars.places[place],
        since=date(2026, 1, 1),
    )
    subjects.enter(
        "star_application",
        row.pk,
        {"star": star, "last": last, "this": this},
        actor=stars.actor("姜岩"),
        since=date(2026, 11, 1),
    )
    return row.pk


def final(stars, row, by="姜岩"):
    rounds.seal(row.pk, actor=stars.actor(by))
    row = rounds.publish(row.pk, actor=stars.actor(by))
    stars.clock.move_to(row.object_until)
    return rounds.close(row.pk, actor=stars.actor(by))


@mechanism("M156", file="packs/zhongzhan-district/rubrics/progress_star.yaml")
@mechanism("M156", file="packs/zhongzhan-district/registers/star_application.yaml")
@mechanism("M156", file="packs/zhongzhan-district/ledgers/star_award.yaml")
def test_progress_is_awarded_within_the_quota_and_paid_once(stars):
    case = stars.open("申报进步星", by="古月", workflow="star_apply", channel="counter")
    stars.do(case, "put", "古月", star="支部过硬星", last=60, this=80, done="补齐了制度")
    with pytest.raises(Exception, match="not_allowed|case"):
        stars.do(case, "pass", "古月", finding="自己看了")
    stars.do(case, "pass", "桂兰", finding="看了台账")
    stars.do(case, "pass", "姜岩", finding="属实，列入")
    lake = candidate(stars, "lake", "branch", 70, 85)
    hill = candidate(stars, "hill", "branch", 60, 80)
    ridge = candidate(stars, "ridge", "ecology", 50, "55.5")
    back = candidate(stars, "lake", "culture", 80, 80)  # no progress: never awarded, whatever else
    row = stars.open_round("progress_star")
    stars.clock.move_to(NEW_YEAR)
    row = final(stars, row)
    scores = dict(Result.objects.values_list("subject_id", "score"))
    assert {id: Decimal(s) for id, s in scores.items()} == {lake: 15, hill: 20, ridge: Decimal("5.5"), back: 0}
    found = awarding.listed(row.pk, actor=stars.actor("卢山"))
    assert (found.reference.awarded, found.out, found.few) == ((hill, ridge), {back: "gate"}, False)

    def decide(chosen, **more):
        return awards.decide(row.pk, chosen, actor=stars.actor("卢山"), seen=found.seen, **more)

    for chosen, code in (
        ([lake, hill, ridge], "quota"),
        ([lake, ridge], "reason"),
        ([hill], "reason"),
        ([hill, back], "not_eligible"),
    ):
        with pytest.raises(Invalid, match=f"appraisal.{code}"):
            decide(chosen)
    assert decide([hill, ridge]) == 2
    assert sorted(Transfer.objects.values_list("key", flat=True)) == [
        f"award:{row.pk}:{hill}",
        f"award:{row.pk}:{ridge}",
    ]
    balances = {a.place_id: a.balance for a in Account.objects.filter(kind="village")}
    assert balances == {stars.places["hill"]: 5_000_000, stars.places["ridge"]: 5_000_000}
    assert awards.pay(row.pk) == 0  # run again: nobody is paid twice
    with pytest.raises(Conflict, match=r"appraisal\.stale"):
        decide([hill, ridge])
    assert {a.place_id: a.balance for a in Account.objects.filter(kind="village")} == balances
    assert events.verify().findings == []


#: By rubric: who signs, claims, checks, judges; whose knowledge was tested.
USUAL = {
    "usual_village": ("桂兰", "赵兰", "桂兰", ("姜岩", "卢山", "马东"), "赵兰"),
    "usual_task_force": ("卢山", "姜岩", "卢山", ("卢山", "马东", "陈军"), "姜岩"),
    "usual_town": ("姜岩", "闻达", "姜岩", ("姜川", "卢山", "马东"), "闻达"),
    "usual_pioneer": ("桂兰", "赵兰", "桂兰", ("姜岩", "卢山", "马东"), ""),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=mechanism("M157", file=f"packs/zhongzhan-district/rubrics/{n}.yaml"), id=n) for n in USUAL],
)
def test_four_rubrics_of_five_parts(stars, name):
    signer, claimant, checker, judges, tested = USUAL[name]
    stars.seats["town"] = stars.seat("town_secretary", "east", "闻达")
    kind = rubric(name)
    assert [kind.says(item) for item in kind.items] == ["基础工作", "特色亮点", "主要成效", "知识测试", "其他工作"]
    assert kind.personal and kind.award is None  # nobody is put in an order
    who = person(stars, 1)
    result = {"test": "star_knowledge", "seed": "1", "items": "1", "score": 90, "passed": True}
    if tested:
        subjects.link_colleague(who.pk, stars.people[tested], actor=stars.actor("赵兰"))
    else:
        subjects.enter("star_pioneer", who.pk, {"role": "党建"}, actor=stars.actor("姜岩"), since=date(2026, 10, 8))
    subjects.enter("star_result", who.pk, result, actor=SYSTEM, since=date(2026, 11, 2))
    subject = {
        "usual_village": stars.seats["secretary"],
        "usual_task_force": stars.seats["force"],
        "usual_town": stars.seats["town"],
    }.get(name, who.pk)
    row = stars.open_round(name, by="卢山", period="2026-Q4")
    case = stars.open("亮点的记录")
    for item, points in (("basics", 90), ("other", 60)):
        marking.judge(row.pk, subject, item, points, actor=stars.actor(signer), words="平时看的")
    marking.claim(row.pk, subject, "highlights", "见记录", actor=stars.actor(claimant), records=[f"case:{case.pk}"])
    marking.check(row.pk, subject, "highlights", actor=stars.actor(checker), points=80)
    for judge, points in zip(judges, (10, 70, 95), strict=True):
        marking.judge(row.pk, subject, "results", points, actor=stars.actor(judge))
    stars.clock.move_to(datetime(2027, 1, 4, 1, 30, tzinfo=UTC))
    rounds.seal(row.pk, actor=stars.actor("卢山"))
    found = Result.objects.get(round=row, subject_id=subject)
    assert {line["item"]: line["points"] for line in found.lines} == {
        "basics": "90",
        "highlights": "80",
        "results": "70",
        "knowledge": "90",
        "other": "60",
    }
    assert Decimal(found.score) == 79
