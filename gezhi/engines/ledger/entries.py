"""What people enter by hand: a reward, a purchase with its reason, a redemption; and what a second person confirms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.utils.translation import gettext as _

from gezhi.engines.ledger import access, posting
from gezhi.engines.ledger.accounts import Ref, ref_at, ref_of
from gezhi.engines.ledger.models import PENDING, POSTED, VOIDED, Transfer
from gezhi.engines.ledger.posting import STATES, Move
from gezhi.engines.ledger.rules import shown
from gezhi.engines.ledger.schema import Entry, Ledger, ledger
from gezhi.engines.ledger.terms import Terms
from gezhi.foundation import db, places
from gezhi.foundation import expressions as ex
from gezhi.foundation.calendar import clock, deadline
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import Actor, crypto
from gezhi.foundation.subjects import definitions, facts_of
from gezhi.foundation.subjects.definitions import rule_aliases, rule_types
from gezhi.foundation.subjects.models import Entry as Line
from gezhi.foundation.subjects.models import Subject


def enter(
    name: str,
    entry_id: str,
    place_id: int,
    amount: int,
    *,
    actor: Actor,
    key: str,
    holders: Mapping[str, str] | None = None,
    reason: str = "",
    day: date | None = None,
    about: str = "",
    phone: str = "",
    proved: bytes | None = None,
) -> tuple[Transfer, bool]:
    """One entry of a ledger, at a place. `amount` in the smallest unit (or a count); `holders`: kind -> whose account.

    Entered by a post that the entry names, or by the system (a flow); a `spend` needs the holder: their phone as they
    say it, or its proved index (`proved`, the portal), or that they are the colleague themselves. What waits is pending
    until `confirm`. The same key again gives the first one back. Raises NotFound pack.not_installed, NotAllowed
    ledger.not_yours, ledger.own_only, Invalid ledger.invalid, and as `posting.post_many`.
    """
    book = ledger(name)
    entry = book.entries.get(entry_id)
    if entry is None:
        raise NotFound("ledger.none")
    own = entry.spend and actor.kind == "resident" and proved is not None
    seat = None if own else access.need(actor, entry.by, place_id)
    words = posting.clean_reason(reason) if not (own or actor.kind == "system") or reason else ""
    wrong: dict[str, str] = {}
    if amount < entry.least or (entry.most is not None and amount > entry.most):
        wrong["amount"] = _bounds(book, entry)
    refs = _refs(book, entry, place_id, holders or {}, wrong)
    if wrong:
        raise Invalid("ledger.invalid", field_errors=wrong)
    _within(book, refs, place_id, actor, own)
    if entry.spend:
        _own(book, entry, refs, actor, phone, proved)
    legs = _legs(entry, refs, _read(book, entry, refs), amount)
    move = Move(
        name, entry.id, key, legs, place_id, day=day, about=about, pending=entry.waits, reason=words,
        expires_at=deadline(clock.now(), entry.expires) if entry.expires else None, seat=seat,
    )  # fmt: skip
    return posting.post(move, actor=actor)


def confirm(transfer_id: int, *, actor: Actor) -> Transfer:
    """What waited is posted: by another person of the `second` posts, or (without such) by a `by` post.

    Raises NotFound ledger.none, NotAllowed ledger.not_yours, Conflict ledger.same_person, ledger.settled.
    """
    with db.write():
        row, entry = _waiting(transfer_id)
        access.need(actor, entry.second or entry.by, row.place_id)
        if entry.second and actor.person_id == row.person_id:
            raise Conflict("ledger.same_person")
        return posting.settle(transfer_id, POSTED, actor=actor, second=actor.person_id != row.person_id)


def refuse(transfer_id: int, *, actor: Actor) -> Transfer:
    """What waited is not posted: by whoever could enter or confirm it. What it held is free again."""
    with db.write():
        row, entry = _waiting(transfer_id)
        access.need(actor, (*entry.by, *entry.second), row.place_id)
        return posting.settle(transfer_id, VOIDED, actor=actor)


def correct(transfer_id: int, *, actor: Actor, reason: str) -> Transfer:
    """A posted transfer is reversed, with a reason: by whoever may enter it (a rule's or a list's: who closes periods).

    Raises as `posting.reverse`, NotAllowed ledger.not_yours.
    """
    with db.write():
        row = access.lock_transfer(transfer_id)
        book = ledger(row.ledger)
        entry = book.entries.get(row.entry)
        posts = (entry.second or entry.by) if entry else book.close
        seat = access.need(actor, posts, row.place_id)
        return posting.reverse(transfer_id, actor=actor, reason=reason, seat=seat)


def offered(book: Ledger, place_id: int, actor: Actor) -> list[Entry]:
    """The entries the actor may make at a place."""
    return [entry for entry in book.entries.values() if access.seat_here(actor, entry.by, place_id) is not None]


def may_confirm(row: Transfer, actor: Actor) -> bool:
    """Whether the actor may confirm this pending transfer."""
    entry = ledger(row.ledger).entries.get(row.entry)
    if entry is None or row.state != PENDING or access.seat_here(actor, entry.second or entry.by, row.place_id) is None:
        return False
    return not (entry.second and actor.person_id == row.person_id)


def may_correct(row: Transfer, actor: Actor) -> bool:
    """Whether the actor may reverse this posted transfer (that it was not reversed yet is looked at when it is done)."""
    book = ledger(row.ledger)
    entry = book.entries.get(row.entry)
    posts = (entry.second or entry.by) if entry else book.close
    return row.state == POSTED and row.reverses_id is None and access.seat_here(actor, posts, row.place_id) is not None


def _waiting(transfer_id: int) -> tuple[Transfer, Entry]:
    row = access.lock_transfer(transfer_id)
    if row.state != PENDING:
        raise Conflict("ledger.settled", state=STATES[row.state])
    return row, ledger(row.ledger).entries[row.entry]


def _bounds(book: Ledger, entry: Entry) -> str:
    """What may be filled in, in the unit that is filled in: the asset's, or how many where legs are computed from it."""
    plain = all(side.amount == "amount" for side in entry.sides)
    scale = book.asset_of(entry.sides[0].source).scale if plain else 0
    if entry.most is None and entry.least == 1:
        return _("请填一个大于零的整数。") if not scale else _("请填一个大于零的数。")
    if entry.most is None:
        return _("至少填 {least}。").format(least=shown(entry.least, scale))
    return _("请填 {least} 到 {most}。").format(least=shown(entry.least, scale), most=shown(entry.most, scale))


