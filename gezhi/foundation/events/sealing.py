"""The sealer: committed events become blocks, so that a removed tail or stream is missed.

A reader that must not skip an event reads sealed positions only. `id > last` loses events on PostgreSQL:
a transaction that took a lower id may commit later. `tx` is the transaction's number, and a block ends
below the oldest transaction still running, so nothing can appear behind it. docs/rules/events.md
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from django.db.models import QuerySet

from gezhi.foundation import db
from gezhi.foundation.calendar import clock

from . import export
from .chain import block_root, manifest_of, merkle_root, stamp
from .models import Block, Event

# One advisory lock for all sealers of a PostgreSQL database ("gezhi seal" as a number).
SEALER_LOCK = 0x67657A6869_5345
# Events in one block at most, unless one transaction alone wrote more: bounds memory, and on PostgreSQL the time of its lock.
BLOCK_LIMIT = 20_000
_NOTHING = bytes(32)
# One statement, so that offset and snapshot belong together.
_EPOCH = (
    "SELECT tx_offset, settled, pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint"
    " FROM events_epoch, pg_current_snapshot() AS s WHERE id = 1"
)


def seal_now(*, limit: int = BLOCK_LIMIT) -> Block | None:
    """Seal what is committed and not yet sealed, at most about `limit` events; None when there is nothing.

    Two sealers do not collide: one of them seals, the other returns None. Exports the root afterwards.
    """
    if connection.vendor == "sqlite":
        return _seal_beside(limit)
    with db.write(), connection.cursor() as cursor:
        bound = _bound(cursor)
        block = None if bound is None else _gather(cursor, bound, limit)
        if block is not None:
            _store(cursor, block)
            cursor.execute("UPDATE events_epoch SET floor = %s WHERE id = 1", [block.tx_to])
            db.after_commit(export.export_roots)
    return block


def _seal_beside(limit: int) -> Block | None:
    """On SQLite the events are read and summed beside the writers; only the block itself is written behind the door.

    Writers come one at a time there, so an event's id follows the order of commits: none can still appear below one that
    is seen.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) + 1 FROM events_event")
        block = _gather(cursor, cursor.fetchone()[0], limit)
        if block is None:
            return None
        with db.write():
            if Block.objects.filter(position__gte=block.position).exists():
                return None  # another sealer was first
            _store(cursor, block)
            db.after_commit(export.export_roots)
    return block


def sealed_until() -> int:
    """Every event with `tx` below this is sealed; 0 when none is."""
    last = Block.objects.order_by("-position").values_list("tx_to", flat=True).first()
    return last or 0


def sealed(events: QuerySet[Event]) -> QuerySet[Event]:
    """Only the sealed events of a queryset. For a run of them in order, see `sealed_between`."""
    return sealed_between(0, sealed_until(), events)


def sealed_between(start: int, end: int, events: QuerySet[Event] | None = None) -> QuerySet[Event]:
    """Events with `start <= tx < end` in sealing order. A follower keeps `end` and asks from there next time:

    `end = sealed_until(); for event in sealed_between(start, end): ...; start = end`
    """
    events = Event.objects.all() if events is None else events
    if connection.vendor == "sqlite":  # tx is the id there, and the id has the index
        return events.filter(id__gte=start, id__lt=end).order_by("id")
    return events.filter(tx__gte=start, tx__lt=end).order_by("tx", "id")


def _gather(cursor, bound: int, limit: int) -> Block | None:
    """The next block, of events below `bound`; None when there are none."""
    last = Block.objects.order_by("-position").values("position", "tx_to", "root").first()
    position, start, prev_root = (last["position"], last["tx_to"], bytes(last["root"])) if last else (0, 0, _NOTHING)
    end = _end(cursor, start, bound, limit)
    if end is None:
        return None
    rows = list(_rows(cursor, start, end))
    at = clock.now()
    merkle, manifest = merkle_root(digest for _, _, digest in rows), manifest_of(rows)
    return Block(
        position=position + 1,
        tx_from=start,
        tx_to=end,
        count=len(rows),
        at=at,
        merkle=merkle,
        manifest=manifest,
        prev_root=prev_root,
        root=block_root(position + 1, start, end, len(rows), stamp(at), merkle, manifest, prev_root),
    )


def _store(cursor, block: Block) -> None:
    utc = "" if connection.vendor == "sqlite" else "+00"
    cursor.execute(
        "INSERT INTO events_block"
        " (position, tx_from, tx_to, count, at, merkle, manifest, root, prev_root)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            block.position,
            block.tx_from,
            block.tx_to,
            block.count,
            stamp(block.at) + utc,
            block.merkle,
            block.manifest,
            block.root,
            block.prev_root,
        ],
    )


def _bound(cursor) -> int | None:
    """On PostgreSQL: no event below this can still appear; None when another sealer is at work or the count is unsettled."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEALER_LOCK])
    if not cursor.fetchone()[0]:
        return None
    cursor.execute(_EPOCH)
    epoch = cursor.fetchone()
    if epoch is None:
        cursor.execute(
            "INSERT INTO events_epoch (id, tx_offset, floor, settled)"
            " SELECT 1, 0, coalesce(max(tx_to), 0), 0 FROM events_block ON CONFLICT DO NOTHING"
        )
        cursor.execute(_EPOCH)
        epoch = cursor.fetchone()
    offset, settled, xmin, xmax = epoch
    if settled is None:
        # The offset has just moved. Whoever runs now may have numbered an event with the old one.
        cursor.execute("UPDATE events_epoch SET settled = %s WHERE id = 1", [xmax])
        return None
    return offset + xmin if xmin >= settled else None


def _end(cursor, start: int, bound: int, limit: int) -> int | None:
    """Where the block ends: after the last event below `bound`, or sooner, between two transactions."""
    tx = "id" if connection.vendor == "sqlite" else "tx"
    unsealed = f"FROM events_event WHERE {tx} >= %s AND {tx} < %s"
    cursor.execute(f"SELECT min({tx}), max({tx}) {unsealed}", [start, bound])
    first, last = cursor.fetchone()
    if first is None:
        return None
    cursor.execute(f"SELECT {tx} {unsealed} ORDER BY {tx} LIMIT 1 OFFSET %s", [start, bound, limit])
    beyond = cursor.fetchone()
    return last + 1 if beyond is None else max(beyond[0], first + 1)


def _rows(cursor, start: int, end: int) -> Iterator[tuple[str, int, bytes]]:
    tx, order = ("id", "id") if connection.vendor == "sqlite" else ("tx", "tx, id")
    cursor.execute(
        f"SELECT stream, seq, hash FROM events_event WHERE {tx} >= %s AND {tx} < %s ORDER BY {order}",
        [start, end],
    )
    for stream, seq, digest in cursor:
        yield stream, seq, bytes(digest)
