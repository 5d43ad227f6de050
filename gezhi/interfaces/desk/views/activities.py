"""会议活动: the month and the list, planning one, what fell due, figures that open to their sessions."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.matching import access, cadence, gathering, held_with, learning, planning, queries, venues
from gezhi.engines.matching.models import Session, Venue
from gezhi.engines.matching.schema import Activity, activity, competences, course, courses
from gezhi.engines.matching.words import EVERY, KINDS, ROLES, SLOTS, STATES
from gezhi.foundation import calendar, measures, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from gezhi.foundation.forms import read_date
from gezhi.foundation.measures import Opens, parse_period
from gezhi.foundation.packs.reading import localised
from gezhi.interfaces.site.answers import form_key, new_key
from gezhi.interfaces.site.requests import Request

from ..menu import home_place
from ..names import place_name
from ..page import show, staff, tell, whole

REFUSED = (Invalid, Conflict, NotAllowed, NotFound)
MONTHS_SHOWN = 6


@staff
@require_safe
def month(request: Request) -> HttpResponse:
    """`?month=2026-11&activity=&place=`: the calendar of a month, and the same as a list below it."""
    first = month_of(request.GET.get("month", ""))
    name, place = request.GET.get("activity", ""), whole(request.GET.get("place"))
    since, until = queries.month(first)
    rows = queries.between(request.actor, since, until, place=place, name=name)
    by_day: dict[date, list[Session]] = {}
    for row in rows:
        by_day.setdefault(clock.local(row.starts).date(), []).append(row)
    start = clock.local(since).date()
    days = [start + timedelta(days=n) for n in range((clock.local(until).date() - start).days)]
    cells = [
        {
            "day": day, "inside": day.month == first.month, "today": day == clock.today(),
            "off": not calendar.is_workday(day), "name": calendar.day_name(day), "rows": by_day.get(day, []),
        }
        for day in days
    ]  # fmt: skip
    context = {
        "first": first,
        "before": (first - timedelta(days=1)).strftime("%Y-%m"),
        "after": (first + timedelta(days=31)).strftime("%Y-%m"),
        "weeks": [cells[n : n + 7] for n in range(0, len(cells), 7)],
        "lines": [line(row) for row in rows if clock.local(row.starts).month == first.month],
        "chosen": name,
        "kinds": queries.seen_names(request.actor),
        "place": place,
        "place_name": place_name(place) if place else "",
        "may_plan": bool(access.convenes(request.actor)),
        "cut": len(rows) >= queries.LIMIT,
        "courses": bool(courses()),
    }
    return show(request, "desk/activities.html", context, here="activities")


def line(row: Session) -> dict[str, Any]:
    """A session as a list says it."""
    return {
        "row": row, "kind": KINDS[row.kind], "state": STATES[row.state], "where": row.room or place_name(row.place_id),
        "place": place_name(row.place_id), "name": localised(activity(row.activity, row.version).body["title"]),
    }  # fmt: skip


@staff
@require_http_methods(["GET", "POST"])
def plan(request: Request) -> HttpResponse:
    """`?activity=lecture`: put one, or a weekly series, into the calendar."""
    kinds = access.convenes(request.actor)
    given = request.POST if request.method == "POST" else request.GET
    kind = next((k for k in kinds if k.name == given.get("activity", "")), None)
    if request.method == "POST" and kind is None:
        raise NotAllowed("session.not_organiser")
    refusal: Refusal | None = None
    if request.method == "POST" and kind is not None:
        try:
            made = _plan(request, kind)
            tell(request, _("安排好了 {n} 场").format(n=len(made)), made[0].title)
            return redirect("desk:session", session_id=made[0].pk)
        except REFUSED as refused:
            refusal = refused
    if not kinds:
        raise NotAllowed("session.not_organiser")
    spots = access.places_to_convene(kind, actor=request.actor) if kind else []
    directory = places.directory()
    below = [id for spot in spots for id in (spot, *directory.descendants(spot)) if directory.open(id)][:400]
    context = {
        "kinds": [(k.name, k.title, KINDS[k.kind]) for k in kinds],
        "kind": kind,
        "places": [(id, directory.label(id, "town") or places.short_name(directory.place(id).name)) for id in below],
        "venues": _venues(request, given) if kind else [],
        "wanted": urlencode({n: given[n] for n in ("venue", "day", "from", "to") if given.get(n)}),
        "themes": [(t["id"], localised(t["title"])) for t in kind.themes["of"]] if kind else [],
        "roles": [(role, ROLES[role], given.get(f"role_{role}", "")) for role in (kind.roles if kind else ())],
        "courses": [(c.name, c.title) for c in courses()] if kind and not kind.public else [],
        "partners": held_with.offered(kind, request.actor) if kind else [],
        "with_partners": bool(kind and kind.partners),
        "ticked": [int(v) for v in given.getlist("partner") if v.isdecimal()],
        "typed": given,
        "refusal": refusal,
        "wrong": refusal.field_errors if refusal else {},
        "key": given.get("key") or new_key(),
        "today": clock.today(),
    }
    return show(request, "desk/activity_new.html", context, here="activities", status=refusal.http if refusal else 200)


def _venues(request: Request, given: Any) -> list[Venue]:
    """The venues near, with the one that was asked for wherever it lies."""
    found = venues.near(request.actor)
    asked = whole(given.get("venue"))
    if asked is not None and all(row.pk != asked for row in found):
        found += list(Venue.objects.filter(pk=asked))
    return found


def _plan(request: Request, kind: Activity) -> list[Session]:
    given = request.POST
    starts, ends = times(given)
    weeks = whole(given.get("weeks")) or 1
    every = [(starts + timedelta(weeks=n), ends + timedelta(weeks=n)) for n in range(min(weeks, 61))]
    seats = given.get("seats", "").strip()
    if seats and whole(seats) is None:
        raise Invalid("session.invalid", field_errors={"seats": _("请填整数。")})
    lesson = given.get("lesson", "").strip()
    return planning.plan_series(
        kind.name, whole(given.get("place")) or 0, every, actor=request.actor, title=given.get("title", ""),
        themes=[given.get("theme", "")], venue_id=whole(given.get("venue")), room=given.get("room", ""),
        seats=whole(seats), roles={r: given.get(f"role_{r}", "") for r in kind.roles},
        course=given.get("course", "") if lesson else "", lessons=[lesson],
        partners=[int(v) for v in given.getlist("partner") if v.isdecimal()], key=form_key(request),
    )  # fmt: skip


def times(given: Any) -> tuple[datetime, datetime]:
    """Date, start and end as typed. Raises Invalid at the field."""
    day = read_date(given.get("day", ""))
    if day is None:
        raise Invalid("session.invalid", field_errors={"day": _("日期写作 2026-11-30。")})
    found = []
    for name in ("from", "to"):
        hour, _colon, minute = given.get(name, "").strip().replace("：", ":").partition(":")
        if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
            raise Invalid("session.invalid", field_errors={name: _("时间写作 19:30。")})
        found.append(clock.midnight(day) + timedelta(hours=int(hour), minutes=int(minute)))
    return found[0], found[1]


@staff
@require_safe
def due(request: Request) -> HttpResponse:
    """`?activity=&month=`: what is due by rhythm, unit by unit, the missed first to be seen."""
    kinds = [k for k in queries.seen_names(request.actor) if k.rhythm is not None]
    chosen = next((k for k in kinds if k.name == request.GET.get("activity")), kinds[0] if kinds else None)
    last = clock.today()
    first = (last.replace(day=1) - timedelta(days=31 * (MONTHS_SHOWN - 1))).replace(day=1)
    if chosen is not None and chosen.rhythm is not None and chosen.rhythm["every"] == "week":
        first = last - timedelta(weeks=8)
    rows: dict[str, list[cadence.Due]] = {}
    place = _look(request)
    for one in cadence.due(chosen.name, first, last, place=place) if chosen and place else ():
        rows.setdefault(one.unit, []).append(one)
    table: list[dict[str, Any]] = [
        {
            "name": cadence.unit_name(unit),
            "cells": [
                {"due": d, "state": SLOTS[d.state], "opens": d.sessions[0] if d.sessions else None} for d in line
            ],
            "missed": sum(d.state == "missed" for d in line),
        }
        for unit, line in rows.items()
    ]
    context = {
        "kinds": [(k.name, k.title) for k in kinds],
        "chosen": chosen,
        "every": EVERY[chosen.rhythm["every"]] if chosen and chosen.rhythm else "",
        "slots": [d.slot for d in next(iter(rows.values()), [])],
        "table": sorted(table, key=lambda row: -row["missed"]),
        "missed": sum(row["missed"] for row in table),
        "place_name": place_name(place, "county") if place else "",
        "no_theme": cadence.themes_missing(chosen.name, first, last, place=place)
        if chosen and chosen.themes["each"] and place
        else [],
    }
    return show(request, "desk/activity_due.html", context, here="activities")


@staff
@require_safe
def figures(request: Request) -> HttpResponse:
    """`?period=2026-11`: sessions, persons and person-times by place and theme; each number opens to its sessions."""
    request.actor.need("case.see")
    place = _look(request)
    period = parse_period(request.GET["period"]) if request.GET.get("period") else measures.month_of(clock.today())
    name = request.GET.get("activity", "")
    names = {k.name for k in queries.seen_names(request.actor)}
    # What is kept to certain posts is counted only when it is asked for by name, and only for those posts.
    where: dict[str, Any] = {"activity": name} if name in names else {"restricted": False}
    told = measures.measure(("sessions", "person_times", "heads"), period=period, place=place, where=where)
    told |= measures.measure(("persons", "named_times"), period=period, place=place, where=where)
    groups = []
    for by, title in _groups(name in names):
        rows = measures.table(("sessions", "person_times"), by=by, period=period, place=place, where=where)
        counted = {
            row.group: row.figures
            for row in measures.table(("persons",), by=by, period=period, place=place, where=where)
        }
        groups.append((title, [_figure_row(by, row, counted.get(row.group, {}), name) for row in rows]))
    context = {
        "period": period, "before": period.back(), "after": period.back(-1), "told": told, "groups": groups,
        "place": place, "place_name": place_name(place, "county") if place else "", "chosen": name,
        "kinds": [(k.name, k.title) for k in queries.seen_names(request.actor)],
    }  # fmt: skip
    return show(request, "desk/activity_figures.html", context, here="activities")


@staff
@require_safe
def partners(request: Request) -> HttpResponse:
    """`?activity=&period=2026-11`: what was held with each partner; persons once, person-times summed; each opens."""
    kinds = [k for k in queries.seen_names(request.actor) if k.partners]
    chosen = next((k for k in kinds if k.name == request.GET.get("activity")), kinds[0] if kinds else None)
    period = parse_period(request.GET["period"]) if request.GET.get("period") else measures.month_of(clock.today())
    place = _look(request)
    each, whole = (
        held_with.by_partner(request.actor, chosen.name, period.since, period.until, place=place)
        if chosen and place
        else ([], held_with.Held())
    )
    together = held_with.names(row.pk for row in whole.sessions)
    context = {
        "kinds": [(k.name, k.title) for k in kinds], "chosen": chosen, "period": period, "before": period.back(),
        "after": period.back(-1), "each": each, "whole": whole,
        "events": [(line(row), together.get(row.pk, [])) for row in whole.sessions],
        "place_name": place_name(place, "county") if place else "",
    }  # fmt: skip
    return show(request, "desk/activity_partners.html", context, here="activities")


@staff
@require_safe
def gathered(request: Request) -> HttpResponse:
    """`?activity=&period=2026-11&at=2026-12-01T09:00`: what every unit recorded, as closed at the cut; the missing are named."""
    kinds = [k for k in queries.seen_names(request.actor) if k.rhythm is not None and len(list(k.record))]
    chosen = next((k for k in kinds if k.name == request.GET.get("activity")), kinds[0] if kinds else None)
    period = parse_period(request.GET["period"]) if request.GET.get("period") else measures.month_of(clock.today())
    at, error = None, ""
    try:
        at = datetime.fromisoformat(request.GET["at"]).replace(tzinfo=clock.SHANGHAI) if request.GET.get("at") else None
    except ValueError:
        error = _("时间写作 2026-11-30T18:00，按现在显示。")
    place = _look(request)
    found = (
        gathering.gathered(chosen.name, period.first, period.last, actor=request.actor, place=place, at=at)
        if chosen and place
        else None
    )
    context = {
        "kinds": [(k.name, k.title) for k in kinds], "chosen": chosen, "period": period, "before": period.back(),
        "after": period.back(-1), "found": found, "at": request.GET.get("at", "") if not error else "", "error": error,
        "cut": clock.local(found.at) if found else None, "place_name": place_name(place, "county") if place else "",
    }  # fmt: skip
    return show(request, "desk/activity_gathered.html", context, here="activities")


def _groups(one: bool) -> list[tuple[str, str]]:
    """By what the figures are cut; themes mean something within one activity only."""
    return [("village", _("按村（社区）")), ("theme", _("按主题")) if one else ("activity", _("按活动"))]


def _figure_row(by: str, row: measures.Row, counted: Any, name: str) -> dict[str, Any]:
    if row.group is None:
        named = _("没有写明")
    elif by == "theme":
        named = activity(name).theme_title(row.group) or _("没有主题")
    else:
        named = activity(row.group).title if by == "activity" else place_name(row.group)
    return {"name": named or _("全县"), "figures": row.figures, "persons": counted.get("persons")}


@staff
@require_safe
def rows(request: Request) -> HttpResponse:
    """The sessions behind a number; of a number of persons, the sessions they came to."""
    request.actor.need("case.see")
    try:
        opens = Opens.from_query(request.GET)
        if opens is None or measures.METRICS[opens.metric].source not in ("sessions", "attendances"):
            raise ValueError
        found = measures.opened_by(opens)
        if opens.place is None or not request.actor.may("case.see", places.directory().path(opens.place)):
            raise NotFound()
        ids = found.values_list("session_id" if found.model is not Session else "pk", flat=True)
        listed = Session.objects.filter(access.visible(request.actor), pk__in=ids).order_by("starts", "id")[
            : queries.LIMIT
        ]
    except (ValueError, KeyError, LookupError):
        raise NotFound() from None
    metric = measures.METRICS[opens.metric]
    context = {
        "title": str(metric.title), "definition": str(metric.definition), "lines": [line(row) for row in listed],
    }  # fmt: skip
    return show(request, "desk/activity_rows.html", context, here="activities")


@staff
@require_safe
def course_list(request: Request) -> HttpResponse:
    """Courses, and what the people one supervises lack for their posts."""
    titles = competences()
    place, directory = _look(request), people.directory()
    map_of = places.directory()
    near = [
        s for s in directory.seats.values()
        if place is not None and not s.closed and (s.place_id == place or map_of.is_within(s.place_id, place))
    ] if request.actor.may("people.manage") or request.actor.may("case.supervise") else []  # fmt: skip
    persons = list(dict.fromkeys(p for seat in near for p in directory.holders(seat.id)))
    if request.actor.person_id is not None and request.actor.person_id not in persons:
        persons.append(request.actor.person_id)
    lacking = learning.gaps(persons)
    names = {p: [directory.seat(s).label for s in directory.held(p)] for p in persons if lacking[p]}
    context = {
        "courses": [(c.name, c.title, len(c.required), c.body["choose"], len(c.elective)) for c in courses()],
        "lacking": [
            (directory.person(p).name_public, "、".join(names[p][:2]), [titles.get(code, code) for code in lacking[p]])
            for p in persons if lacking[p]
        ][:200],
        "by_gap": Counter(titles.get(code, code) for codes in lacking.values() for code in codes).most_common(),
        "any": bool(titles),
    }  # fmt: skip
    return show(request, "desk/courses.html", context, here="activities")


@staff
@require_safe
def course_page(request: Request, name: str) -> HttpResponse:
    """One course: who is on it, what they have passed and what is missing. For those who manage it."""
    kind = course(name)
    if not learning.may_manage(kind, actor=request.actor):
        raise NotAllowed("session.not_organiser")
    directory = people.directory()
    lines = learning.progress(name)
    posts = directory.posts
    context = {
        "kind": kind,
        "lines": [
            {
                "name": directory.person(p.trainee.person_id).name_public, "place": place_name(p.trainee.place_id), "p": p,
                "missing": [kind.lesson_title(id) for id in p.standing.missing[:6]], "more": max(0, len(p.standing.missing) - 6),
            }
            for p in lines
        ],
        "complete": sum(p.standing.complete for p in lines),
        "person_times": sum(len(p.standing.passed) for p in lines),
        "owners": [
            (title, posts[kind.body["owners"][part]].title)
            for part, title in (("plan", _("计划")), ("support", _("技术支持")), ("check", _("督导检查")))
            if kind.body["owners"].get(part) in posts
        ],
    }  # fmt: skip
    return show(request, "desk/course.html", context, here="activities")


def month_of(written: str) -> date:
    """The first day of a month written 2026-11; of this month for anything else."""
    year, _dash, number = written.partition("-")
    if year.isdecimal() and number.isdecimal() and 2000 <= int(year) <= 2100 and 1 <= int(number) <= 12:
        return date(int(year), int(number), 1)
    return clock.today().replace(day=1)


def _look(request: Request) -> int | None:
    """The place the page is about: the one asked for, when it may be looked at, else the person's own."""
    asked = whole(request.GET.get("place"))
    if asked is not None:
        directory = places.directory()
        if asked not in directory or not request.actor.may("case.see", directory.path(asked)):
            raise NotFound()
        return asked
    home = home_place(request.actor)
    if home is not None and request.actor.may("case.see", places.directory().path(home)):
        return home
    return next((place for _kind, place in request.actor.places("case.see")), None)


def url_of(row: Session) -> str:
    """Where a session is."""
    return reverse("desk:session", args=[row.pk])
