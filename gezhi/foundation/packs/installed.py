"""What is installed: versions in the database, joined in memory, reloaded when revision "packs" moves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import db
from gezhi.foundation.calendar import Limit, clock
from gezhi.foundation.errors import Flawed, NotFound, register
from gezhi.foundation.forms import Form

from .categories import Catalogue, Category
from .limits import Limits
from .loading import Item, Pack, body_hash, folder_of, load
from .models import PackVersion
from .reading import Located

NOT_INSTALLED = register(
    "pack.not_installed",
    404,
    _("没有装过“{name}”（{kind}）。"),
    _("现在的工作包里没有这一项，或者没有这个版本。"),
    _("请先装上含有它的工作包。"),
)

ELSEWHERE = register(
    "pack.elsewhere",
    404,
    _("“{name}”只在别处用。"),
    _("这种办法只有别的地方定了自己的版本，这里没有定，也没有大家通用的版本。"),
    _("请先在这里定下本地的版本，或者选另一种办法。"),
)

# A place's own versions are numbered from here, above every version a pack can have: an upgrade never overwrites them.
OWN_FROM = 10_001
OWN = "own"

Hook = Callable[..., None]
_HOOKS: dict[str, list[Hook]] = {}


def on_install(kind: str) -> Callable[[Hook], Hook]:
    """Register `fn(body, *, pack, actor)`, called in the installing transaction when a new version of `kind` comes."""

    def register_hook(function: Hook) -> Hook:
        _HOOKS.setdefault(kind, []).append(function)
        return function

    return register_hook


@dataclass(frozen=True, slots=True)
class Entry:
    """An installed version without its body."""

    id: int
    pack: str
    kind: str
    name: str
    version: int
    hash: str
    position: int
    place_id: int | None = None  # the place that runs it, with everything inside; None: everywhere else

    @property
    def own(self) -> int:
        """Which one of the place's own versions this is, counted from 1; 0 for a pack's."""
        return own_number(self.version)


def own_number(version: int) -> int:
    """10001 -> 1, the first of a place's own versions; 0 for a version of a pack."""
    return max(0, version - OWN_FROM + 1)


