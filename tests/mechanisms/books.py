"""What mechanisms with an account share: let the worker read on, and say what stands in whose account."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import connection

from gezhi.engines.ledger import entries, payouts
from gezhi.engines.ledger.models import Account, Payout, Transfer
from gezhi.engines.ledger.sources import SOURCES
from gezhi.engines.matching import planning, signing
from gezhi.engines.matching.models import Session
from gezhi.flows import postings
from gezhi.foundation import events, jobs, people, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.events import Event
from gezhi.foundation.jobs import claims
from gezhi.foundation.subjects.models import Subject
from tests import environment
from tests.engines.matching.conftest import at, refused
from tests.world import World

SYSTEM = people.system("test")


def work() -> None:
    """What the worker does: seal, read on, post. On PostgreSQL the sealer would wait for the test's own transaction, so
    there every record a rule may look at is handed to the job directly."""
    if environment.POSTGRES and connection.in_atomic_block:
        prefixes = {source.prefix for source in SOURCES.values()}
        streams = [
            s for s in Event.objects.values_list("stream", flat=True).distinct() if s.partition(":")[0] in prefixes
        ]
        jobs.enqueue_many([(postings.JOB, f"{s}:{Event.objects.count()}", {"stream": s}) for s in sorted(streams)])
    else:
        while events.seal_now() is not None:
            pass
        while postings.follow():
            pass
    claims.drain()


def somebody(world: World, name: str, place: str, register: str = "", values: Any = None, **facts: Any) -> Subject:
    """A made-up person of a place, with a line of a register."""
    given = {"name": name, **facts}
    who = subjects.add("person", given, actor=SYSTEM, place_id=world.places[place], synthetic=True)
    if register:
        subjects.enter(register, who.pk, values or {}, actor=SYSTEM)
    return who


def served(world: World, activity: str, when: str, minutes: int, who: list[Subject], by: str = "赵兰") -> Session:
    """A session that took place with these helpers, its sheet entered when it was over."""
    starts = at(when)
    return planning.plan(
        activity, world.places["lake"], starts, starts + timedelta(minutes=minutes), actor=world.actor(by),
        partners=[one.pk for one in who],
    )  # fmt: skip


def entered(row: Session, world: World, traveller: Any, heads: int = 3) -> Session:
    """Its attendance sheet, after it."""
    if clock.now() < row.ends:
        traveller.move_to(row.ends)
    return signing.attend(row.pk, {}, actor=world.actor("赵兰"), heads=heads)


def balance(ledger: str, who: Subject | str) -> int:
    """What stands in somebody's account of a ledger (a kind's name: that of the place)."""
    rows = Account.objects.filter(ledger=ledger)
    rows = rows.filter(kind=who) if isinstance(who, str) else rows.filter(holder=f"subject:{who.pk}")
    return sum(rows.values_list("balance", flat=True))


def posted(ledger: str) -> int:
    """How many transfers there are."""
    return Transfer.objects.filter(ledger=ledger).count()


def household(world: World, name: str, place: str, register: str, values: Any, since: date) -> Subject:
    """A made-up registered household of a place, on a register since a day."""
    house = subjects.add(
        "registered_household", {"name": name}, actor=SYSTEM, place_id=world.places[place], since=since, synthetic=True
    )
    subjects.enter(register, house.pk, values, actor=SYSTEM, since=since)
    return house


def entered_by_two(
    world: World, ledger: str, entry: str, yuan: int, *, first: str = "赵兰", second: str = "周敏", place: str = "lake",
    scale: int = 100, **holders: Subject,
) -> Transfer:  # fmt: skip
    """An entry at 湖滨 by one colleague, confirmed by another; the same person may not do both."""
    at, key = world.places[place], f"test:{Transfer.objects.count()}"
    given = {kind: f"subject:{who.pk}" for kind, who in holders.items()}
    row, _new = entries.enter(
        ledger, entry, at, yuan * scale, actor=world.actor(first), key=key, holders=given, reason="会上定的"
    )
    with refused("ledger.not_yours"):
        entries.confirm(row.pk, actor=world.actor(first))
    return entries.confirm(row.pk, actor=world.actor(second))


def entered_by_one(
    world: World, ledger: str, entry: str, amount: int, by: str, place: str = "lake", **holders: Subject
) -> Transfer:
    """An entry by one colleague, in the smallest unit."""
    given = {kind: f"subject:{who.pk}" for kind, who in holders.items()}
    key = f"test:{Transfer.objects.count()}"
    return entries.enter(
        ledger, entry, world.places[place], amount, actor=world.actor(by), key=key, holders=given, reason="照记录"
    )[0]


def drawn(
    world: World, ledger: str, list_id: str, period: str, *, by: str = "赵兰", place: str = "lake"
) -> dict[str, int]:
    """Who a list of 湖滨 would pay, in fen, by label."""
    found = payouts.preview(ledger, list_id, world.places[place], period, actor=world.actor(by))
    return {line.holder: line.amount for line in found.lines}


def paid(
    world: World, ledger: str, list_id: str, period: str, *, first: str = "赵兰", second: str = "周敏", place: str = "lake",
    again: str = "payout.state",
) -> Payout:  # fmt: skip
    """A list of 湖滨 frozen by one, approved by another, paid, and paid again, which changes nothing; `again`: why there is no second one."""
    lake, clerk = world.places[place], world.actor(first)
    seen = payouts.preview(ledger, list_id, lake, period, actor=clerk).seen
    row = payouts.freeze(ledger, list_id, lake, period, actor=clerk, seen=seen)
    with refused("ledger.not_yours"):
        payouts.approve(row.pk, actor=clerk)
    payouts.approve(row.pk, actor=world.actor(second))
    made = payouts.pay(row.pk, actor=clerk)
    assert [t.pk for t in payouts.pay(row.pk, actor=clerk)] == [t.pk for t in made] and len(made) == row.count
    with refused(again):
        payouts.freeze(ledger, list_id, lake, period, actor=clerk, seen=seen)
    return row
