"""Verify, second part: is the present what the events say? State rows, and the rows that are parts of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

from . import folding
from .chain import canonical
from .findings import Finding, finding
from .folding import Parts, State
from .reading import ALIAS, rows


@dataclass(slots=True)
class Folded:
    """A stream after its events were read: its end, its fold, and whether every event was sound."""

    name: str
    last: int
    hash: bytes
    whole: bool
    state: dict[str, Any]

    @property
    def prefix(self) -> str:
        return self.name.partition(":")[0]

    @property
    def key(self) -> str:
        return self.name.partition(":")[2]


def check_states(streams: list[Folded]) -> Iterator[Finding]:
    """Compare folded streams with their rows and the parts of their rows, prefix by prefix."""
    for prefix, group in groupby(sorted(streams, key=lambda s: s.name), key=lambda s: s.prefix):
        spec = folding.STATES[prefix]
        wanted = {stream.key: stream for stream in group}
        keys = [key for pk in wanted if (key := _key(spec, pk)) is not None]
        columns = ["pk", "event_seq", "event_hash", *(attribute for _, attribute in spec.fields)]
        found = spec.model._base_manager.using(ALIAS).filter(pk__in=keys).values_list(*columns)
        missing = dict(wanted)
        sound = []
        for pk, seq, digest, *values in found.iterator():
            stream = missing.pop(str(pk), None)
            if stream is not None:  # None: asked for by a forged name, such as box:007
                yield from _check_state(spec, stream, seq, bytes(digest), values)
                if stream.whole and stream.last == seq:
                    sound.append(stream)
        for stream in missing.values():
            yield finding("state.missing", stream.name)
        for parts in folding.PARTS.get(prefix, {}).values():
            yield from _check_parts(parts, sound)


def _key(spec: State, pk: str) -> Any:
    """A stream's name as the key of a row; None when no row can have it (a forged stream)."""
    try:
        return spec.model._meta.pk.clean(pk, None)
    except ValidationError:
        return None


def _check_state(spec: State, stream: Folded, seq: int, digest: bytes, values: list[Any]) -> Iterator[Finding]:
    if seq > stream.last:
        yield finding("event.tail_removed", stream.name, seq, last=stream.last)
    elif seq < stream.last:
        yield finding("state.behind", stream.name, seq, last=stream.last)
    elif stream.whole:
        if digest != stream.hash:
            yield finding("state.head", stream.name, seq)
        differing = _differing(spec.model, spec.fields, values, stream.state)
        if differing:
            yield finding("state.altered", stream.name, seq, fields=differing)


def _check_parts(parts: Parts, streams: list[Folded]) -> Iterator[Finding]:
    """Rows that belong to a state row, each told by one key of the fold (`item:2`)."""
    by_parent: dict[str, dict[str, list[Any]]] = defaultdict(dict)
    columns = [parts.parent, parts.number, *(attribute for _, attribute in parts.fields)]
    wanted = {f"{parts.parent}__in": [stream.key for stream in streams]}
    for parent, number, *values in parts.model._base_manager.using(ALIAS).filter(**wanted).values_list(*columns):
        by_parent[str(parent)][f"{parts.key}:{number}"] = values
    for stream in streams:
        there = by_parent.get(stream.key, {})
        told = {name: value for name, value in stream.state.items() if name.startswith(f"{parts.key}:")}
        for name in told.keys() - there.keys():
            yield finding("part.missing", stream.name, stream.last, part=name)
        for name, values in there.items():
            if not isinstance(told.get(name), dict):
                yield finding("part.no_events", stream.name, stream.last, part=name)
            elif differing := _differing(parts.model, parts.fields, values, told[name]):
                yield finding("part.altered", stream.name, stream.last, part=name, fields=differing)


def _differing(
    model: type[Model], fields: tuple[tuple[str, str], ...], values: list[Any], state: Mapping[str, Any]
) -> str:
    """The columns whose value is not what the events say, joined for a sentence; empty when all agree."""
    columns = {column.attname: column for column in model._meta.concrete_fields}
    pairs = zip(fields, values, strict=True)
    return "、".join(name for (key, name), value in pairs if not _same(columns[name], value, key, state))


def _same(column: Field, value: Any, key: str, state: Mapping[str, Any]) -> bool:
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
    meta = folding.STATES[prefix].model._meta
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
