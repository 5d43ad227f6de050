"""What the worker does for the ledger: what waited too long expires, and what it held is free again."""

from __future__ import annotations

from gezhi.engines.ledger import posting
from gezhi.engines.ledger.models import EXPIRED, PENDING, Transfer
from gezhi.foundation import jobs, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict

BATCH = 200


@jobs.every(60, "ledger.expire")
def expire() -> int:
    """Pending transfers whose time is over, the oldest first; returns how many. One small write for each."""
    over = Transfer.objects.filter(state=PENDING, expires_at__lte=clock.now()).order_by("expires_at", "pk")
    count = 0
    for id in list(over.values_list("pk", flat=True)[:BATCH]):
        try:
            posting.settle(id, EXPIRED, actor=people.system("ledger"))
        except Conflict:  # somebody settled it meanwhile
            continue
        count += 1
    return count
