"""Verify, first part: every stream by itself, against its state row and its private texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.core.exceptions import ValidationError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field

from gezhi.foundation.errors import Refusal
from gezhi.foundation.people import crypto

from .chain import GENESIS, canonical, event_hash, private_hash
from .findings import Finding, finding
from .folding import STATES, State, merge
from .private import aad
from .reading import ALIAS, moment, rows

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


@dataclass(slots=True)
class _Stream:
    name: str
    last: int
    hash: bytes
    whole: bool
    state: dict[str, Any]


def check_streams(own: BaseDatabaseWrapper, low: str | None, high: str | None, erased: frozenset[int]) -> StreamsPart:
    """Check the streams with `low <= name < high` (None = open end), in the database's own order of names."""
    part = StreamsPart()
    waiting: list[_Stream] = []
    refs: list[tuple[int, str, str, int]] = []
    for name, events in groupby(_rows(own, low, high), key=itemgetter(0)):
        stream = _check_stream(name, events, part, refs)
        if name.partition(":")[0] in STATES:
            waiting.append(stream)
        if len(waiting) >= _STREAMS_AT_ONCE:
            _check_states(waiting, part)
            waiting.clear()
        if len(refs) >= _REFS_AT_ONCE:
            _check_private(own, refs, erased, part)
            refs.clear()
    _check_states(waiting, part)
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
) -> _Stream:
    stateful = name.partition(":")[0] in STATES
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
        except (TypeError, ValueError, AttributeError):
            sound, content = False, None
        if not sound:
            whole = False
            part.say(finding("event.altered", name, seq, kind=kind))
            if len(part.altered) < CAP:
                part.altered.append(Row(*[*values[:10], _bytes(prev), _bytes(stored)]))
        elif sound_before and bytes(prev) != digest:
            whole = False
            part.say(finding("chain.broken", name, seq))
        if sound and content:
            merge(state, kind, version, content)
        if sound and '"private":' in patch:
            refs.extend((int(id_), hash_, name, seq) for hash_, id_ in _REF.findall(patch))
        last, digest, sound_before = seq, _bytes(stored), sound
    return _Stream(name, last, digest, whole, state)


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


def _check_states(streams: list[_Stream], part: StreamsPart) -> None:
    for prefix, group in groupby(sorted(streams, key=lambda s: s.name), key=lambda s: s.name.partition(":")[0]):
        spec = STATES[prefix]
        wanted = {stream.name.partition(":")[2]: stream for stream in group}
        keys = [key for pk in wanted if (key := _key(spec, pk)) is not None]
        columns = ["pk", "event_seq", "event_hash", *(attribute for _, attribute in spec.fields)]
        found = spec.model._base_manager.using(ALIAS).filter(pk__in=keys).values_list(*columns)
        for pk, seq, digest, *values in found.iterator():
            part.say(*_check_state(spec, wanted.pop(str(pk)), seq, _bytes(digest), values))
        part.say(*(finding("state.missing", stream.name) for stream in wanted.values()))


def _key(spec: State, pk: str) -> Any:
    """A stream's name as the key of a row; None when no row can have it (a forged stream)."""
    try:
        return spec.model._meta.pk.clean(pk, None)
    except ValidationError:
        return None


def _check_state(spec: State, stream: _Stream, seq: int, digest: bytes, values: list[Any]) -> Iterator[Finding]:
    if seq > stream.last:
        yield finding("event.tail_removed", stream.name, seq, last=stream.last)
    elif seq < stream.last:
        yield finding("state.behind", stream.name, seq, last=stream.last)
    elif stream.whole:
        columns = {column.attname: column for column in spec.model._meta.concrete_fields}
        if digest != stream.hash:
            yield finding("state.head", stream.name, seq)
        differing = [
            attribute
            for (key, attribute), value in zip(spec.fields, values, strict=True)
            if not _same(columns[attribute], value, key, stream.state)
        ]
        if differing:
            yield finding("state.altered", stream.name, seq, fields="、".join(differing))


def _same(column: Field, value: Any, key: str, state: dict[str, Any]) -> bool:
    """Whether a row's value is what the events say: the fold's after-value, or the column's default."""
    if key not in state:
        default = column.get_default()
        return value == default or (value is None and default == "")
    told = state[key]
    if type(told) is type(value) and isinstance(told, str | int | float):
        return value == told
    if isinstance(told, dict) and told.keys() == {"hash", "private"} and not isinstance(value, dict):
        return value == told["private"]
    if value is None or told is None:
        return value is None and told is None
    try:
        if isinstance(value, datetime):
            return value == datetime.fromisoformat(told)
        if isinstance(value, date):
            return value == date.fromisoformat(told)
        if isinstance(value, time):
            return value == time.fromisoformat(told)
        if isinstance(value, Decimal):
            return value == Decimal(str(told))
        if isinstance(value, bytes | memoryview):
            return bytes(value).hex() == told
    except (TypeError, ValueError, ArithmeticError):
        return False
    return json.loads(canonical(value)) == told


def check_orphans(own: BaseDatabaseWrapper, prefix: str) -> list[Finding]:
    """State rows of one kind whose stream has no event at all."""
    meta = STATES[prefix].model._meta
    table, pk = own.ops.quote_name(meta.db_table), own.ops.quote_name(str(meta.pk.column))
    found = rows(
        own,
        f"SELECT {pk}, event_seq FROM {table} WHERE NOT EXISTS (SELECT 1 FROM events_event e "
        f"WHERE e.stream = %s || CAST({table}.{pk} AS TEXT)) ORDER BY 1",
        [f"{prefix}:"],
    )
    return [
        finding("stream.removed", f"{prefix}:{pk}", seq) if seq else finding("state.no_events", f"{prefix}:{pk}", seq)
        for pk, seq in found
    ]
