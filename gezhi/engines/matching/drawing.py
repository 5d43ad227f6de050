"""Drawing a card out of a box: seeded by what was written down before, each line a ticket for one draw, one card in a hand.

A card is a pair of the match that is not settled: its relation lives until `settle`, which flows call when its case has ended.
docs/rules/allocation.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gezhi.engines.matching import allocation
from gezhi.engines.matching.matches import Match
from gezhi.engines.matching.models import Allotment
from gezhi.foundation import people, subjects
from gezhi.foundation.subjects.models import Relation

if TYPE_CHECKING:
    from gezhi.engines.matching.allocating import Side


def seed(kind: Match, place_id: int, waiting: Sequence[Side]) -> str:
    """Of what stood in the log before the draw, so that nobody chooses it: the draw before, and each waiting line. One query."""
    last = Allotment.objects.filter(match=kind.name).order_by("-pk").values_list("event_hash", flat=True).first()
    parts = [kind.name, str(place_id), bytes(last or b"").hex(), *(side.head for side in waiting)]
    return hashlib.sha256(":".join(parts).encode()).hexdigest()[:32]


def draw(
    kind: Match,
    place_id: int,
    waiting: Sequence[Side],
    offers: Sequence[allocation.Offer],
    fits: Collection[tuple[int, int]],
) -> dict[str, Any]:
    """{"seed", "lines"} as `Allotment.draw` keeps it (keys of a box are texts, as JSON has them)."""
    of = seed(kind, place_id, waiting)
    lines = allocation.draw([s.id for s in waiting], {o.id: o.most for o in offers}, lambda n, o: (n, o) in fits, of)
    return {"seed": of, "lines": [line | {"box": {str(o): n for o, n in line["box"].items()}} for line in lines]}


def replay(record: Mapping[str, Any]) -> list[tuple[int, int]]:
    """(need, offer) as the record's own seed and boxes give them."""
    return [
        (line["need"], allocation.drawn(record["seed"], line["need"], {int(o): n for o, n in line["box"].items()}))
        for line in record["lines"]
    ]


def used_up(lines: Iterable[int]) -> None:
    """Inside a write: each line was good for one draw, and that was it."""
    for line in lines:
        subjects.end(line, actor=people.system("matching"))


def settle(kind: Match, pairs: Collection[tuple[int, int]]) -> None:
    """Inside a write: these cards are out of their hands; whoever has another ticket may draw again. Settled ones are left."""
    ties = Relation.objects.filter(kind=kind.relation, until=None, one_id__in=[n for n, _o in pairs])
    for tie in ties.order_by("pk"):
        if (tie.one_id, tie.other_id) in pairs:
            subjects.unrelate(tie.pk, actor=people.system("matching"))
