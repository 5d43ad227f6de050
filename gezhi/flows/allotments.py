"""An allocation that is adopted, and the cases that ask each pair for its answer, in one write; a drawn card that is settled.

The action `settle` of a flow: {match: name}, when a case is closed. Whose card it was says the case's own `origin`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.matching import allocating, drawing
from gezhi.engines.matching.allocating import Proposal
from gezhi.engines.matching.matches import match
from gezhi.engines.matching.models import Allotment
from gezhi.engines.workflows.bulk import open_many
from gezhi.engines.workflows.models import Case
from gezhi.foundation import db
from gezhi.foundation.packs import Context
from gezhi.foundation.people import Actor

from .catalogue import ActionKind, Match, offer

SOURCE = "match"


def register() -> None:
    """Offer the action to the catalogue."""
    offer(ActionKind("settle", read, do))


def read(node: Any, when: str, context: Context) -> dict[str, Any]:
    """{"match": name}: only a case that is closed settles its card."""
    if not context.keys(node, required=("match",)):
        return {}
    name = context.text(node, "match", "", max=40)
    if when != "case.closed":
        context.problem(node, "match", "flow.settle", _("只有“case.closed”（办结）能了结抽到的卡。"))
    elif f"match/{name}" not in context.shared.get("items", ()):
        context.problem(node, "match", "flow.match", _("没有配对“{name}”。"), name=name)
    return {"match": name}


def do(matches: Sequence[Match]) -> None:
    """The cards of these cases are in nobody's hand any more. A bounded number of reads, two writes a card."""
    found = cards(m.occurrence.case for m in matches)
    for name in sorted({m.given["match"] for m in matches}):
        mine = {(need, got) for kind, need, got in found.values() if kind == name}
        if mine:
            drawing.settle(match(name), mine)


def cards(cases: Iterable[Case]) -> dict[int, tuple[str, int, int]]:
    """{case id: (match, need, what was drawn)} of those cases that are drawn cards. One query."""
    asked: dict[int, tuple[int, int]] = {}
    for case in cases:
        source, _colon, number = (case.origin or "").partition(":")
        if source == SOURCE:
            allotment, _dash, whose = number.partition("-")
            asked[case.pk] = (int(allotment), int(whose))
    rows = Allotment.objects.in_bulk({row for row, _need in asked.values()})
    found = {}
    for case_id, (row_id, need) in asked.items():
        row = rows.get(row_id)
        got = next((pair["offer"] for pair in row.pairs if pair["need"] == need), None) if row else None
        if row is not None and got is not None:
            found[case_id] = (row.match, need, got)
    return found


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
                need, got = found.needs[pair["need"]], found.offers.get(pair["offer"])
                text = f"{kind.title}：{need.label}" + (f" — {got.label}" if got else "")
                origin = f"{SOURCE}:{row.pk}-{need.id}" if kind.by == "draw" else None
                matters.append((need.place_id, {"text": text, "origin": origin}))
            cases = open_many(kind.workflow, matters, actor=actor, channel="field")
            allocating.opened(row, [case.pk for case in cases], actor=actor)
    return row, found
