"""Things that are lent: reserved, handed out, brought back. Each is in exactly one hand, and no two reservations of one meet.

Of every thing: what there is = on the shelf + in somebody's hands + gone (used up, or lost). docs/rules/stores.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from gezhi.engines.matching import access, lanes, people_of, writing
from gezhi.engines.matching.loan_models import Loan
from gezhi.engines.matching.matches import number
from gezhi.engines.matching.rosters import Store, store
from gezhi.engines.matching.signing import Guest
from gezhi.foundation import db, people, places
from gezhi.foundation import events as log
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import Actor, crypto
from gezhi.foundation.people.answering import seat_here
from gezhi.foundation.places.placed import above
from gezhi.foundation.subjects.models import Subject

RESERVED, OUT, BACK, DROPPED = "reserved", "out", "back", "dropped"
AHEAD = timedelta(days=92)
FIELDS = (
    "store", "version", "body_hash", "place_id", "county_id", "town_id", "village_id", "grid_id", "thing_id", "amount",
    "who", "person_id", "label", "since", "until", "state", "out_at", "back_at", "returned", "seat_id", "by_id",
)  # fmt: skip


@dataclass
class Thing:
    """One thing of a store. `stock` is what there is by its line; `shelf` = stock - out - gone."""

    subject: Subject
    stock: int
    issued: int = 0
    returned: int = 0
    gone: int = 0
    hands: list[Loan] = field(default_factory=list)  # out now
    ahead: list[Loan] = field(default_factory=list)  # reserved

    @property
    def out(self) -> int:
        return sum(loan.amount for loan in self.hands)

    @property
    def shelf(self) -> int:
        return self.stock - self.out - self.gone


def may_lend(kind: Store, place_id: int, actor: Actor) -> bool:
    """Whether one of the actor's seats lends this here."""
    return seat_here(actor, kind.lenders, place_id) is not None


def things(name: str, place_id: int, *, actor: Actor) -> list[Thing]:
    """Every thing of a store at a place: on the shelf, in whose hands, reserved by whom, used or lost. Three queries."""
    kind = _mine(name, place_id, actor)
    found = {who.pk: Thing(who, _stock(kind, line.values)) for who, line in _lines(kind, place_id)}
    for loan in (
        Loan.objects.filter(store=name, thing_id__in=list(found)).exclude(state=DROPPED).order_by("since", "id")
    ):
        thing = found[loan.thing_id]
        if loan.state == RESERVED:
            thing.ahead.append(loan)
            continue
        thing.issued += loan.amount
        if loan.state == OUT:
            thing.hands.append(loan)
        else:
            thing.returned += loan.returned or 0
            thing.gone += loan.amount - (loan.returned or 0)
    return list(found.values())


def overdue(name: str, place_id: int, *, actor: Actor) -> list[Loan]:
    """What should have been back by now, the longest first. One query."""
    _mine(name, place_id, actor)
    rows = Loan.objects.filter(access.inside(place_id), store=name, state=OUT, until__lt=clock.now())
    return list(rows.order_by("until", "id"))


def reserve(
    name: str,
    place_id: int,
    thing_id: int,
    who: Guest | int,
    since: datetime,
    until: datetime,
    *,
    actor: Actor,
    amount: int = 1,
    at_once: bool = False,
) -> Loan:
    """So many of a thing for somebody (a guest, or a colleague's id) in [since, until); `at_once`: handed out now.

    At no moment more is promised than there is. Raises NotAllowed store.not_yours, Invalid store.invalid, Conflict
    store.taken, store.out.
    """
    kind = _mine(name, place_id, actor)
    now = clock.now()
    since = now if at_once else since
    wrong: dict[str, str] = {}
    if not since < until or until - since > timedelta(days=kind.days):
        wrong["until"] = _("一次最多借 {n} 天，还的时间要晚于借的时间。").format(n=kind.days)
    if since < now - timedelta(minutes=5) or since > now + AHEAD:
        wrong["since"] = _("从现在到三个月以内。")
    if amount < 1:
        wrong["amount"] = _("请填一个大于零的整数。")
    if wrong:
        raise Invalid("store.invalid", field_errors=wrong)
    with db.write():
        lanes.lock([f"thing:{thing_id}"])
        stock = _room(kind, place_id, thing_id)
        if _most(_standing(thing_id), since, until, now) + amount > stock:
            raise Conflict("store.taken")
        (id,) = db.new_ids(Loan, 1)
        guest = who if isinstance(who, Guest) else None
        person = who if isinstance(who, int) else None
        row = Loan(
            id=id, store=name, version=kind.version, body_hash=kind.hash, place_id=place_id,
            **above(places.directory().path(place_id)), thing_id=thing_id, amount=amount,
            who=guest.who if guest else f"p:{person}", person_id=person,
            label=crypto.mask_name(guest.name) if guest else people.directory().person(person or 0).name_public,
            since=since, until=until, state=RESERVED, seat_id=seat_here(actor, kind.lenders, place_id), by_id=actor.person_id,
        )  # fmt: skip
        kept: dict[str, Any] = {}
        if guest is not None:
            words = json.dumps({"name": guest.name, "phone": guest.phone}, ensure_ascii=False)
            kept = log.keep(f"loan:{id}", {"contact": words})
            row.contact_ref = kept["contact"].id
        if at_once:
            _hand(row, now)
        event = "loan.out" if at_once else "loan.reserved"
        writing.put(row, event, {f: getattr(row, f) for f in FIELDS} | kept, actor=actor, seat=row.seat_id, new=True)
    return row


