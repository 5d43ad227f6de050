"""Panels on the desk: the list of those who are asked, ballots typed in, what came of it; and what residents said."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from gezhi.engines.workflows import access, panels, rolls, rules, talking, voices
from gezhi.engines.workflows.panel_models import Voice
from gezhi.engines.workflows.views import case_view
from gezhi.foundation import exports, files
from gezhi.foundation.errors import NotAllowed, NotFound, Refusal
from gezhi.foundation.files.models import StoredFile
from gezhi.interfaces.site import tallies
from gezhi.interfaces.site.requests import Request

from ..page import show, staff, tell, whole

exports.titled("panel.codes", gettext_lazy("投票码"))
PAGE = 200


@staff
@require_safe
def asked(request: Request) -> HttpResponse:
    """`/desk/panels`: where one of my seats is asked and has not answered."""
    context = {"rows": talking.asked_of(request.actor)}
    return show(request, "desk/panels.html", context, here="inbox")


@staff
@require_safe
def panel(request: Request, panel_id: int) -> HttpResponse:
    """`/desk/panels/<id>`: one round, for its owner, for whoever sees the case, and for those who were asked."""
    return _page(request, panel_id)


def _page(request: Request, panel_id: int, refusal: Refusal | None = None, tried: str = "") -> HttpResponse:
    desk = talking.desk(panel_id, request.actor)
    rule = desk.round.rule
    only = request.GET.get("only", "")
    wanted = request.GET.get("q", "").strip()[:40]
    ballots = [b for b in desk.ballots if (not only or b.state == only) and (not wanted or wanted in b.label)]
    titles = dict(rule.groups)
    context: dict[str, Any] = {
        "desk": desk,
        "case": desk.case,
        "panel": desk.round.panel,
        "rule": rule,
        "round": desk.round,
        "choices": tallies.choices(rule),
        "ways": [(id, word) for id, word in tallies.WAYS.items() if id != "online"],
        "grounds": tallies.GROUNDS.items(),
        "ballots": [
            {
                "row": b,
                "group": tallies.group(titles.get(b.group)),
                "state": tallies.STATES[b.state],
                "choice": tallies.choice(b.choice) if b.choice else "",
                "way": tallies.WAYS.get(b.way, ""),
                "reason": desk.reasons.get(b.number, ""),
            }
            for b in ballots[:PAGE]
        ],
        "more": max(0, len(ballots) - PAGE),
        # Who was asked and does not see the case has their own ballot only: what is left of the others is not told.
        "whole": len(desk.ballots) >= desk.round.invited,
        "left": sum(b.state == "invited" for b in desk.ballots),
        "stood_aside": sum(b.state == "recused" for b in desk.ballots),
        "running": [(said, desk.running[k]) for k, said in tallies.choices(rule) if k in desk.running]
        if desk.running
        else [],
        "word": tallies.result(rule, desk.round.panel.result) if desk.round.tally else "",
        "lines": tallies.lines(rule, desk.round.tally),
        "because": tallies.because(rule, desk.round.tally),
        "told": tallies.groups(rule, desk.round.tally),
        "only": only,
        "q": wanted,
        "refusal": refusal,
        "tried": tried,
        "typed": request.POST,
        "wrong": refusal.field_errors if refusal else {},
        "sees": access.sees(desk.case, request.actor),
    }
    return show(request, "desk/panel.html", context, here="cases", status=refusal.http if refusal else 200)


@staff
@require_POST
def change(request: Request, panel_id: int, what: str) -> HttpResponse:
    """`/desk/panels/<id>/do/<what>`: enrol the list, cast (one's own or typed in), recuse."""
    talking.desk(panel_id, request.actor)
    given = request.POST
    try:
        if what == "enrol":
            made = panels.enrol(panel_id, given.get("roll", ""), actor=request.actor)
            done = _("名册录好了，{n} 户，可以投票了。").format(n=made.invited)
        elif what == "cast":
            ballot, way = whole(given.get("ballot")), given.get("way", "online")
            row = panels.cast(
                panel_id,
                actor=request.actor,
                ballot=ballot,
                way=way,
                choice=given.get("choice", ""),
                reason=given.get("reason", ""),
            )
            heard = row.choice == "heard"
            done = (_("{who}的意见记下了。") if heard else _("{who}这一票记下了。")).format(who=row.label)
        elif what == "recuse":
            number = whole(given.get("ballot")) or 0
            row = panels.recuse(panel_id, number, actor=request.actor, ground=given.get("ground", ""))
            done = _("{who}回避，不计入。").format(who=row.label)
        else:
            raise NotFound()
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(request, panel_id, refusal, what)
    tell(request, done)
    return HttpResponseRedirect(reverse("desk:panel", args=[panel_id]))


@staff
@require_safe
def codes(request: Request, panel_id: int) -> HttpResponse:
    """`/desk/panels/<id>/codes`: the slips for households, to be printed and handed out; logged as an export."""
    desk = talking.desk(panel_id, request.actor)
    if not desk.manages:
        raise NotAllowed()
    slips = [
        (b.label, rules.show_code(rolls.code_of(desk.case.id, b.voter)))
        for b in desk.ballots
        if b.code_hash is not None
    ]
    made = exports.log("panel.codes", actor=request.actor, form="print", rows=len(slips), about=f"case:{desk.case.id}")
    context = {
        "desk": desk,
        "case": desk.case,
        "panel": desk.round.panel,
        "slips": slips,
        "mark": exports.mark(made),
        "where": request.build_absolute_uri(reverse("talk", args=[desk.case.number])) if _portal() else "",
    }
    return show(request, "desk/panel_codes.html", context, here="cases")


def _portal() -> bool:
    from django.conf import settings

    return "portal" in settings.GEZHI_ZONES


@staff
@require_safe
def voices_of(request: Request, case_id: int) -> HttpResponse:
    """`/desk/cases/<id>/voices`: what residents said beside a case, and the record of what was taken down."""
    return _voices(request, case_id)


def _voices(request: Request, case_id: int, refusal: Refusal | None = None) -> HttpResponse:
    view = case_view(case_id, request.actor)
    if view.veiled:
        raise NotFound("case.not_found")
    rows = [
        {
            "said": one,
            "kind": tallies.VOICES[one.voice.kind],
            "state": tallies.STATES[one.voice.state],
            "ground": tallies.TAKEN_DOWN.get(one.voice.ground, ""),
        }
        for one in talking.waiting_voices(case_id)
    ]
    context = {
        "view": view,
        "case": view.case,
        "rows": rows,
        "grounds": tallies.TAKEN_DOWN.items(),
        "may": voices.may_judge(view.case, request.actor),
        "refusal": refusal,
    }
    return show(request, "desk/voices.html", context, here="cases", status=refusal.http if refusal else 200)


@staff
@require_POST
def judge(request: Request, voice_id: int, what: str) -> HttpResponse:
    """`/desk/voices/<id>/<what>`: show what waits, or take it down with the ground."""
    if what not in ("show", "remove"):
        raise NotFound()
    found = Voice.objects.filter(pk=voice_id).first()
    if found is None:
        raise NotFound("voice.not_found")
    access.case_to_see(found.case_id, actor=request.actor)
    try:
        voices.judge(voice_id, show=what == "show", ground=request.POST.get("ground", ""), actor=request.actor)
    except NotAllowed:
        raise
    except Refusal as refusal:
        return _voices(request, found.case_id, refusal)
    tell(request, _("公开了。") if what == "show" else _("不公开，依据记下了。"))
    return HttpResponseRedirect(reverse("desk:voices", args=[found.case_id]))


@staff
@require_safe
def voice_photo(request: Request, voice_id: int, photo_id: int) -> HttpResponse:
    """A photo a resident put to what they said, for whoever sees the case."""
    found = Voice.objects.filter(pk=voice_id).first()
    if found is None or photo_id not in found.photos:
        raise NotFound("voice.not_found")
    access.case_to_see(found.case_id, actor=request.actor)

    def may(stored: StoredFile) -> None:
        if stored.stream != f"voice:{voice_id}":
            raise NotFound()

    return files.serve(photo_id, may=may, size="thumb" if request.GET.get("size") == "thumb" else "full")
