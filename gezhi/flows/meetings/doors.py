"""From a line of the minutes to a case, and back from the minutes to how the cases stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from django.utils.translation import gettext as _

from gezhi.engines.matching import minutes
from gezhi.engines.matching.models import Item, Session
from gezhi.engines.matching.schema import activity
from gezhi.engines.workflows import access
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.opening import open_case
from gezhi.foundation import db, events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid
from gezhi.foundation.people import Actor

#: What stands before the line of the minutes in the origin of the case that came of it: "meeting:227…-3".
SOURCE = "meeting"


def source(case: Case) -> tuple[Session, Item, str] | None:
    """The session and the line of its minutes a case came of, with the line's words; None when it came of no meeting."""
    sender, _colon, line = (case.origin or "").partition(":")
    session, _dash, number = line.rpartition("-")
    if sender != SOURCE or not (session.isdigit() and number.isdigit()):
        return None
    item = Item.objects.select_related("session").filter(session_id=int(session), number=int(number)).first()
    if item is None:
        return None
    return item.session, item, events.read_private([item.text_ref])[item.text_ref] or ""


def assign(
    session_id: int, number: int, *, actor: Actor, seat_id: int | None = None, due_on: date | None = None
) -> tuple[Item, Case]:
    """Make an open line a case: done by `seat_id` (else the seat the line names), by the end of `due_on`.

    The line and the case are written together or not at all; a line becomes one case only. Raises Conflict
    item.settled, session.over, Invalid session.invalid (no seat, no day, no workflow), NotFound, NotAllowed.
    """
    with db.write():
        row, item, text = minutes.to_assign(session_id, number, actor=actor)
        workflow = activity(row.activity, row.version).assign
        seat, day = seat_id or item.seat_id, due_on or item.due_on
        wrong: dict[str, str] = {}
        if not workflow:
            wrong["kind"] = _("这类活动没有写明交办走哪个流程。")
        if seat is None or seat not in people.directory().seats:
            wrong["seat"] = _("请选由谁来办。")
        if day is None or day < clock.today():
            wrong["due"] = _("请写一个今天以后的日子。")
        if wrong or seat is None or day is None:
            raise Invalid("session.invalid", field_errors=wrong)
        given = clock.midnight(day + timedelta(days=1))
        data = {"text": text, "handler": seat, "given": given, "origin": f"{SOURCE}:{row.pk}-{item.number}"}
        case, new = open_case(
            workflow, data, actor=actor, place_id=row.place_id, channel="case", key=f"meeting:{row.pk}:{item.number}"
        )
        if not new:
            raise Conflict("item.settled")
        item.seat_id, item.due_on = seat, day
        minutes.assigned(row, item, case.pk, actor=actor)
    return item, case


def standing(items: Iterable[Item], *, actor: Actor) -> dict[int, Case]:
    """The cases that came of these lines and the actor may see, by line id. One query."""
    wanted = {item.case_id: item.pk for item in items if item.case_id}
    if not wanted:
        return {}
    return {wanted[case.pk]: case for case in Case.objects.filter(access.searchable(set(wanted), actor))}
