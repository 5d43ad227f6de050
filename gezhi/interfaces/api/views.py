"""From rows to the shapes of `schemas`: no rule, no query of its own beyond what the engine gives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

from gezhi.engines.publishing.models import Document
from gezhi.engines.publishing.schema import template
from gezhi.engines.workflows import queries, rules
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.engines.workflows.timeline import Entry
from gezhi.engines.workflows.views import CaseView, Possible, PublicView
from gezhi.foundation import events, packs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor

PUBLIC_CALLS = {"solved": "rating", "unsolved": "rating", "reopen": "reopen"}


def reply(body: Mapping[str, Any], status: int = 200) -> JsonResponse:
    """JSON that people can read in a terminal: Chinese as it is."""
    return JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})


def stamp(at: datetime | None) -> str | None:
    """RFC 3339 with China's offset, to the second; None stays None."""
    return clock.local(at).isoformat(timespec="seconds") if at is not None else None


def seat(seat_id: int | None) -> dict[str, str] | None:
    """A seat as id and label; None when there is none."""
    return {"id": str(seat_id), "label": people.directory().seat(seat_id).label} if seat_id is not None else None


def category(code: str) -> str:
    """The name of a category code; the code itself when the packs no longer know it."""
    known = packs.registry().categories.get(code)
    return known.label if known else code


# --- the resident's side -----------------------------------------------------------------------------


def made(request: HttpRequest, case: Case, *, new: bool) -> dict[str, Any]:
    """The answer to raising a matter. A repeated key gets what the first answer said, however far the case is."""
    phase, due_at = case.phase, case.due_at
    if not new:
        first = events.history(f"case:{case.id}")[0].patch
        phase, due_at = first["phase"], datetime.fromisoformat(first["due_at"])
    return {
        "id": str(case.id),
        "number": case.number,
        "code": case.code,
        "status": phase,
        "due_at": stamp(due_at),
        "url": request.build_absolute_uri(f"/r/{case.code}"),
    }


def matter(request: HttpRequest, view: PublicView) -> dict[str, Any]:
    """RequestOut: a matter as the resident sees it."""
    case = view.case
    offered = {PUBLIC_CALLS[p.action] for p in view.possible if p.action in PUBLIC_CALLS}
    return {
        **made(request, case, new=True),
        "state": case.state,
        "outcome": case.outcome,
        "words": view.now_says,
        "now_with": _("您") if view.waits_for == "you" else view.waits_for,
        "place": view.place_label,
        "category": category(case.category),
        "opened_at": stamp(case.opened_at),
        "closed_at": stamp(case.closed_at),
        "may": sorted(offered),
        "steps": [
            {"at": stamp(step.at), "state": step.state, "title": step.title, "words": step.words, "who": step.who}
            for step in view.steps
        ],
        "answers": [_public_entry(entry) for entry in view.answers],
    }


def _public_entry(entry: Entry) -> dict[str, Any]:
    said = {entry.labels.get(f, f): entry.said[f] for f in entry.public if entry.said.get(f)}
    return {"at": stamp(entry.at), "words": entry.says, "who": entry.seat_label, "said": said}


# --- the staff's side --------------------------------------------------------------------------------


def row(found: queries.Row) -> dict[str, Any]:
    """CaseRow of a list's row."""
    return _row(found.case, found.title, found.place_label)


def _row(case: Case, title: str, place_label: str) -> dict[str, Any]:
    return {
        "id": str(case.id),
        "number": case.number,
        "title": title,
        "state": case.state,
        "outcome": case.outcome,
        "phase": case.phase,
        "stage": case.stage,
        "category": case.category,
        "place": place_label,
        "owner": seat(case.owner_seat),
        "urgent": case.urgent,
        "overdue": case.late_at is not None and case.late_at < clock.now(),
        "opened_at": stamp(case.opened_at),
        "due_at": stamp(case.due_at),
        "closed_at": stamp(case.closed_at),
    }


def case(view: CaseView) -> dict[str, Any]:
    """CaseOut: the case page of the asking member of staff."""
    now = clock.now()
    return {
        **_row(view.case, view.words.title, view.place_label),
        "text": None if view.words.erased else view.words.text,
        "contact": {name: value for name, value in view.contact.items() if value and name in ("name", "phone")},
        "seq": view.case.event_seq,
        "items": [_item(item, view, now) for item in view.items],
        "actions": [_possible(one) for one in view.possible],
        "timeline": [_entry(entry) for entry in view.timeline],
    }


def _item(item: WorkItem, view: CaseView, now: datetime) -> dict[str, Any]:
    stage = view.flow.stages.get(item.stage)  # none: a step of the process it went by before it was kept apart
    taken = people.directory().persons.get(item.person_id) if item.person_id else None
    return {
        "number": item.number,
        "stage": item.stage,
        "title": packs.say(stage.title) if stage is not None else "",
        "side": item.side,
        "branch": item.branch,
        "state": item.state,
        "owner": seat(item.owner_seat),
        "taken_by": taken.name_public if taken else "",
        "clock": rules.clock_state(state=item.state, due_at=item.due_at, warn_at=item.warn_at, now=now),
        "opened_at": stamp(item.opened_at),
        "due_at": stamp(item.due_at),
        "done_at": stamp(item.done_at),
        "action": item.action,
    }


def _possible(one: Possible) -> dict[str, Any]:
    return {
        "action": one.action,
        "title": one.title,
        "main": one.main,
        "item": one.item,
        "allowed": one.why_not is None,
        "why_not": one.why_not or "",
        "form": one.form.schema(),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": stamp(entry.at),
        "action": entry.action,
        "title": entry.title,
        "stage": entry.stage_title,
        "by": entry.actor_kind,
        "who": entry.who,
        "seat": entry.seat_label,
        "said": dict(entry.said),
        "form": {name: plain(value) for name, value in entry.form.items()},
        "photos": [int(photo) for photo in entry.photos],
    }


def plain(value: Any) -> Any:
    """A form's value as JSON."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def place(place_id: int) -> dict[str, str]:
    """PlaceOut."""
    directory = places.directory()
    info = directory.get(place_id)
    assert info is not None
    return {
        "id": str(place_id),
        "kind": info.kind,
        "name": info.name,
        "label": directory.label(place_id),
        "code": info.code,
    }


def session(actor: Actor, token: str, expires_at: datetime) -> dict[str, Any]:
    """SessionOut."""
    return {
        "token": token,
        "expires_at": stamp(expires_at),
        "name": actor.name,
        "seats": [seat(seat_id) for seat_id in actor.seats],
    }


def paper(row: Document) -> dict[str, Any]:
    """schemas.PaperOut."""
    return {
        "id": str(row.pk),
        "number": row.number,
        "kind": row.template,
        "title": localised(template(row.template, row.version).title),
        "state": row.state,
        "drafted_at": stamp(row.drafted_at),
        "issued_at": stamp(row.issued_at),
        "corrects": str(row.corrects) if row.corrects else None,
        "corrected_by": str(row.corrected_by) if row.corrected_by else None,
        "fingerprint": row.fingerprint,
        "url": f"/api/v1/documents/{row.pk}" if row.state == "issued" else None,
    }
