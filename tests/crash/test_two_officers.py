"""Two officers press the same button at once: one does it, the other is told by whom it was done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from unittest import mock

import pytest
from django.db import connection

from gezhi.engines.workflows import access
from gezhi.engines.workflows.models import Case
from gezhi.foundation import events
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Conflict
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 8


@pytest.fixture
def world(transactional_db, at_ten) -> World:
    return World()


def race(*calls: Callable[[], object]) -> list[object]:
    """Run the calls in threads of their own, let go together; what each gave or raised, in their order."""
    gate = threading.Barrier(len(calls))
    outcomes: list[object] = [None] * len(calls)

    def run(number: int) -> None:
        try:
            with revisions.scope():
                gate.wait(180)
                outcomes[number] = calls[number]()
        except Exception as refused:
            outcomes[number] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def presses(world: World, case: Case) -> list[object]:
    """周敏 and 吕岩 share the street's duty desk; both see item 2 and dispatch it, each their own way."""
    seq = case.event_seq
    return race(
        lambda: world.do(case, "dispatch", "周敏", item=2, expected_seq=seq, sort="big", unit=world.seats["city"]),
        lambda: world.do(case, "dispatch", "吕岩", item=2, expected_seq=seq, sort="big", unit=world.seats["power"]),
    )


def test_one_does_it_and_the_other_is_told(world):
    winners = set()
    for _ in range(ROUNDS):
        case = world.do(world.open(), "pass_up", "赵兰", reason="要街道定")
        outcomes = presses(world, case)
        (done,) = [o for o in outcomes if isinstance(o, Case)]
        (told,) = [o for o in outcomes if not isinstance(o, Case)]
        assert isinstance(told, Conflict) and told.code == "case.stale", told
        winner = outcomes.index(done)
        winners.add(winner)
        assert done.handler_seat == world.seats[("city", "power")[winner]]
        assert told.facts["who"] == ("周○", "吕○")[winner]
        assert [e.kind for e in events.history(f"case:{case.id}")].count("case.dispatch") == 1
    assert events.verify().clean


def test_without_the_lock_both_believe_they_may(world):
    """The twin: each reads the case before the other writes. Only the chain, the last line, keeps them apart."""
    case = world.do(world.open(), "pass_up", "赵兰", reason="要街道定")

    def unlocked(case_id: int):
        row, items = read.pop()
        assert row.pk == case_id
        return row, items

    read = [(Case.objects.get(pk=case.id), list(case.items.order_by("number"))) for _ in range(2)]
    with mock.patch.object(access, "case_to_change", unlocked):
        outcomes = presses(world, case)
    codes = sorted(o.code if isinstance(o, Conflict) else "done" for o in outcomes)
    # Nobody was told that the case had moved: the second one's event met the first one's number.
    assert codes == ["done", "event.stale"], outcomes
    assert [e.kind for e in events.history(f"case:{case.id}")].count("case.dispatch") == 1
