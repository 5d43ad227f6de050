"""What is said in a session: agenda, questions, decisions, assignments; and closing it when nothing is left open.

Assignments become cases through flows.meetings, which calls `assigned` in the write that opened the case.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.matching import access, care, learning, writing
from gezhi.engines.matching.models import (
    AGENDA,
    ANSWERED,
    ASSIGNMENT,
    BOOKED,
    CARRIED,
    CASE,
    CLOSED,
    DECISION,
    DONE,
    PLANNED,
    QUESTION,
    TODO,
    Item,
    Session,
)
from gezhi.engines.matching.schema import Activity, activity
from gezhi.engines.matching.words import ROLES
from gezhi.foundation import db
from gezhi.foundation import events as log
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound
from gezhi.foundation.forms.cleaning import Refused, clean_text
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor

KINDS = (AGENDA, QUESTION, DECISION, ASSIGNMENT)
WORDS_MAX = 1000


@dataclass(frozen=True)
class Line:
    """One line with its words. `text` None: lawfully erased."""

    item: Item
    text: str | None
    answer: str | None


def note(
    session_id: int,
    kind: str,
    words: str,
    *,
    actor: Actor,
    seat_id: int | None = None,
    due_on: date | None = None,
) -> Item:
    """Put down a line: a point of the agenda, a question that was collected, a decision, an assignment.

    An assignment needs the seat that does it and a day. A decision is settled by being written, unless it says who carries it
    out and by when: then it stays open until it is a case.
    """
    said = _clean(words)
    if kind not in KINDS:
        raise Invalid("session.invalid", field_errors={"kind": _("请选一个。")})
    if kind == ASSIGNMENT or (kind == DECISION and seat_id is not None):
        wrong = {} if seat_id is not None else {"seat": _("请选由谁来办。")}
        if due_on is None:
            wrong["due"] = _("请写哪天前办好。")
        elif due_on < clock.today():
            wrong["due"] = _("这一天已经过了。")
        if wrong:
            raise Invalid("session.invalid", field_errors=wrong)
    with db.write():
        row = access.to_change(session_id, actor=actor)
        if (kind == ASSIGNMENT or seat_id is not None) and not activity(row.activity, row.version).assign:
            raise Invalid("session.invalid", field_errors={"kind": _("这类活动没有写明交办走哪个流程。")})
        return _add(row, kind, said, actor=actor, seat_id=seat_id, due_on=due_on)


def _add(row: Session, kind: str, said: str, *, actor: Actor, **facts: Any) -> Item:
    number = (row.items.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    kept = writing.keep(row.pk, {f"item:{number}": said})[f"item:{number}"]
    state = DONE if kind == DECISION and facts.get("seat_id") is None else TODO
    item = Item(session_id=row.pk, number=number, kind=kind, state=state, text_ref=kept.id, **facts)
    item.save(force_insert=True)
    writing.save(row, "session.noted", {f"item:{number}": writing.item_part(item, {"text": kept})}, actor=actor)
    return item


def answer(session_id: int, number: int, words: str, *, actor: Actor) -> Item:
    """Answer a question or a point on the spot, in this session. Raises Conflict item.settled."""
    said = _clean(words)
    with db.write():
        row = access.to_change(session_id, actor=actor)
        item = _open_item(row, number)
        kept = writing.keep(row.pk, {f"answer:{number}": said})[f"answer:{number}"]
        item.state, item.answer_ref = (ANSWERED if item.kind == QUESTION else DONE), kept.id
        item.save(update_fields=["state", "answer_ref"])
        writing.save(
            row, "session.answered", {f"item:{number}": writing.item_part(item, {"answer": kept})}, actor=actor
        )
    return item


def carry(session_id: int, number: int, to: int, *, actor: Actor) -> Item:
    """Carry an open line over to a later session of the same activity; it stands there as open, with where it came
    from. Nothing vanishes. Raises Conflict item.settled, Invalid session.invalid."""
    with db.write():
        # Both rows in the order of their ids, so that two carryings never wait for each other.
        for id in sorted({session_id, to}):
            access.locked(id)
        row = access.to_change(session_id, actor=actor)
        target = access.to_change(to, actor=actor)
        item = _open_item(row, number)
        if target.activity != row.activity or target.starts <= row.starts or target.pk == row.pk:
            raise Invalid("session.invalid", field_errors={"to": _("请选同一类里以后的一场。")})
        said = log.read_private([item.text_ref])[item.text_ref] or _("（内容已依法删除）")
        new = _add(target, item.kind, said, actor=actor, seat_id=item.seat_id, due_on=item.due_on, came_from=item.pk)
        item.state, item.carried_to = CARRIED, target.pk
        item.save(update_fields=["state", "carried_to"])
        writing.save(row, "session.carried", {f"item:{number}": writing.item_part(item)}, actor=actor)
    return new


def to_assign(session_id: int, number: int, *, actor: Actor) -> tuple[Session, Item, str]:
    """Inside a write: an open assignment with its words, the row locked, ready to become a case."""
    row = access.to_change(session_id, actor=actor)
    item = _open_item(row, number)
    if item.kind not in (ASSIGNMENT, QUESTION, AGENDA, DECISION):
        raise Conflict("item.settled")
    text = log.read_private([item.text_ref])[item.text_ref]
    if text is None:
        raise NotFound("item.not_found")
    return row, item, text


def assigned(row: Session, item: Item, case_id: int, *, actor: Actor) -> None:
    """In the same write: the line has become this case."""
    item.state, item.case_id = CASE, case_id
    item.save(update_fields=["state", "case_id", "seat_id", "due_on"])
    writing.save(row, "session.assigned", {f"item:{item.number}": writing.item_part(item)}, actor=actor)


def unfinished(row: Session, *, done: Collection[str] | None = None) -> list[str]:
    """What still keeps it from being closed, in words; empty when nothing does."""
    kind = activity(row.activity, row.version)
    missing = []
    if row.held_at is None:
        missing.append(_("登记到场"))
    elif row.bookings.filter(state=BOOKED).exists():
        missing.append(_("登记到场（还有人没标）"))
    missing += [_need(kind, code) for code in required_missing(kind, row.done if done is None else done)]
    missing += [str(_role(role)) for role in kind.roles if role not in row.roles]
    open_lines = row.items.filter(state=TODO).count()
    if open_lines:
        missing.append(_("{n} 条还没有结果（答复、转下一场或交办）").format(n=open_lines))
    return missing


def required_missing(kind: Activity, done: Collection[str]) -> list[str]:
    """Required items that were not done, in their order."""
    return [item["id"] for item in kind.required if item["id"] not in done]


def close(
    session_id: int,
    data: Mapping[str, Any],
    *,
    actor: Actor,
    done: Collection[str] = (),
    expected_seq: int | None = None,
) -> Session:
    """Finish the record: required items `done`, the activity's own form `data`. Afterwards nothing of it changes.

    Those who were there passed its lesson, when it is one. Raises Conflict session.not_yet, session.unfinished (what
    is missing in words), Invalid session.invalid.
    """
    with db.write():
        row = access.to_change(session_id, actor=actor, expected_seq=expected_seq)
        kind = activity(row.activity, row.version)
        if clock.now() < row.ends or row.state == PLANNED:
            raise Conflict("session.not_yet")
        if kind.ratio is not None and care.still_here(row.pk):
            raise Conflict("care.still_here")
        known = [item["id"] for item in kind.required]
        row.done = [code for code in known if code in {*done, *row.done}]
        missing = unfinished(row)
        if missing:
            raise Conflict("session.unfinished", what=_("、").join(missing))
        values, wrong = kind.record.clean(data)
        if wrong:
            raise Invalid("session.invalid", field_errors=wrong)
        opened, private = kind.record.split(values)
        row.record = kind.record.dump(opened)
        row.state, row.closed_at = CLOSED, clock.now()
        patch = writing.state_of(row, ["state", "closed_at", "done", "record"])
        if private:
            kept = writing.keep(row.pk, {"record": json.dumps(private, ensure_ascii=False)})["record"]
            row.record_ref = kept.id
            patch["record_words"] = kept
        writing.save(row, "session.closed", patch, actor=actor)
        if row.course:
            learning.from_session(row, actor=actor)
    return row


def lines(row: Session) -> list[Line]:
    """Every line with its words: two queries."""
    found = list(row.items.order_by("number"))
    texts = log.read_private([ref for item in found for ref in (item.text_ref, item.answer_ref) if ref])
    return [Line(i, texts.get(i.text_ref), texts.get(i.answer_ref) if i.answer_ref else None) for i in found]


def _open_item(row: Session, number: int) -> Item:
    item = row.items.filter(number=number).first()
    if item is None:
        raise NotFound("item.not_found")
    if item.state != TODO:
        raise Conflict("item.settled")
    return item


def _clean(words: str) -> str:
    try:
        said = clean_text(words, max=WORDS_MAX, lines=True)
    except Refused as refused:
        raise Invalid("session.invalid", field_errors={"words": str(refused)}) from None
    if len(said) < 2:
        raise Invalid("session.invalid", field_errors={"words": _("这一项要填。")})
    return said


def _need(kind: Activity, code: str) -> str:
    return next(localised(item["title"]) for item in kind.required if item["id"] == code)


def _role(role: str) -> Any:
    return ROLES[role]
