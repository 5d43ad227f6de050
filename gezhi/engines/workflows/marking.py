"""Where the branches of a case stand: the arithmetic of forks and joins. Pure; nothing here reads a row.

A branch is named by the way to it through the open forks: "" is the trunk, "together:lead" a branch of the fork
`together`, "together:assist#2" its second one for a list of seats, "together:lead/inner:a" a branch of a fork inside.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gezhi.engines.workflows.schema_parts import Track


@dataclass(frozen=True)
class At:
    """A point on one branch: its name, the number of the item that stands for its fork, the seat it was opened for."""

    branch: str = ""
    fork: int | None = None
    seat: int | None = None


TRUNK = At()


def below(parent: str, fork: str) -> str:
    """What the names of all branches of the fork stage `fork` on the branch `parent` begin with."""
    return f"{parent}/{fork}:" if parent else f"{fork}:"


def inside(branch: str, parent: str, fork: str) -> bool:
    """Whether `branch` lies within the fork (itself a stage on the branch `parent`), at any depth."""
    return branch.startswith(below(parent, fork))


def branches(
    fork: str, parent: At, number: int, tracks: Sequence[Track], seats: Mapping[str, Sequence[int]]
) -> list[tuple[Track, At]]:
    """The branches that a fork opens, in order. `number`: of the fork's own item; `seats`: kept lists by name.

    A track with `each` has one branch for every seat of its list, none when the list is empty.
    """
    found: list[tuple[Track, At]] = []
    for track in tracks:
        name = below(parent.branch, fork) + track.id
        if track.each is None:
            found.append((track, At(name, number, parent.seat)))
        else:
            for count, seat in enumerate(dict.fromkeys(seats.get(track.each, ())), start=1):
                found.append((track, At(f"{name}#{count}", number, seat)))
    return found


def reached(needs: str | int, opened: Sequence[str], arrived: Collection[str]) -> bool:
    """Whether enough branches have arrived. `needs`: all | any | a count | the id of one track (all of its branches).

    A count greater than the number of branches means all of them; a fork without branches is over at once.
    """
    come = [branch for branch in opened if branch in arrived]
    if needs == "all" or not opened:
        return len(come) == len(opened)
    if needs == "any":
        return bool(come)
    if isinstance(needs, int):
        return len(come) >= min(needs, len(opened))
    return all(branch in arrived for branch in opened if track_of(branch) == needs)


def track_of(branch: str) -> str:
    """The id of the track a branch was opened for: "together:assist#2" is of `assist`."""
    return branch.rpartition(":")[2].partition("#")[0]


def enough(needs: str | int, opened: int, ended: int, counted: int) -> bool:
    """Whether a children stage goes on: `counted` of `ended` (of `opened`) cases ended as wished.

    When all have ended and still too few count, nothing more will come: it goes on, and what comes next reads why.
    """
    if ended >= opened:
        return True
    if needs == "all":
        return False
    return counted >= (1 if needs == "any" else min(int(needs), opened))
