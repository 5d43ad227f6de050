"""Names of things as pages say them: categories, channels, seats, outcomes, places."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.engines.workflows import origins
from gezhi.engines.workflows.models import Case
from gezhi.flows import allotments
from gezhi.flows.meetings import doors as meetings
from gezhi.foundation import packs, people, places
from gezhi.foundation.measures import MERGED

CHANNELS = {
    "portal": gettext_lazy("网页"),
    "scan": gettext_lazy("扫码"),
    "counter": gettext_lazy("柜台代办"),
    "phone": gettext_lazy("电话"),
    "field": gettext_lazy("网格员"),
    "hotline": gettext_lazy("12345"),
    "api": gettext_lazy("接口"),
    "case": gettext_lazy("上级事项派出"),
}
SORTS = {"big": gettext_lazy("大事"), "small": gettext_lazy("小事"), "private": gettext_lazy("私事")}
ANSWERS = {
    "yes": gettext_lazy("解决了"),
    "partly": gettext_lazy("部分解决"),
    "no": gettext_lazy("没解决"),
    "unreachable": gettext_lazy("没联系上"),
}
OUTCOMES = {
    "solved": gettext_lazy("结案"),
    "silent": gettext_lazy("结案（没有回话）"),
    "final": gettext_lazy("结案（终结答复）"),
    "undone": gettext_lazy("导入后撤回"),
    "not_accepted": gettext_lazy("不予受理"),
    "merged": gettext_lazy("并到别的案一起办"),
}


def channel_name(channel: str) -> str:
    """网页, 扫码, 柜台代办 …; an unknown channel by its own name."""
    return str(CHANNELS.get(channel, channel))


def came_by(case: Case) -> str:
    """How a case came: its channel, or the sender with the number it knows the case by."""
    if case.origin and case.origin.startswith(f"{meetings.SOURCE}:"):
        return _("会议定的事，记录第 {n} 条").format(n=case.origin.rpartition("-")[2])
    if case.origin and case.origin.startswith(f"{allotments.SOURCE}:"):
        return _("抽到的卡")
    if case.origin:
        said = {"sender": origins.sender_of(case.origin), "number": origins.number_of(case.origin)}
        return _("{sender} {number}").format(**said)
    return channel_name(case.channel)


def category_name(code: str | None, whole: bool = False) -> str:
    """A category in words: its own title, or with `whole` the way from the top (生活设施 › 照明)."""
    if not code:
        return _("还没归类")
    if code == MERGED:
        return _("并入别件的")
    found = packs.registry().categories.get(code)
    if found is None:
        return code
    if not whole:
        return found.label
    return _("{upper} › {own}").format(upper=found.l1 if found.l2 == found.name else found.l2, own=found.name)


def seat_name(seat_id: int | None) -> str:
    """Who holds it now, as people say it: the unit, or place and post."""
    if seat_id is None:
        return _("还没有定")
    seat = people.directory().seats.get(seat_id)
    return seat.label if seat else _("已撤销的席位")


def holders(seat_id: int | None) -> str:
    """Masked names of those in the seat now; 空缺 when nobody is."""
    if seat_id is None:
        return ""
    directory = people.directory()
    found = directory.holders(seat_id)
    return _("、").join(directory.person(p).name_public for p in found) or _("空缺")


def person_name(person_id: int | None) -> str:
    """A colleague's masked name; empty for nobody."""
    person = people.directory().persons.get(person_id) if person_id is not None else None
    return person.name_public if person else ""


def place_name(place_id: int | None, since: str = "village") -> str:
    """A place as a list says it, from the level `since` down."""
    if place_id is None or place_id not in places.directory():
        return ""
    return places.directory().label(place_id, since)
