"""A rule that changes: who would move and why, and committing exactly what was seen."""

from __future__ import annotations

from dataclasses import dataclass

from gezhi.engines.appraisals import access, rounds, rules, writing
from gezhi.engines.appraisals.gathering import gather
from gezhi.engines.appraisals.marking import said
from gezhi.engines.appraisals.models import SEALED, Result, Round
from gezhi.engines.appraisals.schema import Rubric, rubric
from gezhi.foundation import db
from gezhi.foundation.errors import Conflict, NotAllowed
from gezhi.foundation.people import Actor


@dataclass(frozen=True)
class Preview:
    """`moves`: who would stand elsewhere and by which lines; `seen`: its fingerprint; `body`: what would be sealed."""

    row: Round
    before: Rubric
    after: Rubric
    moves: tuple[rules.Move, ...]
    body: str

    @property
    def seen(self) -> str:
        return rules.digest(self.body)[:16]


def preview(round_id: int, version: int, *, actor: Actor) -> Preview:
    """Judge a sealed round again by another version of its rubric, without writing anything.

    Raises NotFound, NotAllowed appraisal.not_yours, Conflict appraisal.state (only between sealing and publishing).
    """
    row = access.to_see(round_id, actor=actor)
    after = rubric(row.rubric, version)
    if not access.may_open(after, row.place_id, actor):
        raise NotAllowed("appraisal.not_yours")
    access.in_state(row, (SEALED,))
    return _preview(row, after)[0]


def _preview(row: Round, after: Rubric) -> tuple[Preview, list[Result]]:
    before = rubric(row.rubric, row.version)
    results = list(Result.objects.filter(round=row).order_by("subject_id"))
    was = [rounds.told(result) for result in results]
    lacking = {item["id"] for item in after.items} - {item["id"] for item in before.items}
    if lacking:  # an item that was not read before: gathered at the same cut, everything else stays as it was sealed
        fresh = {one.member.id: one for one in gather(after, row, rounds.population(row, after))}
        for result in results:
            one = fresh.get(result.subject_id)
            if one is not None:
                new = {item: given.told() for item, given in one.inputs.items() if item in lacking}
                result.inputs = {**result.inputs, **new}
    for result in results:
        rounds.write(result, rounds.again(result, after))
        result.group = rounds.group_of(after, result)
    moves = rules.moves(was, [rounds.told(result) for result in results])
    return Preview(row, before, after, tuple(moves), rounds.text_of(results)), results


def rejudge(round_id: int, version: int, *, actor: Actor, seen: str, reason: str) -> Round:
    """Commit what was previewed. Raises as `preview`, Conflict appraisal.stale when it would come out differently now."""
    words = said({"reason": reason})
    with db.write():
        row, _kind = access.to_run(round_id, actor=actor, states=(SEALED,))
        after = rubric(row.rubric, version)
        if not access.may_open(after, row.place_id, actor):
            raise NotAllowed("appraisal.not_yours")
        found, results = _preview(row, after)
        if found.seen != seen:
            raise Conflict("appraisal.stale")
        Result.objects.bulk_update(results, ["score", "band", "eligible", "lost", "lines", "inputs", "group"])
        refs = writing.keep(row, words)
        row.version, row.body_hash, row.digest = after.version, after.hash, rules.digest(found.body)
        row.reason_ref = refs["reason"].id
        patch = writing.state(row, ("version", "body_hash", "digest")) | refs | rounds.parts(results)
        writing.put(row, "round.rejudged", patch, actor=actor)
    return row
