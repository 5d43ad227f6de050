"""连心树: a worker's households drawn as a tree whose leaves show the last visit. A help to the visitor, counted nowhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gezhi.engines.duties import queries
from gezhi.engines.duties.queries import Leaf
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.interfaces.field.day import Day
from gezhi.interfaces.field.duties import DutyLine, with_age
from gezhi.interfaces.field.guard import staff
from gezhi.interfaces.site import words
from gezhi.interfaces.site.requests import Request

WIDE, HIGH = 360, 420
MOST = 60


@dataclass(frozen=True)
class Drawn:
    """A leaf on the page: where it hangs, which way it points, how fresh it is, and its words."""

    leaf: Leaf
    x: float
    y: float
    turn: int
    fresh: str
    said: str

    @property
    def who(self) -> str:
        return with_age(self.leaf.label, self.leaf.age)


@dataclass(frozen=True)
class Branch:
    """One rule's branch: its path, its leaves, its name and where that stands."""

    title: str
    path: str
    leaves: list[Drawn]


def has_leaves(day: Day) -> bool:
    """Whether the day has anybody to visit, so that the tree is worth a link."""
    lines = (*day.first, *day.today, *day.week, *day.later)
    return any(isinstance(line, DutyLine) and line.owed.person for line in lines) or any(
        owed.person for owed in day.visited
    )


def fresh(last: datetime | None, every: timedelta, now: datetime) -> str:
    """green: visited within the rhythm; autumn: longer ago; bare: never yet."""
    if last is None:
        return "bare"
    return "green" if now - last <= every else "autumn"


def drawn(leaves: list[Leaf], now: datetime) -> list[Branch]:
    """The tree: branches from the trunk to both sides, alternating, leaves along them."""
    by_rule: dict[str, list[Leaf]] = {}
    for leaf in leaves[:MOST]:
        by_rule.setdefault(leaf.title, []).append(leaf)
    # A long list gets several branches, so that leaves do not touch.
    parts = [(title, own[i : i + 8]) for title, own in by_rule.items() for i in range(0, len(own), 8)]
    branches = []
    step = min(64.0, 300.0 / max(1, len(parts)))
    for number, (title, own) in enumerate(parts):
        side = -1 if number % 2 else 1
        x0, y0 = WIDE / 2, 330 - number * step
        x1, y1 = WIDE / 2 + side * 150, y0 - 56
        bend = (WIDE / 2 + side * 60, y0 - 6)
        hung = []
        for at, leaf in enumerate(own):
            t = 0.30 + 0.70 * (at + 1) / len(own)
            x = (1 - t) ** 2 * x0 + 2 * (1 - t) * t * bend[0] + t**2 * x1
            y = (1 - t) ** 2 * y0 + 2 * (1 - t) * t * bend[1] + t**2 * y1
            up = -1 if at % 2 else 1
            hung.append(
                Drawn(
                    leaf, round(x, 1), round(y - up * 7, 1), round(side * (40 - up * 50) + math.sin(at) * 8),
                    fresh(leaf.last, leaf.every, now), words.ago(leaf.last, now) if leaf.last else "",
                )
            )  # fmt: skip
        path = f"M{x0:.0f} {y0:.0f}Q{bend[0]:.0f} {bend[1]:.0f} {x1:.0f} {y1:.0f}"
        branches.append(Branch(title, path, hung))
    return branches


@staff
@require_safe
def tree(request: Request) -> HttpResponse:
    """`/field/tree`."""
    now = clock.now()
    leaves = queries.leaves(request.actor)
    branches = drawn(leaves, now)
    directory = people.directory()
    # As tall as its branches need: a young tree does not stand in an empty sky.
    top = max(0, 330 - round(min(64.0, 300.0 / max(1, len(branches))) * max(0, len(branches) - 1)) - 130)
    context = {
        "branches": branches, "leaves": [leaf for branch in branches for leaf in branch.leaves], "now": now,
        "more": max(0, len(leaves) - MOST), "wide": WIDE, "high": HIGH, "top": top, "tall": HIGH - top, "crown": top + 30,
        "seat": "、".join(directory.seat(seat).label for seat in request.actor.seats[:2]),
    }  # fmt: skip
    return render(request, "field/tree.html", context)
