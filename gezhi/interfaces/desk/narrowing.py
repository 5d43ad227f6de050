"""What the address of a case list asks for: filters, the number that led there, and the same in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http.request import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.engines.workflows.queries import Filters
from gezhi.foundation import measures, packs, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, register
from gezhi.foundation.measures import OWN, Opens
from gezhi.foundation.people import Actor
from gezhi.interfaces.site.requests import Request
from gezhi.interfaces.site.words import CHINA

from .names import CHANNELS, category_name, place_name, seat_name
from .page import whole
from .unit_grids import in_unit

OPENED_AT_MOST = 5000  # a number may stand for more rows than anybody reads
STATES = ("open", "closed")

register(
    "desk.figure",
    422,
    gettext_lazy("这个数字打不开。"),
    gettext_lazy("链接里的口径不完整，或者已经改过。"),
    gettext_lazy("请回到通报，从数字点进来。"),
)

PAGE = 50
OPENED_AT_MOST = 5000  # a number may stand for more rows than anybody reads
STATES = ("open", "closed")


def filters_of(given: QueryDict, actor: Actor) -> tuple[Filters, Opens | None]:
    """The filters of the list from what stands in its address, for a ledger of the same list."""
    opens = number_of(given, actor)
    return narrowed(given, opens), opens


def said_of(given: QueryDict, filters: Filters, opens: Opens | None) -> dict[str, str]:
    """The same in words: {what is narrowed: to what}."""
    titles = {
        "state": _("状态"),
        "place": _("地方"),
        "category": _("类别"),
        "owner": _("在谁手里"),
        "overdue": _("时限"),
        "handler": _("承办"),
        "since": _("从这天起提出的"),
        "channel": _("来路"),
        "q": _("词"),
    }
    said = {titles[name]: words for name, words in in_words(given, filters).items() if words}
    if opens is not None:
        first, last = (measures.instant(at).astimezone(CHINA) for at in (opens.since, opens.until))
        said[_("指标")] = str(measures.METRICS[opens.metric].title)
        said[_("期间")] = _("{a} 至 {b}").format(a=first.strftime("%Y-%m-%d"), b=_last_day(last))
    return {name: str(words) for name, words in said.items()}


def number_of(given: QueryDict, actor: Actor) -> Opens | None:
    """What a number stands for. Raises Invalid desk.figure; NotAllowed for a number about where one may read none."""
    try:
        opens = Opens.from_query(given)
        if opens is not None:
            if measures.METRICS[opens.metric].source != "cases":
                raise ValueError(opens.metric)  # what other rooms count opens on their own pages
            measures.opened_by(opens)
            _need_to_read(opens.place, actor)
    except (ValueError, KeyError, LookupError):
        raise Invalid("desk.figure") from None
    return opens


def _need_to_read(place: int | None, actor: Actor) -> None:
    """An address is easily written by hand: a count of a place is for who reads bulletins or sees cases there."""
    directory = places.directory()
    for id in [place] if place is not None else [county.id for county in directory.of_kind("county")]:
        path = directory.path(id)
        if not any(actor.may(power, path) for power in ("case.see", "case.supervise")):
            actor.need("bulletin.read", path)


def narrowed(given: QueryDict, opens: Opens | None) -> Filters:
    ids = None
    if opens is not None:
        ids = tuple(measures.opened_by(opens).order_by("-pk").values_list("pk", flat=True)[:OPENED_AT_MOST])
    state = given.get("state") if given.get("state") in STATES else None
    place = whole(given.get("place"))
    village = places.directory().parent(place, "unit") if place is not None else None
    if place is not None and village is not None:
        # A case's own grid is that of governance: what lies in a unit grid is found by its point.
        inside = in_unit(place, state)
        ids = inside if ids is None else tuple(set(ids) & set(inside))
        place = village
    return Filters(
        state=state,
        place=place,
        category=given.get("category") or None,
        owner=whole(given.get("owner")),
        handler=whole(given.get("handler")),
        since=_day(given.get("since")),
        overdue=given.get("overdue") == "1",
        q=given.get("q", "").strip()[:100],
        channel=given.get("channel") if given.get("channel") in CHANNELS else None,
        ids=ids,
    )


def opened(opens: Opens, visible: int | None) -> dict[str, Any]:
    """The header of a list that a number led to: the number again, counted anew, and its definition."""
    cut = {"since": opens.since, "until": opens.until, "at": opens.at}
    instants = [measures.instant(text) for text in cut.values()]
    whole = measures.measure(
        [opens.metric], period=measures.Cut(*instants), place=opens.place, where=dict(opens.where)
    )[opens.metric]
    counted = whole.denominator if opens.part == "denominator" else whole.numerator
    first, last = instants[0].astimezone(CHINA), instants[1].astimezone(CHINA)
    return {
        "figure": whole,
        "part": opens.part,
        "counted": counted,
        "first": instants[0],
        "last": instants[1],
        "dates": _("{a} 至 {b}").format(a=first.strftime("%Y-%m-%d"), b=_last_day(last)),
        "place": place_name(opens.place, "county"),
        "where": [_group(name, value) for name, value in opens.where],
        "unseen": max(0, int(counted or 0) - visible) if visible is not None else 0,
        "denominator": reverse("desk:cases") + "?" + whole.opens_denominator.query() if whole.opens_denominator else "",
        "numerator": reverse("desk:cases") + "?" + whole.opens.query() if whole.opens else "",
    }


def _last_day(until: datetime) -> str:
    return (until - timedelta(seconds=1)).strftime("%Y-%m-%d")


def _group(name: str, value: Any) -> str:
    if name in ("unit", "owner") and value == OWN:
        return _("社区、村和网格自办")
    if name in ("unit", "owner"):
        return seat_name(int(value)) if value else _("还没有分派")
    if name in ("county", "town", "village", "grid"):
        return place_name(int(value), name if name != "grid" else "village") if value else _("未到这一级")
    if name == "category":
        return category_name(value)
    if name == "workflow":
        known = packs.registry().names("workflow")
        return packs.say(packs.registry().body("workflow", value)["title"]) if value in known else str(value)
    return str(CHANNELS.get(value, value))


def narrowing_places(request: Request) -> list[tuple[int, str]]:
    """Places to narrow by: those the person sees, and what lies directly inside."""
    directory = places.directory()
    found: list[tuple[int, str]] = []
    for _kind, place in request.actor.places("case.see")[:8]:
        found.append((place, place_name(place, "town")))
        for child in directory.children(place)[:120]:
            if directory.get(child).kind != "building":
                found.append((child, "　" + places.short_name(directory.get(child).name)))
    return found


def in_words(given: QueryDict, filters: Filters) -> dict[str, str]:
    place = whole(given.get("place")) or filters.place  # a unit grid is looked through as its village
    return {
        "state": {"open": _("在办"), "closed": _("已结案")}.get(given.get("state", ""), ""),
        "place": place_name(place, "town") if place else "",
        "category": category_name(filters.category) if filters.category else "",
        "owner": seat_name(filters.owner) if filters.owner else "",
        "handler": seat_name(filters.handler) if filters.handler else "",
        "since": filters.since.astimezone(CHINA).strftime("%Y-%m-%d") if filters.since else "",
        "overdue": _("已过时限") if filters.overdue else "",
        "channel": str(CHANNELS.get(filters.channel or "", "")),
        "q": filters.q,
    }


def _day(text: str | None) -> datetime | None:
    """The beginning of a day as it stands in an address; None for anything else."""
    try:
        return clock.midnight(date.fromisoformat(text or ""))
    except ValueError:
        return None
