"""Two colleagues at one instant: the last ladder, one roster twice, one person on two rosters, a shift, a load, a paper.

Each race has its twin: with the lock off both look before either writes. Where the database lets one writer in at a time
(SQLite) there is no lock to turn off, so there the twin lets each see what was there before the race.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from unittest import mock

import pytest
from django.db import IntegrityError, connection

from gezhi.engines.matching import allocating, lanes, lending, rostering, wishing
from gezhi.engines.matching.models import Allotment, Loan, Rota, Turn
from gezhi.engines.matching.signing import Guest
from gezhi.flows import allotments
from gezhi.foundation import events, subjects
from gezhi.foundation.db.models import Revision
from gezhi.foundation.people import actions, duty
from gezhi.foundation.people.models import Shift
from tests.crash.test_two_officers import race
from tests.engines.matching.conftest import HOUR, at
from tests.foundation.people.county import SETUP
from tests.mechanisms.matching import SYSTEM, enter_all
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
WEEK, NEXT = (date(2026, 11, 23), date(2026, 11, 24)), (date(2026, 11, 30), date(2026, 12, 1))


@pytest.fixture
def world(transactional_db, at_ten) -> World:
    """赵兰 and 赵竹 share the secretary's post; 兵 is on two rosters; two lorries wish for one load."""
    world = World("songxi", "yongxingtun-village", "yueshi-village", "qinnan-transport")
    actions.appoint(world.seats["secretary"], world.person("赵竹"), actor=SETUP)
    world.lake, world.pair = world.places["lake"], (world.actor("赵兰"), world.actor("赵竹"))
    (ladder,) = enter_all(world, "tool", "asset", "lake", [("人字梯", {"sort": "ladder", "fit": True})])
    patrol = enter_all(world, "patroller", "person", "lake", [(n, {"fit": True}) for n in ("兵", "勇", "刚")])
    subjects.enter_many("student_volunteer", [(who.pk, {"school": "师范"}, None) for who in patrol[:2]], actor=SYSTEM)
    world.ladder, world.patrol = ladder.pk, [who.pk for who in patrol]
    world.officers = [world.seat(post, "east") for post in ("duty_leader", "duty_officer")]
    world.seat("fleet_lead", "east", "车队书记", "车队副书记")
    rows = [(n, {"carries": 30, "insured_until": "2027-06-01"}) for n in ("甲", "乙")]
    drivers = enter_all(world, "driver", "person", "east", rows)
    (load,) = enter_all(
        world, "load", "matter", "east", [("一单", {"goods": "煤", "tons": 5, "km": 90, "leaves_on": "2026-11-25"})]
    )
    for driver in drivers:
        wishing.tick("freight_market", world.places["east"], load.pk, driver.pk, actor=world.actor("车队书记"))
    return world


def seen(world: World, name: str, days: tuple[date, date]) -> str:
    return rostering.propose(name, world.lake, *days, actor=world.pair[0]).seen


def one_ladder(world: World) -> list[object]:
    since, until = at("2026-11-19 09:00"), at("2026-11-20 09:00")
    return race(*[
        lambda actor=actor: lending.reserve("tool_lending", world.lake, world.ladder, Guest("柳一"), since, until, actor=actor)
        for actor in world.pair
    ])  # fmt: skip


def one_roster(world: World) -> list[object]:
    shown = seen(world, "dyke_patrol", NEXT)
    return race(
        *[lambda a=a: rostering.adopt("dyke_patrol", world.lake, *NEXT, actor=a, seen=shown) for a in world.pair]
    )


def two_rosters(world: World) -> list[object]:
    """The dyke by day and the children at half past four: 兵 and 勇 are on both lists."""
    shown = {name: seen(world, name, WEEK) for name in ("dyke_patrol", "after_school")}
    return race(*[
        lambda a=a, name=name: rostering.adopt(name, world.lake, *WEEK, actor=a, seen=shown[name])
        for a, name in zip(world.pair, shown, strict=True)
    ])  # fmt: skip


def one_turn(world: World) -> list[object]:
    """Two stand-ins for one turn, while the water rises and all turns are laid out anew."""
    turn = Rota.objects.get(roster="dyke_patrol", starts__gte=at("2026-11-30 00:00")).turns.get(number=1)
    others = [who for who in world.patrol if who != turn.subject_id]
    return race(
        *[
            lambda a=a, who=who: rostering.relieve(turn.pk, who, actor=a)
            for a, who in zip(world.pair, others, strict=True)
        ],
        lambda: rostering.set_level("dyke_patrol", world.lake, "blue", actor=world.pair[0], reason="水涨了"),
    )


