"""The arithmetic of the log: canonical JSON, the hash of an event, of a private text, of a block.

Pure: no Django, no clock, no database. Everything here is frozen for ever, because hashes made by it
are stored; a new rule would be a new first line (`gezhi event 2`) beside the old one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

HASH_SIZE = 32


class Head(NamedTuple):
    """The end of a stream: number of its last event (0 = none yet) and that event's hash (32 bytes)."""

    seq: int
    hash: bytes


GENESIS = Head(0, bytes(HASH_SIZE))


@dataclass(frozen=True, slots=True)
class PrivateRef:
    """Stands for a private text in a patch: `id` of its row, `hash` (64 hex digits) of salt and text."""

    id: int
    hash: str

    def as_json(self) -> dict[str, Any]:
        return {"private": self.id, "hash": self.hash}


def _plain(value: Any) -> Any:
    """What JSON lacks: refs, decimals and UUIDs as text, moments in UTC with microseconds, dates."""
    if isinstance(value, PrivateRef):
        return value.as_json()
    if isinstance(value, datetime):
        return stamp(value).replace(" ", "T") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("Only finite numbers can be recorded.")
        return str(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    # Lazy translations are refused on purpose: an event must read the same in every language.
    raise TypeError(f"{type(value).__name__} cannot stand in an event; give text, number, truth, list or dict.")


_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), default=_plain
).encode


def canonical(value: Any) -> str:
    """The one text of a JSON value: sorted keys, no spaces, characters as they are, shortest floats.

    Raises TypeError for what is no JSON and ValueError for NaN, infinities and lone surrogates.
    """
    text = _encode(value)
    text.encode()  # a lone surrogate would fail in one database and not in the other
    return text


def stamp(moment: datetime) -> str:
    """`YYYY-MM-DD HH:MM:SS.ffffff` in UTC: always 26 characters, the form in which moments are hashed.

    Raises ValueError for a moment without a zone.
    """
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError("A moment in an event needs a time zone.")
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:26]


def event_hash(
    prev: bytes,
    stream: str,
    seq: int,
    kind: str,
    version: int,
    actor_person: int | None,
    actor_seat: int | None,
    actor_name: str,
    at: str,
    claimed_at: str | None,
    patch: str,
) -> bytes:
    """SHA-256 of an event. `at`, `claimed_at` as `stamp()` gives them, `patch` as `canonical()`.

    The three lines cannot run into each other: JSON never contains a bare line feed, and `prev` has a
    fixed size at the very end.
    """
    header = _encode([stream, seq, kind, version, actor_person, actor_seat, actor_name, at, claimed_at])
    return sha256(b"gezhi event 1\n" + header.encode() + b"\n" + patch.encode() + b"\n" + prev).digest()


def private_hash(salt: bytes, text: str) -> str:
    """64 hex digits that stand for a private text in the chain; without the 16-byte salt they say nothing."""
    return sha256(b"gezhi private 1\n" + salt + text.encode()).hexdigest()


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Root of the binary Merkle tree over 32-byte leaves (RFC 6962 shape: leaf and node prefixes differ).

    An odd node at the end of a level rises as it is, so a leaf cannot be doubled unnoticed.
    """
    level = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return sha256(b"").digest()
    while len(level) > 1:
        pairs = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            pairs.append(level[-1])
        level = pairs
    return level[0]


def block_root(
    position: int,
    tx_from: int,
    tx_to: int,
    count: int,
    at: str,
    merkle: bytes,
    manifest: str,
    prev_root: bytes,
) -> bytes:
    """SHA-256 of a block: its place, its range, its events and their names, and the block before it."""
    names = sha256(manifest.encode()).hexdigest()
    body = _encode([position, tx_from, tx_to, count, at, merkle.hex(), names, prev_root.hex()])
    return sha256(b"gezhi block 1\n" + body.encode()).digest()


def manifest_of(events: Sequence[tuple[str, int, bytes]]) -> str:
    """Names of a block's events in order, one `stream seq hash8` a line: says *which* is gone or changed."""
    return "\n".join(f"{stream} {seq} {bytes(hash_)[:4].hex()}" for stream, seq, hash_ in events)


def read_manifest(text: str) -> list[tuple[str, int, str]]:
    """The lines of `manifest_of` as (stream, seq, 8 hex digits of the hash); damaged lines are left out."""
    lines = []
    for line in text.split("\n"):
        parts = line.rsplit(" ", 2)
        if len(parts) == 3 and parts[1].isdigit():
            lines.append((parts[0], int(parts[1]), parts[2]))
    return lines
