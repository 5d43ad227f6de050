"""One session: what it is, who signed up, who was there, what was said and what came of it; printing and posters."""

from __future__ import annotations

import json
import re
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gezhi.engines.matching import access, held_with, minutes, planning, queries, signing
from gezhi.engines.matching.models import CANCELLED, CLOSED, PLANNED, Booking, Session
from gezhi.engines.matching.words import BOOKINGS, ITEM_STATES, ITEMS, KINDS, ROLES, STATES
from gezhi.flows.meetings import doors
from gezhi.foundation import db, events, exports, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from gezhi.foundation.forms import read_date
from gezhi.foundation.packs.reading import localised
from gezhi.interfaces.site.requests import Request

from ..names import person_name, place_name, seat_name
from ..page import show, staff, tell, whole
from . import session_care
from .activities import times

REFUSED = (Invalid, Conflict, NotAllowed, NotFound)
SHOWN_MARKS = ("attended", "absent", "deputy")

_RUNS = re.compile(r"[0-9]+|[^0-9]+")  # 2 号楼 before 10 号楼


@staff
@require_safe
def session(request: Request, session_id: int) -> HttpResponse:
    """The page of one session."""
    return _page(request, session_id)


def _page(request: Request, session_id: int, refusal: Refusal | None = None) -> HttpResponse:
    view = queries.view(session_id, actor=request.actor)
    row, now = view.row, clock.now()
    said = minutes.lines(row)
    cases = doors.standing([one.item for one in said], actor=request.actor)
    begun, over = now >= row.starts, now >= row.ends
    open_row = row.state not in (CLOSED, CANCELLED)
    names = view.may_convene or view.mine is not None
    context: dict[str, Any] = {
        "view": view, "row": row, "kind": KINDS[row.kind], "state": STATES[row.state], "name": view.kind.title,
        "about": view.kind.about, "theme": view.kind.theme_title(row.theme), "place": place_name(row.place_id, "town"),
        "partners": held_with.names([row.pk]).get(row.pk, []) if view.kind.partners else [],
        "roles": [(ROLES[role], view.roles.get(role, _("已依法删除"))) for role in row.roles],
        "bookings": [_booking(b) for b in view.bookings] if names else [],
        "shown_names": names,
        "organiser": seat_name(row.organiser_seat), "by": person_name(row.organiser_id),
        "lines": [
            {
                "item": one.item, "text": one.text, "answer": one.answer, "kind": ITEMS[one.item.kind],
                "state": ITEM_STATES[one.item.state], "seat": seat_name(one.item.seat_id) if one.item.seat_id else "",
                "case": cases.get(one.item.pk),
            }
            for one in said
        ],
        "begun": begun, "over": over, "open_row": open_row, "may": view.may_convene and open_row,
        "may_join": view.mine is None and row.state == PLANNED and not begun and view.kind.sign_up["by"] == "staff",
        "missing": minutes.unfinished(row) if view.may_convene and open_row and begun else [],
        "required": [(r["id"], localised(r["title"]), r["id"] in row.done) for r in view.kind.required],
        "record_fields": view.kind.record.bound(request.POST if refusal else None, refusal.field_errors if refusal else None),
        "record": _record(view), "refusal": refusal, "wrong": refusal.field_errors if refusal else {}, "typed": request.POST,
        "seats_here": _seats(row) if view.may_convene and view.kind.assign else [], "item_kinds": _item_kinds(view),
        "talks": bool(said) or view.kind.topics or bool(view.kind.assign) or view.kind.kind in ("meeting", "party"),
        "later": _later(row, request) if view.may_convene and any(o.item.state == "open" for o in said) else [],
        "marks": [(mark, BOOKINGS[mark]) for mark in SHOWN_MARKS if mark != "deputy" or view.kind.head],
        "takeaway": view.kind.takeaway.bound() if view.mine and view.mine.state == "attended" else [],
        "care": session_care.context(view, request),
        "filed": sum(1 for b in view.bookings if b.takeaway_ref), "rated": _rated(view.bookings),
    }  # fmt: skip
    return show(request, "desk/session.html", context, here="activities", status=refusal.http if refusal else 200)


def _booking(row: Booking) -> dict[str, Any]:
    return {"row": row, "state": BOOKINGS[row.state], "guest": row.contact_ref is not None}


def _rated(bookings: list[Booking]) -> tuple[int, str] | None:
    found = [b.rating for b in bookings if b.rating is not None]
    return (len(found), f"{sum(found) / len(found):.1f}") if found else None


def _record(view: queries.View) -> list[tuple[str, str]]:
    if view.row.state != CLOSED:
        return []
    raw = events.read_private([view.row.record_ref])[view.row.record_ref] if view.row.record_ref else None
    private = json.loads(raw) if raw else {}
    values = {**(view.row.record or {}), **private}
    return [(localised(f.title), str(values[f.id])) for f in view.kind.record if values.get(f.id) not in (None, "")]