def one_shift(world: World) -> list[object]:
    """One person as leader and as officer on duty in the same night."""
    start, who = at("2026-11-20 18:00"), world.people["赵兰"]
    return race(
        *[
            lambda seat=seat: actions.plan_shifts(
                [actions.NewShift(seat, who, start, start + 12 * HOUR, "night")], actor=SETUP
            )
            for seat in world.officers
        ]
    )


def one_load(world: World) -> list[object]:
    east, pair = world.places["east"], [world.actor(n) for n in ("车队书记", "车队副书记")]
    shown = allocating.propose("freight_market", east, actor=pair[0]).seen
    return race(*[lambda a=a: allotments.adopt("freight_market", east, actor=a, seen=shown) for a in pair])


def codes(outcomes: list[object]) -> list[str]:
    """What each came to: "done", the code of the refusal, or the name of what broke."""
    return sorted(getattr(o, "code", type(o).__name__) if isinstance(o, Exception) else "done" for o in outcomes)


def doubled() -> list[tuple[Turn, Turn]]:
    """Turns of somebody who is on twice at a time."""
    rows = list(Turn.objects.filter(state="on").order_by("subject_id", "starts"))
    return [
        (a, b) for a, b in zip(rows, rows[1:], strict=False) if a.subject_id == b.subject_id and b.starts < a.ends
    ]  # fmt: skip


def test_one_has_it_and_the_other_is_told(world):
    assert codes(one_ladder(world)) == ["done", "store.taken"] and Loan.objects.count() == 1
    assert codes(one_shift(world)) == ["done", "duty.twice"] and Shift.objects.count() == 1
    told = codes(one_load(world))
    assert told in (["done", "match.nothing"], ["done", "match.stale"]) and Allotment.objects.count() == 1, told
    assert codes(two_rosters(world)) == ["done", "roster.stale"] and Rota.objects.count() == 1 and not doubled()
    told = codes(one_roster(world))
    assert told in (["done", "roster.overlap"], ["done", "roster.stale"]) and Rota.objects.count() == 2, told
    told = codes(one_turn(world))
    # The first stand-in has it, if the level was not switched before; and nobody waits for the other for ever.
    assert told in (["done", "done", "roster.over"], ["done", "roster.over", "roster.over"]) and not doubled(), told
    assert events.verify().clean


@contextmanager
def unlocked(where: object, look: str):
    """The lock off: everybody has looked before anybody writes."""
    real, first, gate = getattr(where, look), [], threading.Barrier(2)

    def looked(*given, **more):
        if threading.current_thread() is threading.main_thread():
            return real(*given, **more)  # what is shown beforehand
        if connection.vendor == "sqlite":
            first.extend(first or [real(*given, **more)])
            return first[0]
        answer = real(*given, **more)
        with suppress(threading.BrokenBarrierError):
            gate.wait(60)
        return answer

    with ExitStack() as off:
        off.enter_context(mock.patch.object(where, look, looked))
        if connection.vendor != "sqlite":
            off.enter_context(mock.patch.object(lanes, "lock", lambda _keys: None))
            off.enter_context(mock.patch.object(Revision.objects, "select_for_update", Revision.objects.all))
        yield


def test_without_the_locks_both_have_it(world):
    with unlocked(lending, "_standing"):
        assert codes(one_ladder(world)) == ["done", "done"] and Loan.objects.count() == 2
    with unlocked(duty, "_refuse_clashes"):
        assert codes(one_shift(world)) == ["done", "done"] and Shift.objects.count() == 2
    with unlocked(allocating, "_propose"):
        told = codes(one_load(world))
        assert told == ["done", "subject.relation_one_only"], told  # only the relation keeps the lorries apart
    with unlocked(rostering, "_taken"):
        assert codes(two_rosters(world)) == ["done", "done"] and doubled()
    with unlocked(rostering, "_taken"), unlocked(rostering, "_there"):
        told = codes(one_roster(world))
        assert told == [IntegrityError.__name__, "done"], told  # only the table keeps them apart
