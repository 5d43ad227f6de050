"""Whose account: found or opened, with its label masked and its place frozen. Opened when something first moves in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError
from django.db.models import Q

from gezhi.engines.ledger import access
from gezhi.engines.ledger.events import ACCOUNT
from gezhi.engines.ledger.models import Account, Closing
from gezhi.engines.ledger.schema import Kind, Ledger, ledger
from gezhi.foundation import db, events, people, places
from gezhi.foundation.errors import Conflict, Invalid
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects.models import Subject


@dataclass(frozen=True, order=True)
class Ref:
    """Names an account: `holder` as in `Account.holder`; `place_id`, `label` serve where it is opened now."""

    ledger: str
    kind: str
    holder: str
    place_id: int = 0
    label: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.ledger, self.kind, self.holder)


def ref_at(book: Ledger, kind: Kind, place_id: int) -> Ref:
    """The account of this kind that a place (or the place of its level above it) holds. Raises Conflict ledger.no_place."""
    directory = places.directory()
    at = directory.at_level(place_id, kind.level) if kind.level else place_id
    if at is None:
        raise Conflict("ledger.no_place")
    return Ref(book.name, kind.id, f"place:{at}", at, directory.get(at).name)


def ref_of(book: Ledger, kind: Kind, holder: str, *, place_id: int | None = None, label: str = "") -> Ref:
    """The account of a holder ("subject:12", "person:3", "guest:<hash>", "seat:9", "place:5").

    A subject's lies where the subject lies, a seat's where the seat sits, another one at `place_id`. One query for a
    subject. Raises Invalid ledger.invalid when nobody of that name can hold one.
    """
    what, _colon, id = holder.partition(":")
    number = int(id) if id.isascii() and id.isdigit() and len(id) < 19 else 0
    if what not in kind.holders or not id:
        raise Invalid("ledger.invalid", field_errors={kind.id: kind.title})
    if what == "subject":
        who = Subject.objects.filter(pk=number, merged_into=None).first()
        if who is None:
            raise Invalid("ledger.invalid", field_errors={kind.id: kind.title})
        return Ref(book.name, kind.id, holder, who.place_id, who.label)
    if what == "place":
        return ref_at(book, kind, number)
    if what == "seat":
        seat = people.directory().seats.get(number)
        if seat is None:
            raise Invalid("ledger.invalid", field_errors={kind.id: kind.title})
        return Ref(book.name, kind.id, holder, seat.place_id, seat.label or seat.title)
    if place_id is None:
        raise Invalid("ledger.invalid", field_errors={kind.id: kind.title})
    said = label or (people.directory().person(number).name_public if what == "person" else "")
    return Ref(book.name, kind.id, holder, place_id, said)


def ensure(refs: Iterable[Ref], *, actor: Actor) -> dict[tuple[str, str, str], int]:
    """The ids of these accounts; those that are not there are opened, in the order of their names. Inside a write.

    One query when all are there. Two writers who open the same one get the same one.
    """
    wanted = {ref.key: ref for ref in sorted(refs)}
    there = _there(wanted)
    new = [ref for key, ref in wanted.items() if key not in there]
    if not new:
        return there
    ids = db.new_ids(Account, len(new))
    rows = [_row(id, ref) for id, ref in zip(ids, new, strict=True)]
    try:
        with db.attempt():
            _open(rows, actor)
    except IntegrityError:  # somebody opened one of them meanwhile
        for row in rows:
            try:
                with db.attempt():
                    _open([row], actor)
            except IntegrityError:
                continue
    return _there(wanted)


def _there(wanted: Mapping[tuple[str, str, str], Ref]) -> dict[tuple[str, str, str], int]:
    holders = {holder for _l, _k, holder in wanted}
    names = {name for name, _k, _h in wanted}
    rows = Account.objects.filter(holder__in=holders, ledger__in=names).values_list("ledger", "kind", "holder", "pk")
    return {(name, kind, holder): pk for name, kind, holder, pk in rows if (name, kind, holder) in wanted}


def _row(id: int, ref: Ref) -> Account:
    book = ledger(ref.ledger)
    kind = book.kinds[ref.kind]
    row = Account(
        id=id, ledger=ref.ledger, kind=ref.kind, asset=kind.asset, holder=ref.holder, label=ref.label[:80],
        lowest=kind.lowest, highest=kind.highest, **access.placed(ref.place_id),
    )  # fmt: skip
    row.closed_until = closed_until(ref.ledger, ref.place_id)
    return row


def closed_until(name: str, place_id: int) -> date | None:
    """Up to which day the books of a ledger are closed at a place; None when they never were."""
    above = [place_id, *places.directory().ancestors(place_id)]
    days = Closing.objects.filter(Q(place_id__in=above), ledger=name).values_list("until", flat=True)
    return max(days, default=None)


def _open(rows: list[Account], actor: Actor) -> None:
    drafts = [
        events.Draft(
            f"account:{row.pk}", "account.opened", {name: getattr(row, name) for name in ACCOUNT}, head=events.GENESIS
        )
        for row in rows
    ]
    for row, head in zip(rows, events.record_many(drafts, actor=actor), strict=True):
        row.event_seq, row.event_hash = head.seq, head.hash
    db.insert_many(rows)


def bounded(row: Account, kind: Kind, *, actor: Actor) -> None:
    """A new version of the ledger says other bounds: the account has them, when what stands in it keeps them. Locked."""
    if (row.lowest, row.highest) == (kind.lowest, kind.highest):
        return
    fits = (kind.lowest is None or row.balance - row.held_out >= kind.lowest) and (
        kind.highest is None or row.balance + row.held_in <= kind.highest
    )
    if not fits:
        return
    row.lowest, row.highest = kind.lowest, kind.highest
    head = events.record(
        f"account:{row.pk}", "account.bounded", actor=actor, patch={"lowest": row.lowest, "highest": row.highest},
        head=events.Head(row.event_seq, bytes(row.event_hash)),
    )  # fmt: skip
    row.event_seq, row.event_hash = head.seq, head.hash
    row.save(update_fields=["lowest", "highest", "event_seq", "event_hash"])
