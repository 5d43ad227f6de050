"""走访: the rules in force, how each stands by place with every number open, waivers, and the plan of a village's week."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from gezhi.engines.duties import actions, findings, queries, standings
from gezhi.engines.duties.access import sees
from gezhi.engines.duties.rhythms import Period
from gezhi.engines.duties.rules import Rule
from gezhi.engines.duties.schema import rule as rule_of
from gezhi.engines.duties.schema import rules
from gezhi.engines.duties.standings import Standing
from gezhi.foundation import packs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotFound
from gezhi.foundation.forms import Field
from gezhi.foundation.people import Actor
from gezhi.interfaces.site.requests import Request

from ..menu import home_place
from ..names import person_name, place_name
from ..page import show, staff, tell, whole
from ..rhythms import period_words, rhythm_words

POWER = "register.see"
SHOWN = 200
LEVEL = {"county": "county", "town": "town", "village": "village", "grid1": "grid", "grid2": "grid", "grid3": "grid"}
WHAT = {
    "due": gettext_lazy("应做"), "done": gettext_lazy("做了"), "late": gettext_lazy("补做"), "missed": gettext_lazy("没做到"), "waived": gettext_lazy("免做"), "open": gettext_lazy("还没做"),
}  # fmt: skip
STATES = {
    "open": gettext_lazy("还没做"),
    "done": gettext_lazy("做了"),
    "missed": gettext_lazy("没做到"),
    "waived": gettext_lazy("免做"),
}
TONES = {"open": "running", "done": "done", "missed": "overdue", "waived": "waiting"}
BELOW = {"county": "town", "town": "village", "village": "grid", "grid": "grid"}


def _place(request: Request, place: int | None = None) -> int:
    """The place the page is about, within what the actor may see. Raises NotAllowed, NotFound."""
    actor, directory = request.actor, places.directory()
    actor.need(POWER)
    place = place or whole(request.GET.get("place"))
    if place is None:
        scopes = actor.places(POWER)
        home = home_place(actor)
        inside = home is not None and actor.may(POWER, directory.path(home))
        place = home if inside else scopes[0][1]
    if place is None or place not in directory or directory.place(place).kind not in LEVEL:
        raise NotFound()
    actor.need(POWER, directory.path(place))
    return place


def _within(place: int) -> tuple[str, int]:
    return LEVEL[places.directory().place(place).kind], place


def _chain(actor: Actor, place: int) -> list[tuple[int, str]]:
    """The places above that the actor may open, widest first."""
    directory = places.directory()
    above = [up for up in directory.ancestors(place) if directory.place(up).kind in LEVEL]
    return [(up, place_name(up, "county")) for up in reversed(above) if actor.may(POWER, directory.path(up))]


@staff
@require_safe
def rules_page(request: Request) -> HttpResponse:
    """`/desk/duties?place=`: what has climbed here, and each rule's running (or last) period."""
    place = _place(request)
    known = [
        (rule, next(iter(queries.latest(rule, count=1)), None)) for rule in rules() if sees(rule, place, request.actor)
    ]
    pairs = [(rule, period) for rule, period in known if period is not None]
    standing = standings.board(pairs, _within(place))
    rows = [
        {"rule": rule, "title": packs.say(rule.title), "rhythm": rhythm_words(rule), "period": period_words(period),
         "key": period.key, "at": standing[rule.name], "done_share": _share(standing[rule.name])}
        for rule, period in pairs if standing[rule.name].due
    ]  # fmt: skip
    climbed = [
        {"owed": owed, "row": row, "seat": _seat(row.seat_id), "where": place_name(row.place_id)}
        for owed, row in queries.climbed(request.actor, limit=SHOWN)
    ]
    directory = places.directory()
    village = directory.path(place).village_id
    if village is not None and not request.actor.may(POWER, directory.path(village)):
        village = None  # a grid worker's own grid is theirs, the whole village's week is not
    context = {
        "place": place, "name": place_name(place, "county"), "chain": _chain(request.actor, place), "rows": rows,
        "climbed": climbed, "others": len(known) - len(rows), "village": village,
        "children": [(id, place_name(id, "village")) for id in directory.children(place) if directory.place(id).kind in LEVEL][:60],
    }  # fmt: skip
    return show(request, "desk/duties.html", context, here="duties")


