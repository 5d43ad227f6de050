"""An allocation that is adopted, and the cases that ask each pair for its answer, in one write."""

from __future__ import annotations

from collections.abc import Mapping

from gezhi.engines.matching import allocating
from gezhi.engines.matching.allocating import Proposal
from gezhi.engines.matching.models import Allotment
from gezhi.engines.workflows.opening import open_case
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
    """`allocating.adopt`, and a case for each pair where the match names a workflow. Raises as it does."""
    with db.write():
        row, found = allocating.adopt(name, place_id, actor=actor, seen=seen, changes=changes, reason=reason)
        kind = found.match
        if kind.workflow:
            cases = {}
            for pair in row.pairs:
                need, offer = found.needs[pair["need"]], found.offers.get(pair["offer"])
                text = f"{kind.title}：{need.label}" + (f" — {offer.label}" if offer else "")
                case, _new = open_case(
                    kind.workflow, {"text": text}, actor=actor, place_id=need.place_id, channel="field",
                    key=f"match:{row.pk}:{need.id}",
                )  # fmt: skip
                cases[need.id] = case.pk
            allocating.opened(row, cases, actor=actor)
    return row, found
