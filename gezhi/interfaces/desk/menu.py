"""The menu at the left: at most seven entries, chosen by what the person's seats allow."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from gezhi.engines.ledger import access as books
from gezhi.engines.workflows import queries
from gezhi.engines.workflows.queries import Filters
from gezhi.foundation import packs, people, places
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects import access

MOST = 7  # entries of the menu
APART = 2  # so few tabs stand in the menu themselves


@dataclass(frozen=True)
class Entry:
    """One line of the menu. `count` is words ("12", "1000+"), `late` colours it."""

    id: str
    title: str
    url: str
    count: str = ""
    late: bool = False


@dataclass(frozen=True)
class Menu:
    """What the frame shows: entries, which one is here, where the person works and in which seat."""

    entries: list[Entry]
    here: str
    where: list[str]
    seat: str
    more_seats: int


def home_place(actor: Actor) -> int | None:
    """The place the desk is about: that of the seat acted in, else the widest place the person may see."""
    directory = people.directory()
    if actor.seat is not None:
        return directory.seat(actor.seat).place_id
    if actor.seats:
        return directory.seat(actor.seats[0]).place_id
    scopes = actor.places("case.see")
    return scopes[0][1] if scopes else None


def map_place(actor: Actor) -> int | None:
    """The place whose map this person's desk opens: their own, or the village their grid lies in; None without one.

    A grid worker may see a grid but not its whole village, and a map shows nothing smaller.
    """
    place, directory = home_place(actor), places.directory()
    if place is None:
        return None
    path = directory.path(place)
    found = next((id for id in (path.village_id, path.town_id, path.county_id) if id is not None), None)
    return found if found is not None and actor.may("case.see", directory.path(found)) else None


def sections(actor: Actor) -> list[Entry]:
    """The tabs of the management page this person may open."""
    tabs = []
    directory = people.directory()
    if actor.may("people.manage"):
        tabs.append(Entry("people", _("人员"), reverse("desk:people")))
    if actor.may("register.see") and packs.registry().names("duty"):
        tabs.append(Entry("duties", _("走访"), reverse("desk:duties")))
    if actor.may("duty.manage") or any(directory.post(directory.seat(s).post).duty for s in actor.seats):
        tabs.append(Entry("duty", _("值班"), reverse("desk:duty")))
    if actor.may("people.manage") and packs.registry().names("tree"):
        tabs.append(Entry("trees", _("组织"), reverse("desk:trees")))
    if actor.may("places.manage"):
        tabs.append(Entry("places", _("辖区"), reverse("desk:places")))
    if packs.registry().names("activity"):
        tabs.append(Entry("activities", _("会议活动"), reverse("desk:activities")))
    if books.mine(actor):
        tabs.append(Entry("ledgers", _("账本"), reverse("desk:ledgers")))
    if packs.registry().names("rubric"):
        tabs.append(Entry("appraisals", _("考评"), reverse("desk:appraisals")))
    if _no_room_for_map(actor):
        tabs.append(Entry("map", _("地图"), reverse("desk:map")))
    tabs.append(Entry("methods", _("工作法"), reverse("desk:methods")))
    if actor.may("audit.read"):
        tabs.append(Entry("audit", _("审计"), reverse("desk:audit")))
    return tabs


def _no_room_for_map(actor: Actor) -> bool:
    """Whether this person's menu would have more than seven entries."""
    powers = ("case.supervise", "case.see", "register.see", "case.raise_for", "bulletin.read")
    return map_place(actor) is not None and all(actor.may(power) for power in powers)


def menu(actor: Actor, here: str, tabs: list[Entry]) -> Menu:
    """The menu for a person with these tabs of the management page (`sections`). Counts are the same as the pages show, capped where the pages cap them."""
    mine, late = queries.inbox_count(actor)
    entries = [Entry("inbox", _("收件箱"), reverse("desk:inbox"), str(mine or ""), late=late > 0)]
    if actor.may("case.supervise"):
        overdue = queries.count(actor, Filters(overdue=True))
        entries.append(
            Entry("supervise", _("督办台"), reverse("desk:supervise"), str(overdue) if overdue.value else "", late=True)
        )
    if actor.may("case.see"):
        running = queries.count(actor, Filters(state="open"))
        entries.append(Entry("cases", _("案件"), reverse("desk:cases"), str(running) if running.value else ""))
    if actor.may("register.see") or access.readable(actor):
        entries.append(Entry("registers", _("台账"), reverse("desk:registers")))
    if actor.may("case.raise_for"):
        entries.append(Entry("counter", _("柜台"), reverse("desk:counter")))
    if map_place(actor) is not None:
        entries.append(Entry("map", _("地图"), reverse("desk:map")))
    if actor.may("bulletin.read"):
        entries.append(Entry("bulletin", _("通报"), reverse("desk:bulletins")))
    spread = len(tabs) <= APART and len(entries) + len(tabs) <= MOST
    entries += tabs if spread else [Entry("manage", _("管理"), tabs[0].url)]
    if len(entries) > MOST:
        # A desk with everything: the map moves below 管理, where it is one of the tabs.
        entries = [entry for entry in entries if entry.id != "map"]
    here = "manage" if here in {tab.id for tab in tabs} and not spread else here
    return Menu(entries, here, _where(actor), _seat(actor), max(0, len(actor.seats) - 1))


def _where(actor: Actor) -> list[str]:
    place = home_place(actor)
    if place is None:
        return []
    directory = places.directory()
    path = directory.path(place)
    chain = [id for id in (path.county_id, path.town_id, path.village_id) if id is not None]
    return [places.short_name(directory.get(id).name) for id in chain[-2:]]


def _seat(actor: Actor) -> str:
    if not actor.seats:
        return ""
    seat = people.directory().seat(actor.seat or actor.seats[0])
    return seat.organisation_name or seat.title
