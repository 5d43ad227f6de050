"""A round's way: opened for a cut, sealed at it, published, final. Each step is one event; sealed results compute again the same."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError

from gezhi.engines.appraisals import access, gathering, rules, writing
from gezhi.engines.appraisals.events import ROUND
from gezhi.engines.appraisals.gathering import Gathered
from gezhi.engines.appraisals.models import CANCELLED, FINAL, OPEN, PUBLISHED, SEALED, Result, Round
from gezhi.engines.appraisals.population import Member, members
from gezhi.engines.appraisals.rules import Input
from gezhi.engines.appraisals.schema import Rubric, rubric
from gezhi.foundation import db, places
from gezhi.foundation import events as log
from gezhi.foundation.calendar import clock, deadline
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.places.placed import above

LENGTH = {"month": 7, "quarter": 7, "year": 4}


def open_round(name: str, place_id: int, period: str, *, actor: Actor, cut_on: date | None = None) -> Round:
    """Open the round of a period at a place; `cut_on`: the last day that counts, when it is not the period's own.

    Raises NotFound pack.not_installed, NotAllowed appraisal.not_yours, Invalid appraisal.period, Conflict appraisal.twice,
    appraisal.nobody, appraisal.too_many.
    """
    kind = rubric(name)
    if not access.may_open(kind, place_id, actor):
        raise NotAllowed("appraisal.not_yours")
    since, cut = _instants(kind, period, cut_on)
    if not members(kind, place_id, clock.today()):
        raise Conflict("appraisal.nobody")
    try:
        with db.write():
            (id,) = new_ids(Round, 1)
            row = Round(
                id=id, rubric=kind.name, version=kind.version, body_hash=kind.hash, place_id=place_id,
                **above(places.directory().path(place_id)), period=period, since=since, cut=cut,
                due_at=deadline(cut, kind.body["window"]), opened_by=actor.person_id, opened_at=clock.now(),
            )  # fmt: skip
            writing.put(row, "round.opened", writing.state(row, ROUND), actor=actor, new=True)
    except IntegrityError as error:
        raise Conflict("appraisal.twice") from error
    return row


def _instants(kind: Rubric, period: str, cut_on: date | None) -> tuple[Any, Any]:
    said = {"month": "月", "quarter": "季度", "year": "年"}[kind.every]
    if len(period) != LENGTH[kind.every] or (kind.every == "quarter") != ("Q" in period):
        raise Invalid("appraisal.period", every=said)
    try:
        since, cut = gathering.instants(period)
    except (NotFound, ValueError) as error:
        raise Invalid("appraisal.period", every=said) from error
    if cut_on is not None:
        chosen = clock.midnight(cut_on + timedelta(days=1))
        if not since < chosen <= cut:
            raise Invalid("appraisal.period", every=said)
        cut = chosen
    return since, cut


def population(row: Round, kind: Rubric | None = None) -> list[Member]:
    """Whom it is about: as it stood on its last day, today while that has not come."""
    last = clock.local(row.cut - timedelta(microseconds=1)).date()
    return members(kind or rubric(row.rubric, row.version), row.place_id, min(last, clock.today()))


def standing(row: Round, kind: Rubric, *, judged: bool = False) -> list[tuple[Gathered, rules.Scored]]:
    """How everybody would stand if it were sealed now, for gaps and plans: without the marks of judges, unless it is sealed."""
    return [
        (one, gathering.scored(kind, one)) for one in gathering.gather(kind, row, population(row, kind), judged=judged)
    ]


def seal(round_id: int, *, actor: Actor) -> Round:
    """Freeze the round at its cut: results, what they were computed from, and the hash of both.

    Figures are read up to the sealed position of the log. Raises NotFound, NotAllowed, Conflict appraisal.state, appraisal.early,
    appraisal.nobody.
    """
    if clock.now() < access.to_see(round_id, actor=actor).cut:
        raise Conflict("appraisal.early", cut=_said(access.to_see(round_id, actor=actor).cut))
    while log.seal_now() is not None:  # figures read sealed positions only
        pass
    position = log.sealed_until()
    with db.write():
        row, kind = access.to_run(round_id, actor=actor, states=(OPEN,))
        found = standing(row, kind, judged=True)
        if not found:
            raise Conflict("appraisal.nobody")
        rows = [_result(row, kind, one, made) for one, made in found]
        Result.objects.bulk_create(rows)
        row.state, row.sealed_at, row.position, row.subjects = SEALED, clock.now(), position, len(rows)
        row.digest = rules.digest(text_of(rows))
        patch = writing.state(row, ("state", "sealed_at", "position", "subjects", "digest"))
        writing.put(row, "round.sealed", patch | parts(rows), actor=actor)
    return row


def _said(at: Any) -> str:
    return clock.said_ending(at)


def parts(rows: list[Result]) -> dict[str, Any]:
    """Results as they stand in an event."""
    return {f"result:{row.subject_id}": writing.result_part(row) for row in rows}


def _result(row: Round, kind: Rubric, one: Gathered, made: rules.Scored) -> Result:
    member = one.member
    result = Result(
        round=row, subject_id=member.id, label=member.label, place_id=member.place_id, **above(member.path),
        inputs={item: given.told() for item, given in one.inputs.items()}, facts=dict(one.facts),
    )  # fmt: skip
    result.group = group_of(kind, result)
    write(result, made)
    return result


def write(result: Result, made: rules.Scored) -> None:
    """Put what came out onto a result, in memory."""
    said = rules.told(result.subject_id, made)
    result.score, result.band, result.eligible = made.score, made.band, made.eligible
    result.lost, result.lines = said["lost"], said["lines"]


def group_of(kind: Rubric, result: Result) -> str:
    """Whose quota a result shares: one of all, of a place, or of a choice its line makes."""
    per = kind.award["per"] if kind.award else "all"
    if isinstance(per, dict):
        return str(result.facts.get(per["field"]) or "")
    return "" if per == "all" else str(getattr(result, f"{per}_id") or "")


def told(result: Result) -> dict[str, Any]:
    """A stored result as `rules.told` says it."""
    return {
        "subject": result.subject_id,
        "score": None if result.score is None else rules.plain(result.score),
        "band": result.band, "lost": result.lost, "eligible": result.eligible, "lines": result.lines,
    }  # fmt: skip


def text_of(rows: list[Result]) -> str:
    """The canonical text of results."""
    return rules.sealed_body([told(row) for row in rows])


def again(result: Result, kind: Rubric) -> rules.Scored:
    """Score a sealed result once more, from what was kept beside it."""
    inputs = {item: Input.of(given) for item, given in result.inputs.items()}
    conditions = kind.conditions
    return rules.score_of(kind.body, inputs, lambda gate, reads: conditions[gate].holds({**result.facts, **reads}))


def recomputed(row: Round) -> str:
    """The canonical text computed anew from what was sealed: equal to what the digest was made of, byte for byte. One query."""
    kind = rubric(row.rubric, row.version)
    return rules.sealed_body([rules.told(r.subject_id, again(r, kind)) for r in Result.objects.filter(round=row)])


def publish(round_id: int, *, actor: Actor) -> Round:
    """Show the results to those concerned; from here one may object. Raises NotFound, NotAllowed, Conflict appraisal.state."""
    with db.write():
        row, kind = access.to_run(round_id, actor=actor, states=(SEALED,))
        row.state, row.published_at = PUBLISHED, clock.now()
        row.object_until = deadline(row.published_at, kind.body["appeal"])
        patch = writing.state(row, ("state", "published_at", "object_until"))
        writing.put(row, "round.published", patch, actor=actor)
    return row


def close(round_id: int, *, actor: Actor) -> Round:
    """Make it final: the window is over and every objection has its answer. Raises Conflict appraisal.window too."""
    with db.write():
        row, _kind = access.to_run(round_id, actor=actor, states=(PUBLISHED,))
        if row.waiting or row.object_until is None or clock.now() < row.object_until:
            raise Conflict("appraisal.window", until=_said(row.object_until))
        row.state, row.final_at = FINAL, clock.now()
        writing.put(row, "round.closed", writing.state(row, ("state", "final_at")), actor=actor)
    return row


def cancel(round_id: int, *, actor: Actor, reason: str) -> Round:
    """Take back a round that was not published; another may be opened for the period. Raises Invalid appraisal.invalid."""
    from gezhi.engines.appraisals.marking import said

    words = said({"reason": reason})
    with db.write():
        row, _kind = access.to_run(round_id, actor=actor, states=(OPEN, SEALED))
        refs = writing.keep(row, words)
        row.state, row.reason_ref = CANCELLED, refs["reason"].id
        writing.put(row, "round.cancelled", {"state": row.state} | refs, actor=actor)
    return row
