"""Objections inside the window, each answered by another; what is upheld changes the line it speaks of and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.appraisals import access, rounds, rules, writing
from gezhi.engines.appraisals.marking import points_of, said
from gezhi.engines.appraisals.models import PUBLISHED, REJECTED, UPHELD, WAITING, Mark, Objection, Result
from gezhi.engines.appraisals.schema import rubric
from gezhi.foundation import db
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import seat_here


def _persons(row: Any, result: Result) -> frozenset[int]:
    kind = rubric(row.rubric, row.version)
    return next((one.persons for one in rounds.population(row, kind) if one.id == result.subject_id), frozenset())


def object_to(
    round_id: int, subject_id: int, item: str, words: str, *, actor: Actor, own: Collection[int] = ()
) -> Objection:
    """Object to one line of a published result. `own`: subjects that whoever asks has proved to be theirs (the portal).

    Raises NotFound, Conflict appraisal.state, appraisal.closed, appraisal.objected, Invalid.
    """
    texts = said({"words": words})
    with db.write():
        row = access.locked(round_id)
        kind = rubric(row.rubric, row.version)
        result = Result.objects.filter(round=row, subject_id=subject_id).first()
        theirs = subject_id in own and kind.shown_to_holders and row.state in access.SHOWN
        if result is None or not (theirs or access.sees_line(row, kind, result.place_id, _persons(row, result), actor)):
            raise NotFound("appraisal.no_subject" if access.sees(row, actor) else "appraisal.none")
        if kind.item(item) is None:
            raise NotFound("appraisal.no_subject")
        access.in_state(row, (PUBLISHED,))
        until = row.object_until
        if until is None:
            raise Conflict("appraisal.state")
        if clock.now() >= until:
            raise Conflict("appraisal.closed", until=clock.said_ending(until))
        mine = Objection.objects.filter(round=row, subject_id=subject_id, item=item, person_id=actor.person_id)
        if mine.filter(state=WAITING).exists():
            raise Conflict("appraisal.objected")
        row.objections, row.waiting = row.objections + 1, row.waiting + 1
        made = Objection(
            round=row,
            number=row.objections,
            subject_id=subject_id,
            item=item,
            person_id=actor.person_id,
            at=clock.now(),
        )
        refs = writing.keep(row, {f"objection:{made.number}": texts["words"]})
        made.words_ref = refs[f"objection:{made.number}"].id
        made.save()
        part = writing.objection_part(made, {"words": refs[f"objection:{made.number}"]})
        patch = writing.state(row, ("objections", "waiting")) | {f"objection:{made.number}": part}
        writing.put(row, "round.objected", patch, actor=actor)
    return made


def answer(round_id: int, number: int, *, actor: Actor, words: str, points: Any = None) -> Objection:
    """Answer an objection: with points it is upheld and the line gets those, without it is rejected; always with words.

    By the rubric's reviewers, never by who objected, is judged, or gave a mark to that line. Raises NotFound, NotAllowed
    appraisal.not_yours, appraisal.same_person, appraisal.own_unit, Conflict appraisal.state, Invalid.
    """
    texts = said({"words": words})
    value = None if points is None else points_of(points)
    with db.write():
        row = access.locked(round_id)
        kind = rubric(row.rubric, row.version)
        made = Objection.objects.filter(round=row, number=number).first()
        if made is None:
            raise NotFound("appraisal.none")
        result = Result.objects.get(round=row, subject_id=made.subject_id)
        if seat_here(actor, kind.body["review"], result.place_id) is None:
            raise NotAllowed("appraisal.not_yours")
        marked = Mark.objects.filter(round=row, subject_id=made.subject_id, item=made.item)
        judges = {id for pair in marked.values_list("person_id", "checked_by") for id in pair}
        if actor.person_id == made.person_id or actor.person_id in judges:
            raise NotAllowed("appraisal.same_person")
        member = next((one for one in rounds.population(row, kind) if one.id == made.subject_id), None)
        if member is not None and access.own_unit(member, kind, actor):
            raise NotAllowed("appraisal.own_unit")
        access.in_state(row, (PUBLISHED,))
        if made.state != WAITING:
            raise Conflict("appraisal.state")
        row.waiting -= 1
        made.state, made.points = (REJECTED if value is None else UPHELD), value
        made.answered_by, made.answered_at = actor.person_id, clock.now()
        refs = writing.keep(row, {f"answer:{number}": texts["words"]})
        made.answer_ref = refs[f"answer:{number}"].id
        made.save()
        part = writing.objection_part(made, {"answer": refs[f"answer:{number}"]})
        patch: dict[str, Any] = {f"objection:{number}": part}
        if value is not None:
            patch |= _correct(row, kind, result, made.item, number, rules.plain(value))
        writing.put(row, "round.answered", writing.state(row, ("waiting", "digest")) | patch, actor=actor)
    return made


def _correct(row: Any, kind: Any, result: Result, item: str, number: int, points: str) -> dict[str, Any]:
    """The line gets the points of the answer, whatever its bands would say; the rest stays as it was sealed."""
    if kind.item(item) is None:
        raise Invalid("appraisal.invalid", field_errors={"item": _("没有这一项。")})
    result.inputs = {**result.inputs, item: {"fixed": points, "records": [f"objection:{row.pk}-{number}"]}}
    rounds.write(result, rounds.again(result, kind))
    result.corrected = True
    result.save()
    row.digest = rules.digest(rounds.text_of(list(Result.objects.filter(round=row))))
    return {f"result:{result.subject_id}": writing.result_part(result)}