def _refs(
    book: Ledger, entry: Entry, place_id: int, holders: Mapping[str, str], wrong: dict[str, str]
) -> dict[str, Ref]:
    refs = {}
    for id in entry.kinds:
        kind = book.kinds[id]
        try:
            refs[id] = (
                ref_at(book, kind, place_id)
                if kind.of_place
                else ref_of(book, kind, holders.get(id, ""), place_id=place_id)
            )
        except Invalid:
            wrong[id] = _("请选一个{what}。").format(what=kind.title)
    return refs


def _within(book: Ledger, refs: Mapping[str, Ref], place_id: int, actor: Actor, own: bool) -> None:
    """Whose account it is lies where the entry is made: nobody writes into another village's books."""
    if actor.kind == "system" or own:
        return
    ground = places.directory()
    for id, ref in refs.items():
        if not book.kinds[id].of_place and not (
            ground.is_within(ref.place_id, place_id) or ground.is_within(place_id, ref.place_id)
        ):
            raise NotAllowed("ledger.not_yours")


def _own(book: Ledger, entry: Entry, refs: Mapping[str, Ref], actor: Actor, phone: str, proved: bytes | None) -> None:
    """The holder of every reward account that gives is here: nobody else spends for them. Raises ledger.own_only."""
    for side in entry.sides:
        if not book.kinds[side.source].reward:
            continue
        what, _colon, id = refs[side.source].holder.partition(":")
        if what == "person" and actor.person_id == int(id):
            continue
        said = proved
        if said is None and phone:
            try:
                said = crypto.blind("phone", phone)
            except Invalid:
                said = None
        known = (
            Subject.objects.filter(pk=int(id)).values_list("phone_hash", flat=True).first()
            if what == "subject"
            else None
        )
        if said is None or known is None or bytes(known) != said:
            raise NotAllowed("ledger.own_only")


def _read(book: Ledger, entry: Entry, refs: Mapping[str, Ref]) -> Terms:
    """What the registers of the entry's accounts say of their holders. Two queries for each account with a register."""
    found = Terms({"amount": ex.Number}, {"数量": "amount"}, {})
    for id, ref in refs.items():
        kind = book.kinds[id]
        if not kind.register or not ref.holder.startswith("subject:"):
            continue
        declared = definitions.register(kind.register)
        lines = Line.objects.filter(register=kind.register, subject_id=int(ref.holder[8:]), until=None)
        line = lines.order_by("pk").first()
        if line is None:
            said = _("不在“{register}”里。").format(register=declared.said)
            raise Invalid("ledger.invalid", field_errors={id: said})
        who = Subject.objects.get(pk=line.subject_id)
        found = Terms(
            {**rule_types(declared.form), **found.types}, {**rule_aliases(declared.form), **found.aliases},
            {**facts_of(declared, line.values, who, clock.today(), line), **found.values},
        )  # fmt: skip
    return found


def _legs(entry: Entry, refs: Mapping[str, Ref], terms: Terms, amount: int) -> tuple[tuple[Ref, int], ...]:
    legs: list[tuple[Ref, int]] = []
    for side in entry.sides:
        value = terms.amount(side.amount, {"amount": amount})
        if value is None or value < 1:
            raise Invalid("ledger.invalid", field_errors={"amount": _("请填一个大于零的整数。")})
        legs += [(refs[side.source], -value), (refs[side.target], value)]
    return tuple(legs)
