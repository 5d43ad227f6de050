"""What is due by rhythm: for each unit and period whether it took place, is open, or was missed.

Nothing is stored: slots come from the rhythm, what happened from the sessions, so a record that arrives late turns a
missed slot into a done one by itself. docs/rules/activities.md
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from gezhi.engines.matching import access, rules
from gezhi.engines.matching.models import CANCELLED, CLOSED, Session
from gezhi.engines.matching.schema import Activity, activity
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.packs.models import PackVersion


@dataclass(frozen=True)
class Due:
    """One slot of one unit. `sessions`: those that lie in it, whatever their state; `done`: how many were finished."""

    unit: str
    slot: rules.Slot
    state: str
    done: int
    times: int
    sessions: tuple[int, ...]


def units(kind: Activity, *, place: int | None = None) -> list[str]:
    """Whose duty it is: "place:3", "seat:9", "org:4", inside `place` when one is given."""
    over = (kind.rhythm or {}).get("over") or {}
    map_of, directory = places.directory(), people.directory()

    def here(id: int) -> bool:
        return place is None or id == place or map_of.is_within(id, place)

    if "places" in over:
        return [f"place:{id}" for id in map_of.of_kind(over["places"]) if here(id) and map_of.open(id)]
    if "seats" in over:
        seats = [s for s in directory.seats.values() if s.post == over["seats"] and not s.closed]
        return [f"seat:{s.id}" for s in sorted(seats, key=lambda s: s.id) if here(s.place_id)]
    if "organisations" in over:
        orgs = [o for o in directory.organisations.values() if over["organisations"] in (o.kind, o.code)]
        return [f"org:{o.id}" for o in sorted(orgs, key=lambda o: o.id) if here(o.place_id)]
    return []


def due(
    name: str, first: date, last: date, *, place: int | None = None, only: Iterable[str] | None = None
) -> list[Due]:
    """Every slot of every unit whose period begins in [first, last], none that was over before the activity came into
    force; by unit and time. Two queries.

    A session counts where its start lies, once it is finished; a cancelled one counts for nothing.
    """
    kind = activity(name)
    if kind.rhythm is None:
        return []
    today, times = clock.today(), kind.rhythm["times"]
    begun = in_force(name)
    slots = [s for s in rules.slots(kind.rhythm["every"], first, last) if s.first >= first and s.last >= begun]
    wanted = list(only) if only is not None else units(kind, place=place)
    if not slots or not wanted:
        return []
    rows = Session.objects.filter(
        activity=name, starts__gte=clock.midnight(slots[0].first),
        starts__lt=clock.midnight(slots[-1].last + timedelta(days=1)),
    ).exclude(state=CANCELLED)  # fmt: skip
    there: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for id, unit, starts, state in rows.order_by("starts", "id").values_list("id", "unit", "starts", "state"):
        slot = rules.slot_of(kind.rhythm["every"], clock.local(starts).date())
        there[unit, slot.key].append((id, state))
    found = []
    for unit in wanted:
        for slot in slots:
            lie = there.get((unit, slot.key), [])
            done = sum(1 for _id, state in lie if state == CLOSED)
            state = rules.state_of_slot(slot, done=done, times=times, today=today)
            found.append(Due(unit, slot, state, done, times, tuple(id for id, _state in lie)))
    return found


def in_force(name: str) -> date:
    """The day from which the activity has been in force here: nothing was due before. One query."""
    rows = PackVersion.objects.filter(kind="activity", name=name).order_by("installed_at")
    first = rows.values_list("installed_at", flat=True).first()
    return clock.local(first).date() if first else date.min


def themes(name: str, first: date, last: date, *, place: int | None = None) -> dict[str, set[str]]:
    """Period -> the themes of its sessions that were not cancelled. One query."""
    kind = activity(name)
    each = kind.themes["each"] or "month"
    rows = Session.objects.filter(
        activity=name, starts__gte=clock.midnight(first), starts__lt=clock.midnight(last + timedelta(days=1))
    ).exclude(state=CANCELLED)
    if place is not None:
        rows = rows.filter(access.inside(place))
    found: dict[str, set[str]] = defaultdict(set)
    for theme, starts in rows.values_list("theme", "starts"):
        if theme:
            found[rules.slot_of(each, clock.local(starts).date()).key].add(theme)
    return dict(found)


def themes_missing(name: str, first: date, last: date, *, place: int | None = None) -> list[str]:
    """Periods without exactly one theme, among those that begin in [first, last]."""
    each = activity(name).themes["each"] or "month"
    begun = in_force(name)
    slots = [slot for slot in rules.slots(each, first, last) if slot.first >= first and slot.last >= begun]
    return rules.themes_missing(themes(name, first, last, place=place), slots)


def unit_name(unit: str) -> str:
    """A unit in words."""
    kind, _colon, id = unit.partition(":")
    if not id.isdigit():
        return ""
    if kind == "place":
        found = places.directory().get(int(id))
        return places.short_name(found.name) if found else ""
    directory = people.directory()
    if kind == "seat":
        seat = directory.seats.get(int(id))
        return seat.label if seat else ""
    org = directory.organisations.get(int(id))
    return org.name if org else ""
