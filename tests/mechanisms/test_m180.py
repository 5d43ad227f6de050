"""M180 幸福积分活动: earning rules have versions; what stands in accounts is issued − spent − expired.

M181 三类户评定挂牌: classes by rubric, a window before any plaque, a plaque by consent. M182 先进人物评选: nominated, voted, publicised.
"""

from __future__ import annotations

import copy
from datetime import timedelta
from decimal import Decimal

import pytest

from gezhi.engines.appraisals import awarding, objecting, rounds
from gezhi.engines.ledger import entries, jobs
from gezhi.engines.ledger.models import Transfer
from gezhi.foundation import events, packs, subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.engines.matching.conftest import refused
from tests.mechanisms import mechanism
from tests.mechanisms.books import balance, entered_by_one, entered_by_two, work
from tests.mechanisms.scored import ONCE, SYSTEM, claim, judge, published, scores, sealed, somebody

pytestmark = pytest.mark.once(ONCE)
BOOK, PHONE = "happy_points", "13800000009"


def scene(county):
    world = county("guanwangmiao-village")
    world.seat("first_secretary", "lake", "第一书")
    return world


@mechanism("M180", file="packs/guanwangmiao-village/ledgers/happy_points.yaml")
@mechanism("M180", file="packs/guanwangmiao-village/registers/happy_deed.yaml")
def test_accounts_are_what_was_issued_without_what_was_spent_or_ran_out(county, at_ten):
    world = scene(county)
    lake = world.places["lake"]
    house = subjects.add(
        "registered_household", {"name": "甲户", "phone": PHONE}, actor=SYSTEM, place_id=lake, synthetic=True
    )

    def did(deed, day):
        subjects.enter("happy_deed", house.pk, {"deed": deed, "did_on": day}, actor=SYSTEM)

    for deed in ("yard", "help", "mediate"):
        did(deed, "2026-11-16")
    work()
    assert balance(BOOK, house) == 35
    body = copy.deepcopy(dict(packs.registry().body("ledger", BOOK)))
    next(rule for rule in body["rules"] if rule["id"] == "yard")["amount"] = "7"
    packs.publish("ledger", BOOK, body, actor=SYSTEM, how={"note": "test"})
    did("yard", "2026-11-17")
    work()
    said = {(t.version > 1, t.entry) for t in Transfer.objects.filter(ledger=BOOK)}
    assert said == {(False, "help"), (False, "mediate"), (False, "yard"), (True, "yard")} and balance(BOOK, house) == 42
    entered_by_two(world, BOOK, "special", 40, scale=1, second="第一书", household=house)
    with refused("ledger.invalid"):
        entered_by_one(world, BOOK, "special", 101, "赵兰", household=house)
    lapsed = entered_by_one(world, BOOK, "special", 30, "赵兰", household=house)
    with refused("ledger.own_only"):
        entered_by_one(world, BOOK, "spend", 12, "赵兰", household=house)
    entries.enter(
        BOOK, "spend", lake, 12, actor=world.actor("赵兰"), key="s", holders={"household": f"subject:{house.pk}"},
        reason="换肥皂", phone=PHONE,
    )  # fmt: skip
    at_ten.shift(timedelta(days=9))
    assert jobs.expire() == 0
    at_ten.shift(timedelta(days=2))
    assert jobs.expire() == 1 and Transfer.objects.get(pk=lapsed.pk).state == "expired"
    issued, spent, expired = 42 + 40 + 30, 12, 30
    assert (
        balance(BOOK, "household") == issued - spent - expired == 70 == -balance(BOOK, "pool") - balance(BOOK, "shop")
    )
    assert events.verify().clean