def _item_kinds(view: queries.View) -> list[tuple[str, Any]]:
    hidden = set() if view.kind.assign else {"assignment"}
    return [(kind, title) for kind, title in ITEMS.items() if kind not in hidden]


def _seats(row: Session) -> list[tuple[int, str]]:
    """Seats that something may be assigned to: the place's own, then its grids', those above it, and whatever lies inside.

    Hundreds of buildings must not stand before, or push out, the few whom a meeting gives its work to.
    """
    directory, map_of = people.directory(), places.directory()
    ranks = dict.fromkeys(map_of.descendants(row.place_id), 3) | dict.fromkeys(map_of.ancestors(row.place_id), 2)
    ranks |= {id: 1 for id in ranks if map_of.place(id).kind.startswith("grid")} | {row.place_id: 0}
    found = [(ranks[s.place_id], s) for s in directory.seats.values() if s.place_id in ranks and not s.closed]
    found.sort(
        key=lambda pair: (
            pair[0],
            [(not w.isdigit(), int(w) if w.isdigit() else 0, w) for w in _RUNS.findall(pair[1].label)],
        )
    )
    return [(s.id, s.label) for _rank, s in found[:300]]


def _later(row: Session, request: Request) -> list[Session]:
    rows = Session.objects.filter(access.visible(request.actor), activity=row.activity, starts__gt=row.starts)
    return list(rows.exclude(state__in=(CLOSED, CANCELLED)).order_by("starts", "id")[:12])


@staff
@require_POST
def change(request: Request, session_id: int, what: str) -> HttpResponse:
    """`/desk/activities/<id>/do/<what>`: one act of the organiser, or of somebody for themselves."""
    act = ACTS.get(what)
    if act is None:
        raise NotFound()
    try:
        said = act(request, session_id)
    except NotFound:
        raise
    except REFUSED as refusal:
        queries.view(session_id, actor=request.actor)  # not even the refusal for whoever may not know of it
        if isinstance(refusal, NotAllowed):
            raise
        return _page(request, session_id, refusal)
    if said:
        tell(request, said)
    return redirect("desk:session", session_id=session_id)


def _seq(request: Request) -> int | None:
    return whole(request.POST.get("seq"))


def _number(request: Request) -> int:
    return whole(request.POST.get("number")) or 0


def _join(request: Request, id: int) -> str:
    booking = signing.sign_up(id, request.actor.person_id or 0, actor=request.actor)
    return _("报上了") if booking.state == "booked" else _("排进候补了")


def _sign(request: Request, id: int) -> str:
    who = signing.guest(request.POST.get("name", ""), request.POST.get("phone", ""), phone_needed=False)
    booking = signing.sign_up(id, who, actor=request.actor)
    return (
        _("{who} 报上了").format(who=booking.label)
        if booking.state == "booked"
        else _("{who} 排进候补").format(who=booking.label)
    )


def _withdraw(request: Request, id: int) -> str:
    signing.withdraw(id, _number(request), actor=request.actor)
    return _("退出了，候补的往前")


def _attend(request: Request, id: int) -> str:
    given = request.POST
    marks = {
        int(key[5:]): value for key, value in given.items()
        if key.startswith("mark-") and whole(key[5:]) is not None and value in SHOWN_MARKS
    }  # fmt: skip
    more: list[signing.Guest | int] = [
        signing.guest(*_name_phone(line), phone_needed=False)
        for line in given.get("more", "").splitlines()
        if line.strip()
    ]
    heads = given.get("heads", "").strip()
    if heads and whole(heads) is None:
        raise Invalid("session.invalid", field_errors={"heads": _("请填整数。")})
    row = signing.attend(
        id, marks, actor=request.actor, heads=whole(heads) if heads else None, more=more, expected_seq=_seq(request)
    )
    return _("登记好了：{n} 人按姓名，现场另数 {h} 人").format(n=row.attended, h=row.heads)


def _name_phone(line: str) -> tuple[str, str]:
    name, _space, phone = line.strip().replace("，", " ").replace("\t", " ").partition(" ")
    return name, phone.strip()


def _note(request: Request, id: int) -> str:
    given = request.POST
    due = read_date(given.get("due", "")) if given.get("due") else None
    minutes.note(
        id,
        given.get("kind", ""),
        given.get("words", ""),
        actor=request.actor,
        seat_id=whole(given.get("seat")),
        due_on=due,
    )
    return _("记下了")


def _answer(request: Request, id: int) -> str:
    minutes.answer(id, _number(request), request.POST.get("words", ""), actor=request.actor)
    return _("答复记下了")


def _carry(request: Request, id: int) -> str:
    minutes.carry(id, _number(request), whole(request.POST.get("to")) or 0, actor=request.actor)
    return _("转到下一场了")


def _assign(request: Request, id: int) -> str:
    given = request.POST
    due = read_date(given.get("due", "")) if given.get("due") else None
    _item, case = doors.assign(id, _number(request), actor=request.actor, seat_id=whole(given.get("seat")), due_on=due)
    return _("交办了，案号 {number}").format(number=case.number)


