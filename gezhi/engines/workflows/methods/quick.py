"""YAML read in one pass, for a page that looks at what is being typed.

Gives what `packs.read_yaml` gives (its test reads every shipped file both ways), with the same bounds and the same words:
mappings and lists that know their lines. The reader of packs goes over a file twice, to keep comments that nobody needs here.
"""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

from gezhi.foundation.packs.reading import MAX_BYTES, MAX_DEPTH, MAX_NODES, Context, read_yaml


class Group(dict):  # type: ignore[type-arg]
    """A mapping with the lines of its keys, as ruamel's own has them."""

    lc: Any


class Row(list):  # type: ignore[type-arg]
    """A list with the lines of its items."""

    lc: Any


class _Plainly(Exception):
    """Something the quick way does not know; the slow one says what."""


def read(source: str, context: Context) -> Any:
    """The document; None with the problem noted. What is unusual is read (and refused) by the reader of packs."""
    if len(source.encode("utf-8", "replace")) > MAX_BYTES:
        return read_yaml(source, context)
    try:
        return _build(source)
    except (_Plainly, MarkedYAMLError, YAMLError, ValueError, RecursionError):
        return read_yaml(source, context)


def _build(source: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    root: list[Any] = []
    stack: list[Any] = []  # open groups and rows
    keys: list[Any] = []  # the key that waits for its value, one for each open group
    nodes = documents = 0
    for event in yaml.parse(io.StringIO(source)):
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _Plainly
        if getattr(event, "anchor", None):
            raise _Plainly
        if isinstance(event, ScalarEvent):
            value: Any = _scalar(yaml, event)
        elif isinstance(event, MappingStartEvent):
            value = Group()
        elif isinstance(event, SequenceStartEvent):
            value = Row()
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            stack.pop()
            keys.pop()
            continue
        else:
            continue
        nodes += 1
        if nodes > MAX_NODES or len(stack) >= MAX_DEPTH:
            raise _Plainly
        opened = isinstance(value, Group | Row)
        if opened:
            if event.tag is not None:
                raise _Plainly
            value.lc = SimpleNamespace(line=event.start_mark.line, col=event.start_mark.column, data={})
        _put(root, stack, keys, value, event.start_mark)
        if opened:
            stack.append(value)
            keys.append(_NONE)
    return root[0] if root else None


_NONE = object()


def _put(root: list[Any], stack: list[Any], keys: list[Any], value: Any, mark: Any) -> None:
    if not stack:
        root.append(value)
        return
    holder = stack[-1]
    if isinstance(holder, Row):
        holder.lc.data[len(holder)] = (mark.line, mark.column)
        holder.append(value)
    elif keys[-1] is _NONE:
        if isinstance(value, Group | Row) or value in holder:  # a key that is no word, or written twice
            raise _Plainly
        keys[-1] = value
        holder.lc.data[value] = (mark.line, mark.column)
    else:
        key, keys[-1] = keys[-1], _NONE
        holder[key] = value
        line, column = holder.lc.data[key]
        holder.lc.data[key] = (line, column, mark.line, mark.column)


def _scalar(yaml: Any, event: ScalarEvent) -> Any:
    if event.tag is not None and str(event.tag) != "!":
        raise _Plainly
    if event.style is not None:  # quoted, or a block: always text
        return event.value
    tag = str(yaml.resolver.resolve(ScalarNode, event.value, (True, False)))
    kind = tag.rpartition(":")[2]
    if kind == "str":
        return event.value
    return yaml.constructor.construct_object(ScalarNode(tag, event.value), deep=True)


__all__ = ["read"]
