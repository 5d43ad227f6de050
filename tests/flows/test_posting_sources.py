"""Rules that begin with a visit or with coming: who gets what, once, and gone when the record is taken back."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest
import time_machine

from gezhi.engines.duties import actions
from gezhi.engines.duties.schema import rule
from gezhi.engines.ledger.models import Account, Transfer
from gezhi.engines.matching import planning, signing
from gezhi.flows import postings
from gezhi.foundation import events, packs, subjects
from gezhi.foundation.calendar import clock
from tests.engines.duties.scene import publish
from tests.mechanisms.books import SYSTEM
from tests.world import World

BOOK = "love_points"


def ruled(*more: dict) -> None:
    """The points of 新兴社区 with two kinds of account more and these rules."""
    body = copy.deepcopy(dict(packs.registry().body("ledger", BOOK)))
    titled = {"title": {"zh": "记", "en": "Kept"}, "asset": "point", "register": "", "level": "", "reward": False}
    body["accounts"].append({"id": "walker", "holders": ["person"], "lowest": 0, "highest": None, **titled})
    body["accounts"].append({"id": "comer", "holders": ["person", "guest"], "lowest": 0, "highest": None, **titled})
    body["rules"] += [{"title": titled["title"], "from": "pool", **rule} for rule in more]
    packs.publish("ledger", BOOK, body, actor=SYSTEM, how={"note": "test"})


def standing() -> dict[str, int]:
    """What stands with whom, but for the pool."""
    rows = Account.objects.filter(ledger=BOOK).exclude(kind="pool")
    return {f"{row.kind} {row.holder}": row.balance for row in rows if row.balance}


@pytest.fixture
def world(db):
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        made = World("xinxing-community")
        made.clock = traveller
        yield made


def test_a_visit_counts_once_for_who_went_and_for_who_was_visited_and_not_when_taken_back(world):
    ruled(
        {"id": "went", "when": "visited", "if": 'rule = "elder-visit" 且 trouble = false', "amount": "3", "to": "walker"},
        {"id": "seen", "when": "visited", "if": 'rule = "elder-visit"', "amount": "1", "to": "resident"},
    )  # fmt: skip
    facts = {"name": "秦老", "born": "1940-03-05", "sex": "f"}
    who = subjects.add("person", facts, actor=SYSTEM, place_id=world.places["lake1"], synthetic=True)
    subjects.enter("lone_elder", who.pk, {"self_care": "able"}, actor=SYSTEM)
    publish()
    period = rule("elder-visit").period(clock.now())
    qin = world.actor("秦英")
    done, _new = actions.fulfil("elder-visit", who.pk, period.key, {"self_care": "able"}, actor=qin)
    for _twice in range(2):
        assert postings.agree({f"duty:{done.pk}"}) == set()
    assert standing() == {f"walker person:{world.people['秦英']}": 3, f"resident subject:{who.pk}": 1}
    assert set(Transfer.objects.values_list("about", flat=True)) == {f"duty:{done.pk}"}
    actions.take_back(done.pk, actor=qin)
    postings.agree({f"duty:{done.pk}"})
    assert standing() == {} and Transfer.objects.filter(reverses__isnull=False).count() == 2
    assert events.verify().clean


def test_everybody_marked_as_there_has_the_hours_and_who_was_not_has_none(world):
    ruled({"id": "came", "when": "attended", "if": 'activity = "evening_school"', "amount": "minutes", "to": "comer"})
    starts, zhao = clock.now() + timedelta(days=3), world.actor("赵兰")
    times = {"starts": starts, "ends": starts + timedelta(minutes=90), "actor": zhao}
    row = planning.plan("evening_school", world.places["lake"], **times)
    colleague = signing.sign_up(row.pk, world.people["秦英"], actor=world.actor("秦英"))
    guest = signing.sign_up(row.pk, signing.guest("来宾", "13812340000"), actor=zhao)
    away = signing.sign_up(row.pk, signing.guest("没来", "13812340001"), actor=zhao)
    world.clock.move_to(row.ends)
    signing.attend(
        row.pk, {colleague.number: "attended", guest.number: "attended", away.number: "absent"}, actor=zhao, heads=2
    )
    for _twice in range(2):
        postings.agree({f"session:{row.pk}"})
    mine = f"comer person:{world.people['秦英']}"
    other = f"comer guest:{guest.who.partition(':')[2]}"
    assert standing() == {mine: 90, other: 90}
    signing.attend(row.pk, {guest.number: "absent"}, actor=zhao, heads=1)  # the sheet is put right
    postings.agree({f"session:{row.pk}"})
    assert standing() == {mine: 90} and events.verify().clean
