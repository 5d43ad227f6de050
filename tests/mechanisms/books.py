"""What mechanisms with an account share: let the worker read on, and say what stands in whose account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection

from gezhi.engines.ledger.models import Account, Transfer
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
from tests.engines.matching.conftest import at
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
