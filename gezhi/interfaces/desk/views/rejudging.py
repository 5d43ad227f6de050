"""改细则重算: a sealed round judged by another version of its rubric: who would move and why, before it counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.engines.appraisals import access, previewing, queries
from gezhi.engines.appraisals.models import SEALED, Round
from gezhi.engines.appraisals.schema import Rubric, rubric
from gezhi.foundation import packs
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, Refusal
from gezhi.interfaces.site.requests import Request

from ..names import place_name
from ..page import show, staff, tell, whole
from .appraisals import HERE, said


def offered(row: Round) -> list[int]:
    """Versions of the rubric that the round could be judged by instead, while it is sealed."""
    if row.state != SEALED:
        return []
    return [entry.version for entry in packs.registry().versions("rubric", row.rubric) if entry.version != row.version]


@staff
@require_http_methods(["GET", "POST"])
def page(request: Request, round_id: int) -> HttpResponse:
    """`/desk/appraisals/<id>/rejudge?version=`: what would change and for whom. POST `seen`, `reason`: exactly that counts."""
    row = access.to_see(round_id, actor=request.actor)
    if not access.may_open(rubric(row.rubric, row.version), row.place_id, request.actor):
        raise NotAllowed("appraisal.not_yours")
    choices = offered(row)
    given = request.POST if request.method == "POST" else request.GET
    version = whole(given.get("version")) or max(choices, default=row.version)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            previewing.rejudge(
                row.pk, version, actor=request.actor, seen=given.get("seen", ""), reason=given.get("reason", "")
            )
            tell(request, _("按新的细则重新算好了，原来的也留着"))
            return redirect("desk:appraisal", round_id=row.pk)
        except (Invalid, Conflict) as refused:
            refusal = refused
    if not choices:
        raise Conflict("appraisal.state")
    found = previewing.preview(row.pk, version, actor=request.actor)
    labels = queries.labels(row)
    context = {
        "round": row, "kind": found.after, "before": found.before, "name": place_name(row.place_id, "county"), "said": said(row),
        "rows": [_moved(move, found, labels) for move in found.moves], "seen": found.seen, "version": version, "choices": choices,
        "stay": row.subjects - len(found.moves), "refusal": refusal, "wrong": refusal.field_errors if refusal else {},
        "typed": request.POST, "gates": any(move.lost[0] != move.lost[1] for move in found.moves),
    }  # fmt: skip
    return show(request, "desk/appraisal_rejudge.html", context, here=HERE, status=refusal.http if refusal else 200)


def _moved(move: Any, found: previewing.Preview, labels: Mapping[int, str]) -> dict[str, Any]:
    before, after = found.before, found.after
    return {
        "id": move.subject, "label": labels[move.subject], "score": [_said(score) for score in move.score],
        "band": [kind.band(band) or _("没有") for kind, band in zip((before, after), move.band, strict=True)],
        "lost": [_titles(kind, lost) for kind, lost in zip((before, after), move.lost, strict=True)],
        "because": [(_item(before, after, item), gave, gives) for item, gave, gives in move.because],
    }  # fmt: skip


def _said(score: str | None) -> str:
    return _("不评分") if score is None else score


def _titles(kind: Rubric, lost: Any) -> str:
    return "、".join(kind.says(gate) for gate in kind.gates if gate["id"] in lost)


def _item(before: Rubric, after: Rubric, item: str) -> str:
    kind = after if after.item(item) else before
    return kind.says(kind.item(item) or {"title": {}})
