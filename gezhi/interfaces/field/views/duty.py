"""One duty on the phone: 正常 closes it, 有事 opens a case with place and person filled in, and a slip takes it back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from gezhi.engines.duties import actions, queries, slips
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.queries import Owed
from gezhi.engines.duties.rules import DONE
from gezhi.engines.duties.seating import may_record
from gezhi.flows import visits
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal
from gezhi.foundation.people import Actor
from gezhi.interfaces.field.duties import line_of
from gezhi.interfaces.field.guard import staff
from gezhi.interfaces.field.views.case import tell
from gezhi.interfaces.site.acting import sent_data
from gezhi.interfaces.site.answers import KEY, go, new_key
from gezhi.interfaces.site.faults import wants_json
from gezhi.interfaces.site.requests import Request

UNDO = "field.undo"


def undo_of(request: Request) -> dict[str, str] | None:
    """The slip that can still be taken back, once."""
    return request.session.pop(UNDO) if UNDO in request.session else None


def _theirs(rule: str, subject_id: int, period: str, actor: Actor) -> Owed:
    """The line, if it is the actor's to record; for everybody else it does not exist."""
    found = queries.one(rule, subject_id, period, actor)
    if found is None or not may_record(found.rule, found.seat_id, actor):
        raise NotFound("duties.not_owed", period=period)
    return found


def claimed(request: Request) -> datetime | None:
    """When a sending that waited in the phone was made, by our own clock: only how long it waited is taken from the
    phone, so that a phone whose clock is wrong does no harm."""
    made, sent = (_moment(request.POST.get(name, "")) for name in ("_at", "_sent"))
    if made is None or sent is None or not timedelta(0) <= sent - made < timedelta(days=30):
        return None
    return clock.now() - (sent - made)


def _moment(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _page(
    request: Request, owed: Owed, *, trouble: bool, refusal: Refusal | None = None, typed: dict[str, Any] | None = None
) -> HttpResponse:
    now = clock.now()
    form = owed.rule.form
    errors = refusal.field_errors if refusal is not None else {}
    done = Done.objects.filter(pk=owed.done_id, state=DONE).first() if owed.done_id else None
    context = {
        "line": line_of(owed, now), "owed": owed, "now": now, "key": new_key(), "trouble": trouble,
        "fields": [f for f in form.bound(typed or {}, errors) if f.field.id not in owed.rule.counts], "refusal": refusal, "typed": typed or {}, "done": done,
        "seat": people.directory().seats.get(owed.seat_id), "waits": owed.opens > now,
        "note_error": errors.get("note", ""), "max_note": actions.MAX_NOTE,
        "undoable": done is not None and done.case_id is None and done.person_id == request.actor.person_id
        and done.recorded_at is not None and now - done.recorded_at <= actions.TAKE_BACK,
    }  # fmt: skip
    if owed.rule.counts and done is None:
        found = actions.counted(owed.rule, owed.subject_id)
        context["counted"] = [(f.label, found[f.id]) for f in form if f.id in found]
    if done is not None and owed.person and "portal" in settings.GEZHI_ZONES:
        context["slip"] = request.build_absolute_uri(reverse("visit", args=[slips.code_of(done.pk)]))
        context["qr"] = SafeString(places.qr_svg(context["slip"]))
    drawer = trouble and "HX-Request" in request.headers and refusal is None
    template = "field/_duty_form.html" if drawer else "field/duty.html"
    return render(request, template, context, status=refusal.http if refusal is not None else 200)


def _record(request: Request, rule: str, subject_id: int, period: str, *, trouble: bool) -> HttpResponse:
    owed = _theirs(rule, subject_id, period, request.actor)
    data = sent_data(request)
    note = str(data.pop("words", ""))
    written = request.POST.get("_key", "")
    try:
        if trouble and not note.strip() and not data:
            raise Invalid("duties.record", field_errors={"words": _("请写一句是什么事。")})
        made = visits.visit(
            rule, subject_id, period, data, actor=request.actor, note=note, trouble=trouble,
            claimed_at=claimed(request), key=written if KEY.fullmatch(written) else None,
        )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        if wants_json(request):
            raise
        return _page(request, owed, trouble=trouble, refusal=refusal, typed={**data, "words": note})
    if made.case is not None:
        tell(request, _("记好了，也报上去了"), _("编号 %(number)s") % {"number": made.case.number})
    elif made.new:
        request.session[UNDO] = {
            "what": _("{who}：记好了").format(who=owed.label),
            "url": reverse("field_back", args=[rule, subject_id, period]),
        }
    return go(request, reverse("field"), done=made.done.pk)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def duty(request: Request, rule: str, subject_id: int, period: str) -> HttpResponse:
    """`/field/duty/<rule>/<subject>/<period>`: what is recorded, or the form; sent, it is 正常."""
    if request.method == "POST":
        return _record(request, rule, subject_id, period, trouble=False)
    return _page(request, _theirs(rule, subject_id, period, request.actor), trouble=False)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def trouble(request: Request, rule: str, subject_id: int, period: str) -> HttpResponse:
    """`…/trouble`: the drawer of 有事; sent, the visit is recorded and a case opened."""
    if request.method == "POST":
        return _record(request, rule, subject_id, period, trouble=True)
    return _page(request, _theirs(rule, subject_id, period, request.actor), trouble=True)


@staff
@require_POST
def back(request: Request, rule: str, subject_id: int, period: str) -> HttpResponse:
    """`…/back`: whoever recorded it a moment ago takes it back."""
    owed = _theirs(rule, subject_id, period, request.actor)
    if owed.done_id is None:
        raise NotFound("duties.not_owed", period=period)
    actions.take_back(owed.done_id, actor=request.actor)
    tell(request, _("撤回了"), _("{who}还在今天的单子上").format(who=owed.label))
    return go(request, reverse("field"))
