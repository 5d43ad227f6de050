"""Drawing by lot, by rotation or by load: seeded, so that anybody can do it again from the record. Pure.

Who is related, has acted in the matter or has too much already is left out beforehand, each with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def seed_of(*parts: Any) -> str:
    """A seed nobody chooses: of the case's chain as it stood before the draw, and what is drawn."""
    return hashlib.sha256(":".join(str(p) for p in parts).encode()).hexdigest()[:32]


def lot(seed: str, seat: int) -> str:
    """The ticket of a seat in a draw; the smaller one comes first."""
    return hashlib.sha256(f"{seed}:{seat}".encode()).hexdigest()


def order(candidates: Iterable[Mapping[str, Any]], seed: str, by: str) -> list[int]:
    """Seats in the order in which they come: `load` fewest open matters first, `rotation` longest not drawn first
    (never drawn before all), `lot` by the ticket alone; the ticket settles what is equal."""

    def rank(one: Mapping[str, Any]) -> tuple[Any, ...]:
        first: Any = 0
        if by == "load":
            first = one["load"]
        elif by == "rotation":
            first = one["last"] or ""
        return (first, lot(seed, one["seat"]))

    return [one["seat"] for one in sorted(candidates, key=rank)]


def draw(
    candidates: Sequence[Mapping[str, Any]], excluded: Sequence[Mapping[str, Any]], *, seed: str, by: str, count: int
) -> dict[str, Any]:
    """The record of a draw: {seed, by, count, candidates, excluded, drawn}. `candidates`: [{seat, load, last}];
    `excluded`: [{seat, why}]. `replay` of it draws the same seats."""
    return {
        "seed": seed,
        "by": by,
        "count": count,
        "candidates": [dict(c) for c in sorted(candidates, key=lambda c: c["seat"])],
        "excluded": [dict(c) for c in sorted(excluded, key=lambda c: c["seat"])],
        "drawn": order(candidates, seed, by)[:count],
    }


def replay(record: Mapping[str, Any]) -> list[int]:
    """The seats that the record's own seed and candidates give."""
    return order(record["candidates"], record["seed"], record["by"])[: record["count"]]
