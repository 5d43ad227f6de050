"""一乡一册: a place's volume as of a day: every register with its numbers, and what happened there in the month up to it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gezhi.engines.registers import files
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock, parse_limit
from gezhi.foundation.errors import NotFound
from gezhi.foundation.packs import service_items
from gezhi.foundation.subjects import timeline
from gezhi.foundation.subjects.timeline import Line
from gezhi.interfaces.site.requests import Request

from ..names import place_name, seat_name
from ..page import show, staff

DAYS = 30
POWER = "register.see"
LEVELS = ("county", "town", "village", "grid1", "grid2", "grid3")


@staff
@require_safe
def book(request: Request, place: int) -> HttpResponse:
    """`/desk/registers/at/<place>?on=`: derived, never typed; each number opens what it counts."""
    found = places.directory().get(place)
    if found is None or found.kind not in LEVELS:
        raise NotFound()
    request.actor.need(POWER, places.directory().path(place))
    day, error = day_asked(request)
    last = day or clock.today()
    since = last - timedelta(days=DAYS - 1)
    volumes = files.volumes(request.actor, place, on=day)
    story = timeline.of_place(place, request.actor, since, last + timedelta(days=1))
    context = {
        "place": place, "name": place_name(place, "county"), "day": day, "error": error, "given": request.GET.get("on", ""),
        "volumes": [v for v in volumes if v.count], "empty": [v for v in volumes if not v.count and not day], "since": since, "last": last,
        "story": [(line, link_of(line, place), seat_name(line.seat) if line.seat else "") for line in story],
        "below": [(id, place_name(id)) for id in places.directory().children(place) if places.directory().place(id).kind in LEVELS][:60],
        "today": clock.today().isoformat(),
    }  # fmt: skip
    return show(request, "desk/book.html", context, here="registers")


def day_asked(request: Request) -> tuple[date | None, str]:
    """(the day of `?on=`, None for today or none; what was wrong with it)."""
    written = request.GET.get("on", "").strip()
    if not written:
        return None, ""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None, _("日期不对，按今天显示。")
    return (day, "") if day < clock.today() else (None, "")


def link_of(line: Line, place: int | None = None) -> str:
    """Where a line of a story leads; "" where it leads nowhere."""
    if line.opens is None:
        return ""
    kind, of = line.opens
    given: dict[str, Any] = {"place": place} if place else {}
    match kind:
        case "entry" | "case" | "subject" | "session":
            return reverse(f"desk:{kind}", args=[of])
        case "register":
            return f"{reverse('desk:register', args=[of[0]])}?{urlencode(given | {'on': of[1].isoformat()})}"
        case "duty_rule":
            return f"{reverse('desk:duty_rule', args=[of[0]])}?{urlencode(given | {'period': of[1]})}"
    return ""


@staff
@require_safe
def services(request: Request) -> HttpResponse:
    """`/desk/registers/services?q=`: 事项清单, what one may be asked for: papers, limit, who does it, on what ground. Printable."""
    words = request.GET.get("q", "")[:60].strip()
    today, posts = clock.today(), people.directory().posts
    every = service_items.items()
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in every:
        if one.holds(words.split()):
            post = posts.get(one.body["owner"])
            line = {
                "item": one,
                "limit": parse_limit(one.body["limit"]),
                "owner": post.title if post else one.body["owner"],
            }
            groups.setdefault(one.group_title, []).append(line | {"offered": one.offered(today)})
    context = {"groups": list(groups.items()), "q": words, "any": bool(every), "count": sum(map(len, groups.values()))}
    return show(request, "desk/services.html", context, here="registers")
