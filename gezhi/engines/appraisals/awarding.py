"""Reference lists for awards: the rule gives a list, the body decides, and where it differs it says why.

Nobody is appointed by a score. Honours on a household's door go up by consent only.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gezhi.engines.appraisals import access, rules, writing
from gezhi.engines.appraisals.marking import said
from gezhi.engines.appraisals.models import FINAL, Result, Round
from gezhi.engines.appraisals.rules import Candidate
from gezhi.engines.appraisals.schema import Rubric, rubric
from gezhi.foundation import db
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import seat_here


@dataclass(frozen=True)
class AwardList:
    """`candidates` may be awarded; `out`: subject -> why not (score, gate, band); `reference`: what the rule alone gives.

    `few`: fewer subjects than the rubric's minimum: nothing is put in order, the body decides with its reasons.
    """

    kind: Rubric
    row: Round
    results: dict[int, Result]
    candidates: tuple[Candidate, ...]
    out: dict[int, str]
    reference: rules.Reference
    quota: dict[str, int]
    few: bool

    @property
    def seen(self) -> str:
        """A fingerprint of what the list was made of."""
        return rules.digest(f"{self.row.digest}:{sorted(c.id for c in self.candidates)}")[:16]


def may_award(kind: Rubric, place_id: int, actor: Actor) -> bool:
    """Whether one of the actor's seats decides awards here."""
    return kind.award is not None and seat_here(actor, kind.award["by"], place_id) is not None


def listed(round_id: int, *, actor: Actor) -> AwardList:
    """The reference list of a final round. Raises NotFound, NotAllowed, Conflict appraisal.state, appraisal.no_award."""
    row = Round.objects.filter(pk=round_id).first()
    if row is None or not access.whole(row, actor):
        raise NotFound("appraisal.none")
    kind = rubric(row.rubric, row.version)
    if kind.award is None:
        raise Conflict("appraisal.no_award")
    access.in_state(row, (FINAL,))
    return _listed(row, kind)


def _listed(row: Round, kind: Rubric) -> AwardList:
    award: Any = kind.award
    results = {
        result.subject_id: result for result in Result.objects.filter(round=row).order_by("place_id", "label", "pk")
    }
    candidates, out = [], {}
    for id, result in results.items():
        why = _why_not(kind, award, result)
        if why:
            out[id] = why
            continue
        points = {line["item"]: Decimal(line["points"]) for line in result.lines}
        ties = tuple(points[item] for item in award["ties"])
        candidates.append(Candidate(id, result.group, Decimal(result.score or 0), ties))
    quota = {one.group: int(award["quota"]) for one in candidates}
    few = len(results) < kind.body["minimum"]
    found = rules.Reference((), {}, {}) if few else rules.reference(candidates, quota)
    return AwardList(kind, row, results, tuple(candidates), out, found, quota, few)


def _why_not(kind: Rubric, award: Any, result: Result) -> str:
    if result.score is None:
        return "score"
    if not result.eligible:
        return "gate"
    if award["band"] and not kind.at_least(result.band, award["band"]):
        return "band"
    return ""


def decide(
    round_id: int, chosen: Collection[int], *, actor: Actor, seen: str, reason: str = "", consents: Collection[int] = ()
) -> Round:
    """Decide who is awarded, once. Within the quota; differing from the list takes a reason; `consents`: households that agreed.

    Raises NotFound, NotAllowed appraisal.not_yours, Conflict appraisal.state, appraisal.stale, Invalid appraisal.not_eligible,
    appraisal.quota, appraisal.reason.
    """
    with db.write():
        row = access.locked(round_id)
        kind = rubric(row.rubric, row.version)
        if kind.award is None:
            raise Conflict("appraisal.no_award")
        if not may_award(kind, row.place_id, actor):
            raise NotAllowed("appraisal.not_yours")
        access.in_state(row, (FINAL,))
        found = _listed(row, kind)
        if row.awarded_at is not None or found.seen != seen:
            raise Conflict("appraisal.stale")
        picked = frozenset(chosen)
        known = {one.id for one in found.candidates}
        wrong = {id for id in picked if id not in known or (kind.award["consent"] and id not in set(consents))}
        if wrong:
            raise Invalid(
                "appraisal.not_eligible", field_errors={f"subject{min(wrong)}": str(_why(kind, found, min(wrong)))}
            )
        over = rules.over_quota(found.candidates, picked, found.quota)
        if over:
            raise Invalid("appraisal.quota", group=over[0] or kind.title, quota=kind.award["quota"])
        differs = found.few or bool(rules.passed_over(found.candidates, picked, found.quota))
        if differs and len(reason.strip()) < 2:
            raise Invalid("appraisal.reason", field_errors={"reason": _reason()})
        refs = writing.keep(row, said({"reason": reason}, needed=False)) if reason.strip() else {}
        row.awarded_at = clock.now()
        if refs:
            row.reason_ref = refs["reason"].id
        rows = [found.results[id] for id in sorted(picked)]
        for result in rows:
            result.awarded = True
        Result.objects.bulk_update(rows, ["awarded"])
        parts = {f"result:{result.subject_id}": writing.result_part(result) for result in rows}
        writing.put(row, "round.awarded", {"awarded_at": row.awarded_at} | refs | parts, actor=actor)
    return row


def _why(kind: Rubric, found: AwardList, id: int) -> str:
    from django.utils.translation import gettext as _

    said = {"score": _("没有分数。"), "gate": _("没有过硬条件。"), "band": _("没有到规定的档。")}
    return said.get(found.out.get(id, ""), _("本人还没有同意挂牌。"))


def _reason() -> str:
    from django.utils.translation import gettext as _

    return _("和按分数排的不一样，请写明理由。")
