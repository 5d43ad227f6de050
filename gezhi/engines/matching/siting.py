"""Where to open so many places that most people are reached: the greatest cover under a count, by branch and bound. Pure.

Exact where the search ends within `STEPS`; else the best found, with a bound that no other choice can exceed.
docs/rules/allocation.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STEPS = 60_000


@dataclass(frozen=True)
class Sited:
    """`chosen` places in order of id; `reached` is what they cover, `bound` what no choice of so many can exceed."""

    chosen: tuple[int, ...]
    reached: int
    bound: int

    @property
    def best(self) -> bool:
        """Whether it is proved that nothing reaches more."""
        return self.reached == self.bound


def site(demand: Mapping[int, int], reach: Mapping[int, frozenset[int]], count: int, *, steps: int = STEPS) -> Sited:
    """At most `count` of the places in `reach` (place -> the demands it covers) so that the covered demand is greatest.

    A place that covers nothing new is not opened. Among equal choices the one found first, in the order of gain and id,
    stays: the same input gives the same answer.
    """
    covers = {place: frozenset(n for n in who if demand.get(n, 0) > 0) for place, who in reach.items()}
    # A place that reaches no more than another one is never needed beside it.
    kept = [
        p for p in sorted(covers)
        if covers[p] and not any(covers[p] < covers[q] or (covers[p] == covers[q] and q < p) for q in covers)
    ]  # fmt: skip
    best, most = _greedy(demand, covers, kept, count), 0
    most = _worth(demand, covers, best)
    left, cut = steps, 0  # `cut`: the greatest bound of a branch that was given up

    def search(chosen: tuple[int, ...], got: frozenset[int], rest: list[int]) -> None:
        nonlocal best, most, left, cut
        have = sum(demand[n] for n in got)
        if have > most:
            best, most = chosen, have
        gains = sorted(
            ((sum(demand[n] for n in covers[p] - got), p) for p in rest), key=lambda pair: (-pair[0], pair[1])
        )
        gains = [(gain, p) for gain, p in gains if gain > 0]
        room = count - len(chosen)
        open_to = frozenset().union(*(covers[p] for _gain, p in gains)) - got
        limit = have + min(sum(gain for gain, _p in gains[:room]), sum(demand[n] for n in open_to))
        if not room or limit <= most:
            return
        left -= 1
        if left < 0:
            cut = max(cut, limit)
            return
        _gain, first = gains[0]
        others = [p for _gain, p in gains[1:]]
        search((*chosen, first), got | covers[first], others)
        search(chosen, got, others)

    search((), frozenset(), kept)
    return Sited(tuple(sorted(best)), most, max(most, cut))


def _greedy(
    demand: Mapping[int, int], covers: Mapping[int, frozenset[int]], kept: list[int], count: int
) -> tuple[int, ...]:
    """Each time the place that adds most: at least 63 hundredths of the best, to begin with."""
    chosen: tuple[int, ...] = ()
    got: frozenset[int] = frozenset()
    while len(chosen) < count:
        gain, place = max(((sum(demand[n] for n in covers[p] - got), -p) for p in kept), default=(0, 0))
        if gain <= 0:
            break
        chosen, got = (*chosen, -place), got | covers[-place]
    return chosen


def _worth(demand: Mapping[int, int], covers: Mapping[int, frozenset[int]], chosen: tuple[int, ...]) -> int:
    return sum(demand[n] for n in frozenset().union(*(covers[p] for p in chosen)))
