"""Verify, first part: every stream by itself, and the private texts it names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from gezhi.foundation.errors import Refusal
from gezhi.foundation.people import crypto

from . import folding
from .chain import GENESIS, event_hash, private_hash
from .findings import Finding, finding
from .folding import merge
from .private import aad
from .reading import moment, rows
from .states import Folded, check_states

# A reference in canonical text always looks like this; inside a string its quotes would be escaped.
_REF = re.compile(r'\{"hash":"([0-9a-f]{64})","private":(\d+)\}')
_STREAMS_AT_ONCE = 500
_REFS_AT_ONCE = 2_000
# Beyond this many findings of one task the rest is only counted.
CAP = 1_000


@dataclass(slots=True)
class Row:
    """An event as stored, in the form in which it is hashed."""

    stream: str
    seq: int
    kind: str
    version: int
    actor_person: int | None
    actor_seat: int | None
    actor_name: str
    at: str
    claimed_at: str | None
    patch: str
    prev: bytes
    hash: bytes

    def hashed_as(self, stream: str, seq: int, prev: bytes) -> bytes | None:
        """The hash this content has at a place of the log; None when it is damaged beyond hashing."""
        try:
            return event_hash(
                prev, stream, seq, self.kind, self.version, self.actor_person, self.actor_seat,
                self.actor_name, self.at, self.claimed_at, self.patch,
            )  # fmt: skip
        except (TypeError, ValueError, AttributeError):
            return None

    def sound(self) -> bool:
        return self.hashed_as(self.stream, self.seq, self.prev) == self.hash


@dataclass(slots=True)
class StreamsPart:
    """What one range of streams gave. `altered`: events unlike their hash, kept to look for swaps."""

    events: int = 0
    findings: list[Finding] = field(default_factory=list)
    altered: list[Row] = field(default_factory=list)
    omitted: int = 0

    def say(self, *found: Finding) -> None:
        room = CAP - len(self.findings)
        self.findings.extend(found[:room])
        self.omitted += max(0, len(found) - room)


def check_streams(own: BaseDatabaseWrapper, low: str | None, high: str | None, erased: frozenset[int]) -> StreamsPart:
    """Check the streams with `low <= name < high` (None = open end), in the database's own order of names."""
    part = StreamsPart()
    waiting: list[Folded] = []
    refs: list[tuple[int, str, str, int]] = []
    for name, events in groupby(_rows(own, low, high), key=itemgetter(0)):
        stream = _check_stream(name, events, part, refs)
        if name.partition(":")[0] in folding.STATES:
            waiting.append(stream)
        if len(waiting) >= _STREAMS_AT_ONCE:
            part.say(*check_states(waiting))
            waiting.clear()
        if len(refs) >= _REFS_AT_ONCE:
            _check_private(own, refs, erased, part)
            refs.clear()
    part.say(*check_states(waiting))
    _check_private(own, refs, erased, part)
    return part


def _rows(own: BaseDatabaseWrapper, low: str | None, high: str | None) -> Iterator[tuple]:
    bounds = [("stream >= %s", low), ("stream < %s", high)]
    where = " AND ".join(sql for sql, value in bounds if value is not None)
    return rows(
        own,
        "SELECT stream, seq, kind, version, actor_person, actor_seat, actor_name, "
        f"{moment(own, 'at')}, {moment(own, 'claimed_at')}, patch, prev, hash FROM events_event "
        f"{'WHERE ' + where if where else ''} ORDER BY stream, seq",
        [value for _, value in bounds if value is not None],
    )


def _check_stream(
    name: str, events: Iterator[tuple], part: StreamsPart, refs: list[tuple[int, str, str, int]]
) -> Folded:
    stateful = name.partition(":")[0] in folding.STATES
    state: dict[str, Any] = {}
    last, digest, sound_before, whole = 0, GENESIS.hash, True, True
    for values in events:
        _, seq, kind, version, *_, patch, prev, stored = values
        part.events += 1
        if seq != last + 1:
            whole, sound_before = False, False
            part.say(*(finding("event.removed", name, gone) for gone in range(last + 1, min(seq, last + CAP))))
        try:
            sound = event_hash(bytes(prev), *values[:10]) == bytes(stored)
            content = json.loads(patch) if stateful else None
            if sound and content:
                merge(state, kind, version, content)
        except (TypeError, ValueError, AttributeError, LookupError):
            # Also a patch no event of ours has, or one its upcaster cannot read.
            sound = False
        if not sound:
            whole = False
            part.say(finding("event.altered", name, seq, kind=kind))
            if len(part.altered) < CAP:
                part.altered.append(Row(*[*values[:10], _bytes(prev), _bytes(stored)]))
        elif sound_before and bytes(prev) != digest:
            whole = False
            part.say(finding("chain.broken", name, seq))
        if sound and '"private":' in patch:
            refs.extend((int(id_), hash_, name, seq) for hash_, id_ in _REF.findall(patch))
        last, digest, sound_before = seq, _bytes(stored), sound
    return Folded(name, last, digest, whole, state)


def _bytes(value: Any) -> bytes:
    """What is in a binary column, even when somebody put text or nothing there."""
    return value.encode() if isinstance(value, str) else b"" if value is None else bytes(value)


def _check_private(
    own: BaseDatabaseWrapper, refs: list[tuple[int, str, str, int]], erased: frozenset[int], part: StreamsPart
) -> None:
    if not refs:
        return
    ids = sorted({id_ for id_, *_ in refs})
    marks = ", ".join(["%s"] * len(ids))
    stored = {
        id_: (stream, name, salt, blob)
        for id_, stream, name, salt, blob in rows(
            own, f"SELECT id, stream, name, salt, blob FROM events_private WHERE id IN ({marks})", ids
        )
    }
    for id_, digest, stream, seq in refs:
        if id_ in erased:
            if id_ in stored:
                part.say(finding("private.returned", stored[id_][0], seq, id=id_))
        elif id_ not in stored:
            part.say(finding("private.missing", stream, seq, id=id_))
        elif not _opens(*stored[id_], digest):
            part.say(finding("private.altered", stream, seq, id=id_))


def _opens(stream: str, name: str, salt: Any, blob: Any, digest: str) -> bool:
    try:
        return private_hash(_bytes(salt), crypto.open(_bytes(blob), aad(stream, name))) == digest
    except (Refusal, UnicodeDecodeError):
        return False