class Registry:
    """Everything installed, as it was at one revision."""

    def __init__(self, entries: list[Entry], bodies: Mapping[int, Any]) -> None:
        self._entries = {(e.kind, e.name, e.version): e for e in entries}
        self._current: dict[tuple[str, str], Entry] = {}
        self._local: dict[tuple[str, str], dict[int, Entry]] = {}
        # What everybody runs stands above what one place made for itself, whichever came later.
        for entry in sorted(entries, key=lambda e: (e.place_id is None, e.version)):
            self._current[entry.kind, entry.name] = entry
            if entry.place_id is not None:
                self._local.setdefault((entry.kind, entry.name), {})[entry.place_id] = entry
        self._bodies = dict(bodies)
        self._kinds: dict[str, list[Entry]] = {}

    def get(self, kind: str, name: str, version: int | None = None) -> Entry:
        """The version asked for, or the newest that everybody runs (of one place's own when there is no other).

        Raises NotFound("pack.not_installed").
        """
        entry = self._current.get((kind, name)) if version is None else self._entries.get((kind, name, version))
        if entry is None:
            raise NotFound(NOT_INSTALLED, kind=kind, name=name if version is None else f"{name} v{version}")
        return entry

    def local(self, kind: str, name: str) -> Mapping[int, Entry]:
        """{place id: the newest version that this place made for itself}; empty for most."""
        return self._local.get((kind, name), {})

    def at(self, kind: str, name: str, places: Sequence[int]) -> Entry:
        """The version in force at a place, `places` being itself and what it lies in, nearest first.

        Raises NotFound pack.not_installed, pack.elsewhere (only other places have it).
        """
        local = self.local(kind, name)
        found = next((local[place] for place in places if place in local), None) or self.get(kind, name)
        if found.place_id is not None and found.place_id not in places:
            raise NotFound(ELSEWHERE, name=name)
        return found

    def body(self, kind: str, name: str, version: int | None = None) -> Any:
        """The pinned body, also of versions that running cases still end on. Treat it as read-only."""
        entry = self.get(kind, name, version)
        if entry.id not in self._bodies:
            # Old versions are read when first asked for; bodies never change, so keeping them is safe.
            self._bodies[entry.id] = PackVersion.objects.values_list("body", flat=True).get(pk=entry.id)
        return self._bodies[entry.id]

    def entries(self) -> list[Entry]:
        """Every installed version, by pack, kind, name and version."""
        return sorted(self._entries.values(), key=lambda e: (e.position, e.kind, e.name, e.version))

    def versions(self, kind: str, name: str) -> list[Entry]:
        """Every installed version of one document, oldest first; a place's own ones last."""
        return sorted((e for e in self._entries.values() if (e.kind, e.name) == (kind, name)), key=lambda e: e.version)

    def names(self, kind: str) -> list[str]:
        """Names of the current documents of a kind, in the order their packs were installed."""
        return [e.name for e in self._of(kind)]

    def running(self, kind: str) -> list[Entry]:
        """What new work may take anywhere: the newest for everybody, and of each place with one of its own."""
        own = (e for (k, _name), local in self._local.items() if k == kind for e in local.values())
        return list({e.id: e for e in (*self._of(kind), *own)}.values())

    def _of(self, kind: str) -> list[Entry]:
        """The current documents of a kind; looked for once, because some are asked for at every change of a line."""
        if kind not in self._kinds:
            found = (e for e in self._current.values() if e.kind == kind)
            self._kinds[kind] = sorted(found, key=lambda e: (e.position, e.id))
        return self._kinds[kind]

    def _joined(self, kind: str) -> list[Any]:
        return [self.body(kind, e.name) for e in self._of(kind)]

    @cached_property
    def forms(self) -> dict[str, Form]:
        """Shared forms by name."""
        return {name: Form.from_body(self.body("form", name)["fields"]) for name in self.names("form")}

    @cached_property
    def posts(self) -> dict[str, Any]:
        """Post definitions by code; later packs refine earlier ones."""
        found: dict[str, Any] = {}
        for body in self._joined("posts"):
            found |= {p["code"]: p for p in (body["posts"] if isinstance(body, dict) else body)}
        return found

    @cached_property
    def categories(self) -> Catalogue:
        """The joined catalogue of all packs."""
        return Catalogue.of(self._joined("categories"))

    @cached_property
    def limits(self) -> Limits:
        """The joined limits of all packs."""
        return Limits(self._joined("limits"))

    @cached_property
    def services(self) -> dict[str, Any]:
        """Service mechanisms (channels, forces, services) by the name of their pack."""
        return {name: self.body("services", name) for name in self.names("services")}

    def limit_for(self, category: Category | str | None, kind: str | None, urgent: bool = False) -> Limit | None:
        """By when a matter of this category (or code) and request type is to be handled; None when no pack says."""
        found = self.categories.get(category) if isinstance(category, str) else category
        return self.limits.promise(found, kind, urgent)


_lock = threading.Lock()
_loaded: tuple[int, Registry] | None = None


def registry() -> Registry:
    """The registry at the current revision; reloaded when a pack was installed by any process."""
    global _loaded
    revision = db.revisions.current().get("packs", 0)
    held = _loaded
    if held is not None and held[0] == revision:
        return held[1]
    with _lock:
        if _loaded is None or _loaded[0] != revision:
            _loaded = (revision, _read())
        return _loaded[1]


def _read() -> Registry:
    columns = ("id", "pack", "kind", "name", "version", "hash", "position", "place_id")
    entries = [Entry(*row) for row in PackVersion.objects.values_list(*columns)]
    newest: dict[tuple[str, str, int | None], Entry] = {}
    for entry in sorted(entries, key=lambda e: e.version):
        newest[entry.kind, entry.name, entry.place_id] = entry
    wanted = [e.id for e in newest.values()]
    return Registry(entries, dict(PackVersion.objects.filter(pk__in=wanted).values_list("id", "body")))


def install(path: str | Path, *, actor: Any) -> Pack:
    """Read, prove and install the pack in folder `path`, after the packs it uses. Installing it again changes nothing.

    Needs the power packs.manage. Raises Flawed when anything is wrong with it, also when a name and version
    that are already installed come with another body ("raise the version"): a version is for ever.
    """
    actor.need("packs.manage", None)
    pack = load(path)
    for used in pack.uses:
        install(folder_of(used, beside=Path(path)), actor=actor)
    try:
        _write(pack, actor)
    except IntegrityError:
        # Another process installed it in the same instant: now its rows are seen, and compared like any other.
        _write(pack, actor)
    return pack


