"""Who gets whom: pure rules of allocation, the same answer every time. docs/rules/allocation.md

`cover` hands out divisible amounts by weight and is optimal; `stable` pairs so that no two would rather have each other;
`choose` takes the best of a quota; `rotate` lets whoever has waited longest pick first; `site` (siting.py) opens the places
that reach most; `draw` is a box of cards and a seed. Ties go to the smaller id.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Fits = Callable[[int, int], bool]
Likes = Callable[[int, int], Decimal]


@dataclass(frozen=True)
class Need:
    """What is asked for: `amount` in whole units; the greater `weight` comes first."""

    id: int
    amount: int = 1
    weight: Decimal = Decimal(0)


@dataclass(frozen=True)
class Offer:
    """What there is: `most` in whole units, `least` wanted of it before anybody has more than that."""

    id: int
    most: int = 1
    least: int = 0


def cover(needs: Sequence[Need], offers: Sequence[Offer], fits: Fits) -> dict[tuple[int, int], int]:
    """(need, offer) -> amount. No offer gives more than it has, no need gets more than it asks, nothing that does not fit.

    Heavier needs first; an earlier one is moved to another offer when that makes room, never cut. The weighted sum is the
    greatest there is (amounts can be divided), so that another offer never lowers it. First every offer up to its `least`.
    """
    ranked = sorted(needs, key=lambda need: (-need.weight, need.id))
    able = sorted(offers, key=lambda offer: offer.id)
    open_to = {need.id: [offer.id for offer in able if fits(need.id, offer.id)] for need in ranked}
    given: dict[int, dict[int, int]] = {offer.id: {} for offer in able}
    got = {need.id: 0 for need in ranked}
    for limit in ({o.id: min(o.least, o.most) for o in able}, {o.id: o.most for o in able}):
        for need in ranked:
            while got[need.id] < need.amount:
                moved = _augment(need.id, need.amount - got[need.id], open_to, given, limit)
                if not moved:
                    break
                got[need.id] += moved
    return {(n, o): amount for o, takers in given.items() for n, amount in takers.items() if amount}


def _augment(
    start: int,
    wanted: int,
    open_to: Mapping[int, Sequence[int]],
    given: Mapping[int, dict[int, int]],
    limit: Mapping[int, int],
) -> int:
    """Move up to `wanted` more to a need along one shortest path; how much was moved, 0 when there is no way."""
    came: dict[int, int] = {}  # offer -> the need it was reached from
    moved: dict[int, int] = {start: 0}  # need -> the offer it is moved away from
    line = deque([start])
    while line:
        need = line.popleft()
        for offer in open_to[need]:
            if offer in came:
                continue
            came[offer] = need
            left = limit[offer] - sum(given[offer].values())
            if left > 0:
                return _apply(start, offer, min(wanted, left), came, moved, given)
            for other, amount in sorted(given[offer].items()):
                if amount and other not in moved:
                    moved[other] = offer
                    line.append(other)
    return 0


def _apply(
    start: int,
    offer: int,
    amount: int,
    came: Mapping[int, int],
    moved: Mapping[int, int],
    given: Mapping[int, dict[int, int]],
) -> int:
    path = [(offer, came[offer])]
    while path[-1][1] != start:
        need = path[-1][1]
        path.append((moved[need], came[moved[need]]))
        amount = min(amount, given[moved[need]][need])
    for taken, need in path:
        given[taken][need] = given[taken].get(need, 0) + amount
        if need != start:
            given[moved[need]][need] -= amount
    return amount


def stable(
    needs: Collection[int], offers: Sequence[Offer], fits: Fits, need_likes: Likes, offer_likes: Likes
) -> dict[int, int]:
    """need -> offer, at most one each way beyond the offer's `most`; the best for the needs of all stable ones.

    Nobody is left who would rather have an offer that would rather have them, or has room.
    """
    room = {offer.id: offer.most for offer in offers}
    order = {
        need: deque(sorted((o for o in room if fits(need, o)), key=lambda o: (-need_likes(need, o), o)))
        for need in needs
    }
    held: dict[int, list[int]] = {offer: [] for offer in room}
    waiting = deque(sorted(needs))
    while waiting:
        need = waiting.popleft()
        if not order[need]:
            continue
        offer = order[need].popleft()
        held[offer].append(need)
        held[offer].sort(key=lambda n: (-offer_likes(n, offer), n))
        if len(held[offer]) > room[offer]:
            waiting.append(held[offer].pop())
    return {need: offer for offer, chosen in held.items() for need in chosen}


def choose(needs: Sequence[Need], quota: int) -> list[int]:
    """The ids of the heaviest, exactly `quota` of them or all there are."""
    return [need.id for need in sorted(needs, key=lambda need: (-need.weight, need.id))[:quota]]


def split(total: int, shares: Mapping[int, int]) -> dict[int, int]:
    """A sum of whole units by shares, to the last one: the largest remainders get what is left. Nothing without shares."""
    whole = sum(shares.values())
    if not whole:
        return dict.fromkeys(shares, 0)
    given = {id: total * share // whole for id, share in shares.items()}
    short = total - sum(given.values())
    for id in sorted(shares, key=lambda id: (-(total * shares[id] % whole), id))[:short]:
        given[id] += 1
    return given


def rotate(needs: Sequence[Need], offers: Sequence[Offer], wants: Fits, waited: Mapping[int, int]) -> dict[int, int]:
    """need -> offer: round by round, the offer that has waited longest first, each picks the heaviest need it wants.

    `waited`: when each last had one (greater = later; one that never had counts as 0). Nobody picks a second before
    everybody who wants one of those left has had a first. So whoever wants something each time is served within as many
    times as there are others, however often they come: each other goes before them at most once.
    """
    left = sorted(needs, key=lambda need: (-need.weight, need.id))
    line = sorted(offers, key=lambda offer: (waited.get(offer.id, 0), offer.id))
    room = {offer.id: offer.most for offer in offers}
    got: dict[int, int] = {}
    while True:
        before = len(got)
        for offer in line:
            need = next((one for one in left if room[offer.id] > 0 and wants(one.id, offer.id)), None)
            if need is not None:
                got[need.id] = offer.id
                room[offer.id] -= 1
                left.remove(need)
        if len(got) == before:
            return got


def draw(needs: Collection[int], cards: Mapping[int, int], fits: Fits, seed: str) -> list[dict[str, Any]]:
    """Each need draws one card out of the box (`cards`: offer -> how many), in the order of their tickets.

    The record of it, a line a draw: {"need", "box": {offer: cards that fit, then}, "got"}. Every card in the box is as likely
    as any other; the same seed and box draw the same. A need for which nothing is left draws nothing.
    """
    left = dict(cards)
    lines: list[dict[str, Any]] = []
    for need in sorted(needs, key=lambda id: (_ticket(seed, id), id)):
        box = {offer: left[offer] for offer in sorted(left) if left[offer] > 0 and fits(need, offer)}
        if box:
            got = drawn(seed, need, box)
            left[got] -= 1
            lines.append({"need": need, "box": box, "got": got})
    return lines


def drawn(seed: str, need: int, box: Mapping[int, int]) -> int:
    """Which card a need draws out of a box that is not empty: anybody can do it again from the record."""
    cards = [offer for offer in sorted(box) for _n in range(box[offer])]
    return cards[int(_ticket(seed, f"{need}:card"), 16) % len(cards)]


def _ticket(seed: str, what: int | str) -> str:
    return hashlib.sha256(f"{seed}:{what}".encode()).hexdigest()