def _share(at: Standing) -> int:
    """Done of what was owed and not waived, in percent."""
    owed = at.due - at.waived
    return round(100 * at.done / owed) if owed else 0


def _seat(seat_id: int | None) -> str:
    seat = people.directory().seats.get(seat_id) if seat_id is not None else None
    return seat.label if seat else ""


def _rule(name: str, place: int, actor: Actor) -> Rule:
    """The rule, if the actor may see who is under it here; a register kept from them keeps its rules as well."""
    try:
        found = rule_of(name)
    except NotFound:
        raise NotFound() from None
    if not sees(found, place, actor):
        raise NotFound()
    return found


def _period(rule: Rule, key: str | None) -> tuple[Period, list[Period]]:
    """(the period asked for or the newest, the newest few)."""
    recent = queries.latest(rule, count=8)
    found = rule.named(key) if key else next(iter(recent), None)
    if found is None:
        raise NotFound("duties.not_owed", period=key or "—")
    return found, recent


@staff
@require_safe
def rule_page(request: Request, name: str) -> HttpResponse:
    """`/desk/duties/<rule>?period=&place=`: who owes what, in time or late, by place; every number opens."""
    place = _place(request)
    rule = _rule(name, place, request.actor)
    period, recent = _period(rule, request.GET.get("period"))
    kind = _within(place)[0]
    rows = standings.standing(rule, period, by=BELOW[kind], within=(kind, place))
    total = Standing(place)
    for row in rows:
        total.add(row)
    context = {
        "rule": rule, "title": packs.say(rule.title), "says": packs.say(rule.says), "rhythm": rhythm_words(rule),
        "place": place, "name": place_name(place, "county"), "chain": _chain(request.actor, place),
        "period": period, "words": period_words(period), "recent": [(p.key, period_words(p)) for p in recent],
        "rows": [{"at": row, "id": row.place_id or place, "name": place_name(row.place_id or place)} for row in rows],
        "total": total, "deeper": kind in ("county", "town"), "running": period.closes > clock.now(),
        "seat": _who(rule), "told": _told(rule, period, (kind, place)), "again": _again(rule, (kind, place), recent),
    }  # fmt: skip
    return show(request, "desk/duty_rule.html", context, here="duties")


def _told(rule: Rule, period: Period, within: tuple[str, int]) -> list[dict[str, Any]]:
    """What was recorded in the period, added up by question: each answer with its number."""
    tally = findings.tally(rule, period, within)
    return [
        {"id": f.id, "title": f.label, "answers": [
            {"key": key, "said": _answer(f, key), "n": n} for key, n in sorted(tally[f.id].items(), key=lambda p: str(p[0]))
        ]}
        for f in findings.fields(rule) if tally.get(f.id)
    ]  # fmt: skip


def _again(rule: Rule, within: tuple[str, int], recent: list[Period]) -> list[dict[str, Any]]:
    """Faults found again at the same one, with the periods they were found in."""
    named = {p.key: period_words(p) for p in recent}
    return [
        {"subject": r.subject_id if rule.over[0] == "register" else None, "label": r.label,
         "said": _answer(field, r.value), "periods": "、".join(named[key] for key in r.periods)}
        for field in rule.form if (fine := findings.faults(rule).get(field.id)) is not None
        for r in findings.repeats(rule, field.id, within, recent, besides=fine)
    ]  # fmt: skip


def _answer(field: Field, key: str) -> str:
    if field.type == "choice":
        return next((option.label for option in field.choices if option.value == key), key)
    return {"true": _("是"), "false": _("否"), "sum": _("合计")}.get(key, key)


def _who(rule: Rule) -> str:
    """Who does it, as the rule says."""
    kind, name = rule.seat
    directory = people.directory()
    if kind == "self":
        return _("岗位自己")
    if kind == "post":
        return directory.post(name).title
    other = directory.post(rule.seat_else).title
    return _("台账里指定的人，没有指定的归{post}").format(post=other)


