"""YAML read with line numbers, bounded before it is built, and checked key by key.

A `Context` collects every problem of a pack instead of stopping at the first. Readers of all rooms use its
methods, so a wrong key or type is reported in the same words everywhere.
"""

from __future__ import annotations

import datetime as dt
import difflib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent, DocumentStartEvent, ScalarEvent

from gezhi.foundation.errors import Flawed, Problem

MAX_BYTES = 512 * 1024
MAX_DEPTH = 24
MAX_NODES = 20_000
MISSING = object()


@dataclass(frozen=True)
class Located(Problem):
    """A problem with the column, counted from 1 (0: unknown)."""

    column: int = 0

    def __str__(self) -> str:
        head = f"{self.file}:{self.line}:{self.column}: {self.words} [{self.code}]"
        return "\n    ".join([head, *map(str, self.trace)])


def position(node: Any, key: Any = None) -> tuple[int, int]:
    """(line, column) from 1 of a key of a mapping, an item of a list, or the node itself; (1, 0) when unknown."""
    lc = getattr(node, "lc", None)
    if lc is None or lc.line is None:
        return (1, 0)
    data = lc.data or {}
    if key is not None and key in data:
        place = data[key]
        # A mapping keeps (key line, key column, value line, value column), a list (line, column).
        line, column = (place[2], place[3]) if len(place) > 2 else (place[0], place[1])
        return (line + 1, column + 1)
    return (lc.line + 1, lc.col + 1)


class Context:
    """Where we are while reading a pack: the file, and the list of problems shared by all its files.

    `shared` holds what earlier readers made known to later ones (posts, categories, forms by name).
    """

    def __init__(
        self,
        file: str = "",
        problems: list[Problem] | None = None,
        *,
        folder: Path | None = None,
        shared: dict[str, Any] | None = None,
    ) -> None:
        self.file = file
        self.problems: list[Problem] = [] if problems is None else problems
        self.folder = folder
        self.shared: dict[str, Any] = {} if shared is None else shared

    def within(self, file: str) -> Context:
        """The same reading, in another file."""
        return Context(file, self.problems, folder=self.folder, shared=self.shared)

    def problem(
        self, node: Any, key: Any, code: str, words: Any, /, *, trace: Iterable[Any] = (), **facts: Any
    ) -> None:
        """Note a problem at `node[key]` (or at `node` when key is None); `facts` fill the lazy `words`."""
        line, column = position(node, key)
        self.note(line, column, code, words, trace=trace, **facts)

    def note(
        self, line: int, column: int, code: str, words: Any, /, *, trace: Iterable[Any] = (), **facts: Any
    ) -> None:
        """Note a problem at a known line and column."""
        said = format_lazy(words, **facts) if facts else words
        self.problems.append(Located(self.file, line, code, said, tuple(trace), column))

    def finish(self) -> None:
        """Raise Flawed with everything noted so far, if anything was."""
        if self.problems:
            raise Flawed(sorted(self.problems, key=lambda p: (p.file, p.line)))

    def keys(self, node: Any, *, required: Sequence[str] = (), optional: Sequence[str] = ()) -> bool:
        """Check that `node` is a mapping with these keys; False when it is not a mapping at all."""
        if not isinstance(node, Mapping):
            self.problem(node, None, "pack.shape", _("这里要写成“名: 值”的形式。"))
            return False
        allowed = [*required, *optional]
        for key in node:
            if key in allowed:
                continue
            near = difflib.get_close_matches(str(key), allowed, n=1, cutoff=0.6)
            line, column = key_position(node, key)
            if near:
                self.note(line, column, "pack.key", _("不认识“{key}”，您是要写“{near}”吗？"), key=key, near=near[0])
            elif node[key] is None and not str(key).isidentifier():
                # {en: grid, errands} is two entries to YAML; the author meant one text.
                self.note(line, column, "pack.key", _("“{key}”前面的逗号把文字断开了，请给整段文字加引号。"), key=key)
            else:
                self.note(
                    line, column, "pack.key", _("不认识“{key}”，这里可以写：{allowed}。"),
                    key=key, allowed="、".join(allowed),
                )  # fmt: skip
        for key in required:
            if key not in node:
                self.problem(node, None, "pack.missing", _("缺“{key}”。"), key=key)
        return True

    def text(self, node: Any, key: str, default: Any = None, *, max: int = 200) -> Any:
        """`node[key]` as a text of at most `max` characters; `default` when absent or (noted) wrong."""
        value = node.get(key, MISSING)
        if value is MISSING or value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int):
            self.problem(node, key, "pack.type", _("“{key}”要写一段文字。"), key=key)
            return default
        value = str(value).strip()
        if len(value) > max:
            self.problem(node, key, "pack.long", _("“{key}”超过 {max} 个字。"), key=key, max=max)
            return default
        return value

    def truth(self, node: Any, key: str, default: bool = False) -> bool:
        """`node[key]` as true or false."""
        value = node.get(key, default)
        if isinstance(value, bool):
            return value
        self.problem(node, key, "pack.type", _("“{key}”要写 true 或 false。"), key=key)
        return default

    def whole(self, node: Any, key: str, default: Any = None, *, low: int = 0, high: int = 1_000_000) -> Any:
        """`node[key]` as a whole number from `low` to `high`."""
        value = node.get(key, MISSING)
        if value is MISSING or value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.problem(
                node, key, "pack.type", _("“{key}”要写 {low} 到 {high} 之间的整数。"), key=key, low=low, high=high
            )
            return default
        return int(value)

    def one_of(self, node: Any, key: str, values: Iterable[str], default: Any = None) -> Any:
        """`node[key]` as one of the given words, with the nearest one offered when it is another."""
        known = list(values)
        value = node.get(key, MISSING)
        if value is MISSING or value is None:
            return default
        if value in known:
            return str(value)
        near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.5)
        if near:
            self.problem(
                node, key, "pack.choice", _("“{key}”不能是“{value}”，您是要写“{near}”吗？"),
                key=key, value=value, near=near[0],
            )  # fmt: skip
        else:
            self.problem(
                node, key, "pack.choice", _("“{key}”不能是“{value}”，可以是：{known}。"),
                key=key, value=value, known="、".join(known[:30]),
            )  # fmt: skip
        return default

    def title(self, node: Any, key: str = "title", *, required: bool = True) -> dict[str, str]:
        """A title in two languages {"zh": …, "en": …}; a plain text is the Chinese one."""
        value = node.get(key)
        if value is None:
            if required and key not in node:
                self.problem(node, None, "pack.missing", _("缺“{key}”。"), key=key)
            return {"zh": "", "en": ""}
        if isinstance(value, str):
            return {"zh": str(value).strip(), "en": ""}
        if not self.keys(value, required=("zh",), optional=("en",)):
            return {"zh": "", "en": ""}
        return {"zh": self.text(value, "zh", ""), "en": self.text(value, "en", "")}

    def each(self, node: Any, key: str) -> list[tuple[int, Any]]:
        """The items of the list `node[key]` with their index; empty when absent or (noted) not a list."""
        value = node.get(key)
        if value is None:
            return []
        if isinstance(value, list | tuple):
            return list(enumerate(value))
        self.problem(node, key, "pack.type", _("“{key}”要写成一个列表。"), key=key)
        return []