def _close(request: Request, id: int) -> str:
    given, kind = request.POST, queries.view(id, actor=request.actor).kind
    data = {f.id: given.get(f.id) for f in kind.record if f.id in given}
    minutes.close(id, data, actor=request.actor, done=given.getlist("done"), expected_seq=_seq(request))
    return _("整理完了")


def _move(request: Request, id: int) -> str:
    starts, ends = times(request.POST)
    row = queries.view(id, actor=request.actor).row
    _row, lost = planning.move(
        id,
        starts,
        ends,
        actor=request.actor,
        venue_id=row.venue_id,
        room=request.POST.get("room"),
        expected_seq=_seq(request),
    )
    if lost:
        return _("改了期。{who} 那时另有安排，退出了，请告诉他们").format(who="、".join(b.label for b in lost))
    return _("改了期，请告诉报名的人")


def _change(request: Request, id: int) -> str:
    given = request.POST
    seats = given.get("seats", "").strip()
    planning.change(
        id, actor=request.actor, title=given.get("title"), room=given.get("room"), seats=whole(seats),
        unlimited=not seats, expected_seq=_seq(request),
    )  # fmt: skip
    return _("改好了")


def _cancel(request: Request, id: int) -> str:
    planning.cancel(id, actor=request.actor, reason=request.POST.get("reason", ""), expected_seq=_seq(request))
    return _("取消了，场地和时间空出来了，请告诉报名的人")


def _file(request: Request, id: int) -> str:
    view = queries.view(id, actor=request.actor)
    if view.mine is None:
        raise NotFound("booking.not_found")
    data = {f.id: request.POST.get(f.id) for f in view.kind.takeaway if f.id in request.POST}
    signing.take_away(id, view.mine.number, data, actor=request.actor)
    return _("交上了")


ACTS = {
    "join": _join, "sign": _sign, "withdraw": _withdraw, "attend": _attend, "note": _note, "answer": _answer,
    "carry": _carry, "assign": _assign, "close": _close, "move": _move, "change": _change, "cancel": _cancel, "file": _file,
    **session_care.ACTS,
}  # fmt: skip


@staff
@require_POST
def sheet(request: Request, session_id: int) -> HttpResponse:
    """The list to print and sign by hand: masked names, room for walk-ins; logged as an export before it leaves."""
    view = queries.view(session_id, actor=request.actor)
    if not view.may_convene:
        raise NotAllowed("session.not_organiser")
    shown = [b for b in view.bookings if b.state != "waiting"]
    with db.write():
        made = exports.log(
            "session.sheet", actor=request.actor, form="print", rows=len(shown), about=f"session:{session_id}"
        )
    context = {
        "view": view, "row": view.row, "bookings": shown, "empty": range(len(shown) + 1, len(shown) + 11),
        "mark": exports.mark(made), "place": place_name(view.row.place_id, "town"), "name": view.kind.title,
    }  # fmt: skip
    return render(request, "desk/session_sheet.html", context)


@staff
@require_safe
def poster(request: Request, session_id: int) -> HttpResponse:
    """An A4 poster; with a code to sign up by where residents may."""
    view = queries.view(session_id, actor=request.actor)
    address = request.build_absolute_uri(reverse("activity", args=[session_id])) if _portal(view.row) else ""
    context = {
        "view": view, "row": view.row, "name": view.kind.title, "address": address,
        "qr": SafeString(places.qr_svg(address)) if address else "", "place": place_name(view.row.place_id, "town"),
        "roles": [(ROLES[role], view.roles.get(role, "")) for role in view.row.roles],
    }  # fmt: skip
    return render(request, "desk/session_poster.html", context)


def _portal(row: Session) -> bool:
    from django.conf import settings

    return row.public and "portal" in settings.GEZHI_ZONES


@staff
@require_http_methods(["GET", "POST"])
def contact(request: Request, session_id: int, number: int) -> HttpResponse:
    """A guest's name and phone in full, for a stated purpose; the look is logged."""
    view = queries.view(session_id, actor=request.actor)
    booking = next((b for b in view.bookings if b.number == number and b.contact_ref), None)
    if not view.may_convene or booking is None:
        raise NotFound("booking.not_found")
    refusal: Refusal | None = None
    shown: dict[str, str] = {}
    if request.method == "POST":
        try:
            text = people.reveal(
                booking.contact_ref or 0, actor=request.actor, purpose=request.POST.get("purpose", ""),
                about=f"session:{session_id}", path=access.path_of(view.row),
            )  # fmt: skip
            shown = json.loads(text)
        except (Invalid, NotFound) as refused:
            refusal = refused
    context = {
        "view": view,
        "row": view.row,
        "booking": booking,
        "shown": shown,
        "refusal": refusal,
        "typed": request.POST,
    }
    return show(
        request, "desk/session_contact.html", context, here="activities", status=refusal.http if refusal else 200
    )
