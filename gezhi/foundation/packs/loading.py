"""A pack on disk: a folder of YAML read into bodies, every flaw reported with file and line.

    pack.yaml                 name, version, title, and the packs it builds on
    posts.yaml …              one document of a kind (posts, categories, limits, places, services …)
    workflows/*.yaml, forms/  several named documents of a kind, one a file

Rooms register how their kind is read: `packs.reader("workflow")(fn)`, where `fn(node, context)` returns the JSON
body. A room's module `pack_readers` is imported before the first pack is read.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import Flawed, NotFound, Problem, register

from .reading import MAX_BYTES, Context, read_yaml

register(
    "pack.not_found",
    404,
    _("没有找到工作包“{name}”。"),
    _("这个文件夹里没有 pack.yaml，或者没有装过它。"),
    _("请核对路径，或先装它所依赖的工作包。"),
)
NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
ITEM_NAME = re.compile(r"[a-z][a-z0-9_-]{1,39}")
MAX_FILES = 500
MAX_TOTAL = 16 * 1024 * 1024

Reader = Callable[[Any, Context], Any]


@dataclass(frozen=True)
class Kind:
    """A kind of document: `folder` when a pack may hold several by name, else the one file `<name>.yaml`.

    `after`: kinds that must have been read first.
    """

    name: str
    read: Reader
    folder: str | None
    after: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {}
# Checks of all documents of a kind together, run when a pack that has any is read.
WHOLES: dict[str, list[Callable[[Context], None]]] = {}


def reader(kind: str, *, folder: str | None = None, after: tuple[str, ...] = ()) -> Callable[[Reader], Reader]:
    """Register how documents of `kind` are read.

    `folder` (e.g. "workflows") when a pack holds several of them by name. The function gets the YAML node and a
    Context, notes problems in the context and returns a body of JSON data (or None when it could not).
    """

    def register_reader(function: Reader) -> Reader:
        KINDS[kind] = Kind(kind, function, folder, after)
        return function

    return register_reader


def whole(kind: str) -> Callable[[Callable[[Context], None]], Callable[[Context], None]]:
    """Register a check of all documents of `kind` together: what one says of another, read before or after it.

    The function gets the context of the pack (its file is pack.yaml), with what the readers left in `shared`.
    """

    def register_check(function: Callable[[Context], None]) -> Callable[[Context], None]:
        WHOLES.setdefault(kind, []).append(function)
        return function

    return register_check


@dataclass(frozen=True)
class Item:
    """One document of a pack, read and pinned. `hash` is the SHA-256 of its canonical body."""

    kind: str
    name: str
    version: int
    body: Any
    hash: str
    file: str


@dataclass(frozen=True)
class Pack:
    """A pack that was read without a flaw. `uses`: names of the packs it builds on, all of them read too."""

    name: str
    version: int
    title: Mapping[str, str]
    about: Mapping[str, str]
    uses: tuple[str, ...]
    items: tuple[Item, ...]
    shared: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def get(self, kind: str, name: str | None = None) -> Item | None:
        """The document of that kind (and name)."""
        return next((i for i in self.items if i.kind == kind and name in (None, i.name)), None)


def canonical(body: Any) -> str:
    """JSON with sorted keys and no spaces: the text whose hash pins a body. Floats are a programming error."""
    _no_floats(body)
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def body_hash(body: Any) -> str:
    """SHA-256, hexadecimal, of the canonical body."""
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def _no_floats(body: Any) -> None:
    if isinstance(body, float):
        raise TypeError("a pack body holds no floats: write the number as text")
    if isinstance(body, Mapping):
        for value in body.values():
            _no_floats(value)
    elif isinstance(body, list | tuple):
        for value in body:
            _no_floats(value)


def load(path: str | Path) -> Pack:
    """Read the pack in folder `path` and the packs it uses (folders beside it).

    Raises Flawed with every problem of all its files, NotFound("pack.not_found") when there is no pack.yaml.
    """
    _discover()
    problems: list[Problem] = []
    pack = _load(Path(path), problems, ())
    if problems or pack is None:
        raise Flawed(sorted(problems, key=lambda p: (p.file, p.line)))
    return pack


@dataclass(frozen=True)
class _Read:
    """A sound pack with the fingerprints of what it was read from: the kinds known, its folder, the packs it uses."""

    kinds: tuple[str, ...]
    own: str
    used: Mapping[Path, str]
    pack: Pack


# Reading YAML with its lines is slow (half a second for the standard pack) and every pack uses that one.
_READ: dict[Path, _Read] = {}


def _remembered(folder: Path) -> Pack | None:
    known = _READ.get(folder.resolve())
    if known is None or known.kinds != tuple(sorted(KINDS)) or known.own != fingerprint(folder):
        return None
    return known.pack if all(fingerprint(used) == mark for used, mark in known.used.items()) else None


def _remember(folder: Path, pack: Pack) -> None:
    used: dict[Path, str] = {}
    for folder_used in (folder_of(name, beside=folder).resolve() for name in pack.uses):
        base = _READ[folder_used]
        used |= {folder_used: base.own, **base.used}
    _READ[folder.resolve()] = _Read(tuple(sorted(KINDS)), fingerprint(folder), used, pack)


def fingerprint(folder: Path) -> str:
    """A fingerprint of every file of a folder: names and bytes."""
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


_discovered = False


def _discover() -> None:
    global _discovered
    if not _discovered:
        from . import kinds

        autodiscover_modules("pack_readers")
        _discovered = bool(kinds)


def folder_of(used: str, *, beside: Path) -> Path:
    """Where a pack that is used lies: beside the one that uses it, else among those shipped with the product."""
    near = beside.parent / used
    shipped = Path(settings.ROOT) / "packs" / used
    return near if (near / "pack.yaml").is_file() or not (shipped / "pack.yaml").is_file() else shipped


def _load(folder: Path, problems: list[Problem], users: tuple[str, ...]) -> Pack | None:
    head_file = folder / "pack.yaml"
    if not head_file.is_file():
        raise NotFound("pack.not_found", name=folder.name)
    total = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    if total > MAX_TOTAL:
        # Before anything is read, not even for the fingerprint.
        large = Context(f"{folder.name}/pack.yaml", problems)
        large.note(1, 0, "pack.too_large", _("整个工作包超过 {max} MB。"), max=MAX_TOTAL // 1024 // 1024)
        return None
    known = _remembered(folder)
    if known is not None:
        return known
    before = len(problems)
    context = Context(f"{folder.name}/pack.yaml", problems, folder=folder)
    head = _read_file(head_file, context)
    if head is None or not context.keys(
        head, required=("pack", "version", "title"), optional=("about", "uses", "source")
    ):
        return None
    name = context.text(head, "pack", "", max=40)
    if name != folder.name or not NAME.fullmatch(name):
        context.problem(
            head, "pack", "pack.name", _("包名“{name}”要和文件夹“{folder}”一样，只用小写字母、数字和连字符。"),
            name=name, folder=folder.name,
        )  # fmt: skip
    version = context.whole(head, "version", 1, low=1)
    title, about = context.title(head), context.title(head, "about", required=False)
    uses = tuple(str(u) for _i, u in context.each(head, "uses"))
    for index, used in enumerate(uses):
        if used in users or used == name:
            context.problem(head["uses"], index, "pack.circle", _("“{used}”和“{name}”互相依赖。"), used=used, name=name)
            continue
        if not NAME.fullmatch(used) or not (folder_of(used, beside=folder) / "pack.yaml").is_file():
            context.problem(head["uses"], index, "pack.uses", _("旁边和产品自带的工作包里都没有“{used}”。"), used=used)
            continue
        base = _load(folder_of(used, beside=folder), problems, (*users, name))
        if base is not None:
            for key, value in base.shared.items():
                context.shared[key] = _merged(context.shared.get(key), value)
    items = _read_items(folder, context, name, version)
    for kind in sorted({item.kind for item in items} & set(WHOLES)) if len(problems) == before else ():
        # Only when each is sound by itself: what could not be read would seem to be missing.
        for check in WHOLES[kind]:
            check(context)
    pack = Pack(name, version, title, about, uses, tuple(items), context.shared)
    if len(problems) == before:
        _remember(folder, pack)
    return pack


def _merged(before: Any, added: Any) -> Any:
    """What an own pack and those it uses made known: sets and mappings are joined, anything else replaced."""
    if isinstance(before, set | frozenset) and isinstance(added, set | frozenset):
        return before | added
    if isinstance(before, Mapping) and isinstance(added, Mapping):
        return {**before, **added}
    # A copy: what the using pack adds must not show in the pack it uses.
    return dict(added) if type(added) is dict else added


def _read_file(file: Path, context: Context) -> Any:
    if file.stat().st_size > MAX_BYTES:
        context.note(1, 0, "pack.too_large", _("文件超过 {max} KB，请拆开。"), max=MAX_BYTES // 1024)
        return None
    try:
        source = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        context.note(1, 0, "pack.encoding", _("文件不是 UTF-8 编码。"))
        return None
    return read_yaml(source, context)


def _read_items(folder: Path, context: Context, pack: str, version: int) -> list[Item]:
    found: dict[str, list[Path]] = {}
    by_folder = {k.folder: k for k in KINDS.values() if k.folder}
    root = folder.resolve()
    for count, file in enumerate(sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")])):
        where = file.relative_to(folder)
        inner = context.within(f"{pack}/{where.as_posix()}")
        if count >= MAX_FILES:
            inner.note(1, 0, "pack.too_large", _("文件太多，最多 {max} 个。"), max=MAX_FILES)
            break
        if not file.resolve().is_relative_to(root):
            inner.note(1, 0, "pack.outside", _("文件不能指到工作包以外。"))
        elif where.as_posix() == "pack.yaml":
            continue
        elif len(where.parts) == 1 and file.stem in KINDS and KINDS[file.stem].folder is None:
            found.setdefault(file.stem, []).append(file)
        elif len(where.parts) == 2 and where.parts[0] in by_folder:
            found.setdefault(by_folder[where.parts[0]].name, []).append(file)
        else:
            known = [*(f"{k}/" for k in by_folder), *(f"{k}.yaml" for k in KINDS if not KINDS[k].folder)]
            near = difflib.get_close_matches(where.parts[0] + "/" * (len(where.parts) > 1), known, n=1, cutoff=0.7)
            inner.note(
                1, 0, "pack.file", _("不认识这个文件，可以是：{known}。"),
                known=near[0] if near else "、".join(sorted(known)),
            )  # fmt: skip
    items: list[Item] = []
    for kind in _order(found):
        for file in found[kind.name]:
            item = _read_item(
                kind, file, context.within(f"{pack}/{file.relative_to(folder).as_posix()}"), pack, version
            )
            if item is not None:
                if any((i.kind, i.name) == (item.kind, item.name) for i in items):
                    context.within(item.file).note(1, 0, "pack.twice", _("“{name}”写了两份。"), name=item.name)
                items.append(item)
                # Later readers may point to what was read: "workflow/request".
                context.shared["items"] = context.shared.get("items", frozenset()) | {f"{item.kind}/{item.name}"}
    return items


def _order(found: Mapping[str, Any]) -> list[Kind]:
    """Kinds in reading order: what others are checked against comes first."""
    ordered: list[Kind] = []
    waiting = sorted(found)
    while waiting:
        ready = [k for k in waiting if not any(a in waiting for a in KINDS[k].after)]
        # A circle among readers is a programming error; reading in name order still reports every flaw.
        for name in ready or waiting[:1]:
            ordered.append(KINDS[name])
            waiting.remove(name)
    return ordered


def _read_item(kind: Kind, file: Path, context: Context, pack: str, version: int) -> Item | None:
    node = _read_file(file, context)
    if node is None:
        return None
    name = pack
    if isinstance(node, Mapping):
        if kind.folder:
            name = str(node.get(kind.name, file.stem))
            if not ITEM_NAME.fullmatch(name):
                context.problem(
                    node, kind.name, "pack.item_name", _("“{name}”只能用小写字母、数字、下划线和连字符。"), name=name
                )
                return None
        if "version" in node:
            version = context.whole(node, "version", version, low=1)
    before = len(context.problems)
    body = kind.read(node, context)
    if body is None or len(context.problems) > before:
        return None
    return Item(kind.name, name, version, body, body_hash(body), context.file)
