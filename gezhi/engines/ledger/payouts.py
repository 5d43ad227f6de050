"""Payout lists: drawn from a register, frozen with a fingerprint, approved by another person, paid once.

A frozen list says the same for ever, whatever the register says later. Paying makes one transfer for each line under the
line's own key, so a second run finds them and pays nobody twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.engines.ledger import access, posting, rules
from gezhi.engines.ledger.accounts import Ref, ref_at
from gezhi.engines.ledger.drawing import Drawn, cut_of, draw
from gezhi.engines.ledger.events import LINE, PAYOUT
from gezhi.engines.ledger.models import APPROVED, FROZEN, PAID, VOIDED, Payout, PayoutLine, Transfer
from gezhi.engines.ledger.posting import Move
from gezhi.engines.ledger.schema import PayList, ledger
from gezhi.foundation import db
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound
from gezhi.foundation.events.rows import put
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects.models import Subject

STATES = {
    FROZEN: gettext_lazy("已冻结"),
    APPROVED: gettext_lazy("已批准"),
    PAID: gettext_lazy("已发放"),
    VOIDED: gettext_lazy("已作废"),
}
_PERIODS = {"month": r"\d{4}-(0[1-9]|1[0-2])", "quarter": r"\d{4}-Q[1-4]", "year": r"\d{4}", "once": r"once"}


@dataclass(frozen=True)
class Preview:
    """What freezing would freeze. `seen`: its fingerprint, so that nothing else is frozen than what was looked at; `on`: the
    day as of which the register was read."""

    payout: PayList
    lines: Sequence[Drawn]
    total: int
    seen: str
    on: date


def preview(name: str, list_id: str, place_id: int, period: str, *, actor: Actor) -> Preview:
    """The list as the register said on its cut-off day. Five queries.

    Raises NotAllowed ledger.not_yours, Invalid ledger.invalid, Conflict payout.early, payout.parts.
    """
    book = ledger(name)
    pay = _list(name, list_id)
    access.need(actor, (*pay.freeze, *pay.approve, *pay.pay), place_id)
    _check_period(pay, period)
    lines = draw(name, list_id, pay, place_id, period)
    seen = rules.digest(
        {"ledger": name, "version": book.version, "list": list_id, "place": place_id, "period": period,
         "lines": [[line.holder, line.amount] for line in lines]}
    )  # fmt: skip
    return Preview(pay, lines, sum(line.amount for line in lines), seen, cut_of(pay, period)[1])


def freeze(name: str, list_id: str, place_id: int, period: str, *, actor: Actor, seen: str) -> Payout:
    """The list as it was looked at (`seen`), kept for ever. Once for a place and a period.

    Raises Conflict payout.changed, payout.empty, payout.state, and as `preview`.
    """
    pay = _list(name, list_id)
    seat = access.need(actor, pay.freeze, place_id)
    with db.write():
        shown = preview(name, list_id, place_id, period, actor=actor)
        if shown.seen != seen:
            raise Conflict("payout.changed")
        if not shown.lines:
            raise Conflict("payout.empty")
        there = Payout.objects.filter(ledger=name, list=list_id, place_id=place_id, period=period)
        if (known := there.exclude(state=VOIDED).first()) is not None:
            raise Conflict("payout.state", state=STATES[known.state])
        (id,) = db.new_ids(Payout, 1)
        row = Payout(
            id=id, ledger=name, version=ledger(name).version, list=list_id, period=period, state=FROZEN, count=len(shown.lines),
            total=shown.total, digest=shown.seen, frozen_id=actor.person_id, frozen_at=clock.now(), **access.placed(place_id),
        )  # fmt: skip
        lines = [
            PayoutLine(payout_id=id, number=n, holder=line.holder, label=line.label[:80], amount=line.amount)
            for n, line in enumerate(shown.lines, 1)
        ]
        patch: dict[str, Any] = {name: getattr(row, name) for name in PAYOUT}
        patch |= {f"line:{line.number}": {name: getattr(line, name) for name in LINE} for line in lines}
        put(row, "payout.frozen", patch, actor=actor, seat=seat, new=True)
        PayoutLine.objects.bulk_create(lines)
    return row


def approve(payout_id: int, *, actor: Actor) -> Payout:
    """By another person than who froze it. Raises Conflict ledger.same_person, payout.state, NotAllowed."""
    with db.write():
        row, pay = _locked(payout_id)
        seat = access.need(actor, pay.approve, row.place_id)
        if row.state != FROZEN:
            raise Conflict("payout.state", state=STATES[row.state])
        if actor.person_id == row.frozen_id:
            raise Conflict("ledger.same_person")
        row.state, row.approved_id, row.approved_at = APPROVED, actor.person_id, clock.now()
        _tell(row, "payout.approved", ("state", "approved_id", "approved_at"), actor, seat)
    return row


def pay(payout_id: int, *, actor: Actor) -> list[Transfer]:
    """Every line of an approved list is posted; a list that was paid gives the same postings back and pays nobody.

    Raises Conflict payout.state, ledger.short (more than was appropriated: then nobody is paid), NotAllowed.
    """
    with db.write():
        row, listed = _locked(payout_id)
        seat = access.need(actor, listed.pay, row.place_id)
        if row.state not in (APPROVED, PAID):
            raise Conflict("payout.state", state=STATES[row.state])
        if row.state == PAID:
            return list(Transfer.objects.filter(about=f"payout:{row.pk}", reverses=None).order_by("pk"))
        book = ledger(row.ledger)
        source = ref_at(book, book.kinds[listed.source], row.place_id)
        lines = list(row.lines.order_by("number"))
        whos = Subject.objects.in_bulk({int(line.holder[8:]) for line in lines})
        moves = [
            Move(
                row.ledger, row.list, f"payout:{row.pk}:{line.number}",
                (
                    (source, -line.amount),
                    (Ref(row.ledger, listed.target, line.holder, whos[int(line.holder[8:])].place_id, line.label), line.amount),
                ),
                row.place_id, about=f"payout:{row.pk}", seat=seat,
            )
            for line in lines
        ]  # fmt: skip
        made = [transfer for transfer, _new in posting.post_many(moves, actor=actor)]
        row.state, row.paid_id, row.paid_at = PAID, actor.person_id, clock.now()
        _tell(row, "payout.paid", ("state", "paid_id", "paid_at"), actor, seat)
    return made


def void(payout_id: int, *, actor: Actor) -> Payout:
    """A list that is not paid yet is given up; another may be frozen for the period. Raises Conflict payout.state."""
    with db.write():
        row, pay = _locked(payout_id)
        seat = access.need(actor, (*pay.freeze, *pay.approve), row.place_id)
        if row.state not in (FROZEN, APPROVED):
            raise Conflict("payout.state", state=STATES[row.state])
        row.state, row.voided_at = VOIDED, clock.now()
        _tell(row, "payout.voided", ("state", "voided_at"), actor, seat)
    return row


def _list(name: str, list_id: str) -> PayList:
    found = ledger(name).payouts.get(list_id)
    if found is None:
        raise NotFound("ledger.none")
    return found


def _check_period(pay: PayList, period: str) -> None:
    if not re.fullmatch(_PERIODS[pay.every], period):
        said = {"month": "2026-11", "quarter": "2026-Q4", "year": "2026", "once": "once"}[pay.every]
        raise Invalid("ledger.invalid", field_errors={"period": _("这一期写成 {said}。").format(said=said)})


def _locked(payout_id: int) -> tuple[Payout, PayList]:
    row = Payout.objects.select_for_update().filter(pk=payout_id).first()
    if row is None:
        raise NotFound("ledger.none")
    return row, ledger(row.ledger, row.version).payouts[row.list]


def _tell(row: Payout, kind: str, names: Sequence[str], actor: Actor, seat: int | None) -> None:
    put(row, kind, {name: getattr(row, name) for name in names}, actor=actor, seat=seat)
