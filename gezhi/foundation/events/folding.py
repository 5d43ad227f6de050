"""From events to a state: one generic fold, upcasters for old shapes, and what verify compares with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from django.db.models import Model

Patch = dict[str, Any]


class Foldable(Protocol):
    kind: str
    version: int
    patch: Any


@dataclass(frozen=True, slots=True)
class Upcaster:
    """Turns a patch of (`kind`, `from_version`) into version + 1, under `to_kind`."""

    kind: str
    from_version: int
    to_kind: str
    change: Callable[[Patch], Patch]


UPCASTERS: dict[tuple[str, int], Upcaster] = {}


def upcaster(
    kind: str, from_version: int, *, to_kind: str | None = None
) -> Callable[[Callable[[Patch], Patch]], Callable[[Patch], Patch]]:
    """`@upcaster("case.opened", 1)` on a module-level `patch -> patch`: how version 1 reads as version 2.

    It gets a copy and may change it; `to_kind` renames the event as well. Stored events stay as they are.
    Raises ValueError when the step is already taken by another function.
    """

    def register(change: Callable[[Patch], Patch]) -> Callable[[Patch], Patch]:
        known = UPCASTERS.get((kind, from_version))
        if known is not None and known.change is not change:
            raise ValueError(f"{kind} version {from_version} already has an upcaster.")
        UPCASTERS[kind, from_version] = Upcaster(kind, from_version, to_kind or kind, change)
        return change

    return register


def upcast(kind: str, version: int, patch: Mapping[str, Any]) -> tuple[str, int, Patch]:
    """The event in its newest shape: (kind, version, patch). What has no upcaster passes as it is."""
    current = dict(patch)
    while step := UPCASTERS.get((kind, version)):
        current, kind, version = step.change(dict(current)), step.to_kind, version + 1
    return kind, version, current


def fold(events: Iterable[Foldable]) -> Patch:
    """The state after these events, in order: every key has its latest after-value.

    A key is replaced whole (a nested mapping is one value). Keys beginning with `@` tell about the event,
    not about the state, and are left out.
    """
    state: Patch = {}
    for event in events:
        merge(state, event.kind, event.version, event.patch)
    return state


def merge(state: Patch, kind: str, version: int, patch: Mapping[str, Any]) -> None:
    """Put one event's after-values into `state`."""
    if (kind, version) in UPCASTERS:
        _, _, patch = upcast(kind, version, patch)
    for key, value in patch.items():
        if key[:1] != "@":
            state[key] = value


@dataclass(frozen=True, slots=True)
class State:
    """Streams `<prefix>:<pk>` have a row of `model`; `fields`: key in the fold -> attribute of the row."""

    prefix: str
    model: type[Model]
    fields: tuple[tuple[str, str], ...]


STATES: dict[str, State] = {}


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows of `model` that belong to a state row by `parent` and are told under `<key>:<number>` in its fold."""

    key: str
    model: type[Model]
    parent: str
    number: str
    fields: tuple[tuple[str, str], ...]


PARTS: dict[str, dict[str, Parts]] = {}

#: What verify asks beside states and parts: sums over rows, such as balances. Module-level functions (they may run in a
#: process of the crew) from verify's connection to findings.
CHECKS: list[Callable[[Any], list[Any]]] = []


def register_check(check: Callable[[Any], list[Any]]) -> None:
    """Let verify run `check(connection) -> findings`; the same one may be registered again."""
    if check not in CHECKS:
        CHECKS.append(check)


def register_state(prefix: str, model: type[Model], fields: Iterable[str] | Mapping[str, str]) -> None:
    """Tell verify and erase that stream `<prefix>:<pk>` has its current state in a row of `model`.

    The row carries `event_seq` and `event_hash` (the stream's head). `fields`: keys of the fold that the
    row repeats under the same names, or {key: attribute}. A key never set must equal the field's
    default. A private reference may be kept in the row as its id. Call it where the model is defined.
    Raises ValueError when the model lacks one of the columns.
    """
    pairs = _pairs(fields)
    _need(model, ["event_seq", "event_hash", *(attribute for _, attribute in pairs)])
    STATES[prefix] = State(prefix, model, pairs)


def register_parts(
    prefix: str,
    key: str,
    model: type[Model],
    fields: Iterable[str] | Mapping[str, str],
    *,
    parent: str,
    number: str = "number",
) -> None:
    """Tell verify that a state of `prefix` has parts: rows of `model` whose column `parent` names the state row.

    The fold holds each part as one value under `<key>:<number>`, e.g. `item:2`: a mapping with `fields`, which are
    given and compared as in `register_state`. Raises ValueError when the model lacks one of the columns.
    """
    pairs = _pairs(fields)
    _need(model, [parent, number, *(attribute for _, attribute in pairs)])
    PARTS.setdefault(prefix, {})[key] = Parts(key, model, parent, number, pairs)


def _pairs(fields: Iterable[str] | Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(fields.items()) if isinstance(fields, Mapping) else tuple((name, name) for name in fields)


def _need(model: type[Model], names: list[str]) -> None:
    columns = {field.attname for field in model._meta.concrete_fields}
    lacking = [name for name in names if name not in columns]
    if lacking:
        raise ValueError(f"{model.__name__} has no column {', '.join(lacking)}.")