@staff
@require_safe
def rows_page(request: Request, name: str, period: str, what: str) -> HttpResponse:
    """`/desk/duties/<rule>/<period>/<what>?place=&after=`: the rows behind one number, each with its waiver."""
    place = _place(request)
    rule = _rule(name, place, request.actor)
    if what not in WHAT:
        raise NotFound()
    given, _recent = _period(rule, period)
    asked, answer = request.GET.get("found", ""), request.GET.get("answer", "")
    if asked and what == "done":
        found = findings.rows(rule, given, _within(place), asked, answer, size=SHOWN)
    else:
        found = queries.behind(
            rule, given, what, _within(place), size=SHOWN + 1, after=whole(request.GET.get("after")) or 0
        )
    more = len(found) > SHOWN
    actor = request.actor
    directory = places.directory()
    rows = [
        {"owed": owed, "seat": _seat(owed.seat_id), "where": place_name(owed.place_id), "state": str(STATES[owed.state]),
         "tone": TONES[owed.state], "waivable": owed.state in ("open", "missed") and bool(rule.waive)
         and owed.seat_id not in actor.seats and actor.may("case.supervise", directory.path(owed.place_id))}
        for owed in found[:SHOWN]
    ]  # fmt: skip
    context = {
        "rule": rule, "title": packs.say(rule.title), "period": given, "words": period_words(given), "what": what,
        "says": str(WHAT[what]), "place": place, "name": place_name(place, "county"), "rows": rows,
        "after": found[SHOWN - 1].subject_id if more else None, "grounds": [(k, packs.say(t)) for k, t in rule.waive.items()],
    }  # fmt: skip
    return show(request, "desk/duty_rows.html", context, here="duties")


@staff
@require_POST
def waive(request: Request, name: str, period: str, subject_id: int) -> HttpResponse:
    """`…/waive/<subject>`: this one need not be done, on one of the rule's grounds."""
    place = _place(request)
    rule = _rule(name, place, request.actor)
    owed = queries.one(name, subject_id, period, request.actor)
    if owed is None or not sees(rule, owed.place_id, request.actor):
        raise NotFound("duties.not_owed", period=period)  # what one may not see is not there
    back = f"{reverse('desk:duty_rows', args=[name, period, request.POST.get('what') or 'open'])}?place={place}"
    try:
        actions.waive(
            name,
            subject_id,
            period,
            request.POST.get("ground", ""),
            actor=request.actor,
            note=request.POST.get("note", ""),
        )
    except Invalid as refusal:
        tell(request, refusal.what, refusal.next, tone="wrong")
        return redirect(back)
    tell(request, _("免了一次"), packs.say(rule.waive[request.POST["ground"]]))
    return redirect(back)


@staff
@require_safe
def plan(request: Request, place: int) -> HttpResponse:
    """`/desk/duties/plan/<village>?from=2026-11-16`: the week of a village, a column a day, for the wall and the bag."""
    place = _place(request, place)
    if places.directory().place(place).kind != "village":
        raise NotFound()
    try:
        first = date.fromisoformat(request.GET.get("from", ""))
    except ValueError:
        first = clock.today()
    first -= timedelta(days=first.weekday())
    days = [first + timedelta(days=n) for n in range(7)]
    lines = queries.plan(place, days[0], days[-1], actor=request.actor)
    seats: dict[int, dict[date, list[Any]]] = {}
    for line in lines:
        seats.setdefault(line.owed.seat_id, {}).setdefault(line.day, []).append(line.owed)
    names = {
        id: [person_name(p) for p in people.directory().holders(id)] for id in seats if id in people.directory().seats
    }
    context = {
        "place": place, "name": place_name(place, "county"), "days": days, "today": clock.today(),
        "rows": [
            {"seat": _seat(id), "who": "、".join(names.get(id, [])), "cells": [by.get(day, []) for day in days]}
            for id, by in sorted(seats.items())
        ],
        "before": days[0] - timedelta(days=7), "after": days[0] + timedelta(days=7),
    }  # fmt: skip
    return show(request, "desk/duty_plan.html", context, here="duties")
