"""Topics that residents settle together: the list, the process board, a household's vote, what anybody has to say."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gezhi.engines.workflows import panels, phones, rules, talking, voices
from gezhi.foundation import files, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal
from gezhi.foundation.files.models import StoredFile
from gezhi.foundation.files.refusals import TooManyPhotos
from gezhi.interfaces.api import limits
from gezhi.interfaces.site import tallies
from gezhi.interfaces.site.answers import form_key, go, new_key

from .public import _place

COOKIE = "voice"  # whose phone was verified in this browser: a keyed hash, signed, for half a day
HALF_A_DAY = 12 * 3600


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """`/talks?place=`: the topics of a county, town or village."""
    limits.knock(request, "board", writes=False)
    place = _place(request)
    context = {"place": place, "rows": talking.topics(place.id), "possible": talking.workflow() is not None}
    return render(request, "portal/talks.html", context)


@never_cache
@require_safe
def talk(request: HttpRequest, number: str) -> HttpResponse:
    """`/talks/<number>`: everything that may be told of one topic."""
    limits.knock(request, "board", writes=False)
    return _page(request, number)


def _closed_at(topic: Any) -> str:
    """When the last of its panels was closed; empty when none was."""
    ends = [one.panel.closed_at for one in topic.rounds if one.panel.closed_at is not None]
    return clock.local(max(ends)).strftime("%m-%d %H:%M") if ends else ""


@never_cache
@require_POST
def vote(request: HttpRequest, number: str) -> HttpResponse:
    """`/talks/<number>/vote`: a household answers with the code that was given to it; once."""
    limits.knock(request, "say", writes=True)
    topic = talking.topic(number)
    try:
        asked = topic.asked
        if asked is None:
            raise Conflict("panel.closed", at=_closed_at(topic))
        code = rules.tidy_code(request.POST.get("code", ""))
        if code is None:
            raise Invalid(field_errors={"code": _("投票码有十个字，请对照发给本户的纸再看一遍。")})
        try:
            panels.cast(
                asked.panel.id,
                actor=people.resident(""),
                choice=request.POST.get("choice", ""),
                code=code,
                reason=request.POST.get("reason", ""),
            )
        except NotFound:
            limits.wrong_code(request)
            raise
    except Refusal as refusal:
        return _page(request, number, refusal, "vote")
    return go(request, reverse("talk", args=[number]) + "?said=vote#said")


@never_cache
@require_http_methods(["POST"])
def phone(request: HttpRequest, number: str) -> HttpResponse:
    """`/talks/<number>/phone`: a code is sent to a phone, and what was typed is compared with it."""
    limits.knock(request, "say", writes=True)
    talking.topic(number)
    try:
        if "digits" in request.POST:
            mine = _hash(request.POST.get("mine", ""))
            phones.confirm(mine, request.POST["digits"])
            response = go(request, reverse("talk", args=[number]) + "#say")
            response.set_signed_cookie(
                COOKIE, mine.hex(), max_age=HALF_A_DAY, httponly=True, samesite="Lax", secure=settings.PRODUCTION
            )
            return response
        mine = phones.ask(request.POST.get("phone", ""), without=not settings.PRODUCTION)
    except Refusal as refusal:
        return _page(request, number, refusal, "phone", mine=request.POST.get("mine", ""))
    return _page(request, number, mine=mine.hex())


@never_cache
@require_POST
def say(request: HttpRequest, number: str) -> HttpResponse:
    """`/talks/<number>/say`: a comment, what was seen of the works, or a flag; by a verified phone."""
    limits.knock(request, "say", writes=True)
    topic = talking.topic(number)
    try:
        mine = _verified(request)
        if mine is None:
            raise Invalid(field_errors={"phone": _("请先用手机号收一个验证码。")})
        uploads = request.FILES.getlist("photos")
        if len(uploads) > files.MAX_PHOTOS:
            raise TooManyPhotos(limit=files.MAX_PHOTOS, count=len(uploads))
        key = form_key(request)
        kept = [files.stage(cast(BinaryIO, up), actor=people.resident(""), key=key).id for up in uploads]
        said = voices.say(
            topic.case.id,
            request.POST.get("kind", ""),
            request.POST.get("words", ""),
            phone=mine,
            photos=kept,
            actor=people.resident(""),
        )
    except Refusal as refusal:
        return _page(request, number, refusal, "say")
    after = "flag" if said.kind == "flag" else "waits" if said.state == voices.WAITING else "say"
    return go(request, reverse("talk", args=[number]) + f"?said={after}#said")


@require_safe
def photo(request: HttpRequest, number: str, id: int) -> HttpResponse:
    """`/talks/<number>/photo/<id>`: a photo that stands on the board or with a shown voice."""
    limits.knock(request, "read", writes=False)
    stream = talking.shown_photo(number, id)

    def may(stored: StoredFile) -> None:
        if stored.stream != stream:
            raise NotFound()

    return files.serve(id, may=may, size="thumb" if request.GET.get("size") == "thumb" else "full")


def _verified(request: HttpRequest) -> bytes | None:
    found = request.get_signed_cookie(COOKIE, default="", max_age=HALF_A_DAY)
    return bytes.fromhex(found) if found else None


def _hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)[:16]
    except ValueError:
        return b""


def _page(
    request: HttpRequest, number: str, refusal: Refusal | None = None, tried: str = "", mine: str = ""
) -> HttpResponse:
    topic = talking.topic(number)
    said = {
        "vote": _("收到了，这一户投过了"), "say": _("收到了，已经公开"), "waits": _("收到了，看过就公开"),
        "flag": _("收到了，已经交给经办的人答复"),
    }.get(request.GET.get("said", ""))  # fmt: skip
    demo = ""
    if mine and not settings.PRODUCTION and not phones.gateways():
        demo = phones.digits_for(_hash(mine))
    asked = topic.asked
    context: dict[str, Any] = {
        "topic": topic,
        "asked": asked,
        "choices": tallies.choices(asked.rule) if asked else [],
        "results": [
            {
                "round": one,
                "word": tallies.result(one.rule, one.panel.result),
                "lines": tallies.lines(one.rule, one.tally),
                "because": tallies.because(one.rule, one.tally),
                "groups": tallies.groups(one.rule, one.tally),
            }
            for one in topic.rounds
            if one.panel.state == "closed" and one.panel.tally is not None
        ],
        "voices": [(one, tallies.VOICES[one.voice.kind]) for one in topic.said],
        "kinds": [(kind, tallies.VOICES[kind]) for kind in voices.KINDS if kind in topic.kinds],
        "verified": _verified(request) is not None,
        "mine": mine,
        "demo": demo,
        "said": said,
        "refusal": refusal,
        "tried": tried,
        "typed": request.POST,
        "wrong": refusal.field_errors if refusal else {},
        "key": new_key(),
        "max_words": voices.MOST_WORDS,
    }
    return render(request, "portal/talk.html", context, status=refusal.http if refusal else 200)