@mechanism("M181", file="packs/guanwangmiao-village/rubrics/household_class.yaml")
@mechanism("M181", file="packs/guanwangmiao-village/registers/classed_household.yaml")
def test_a_plaque_goes_up_after_the_window_and_by_consent(county, at_ten):
    world = scene(county)
    whos = [
        somebody(world, "registered_household", f"户{n}", "classed_household", {"joined": True, "task": "种花"}).pk
        for n in range(3)
    ]
    away = somebody(world, "registered_household", "不参加", "classed_household", {"joined": False, "task": "无"}).pk
    row = rounds.open_round("household_class", world.places["lake"], "2026", actor=world.actor("赵兰"))
    record = f"case:{world.open('庭院').pk}"
    for who, task, yard in zip(whos, (100, 50, None), ((100, 80, 20), (70, 70, 70), (60, 50, 40)), strict=True):
        judge(world, row, who, "yard", dict(zip(("赵兰", "秦英", "第一书"), yard, strict=True)))
        if task:
            claim(world, row, who, "task", task, by="秦英", check="第一书", record=record)
    found = sealed(world, row, at_ten, "赵兰")
    assert scores(found, whos) == [88, 62, 30] and away not in found
    assert [found[id].band for id in whos] == ["model", "good", "growing"]
    row = published(world, row, "赵兰")
    with pytest.raises(Conflict, match=r"appraisal\.window"):
        rounds.close(row.pk, actor=world.actor("赵兰"))
    zhao = world.actor("赵兰")
    with pytest.raises(Conflict, match=r"appraisal\.state"):  # no plaque while one may object
        awarding.listed(row.pk, actor=zhao)
    at_ten.move_to(row.object_until)
    rounds.close(row.pk, actor=zhao)
    shown = awarding.listed(row.pk, actor=zhao)
    assert shown.few and shown.out == {whos[2]: "band"}  # three households are put in no order
    for chosen, consents in ((whos[:2], whos[:1]), (whos, whos)):
        with pytest.raises(Invalid, match=r"appraisal\.not_eligible"):
            awarding.decide(row.pk, chosen, actor=zhao, seen=shown.seen, reason="征得同意", consents=consents)
    awarding.decide(row.pk, whos[:1], actor=zhao, seen=shown.seen, reason="另一户没有同意挂", consents=whos[:1])


@mechanism("M182", file="packs/guanwangmiao-village/rubrics/model_person.yaml")
@mechanism("M182", file="packs/guanwangmiao-village/registers/model_nominee.yaml")
def test_nominated_voted_and_publicised_without_objection(county, at_ten):
    world = scene(county)
    zhao = world.actor("赵兰")
    given = ((100, (100, 80, 90)), (60, (60, 60, 60)), (59, (100, 100, 100)), (100, (90, 90)))
    nominee = {"field": "help", "by": "villagers"}
    whos = [somebody(world, "person", f"某{n}", "model_nominee", nominee).pk for n in range(len(given))]
    row = rounds.open_round("model_person", world.places["lake"], "2026", actor=zhao)
    record = f"case:{world.open('事迹').pk}"
    for who, (deeds, vote) in zip(whos, given, strict=True):
        claim(world, row, who, "deeds", deeds, by="秦英", check="第一书", record=record)
        judge(world, row, who, "vote", dict(zip(("赵兰", "秦英", "第一书"), vote, strict=False)))
    found = sealed(world, row, at_ten, "赵兰")
    assert scores(found, whos) == [94, 60, Decimal("83.6"), None]  # two voices are no vote
    row = published(world, row, "赵兰")
    objecting.object_to(row.pk, whos[0], "deeds", "不是他一个人做的", actor=world.actor("秦英"))
    at_ten.move_to(row.object_until)
    with pytest.raises(Conflict, match=r"appraisal\.window"):  # an objection is open
        rounds.close(row.pk, actor=zhao)
    objecting.answer(row.pk, 1, actor=world.actor("周敏"), words="核过，属实")
    rounds.close(row.pk, actor=zhao)
    shown = awarding.listed(row.pk, actor=zhao)
    assert shown.out == {whos[2]: "gate", whos[3]: "score"} and shown.reference.awarded == tuple(sorted(whos[:2]))
    with pytest.raises(Invalid, match=r"appraisal\.not_eligible"):
        awarding.decide(row.pk, whos[:2], actor=zhao, seen=shown.seen, consents=whos[:1])
    awarding.decide(row.pk, whos[:2], actor=zhao, seen=shown.seen, consents=whos[:2])
