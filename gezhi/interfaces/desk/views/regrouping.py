"""辖区调整: split, merge, absorb, move, rename, re-code or close a place from a day on, previewed before it is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.workflows import replacing
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound, Refusal
from gezhi.foundation.forms import read_date
from gezhi.foundation.people.succeeding import following
from gezhi.foundation.places import changes, plans
from gezhi.foundation.places.fitting import cut_by_line
from gezhi.foundation.places.models import Place, PlaceChange
from gezhi.foundation.places.plans import Part, Plan
from gezhi.foundation.places.shapes import read_shape, shapes_on
from gezhi.interfaces.site.requests import Request

from ..names import person_name
from ..page import show, staff, tell

KINDS = {
    "split": gettext_lazy("拆分"),
    "merge": gettext_lazy("合并成新的"),
    "absorb": gettext_lazy("并入相邻的"),
    "move": gettext_lazy("换上级"),
    "rename": gettext_lazy("改名"),
    "recode": gettext_lazy("换代码"),
    "close": gettext_lazy("撤销"),
    "redraw": gettext_lazy("重划"),
}
OFFERED = ("split", "merge", "absorb", "move", "rename", "recode", "close")
STATES = {"planned": gettext_lazy("等生效"), "done": gettext_lazy("已生效")}
PARTS = 4
SHOWN = 200
_PAIR = re.compile(r"(-?\d+(?:\.\d+)?)\s*[,，]\s*(-?\d+(?:\.\d+)?)")


@staff
@require_http_methods(["GET", "POST"])
def change(request: Request, place: int, kind: str) -> HttpResponse:
    """The form of one kind of change; posted it shows what would happen, and with `step=do` does it."""
    info = _managed(request, place)
    if kind not in OFFERED:
        raise NotFound()
    refusal: Refusal | None = None
    plan: Plan | None = None
    if request.method == "POST":
        try:
            plan = _PLANS[kind](place, request.POST, _day(request.POST))
            if request.POST.get("step") == "do" and plan.fine:
                done = changes.apply(plan, actor=request.actor, reason=request.POST.get("reason", "").strip())
                return _done(request, done, place)
        except Refusal as refused:
            refusal = refused
    context = _context(place, kind, request.POST)
    context |= {"refusal": refusal, "plan": plan, "place": info, "seen": _seen(plan) if plan is not None else None}
    status = refusal.http if refusal else 422 if plan is not None and not plan.fine else 200
    return show(request, "desk/regroup.html", context, here="places", status=status)


@staff
@require_http_methods(["GET", "POST"])
def undo(request: Request, change_id: int) -> HttpResponse:
    """What taking a change back would do; posted, it is done as another change."""
    row = PlaceChange.objects.filter(pk=change_id).first()
    if row is None:
        raise NotFound()
    _managed(request, row.place_id)
    refusal: Refusal | None = None
    plan = changes.undoing(change_id, on=_day(request.POST))
    if request.method == "POST" and request.POST.get("step") == "do" and plan.fine:
        try:
            done = changes.apply(plan, actor=request.actor, undoes=change_id, reason=_("恢复原状"))
            return _done(request, done, row.place_id)
        except Refusal as refused:
            refusal = refused
    known = places.directory()
    context = {
        "place": known.get(row.place_id), "name": places.short_name(known.place(row.place_id).name), "kind": plan.kind,
        "kind_name": KINDS[plan.kind], "undoing": True, "typed": request.POST, "plan": plan, "seen": _seen(plan),
        "refusal": refusal, "day": plan.on, "today": clock.today(),
    }  # fmt: skip
    return show(request, "desk/regroup.html", context, here="places", status=refusal.http if refusal else 200)


@staff
@require_safe
def record(request: Request, place: int) -> HttpResponse:
    """Every change of a place and of what lies in it, newest first, with what takes it back."""
    _managed(request, place)
    known = places.directory()
    inside = {place, *known.descendants(place)}
    rows = []
    for row in PlaceChange.objects.order_by("-pk")[:SHOWN]:
        ids = {*row.plan["olds"], *row.plan["news"]}
        if not (ids & inside or row.plan["parent"] in inside):
            continue
        rows.append(row)
    names = dict(
        Place.objects.filter(pk__in={id for r in rows for id in (*r.plan["olds"], *r.plan["news"])}).values_list(
            "id", "name"
        )
    )
    undone = {row.undoes for row in rows if row.undoes}
    lines = [
        {
            "row": row,
            "kind": KINDS[row.kind],
            "state": STATES[row.state],
            "olds": "、".join(places.short_name(names[id]) for id in row.plan["olds"]),
            "news": "、".join(places.short_name(names[id]) for id in row.plan["news"]),
            "undone": row.pk in undone,
        }
        for row in rows
    ]
    info = known.place(place)
    context = {"place": info, "name": places.short_name(info.name), "rows": lines}
    return show(request, "desk/place_changes.html", context, here="places")


def _managed(request: Request, place: int) -> Any:
    known = places.directory()
    info = known.get(place)
    if info is None:
        raise NotFound()
    # A closed place has no parents today; who manages the places of the county may still look at its record.
    request.actor.need("places.manage", *([known.path(place)] if not info.closed else []))
    return info


def _done(request: Request, done: PlaceChange, place: int) -> HttpResponse:
    later = done.state == "planned"
    words = _("已定下，从 {day} 起生效").format(day=done.on) if later else _("已调整，在办的事和席位都已跟过去")
    tell(request, words, _("要恢复，可在变更记录里再定一次。"), undo=(_("看变更记录"), ""))
    known = places.directory()
    up = place if known.open(place) else done.plan["parent"]
    return redirect("desk:place_changes", place=up if up is not None else place)


def _day(given: QueryDict) -> date:
    try:
        return read_date(str(given.get("on") or "")) or clock.today()
    except ValueError:
        return clock.today()


def _context(place: int, kind: str, typed: QueryDict) -> dict[str, Any]:
    known = places.directory()
    info, up = known.place(place), known.parent(place) or known.parent(place, "unit")
    layer = "governance" if known.parent(place) is not None or up is None else "unit"
    siblings = [
        id for id in (known.children(up, layer) if up is not None else ()) if id != place
        and known.place(id).kind == info.kind
    ]  # fmt: skip
    inside = [c for each in places.LAYERS for c in known.children(place, each)]
    chosen = {int(id) for id in typed.getlist("with") if id.isdigit()}
    drawn = place in shapes_on(known.on, [place])
    context: dict[str, Any] = {
        "kind": kind,
        "kind_name": KINDS[kind],
        "name": places.short_name(info.name),
        "label": known.label(place),
        "drawn": drawn,
        "typed": typed,
        "today": clock.today(),
        "day": _day(typed),
        "siblings": [(id, places.short_name(known.place(id).name), id in chosen) for id in siblings],
        "others": [(key, KINDS[key]) for key in OFFERED if key != kind],
        "kind_word": places.LABELS[info.kind],
    }
    if kind == "split":
        context["parts"] = [(n, typed.get(f"name{n}", ""), typed.get(f"code{n}", ""), n < 2) for n in range(PARTS)]
        context["inside"] = [
            (c, places.short_name(known.place(c).name), typed.get(f"to{c}", "")) for c in inside[:SHOWN]
        ]
        if drawn and info.point:
            context["view"] = places.map_view(up) if up is not None else None
    if kind == "move" and up is not None:
        above = known.place(up)
        top = known.at_level(place, "county") or up
        context["parents"] = [
            (id, known.label(id, "town"), str(id) == typed.get("parent"))
            for id in sorted({top, *known.descendants(top)})
            if id != up and known.place(id).kind == above.kind and not known.is_within(id, place)
        ][:2000]
    context["code"] = info.code
    return context


# --- from a form to a plan ------------------------------------------------------------
def _split(place: int, given: QueryDict, day: date) -> Plan:
    known = places.directory(day)
    inside = [c for each in places.LAYERS for c in known.children(place, each)]
    scheme = _scheme(known, place)
    names = [(n, given.get(f"name{n}", "").strip()) for n in range(PARTS)]
    used = [(n, name) for n, name in names if name]
    line = [(float(x), float(y)) for x, y in _PAIR.findall(given.get("line", ""))]
    shapes: list[Any] = [None] * len(used)
    kept = shapes_on(known.on, [place])
    if len(line) >= 2 and place in kept:
        pieces = cut_by_line(read_shape(kept[place].wkb), line)
        if len(pieces) != len(used):
            words = _("这条线把它分成 {n} 块，写了 {m} 个名称").format(n=len(pieces), m=len(used))
            return Plan("split", day, (place,), problems=(words,))
        shapes = list(pieces)
    parts = [
        Part(
            name,
            {scheme: code} if (code := given.get(f"code{n}", "").strip()) else {},
            shapes[position],
            frozenset(c for c in inside if given.get(f"to{c}") == str(n)),
        )
        for position, (n, name) in enumerate(used)
    ]
    return plans.split(place, parts, on=day)


def _merge(place: int, given: QueryDict, day: date) -> Plan:
    known = places.directory(day)
    code = given.get("code", "").strip()
    part = Part(given.get("name", "").strip(), {_scheme(known, place): code} if code else {})
    return plans.merge([place, *_ids(given, "with")], part, on=day)


def _absorb(place: int, given: QueryDict, day: date) -> Plan:
    into = _ids(given, "into")
    return plans.absorb([place], into[0] if into else 0, on=day)


def _move(place: int, given: QueryDict, day: date) -> Plan:
    known = places.directory(day)
    layer = "governance" if known.parent(place) is not None else "unit"
    to = _ids(given, "parent")
    return plans.move([place], to[0] if to else 0, on=day, layer=layer)


def _rename(place: int, given: QueryDict, day: date) -> Plan:
    return plans.rename(place, given.get("name", ""), on=day)


def _recode(place: int, given: QueryDict, day: date) -> Plan:
    scheme = _scheme(places.directory(day), place)
    return plans.recode({place: {scheme: given.get("code", "").strip()}}, on=day)


def _close(place: int, given: QueryDict, day: date) -> Plan:
    return plans.close(place, on=day)


_PLANS: dict[str, Callable[[int, QueryDict, date], Plan]] = {
    "split": _split, "merge": _merge, "absorb": _absorb, "move": _move, "rename": _rename, "recode": _recode,
    "close": _close,
}  # fmt: skip


def _ids(given: QueryDict, key: str) -> list[int]:
    return [int(id) for id in given.getlist(key) if id.isdigit()]


def _scheme(known: Any, place: int) -> str:
    kind = known.place(place).kind
    if kind in places.GRIDS:
        return "grid" if known.parent(place) is not None else "unit"
    return "building" if kind == "building" else "stats"


def _seen(plan: Plan) -> dict[str, Any]:
    """What the plan would do, in words and counts."""
    work = replacing.preview(plan) if plan.fine else None
    said = plans.describe(plan)
    for number, part in enumerate(said["parts"]):
        part["cases"] = work.to.get(number, 0) if work else 0
    closing = plan.olds if plan.kind in ("split", "merge", "absorb", "redraw", "close") else ()
    seats = [
        {"label": row.seat.label, "who": [person_name(p) for p in row.persons], "also": row.also}
        for row in following(closing, {old: len(h) for old, h in plan.heirs.items()})
    ]
    known = places.directory()
    codes = [
        (known.place(id).name, known.place(id).code, "、".join(new.values()))
        for id, new in list(plan.codes.items())[:50]
    ]
    return {
        "work": work,
        "parts": said["parts"],
        "olds": said["olds"],
        "seats": seats,
        "codes": codes,
        "parent": known.label(plan.parent) if plan.parent is not None and plan.parent in known else "",
        "stays": plan.kind == "close",
        "root": people.directory().chain.root,
        "cases_url": reverse("desk:cases"),
    }
