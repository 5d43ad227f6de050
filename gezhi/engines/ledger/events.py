"""Frozen facts of this engine, and what verify compares.

`account.opened`, `.bounded` (a new version of the ledger gave it other bounds); `transfer.pending`, `.posted`,
`.voided`, `.expired`, `.unbacked`, with its sides as `leg:<n>`; `closing.made`; `payout.frozen`, `.approved`, `.paid`,
`.voided` with `line:<n>`. No name and no phone is in any of them. A balance is a sum: `books.check` proves it.
"""

from __future__ import annotations

from gezhi.foundation.places.placed import PATH

ACCOUNT = ("ledger", "kind", "asset", "holder", "lowest", "highest", *PATH)
TRANSFER = (
    "ledger", "version", "entry", "key", "digest", "state", "day", "made_at", "settled_at", "expires_at", "about",
    "unbacked", "reverses_id", "seat_id", "person_id", "second_id", *PATH,
)  # fmt: skip
LEG = ("account_id", "asset", "amount", "position", "after")
CLOSING = ("ledger", "until", "closed_at", "seat_id", "person_id", *PATH)
PAYOUT = (
    "ledger", "version", "list", "period", "state", "count", "total", "digest", "frozen_id", "frozen_at", "approved_id",
    "approved_at", "paid_id", "paid_at", "voided_at", *PATH,
)  # fmt: skip
LINE = ("holder", "amount")


def register() -> None:
    """Tell the events room where states and their parts stand."""
    from gezhi.engines.ledger import books, models
    from gezhi.foundation import events

    events.register_state("account", models.Account, ACCOUNT)
    events.register_state("transfer", models.Transfer, {name: name for name in TRANSFER} | {"reason": "reason_ref"})
    events.register_parts("transfer", "leg", models.Leg, LEG, parent="transfer_id")
    events.register_state("closing", models.Closing, CLOSING)
    events.register_state("payout", models.Payout, PAYOUT)
    events.register_parts("payout", "line", models.PayoutLine, LINE, parent="payout_id")
    events.register_check(books.check)
