"""值班: the month of a town's roster, who is on now, planning and swapping, and what one shift leaves to the next."""

from __future__ import annotations

import calendar as months
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.foundation import calendar, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from gezhi.foundation.forms import read_date
from gezhi.foundation.people import Actor, actions
from gezhi.foundation.people.duty_notes import Entry, notes_of
from gezhi.foundation.people.models import Person, Shift
from gezhi.foundation.people.roster import duty_seats, on_duty, roster
from gezhi.interfaces.site.requests import Request

from ..menu import home_place
from ..names import person_name, seat_name
from ..page import show, staff, tell
from .staff import person_of

REFUSED = (Invalid, Conflict, NotAllowed, NotFound)
NOTES_BACK = timedelta(days=7)


@staff
@require_http_methods(["GET", "POST"])
def month(request: Request, place: int | None = None) -> HttpResponse:
    """`?month=2026-11`: the month's calendar; POST do=rotate plans days, do=note hands over, do=taken has read."""
    place = place or _first_town(request.actor)
    if place is None:
        raise NotFound()
    _need_to_look(request.actor, place)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            return _do(request, place)
        except REFUSED as refused:
            refusal = refused
    first = _month(request.GET.get("month", ""))
    last = first.replace(day=months.monthrange(first.year, first.month)[1])
    # Whole weeks are shown; the days of the neighbouring months stand grey beside them.
    start, end = first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())
    table = roster(place, start, end)
    posts, now = people.directory().posts, clock.now()
    by_day: dict[date, list[dict[str, Any]]] = {}
    for shift in table.shifts:
        seat = people.directory().seat(shift.seat_id)
        by_day.setdefault(shift.on, []).append(
            {
                "shift": shift,
                "who": person_name(shift.person_id),
                "leads": posts[seat.post].falls_to is not None and not posts[posts[seat.post].falls_to or ""].duty,
                "now": shift.since <= now < shift.until,
            }
        )
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    weeks = [
        [
            {
                "day": day,
                "inside": first <= day <= last,
                "today": day == clock.today(),
                "off": not calendar.is_workday(day),
                "name": calendar.day_name(day),
                "shifts": by_day.get(day, []),
            }
            for day in days[n : n + 7]
        ]
        for n in range(0, len(days), 7)
    ]
    directory = places.directory()
    mine = _my_shift(request.actor, place)
    manages = request.actor.may("duty.manage", directory.path(place))
    context: dict[str, Any] = {
        "place": directory.place(place),
        "name": places.short_name(directory.place(place).name),
        "first": first,
        "before": (first - timedelta(days=1)).strftime("%Y-%m"),
        "after": (last + timedelta(days=1)).strftime("%Y-%m"),
        "weeks": weeks,
        "seats": table.seats,
        "holes": [(seat_name(seat), since, until) for seat, since, until in table.holes],
        "on_now": [
            {
                "seat": one.seat,
                "shift": one.shift,
                "until": one.until,
                "falls": "" if one.shift or one.seat_id == one.seat.id else seat_name(one.seat_id),
                "persons": [(p, person_name(p)) for p in one.persons],
            }
            for one in on_duty(place)
        ],
        "may_reveal": request.actor.may("personal.reveal", directory.path(place)),
        "manages": manages,
        "mine": mine,
        "notes": _notes(request.actor, place) if manages or mine else [],
        "towns": _towns(request.actor, place),
        "typed": request.POST,
        "refusal": refusal,
    }
    return show(request, "desk/duty.html", context, here="duty", status=refusal.http if refusal else 200)


@staff
@require_http_methods(["GET", "POST"])
def shift(request: Request, shift: int) -> HttpResponse:
    """One shift: swap it with another one, have somebody else take it over, or take it off."""
    row = Shift.objects.select_related("seat").filter(pk=shift).first()
    if row is None or row.until is None or row.until == row.since:
        raise NotFound()
    place = row.seat.place_id
    _need_to_look(request.actor, place)
    refusal: Refusal | None = None
    if request.method == "POST":
        given = request.POST
        try:
            if given.get("do") == "swap":
                other = int(given["other"]) if given.get("other", "").isdecimal() else 0
                actions.swap(shift, other, note=given.get("note", ""), actor=request.actor)
            elif given.get("do") == "relieve":
                actions.relieve(shift, person_of(given), note=given.get("note", ""), actor=request.actor)
            elif given.get("do") == "cancel":
                actions.cancel(shift, actor=request.actor)
            else:
                raise NotFound()
            tell(request, _("值班表已改"), seat_name(row.seat_id))
            return redirect(f"{reverse('desk:duty_of', args=[place])}?month={clock.local(row.since):%Y-%m}")
        except REFUSED as refused:
            refusal = refused
    now = clock.now()
    upcoming = Shift.objects.filter(seat_id__in=[seat.id for seat in duty_seats(place)], since__gt=now)
    others = upcoming.exclude(pk=shift).exclude(person_id=row.person_id).order_by("since")[:62]
    context = {
        "shift": row,
        "place": place,
        "label": seat_name(row.seat_id),
        "who": person_name(row.person_id),
        "begun": row.since <= now,
        "over": row.until <= now,
        "others": [(o, person_name(o.person_id), seat_name(o.seat_id)) for o in others if o.until != o.since],
        "manages": request.actor.may("duty.manage", places.directory().path(place)),
        "typed": request.POST,
        "refusal": refusal,
    }
    return show(request, "desk/duty_shift.html", context, here="duty", status=refusal.http if refusal else 200)


