"""An allocation that is adopted, and the cases that ask each pair for its answer, in one write."""

from __future__ import annotations

from collections.abc import Mapping

from gezhi.engines.matching import allocating
from gezhi.engines.matching.allocating import Proposal
from gezhi.engines.matching.models import Allotment
from gezhi.engines.workflows.bulk import open_many
from gezhi.foundation import db
from gezhi.foundation.people import Actor


def adopt(
    name: str,
    place_id: int,
    *,
    actor: Actor,
    seen: str,
    changes: Mapping[int, int | None] | None = None,
    reason: str = "",
) -> tuple[Allotment, Proposal]:
    """`allocating.adopt`, and a case for each pair where the match names a workflow: all of them or nothing at all.

    Raises as it does, and Invalid for the first pair whose case cannot be opened.
    """
    with db.write():
        row, found = allocating.adopt(name, place_id, actor=actor, seen=seen, changes=changes, reason=reason)
        kind = found.match
        if kind.workflow:
            matters = []
            for pair in row.pairs:
                need, offer = found.needs[pair["need"]], found.offers.get(pair["offer"])
                text = f"{kind.title}：{need.label}" + (f" — {offer.label}" if offer else "")
                matters.append((need.place_id, {"text": text}))
            cases = open_many(kind.workflow, matters, actor=actor, channel="field")
            allocating.opened(row, [case.pk for case in cases], actor=actor)
    return row, found
