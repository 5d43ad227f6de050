"""Where one thing in a pack file can be broken: a limit, a number, a share, a role, a way, a rhythm, a line of a list.

Pure: text in, changes out. What only shows (titles, hotkeys, which button is bold, when a card turns amber, how long a text
may be) is left alone: no page and no acceptance check speaks of it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

#: Keys under which nothing is changed, however deep: words for people, and names by which parts are known.
WORDS = frozenset({
    "title", "about", "says", "hint", "source", "zh", "en", "text", "basis", "window", "papers", "why", "headline", "note", "label",
    "version", "id", "code", "pack", "uses", "name", "key", "main", "phase", "stamp", "warn", "issuers", "unit", "public", "columns",
    "description", "words", "example", "aliases",
})  # fmt: skip
#: What a page never states of a field that somebody fills in.
OF_A_FIELD = frozenset({"max", "min", "default", "choices", "type"})
WHERE_A_WAY_LEADS = frozenset(
    {"to", "then", "exhausted", "passed", "failed", "void", "moves_to", "open", "flag", "start"}
)
#: Words of one kind, each of which reads as well as its neighbour.
FAMILIES = (
    ("day", "week", "month", "quarter", "half_year", "year"),
    ("at_least", "more_than"),
    ("lot", "rotation", "load"),
    ("vote", "consent", "gradient"),
    ("remind", "supervise"),
    ("households", "persons"),
    ("voted", "invited"),
    ("grid1", "village", "town", "county"),
    ("春节", "清明节", "端午节", "中秋节", "重阳节"),
    ("staff", "public"),
)
_LIMIT = re.compile(r"(\d+)(\s+(?:urgent_hour|urgent_day|work_hour|work_day|calendar_day))")
_SHARE = re.compile(r"(\d{1,3})/(\d{1,3})")


@dataclass(frozen=True)
class Change:
    """One change of a text: `text[start:end]` becomes `after`. `path`: keys down to it; `line` from 1; `rule`: what kind of thing."""

    path: tuple[str, ...]
    line: int
    rule: str
    before: str
    after: str
    start: int
    end: int

    def of(self, text: str) -> str:
        """The text with the change made."""
        return text[: self.start] + self.after + text[self.end :]

    @property
    def id(self) -> str:
        return f"{'.'.join(self.path)}:{self.rule}:{self.before}>{self.after}"


@dataclass
class _Open:
    """A mapping or list that is being read."""

    listed: bool
    path: tuple[str, ...]
    line: int
    start: int
    flow: bool
    key: str | None = None
    items: list[tuple[str, int, int]] = field(default_factory=list)  # plain scalars of a list
    others: int = 0


def points(text: str, posts: frozenset[str] = frozenset()) -> list[Change]:
    """Every single change that is known for this file. `posts`: names of posts, so that a role can become another's."""
    found = [*_scalars(text)]
    stages = sorted({c.path[1] for c in found if len(c.path) > 2 and c.path[0] == "stages"})
    roles = sorted({c.before for c in found if c.before in posts}) or sorted(posts)[:1]
    return [made for seen in found for made in _made(seen, stages, roles, sorted(posts))]


def _made(seen: Change, stages: list[str], roles: list[str], posts: list[str]) -> Iterator[Change]:
    def to(rule: str, after: str) -> Change:
        return Change(seen.path, seen.line, rule, seen.before, after, seen.start, seen.end)

    key, value = seen.path[-1], seen.before
    if seen.rule == "item":
        yield to("left out", seen.after)
        return
    if seen.rule == "key":
        if value in FAMILIES[1]:
            yield to("bound", _next(FAMILIES[1], value))
        return
    form = any(part in ("form", "intake", "takeaway") for part in seen.path)
    if form and key in OF_A_FIELD:
        return
    if limit := _LIMIT.fullmatch(value):
        yield to("limit", f"{int(limit[1]) + 1}{limit[2]}")
    elif share := _SHARE.fullmatch(value):
        yield to("share", f"{share[1]}/{int(share[2]) + 1}")
    elif re.fullmatch(r"\d{1,6}", value):
        yield to("number", str(int(value) + 1))
        if int(value) > 1:
            yield to("number", str(int(value) - 1))
    elif re.fullmatch(r"\d{1,6}\.\d+", value):
        yield to("number", f"{float(value) + 0.5:g}")
    elif value in ("true", "false"):
        yield to("truth", "false" if value == "true" else "true")
    elif value in posts:
        others = [post for post in roles if post != value] or [post for post in posts if post != value]
        if others:
            yield to("role", others[sum(map(ord, value)) % len(others)])
    elif key in WHERE_A_WAY_LEADS and value in stages:
        others = [stage for stage in stages if stage != value]
        if others:
            yield to("way", others[sum(map(ord, value)) % len(others)])
    elif family := next((f for f in FAMILIES if value in f), None):
        yield to("word", _next(family, value))


def _next(family: tuple[str, ...], value: str) -> str:
    return family[(family.index(value) + 1) % len(family)]


def _scalars(text: str) -> Iterator[Change]:
    """Keys, values, and items of lists that may be left out, each where it stands."""
    stack: list[_Open] = []
    for event in YAML(typ="safe", pure=True).parse(io.StringIO(text)):
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            listed = isinstance(event, SequenceStartEvent)
            path = _step(stack)
            stack.append(_Open(listed, path, event.start_mark.line + 1, event.start_mark.index, bool(event.flow_style)))
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            yield from _items(stack.pop(), text)
            if stack and not stack[-1].listed:
                stack[-1].key = None
        elif isinstance(event, ScalarEvent) and stack:
            yield from _scalar(stack, event)


def _scalar(stack: list[_Open], event: Any) -> Iterator[Change]:
    here, start, end = stack[-1], event.start_mark.index, event.end_mark.index
    line = event.start_mark.line + 1
    if not here.listed and here.key is None:
        here.key = str(event.value)
        path = (*here.path, here.key)
        if not WORDS & set(path):
            yield Change(path, line, "key", here.key, "", start, end)
        return
    path = _step(stack)
    if here.listed:
        here.items.append((str(event.value), start, end))
    else:
        here.key = None
    if not WORDS & set(path):
        yield Change(path, line, "value", str(event.value), "", start, end)


def _step(stack: list[_Open]) -> tuple[str, ...]:
    if not stack:
        return ()
    here = stack[-1]
    if here.listed:
        here.others += 1
        return (*here.path, str(here.others - 1))
    return (*here.path, here.key or "")


def _items(closed: _Open, text: str) -> Iterator[Change]:
    """Each word of a list in one line, left out."""
    if not closed.listed or not closed.flow or len(closed.items) != closed.others or WORDS & set(closed.path):
        return
    last = len(closed.items) - 1
    for number, (value, start, end) in enumerate(closed.items):
        if number < last:
            end = closed.items[number + 1][1]
        elif number:
            start = closed.items[number - 1][2]
        yield Change((*closed.path, str(number)), closed.line, "item", value, "", start, end)
