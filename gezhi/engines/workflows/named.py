"""Whom a protected matter is about: the seats and persons behind the lines that name them, and who stands above.

Everything resolves against the directory at the moment of asking: a person who was named stays named wherever they
sit later, and whoever comes to sit in a named seat while the matter is kept is kept away as well. docs/rules/protected.md
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gezhi.engines.workflows.models import Case, ProtectedAgainst
from gezhi.foundation import people, places

POWER = "case.protected"
REVEAL = "protected.reveal"


@dataclass(frozen=True, slots=True)
class Named:
    """One line of `ProtectedAgainst` that counts."""

    number: int
    source: str
    person_id: int | None = None
    seat_id: int | None = None
    organisation_id: int | None = None
    place_id: int | None = None

    @property
    def target(self) -> tuple[int | None, int | None, int | None]:
        """What was named, whoever sat in it."""
        return self.seat_id, self.organisation_id, self.place_id


def load(cases: Iterable[Case]) -> None:
    """Put the lines of all protected cases on them as `case.named`: one query, none when nothing is protected."""
    wanted = [case for case in cases if case.protected and getattr(case, "named", None) is None]
    found = of_ids([case.id for case in wanted])
    for case in wanted:
        case.named = found.get(case.id, ())  # type: ignore[attr-defined]


def of(case: Case) -> tuple[Named, ...]:
    """The lines of one case; () for an ordinary one."""
    if not case.protected:
        return ()
    load([case])
    return case.named  # type: ignore[attr-defined,no-any-return]


def of_ids(ids: Sequence[int], *, withdrawn: bool = False) -> dict[int, tuple[Named, ...]]:
    """The lines that count, or (`withdrawn`) ever counted, by case id. One query; none for no ids."""
    found: dict[int, list[Named]] = defaultdict(list)
    if ids:
        counting = {} if withdrawn else {"withdrawn": False}
        rows = ProtectedAgainst.objects.filter(case_id__in=ids, **counting).order_by("case_id", "number")
        for row in rows.values_list(
            "case_id", "number", "source", "person_id", "seat_id", "organisation_id", "place_id"
        ):
            found[row[0]].append(Named(*row[1:]))
    return {case_id: tuple(lines) for case_id, lines in found.items()}


def named_seats(named: Iterable[Named]) -> frozenset[int]:
    """Seats that were named, the seats of a named unit, and those of a named place and inside it.

    At the place where the root seat stands nobody here is above; there a place stands for its units only.
    """
    directory, known = people.directory(), places.directory()
    top = directory.seat(directory.root).place_id
    found: set[int] = set()
    for line in named:
        if line.seat_id is not None:
            found.add(line.seat_id)
        if line.organisation_id is None and line.place_id is None:
            continue
        for seat in directory.seats.values():
            if seat.closed:
                continue
            if line.organisation_id is not None:
                if seat.organisation_id == line.organisation_id:
                    found.add(seat.id)
            elif line.place_id == top:
                if seat.place_id == top and seat.organisation_id is not None:
                    found.add(seat.id)
            elif line.place_id is not None and known.is_within(seat.place_id, line.place_id):
                found.add(seat.id)
    return frozenset(found)


def persons(named: Sequence[Named], now: datetime) -> frozenset[int]:
    """Who must not know of it: those named, whoever sits in a named seat now, and whoever substitutes them anywhere."""
    directory = people.directory()
    own = {line.person_id for line in named if line.person_id is not None}
    found = set(own)
    for seat in named_seats(named):
        found.update(directory.holders(seat, now))
    for person in own:
        for seat in directory.held(person, now):
            found.update(p for p in directory.holders(seat, now) if seat in directory.substituted(p, now))
    return frozenset(found)


def _seats(named: Sequence[Named], now: datetime) -> frozenset[int]:
    """The named seats, and every seat a named person sits in now, also as a substitute."""
    directory = people.directory()
    found = set(named_seats(named))
    for line in named:
        if line.person_id is not None:
            found.update(directory.held(line.person_id, now), directory.substituted(line.person_id, now))
    return frozenset(found)


def ladder(named: Sequence[Named], now: datetime) -> tuple[int, ...] | None:
    """Seats that stand above everybody named, nearest first; None when no seat is named at all.

    () only when the root itself is named: then whoever stands in for the root receives it.
    """
    seats = _seats(named, now)
    if not seats:
        return None
    chains = [chain_above(seat) for seat in seats]
    rest = [frozenset(chain) for chain in chains[1:]]
    return tuple(seat for seat in chains[0] if all(seat in chain for chain in rest))


def chain_above(seat_id: int) -> tuple[int, ...]:
    """The seats above a seat, nearest first, up to the root."""
    directory = people.directory()
    found: list[int] = []
    above = directory.above(seat_id)
    while above is not None and above not in found:
        found.append(above)
        above = directory.above(above)
    return tuple(found)


def lifted(seat_id: int, named: Sequence[Named], now: datetime, *, next_above: bool = False) -> int:
    """The seat that may have an item meant for `seat_id`: itself when it stands above everybody named, else the one
    next above them all (always that one with `next_above`: who receives the matter)."""
    above = ladder(named, now)
    if above is None:
        return seat_id
    if seat_id in above and not next_above:
        return seat_id
    return above[0] if above else people.directory().root


def may_handle(seat_id: int, named: Sequence[Named], now: datetime) -> bool:
    """Whether the matter may be given to this seat: nobody named sits in it, and it does not answer to them."""
    directory = people.directory()
    seats = _seats(named, now)
    if seat_id in seats or seats & set(chain_above(seat_id)):
        return False
    return not set(directory.effective(seat_id, now).persons) & persons(named, now)
