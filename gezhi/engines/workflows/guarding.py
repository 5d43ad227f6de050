"""The one rule of who sees a protected matter, for one row and for many. docs/rules/protected.md

Never: whoever is named, by person, wherever they sit; whoever sits in a named seat or substitutes a named person.
Otherwise: the seats that own or handle it, and the power `case.protected` over its place in a seat that stands above
everybody named. Everybody else is told what is told of a case that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from gezhi.engines.workflows import named as naming
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.named import POWER, REVEAL, Named
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor
from gezhi.foundation.places import Path

PLACES = ("county_id", "town_id", "village_id", "grid_id")
COLUMNS = (*PLACES, "owner_seat", "handler_seat", "protected")


class Guard:
    """What one actor may see of protected matters at one instant; made once for a list."""

    def __init__(self, actor: Actor, now: datetime | None = None) -> None:
        self.actor, self.now = actor, now or clock.now()
        self._powerful: frozenset[int] | None = None

    def keeps_away(self, lines: tuple[Named, ...]) -> bool:
        """Whether the actor is among those who must not know."""
        person = self.actor.person_id
        return person is not None and person in naming.persons(lines, self.now)

    def above(self, row: Mapping[str, Any], lines: tuple[Named, ...]) -> bool:
        """Whether the actor may see it by the power, from a seat above everybody named."""
        if not self.actor.may(POWER, Path(*(row[name] for name in PLACES))):
            return False
        ladder = naming.ladder(lines, self.now)
        return ladder is None or bool(self._seats_with_power() & set(ladder))

    def sees(self, row: Mapping[str, Any], lines: tuple[Named, ...]) -> bool:
        """The rule. `row`: COLUMNS by name."""
        if self.actor.kind == "system":
            return True
        if self.actor.kind != "staff" or self.keeps_away(lines):
            return False
        answering = self.actor.answering
        return row["owner_seat"] in answering or row["handler_seat"] in answering or self.above(row, lines)

    def _seats_with_power(self) -> frozenset[int]:
        if self._powerful is None:
            directory = people.directory()
            self._powerful = frozenset(
                seat for seat in self.actor.seats if POWER in directory.post(directory.seat(seat).post).powers
            )
        return self._powerful


def columns_of(case: Case) -> dict[str, Any]:
    """A case as the rule reads it."""
    return {name: getattr(case, name) for name in COLUMNS}


def sees(case: Case, actor: Actor) -> bool:
    """The rule for one protected case. At most one query, none when `named.load` ran for its list."""
    return Guard(actor).sees(columns_of(case), naming.of(case))


def sees_original(case: Case, actor: Actor) -> bool:
    """Whether the words as they were written are the actor's to read, not only the reviewed copy.

    That is the chain above those named and the seat that receives; not who only handles it.
    """
    if actor.kind == "system":
        return True
    lines = naming.of(case)
    guard = Guard(actor)
    if actor.kind != "staff" or guard.keeps_away(lines):
        return False
    if guard.above(columns_of(case), lines):
        return True
    return receiver(case) in actor.answering


def stood_above(case: Case, actor: Actor) -> bool:
    """Whether the actor stands above everybody that a matter ever named, also lines that were withdrawn. One query."""
    lines = naming.of_ids([case.id], withdrawn=True).get(case.id, ())
    guard = Guard(actor)
    return actor.kind == "staff" and not guard.keeps_away(lines) and guard.above(columns_of(case), lines)


def receiver(case: Case) -> int:
    """The seat that receives the matter: the one next above everybody named, else the post its process names."""
    from gezhi.engines.workflows.schema import definition

    now, directory = clock.now(), people.directory()
    flow, _hash = definition(case.workflow, case.version)
    owner = flow.stages[flow.start].owner
    seat = directory.seat_for(owner.post, case.place_id) if owner and owner.post else directory.root
    return naming.lifted(seat, naming.of(case), now, next_above=True)


def reveal_power(case: Case) -> str:
    """The power that a look at the reporter's contact needs."""
    return REVEAL if case.protected else "personal.reveal"


def only_seen(rows: Iterable[Mapping[str, Any]], actor: Actor) -> list[Mapping[str, Any]]:
    """Among rows (`id` and COLUMNS), those that are ordinary, and those protected ones the actor sees.

    The rule of ordinary rows is not looked at here. One query when a row is protected, else none.
    """
    given = list(rows)
    lines = naming.of_ids([row["id"] for row in given if row["protected"]])
    guard = Guard(actor)
    return [row for row in given if not row["protected"] or guard.sees(row, lines.get(row["id"], ()))]


def only_cases(cases: Iterable[Case], actor: Actor) -> list[Case]:
    """The same for cases at hand."""
    given = list(cases)
    naming.load(given)
    guard = Guard(actor)
    return [case for case in given if not case.protected or guard.sees(columns_of(case), naming.of(case))]
