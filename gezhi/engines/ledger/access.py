"""The only door to a row: whose seat decides where, who sees an account, and the locks, in the order of account ids."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Q

from gezhi.engines.ledger import refusals as _refusals  # noqa: F401  (registers the codes)
from gezhi.engines.ledger.models import Account, Payout, Transfer
from gezhi.engines.ledger.schema import Ledger, ledger, ledgers
from gezhi.foundation import people, places
from gezhi.foundation.errors import NotAllowed, NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import covers, seats_of
from gezhi.foundation.places.placed import above
from gezhi.foundation.subjects.access import lying


def seat_here(actor: Actor, posts: Collection[str], place_id: int) -> int | None:
    """Which of a colleague's own seats of these posts answers for a place: the one acted in, else the nearest."""
    mine = [seat for seat in seats_of(actor, posts) if covers(seat, place_id)]
    if actor.seat in mine:
        return actor.seat
    ground = places.directory()
    return max(mine, key=lambda seat: len(ground.ancestors(people.directory().seat(seat).place_id)), default=None)


def need(actor: Actor, posts: Collection[str], place_id: int) -> int | None:
    """The seat in which the actor does this here (None: the system). Raises NotAllowed ledger.not_yours."""
    if actor.kind == "system":
        return None
    seat = seat_here(actor, posts, place_id)
    if seat is None:
        raise NotAllowed("ledger.not_yours")
    return seat


def readers(book: Ledger) -> frozenset[str]:
    """The posts that see a ledger at their place: those it names, and whoever enters, confirms, pays or closes."""
    found = {*book.see, *book.close}
    for entry in book.entries.values():
        found |= {*entry.by, *entry.second}
    for payout in book.payouts.values():
        found |= {*payout.freeze, *payout.approve, *payout.pay}
    return frozenset(found)


def sees(book: Ledger, place_id: int, actor: Actor) -> bool:
    """Whether the actor reads the books of this ledger at a place."""
    return actor.kind == "system" or seat_here(actor, readers(book), place_id) is not None


def mine(actor: Actor) -> list[tuple[Ledger, int]]:
    """The ledgers the actor reads, each with the place of the seat in which they do."""
    if actor.kind != "staff":
        return []
    directory = people.directory()
    seats = [directory.seat(id) for id in ([actor.seat] if actor.seat else sorted(actor.answering))]
    found = []
    for book in ledgers():
        posts = readers(book)
        at = next((seat.place_id for seat in seats if seat.post in posts), None)
        if at is not None:
            found.append((book, at))
    return found


def inside(place_id: int) -> Q:
    """Rows that lie in a place or below it."""
    return lying(place_id)


def account_to_see(account_id: int, *, actor: Actor) -> Account:
    """An account for whoever reads its ledger there. NotFound for everybody else, whether it is there or not."""
    row = Account.objects.filter(pk=account_id).first()
    if row is None or not sees(ledger(row.ledger), row.place_id, actor):
        raise NotFound("ledger.none")
    return row


def transfer_to_see(transfer_id: int, *, actor: Actor) -> Transfer:
    """A transfer for whoever reads its ledger there. NotFound otherwise."""
    row = Transfer.objects.filter(pk=transfer_id).first()
    if row is None or not sees(ledger(row.ledger), row.place_id, actor):
        raise NotFound("ledger.none")
    return row


def payout_to_see(payout_id: int, *, actor: Actor) -> Payout:
    """A payout list for whoever reads its ledger there. NotFound otherwise."""
    row = Payout.objects.filter(pk=payout_id).first()
    if row is None or not sees(ledger(row.ledger), row.place_id, actor):
        raise NotFound("ledger.none")
    return row


def lock_accounts(ids: Iterable[int]) -> dict[int, Account]:
    """The rows, locked one after the other in the order of their ids, so that two writers never wait for each other."""
    rows = Account.objects.select_for_update().filter(pk__in=sorted(set(ids))).order_by("pk")
    return {row.pk: row for row in rows}


def lock_transfer(transfer_id: int) -> Transfer:
    """The row, locked; before its accounts. Raises NotFound ledger.none."""
    row = Transfer.objects.select_for_update().filter(pk=transfer_id).first()
    if row is None:
        raise NotFound("ledger.none")
    return row


def placed(place_id: int) -> dict[str, Any]:
    """The columns of a place: itself and the places above."""
    return {"place_id": place_id, **above(places.directory().path(place_id))}
