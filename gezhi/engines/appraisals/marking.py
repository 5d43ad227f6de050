"""What people enter: judgements, signed ones, claims with evidence and the look of another at them.

A judge never sees another's mark before the round is sealed, and never judges their own unit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.appraisals import access, rounds, writing
from gezhi.engines.appraisals.models import CHECKED, CLAIMED, GIVEN, OPEN, REFUSED, Mark, Round
from gezhi.engines.appraisals.population import Member
from gezhi.engines.appraisals.schema import Rubric, rubric
from gezhi.foundation import db
from gezhi.foundation import events as log
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.forms.cleaning import Refused, clean_text
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import covers, seat_here, seats_of

RECORD = re.compile(r"(case|entry|session|duty|document|bulletin|round):\d{1,18}")
CENT = Decimal("0.01")


def said(texts: Mapping[str, str], *, needed: bool = True) -> dict[str, str]:
    """Free words, cleaned. Raises Invalid appraisal.invalid with the field."""
    found, wrong = {}, {}
    for name, text in texts.items():
        try:
            found[name] = clean_text(text, max=500, lines=True)
        except Refused as refused:
            wrong[name] = str(refused)
            continue
        if needed and len(found[name]) < 2:
            wrong[name] = _("请写明理由。")
    if wrong:
        raise Invalid("appraisal.invalid", field_errors=wrong)
    return found


def points_of(given: Any) -> Decimal:
    """0 to 100 with at most two decimals. Raises Invalid appraisal.invalid."""
    try:
        value = Decimal(str(given).strip())
        if value.is_finite() and 0 <= value <= 100 and value == value.quantize(CENT):
            return value
    except InvalidOperation:
        pass
    raise Invalid("appraisal.invalid", field_errors={"points": _("请写 0 到 100 的分数，最多两位小数。")})


def _open(round_id: int, item_id: str, kinds: Sequence[str]) -> tuple[Round, Rubric, Mapping[str, Any]]:
    row = access.locked(round_id)
    kind = rubric(row.rubric, row.version)
    access.in_state(row, (OPEN,))
    item = kind.item(item_id)
    if item is None or item["kind"] not in kinds:
        raise NotFound("appraisal.no_subject")
    return row, kind, item


def _member(row: Round, kind: Rubric, subject_id: int) -> Member:
    found = next((one for one in rounds.population(row, kind) if one.id == subject_id), None)
    if found is None:
        raise NotFound("appraisal.no_subject")
    return found


def judge(round_id: int, subject_id: int, item: str, points: Any, *, actor: Actor, words: str = "") -> Mark:
    """Enter one judge's points, or change one's own; of a signed item the one judgement, with its words.

    Raises NotFound appraisal.none, appraisal.no_subject, NotAllowed appraisal.not_yours, appraisal.own_unit, Conflict
    appraisal.state, appraisal.marked, Invalid appraisal.invalid.
    """
    value = points_of(points)
    with db.write():
        row, kind, declared = _open(round_id, item, ("judged", "signed"))
        member = _member(row, kind, subject_id)
        seat = seat_here(actor, declared["by"], member.place_id)
        if seat is None:
            raise NotAllowed("appraisal.not_yours")
        if access.own_unit(member, kind, actor):
            raise NotAllowed("appraisal.own_unit")
        signed = declared["kind"] == "signed"
        texts = said({"words": words}, needed=signed) if signed or words.strip() else {}
        who = 0 if signed else int(actor.person_id or 0)
        mark = Mark.objects.filter(round=row, subject_id=subject_id, item=item, who=who).first()
        if mark is not None and signed and mark.person_id != actor.person_id:
            raise Conflict("appraisal.marked")
        mark = mark or _new(row, subject_id, item, who)
        mark.person_id, mark.seat_id, mark.points, mark.state, mark.at = (
            actor.person_id,
            seat,
            value,
            GIVEN,
            clock.now(),
        )
        _put(row, mark, "round.signed" if signed else "round.judged", texts, actor)
    return mark


def claim(round_id: int, subject_id: int, item: str, words: str, *, actor: Actor, records: Sequence[str] = ()) -> Mark:
    """Say that something was done, with the records that show it: `case:12`, `entry:3`, `session:9` … at least one, each there.

    A claim that was refused may be made anew. Raises as `judge`, Invalid with the field `records`.
    """
    with db.write():
        row, kind, declared = _open(round_id, item, ("claimed",))
        member = _member(row, kind, subject_id)
        seat = next((s for s in seats_of(actor, declared["by"]) if covers(s, member.place_id)), None)
        if seat is None:
            raise NotAllowed("appraisal.not_yours")
        mark = Mark.objects.filter(round=row, subject_id=subject_id, item=item, who=0).first()
        if mark is not None and mark.state == CHECKED:
            raise Conflict("appraisal.marked")
        mark = mark or _new(row, subject_id, item, 0)
        mark.person_id, mark.seat_id, mark.points, mark.state, mark.at = (
            actor.person_id,
            seat,
            None,
            CLAIMED,
            clock.now(),
        )
        mark.records, mark.checked_by = _evidence(records), None
        _put(row, mark, "round.claimed", said({"words": words}), actor)
    return mark


def _evidence(records: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(str(one).strip() for one in records if str(one).strip()))
    if not found or len(found) > 20 or not all(RECORD.fullmatch(one) for one in found):
        raise Invalid("appraisal.invalid", field_errors={"records": _("请写明依据的记录，一到二十条，比如 case:12。")})
    known = set(log.Event.objects.filter(stream__in=found, seq=1).values_list("stream", flat=True))
    if lacking := [one for one in found if one not in known]:
        raise Invalid("appraisal.invalid", field_errors={"records": _("没有这条记录：{one}。").format(one=lacking[0])})
    return found


def check(round_id: int, subject_id: int, item: str, *, actor: Actor, points: Any = None, words: str = "") -> Mark:
    """Look at a claim: give it points, or with None refuse it with words. Never by who claimed, nor by their unit."""
    value = None if points is None else points_of(points)
    with db.write():
        row, kind, declared = _open(round_id, item, ("claimed",))
        member = _member(row, kind, subject_id)
        seat = seat_here(actor, declared["check"], member.place_id)
        if seat is None:
            raise NotAllowed("appraisal.not_yours")
        mark = Mark.objects.filter(round=row, subject_id=subject_id, item=item, who=0).first()
        if mark is None or mark.state == REFUSED:
            raise NotFound("appraisal.no_subject")
        if mark.person_id == actor.person_id:
            raise NotAllowed("appraisal.same_person")
        if access.own_unit(member, kind, actor):
            raise NotAllowed("appraisal.own_unit")
        mark.state, mark.points, mark.checked_by = (REFUSED if value is None else CHECKED), value, actor.person_id
        texts = said({"answer": words}) if value is None or words.strip() else {}
        _put(row, mark, "round.checked", texts, actor)
    return mark


def _new(row: Round, subject_id: int, item: str, who: int) -> Mark:
    row.marks += 1
    return Mark(round=row, number=row.marks, subject_id=subject_id, item=item, who=who)


def _put(row: Round, mark: Mark, event: str, texts: Mapping[str, str], actor: Actor) -> None:
    # Words are kept by the mark's own number, so that what another judge said of it is not theirs to replace.
    kept = writing.keep(row, {f"{name}:{mark.number}": text for name, text in texts.items()})
    refs = {name.partition(":")[0]: ref for name, ref in kept.items()}
    for name, ref in refs.items():
        setattr(mark, f"{name}_ref", ref.id)
    mark.save()
    writing.put(row, event, {"marks": row.marks, f"mark:{mark.number}": writing.mark_part(mark, refs)}, actor=actor)


def to_judge(row: Round, *, actor: Actor) -> list[tuple[Member, list[tuple[Mapping[str, Any], Mark | None]]]]:
    """Whom the actor may enter something for, item by item, with what they entered themselves and nobody else's. Four queries."""
    kind = rubric(row.rubric, row.version)
    mine = {(m.subject_id, m.item): m for m in Mark.objects.filter(round=row, person_id=actor.person_id)}
    # A claim is read by who looks at it, whoever made it.
    claims = {
        (m.subject_id, m.item): m for m in Mark.objects.filter(round=row, state__in=(CLAIMED, CHECKED, REFUSED), who=0)
    }
    found = []
    for member in rounds.population(row, kind):
        if access.own_unit(member, kind, actor):
            parts = [
                item
                for item in kind.items
                if item["kind"] == "claimed" and seat_here(actor, item["by"], member.place_id)
            ]
        else:
            parts = [
                item for item in kind.items
                if seat_here(actor, (*item.get("by", ()), *item.get("check", ())), member.place_id) is not None
            ]  # fmt: skip
        key = [
            (
                item,
                claims.get((member.id, item["id"])) if item["kind"] == "claimed" else mine.get((member.id, item["id"])),
            )
            for item in parts
        ]
        if key:
            found.append((member, key))
    return found


def judges_of(row: Round) -> int:
    """How many people entered something."""
    return Mark.objects.filter(round=row).values("person_id").distinct().count()
