"""Two phones sign up for the last chair at one instant; one person for two classes at one hour; two meetings, one room."""

from __future__ import annotations

from unittest import mock

import pytest

from gezhi.engines.matching import access, lanes, planning, signing
from gezhi.engines.matching.models import Booking, Hold, Session
from gezhi.foundation import db, events, people
from gezhi.foundation.errors import Refusal
from tests.crash.test_two_officers import race
from tests.engines.matching.conftest import HOUR, at
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 3


@pytest.fixture
def world(transactional_db, at_ten) -> World:
    return World()


def plan(world: World, day: int, hour: int = 19, **more) -> Session:
    starts = at(f"2026-11-{day} {hour}:00")
    return planning.plan(
        "evening_school", world.places["lake"], starts, starts + 2 * HOUR, actor=world.actor("赵兰"), **more
    )


def sign(session: Session, n: int) -> Booking:
    return signing.sign_up(session.pk, signing.Guest(f"甲{n}", f"1380000{n:04d}"), actor=people.resident())


def test_the_last_chair_is_taken_once_and_the_others_wait_in_line(world):
    for number in range(ROUNDS):
        session = plan(world, 20 + number, seats=1)
        outcomes = race(*[lambda n=n: sign(session, n) for n in range(4)])  # noqa: B023
        assert all(isinstance(o, Booking) for o in outcomes), outcomes
        session.refresh_from_db()
        assert (session.booked, session.waiting) == (1, 3)
        assert list(session.bookings.order_by("number").values_list("state", flat=True)) == ["booked", *["waiting"] * 3]
    assert events.verify().clean


def test_without_the_lock_two_would_sit_on_one_chair(world):
    """The twin: both read the row before either writes; only the chain of events refuses the second."""
    session = plan(world, 20, seats=1)
    read = [Session.objects.get(pk=session.pk) for _ in range(2)]
    with mock.patch.object(access, "locked", lambda _id: read.pop()):
        assert sign(session, 1).state == "booked"
        with pytest.raises(Refusal) as refused:
            sign(session, 2)
    assert refused.value.code == "event.stale"


def test_one_person_is_in_one_of_two_classes_at_one_hour(world):
    for number in range(ROUNDS):
        one, two = plan(world, 20 + number), plan(world, 20 + number, 20)
        outcomes = race(lambda: sign(one, 1), lambda: sign(two, 1))  # noqa: B023
        refused = [o for o in outcomes if not isinstance(o, Booking)]
        assert len(refused) == 1 and isinstance(refused[0], Refusal) and refused[0].code == "session.busy", outcomes
        assert Hold.objects.filter(session_id__in=[one.pk, two.pk]).count() == 1


def test_without_the_lane_the_same_person_sits_in_both(world):
    """The twin: both look before either holds."""
    one, two = plan(world, 20), plan(world, 20, 20)
    with mock.patch.object(lanes, "taken", lambda *_a, **_k: set()):
        sign(one, 1), sign(two, 1)
    assert Hold.objects.count() == 2


def test_one_room_is_given_once(world):
    room = planning.open_venue("活动室", world.places["lake"], actor=world.actor("赵兰"))
    for number in range(ROUNDS):
        outcomes = race(*[lambda h=h: plan(world, 20 + number, h, venue_id=room.pk) for h in (18, 19, 20)])  # noqa: B023
        given = [o for o in outcomes if isinstance(o, Session)]
        assert given and all(isinstance(o, Session) or o.code == "session.venue_busy" for o in outcomes), outcomes
        held = list(
            Hold.objects.filter(lane=lanes.venue(room.pk), session_id__in=[s.pk for s in given]).order_by("starts")
        )
        assert all(a.ends <= b.starts for a, b in zip(held, held[1:], strict=False))


def test_leaving_and_signing_up_at_once_lose_nobody(world):
    for number in range(ROUNDS):
        session = plan(world, 20 + number, seats=1)
        first, _second = sign(session, 1), sign(session, 2)
        race(
            lambda: signing.withdraw(session.pk, first.number, actor=people.resident(), code=first.code),  # noqa: B023
            lambda: sign(session, 3),  # noqa: B023
        )
        session.refresh_from_db()
        states = list(session.bookings.order_by("number").values_list("state", flat=True))
        assert states == ["withdrawn", "booked", "waiting"] and (session.booked, session.waiting) == (1, 1)
    with db.write():
        assert events.verify().clean
