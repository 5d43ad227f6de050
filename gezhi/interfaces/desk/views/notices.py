"""提醒: my lines and how I want to be told; the ways out of the house, and what could not be sent through them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gezhi.foundation import notices, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotFound
from gezhi.foundation.notices import choosing, posting, queries
from gezhi.foundation.notices.models import CHANNELS, GROUPS
from gezhi.foundation.notices.sending import settings_of
from gezhi.interfaces.site.requests import Request
from gezhi.interfaces.site.told import address_of

from ..page import show, staff, tell


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def inbox(request: Request) -> HttpResponse:
    """GET shows the person's lines, newest first; POST marks all of them as read."""
    if request.method == "POST":
        choosing.mark_read(None, actor=request.actor)
        return HttpResponseRedirect(reverse("desk:notices"))
    before = request.GET.get("before", "")
    lines, more = notices.inbox(request.actor, before=int(before) if before.isdigit() and len(before) < 19 else None)
    context = {"lines": lines, "more": more, "manages": request.actor.may(choosing.MANAGE)}
    return show(request, "desk/notices.html", context, here="notices")


@staff
@require_safe
def open_line(request: Request, id: int) -> HttpResponse:
    """Open what a line is about; it counts as read."""
    return HttpResponseRedirect(address_of(choosing.open_line(id, actor=request.actor), "desk:case", request.actor))


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: Request) -> HttpResponse:
    """How I want to be told: quiet hours, days off, one message a morning, which ways."""
    person = request.actor.person_id
    assert person is not None
    refusal: Invalid | None = None
    row, email = choosing.choice_of(person)
    typed: dict[str, Any] = {
        "quiet_from": f"{row.quiet_from:%H:%M}",
        "quiet_until": f"{row.quiet_until:%H:%M}",
        "rest_days": row.rest_days,
        "digest": row.digest,
        "off": row.off,
        "email": email,
    }
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in typed}
        typed["off"] = [way for way in ("sms", "email") if not request.POST.get(f"by_{way}")]
        try:
            choosing.choose(typed, actor=request.actor)
            tell(request, _("记下了"), _("从下一条提醒起照这样告诉您。"))
            return HttpResponseRedirect(reverse("desk:notices"))
        except Invalid as wrong:
            refusal = wrong
    context = {"typed": typed, "refusal": refusal, "wrong": refusal.field_errors if refusal else {}}
    return show(request, "desk/notice_choices.html", context, here="notices", status=422 if refusal else 200)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def gateways(request: Request, id: int | None = None) -> HttpResponse:
    """The ways out, a form for one of them, and what could not be sent."""
    request.actor.need(choosing.MANAGE)
    refusal: Invalid | None = None
    rows = queries.gateways()
    row = next((r for r in rows if r.pk == id), None)
    if id is not None and row is None:
        raise NotFound("notice.not_found")
    typed = _typed(row)
    if request.method == "POST":
        typed = {name: request.POST.get(name, "").strip() for name in typed}
        try:
            if "address" in request.POST:
                choosing.set_address(request.POST["address"], actor=request.actor)
            else:
                place = typed["place"]
                given = {**typed, "place_id": int(place) if place.isdigit() and len(place) < 19 else None}
                given["enabled"] = bool(typed["enabled"])
                given["organisation_id"] = row.organisation_id if row else None
                choosing.set_gateway(id, given, actor=request.actor)
            tell(request, _("存好了"))
            return HttpResponseRedirect(reverse("desk:gateways"))
        except Invalid as wrong:
            refusal = wrong
    waiting, last, tried, now = (
        queries.waiting(),
        queries.last_sent(),
        queries.last_tried(r.pk for r in rows),
        clock.now(),
    )
    held = {id: first for id, (_n, first) in waiting.items() if first is not None and first > now}
    context = {
        "rows": [
            {"row": r, "channel": channel_name(r.channel), "place": places.directory().label(r.place_id) if r.place_id else "",
             "waiting": waiting[r.pk][0] if r.pk in waiting else 0,
             "held": held.get(r.pk),
             "last": last.get(r.pk), "tried": tried.get(r.pk), "why": queries.why(tried[r.pk].error) if r.pk in tried else "",
             "rests": r.rest_until and r.rest_until > now}
            for r in rows
        ],
        "row": row,
        "form": row is not None or "new" in request.GET or (refusal is not None and "address" not in request.POST),
        "channels": [(c, channel_name(c)) for c in CHANNELS],
        "groups": GROUPS,
        "places": _places(),
        "typed": typed,
        "address": posting.site_address() if refusal is None else request.POST.get("address", posting.site_address()),
        "failures": queries.failures(),
        "refusal": refusal,
        "wrong": refusal.field_errors if refusal else {},
    }  # fmt: skip
    return show(request, "desk/gateways.html", context, here="gateways", status=422 if refusal else 200)


@staff
@require_POST
def retry(request: Request, id: int) -> HttpResponse:
    """Send a failed message again."""
    done = choosing.retry(id, actor=request.actor)
    tell(request, _("再发一次，一分钟内看结果") if done else _("这条已经不在失败里了"))
    return HttpResponseRedirect(reverse("desk:gateways"))


@staff
@require_POST
def try_out(request: Request, id: int) -> HttpResponse:
    """Send a trial message through one way, now."""
    choosing.try_out(id, actor=request.actor)
    tell(request, _("试发一条，一分钟内看结果"))
    return HttpResponseRedirect(reverse("desk:gateways"))


def channel_name(channel: str) -> str:
    """What people call a channel."""
    names = {
        "dingtalk": _("钉钉群机器人"), "wecom": _("企业微信群机器人"), "feishu": _("飞书群机器人"),
        "sms": _("短信网关"), "email": _("邮件"),
    }  # fmt: skip
    return names.get(channel, channel)


def _typed(row: Any) -> dict[str, Any]:
    """What the form shows. Addresses of robots and secrets are never shown again: empty means unchanged."""
    typed = dict.fromkeys(
        ("channel", "title", "place", "url", "secret", "host", "port", "user", "from", "security", "templates"), ""
    )
    typed |= {"enabled": "on", "port": "465"}
    if row is None:
        return typed
    settings = settings_of(row)
    typed |= {
        name: str(settings.get(name, "")) for name in ("host", "port", "user", "from", "security") if settings.get(name)
    }
    typed["templates"] = "\n".join(f"{k}={v}" for k, v in (settings.get("templates") or {}).items())
    typed |= {"channel": row.channel, "title": row.title, "place": str(row.place_id or "")}
    typed["enabled"] = "on" if row.enabled else ""
    return typed


def _places() -> list[tuple[int, str]]:
    """Places that have seats, down to the village: whose group a robot may speak to."""
    directory, map_ = people.directory(), places.directory()
    found = {seat.place_id for seat in directory.seats.values() if seat.closed_at is None}
    kept = [id for id in found if map_.get(id).kind in ("county", "town", "village")]
    return sorted(((id, map_.label(id)) for id in kept), key=lambda pair: (map_.get(pair[0]).kind, pair[1]))[:400]
