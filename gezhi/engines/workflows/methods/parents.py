"""Where an own version came from, and what came since: a place's version never changes by itself, so it must be told.

What a version follows: one place's own follows what runs above that place (the town's own, or everybody's); everybody's
own follows the pack's. docs/rules/versions.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gezhi.engines.workflows.methods.models import PUBLISHED, MethodDraft
from gezhi.foundation import packs, places
from gezhi.foundation.errors import NotFound

Bases = Mapping[tuple[str, int], int | None]


@dataclass(frozen=True)
class Newer:
    """What the place above runs and an own version does not know; `common`: the version both came from, None when none is known."""

    entry: packs.Entry
    common: int | None


def bases(name: str | None = None) -> Bases:
    """{(method, own version): the version its draft began from}; one query."""
    rows = MethodDraft.objects.filter(state=PUBLISHED, **({"name": name} if name else {}))
    return {(n, v): base for n, v, base in rows.values_list("name", "version", "base_version") if v is not None}


def newer(entry: packs.Entry, known: Bases) -> Newer | None:
    """What came above this version since it was made; None when it is a pack's, knows it, or says the same."""
    above = _above(entry)
    if above is None or above.version == entry.version:
        return None
    mine, theirs = _line(entry.name, entry.version, known), _line(entry.name, above.version, known)
    if above.version in mine or _same(entry, above):
        return None
    return Newer(above, next((v for v in mine if v in theirs), None))


def _above(entry: packs.Entry) -> packs.Entry | None:
    registry = packs.registry()
    if entry.place_id is not None:
        try:
            return registry.at(entry.kind, entry.name, places.directory().ancestors(entry.place_id))
        except NotFound:
            return None
    if not entry.own:
        return None
    shipped = [e for e in registry.versions(entry.kind, entry.name) if not e.own]
    return shipped[-1] if shipped else None


def _line(name: str, version: int, known: Bases) -> list[int]:
    """A version and those it came from, newest first; of a pack's, every earlier one of the pack."""
    line = [version]
    while (name, line[-1]) in known:
        base = known[name, line[-1]]
        if base is None or base in line:
            return line
        line.append(base)
    earlier = (e.version for e in packs.registry().versions("workflow", name) if not e.own and e.version < line[-1])
    return line if packs.own_number(line[-1]) else [*line, *sorted(earlier, reverse=True)]


def _same(one: packs.Entry, other: packs.Entry) -> bool:
    registry = packs.registry()
    bodies = (registry.body(e.kind, e.name, e.version) for e in (one, other))
    left, right = ({**body, "version": 0} for body in bodies)
    return bool(left == right)
