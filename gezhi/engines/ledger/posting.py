"""The only writer of transfers: many at once, each once by its key, no account beyond its bounds at any moment.

Order of locks everywhere: payout, transfer, accounts by their ids. A posted leg is never changed; what was wrong is
reversed by another transfer. docs/rules/ledger.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.engines.ledger import access, accounts, rules
from gezhi.engines.ledger.accounts import Ref
from gezhi.engines.ledger.events import LEG, TRANSFER
from gezhi.engines.ledger.models import EXPIRED, PENDING, POSTED, VOIDED, Account, Leg, Transfer
from gezhi.engines.ledger.schema import ledger
from gezhi.foundation import db, events
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, Refusal
from gezhi.foundation.events.rows import put
from gezhi.foundation.people import Actor

STATES = {
    PENDING: gettext_lazy("待确认"),
    POSTED: gettext_lazy("已入账"),
    VOIDED: gettext_lazy("已作废"),
    EXPIRED: gettext_lazy("已过期"),
}
REASON_MOST = 200


@dataclass(frozen=True)
class Move:
    """One transfer to be made. `legs`: (account, amount) in the smallest unit, a negative one gives.

    `key`: said once for ever; the same with other content is refused. `day`: today unless told. `pending` holds what it
    needs until it is settled (or `expires_at`). `reason`: free words, sealed.
    """

    ledger: str
    entry: str
    key: str
    legs: tuple[tuple[Ref, int], ...]
    place_id: int
    day: date | None = None
    about: str = ""
    pending: bool = False
    expires_at: datetime | None = None
    reverses: int | None = None
    reason: str = ""
    seat: int | None = None

    def content(self) -> Mapping[str, Any]:
        """What the key stands for."""
        return {
            "ledger": self.ledger, "entry": self.entry, "about": self.about, "reverses": self.reverses,
            "legs": sorted([*ref.key, amount] for ref, amount in self.legs), "day": self.day,
        }  # fmt: skip


def post(move: Move, *, actor: Actor) -> tuple[Transfer, bool]:
    """`post_many` of one; (transfer, whether it is new)."""
    return post_many([move], actor=actor)[0]


def post_many(moves: Sequence[Move], *, actor: Actor, lenient: bool = False) -> list[Any]:
    """Make transfers in this order, all or none; each (transfer, new). A bounded number of statements.

    Raises Conflict ledger.unbalanced, .short, .full, .closed, .key_reused, Invalid ledger.invalid. `lenient`: what one
    is refused for stands in its place in the answer, and the others are made.
    """
    with db.write():
        ids = accounts.ensure([ref for move in moves for ref, _amount in move.legs], actor=actor)
        locked = access.lock_accounts(ids.values())
        for account in locked.values():
            accounts.bounded(account, ledger(account.ledger).kinds[account.kind], actor=actor)
        there = {t.key: t for t in Transfer.objects.filter(key__in=[move.key for move in moves])}
        made: list[tuple[Transfer, list[Leg], Move]] = []
        answers: list[Any] = []
        for move in moves:
            known = there.get(move.key)
            try:
                if known is not None:
                    if known.digest != rules.digest(move.content()):
                        raise Conflict("ledger.key_reused")
                    answers.append((known, False))
                    continue
                row, legs = _made(move, ids, locked, actor)
            except Refusal as refused:
                if not lenient:
                    raise
                answers.append(refused)
                continue
            there[move.key] = row
            made.append((row, legs, move))
            answers.append((row, True))
        _write(made, actor)
        _keep([locked[id] for id in {leg.account_id for _t, legs, _m in made for leg in legs}])
    return answers


def settle(transfer_id: int, to: str, *, actor: Actor, second: bool = False) -> Transfer:
    """A pending transfer is posted, voided or expires. `second`: the actor confirms it. Raises Conflict ledger.settled.

    What was held is let go first, so posting it never meets a bound that its own hold filled.
    """
    with db.write():
        row = access.lock_transfer(transfer_id)
        if row.state != PENDING:
            raise Conflict("ledger.settled", state=STATES[row.state])
        legs = list(row.legs.order_by("number"))
        locked = access.lock_accounts(leg.account_id for leg in legs)
        for leg in legs:
            _apply(locked[leg.account_id], _standing(locked[leg.account_id]).held(leg.amount, -1))
        if to == POSTED:
            _dated(row.day, locked.values())
            for leg in legs:
                _post(locked[leg.account_id], leg)
            for account in locked.values():
                _bounds(account, 0)
        row.state, row.settled_at = to, clock.now()
        if second:
            row.second_id = actor.person_id
        Leg.objects.bulk_update(legs, ["position", "after"])
        patch = {"state": row.state, "settled_at": row.settled_at, "second_id": row.second_id}
        tell(row, f"transfer.{to}", patch | _parts(legs), actor=actor)
        _keep(list(locked.values()))
    return row


def reverse(transfer_id: int, *, actor: Actor, reason: str, key: str = "", seat: int | None = None) -> Transfer:
    """A posted transfer is taken back by its mirror, dated today: what was is left as it was. Needs a reason.

    Raises Conflict ledger.reversed (once only, and not a reversal itself), ledger.settled, ledger.short (what it gave
    is spent), Invalid ledger.invalid.
    """
    words = clean_reason(reason)
    with db.write():
        row = access.lock_transfer(transfer_id)
        if row.state != POSTED:
            raise Conflict("ledger.settled", state=STATES[row.state])
        if row.reverses_id is not None or Transfer.objects.filter(reverses=row).exists():
            raise Conflict("ledger.reversed")
        legs = [
            (Ref(row.ledger, leg.account.kind, leg.account.holder), -leg.amount)
            for leg in row.legs.select_related("account").order_by("number")
        ]
        move = Move(
            row.ledger, row.entry, key or f"reverse:{row.pk}", tuple(legs), row.place_id, about=row.about, reverses=row.pk,
            reason=words, seat=seat,
        )  # fmt: skip
        return post(move, actor=actor)[0]


def unbacked(transfer_id: int, *, actor: Actor) -> Transfer:
    """The record it came from was taken back, and it cannot be reversed because what it gave is spent: it is listed."""
    with db.write():
        row = access.lock_transfer(transfer_id)
        if not row.unbacked:
            row.unbacked = True
            tell(row, "transfer.unbacked", {"unbacked": True}, actor=actor)
    return row


def clean_reason(reason: str) -> str:
    """Words on one line. Raises Invalid ledger.invalid when there are none, or too many."""
    words = " ".join(reason.split())
    if not words or len(words) > REASON_MOST:
        said = _("请写一句为什么，最多 {max} 个字。").format(max=REASON_MOST)
        raise Invalid("ledger.invalid", field_errors={"reason": said})
    return words


def tell(row: Transfer, kind: str, patch: Mapping[str, Any], *, actor: Actor) -> None:
    """Append an event to a transfer and write the row."""
    put(row, kind, patch, actor=actor, seat=actor.seat or row.seat_id if actor.kind == "staff" else None)


def _made(
    move: Move, ids: Mapping[Any, int], locked: Mapping[int, Account], actor: Actor
) -> tuple[Transfer, list[Leg]]:
    """The rows of a transfer, and the accounts as they stand after it; untouched when it is refused."""
    book, now = ledger(move.ledger), clock.now()
    day = move.day or clock.today()
    if day > clock.today():
        raise Invalid("ledger.invalid", field_errors={"day": _("不能记在将来的日子。")})
    mine = [locked[ids[ref.key]] for ref, _amount in move.legs]
    if (
        not move.legs
        or rules.unbalanced((account.asset, amount) for account, (_r, amount) in zip(mine, move.legs, strict=True))
        or any(not 0 < abs(amount) <= rules.MOST for _ref, amount in move.legs)
    ):
        raise Conflict("ledger.unbalanced")
    _dated(day, mine)
    before = {account.pk: (_standing(account), account.posted) for account in mine}
    legs = [
        Leg(number=n, account_id=account.pk, asset=account.asset, amount=amount)
        for n, (account, (_ref, amount)) in enumerate(zip(mine, move.legs, strict=True), 1)
    ]
    try:
        for account, leg in zip(mine, legs, strict=True):
            if move.pending:
                _apply(account, _standing(account).held(leg.amount))
            else:
                _post(account, leg)
        for account, leg in zip(mine, legs, strict=True):
            _bounds(account, leg.amount)
    except Refusal:
        for account in mine:
            standing, account.posted = before[account.pk]
            _apply(account, standing)
        raise
    row = Transfer(
        ledger=move.ledger, version=book.version, entry=move.entry, key=move.key, digest=rules.digest(move.content()),
        state=PENDING if move.pending else POSTED, day=day, made_at=now, settled_at=None if move.pending else now,
        expires_at=move.expires_at, about=move.about, reverses_id=move.reverses, seat_id=move.seat, person_id=actor.person_id,
        **access.placed(move.place_id),
    )  # fmt: skip
    return row, legs


def _write(made: Sequence[tuple[Transfer, list[Leg], Move]], actor: Actor) -> None:
    if not made:
        return
    drafts = []
    for id, (row, legs, move) in zip(db.new_ids(Transfer, len(made)), made, strict=True):
        row.pk = id
        for leg in legs:
            leg.transfer_id = id
        patch = {name: getattr(row, name) for name in TRANSFER} | _parts(legs)
        if move.reason:
            ref = events.keep(f"transfer:{id}", {"reason": move.reason})["reason"]
            row.reason_ref, patch["reason"] = ref.id, ref
        drafts.append(
            events.Draft(f"transfer:{id}", f"transfer.{row.state}", patch, head=events.GENESIS, seat=move.seat)
        )
    for (row, _legs, _move), head in zip(made, events.record_many(drafts, actor=actor), strict=True):
        row.event_seq, row.event_hash = head.seq, head.hash
    db.insert_many([row for row, _legs, _move in made])
    Leg.objects.bulk_create([leg for _row, legs, _move in made for leg in legs])


def _parts(legs: Sequence[Leg]) -> dict[str, Any]:
    return {f"leg:{leg.number}": {name: getattr(leg, name) for name in LEG} for leg in legs}


def _standing(account: Account) -> rules.Standing:
    return rules.Standing(account.balance, account.held_out, account.held_in, account.lowest, account.highest)


def _apply(account: Account, standing: rules.Standing) -> None:
    account.balance, account.held_out, account.held_in = standing.balance, standing.held_out, standing.held_in


def _post(account: Account, leg: Leg) -> None:
    _apply(account, _standing(account).moved(leg.amount))
    account.posted += 1
    leg.position, leg.after = account.posted, account.balance


def _bounds(account: Account, amount: int) -> None:
    standing = _standing(account)
    if not (fault := standing.fault):
        return
    asset = ledger(account.ledger).asset_of(account.kind)
    free = (standing.free or 0) + max(0, -amount)
    raise Conflict(
        f"ledger.{fault}", who=account.label, free=asset.said(max(0, free)), amount=asset.said(abs(amount)),
        most=asset.said(account.highest or 0),
    )  # fmt: skip


def _dated(day: date, touched: Any) -> None:
    closed = max((a.closed_until for a in touched if a.closed_until is not None), default=None)
    if closed is not None and day <= closed:
        raise Conflict("ledger.closed", day=closed.isoformat())


def _keep(rows: Sequence[Account]) -> None:
    Account.objects.bulk_update(sorted(rows, key=lambda r: r.pk), ["balance", "held_out", "held_in", "posted"])
