"""A row that heads its own stream: the event goes in, the head moves, the row is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .chain import GENESIS, Head, PrivateRef
from .log import Doer, record


def put(
    row: Any,
    kind: str,
    patch: Mapping[str, Any],
    *,
    actor: Doer,
    seat: int | None,
    new: bool = False,
    claimed_at: datetime | None = None,
    reason: PrivateRef | None = None,
) -> None:
    """Append the event to the stream of a row with a head ("rota:3" of a Rota), move the head, write the row.

    Inside a write; raises as `record`.
    """
    head = record(
        f"{row._meta.model_name}:{row.pk}", kind, actor=actor, patch=patch, seat=seat, claimed_at=claimed_at, reason=reason,
        head=GENESIS if new else Head(row.event_seq, bytes(row.event_hash)),
    )  # fmt: skip
    row.event_seq, row.event_hash = head.seq, head.hash
    row.save(force_insert=new)