def _write(pack: Pack, actor: Any) -> None:
    with db.write():
        new = _new_items(pack)
        if not new:
            return
        position = _position(pack.name)
        now = clock.now()
        PackVersion.objects.bulk_create(
            PackVersion(
                pack=pack.name, kind=i.kind, name=i.name, version=i.version, hash=i.hash, body=i.body,
                position=position, installed_at=now,
            )
            for i in new
        )  # fmt: skip
        db.revisions.bump("packs")
        _record(pack, new, actor)
        for item in new:
            for hook in _HOOKS.get(item.kind, ()):
                hook(item.body, pack=pack.name, actor=actor)


def publish(
    kind: str, name: str, body: Mapping[str, Any], *, actor: Any, how: Mapping[str, Any], place_id: int | None = None
) -> Entry:
    """Put a place's own version of a document in force, beside every other; the body is one its reader accepted.

    Its number is the next of the place's own (OWN_FROM and up) and stands in the body as well. `how` is JSON for the
    event: who drafted it, who approved it, what it was made from. Needs packs.manage; with `place_id` it is in force there
    and inside only, and who may say so is the caller's to have asked. Call it inside a write.
    """
    if place_id is None:
        actor.need("packs.manage", None)
    with db.write():
        taken = list(
            PackVersion.objects.select_for_update()
            .filter(kind=kind, name=name, version__gte=OWN_FROM)
            .values_list("version", flat=True)
        )
        version = max([*taken, OWN_FROM - 1]) + 1
        made = {**body, "version": version}
        row = PackVersion.objects.create(
            pack=OWN, kind=kind, name=name, version=version, hash=body_hash(made), body=made, position=_position(OWN),
            installed_at=clock.now(), place_id=place_id,
        )  # fmt: skip
        db.revisions.bump("packs")
        where = {} if place_id is None else {"place": place_id}
        _tell(OWN, "pack.published", {f"{kind}.{name}": {"version": version, "hash": row.hash, **where, **how}}, actor)
        for hook in _HOOKS.get(kind, ()):
            hook(made, pack=OWN, actor=actor)
    return Entry(row.pk, OWN, kind, name, version, row.hash, row.position, place_id)


def _position(pack: str) -> int:
    """Packs keep the place they were first installed at."""
    known = PackVersion.objects.filter(pack=pack).values_list("position", flat=True).first()
    if known is not None:
        return known
    last = PackVersion.objects.order_by("-position").values_list("position", flat=True).first()
    return (last or 0) + 1


def _new_items(pack: Pack) -> list[Item]:
    problems: list[Any] = []
    new: list[Item] = []
    for item in pack.items:
        # A place's own versions stand beside those of packs: they neither stop an upgrade nor are touched by it.
        rows = list(
            PackVersion.objects.filter(kind=item.kind, name=item.name, version__lt=OWN_FROM).values(
                "pack", "version", "hash"
            )
        )
        other = next((r["pack"] for r in rows if r["pack"] != pack.name), None)
        same = next((r for r in rows if r["version"] == item.version), None)
        newest = max((r["version"] for r in rows), default=0)
        if other is not None:
            problems.append(_flaw(item, "pack.owned", _("“{name}”是工作包“{other}”的，请换一个名字。"), other=other))
        elif same is not None and same["hash"] != item.hash:
            words = _("“{name}”第 {version} 版已经装过，内容不同。请把 version 提高到 {next}。")
            problems.append(_flaw(item, "pack.version", words, next=newest + 1))
        elif same is None and item.version < newest:
            words = _("“{name}”已经装到第 {newest} 版，不能再装第 {version} 版。")
            problems.append(_flaw(item, "pack.older", words, newest=newest))
        elif same is None:
            new.append(item)
    if problems:
        raise Flawed(problems)
    return new


def _flaw(item: Item, code: str, words: Any, **facts: Any) -> Located:
    said = str(words).format(name=item.name, version=item.version, **facts)
    return Located(item.file, 1, code, said)


def _record(pack: Pack, new: list[Item], actor: Any) -> None:
    """One event a change: which documents came, at which version, pinned by which hash."""
    installed = {f"{i.kind}.{i.name}": {"version": i.version, "hash": i.hash} for i in new}
    _tell(pack.name, "pack.installed", installed, actor)


def _tell(pack: str, event: str, patch: Mapping[str, Any], actor: Any) -> None:
    from gezhi.foundation import events

    stream = f"pack:{pack}"
    past = events.history(stream)
    head = events.Head(past[-1].seq, bytes(past[-1].hash)) if past else events.GENESIS
    events.record(stream, event, actor=actor, patch=patch, head=head)
