"""收件箱: the open work of the seats one answers for, overdue first, with the matter and its suggestions beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from gezhi.engines.workflows import access, queries
from gezhi.engines.workflows.queries import Task
from gezhi.engines.workflows.views import CaseView, Possible, case_view
from gezhi.foundation.errors import NotFound
from gezhi.interfaces.site.requests import Request

from .. import triage
from ..atlas import spot_map
from ..fields import titled
from ..names import came_by, category_name
from ..page import part, show, staff, wants_part
from ..sentences import told

SHOWN = 100


@staff
@require_safe
def inbox(request: Request) -> HttpResponse:
    """The list with tabs by step; `?stage=` narrows, `?case=` says which one is open beside it."""
    tasks = queries.inbox(request.actor, limit=SHOWN)
    stage = request.GET.get("stage", "")
    tabs = _tabs(tasks)
    title = next((tab["title"] for tab in tabs if stage in tab["stages"]), None)
    shown = [task for task in tasks if not stage or task.stage_title == title]
    chosen = _chosen(shown, request.GET.get("case"))
    late = sum(1 for task in tasks if task.row.clock == "overdue")
    context: dict[str, Any] = {
        "tasks": shown,
        "tabs": tabs,
        "stage": stage,
        "total": len(tasks),
        "late": late,
        "done": queries.done_today(request.actor, limit=20),
        "chosen": chosen,
        "list_url": request.get_full_path(),
        "may_register": request.actor.may("case.raise_for"),
    }
    if chosen is not None:
        context |= detail(request, case_view(chosen.case.id, request.actor), chosen.item.number, context["list_url"])
    return show(request, "desk/inbox.html", context, here="inbox")


@staff
@require_safe
def brief(request: Request, case_id: int) -> HttpResponse:
    """The matter beside the list, for htmx; without htmx the case page itself."""
    view = case_view(case_id, request.actor)
    item = request.GET.get("item", "")
    back = request.GET.get("back", "")
    context = detail(request, view, int(item) if item.isdigit() else None, back if back.startswith("/desk/") else "")
    if wants_part(request):
        return part(request, "desk/parts/detail.html", context)
    raise NotFound()


def detail(request: Request, view: CaseView, item: int | None, back: str) -> dict[str, Any]:
    """What the pane shows: words with what was understood, suggestions while it waits for a unit, the action bar."""
    running = next((i for i in view.items if i.number == item), view.main)
    advice = triage.advice(view) if running is not None and running.stage in ("triage", "triage_street") else None
    return {
        "view": view,
        "case": view.case,
        "item": running,
        "advice": advice,
        "back": back,
        "words": triage.underlined(view.words.text, advice.words if advice else ()),
        "bar": action_bar(view, running.number if running else None),
        "spot": spot_map(view.case),
        "lately": told(view.timeline[-3:]),
        "channel": came_by(view.case),
        "category": category_name(view.case.category, whole=True),
        "view_step": titled(view.flow.stages[running.stage if running else view.case.stage].title),
        "may_reveal": access.may_reveal(view.case, request.actor),
        "sealed_contact": view.case.contact_ref is not None,
        "veiled": view.veiled,
        "clockbar": view.bar,
    }


def action_bar(view: CaseView, item: int | None = None) -> dict[str, Any]:
    """Main action first, three more as buttons, the rest behind 更多; and one line of what cannot be done and why."""
    able = [p for p in view.possible if p.why_not is None]
    main = next((p for p in able if p.main and p.item == item), None) or next((p for p in able if p.main), None)
    rest = [p for p in able if p is not main]
    rest.sort(key=lambda p: (not p.owner_only, p.item != item))
    rest = _one_key_each(rest, {"e"})
    shown, hidden = rest[:3], rest[3:]
    return {"main": main, "shown": shown, "hidden": hidden, "why": _why(view.possible)}


def _one_key_each(able: list[Possible], taken: set[str]) -> list[Possible]:
    """A letter presses one button: where several branches offer the same action, the first one has its key."""
    found = []
    for p in able:
        found.append(replace(p, key=None) if p.key in taken else p)
        taken |= {p.key} if p.key else set()
    return found


def _why(possible: list[Possible]) -> tuple[str, str] | None:
    """The first main action that is not this person's now: (its title, the sentence)."""
    found = next((p for p in possible if p.why_not), None)
    return (found.title, found.why_not or "") if found else None


def _tabs(tasks: list[Task]) -> list[dict[str, Any]]:
    """One tab a step, the fullest first. Steps of several workflows that are called the same are one step to a reader."""
    counts: dict[str, dict[str, Any]] = {}
    for task in tasks:
        tab = counts.setdefault(task.stage_title, {"title": task.stage_title, "stages": [], "count": 0})
        tab["stages"] += [] if task.item.stage in tab["stages"] else [task.item.stage]
        tab["count"] += 1
    return sorted(counts.values(), key=lambda tab: -tab["count"])


def _chosen(tasks: list[Task], wanted: str | None) -> Task | None:
    if wanted and wanted.isdigit():
        return next((task for task in tasks if task.case.id == int(wanted)), tasks[0] if tasks else None)
    return tasks[0] if tasks else None
