"""Who acts: a colleague in their seats, a resident with a code, or the system itself.

Actors are never None. An actor is a value: made from the directory at an instant, kept for one request.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import places
from gezhi.foundation.errors import NotAllowed

from . import refusals, snapshot

# What a post may be allowed to do. A pack can grant nothing else.
POWERS = {
    "case.see": _("查看辖区内的事项"),
    "case.raise_for": _("替人登记"),
    "case.supervise": _("督办"),
    "case.arbitrate": _("裁定退单争议"),
    "case.protected": _("受理和查看保密事项"),
    "protected.reveal": _("看保密事项的来人"),
    "personal.reveal": _("看全号"),
    "people.manage": _("管理人员和岗位"),
    "duty.manage": _("编排值班"),
    "places.manage": _("管理地方和网格"),
    "packs.manage": _("管理工作包"),
    "register.see": _("查看辖区内的台账"),
    "register.edit": _("登记和修改台账"),
    "bulletin.read": _("看通报"),
    "audit.read": _("审计"),
    "demo.drive": _("操作演示"),
}

# A substitute does the seat's work; changing who sits and what is in force stays with its holder. adr/0030
NOT_FOR_SUBSTITUTES = frozenset(
    {"people.manage", "places.manage", "packs.manage", "audit.read", "protected.reveal", "demo.drive"}
)

# The columns by which a case knows its places, widest first.
COLUMNS = ("county", "town", "village", "grid")


class Placed(Protocol):
    """What `places.Path` offers: the ids of county, town, village and finest grid, None where not reached."""

    county_id: int | None
    town_id: int | None
    village_id: int | None
    grid_id: int | None


class Grant(NamedTuple):
    """A power at a place and everywhere inside it; `kind` is the place's kind."""

    power: str
    kind: str
    place_id: int


@dataclass(frozen=True)
class Actor:
    """`seats`: held or substituted; `answering`: those plus vacant ones that fall to this person.

    `name` is never a private name: the masked form for staff, "resident" or the system's part ("clock").
    `seat` is the one acted in, when somebody with several said which.
    """

    kind: Literal["staff", "resident", "system"]
    person_id: int | None = None
    name: str = ""
    seats: tuple[int, ...] = ()
    answering: frozenset[int] = frozenset()
    grants: tuple[Grant, ...] = ()
    substituting: frozenset[int] = frozenset()
    seat: int | None = None
    _scopes: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict, compare=False, repr=False)

    def may(self, power: str, path: Placed | None = None) -> bool:
        """Whether the power covers the place; with no path: whether it is held anywhere at all.

        The system may do everything, a resident nothing. Raises KeyError for a power that does not exist.
        """
        if power not in POWERS:
            raise KeyError(power)
        if self.kind == "system":
            return True
        grants = [grant for grant in self.grants if grant.power == power]
        if path is None:
            return bool(grants)
        return any(_covers(grant, path) for grant in grants)

    def need(self, power: str, path: Placed | None = None) -> None:
        """Raises NotAllowed not_allowed unless `may`."""
        if not self.may(power, path):
            raise NotAllowed(power=str(POWERS[power]))

    def places(self, power: str) -> tuple[tuple[str, int], ...]:
        """Where the power reaches, as (column, place id) with column county, town, village or grid.

        Top-most and disjoint: no scope lies in another, so scans over them may simply be merged. A grant
        at an upper grid becomes that grid and the grids inside it, because a case names its finest grid;
        one at a city or province becomes its counties. Empty for residents; for the system every county.
        """
        if power not in POWERS:
            raise KeyError(power)
        if power not in self._scopes:
            self._scopes[power] = tuple(self._find_scopes(power))
        return self._scopes[power]

    def acting(self, seat_id: int) -> Actor:
        """The same person, acting in this one of the seats they answer for. Raises NotAllowed."""
        if self.kind != "system" and seat_id not in self.answering:
            raise NotAllowed()
        return replace(self, seat=seat_id)

    def _find_scopes(self, power: str) -> Iterator[tuple[str, int]]:
        everywhere = places.directory()
        if self.kind == "system":
            yield from (("county", county) for county in everywhere.of_kind("county"))
            return
        granted = {grant.place_id: grant.kind for grant in self.grants if grant.power == power}
        for place_id, kind in sorted(granted.items()):
            if any(upper in granted for upper in everywhere.ancestors(place_id)):
                continue
            if kind in COLUMNS:
                yield kind, place_id
            elif kind in ("city", "province"):
                for inside in everywhere.descendants(place_id):
                    if everywhere.get(inside).kind == "county":
                        yield "county", inside
            elif kind in places.GRIDS:
                yield "grid", place_id
                for inside in everywhere.descendants(place_id):
                    if everywhere.get(inside).kind in places.GRIDS:
                        yield "grid", inside


def _covers(grant: Grant, path: Placed) -> bool:
    if grant.kind in COLUMNS:
        return getattr(path, f"{grant.kind}_id") == grant.place_id
    below = path.grid_id if grant.kind in places.GRIDS else path.county_id
    if below is None:
        return False
    return below == grant.place_id or grant.place_id in places.directory().ancestors(below)


def actor_for(person_id: int, at: datetime | None = None) -> Actor:
    """The person as a colleague, with everything their seats allow at `at` (now when empty).

    Raises NotFound people.no_person, Conflict people.not_active.
    """
    people = snapshot.directory()
    epoch = people.epoch(at)
    found = epoch.actors.get(person_id)
    if isinstance(found, Actor):
        return found
    person = people.person(person_id)
    if not person.active:
        raise refusals.NOT_ACTIVE()
    held, substituted = epoch.held.get(person_id, ()), epoch.substituted.get(person_id, ())
    grants = dict.fromkeys([*_grants(people, held, frozenset()), *_grants(people, substituted, NOT_FOR_SUBSTITUTES)])
    actor = Actor(
        kind="staff",
        person_id=person_id,
        name=person.name_public,
        seats=tuple(sorted({*held, *substituted})),
        answering=epoch.answering.get(person_id, frozenset()),
        grants=tuple(grants),
        substituting=frozenset(substituted),
    )
    epoch.actors[person_id] = actor
    return actor


def _grants(people: snapshot.People, seats: tuple[int, ...], without: frozenset[str]) -> Iterator[Grant]:
    for seat_id in seats:
        seat = people.seats[seat_id]
        kind = people.chain.kind(seat.place_id)
        for power in sorted(people.posts[seat.post].powers - without):
            yield Grant(power, kind, seat.place_id)


def resident(code: str = "") -> Actor:
    """Somebody from outside, known by nothing but the short code of their matter (or not yet by that)."""
    return Actor(kind="resident", name=code)


def system(part: str) -> Actor:
    """A part of the system that acts by rule: "clock", "setup", "import"."""
    return Actor(kind="system", name=part)