@staff
@require_http_methods(["GET", "POST"])
def phone(request: Request, place: int, person: int) -> HttpResponse:
    """The phone number of somebody on duty now, after saying why; logged like every look."""
    _need_to_look(request.actor, place)
    if person not in {p for one in on_duty(place) for p in one.persons}:
        raise NotFound()
    ref = Person.objects.filter(pk=person).values_list("phone_ref", flat=True).first()
    context: dict[str, Any] = {
        "place": place, "who": person_name(person), "phone": "", "error": "", "purpose": "", "none": ref is None,
    }  # fmt: skip
    status = 200
    if request.method == "POST" and ref is not None:
        context["purpose"] = request.POST.get("purpose", "")
        try:
            context["phone"] = people.reveal(
                ref,
                actor=request.actor,
                purpose=context["purpose"],
                about=f"person:{person}",
                path=places.directory().path(place),
            )
        except Invalid as refusal:
            context["error"], status = refusal.field_errors.get("purpose", refusal.what), 422
    return show(request, "desk/duty_phone.html", context, here="duty", status=status)


def _do(request: Request, place: int) -> HttpResponse:
    given = request.POST
    back = f"{reverse('desk:duty_of', args=[place])}?month={given.get('month', '')}"
    if given.get("do") == "rotate":
        seat = int(given["seat"]) if given.get("seat", "").isdecimal() else 0
        if seat not in {one.id for one in duty_seats(place)}:
            raise NotFound()
        first, last = read_date(given.get("first", "")), read_date(given.get("last", ""))
        if first is None or last is None:
            raise Invalid("duty.times", field_errors={"first": _("日期写作 2026-11-30。")})
        persons = [_one(line) for line in given.get("persons", "").replace("、", "\n").splitlines() if line.strip()]
        made = actions.plan_rotation(
            seat, persons, first, last, actor=request.actor, replace=given.get("replace") == "1"
        )
        tell(request, _("排了 {n} 个班").format(n=len(made)), seat_name(seat))
        back = f"{reverse('desk:duty_of', args=[place])}?month={first:%Y-%m}"
    elif given.get("do") == "note":
        shift = int(given["shift"]) if given.get("shift", "").isdecimal() else 0
        lines = [Entry(line.strip()) for line in given.get("entries", "").splitlines() if line.strip()]
        actions.hand_over_shift(shift, lines, actor=request.actor)
        tell(request, _("交班已记下"), _("下一班的人打开就看得到。"))
    elif given.get("do") == "taken":
        actions.take_over_note(int(given["note"]) if given.get("note", "").isdecimal() else 0, actor=request.actor)
        tell(request, _("已签收交班"), "")
    else:
        raise NotFound()
    return redirect(back)


def _one(words: str) -> int:
    """A person of the rotation: a phone number, or a name only one person bears."""
    words = words.strip()
    return person_of({"phone": words} if words[:1].isdigit() else {"name": words})


def _notes(actor: Actor, place: int) -> list[dict[str, Any]]:
    found = notes_of(place, actor=actor, since=clock.now() - NOTES_BACK)
    return [
        {
            "note": note,
            "by": person_name(note.written_by),
            "taken": person_name(note.taken_by),
            "may_take": note.taken_by is None
            and note.written_by != actor.person_id
            and note.seat_id in actor.answering,
        }
        for note in found
    ]


def _my_shift(actor: Actor, place: int) -> int | None:
    """The shift of this place the person is on now, or whose end lies within the last day: what they may hand over."""
    now = clock.now()
    rows = Shift.objects.filter(
        person_id=actor.person_id, seat__place_id=place, since__lte=now, until__gt=now - timedelta(days=1)
    )
    return rows.order_by("-since").values_list("id", flat=True).first()


def _need_to_look(actor: Actor, place: int) -> None:
    directory = places.directory()
    if place not in directory:
        raise NotFound()
    path = directory.path(place)
    on_it = any(seat.id in actor.answering for seat in duty_seats(place))
    if not on_it and not any(actor.may(power, path) for power in ("duty.manage", "case.supervise")):
        raise NotAllowed()


def _first_town(actor: Actor) -> int | None:
    home, directory = home_place(actor), places.directory()
    if home is None:
        return None
    town = directory.path(home).town_id
    if town is not None:
        return town
    with_seats = [place for place in directory.of_kind("town") if directory.is_within(place, home)]
    return next((place for place in with_seats if duty_seats(place)), next(iter(with_seats), None))


def _towns(actor: Actor, place: int) -> list[tuple[int, str]]:
    """The other towns of the county whose roster this person may look at."""
    directory = places.directory()
    county = directory.path(place).county_id
    beside = directory.children(county) if county is not None else ()
    return [
        (town, places.short_name(directory.place(town).name))
        for town in beside
        if town != place and any(actor.may(power, directory.path(town)) for power in ("duty.manage", "case.supervise"))
    ]


def _month(written: str) -> date:
    today = clock.today()
    year, _dash, number = written.partition("-")
    if year.isdecimal() and number.isdecimal() and 2000 <= int(year) <= 2100 and 1 <= int(number) <= 12:
        return date(int(year), int(number), 1)
    return today.replace(day=1)