def hand_out(loan_id: int, *, actor: Actor) -> Loan:
    """What was reserved is taken: from the shelf into their hands. Raises as `reserve`, Conflict store.state, store.out."""
    with db.write():
        row, kind = _locked(loan_id, actor)
        if row.state != RESERVED or row.until <= clock.now():
            raise Conflict("store.state")
        others = sum(loan.amount for loan in _standing(row.thing_id) if loan.state == OUT)
        if others + row.amount > _room(kind, row.place_id, row.thing_id):
            raise Conflict("store.out")  # somebody has not brought it back
        _hand(row, clock.now())
        writing.put(row, "loan.out", {"state": row.state, "out_at": row.out_at}, actor=actor, seat=row.seat_id)
    return row


def bring_back(loan_id: int, returned: int | None = None, *, actor: Actor) -> Loan:
    """What came back of it (all, unless told): the rest was used up or is lost. Raises Conflict store.state, Invalid."""
    with db.write():
        row, _kind = _locked(loan_id, actor)
        if row.state != OUT:
            raise Conflict("store.state")
        count = row.amount if returned is None else returned
        if not 0 <= count <= row.amount:
            words = _("借出 {n}，还回来的不能更多。").format(n=row.amount)
            raise Invalid("store.invalid", field_errors={"returned": words})
        row.state, row.back_at, row.returned = BACK, clock.now(), count
        writing.put(
            row,
            "loan.back",
            {"state": row.state, "back_at": row.back_at, "returned": count},
            actor=actor,
            seat=row.seat_id,
        )
    return row


def drop(loan_id: int, *, actor: Actor) -> Loan:
    """A reservation nobody needs any more. Raises Conflict store.state."""
    with db.write():
        row, _kind = _locked(loan_id, actor)
        if row.state != RESERVED:
            raise Conflict("store.state")
        row.state = DROPPED
        writing.put(row, "loan.dropped", {"state": row.state}, actor=actor, seat=row.seat_id)
    return row


def contact(row: Loan) -> Mapping[str, str]:
    """{"name", "phone"} of a guest, for `reveal` only."""
    text = log.read_private([row.contact_ref])[row.contact_ref] if row.contact_ref else None
    return json.loads(text) if text else {}


def one(loan_id: int, *, actor: Actor) -> Loan:
    """A loan for whoever lends there. Raises NotFound store.none."""
    row = Loan.objects.filter(pk=loan_id).first()
    if row is None or not may_lend(store(row.store), row.place_id, actor):
        raise NotFound("store.none")
    return row


def _hand(row: Loan, now: datetime) -> None:
    row.state, row.out_at = OUT, now


def _standing(thing_id: int) -> list[Loan]:
    return list(Loan.objects.filter(thing_id=thing_id, state__in=(RESERVED, OUT)).order_by("since", "id"))


def _most(loans: Sequence[Loan], since: datetime, until: datetime, now: datetime) -> int:
    """How many are promised at the fullest moment of [since, until). What is overdue is out for who knows how long; a
    reservation that nobody came for counts no more."""
    met = []
    for loan in loans:
        open_end = loan.state == OUT and loan.until <= now
        if (
            (open_end or loan.until > since)
            and loan.since < until
            and not (loan.state == RESERVED and loan.until <= now)
        ):
            met.append(loan)
    moments = [since, *(loan.since for loan in met if loan.since > since)]
    return max(
        sum(
            loan.amount
            for loan in met
            if loan.since <= at and (loan.until > at or (loan.state == OUT and loan.until <= now))
        )
        for at in moments
    )


def _lines(kind: Store, place_id: int) -> list[tuple[Subject, Any]]:
    return people_of.lines(kind.things["register"], kind.things["states"], place_id)


def _stock(kind: Store, values: Mapping[str, Any]) -> int:
    how = kind.things["amount"]
    return max(0, int(number(values.get(how)))) if isinstance(how, str) else int(how)


def _room(kind: Store, place_id: int, thing_id: int) -> int:
    """How many there are that were not used up or lost. Raises Invalid store.invalid for a thing that is not lent here."""
    line = next((line for who, line in _lines(kind, place_id) if who.pk == thing_id), None)
    if line is None:
        raise Invalid("store.invalid", field_errors={"thing": _("请从清单里选一样。")})
    closed = Loan.objects.filter(Q(thing_id=thing_id), state=BACK).values_list("amount", "returned")
    return _stock(kind, line.values) - sum(amount - (back or 0) for amount, back in closed)


def _locked(loan_id: int, actor: Actor) -> tuple[Loan, Store]:
    thing = Loan.objects.filter(pk=loan_id).values_list("thing_id", flat=True).first()
    if thing is None:
        raise NotFound("store.none")
    lanes.lock([f"thing:{thing}"])
    row = Loan.objects.select_for_update().get(pk=loan_id)
    kind = store(row.store)
    if not may_lend(kind, row.place_id, actor):
        raise NotFound("store.none")
    return row, kind


def _mine(name: str, place_id: int, actor: Actor) -> Store:
    kind = store(name)
    if place_id not in places.directory() or not may_lend(kind, place_id, actor):
        raise NotAllowed("store.not_yours")
    return kind
