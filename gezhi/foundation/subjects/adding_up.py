"""What a register says of other registers' figures: sums over their lines, a schedule of payments, what must agree.

sums:                                  # over the lines of another register whose field says what this line's field says
- {id: paid, title: {zh: 已收, en: Received}, of: rent_paid, by: {contract: contract}, add: amount, on: paid_on}
schedule: {total: price, from: starts, until: ends, every: year, paid: paid}   # payments that add up to the total
agree: [plots, booked]                 # two figures of the line (sums or number fields) that must be the same
payback: {cost: raised, income: income}          # years until what came in has paid for it
count: {least: 3, most: 6, unless: why_fewer}    # live lines one subject may have at a time
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gezhi.foundation.packs import localised

EVERY = ("month", "quarter", "half_year", "year", "once")


@dataclass(frozen=True)
class Sum:
    """`add` over the lines of register `of` whose fields `by` (theirs -> this line's) agree; `on`: their day, or ""."""

    id: str
    title: Mapping[str, str]
    of: str
    by: Mapping[str, str]
    add: str
    on: str

    @property
    def said(self) -> str:
        """The title in the active language."""
        return localised(self.title)


@dataclass(frozen=True)
class Schedule:
    """Payments of a contract: the number field `total` falls due in equal parts from `start` until `end`, each at the
    beginning of its month, quarter, half year or year; `paid` is the sum that says what came in, or ""."""

    total: str
    start: str
    end: str
    every: str
    paid: str


@dataclass(frozen=True)
class Count:
    """How many live lines one subject may have. Fewer than `least` only with a reason in the field `unless` of the line
    that ends."""

    least: int
    most: int
    unless: str


@dataclass(frozen=True)
class AddsUp:
    """Everything of a register's body that speaks of figures."""

    sums: tuple[Sum, ...] = ()
    schedule: Schedule | None = None
    agree: tuple[str, ...] = ()
    payback: tuple[str, ...] = ()
    count: Count | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> AddsUp:
        """The typed view of a pinned body."""
        return cls(
            tuple(Sum(**one) for one in body.get("sums", ())),
            Schedule(**body["schedule"]) if body.get("schedule") else None,
            tuple(body.get("agree", ())),
            tuple(body.get("payback", ())),
            Count(**body["count"]) if body.get("count") else None,
        )

    def sum(self, id: str) -> Sum | None:
        """The sum of that name."""
        return next((one for one in self.sums if one.id == id), None)
