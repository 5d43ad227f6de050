"""The frame of every change of who sits where: one at a time, recorded, and told to the leave hooks.

Personal draws (an item somebody took) must not stay with a person who no longer answers for its seat,
however that came about: they left, a substitute's term ran out, a vacant seat they covered was filled.
So each change compares who answered for what before and after, and tells the hooks the difference
within the same transaction; `settle()` does the same for what the mere passing of time ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gezhi.foundation import db, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.db.models import Revision

from . import refusals
from .actor import Actor
from .snapshot import People, directory

REVISION = "people"
_SETTLED = "people.settled"  # microseconds since 1970 up to which time has been settled
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
BACKDATED_AT_MOST = timedelta(days=31)

LeaveHook = Callable[[int, frozenset[int], Actor], "Iterable[object] | None"]
_hooks: list[LeaveHook] = []


def on_leave(hook: LeaveHook) -> LeaveHook:
    """Have `hook(person_id, seats, actor)` called whenever a person stops answering for seats.

    It runs inside the transaction of the change, once per person, after the directory has changed; what it
    returns (lines for people to read) joins the hand-over list. An exception undoes the whole change.
    May be used as a decorator; the same hook is called once.
    """
    if hook not in _hooks:
        _hooks.append(hook)
    return hook


@dataclass
class Change:
    """A change in progress: its instant, the directory before it, and after it what was handed over."""

    now: datetime
    before: People
    items: dict[int, list[object]] = field(default_factory=lambda: defaultdict(list))
    lost: dict[int, frozenset[int]] = field(default_factory=dict)


@contextmanager
def changing(actor: Actor) -> Iterator[Change]:
    """Inside: change tables of this room. At the end: the revision moves and the hooks are told."""
    with db.write():
        lock()
        change = Change(clock.now(), directory())
        answered = _answered_since(change.before, _settled(change.now), change.now)
        yield change
        revisions.bump(REVISION)
        _tell(answered, directory(), change, actor)


@contextmanager
def of_persons() -> Iterator[None]:
    """Inside: change what is known of persons (name, sign-in, language), but not who answers for what.

    The revision moves as with `changing`, but nothing is compared and no hook is told: the county need not be read.
    What ended by itself meanwhile waits for the next change or `settle()`.
    """
    with db.write():
        lock()
        yield
        revisions.bump(REVISION)


def lock() -> None:
    """Inside a write: one change at a time, also where rows are locked singly (PostgreSQL), for the rules look at
    many rows; and what was read before the lock is forgotten."""
    list(Revision.objects.select_for_update().filter(name=REVISION))
    revisions.forget()


def settle(*, actor: Actor) -> int:
    """Tell the hooks what ended by itself since the last change; returns how many persons it concerned."""
    now = clock.now()
    upcoming = directory().next_change(_settled(now))
    if upcoming is None or upcoming > now:
        return 0
    with db.write():
        lock()
        people = directory()
        change = Change(clock.now(), people)
        _tell(_answered_since(people, _settled(change.now), change.now), people, change, actor)
    return len(change.lost)


def _answered_since(people: People, start: datetime, now: datetime) -> dict[int, set[int]]:
    """Every seat each person answered for at any moment from `start` until just now."""
    answered: dict[int, set[int]] = defaultdict(set)
    for at in people.instants(start, now):
        for person_id, seats in people.epoch(at).answering.items():
            answered[person_id] |= seats
    return answered


def _tell(answered: dict[int, set[int]], after: People, change: Change, actor: Actor) -> None:
    answering = after.epoch(change.now).answering
    for person_id, seats in sorted(answered.items()):
        lost = frozenset(seats - answering.get(person_id, frozenset()))
        if lost:
            change.lost[person_id] = lost
            for hook in _hooks:
                change.items[person_id].extend(hook(person_id, lost, actor) or ())
    revisions.assign(_SETTLED, (change.now - _EPOCH) // _MICROSECOND)


def _settled(now: datetime) -> datetime:
    stored = revisions.current().get(_SETTLED)
    return now if stored is None else min(now, _EPOCH + stored * _MICROSECOND)


def need_to_manage(actor: Actor, place_id: int) -> None:
    """Raises NotAllowed unless the actor manages people at this place, NotFound people.no_place."""
    everywhere = places.directory()
    if everywhere.get(place_id) is None:
        raise refusals.NO_PLACE(place=place_id)
    actor.need("people.manage", everywhere.path(place_id))


def instant(change: Change, at: datetime | None, actor: Actor) -> datetime:
    """`at`, or now. Colleagues may date back a month (papers arrive late), imports as far as they know."""
    if at is None:
        return change.now
    if at.tzinfo is None or (actor.kind != "system" and at < change.now - BACKDATED_AT_MOST):
        raise refusals.TERM_WRONG()
    return at
