"""Who may see and who may change: one place that every query, action, timeline and export asks.

A register with its own list of posts is for these posts only; any other for whoever has `register.see` (to change:
`register.edit`) at the place. Registers for the inside do not exist where the desk is not served.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from django.db.models import Q

from gezhi.foundation import db, people, places
from gezhi.foundation.people import Actor, Grant
from gezhi.foundation.places.placed import PATH

from . import definitions, refusals
from .definitions import Register
from .models import Entry, Relation, Subject

What = Literal["see", "edit"]
POWER = {"see": "register.see", "edit": "register.edit"}
Scopes = tuple[tuple[str, int], ...]
_SIDES = ("county_id", "town_id", "village_id", "grid_id")


def scopes(actor: Actor, register: Register | None = None, what: What = "see") -> Scopes:
    """Where the actor may: (column without _id, place id), disjoint. Empty = nowhere."""
    posts = () if register is None else _posts(register, what)
    if actor.kind == "system" or not posts:
        return actor.places(POWER[what])
    seats = people.directory().seats
    mine = frozenset(
        Grant(POWER[what], _kind(seat.place_id), seat.place_id)
        for id in actor.seats
        if (seat := seats.get(id)) is not None and seat.post in posts
    )
    return _of_grants(mine, places.directory())


def _posts(register: Register, what: What) -> tuple[str, ...]:
    if what == "edit":
        return register.edit
    # Who keeps a register sees it, also when only readers are listed.
    return (*register.see, *register.edit) if register.see else ()


def _kind(place_id: int) -> str:
    found = places.directory().get(place_id)
    return found.kind if found is not None else ""


@lru_cache(maxsize=256)
def _of_grants(grants: frozenset[Grant], everywhere: Any) -> Scopes:
    return Actor(kind="staff", grants=tuple(sorted(grants))).places(next(iter(grants)).power) if grants else ()


def covers(where: Scopes, row: Any) -> bool:
    """Whether one of the scopes holds the row's place (anything with `county_id` … `grid_id`)."""
    return any(getattr(row, f"{column}_id") == id for column, id in where)


def within(where: Scopes) -> Q:
    """The rows inside the scopes."""
    found = Q(pk__in=())
    for column, id in where:
        found |= Q(**{f"{column}_id": id})
    return found


def lying(place_id: int) -> Q:
    """The rows that lie in a place or below it."""
    found = places.directory().get(place_id)
    if found is not None and found.kind in ("county", "town", "village"):
        return Q(**{f"{found.kind}_id": place_id})
    inner = [place_id, *places.directory().descendants(place_id)]
    return Q(grid_id__in=inner) | Q(place_id__in=inner)


def may(actor: Actor, row: Any, register: Register | None = None, what: What = "see") -> bool:
    """Whether the actor may see (change) a row that lies where its path says."""
    if register is not None and not register.served:
        return False
    return actor.kind == "system" or covers(scopes(actor, register, what), row)


def readable(actor: Actor) -> list[Register]:
    """The registers the actor may open somewhere."""
    return [r for r in definitions.registers() if r.served and (actor.kind == "system" or scopes(actor, r))]


def register_for(actor: Actor, name: str) -> Register:
    """The register, if the actor may open it at all. Raises NotFound subject.no_register."""
    found = definitions.register(name)
    if not found.served or not (actor.kind == "system" or scopes(actor, found)):
        raise refusals.NO_REGISTER(name=name)
    return found


def subject_for(id: int, actor: Actor, what: What = "see", *, lock: bool = False) -> Subject:
    """The subject, if it is the actor's to see. Raises NotFound subject.none; NotAllowed where only seeing is theirs."""
    rows = Subject.objects.select_for_update() if lock else Subject.objects
    found = rows.filter(pk=id).first()
    if found is None or not (may(actor, found) or sees_some_line(actor, found)):
        raise refusals.NO_SUBJECT()
    if what == "edit" and not may(actor, found, what="edit"):
        raise refusals.NOT_HERE()
    return found


def sees_some_line(actor: Actor, subject: Subject) -> bool:
    """Whether a register's own list of posts lets the actor see a line of the subject."""
    if actor.kind == "system":
        return True
    named = [r for r in definitions.registers() if r.see and r.served and covers(scopes(actor, r), subject)]
    return bool(named) and Entry.objects.filter(subject_id=subject.pk, register__in=[r.name for r in named]).exists()


def entry_for(id: int, actor: Actor, what: What = "see") -> tuple[Entry, Register]:
    """The line and its register, if it is the actor's. Raises NotFound subject.no_entry, NotAllowed subject.not_here."""
    return entry_seen(db.fetch(Entry, id), actor, what)


def entry_seen(found: Entry | None, actor: Actor, what: What = "see") -> tuple[Entry, Register]:
    """The same of a line that was read already."""
    if found is None:
        raise refusals.NO_ENTRY()
    register = definitions.register(found.register)
    if not may(actor, found, register):
        raise refusals.NO_ENTRY()
    if what == "edit" and not may(actor, found, register, "edit"):
        raise refusals.NOT_HERE()
    return found, register


def need(actor: Actor, place_id: int, register: Register | None = None) -> dict[str, Any]:
    """The path columns of a place where the actor may write. Raises Invalid subject.no_place, NotAllowed."""
    if not isinstance(place_id, int) or not places.directory().open(place_id):
        raise refusals.NO_PLACE(field_errors={"place": refusals.NO_PLACE().what})
    path = path_of(place_id)
    if not may(actor, _Row(path), register, "edit"):
        raise refusals.NOT_HERE()
    return path


def path_of(place_id: int) -> dict[str, Any]:
    """The path columns of a place."""
    found = places.directory().path(place_id)
    return dict(zip(PATH, (*(getattr(found, side) for side in _SIDES), place_id), strict=True))


class _Row:
    def __init__(self, path: dict[str, Any]) -> None:
        self.__dict__.update(path)


def relation_seen(actor: Actor, row: Relation) -> bool:
    """Whether the actor may see a relation: that of its place."""
    return may(actor, row)
