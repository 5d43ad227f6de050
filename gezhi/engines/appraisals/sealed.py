"""What was sealed stays what it was: verify adds the digest of every sealed round up again, from the rows of its results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from gezhi.engines.appraisals import rules
from gezhi.foundation.events.findings import Finding, finding
from gezhi.foundation.events.reading import rows

_RESULTS = """
SELECT r.id, r.digest, s.subject_id, s.score, s.band, s.lost, s.eligible, s.lines
FROM appraisals_round r LEFT JOIN appraisals_result s ON s.round_id = r.id
WHERE r.digest <> '' ORDER BY r.id
"""


def check(own: BaseDatabaseWrapper) -> list[Finding]:
    """What `gezhi verify` says of sealed rounds: one query, one round in memory at a time."""
    found = []
    for (id, digest), lines in groupby(rows(own, _RESULTS, []), key=lambda row: (row[0], row[1])):
        if rules.digest(rules.sealed_body(list(_told(lines)))) != digest:
            found.append(finding("round.digest", f"round:{id}"))
    return found


def _told(lines: Iterator[tuple]) -> Iterator[dict[str, Any]]:
    """Results as they were hashed (`rules.told`), from what the database gives of its columns."""
    for _id, _digest, subject, score, band, lost, eligible, parts in lines:
        if subject is not None:
            yield {
                "subject": subject, "score": None if score is None else rules.plain(Decimal(str(score))), "band": band,
                "lost": _read(lost), "eligible": bool(eligible), "lines": _read(parts),
            }  # fmt: skip


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
