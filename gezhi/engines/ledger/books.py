"""A balance is a sum: verify compares every account with its legs, and every transfer with zero."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from gezhi.foundation.events.findings import Finding, finding
from gezhi.foundation.events.reading import rows

_SUMS = """
SELECT a.id FROM ledger_account a LEFT JOIN (
  SELECT l.account_id AS id,
    sum(CASE WHEN t.state = 'posted' THEN l.amount ELSE 0 END) AS balance,
    sum(CASE WHEN t.state = 'pending' AND l.amount < 0 THEN -l.amount ELSE 0 END) AS held_out,
    sum(CASE WHEN t.state = 'pending' AND l.amount > 0 THEN l.amount ELSE 0 END) AS held_in,
    sum(CASE WHEN t.state = 'posted' THEN 1 ELSE 0 END) AS posted
  FROM ledger_leg l JOIN ledger_transfer t ON t.id = l.transfer_id GROUP BY l.account_id
) s ON s.id = a.id
WHERE a.balance <> coalesce(s.balance, 0) OR a.held_out <> coalesce(s.held_out, 0)
  OR a.held_in <> coalesce(s.held_in, 0) OR a.posted <> coalesce(s.posted, 0)
ORDER BY a.id LIMIT 1000
"""
_ZERO = """
SELECT DISTINCT transfer_id FROM ledger_leg GROUP BY transfer_id, asset HAVING sum(amount) <> 0
ORDER BY transfer_id LIMIT 1000
"""


def check(own: BaseDatabaseWrapper) -> list[Finding]:
    """What `gezhi verify` says of the books: two queries."""
    found = [finding("book.balance", f"account:{id}") for (id,) in rows(own, _SUMS, [])]
    return found + [finding("book.unbalanced", f"transfer:{id}") for (id,) in rows(own, _ZERO, [])]
