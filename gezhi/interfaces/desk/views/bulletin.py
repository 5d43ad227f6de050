"""The bulletin of a place: a week or a month in words, charts and tables, every number opening its cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gezhi.engines.publishing.bulletins import queries as sealed
from gezhi.engines.publishing.bulletins.schema import PERIODS, template
from gezhi.engines.publishing.bulletins.sealing import may_seal
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import measures, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound
from gezhi.foundation.measures import OWN, Figure, Period, Row
from gezhi.foundation.packs.reading import localised
from gezhi.interfaces.site.requests import Request

from .. import charts
from ..names import category_name
from ..page import show, staff
from ..route import course
from . import live

TOTALS = (
    "reported", "accepted", "filed", "refused", "carried", "need_close", "closed", "closed_on_time", "closed_late",
    "late_not_closed", "late", "closed_rate", "closed_on_time_rate", "closed_late_rate", "need_handle",
    "handled_on_time", "handled_on_time_rate", "late_not_handled", "open", "open_late", "returned_rate",
    "extended_rate", "reworked_rate", "reopened_rate", "false_closed", "false_closed_rate", "responded_rate", "answered", "solved", "unsolved",
    "solved_rate", "solved_rate_weighted", "satisfied_rate", "not_dissatisfied_rate", "followed_rate", "on_the_spot",
    "half_hour_rate",
)  # fmt: skip
RATES = (
    "closed_rate", "closed_on_time_rate", "closed_late_rate", "handled_on_time_rate", "returned_rate",
    "extended_rate", "reworked_rate", "reopened_rate", "false_closed_rate", "responded_rate", "followed_rate", "solved_rate",
    "solved_rate_weighted", "satisfied_rate", "not_dissatisfied_rate",
)  # fmt: skip
BELOW = {"province": "county", "city": "county", "county": "town", "town": "village", "village": "grid"}
LATE_TOGETHER = 3  # so many late cases of one unit, and at least half of all, are worth the headline


@staff
@require_safe
def bulletins(request: Request) -> HttpResponse:
    """The door: this week of the widest place the person may read about."""
    scopes = request.actor.places("bulletin.read")
    request.actor.need("bulletin.read")
    if not scopes:
        raise NotFound()
    return redirect("desk:bulletin", place=scopes[0][1], kind="week", period=measures.week_of(clock.today()).name)


@staff
@require_safe
def bulletin(request: Request, place: int, kind: str, period: str) -> HttpResponse:
    """One bulletin. Six queries of figures whatever the size of the place; places and names are those of its time."""
    when = measures.parse_period(period)
    directory = places.directory(_day(when))
    info = directory.get(place)
    if info is None or when.kind != kind or kind not in PERIODS:
        raise NotFound()
    request.actor.need("bulletin.read", directory.path(place))
    if request.GET.get("template"):
        return live.live(request, place, when, request.GET["template"])
    at = clock.now()
    totals = measures.measure(TOTALS, period=when, place=place, at=at)
    before = measures.measure(("reported", "closed_on_time_rate"), period=when.back(), place=place, at=at)
    units = measures.table(
        ("need_close", "closed_on_time", "late", "closed_on_time_rate"), by="unit", period=when, place=place, at=at
    )
    spots = _spots(info.kind, place, when, at, directory)
    kinds = measures.table(("reported", "late"), by="category", period=when, place=place, at=at)
    trend = measures.series(
        ("reported", "closed"), periods=when.run(5 if kind == "quarter" else 12), place=place, at=at
    )
    change = (totals["reported"].value or 0) - (before["reported"].value or 0)
    frozen = sealed.of_period(place, period)
    for row in frozen:
        row.name = localised(template(row.template, row.version).title)  # type: ignore[attr-defined]
    context = {
        "place": info,
        "name": places.short_name(info.name),
        "live": live.offered(info.kind, kind),
        "period": when,
        "totals": totals,
        "before": before,
        "more": f"{change:,}" if change > 0 else "",
        "fewer": f"{-change:,}" if change < 0 else "",
        "suffix": {"week": _("治理周通报"), "month": _("治理月通报"), "quarter": _("治理季通报")}[kind],
        "headline": _headline(totals, units, directory),
        "units": _unit_rows(units, places.short_name(info.name), directory),
        "spots": spots,
        "kinds": _top_kinds(kinds),
        "trend": trend,
        "chart": _chart(trend),
        "steps": _steps(place, when),
        "spot": measures.spot_time(period=when, place=place) if totals["on_the_spot"].value else None,
        "rates": [totals[id] for id in RATES],
        "running": when.until > at,
        "cut": min(when.until, at),
        "frozen": frozen,
        "may_seal": may_seal(request.actor, directory.path(place)) and when.until <= at and not frozen,
        "links": _links(request, place, when),
        "around": _around(request, place, directory),
    }
    return show(request, "desk/bulletin.html", context, here="bulletin")


def _day(when: Period) -> date:
    """The last day a bulletin speaks of: grids that were split since are shown as they were."""
    return min(when.last, clock.today())


def _headline(totals: dict[str, Any], units: list[Row], then: places.Directory) -> list[str]:
    """Two short lines made by rule: where lateness is concentrated, else what came and how much kept its date."""
    late, rate = totals["late"].value or 0, totals["closed_on_time_rate"]
    worst = max(units, key=lambda row: row.figures["late"].value or 0, default=None)
    if late and worst is not None and worst.group is not None:
        share = worst.figures["late"].value or 0
        if share >= LATE_TOGETHER and share * 2 >= late:
            return [
                _("超期 {late} 件，").format(late=late),
                _("{share} 件在{unit}").format(
                    share=share, unit=people.label_on(people.directory().seat(worst.group), then)
                ),
            ]
    first = _("收到 {count} 件，").format(count=totals["reported"].text)
    if rate.value is None:
        return [first, _("还没有到期的事")]
    if not late:
        return [first, _("到期的都按期办结")]
    return [first, _("按期结案 {rate}").format(rate=rate.text)]


def _spots(kind: str, place: int, when: Period, at: Any, directory: places.Directory) -> list[dict[str, Any]]:
    """The places directly below, in their own order, with what came and what is late; load in four shades."""
    by = BELOW.get(kind)
    if by is None:
        return []
    rows = measures.table(("reported", "open_late"), by=by, period=when, place=place, at=at)
    known = {row.group: row.figures for row in rows}
    below = directory.children(place) if by != "grid" else tuple(directory.grids_under(place))
    most = max((f["reported"].value or 0 for f in known.values()), default=0)
    spots = []
    for id in below:
        info = directory.get(id)
        if by != "grid" and info.kind != by:
            continue
        figures = known.get(id)
        count = figures["reported"].value if figures else 0
        spots.append(
            {
                "id": id,
                "name": places.short_name(info.name),
                "figures": figures,
                "count": count,
                "shade": 0 if not count else 1 + min(3, 4 * count // (most + 1)),
            }
        )
    if None in known:
        spots.append(
            {
                "id": None,
                "name": _("未到这一级"),
                "figures": known[None],
                "count": known[None]["reported"].value,
                "shade": 0,
            }
        )
    return spots


def _unit_rows(units: list[Row], name: str, then: places.Directory) -> dict[str, Any]:
    """Units with anything owed in the order of the directory, never ranked; what villages and grids did themselves
    is summed, with its lines one tap away and without rates: behind such a seat stands one person."""
    directory = people.directory()
    rows: list[dict[str, Any]] = []
    own: list[dict[str, Any]] = []
    for row in units:
        if not row.figures["need_close"].value:
            continue
        seat = directory.seats.get(row.group) if row.group is not None else None
        fine, late = row.figures["closed_on_time"].value or 0, row.figures["late"].value or 0
        line = {
            "name": people.label_on(seat, then).removeprefix(name) if seat else _("没有分派到单位的"),
            "figures": row.figures,
            "order": (seat is None, row.group or 0),
            "bar": [("running", fine), ("overdue", late)],
            "comparable": measures.rankable(row.figures["closed_on_time_rate"]),
        }
        (own if seat is not None and not seat.organisation_name else rows).append(line)
    rows.sort(key=lambda line: line["order"])
    own.sort(key=lambda line: line["order"])
    sums = {id: _sum_of([line["figures"][id] for line in own]) for id in ("need_close", "closed_on_time", "late")}
    widest = max([line["figures"]["need_close"].value for line in rows] + [sums["need_close"].value or 0], default=0)
    for line in (*rows, *own):
        line["svg"] = charts.stack(line["bar"], widest)
    fine, late = (int(sums[id].value or 0) for id in ("closed_on_time", "late"))
    bar = charts.stack([("running", fine), ("overdue", late)], widest)
    return {"rows": rows, "own": own, "sums": sums, "bar": bar}


def _sum_of(figures: list[Figure]) -> Figure:
    """The figure of villages and grids together; it opens to the cases of all of them."""
    if not figures:
        return Figure("", "", "count", "", 0, 0, None, None)
    total = sum(figure.value or 0 for figure in figures)
    opens = figures[0].opens
    if opens is not None:
        opens = replace(opens, where=tuple((name, OWN if name == "unit" else v) for name, v in opens.where))
    return replace(figures[0], value=total, numerator=total, opens=opens)


def _top_kinds(kinds: list[Row]) -> list[dict[str, Any]]:
    most = sorted(kinds, key=lambda row: -(row.figures["reported"].value or 0))[:8]
    return [{"name": category_name(row.group), "figures": row.figures} for row in most]


def _chart(trend: Sequence[Row]) -> str:
    names = [
        row.group.first.strftime("%-m/%-d")
        if row.group.kind == "week"
        else (_("{n} 季") if row.group.kind == "quarter" else _("{n} 月")).format(n=row.group.number)
        for row in trend
    ]
    came = [int(row.figures["reported"].value or 0) for row in trend]
    done = [int(row.figures["closed"].value or 0) for row in trend]
    label = _("收到和办结的走势，最近一期收到 {came} 件、办结 {done} 件").format(came=came[-1], done=done[-1])
    return charts.lines(names, [("came", _("收到"), came), ("done", _("办结"), done)], label)


def _steps(place: int, when: Period) -> dict[str, Any] | None:
    """Where the time of a case goes: the median of each step of the loop, over steps finished in the period."""
    spreads = measures.durations(
        by="stage", since=when.since, until=when.until, place=place, where={"workflow": "request"}
    )
    if not spreads:
        return None
    flow, _hash = definition("request")
    steps: list[dict[str, Any]] = [
        {
            "title": step.title,
            "median": spreads[step.id].median,
            "count": spreads[step.id].count,
            "share": spreads[step.id].median / timedelta(hours=1),
        }
        for step in course(flow).steps
        if step.id in spreads
    ]
    full = sum(step["share"] for step in steps) or 1
    for step in steps:
        step["width"] = max(6, round(100 * step["share"] / full, 1))
    longest = max(steps, key=lambda step: step["share"], default=None)
    return {"steps": steps, "longest": longest, "total": sum((s["median"] for s in steps), timedelta(0))}


def _links(request: Request, place: int, when: Period) -> dict[str, Any]:
    def url(period: Period) -> str:
        return reverse("desk:bulletin", kwargs={"place": place, "kind": period.kind, "period": period.name})

    day = min(when.last, clock.today())
    made = {"week": measures.week_of, "month": measures.month_of, "quarter": measures.quarter_of}
    titles = {"week": _("看这一周"), "month": _("看这个月"), "quarter": _("看这一季")}
    others = [(titles[kind], url(made[kind](day))) for kind in PERIODS if kind != when.kind]
    after = when.back(-1)
    return {"back": url(when.back()), "on": url(after) if after.since <= clock.now() else "", "others": others}


def _around(request: Request, place: int, directory: places.Directory) -> list[dict[str, Any]]:
    """The place above, when the person may read about it."""
    up = directory.parent(place)
    if up is None or not request.actor.may("bulletin.read", directory.path(up)):
        return []
    return [{"id": up, "name": places.short_name(directory.get(up).name)}]
