"""回访: today's calls with the words to say, the tries so far, and the answer in two taps."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gezhi.engines.workflows import access, actions, asking, drawing, queries
from gezhi.engines.workflows.effects import TRIES
from gezhi.engines.workflows.models import Case
from gezhi.foundation import events, measures, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.measures.periods import month_of
from gezhi.foundation.people import crypto
from gezhi.interfaces.site import acting
from gezhi.interfaces.site.answers import new_key
from gezhi.interfaces.site.requests import Request

from ..menu import home_place
from ..names import category_name
from ..page import show, staff, tell

FIGURES = (
    "followed_rate",
    "solved_rate",
    "satisfied_rate",
    "not_dissatisfied_rate",
    "false_closed",
    "false_closed_rate",
)


@staff
@require_safe
def follow(request: Request) -> HttpResponse:
    """Whom to ask, grouped by kind of matter, the words to say beside the one chosen (`?case=`)."""
    found = asking.to_ask(request.actor)
    titles, contacts = _facts(found)
    lines = [_line(one, titles, contacts) for one in found]
    lines.sort(key=lambda line: (line["asked"].tried_now, line["category"]))
    waiting = [line for line in lines if not line["asked"].tried_now]
    wanted = acting.whole(request.GET.get("case"))
    chosen = next((line for line in lines if line["case"].id == wanted), waiting[0] if waiting else None)
    context = {
        "groups": [(name, list(group)) for name, group in groupby(waiting, key=lambda line: line["category"])],
        "later": [line for line in lines if line["asked"].tried_now],
        "total": len(lines),
        "chosen": chosen,
        "script": _script(chosen) if chosen else None,
        "tries": TRIES,
        "key": new_key(),
        "figures": _figures(request),
    }
    return show(request, "desk/follow.html", context, here="inbox")


def _facts(found: list[asking.Asked]) -> tuple[dict[int, str], dict[int, dict[str, str]]]:
    """Titles and masked contacts of the page: one query each."""
    cases = [one.case for one in found]
    raw = events.read_private([case.contact_ref for case in cases if case.contact_ref is not None])
    return queries.titles_of(cases), {ref: json.loads(text) for ref, text in raw.items() if text}


def _line(asked: asking.Asked, titles: dict[int, str], contacts: dict[int, dict[str, str]]) -> dict[str, Any]:
    case = asked.case
    contact = contacts.get(case.contact_ref or 0, {}) if not case.protected else {}
    return {
        "asked": asked,
        "case": case,
        "title": titles.get(case.text_ref, ""),
        "category": category_name(case.category) or _("还没有分类"),
        "place": places.directory().label(case.place_id),
        "name": crypto.mask_name(contact["name"]) if contact.get("name") else "",
        "phone": crypto.mask_phone(contact["phone"]) if contact.get("phone") else "",
    }


def _script(line: dict[str, Any]) -> dict[str, Any]:
    plan, known = drawing.plan(), places.directory()
    case = line["case"]
    here = known.get(case.village_id or case.town_id or case.county_id)
    facts = {"place": places.short_name(here.name) if here else "", "title": line["title"]}
    return {
        "hello": drawing.words(plan.hello, **facts),
        "questions": [drawing.words(question, **facts) for question in plan.questions],
        "bye": drawing.words(plan.bye, **facts),
    }


def _figures(request: Request) -> list[Any]:
    """This month of the place the desk is about: both definitions of satisfaction side by side."""
    place = home_place(request.actor)
    if place is None or not request.actor.may("bulletin.read"):
        return []
    found = measures.measure(FIGURES, period=month_of(clock.today()), place=place)
    return [(measures.METRICS[id], found[id]) for id in FIGURES if id in found]


@staff
@require_POST
def answer(request: Request, case_id: int) -> HttpResponse:
    """What was answered, or that nobody was reached: `_do` is the action, the rest its fields."""
    wanted = request.POST.get("_do", "")
    if wanted not in ("record", "record_no", "no_answer", "false_closure"):
        raise NotFound("case.not_found")
    try:
        case = actions.fire(
            case_id,
            wanted,
            item=acting.whole(request.POST.get("_item")),
            expected_seq=acting.whole(request.POST.get("_seq")),
            actor=request.actor,
            data=acting.sent_data(request),
            key=request.POST.get("_key") or new_key(),
        )
    except (Conflict, Invalid, NotAllowed) as refusal:
        access.case_to_see(case_id, actor=request.actor)  # NotFound: whether it exists is not told to outsiders
        tell(request, refusal.what, f"{refusal.why}{refusal.next}", tone="wrong")
        return redirect(f"{reverse('desk:follow')}?case={case_id}")
    tell(request, _said(wanted, case))
    return redirect("desk:follow")


def _said(wanted: str, case: Case) -> str:
    if wanted == "no_answer":
        tries = len(case.attempts or ())
        if case.solved == "unreachable" and tries >= TRIES:
            return _("三个半天都没联系上，记为无法联系；不进满意率。")
        return _("记下了，第 {n} 次没联系上。换个半天再联系。").format(n=tries)
    if wanted in ("record_no", "false_closure"):
        return _("记下了，重新办，由上一级交办。")
    return _("回访结果记下了。")
