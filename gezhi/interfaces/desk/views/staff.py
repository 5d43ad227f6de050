"""人员: posts and seats of a place, who sits in them, vacancies, substitutes; appoint, substitute, leave, hand over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gezhi.engines.workflows.models import OPEN, WorkItem
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal, register
from gezhi.foundation.forms import read_date
from gezhi.foundation.people import actions
from gezhi.foundation.people.queries import seats_within
from gezhi.interfaces.site.requests import Request

from ..menu import home_place
from ..names import person_name, place_name
from ..page import show, staff, tell

register(
    "desk.person", 422, gettext_lazy("没有找到这个人。"), gettext_lazy("姓名要和登记的完全一样；同名的有几位时，请用电话。"),
    gettext_lazy("请核对后再试，或者先登记这个人。"),
)  # fmt: skip

SEATS = 300


@staff
@require_safe
def people_page(request: Request, place: int | None = None) -> HttpResponse:
    """Seats of a place, level by level, with holders, substitutes and vacancies; counts by post at a date."""
    request.actor.need("people.manage")
    directory = places.directory()
    place = place or _first_managed(request)
    if place is None or place not in directory:
        raise NotFound()
    request.actor.need("people.manage", directory.path(place))
    everyone = people.directory()
    roles = people.roles_at(place)
    inside = seats_within(place)
    post = request.GET.get("post", "")
    shown = [seat for seat in inside if (seat.post == post if post else seat.place_id == place)]
    vacant = request.GET.get("vacant") == "1"
    if vacant:
        empty = {seat.id for seat in roles.vacant}
        shown = [seat for seat in inside if seat.id in empty and (not post or seat.post == post)]
    load = open_work([seat.id for seat in shown[:SEATS]])
    rows = [_row(everyone, seat, load) for seat in shown[:SEATS]]
    context: dict[str, Any] = {
        "place": directory.get(place),
        "name": places.short_name(directory.get(place).name),
        "roles": roles,
        "rows": rows,
        "post": post,
        "vacant": vacant,
        "more": max(0, len(shown) - SEATS),
        "all_seats": len(inside),
        "chain": [
            (id, places.short_name(directory.get(id).name))
            for id in reversed(directory.ancestors(place))
            if request.actor.may("people.manage", directory.path(id))
        ],
        "children": [
            (c, places.short_name(directory.get(c).name))
            for c in directory.children(place)
            if directory.get(c).kind in ("county", "town", "village")
        ],
    }
    return show(request, "desk/people.html", context, here="people")


@staff
@require_http_methods(["GET", "POST"])
def seat_page(request: Request, seat: int) -> HttpResponse:
    """One seat: its persons and terms, its open work, and the forms that change who sits there."""
    directory = people.directory()
    info = directory.seat(seat)
    request.actor.need("people.manage", places.directory().path(info.place_id))
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            return _change(request, seat)
        except (Invalid, Conflict, NotAllowed, NotFound) as refused:
            refusal = refused
            directory = people.directory()
    now = clock.now()
    terms = directory.terms.get(seat, ())
    effective = directory.effective(seat, now)
    context = {
        "seat": info,
        "refusal": refusal,
        "typed": request.POST,
        "reasons": actions.REASONS.items(),
        "terms": [
            {
                "who": person_name(t.person_id),
                "person": t.person_id,
                "since": t.since,
                "until": t.until,
                "substitute": t.substitute,
                "now": t.covers(now),
            }
            for t in sorted(terms, key=lambda t: t.since)
        ],
        "effective": directory.seat(effective.seat_id),
        "who": [person_name(p) for p in effective.persons],
        "vacant": not directory.holders(seat, now),
        "above": directory.above(seat) and directory.seat(directory.above(seat)),
        "open": WorkItem.objects.filter(state=OPEN, owner_seat=seat, case__protected="").count(),
        "where": place_name(info.place_id, "county"),
        "powers": [str(people.POWERS[p]) for p in sorted(directory.post(info.post).powers)],
    }
    return show(request, "desk/seat.html", context, here="people", status=refusal.http if refusal else 200)


@staff
@require_safe
def hand_over(request: Request, person: int) -> HttpResponse:
    """The list a person signs when leaving: seats, who answers for each, the open work they had drawn."""
    found = people.hand_over_list(person)
    directory = people.directory()
    for row in found.seats:
        request.actor.need("people.manage", places.directory().path(directory.seat(row.seat_id).place_id))
    if not found.seats:
        request.actor.need("people.manage")
    items = (
        WorkItem.objects.filter(state=OPEN, person_id=person, case__protected="")
        .select_related("case")
        .order_by("due_at")[:200]
    )
    seats = [
        {
            "label": row.label,
            "answering": directory.seat(row.to_seat_id).label,
            "who": [person_name(p) for p in row.to_persons],
        }
        for row in found.seats
    ]
    context = {"person": directory.person(person), "seats": seats, "items": items}
    return show(request, "desk/hand_over.html", context, here="people")


@staff
@require_POST
def leave(request: Request, person: int) -> HttpResponse:
    """The person leaves every seat now; their open work passes on in the same transaction."""
    actions.leave(person, actor=request.actor)
    tell(request, _("{who}已离开所有席位").format(who=person_name(person)), _("手里没办完的事已交给接任的席位。"))
    return redirect("desk:hand_over", person=person)


def _change(request: Request, seat: int) -> HttpResponse:
    """The three changes of a seat page, by the name of the button pressed."""
    given = request.POST
    doing: dict[str, Callable[[], Any]] = {
        "appoint": lambda: actions.appoint(seat, person_of(given), actor=request.actor, since=day_of(given, "since")),
        "substitute": lambda: actions.substitute(
            seat,
            person_of(given),
            actor=request.actor,
            since=day_of(given, "since"),
            until=day_of(given, "until", end=True) or clock.now(),
            reason=given.get("reason", "leave"),
        ),
        "vacate": lambda: actions.vacate(seat, actor=request.actor, person_id=int(given["person"])),
    }
    do = doing.get(given.get("do", ""))
    if do is None:
        raise NotFound()
    do()
    said = {"appoint": _("已任命"), "substitute": _("已安排代班"), "vacate": _("已离任")}[given["do"]]
    tell(request, said, people.directory().seat(seat).label)
    return redirect(reverse("desk:seat", args=[seat]))


def person_of(given: Any) -> int:
    """The person meant: by phone, else by exact name when only one bears it. Raises Invalid desk.person."""
    phone, name = given.get("phone", "").strip(), given.get("name", "").strip()
    found = actions.find_by_phone(phone) if phone else actions.find_by_name(name) if name else []
    if len(found) != 1:
        raise Invalid("desk.person", field_errors={"name" if not phone else "phone": _("没有找到，或者有几位同名。")})
    return found[0]


def day_of(given: Any, name: str, end: bool = False) -> datetime | None:
    """A date of the form as an instant: its first moment, or with `end` the first moment after it."""
    written = given.get(name, "").strip()
    if not written:
        return None
    day = read_date(written)
    if day is None:
        raise Invalid(field_errors={name: _("日期写作 2026-11-30。")})
    moment = clock.midnight(day)
    if end:
        moment += timedelta(days=1)
    return moment if end or moment > clock.now() else None


def _row(everyone: Any, seat: Any, load: dict[int, int]) -> dict[str, Any]:
    now = clock.now()
    holders = [t for t in everyone.terms.get(seat.id, ()) if t.covers(now)]
    effective = everyone.effective(seat.id, now)
    return {
        "seat": seat,
        "holders": [person_name(t.person_id) for t in holders if not t.substitute],
        "substitutes": [(person_name(t.person_id), t.until) for t in holders if t.substitute],
        "falls": everyone.seat(effective.seat_id).label if effective.seat_id != seat.id else "",
        "open": load.get(seat.id, 0),
    }


def open_work(seats: list[int]) -> dict[int, int]:
    """Open items by owning seat, one query."""
    counts: dict[int, int] = {}
    for seat in WorkItem.objects.filter(state=OPEN, owner_seat__in=seats, case__protected="").values_list(
        "owner_seat", flat=True
    ):
        if seat is not None:
            counts[seat] = counts.get(seat, 0) + 1
    return counts


def _first_managed(request: Request) -> int | None:
    scopes = request.actor.places("people.manage")
    return scopes[0][1] if scopes else home_place(request.actor)
