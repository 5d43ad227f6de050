"""排班: who is on when by a roster's rule, what lacks somebody, the level in force, and standing in."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.engines.matching import people_of, rostering
from gezhi.engines.matching.rosters import Roster, rosters
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal
from gezhi.foundation.forms import read_date
from gezhi.foundation.people import Actor
from gezhi.interfaces.site.requests import Request

from .. import decided
from ..names import place_name
from ..page import show, staff, tell, whole

SHOWN = timedelta(days=14)


def mine(actor: Actor) -> list[tuple[Roster, int]]:
    """The rosters the actor plans, each with a place."""
    return decided.by(actor, rosters(), lambda kind: kind.planners)


@staff
@require_http_methods(["GET", "POST"])
def one(request: Request, name: str) -> HttpResponse:
    """`/desk/rosters/<roster>?place=&first=&last=`: two weeks from today, or the proposal for the days asked for.

    POST do=adopt | level | relieve.
    """
    kind, place = decided.asked(request, name, mine(request.actor), rostering.may_plan)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            tell(request, DO.get(request.POST.get("do", ""), _nothing)(request, kind, place))
            return redirect(f"{reverse('desk:roster', args=[name])}?place={place}")
        except (Invalid, Conflict) as refused:
            refusal = refused
    first, last = _days(request.POST if refusal else request.GET)
    found: rostering.Plan | None = None
    if first and last:
        try:
            found = rostering.propose(name, place, first, last, actor=request.actor)
        except Invalid as refused:
            refusal = refusal or refused
    held = rostering.level(name, place)
    since = clock.midnight(clock.today())
    until = since + SHOWN
    who = {row.pk: row.label for row, _line in people_of.lines(kind.register, kind.states, place)}
    rule = kind.rule(held.level if held else "")
    context = {
        "kind": kind, "place": place, "name": place_name(place, "county"), "refusal": refusal, "found": found,
        "held": held, "rule": rule, "rest": int(rule.rest.total_seconds() // 3600), "levels": kind.levels, "who": who,
        "wrong": refusal.field_errors if refusal else {}, "first": first or clock.today() + timedelta(days=1), "last": last,
        "proposed": _by_slot([(a, b, found.who[w].label, None) for (a, b), w in found.turns]) if found else [],
        "short": [(a, b, n) for (a, b), n in found.short] if found else [],
        "holes": [(a, b, n) for (a, b), n in rostering.holes(name, place, clock.now(), until)],
        "turns": _by_slot([
            (t.starts, t.ends, who.get(t.subject_id) or _("不在册了"), t) for t in rostering.turns(name, place, since, until)
        ]),
    }  # fmt: skip
    return show(request, "desk/roster.html", context, here="activities", status=refusal.http if refusal else 200)


def _by_slot(rows: list[tuple[Any, Any, str, Any]]) -> list[dict[str, Any]]:
    slots: dict[tuple[Any, Any], list[tuple[str, Any]]] = {}
    for starts, ends, label, turn in rows:
        slots.setdefault((starts, ends), []).append((label, turn))
    now = clock.now()
    return [
        {"starts": a, "ends": b, "who": who, "now": a <= now < b, "over": b <= now}
        for (a, b), who in sorted(slots.items(), key=lambda item: item[0])
    ]


def _days(given: Any) -> tuple[date | None, date | None]:
    try:
        return tuple(read_date(given.get(key, "")) if given.get(key) else None for key in ("first", "last"))  # type: ignore[return-value]
    except ValueError:
        return None, None


def _adopt(request: Request, kind: Roster, place: int) -> str:
    first, last = _days(request.POST)
    if first is None or last is None:
        raise Invalid("roster.invalid", field_errors={"last": _("从哪天到哪天写对，最长半年。")})
    row = rostering.adopt(
        kind.name, place, first, last, actor=request.actor, seen=request.POST.get("seen", ""),
        gaps=request.POST.get("gaps") == "1",
    )  # fmt: skip
    return _("排好了，到 {until}").format(until=clock.said_ending(row.ends)[5:])


def _level(request: Request, kind: Roster, place: int) -> str:
    to, reason = request.POST.get("level", ""), request.POST.get("reason", "")
    _row, made = rostering.set_level(kind.name, place, to, actor=request.actor, reason=reason)
    lacking = sum(len(one.short) for one in made)
    if lacking:
        return _("改好了，后面的班按新规定重排；有 {n} 班缺人，标在下面").format(n=lacking)
    return _("改好了，后面的班按新规定重排")


def _relieve(request: Request, kind: Roster, place: int) -> str:
    turn, who = whole(request.POST.get("turn")), whole(request.POST.get("who"))
    rostering.relieve(turn or 0, who or 0, actor=request.actor)
    return _("换好了")


def _nothing(request: Request, kind: Roster, place: int) -> str:
    raise NotFound()


DO = {"adopt": _adopt, "level": _level, "relieve": _relieve}
