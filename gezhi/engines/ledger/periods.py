"""Closing the books: nothing is dated inside a closed period any more; what was wrong in it is corrected in the next."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from gezhi.engines.ledger import access
from gezhi.engines.ledger.events import CLOSING
from gezhi.engines.ledger.models import PENDING, Account, Closing, Transfer
from gezhi.engines.ledger.schema import ledger
from gezhi.foundation import db
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid
from gezhi.foundation.events.rows import put
from gezhi.foundation.people import Actor


def close(name: str, place_id: int, until: date, *, actor: Actor) -> Closing:
    """The books of a ledger at a place and inside it are closed up to and including a day that is over.

    Waits for whoever is posting there, and everybody after sees it. Raises NotAllowed ledger.not_yours, Invalid
    ledger.invalid: a day to come, one that is closed, or one with something still pending.
    """
    seat = access.need(actor, ledger(name).close, place_id)
    if until >= clock.today():
        raise Invalid("ledger.invalid", field_errors={"until": _("只能结到已经过去的日子。")})
    with db.write():
        mine = Account.objects.filter(access.inside(place_id), ledger=name)
        access.lock_accounts(mine.values_list("pk", flat=True))
        if Closing.objects.filter(ledger=name, place_id=place_id, until__gte=until).exists():
            raise Invalid("ledger.invalid", field_errors={"until": _("这一天已经结过账了。")})
        if Transfer.objects.filter(access.inside(place_id), ledger=name, state=PENDING, day__lte=until).exists():
            raise Invalid("ledger.invalid", field_errors={"until": _("还有待确认的账，先确认或作废。")})
        (id,) = db.new_ids(Closing, 1)
        row = Closing(
            id=id, ledger=name, until=until, closed_at=clock.now(), seat_id=seat, person_id=actor.person_id,
            **access.placed(place_id),
        )  # fmt: skip
        put(row, "closing.made", {n: getattr(row, n) for n in CLOSING}, actor=actor, seat=seat, new=True)
        # A wider closing never opens what a narrower one closed further.
        mine.exclude(closed_until__gte=until).update(closed_until=until)
    return row