def posts_of(node: Any, key: str, context: Context, code: str) -> list[str]:
    """A list of posts that some pack defines; `code` of a problem where one is none."""
    known = context.shared.get("posts", ())
    found = [str(post) for _i, post in context.each(node, key)]
    for index, post in enumerate(found):
        if post not in known:
            context.problem(node[key], index, code, _("没有岗位“{post}”。"), post=post)
    return found


def key_position(node: Any, key: Any) -> tuple[int, int]:
    """(line, column) from 1 of a key itself, not of its value."""
    lc = getattr(node, "lc", None)
    data = getattr(lc, "data", None) or {}
    if key in data:
        return (data[key][0] + 1, data[key][1] + 1)
    return position(node)


def localised(title: Mapping[str, str] | None) -> str:
    """A {"zh", "en"} title in the active language; the Chinese one when there is no English."""
    from django.utils.translation import get_language

    if not title:
        return ""
    if (get_language() or "").startswith("en") and title.get("en"):
        return title["en"]
    return title.get("zh", "")


def plain(node: Any) -> Any:
    """A YAML node as canonical JSON data: dict, list, str, int, bool, None; other numbers and dates as text."""
    if isinstance(node, Mapping):
        return {str(k): plain(v) for k, v in node.items()}
    if isinstance(node, list | tuple):
        return [plain(v) for v in node]
    if node is None or isinstance(node, bool):
        return node
    if isinstance(node, int):
        return int(node)
    if isinstance(node, float):
        return format(Decimal(repr(float(node))), "f")
    if isinstance(node, dt.datetime | dt.date):
        return node.isoformat()
    return str(node)


def read_yaml(source: str, context: Context) -> Any:
    """The document in `source`; None, with the problem noted, when it cannot be read.

    Refused before anything is built: too large, too deep, too many nodes, anchors and aliases (the way a
    small file explodes in memory), tags, several documents.
    """
    if len(source.encode("utf-8", "replace")) > MAX_BYTES:
        context.note(1, 0, "pack.too_large", _("文件超过 {max} KB，请拆开。"), max=MAX_BYTES // 1024)
        return None
    try:
        if not _bounded(source, context):
            return None
        return _loader().load(source)
    except MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 0)
        context.note(
            line, column, "pack.yaml", _("YAML 写法有误：{detail}"), detail=" ".join(str(fault.problem or "").split())
        )
    except (YAMLError, ValueError, RecursionError) as fault:
        context.note(1, 0, "pack.yaml", _("YAML 写法有误：{detail}"), detail=" ".join(str(fault).split())[:200])
    return None


def _loader() -> YAML:
    loader = YAML(typ="rt", pure=True)
    loader.allow_duplicate_keys = False
    return loader


def _bounded(source: str, context: Context) -> bool:
    depth = nodes = documents = 0
    # The plain loader scans without keeping comments, which is twice as fast.
    for event in YAML(typ="safe", pure=True).parse(io.StringIO(source)):
        line = event.start_mark.line + 1
        column = event.start_mark.column + 1
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                context.note(line, column, "pack.documents", _("一个文件里只能写一份内容，不能用“---”再起一份。"))
                return False
        if getattr(event, "anchor", None):  # an anchor, or an alias to one
            context.note(line, column, "pack.alias", _("请不要用“&”和“*”引用，直接写出来。"))
            return False
        if isinstance(event, ScalarEvent | CollectionStartEvent):
            nodes += 1
            if getattr(event, "tag", None) and str(event.tag) != "!":
                context.note(line, column, "pack.tag", _("请不要写“{tag}”这样的类型标记。"), tag=str(event.tag)[:40])
                return False
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            context.note(line, column, "pack.too_large", _("内容套得太深或项目太多，请拆成几个文件。"))
            return False
    return True
