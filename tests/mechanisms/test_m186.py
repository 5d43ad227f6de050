"""M186 五星微任务认领区: after a free haircut one card out of the box, drawn fairly; one open card a person, which ends done,
returned or run out; what was given and what is owed stands in the book."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from gezhi.engines.matching import allocation, drawing
from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import Case
from gezhi.flows import following
from gezhi.foundation import events, jobs, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict
from gezhi.foundation.events import Event
from gezhi.foundation.jobs import claims
from tests import environment
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.books import balance, work
from tests.mechanisms.matching import SYSTEM, adopt, enter_all, propose

pytestmark = mechanism("M186", file="packs/huochezhan-community/matches/task_cards.yaml")
NAME = "task_cards"


@pytest.fixture
def corner(county):
    """Three who had a haircut today, one who comes tomorrow; two tasks with three cards between them."""
    world = county("huochezhan-community")
    today = clock.today()
    tasks = [("清理一次楼道小广告", {"cards": 2}), ("一次防诈骗宣传", {"cards": 1})]
    world.tasks = [w.pk for w in enter_all(world, "micro_task", "matter", "lake", tasks)]
    days = (today, today, today, today + timedelta(days=1))
    rows = [(name, {"cut_on": day.isoformat()}) for name, day in zip(("甲", "乙", "丙", "丁"), days, strict=True)]
    world.guests = [w.pk for w in enter_all(world, "free_cut", "person", "lake1", rows)]
    return world


def settled():
    """What is closed is in nobody's hand any more, and the book has read it."""
    work()
    if environment.POSTGRES:  # the sealer would wait for the test's own transaction: every record is read at once
        jobs.enqueue_many(following._jobs(Event.objects.all(), following.rules()))
    while following.follow():
        pass
    claims.drain()


def test_cards_are_drawn_after_the_service_and_end_done_returned_or_run_out(corner, at_ten):
    page = Desk(corner).of("赵兰").get(f"/desk/matches/{NAME}?place={corner.places['lake']}").content.decode()
    assert "等着抽的 3 位" in page and "箱里 3 张" in page and "还没理发" in page
    row = adopt(corner, NAME, "lake", "赵兰")
    assert {pair["need"] for pair in row.pairs} == set(corner.guests[:3])  # the fourth was not served yet
    assert Counter(pair["offer"] for pair in row.pairs) == {corner.tasks[0]: 2, corner.tasks[1]: 1}
    assert drawing.replay(row.draw) == [(p["need"], p["offer"]) for p in sorted(row.pairs, key=_turn(row))]
    page = Desk(corner).of("赵兰").get(f"/desk/matches/{NAME}?place={corner.places['lake']}").content.decode()
    assert row.draw["seed"] in page and "一次防诈骗宣传 1 张" in page
    with pytest.raises(Conflict, match=r"match\.nothing"):
        adopt(corner, NAME, "lake", "赵兰")  # one ticket, one card
    first, second, third = (Case.objects.get(pk=pair["case"]) for pair in row.pairs)
    assert {c.workflow for c in (first, second, third)} == {"task_card"}
    assert corner.main(first).owner_seat == corner.seats["grid"]
    who = [pair["need"] for pair in row.pairs]
    for guest in who[:2]:  # both come again while the card is in their hand
        subjects.enter("free_cut", guest, {"cut_on": clock.today().isoformat()}, actor=SYSTEM)
    assert not propose(corner, NAME, "lake", "赵兰").pairs
    settled()
    assert [balance(NAME, subjects.Subject.objects.get(pk=id)) for id in who] == [2, 2, 1]
    assert corner.do(first, "done", "秦英", what="清理了三单元。").outcome == "done"
    assert corner.do(second, "return", "秦英").outcome == "returned"
    settled()
    assert [balance(NAME, subjects.Subject.objects.get(pk=id)) for id in who] == [
        1,
        2,
        1,
    ]  # only what was done is paid back
    assert balance(NAME, "repaid") == 1
    again = propose(corner, NAME, "lake", "赵兰")
    assert {need for need, _offer in again.pairs} == set(
        who[:2]
    )  # their cards are settled, their cards are back in the box
    adopt(corner, NAME, "lake", "赵兰")
    enter_all(corner, "free_cut", "person", "lake1", [("戊", {"cut_on": clock.today().isoformat()})])
    page = Desk(corner).of("赵兰").get(f"/desk/matches/{NAME}?place={corner.places['lake']}").content.decode()
    assert "箱里没有卡了" in page and "箱里 3 张" not in page  # what is in a hand is not in the box, whoever waits
    at_ten.shift(timedelta(days=31))
    while ticking.tick():
        pass
    third.refresh_from_db()
    assert third.outcome == "expired" and events.verify().clean


def _turn(row):
    order = [line["need"] for line in row.draw["lines"]]
    return lambda pair: order.index(pair["need"])


def test_what_was_drawn_is_not_changed_by_hand(corner):
    found = propose(corner, NAME, "lake", "赵兰")
    (need, offer), *_rest = found.pairs
    other = next(t for t in corner.tasks if t != offer)
    with pytest.raises(Exception, match=r"match\.change"):
        adopt(corner, NAME, "lake", "赵兰", seen=found.seen, changes={need: other}, reason="换一张")


@pytest.mark.once("pure: no database")
def test_each_card_in_the_box_is_as_likely_as_any_other():
    got = Counter(
        allocation.draw([7], {1: 2, 2: 1, 3: 1}, lambda _n, _o: True, f"seed {n}")[0]["got"] for n in range(4_000)
    )
    assert all(abs(got[card] - wanted) < 150 for card, wanted in ((1, 2_000), (2, 1_000), (3, 1_000))), got
    first = Counter(
        allocation.draw([1, 2, 3], {9: 3}, lambda _n, _o: True, f"seed {n}")[0]["need"] for n in range(3_000)
    )
    assert all(abs(times - 1_000) < 150 for times in first.values()) and len(first) == 3, first
