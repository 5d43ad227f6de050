"""Lists: accounts of a kind at a place, the statement of one, what waits, what a holder has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Sum

from gezhi.engines.ledger import access
from gezhi.engines.ledger.models import PENDING, Account, Leg, Payout, PayoutLine, Transfer
from gezhi.engines.ledger.schema import Ledger, ledger, ledgers
from gezhi.foundation import events
from gezhi.foundation.errors import NotAllowed
from gezhi.foundation.people import Actor

MOST = 500
PAGE = 100


@dataclass(frozen=True)
class Total:
    """All accounts of one kind at a place."""

    kind: str
    accounts: int
    balance: int
    held_out: int


def totals(name: str, place_id: int, *, actor: Actor) -> list[Total]:
    """By kind, in the order of the pack: how many accounts lie there, and what stands in them together. One query."""
    book = _mine(name, place_id, actor)
    rows = {
        row["kind"]: row
        for row in Account.objects.filter(access.inside(place_id), ledger=name)
        .values("kind").annotate(n=Count("pk"), sum=Sum("balance"), held=Sum("held_out")).order_by()
    }  # fmt: skip
    empty = {"n": 0, "sum": 0, "held": 0}
    return [Total(k, r["n"], r["sum"], r["held"]) for k in book.kinds for r in (rows.get(k, empty),)]


def accounts(name: str, kind: str, place_id: int, *, actor: Actor, after: int = 0, size: int = MOST) -> list[Account]:
    """The accounts of one kind (all kinds: "") at a place and inside it, in the order they were opened, from the one
    after `after` on. One query."""
    _mine(name, place_id, actor)
    rows = Account.objects.filter(access.inside(place_id), ledger=name, pk__gt=after)
    if kind:
        rows = rows.filter(kind=kind)
    return list(rows.order_by("pk")[:size])


def statement(account: Account, *, before: int | None = None, size: int = PAGE) -> list[Leg]:
    """The posted legs of an account with their transfers, the newest first, 100 at a time. One query."""
    legs = Leg.objects.filter(account=account, position__isnull=False).select_related("transfer")
    if before is not None:
        legs = legs.filter(position__lt=before)
    return list(legs.order_by("-position")[:size])


def waiting_on(account: Account) -> list[Leg]:
    """The pending legs of an account with their transfers. One query."""
    return list(Leg.objects.filter(account=account, transfer__state=PENDING).select_related("transfer").order_by("pk"))


def legs_of(transfers: Iterable[Transfer]) -> dict[int, list[Leg]]:
    """The legs of transfers with their accounts, by transfer. One query."""
    found: dict[int, list[Leg]] = {row.pk: [] for row in transfers}
    for leg in Leg.objects.filter(transfer_id__in=list(found)).select_related("account").order_by("transfer", "number"):
        found[leg.transfer_id].append(leg)
    return found


def pending(name: str, place_id: int, *, actor: Actor) -> list[Transfer]:
    """What waits for somebody, the oldest first. One query."""
    _mine(name, place_id, actor)
    rows = Transfer.objects.filter(access.inside(place_id), ledger=name, state=PENDING)
    return list(rows.order_by("made_at", "pk")[:PAGE])


def unbacked(name: str, place_id: int, *, actor: Actor) -> list[Transfer]:
    """What was posted for a record that was taken back, and is spent. One query."""
    _mine(name, place_id, actor)
    return list(Transfer.objects.filter(access.inside(place_id), ledger=name, unbacked=True).order_by("-pk")[:PAGE])


def payouts(name: str, place_id: int, *, actor: Actor, before: int | None = None, size: int = PAGE) -> list[Payout]:
    """The payout lists at a place and inside it, the newest first. One query."""
    _mine(name, place_id, actor)
    rows = Payout.objects.filter(access.inside(place_id), ledger=name)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:size])


def lines(row: Payout, *, after: int = 0, size: int = PAGE) -> list[tuple[PayoutLine, int | None]]:
    """Lines of a payout list by number, each with the transfer that paid it. Two queries."""
    found = list(row.lines.filter(number__gt=after).order_by("number")[:size])
    keys = {f"payout:{row.pk}:{line.number}": line.number for line in found}
    made = {keys[key]: pk for key, pk in Transfer.objects.filter(key__in=list(keys)).values_list("key", "pk")}
    return [(line, made.get(line.number)) for line in found]


def reason(row: Transfer) -> str:
    """The words it was entered with; "" when there are none, or they were erased. One query."""
    if row.reason_ref is None:
        return ""
    return events.read_private([row.reason_ref])[row.reason_ref] or ""


@dataclass(frozen=True)
class Own:
    """A holder's own account, as they see it: what stands in it, and what moved."""

    ledger: Ledger
    account: Account
    legs: Sequence[Leg]

    @property
    def balance(self) -> str:
        return self.ledger.asset_of(self.account.kind).said(self.account.balance)

    @property
    def title(self) -> str:
        return self.ledger.kinds[self.account.kind].title

    @property
    def lines(self) -> list[tuple[datetime, str, str]]:
        """(when, what for, how much with its sign), the newest first."""
        asset = self.ledger.asset_of(self.account.kind)
        return [
            (
                leg.transfer.made_at,
                self.ledger.said(leg.transfer.entry),
                ("+" if leg.amount > 0 else "") + asset.said(leg.amount),
            )
            for leg in self.legs
        ]


def own(holders: Iterable[str], *, most: int = 20) -> list[Own]:
    """What these holders have in the ledgers that show each their own (`mine: true`). Two queries.

    The caller has made sure that whoever asks is the holder.
    """
    shown = {book.name: book for book in ledgers() if book.mine}
    rows = Account.objects.filter(holder__in=list(holders), ledger__in=list(shown)).order_by("pk")[:PAGE]
    mine = [row for row in rows if row.kind in shown[row.ledger].kinds]
    legs: dict[int, list[Leg]] = {row.pk: [] for row in mine}
    posted = Leg.objects.filter(account__in=list(legs), position__isnull=False).select_related("transfer")
    for leg in posted.order_by("-pk")[:MOST] if legs else ():
        if len(legs[leg.account_id]) < most:
            legs[leg.account_id].append(leg)
    return [Own(shown[row.ledger], row, legs[row.pk]) for row in mine]


def about(stream: str) -> list[Transfer]:
    """What was posted for a record ("session:4"). One query."""
    return list(Transfer.objects.filter(about=stream).order_by("pk"))


def _mine(name: str, place_id: int, actor: Actor) -> Ledger:
    book = ledger(name)
    if not access.sees(book, place_id, actor):
        raise NotAllowed("ledger.not_yours")
    return book
