"""YAML read in one pass, for a page that looks at what is being typed.

Gives what `packs.read_yaml` gives (its test reads every shipped file both ways), with the same bounds and the same words:
mappings and lists that know their lines. The reader of packs goes over a file twice, to keep comments that nobody needs here.

Somebody who types changes one step at a time, so each step of `stages` is parsed by itself and remembered: the next look parses one
step and the head of the file, whatever its length. What does not part cleanly is parsed whole.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
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
        return _parted(source)
    except (_Plainly, MarkedYAMLError, YAMLError, ValueError, RecursionError):
        pass  # a slip, or something unusual: the whole says what and where
    try:
        return _build(source)[0]
    except (_Plainly, MarkedYAMLError, YAMLError, ValueError, RecursionError):
        return read_yaml(source, context)


def _parted(source: str) -> Any:
    """The document put together of its head, its steps and what comes after them."""
    lines = source.splitlines(keepends=True)
    starts = [n for n, line in enumerate(lines) if re.fullmatch(r"stages:[ \t]*(#.*)?\r?\n?", line)]
    if len(starts) != 1:
        raise _Plainly
    first = starts[0] + 1
    end = next((n for n in range(first, len(lines)) if lines[n].strip() and lines[n][0] not in " #\t\r\n"), len(lines))
    cuts = [n for n in range(first, end) if re.match(r"  [^\s#]", lines[n])]
    if not cuts or any(line.strip() and not line.lstrip().startswith("#") for line in lines[first : cuts[0]]):
        raise _Plainly
    # What is not a step, with empty lines in their place, so that every line keeps its number.
    root, nodes = _build("".join(lines[: first - 1] + ["\n"] * (end - first + 1) + lines[end:]))
    if not isinstance(root, Group) or "stages" in root:
        raise _Plainly
    stages = Group()
    stages.lc = SimpleNamespace(line=cuts[0], col=2, data={})
    for start, stop in zip(cuts, [*cuts[1:], end], strict=True):
        step, count = _step("".join(lines[start:stop]), start)
        nodes += count
        (key,) = step
        if key in stages or nodes > MAX_NODES:
            raise _Plainly
        stages[key] = step[key]
        stages.lc.data[key] = step.lc.data[key]
    return _with_stages(root, stages, first - 1)


def _with_stages(root: Group, stages: Group, line: int) -> Group:
    """The head with its steps at the place where they stand."""
    made = Group()
    made.lc = SimpleNamespace(line=root.lc.line, col=root.lc.col, data=dict(root.lc.data))
    made.lc.data["stages"] = (line, 0, stages.lc.line, stages.lc.col)
    for key in sorted([*root, "stages"], key=lambda k: made.lc.data[k][0]):
        made[key] = stages if key == "stages" else root[key]
    made.lc.line = min(made.lc.line, line)
    return made


@lru_cache(maxsize=2_000)
def _step(text: str, line: int) -> tuple[Group, int]:
    """One step that begins at this line (from 0): {its name: its body}, and how many nodes it has."""
    root, nodes = _parsed(text)
    stages = root["stages"]
    if not isinstance(stages, Group) or len(stages) != 1:
        raise _Plainly
    return (_moved(stages, line - 1), nodes)


@lru_cache(maxsize=2_000)
def _parsed(text: str) -> tuple[Any, int]:
    return _build("stages:\n" + text)


def _moved(node: Any, by: int) -> Any:
    """The same, so many lines further down. What was remembered is never changed."""
    if isinstance(node, Group):
        made: Any = Group((key, _moved(value, by)) for key, value in node.items())
    elif isinstance(node, Row):
        made = Row(_moved(value, by) for value in node)
    else:
        return node
    places = {k: tuple(v + by if not n % 2 else v for n, v in enumerate(at)) for k, at in node.lc.data.items()}
    made.lc = SimpleNamespace(line=node.lc.line + by, col=node.lc.col, data=places)
    return made


def _build(source: str) -> tuple[Any, int]:
    """(the document, how many nodes it has)"""
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
    return (root[0] if root else None), nodes


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
