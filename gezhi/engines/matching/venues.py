"""Venues: which are near somebody, how a week of one is taken and where it is free, and changing what is said of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from gezhi.engines.matching import access, checks, lanes, rules, writing
from gezhi.engines.matching.models import CANCELLED, Hold, Session, Venue
from gezhi.foundation import db, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound
from gezhi.foundation.people import Actor

MOST = 300
DAY = (time(8), time(21))  # what a calendar shows of a venue that says no hours
ABOUT = ("kind", "owner", "condition")


@dataclass(frozen=True)
class Taken:
    """A stretch of a venue that somebody has. `session` is None when the actor may not know whose it is."""

    starts: datetime
    ends: datetime
    session: Session | None


@dataclass(frozen=True)
class Day:
    """One day of a venue: what is taken, in order of time, and what is free in its opening hours."""

    on: date
    taken: Sequence[Taken]
    free: Sequence[tuple[datetime, datetime]]


def near(actor: Actor, *, q: str = "") -> list[Venue]:
    """Venues in and above the places of the actor's seats, by name; at most 300. One query."""
    directory, seats = places.directory(), people.directory()
    own = {seats.seat(seat).place_id for seat in actor.answering}
    found = Q(pk__in=[])
    for place in own:
        found |= access.inside(place) | Q(place_id__in=directory.ancestors(place))
    rows = Venue.objects.filter(found)
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(kind__icontains=q) | Q(owner__icontains=q))
    return list(rows.order_by("name", "id")[:MOST])


def to_see(venue_id: int, *, actor: Actor) -> Venue:
    """The row for any colleague: a venue says nothing of persons. NotFound venue.not_found otherwise."""
    row = Venue.objects.filter(pk=venue_id).first() if actor.kind != "resident" else None
    if row is None:
        raise NotFound("venue.not_found")
    return row


def may_keep(place_id: int, *, actor: Actor) -> bool:
    """Whether the actor may enter or change venues of a place."""
    path = places.directory().path(place_id)
    return actor.may("places.manage", path) or actor.may("case.raise_for", path)


def keeps(actor: Actor) -> list[int]:
    """Open places in which the actor may enter venues, their own first; at most 400."""
    directory, seats = places.directory(), people.directory()
    own = list(dict.fromkeys(seats.seat(seat).place_id for seat in sorted(actor.answering)))
    below = dict.fromkeys(id for place in own for id in (place, *directory.descendants(place)) if directory.open(id))
    shown = [id for id in below if directory.place(id).kind not in ("building", *places.GRIDS) or id in own]
    return [id for id in shown[:MOST] if may_keep(id, actor=actor)]


def days(venue: Venue, first: date, count: int, *, actor: Actor) -> list[Day]:
    """So many days from `first`: two queries, however many bookings. What is past is not offered as free."""
    since, until = clock.midnight(first), clock.midnight(first + timedelta(days=count))
    held = list(
        Hold.objects.filter(lane=lanes.venue(venue.pk), starts__lt=until, ends__gt=since)
        .order_by("starts", "id")
        .values_list("starts", "ends", "session_id")
    )
    seen = Session.objects.filter(access.visible(actor), pk__in=[id for _s, _e, id in held]).exclude(state=CANCELLED)
    known = {row.pk: row for row in seen}
    now = clock.now()
    found = []
    for n in range(count):
        on = first + timedelta(days=n)
        begins, over = clock.midnight(on), clock.midnight(on + timedelta(days=1))
        taken = [Taken(s, e, known.get(id)) for s, e, id in held if s < over and e > begins]
        opens = _moment(on, venue.opens or DAY[0])
        closes = _moment(on, venue.closes or DAY[1])
        ours = venue.until is None or on <= venue.until
        free = rules.free([(t.starts, t.ends) for t in taken], max(opens, now), closes) if ours else []
        found.append(Day(on, taken, free))
    return found


def used(venues: Sequence[Venue], since: datetime, until: datetime) -> dict[int, int]:
    """How many sessions each had in [since, until), those called off left out. One query."""
    counts: dict[int, int] = {}
    rows = Session.objects.filter(venue_id__in=[v.pk for v in venues], starts__gte=since, starts__lt=until)
    for id in rows.exclude(state=CANCELLED).values_list("venue_id", flat=True):
        counts[id or 0] = counts.get(id or 0, 0) + 1
    return counts


def change(
    venue_id: int,
    *,
    actor: Actor,
    expected_seq: int | None = None,
    about: Mapping[str, str] | None = None,
    capacity: int | None = None,
    until: date | None = None,
    opens: time | None = None,
    closes: time | None = None,
) -> Venue:
    """Say anew whose it is, its state, seats, hours and last day. What was promised stays: the days and hours of bookings to
    come must still lie within, or the change is refused. Raises NotAllowed, Invalid, Conflict session.stale, venue.promised.
    """
    with db.write():
        lanes.lock([lanes.venue(venue_id)])
        row = Venue.objects.select_for_update().filter(pk=venue_id).first()
        if row is None:
            raise NotFound("venue.not_found")
        if not may_keep(row.place_id, actor=actor):
            actor.need("case.raise_for", places.directory().path(row.place_id))
        if expected_seq is not None and row.event_seq != expected_seq:
            raise Conflict("session.stale")
        check(capacity, row.since, until, opens, closes)
        before = _state(row)
        for name, words in (about or {}).items():
            if name in ABOUT:
                setattr(row, name, checks.line(words, 60))
        row.capacity, row.until, row.opens, row.closes = capacity, until, opens, closes
        _keep_promises(row)
        patch = {name: value for name, value in _state(row).items() if value != before[name]}
        if patch:
            writing.put(row, "venue.changed", patch, actor=actor, seat=writing.acting(actor))
    return row


def check(capacity: int | None, since: date, until: date | None, opens: time | None, closes: time | None) -> None:
    """Seats from 1, a last day not before the first, hours that end after they begin. Raises Invalid session.invalid."""
    wrong = {}
    if capacity is not None and not 1 <= capacity <= 100_000:
        wrong["capacity"] = _("请填 1 到 100000 的整数。")
    if until is not None and until < since:
        wrong["until"] = _("最后一天不能早于第一天。")
    if opens is not None and closes is not None and closes <= opens:
        wrong["closes"] = _("关门要晚于开门。")
    if wrong:
        raise Invalid("session.invalid", field_errors=wrong)


def _keep_promises(row: Venue) -> None:
    held = Hold.objects.filter(lane=lanes.venue(row.pk), ends__gt=clock.now()).values_list("starts", "ends")
    broken = sum(1 for starts, ends in held if not is_open(row, starts, ends))
    if broken:
        raise Conflict("venue.promised", n=broken)


def is_open(row: Venue, starts: datetime, ends: datetime) -> bool:
    """Whether it is ours and open from `starts` to `ends`."""
    start, end = clock.local(starts), clock.local(ends)
    if row.until is not None and end.date() > row.until:
        return False
    early = row.opens is not None and start.time() < row.opens
    late = row.closes is not None and (end.time() > row.closes or end.date() != start.date())
    return not early and not late


def _state(row: Venue) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in (*ABOUT, "capacity", "until", "opens", "closes")}
    return {name: value.isoformat() if isinstance(value, time) else value for name, value in told.items()}


def _moment(on: date, at: time) -> datetime:
    return clock.midnight(on) + timedelta(hours=at.hour, minutes=at.minute)
