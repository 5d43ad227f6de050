"""场地: the rooms and squares near somebody, a week of one with what is taken and what is free, entering and changing one."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.engines.matching import access, planning, venues
from gezhi.engines.matching.models import Venue
from gezhi.foundation import calendar
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotAllowed, Refusal
from gezhi.foundation.forms import read_date
from gezhi.interfaces.site.requests import Request

from ..names import place_name
from ..page import show, staff, tell, whole
from .activities import REFUSED

USED_DAYS = 30


@staff
@require_http_methods(["GET", "POST"])
def index(request: Request) -> HttpResponse:
    """`?q=`: the venues near, how often each was used of late; a new one is entered by whoever runs the place."""
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            row = _open(request)
            tell(request, _("记进场地清单了"), row.name)
            return redirect("desk:venue", venue_id=row.pk)
        except REFUSED as refused:
            if isinstance(refused, NotAllowed):
                raise
            refusal = refused
    q = request.GET.get("q", "").strip()[:40]
    rows = venues.near(request.actor, q=q)
    now = clock.now()
    used = venues.used(rows, now - timedelta(days=USED_DAYS), now)
    coming = venues.used(rows, now, now + timedelta(days=7))
    today = clock.today()
    context = {
        "rows": [
            {
                "row": row, "place": place_name(row.place_id, "town"), "used": used.get(row.pk, 0), "coming": coming.get(row.pk, 0),
                "over": row.until is not None and row.until < today,
            }
            for row in rows
        ],
        "q": q, "cut": len(rows) >= venues.MOST, "days": USED_DAYS,
        "places": [(id, place_name(id, "town")) for id in venues.keeps(request.actor)],
        "refusal": refusal, "wrong": refusal.field_errors if refusal else {}, "typed": request.POST,
    }  # fmt: skip
    return show(request, "desk/venues.html", context, here="activities", status=refusal.http if refusal else 200)


@staff
@require_http_methods(["GET", "POST"])
def venue(request: Request, venue_id: int) -> HttpResponse:
    """`?week=2026-11-16`: seven days of one venue; each free stretch leads to planning something there."""
    row = venues.to_see(venue_id, actor=request.actor)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            _change(request, row)
            tell(request, _("场地改好了"), row.name)
            return redirect("desk:venue", venue_id=row.pk)
        except REFUSED as refused:
            if isinstance(refused, NotAllowed):
                raise
            refusal = refused
    asked = read_date(request.GET.get("week", "")) or clock.today()
    first = asked - timedelta(days=asked.weekday())
    days = venues.days(row, first, 7, actor=request.actor)
    may_plan = bool(access.convenes(request.actor))
    context = {
        "row": row,
        "place": place_name(row.place_id, "county"),
        "first": first, "last": days[-1].on,
        "before": (first - timedelta(days=7)).isoformat(), "after": (first + timedelta(days=7)).isoformat(),
        "days": [
            {
                "day": day.on, "name": calendar.day_name(day.on), "off": not calendar.is_workday(day.on),
                "today": day.on == clock.today(), "lines": _lines(day),
            }
            for day in days
        ],
        "may_plan": may_plan,
        "may_keep": venues.may_keep(row.place_id, actor=request.actor),
        "refusal": refusal, "wrong": refusal.field_errors if refusal else {},
        "typed": request.POST if refusal else _typed(row),
    }  # fmt: skip
    return show(request, "desk/venue.html", context, here="activities", status=refusal.http if refusal else 200)


def _lines(day: venues.Day) -> list[dict[str, Any]]:
    """Taken and free in order of time, with times of this day."""
    begins, over = clock.midnight(day.on), clock.midnight(day.on + timedelta(days=1))
    lines: list[dict[str, Any]] = [
        {"from": max(t.starts, begins), "to": min(t.ends, over), "taken": True, "session": t.session} for t in day.taken
    ]
    lines += [{"from": starts, "to": ends, "taken": False, "session": None} for starts, ends in day.free]
    return sorted(lines, key=lambda line: line["from"])


def _open(request: Request) -> Venue:
    given = request.POST
    place = whole(given.get("place")) or 0
    capacity, until, opens, closes = _bounds(given)
    return planning.open_venue(
        given.get("name", ""), place, actor=request.actor, kind=given.get("kind", ""), owner=given.get("owner", ""),
        condition=given.get("condition", ""), capacity=capacity, until=until, opens=opens, closes=closes,
    )  # fmt: skip


def _change(request: Request, row: Venue) -> None:
    given = request.POST
    capacity, until, opens, closes = _bounds(given)
    venues.change(
        row.pk, actor=request.actor, expected_seq=whole(given.get("seq")), capacity=capacity, until=until, opens=opens,
        closes=closes, about={name: given.get(name, "") for name in venues.ABOUT},
    )  # fmt: skip


def _bounds(given: Any) -> tuple[int | None, date | None, time | None, time | None]:
    """Seats, last day and hours as typed; empty ones are None. Raises Invalid at the field."""
    seats, day = given.get("capacity", "").strip(), given.get("until", "").strip()
    if seats and whole(seats) is None:
        raise Invalid("session.invalid", field_errors={"capacity": _("请填整数。")})
    until = read_date(day) if day else None
    if day and until is None:
        raise Invalid("session.invalid", field_errors={"until": _("日期写作 2026-11-30。")})
    hours: list[time | None] = []
    for name in ("opens", "closes"):
        text = given.get(name, "").strip().replace("：", ":")
        try:
            hours.append(time.fromisoformat(text.zfill(5)) if text else None)
        except ValueError:
            raise Invalid("session.invalid", field_errors={name: _("时间写作 19:30。")}) from None
    return whole(seats), until, hours[0], hours[1]


def _typed(row: Venue) -> dict[str, Any]:
    return {
        "kind": row.kind, "owner": row.owner, "condition": row.condition, "capacity": row.capacity or "",
        "until": row.until.isoformat() if row.until else "", "opens": f"{row.opens:%H:%M}" if row.opens else "",
        "closes": f"{row.closes:%H:%M}" if row.closes else "",
    }  # fmt: skip
