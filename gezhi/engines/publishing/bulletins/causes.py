"""Where a change comes from, by arithmetic alone. Pure: two tables of counts in, contributions out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

NAMED = 3  # at most so many groups are named
SHARE = 5  # a group is named when it makes up at least a fifth of the change


@dataclass(frozen=True)
class Causes:
    """`change` = the sum of `named` contributions + `rest`, always. `few`: too few rows to compare, nobody is named."""

    change: int
    named: tuple[tuple[Hashable, int], ...] = ()
    rest: int = 0
    few: bool = False


def causes(
    before: Mapping[Hashable, int], after: Mapping[Hashable, int], *, minimum: int, order: Sequence[Hashable] = ()
) -> Causes:
    """Which groups make up the change from `before` to `after`.

    Named are groups that moved the same way as the whole and make up at least a fifth of it, the three largest; given
    `order` (places, units: they are not ranked), they stand in it. Below `minimum` rows in either period nothing is
    named. Equal contributions are told apart by their key, so that the same figures always give the same words.
    """
    change = sum(after.values()) - sum(before.values())
    if min(sum(before.values()), sum(after.values())) < minimum:
        return Causes(change, few=True)
    moved = {key: after.get(key, 0) - before.get(key, 0) for key in {*before, *after}}
    same_way = [(key, by) for key, by in moved.items() if by * change > 0 and abs(by) * SHARE >= abs(change)]
    largest = sorted(same_way, key=lambda one: (-abs(one[1]), str(one[0])))[:NAMED]
    if order:
        places = {key: at for at, key in enumerate(order)}
        largest.sort(key=lambda one: (places.get(one[0], len(places)), str(one[0])))
    return Causes(change, tuple(largest), change - sum(by for _key, by in largest))
