"""审计清单: events, looks at masked values, exports, sign-ins, changes of people and places; narrowed, page by page.

The log has no index by person or kind, on purpose: every case would pay for it. So a page of it looks at a bounded
stretch of numbers and says how far back it looked; the next page goes on from there. Cursors are signed and hold
only for the list and the filters they were made for.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db.models import Max, Q
from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gezhi.foundation import exports, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotFound
from gezhi.foundation.events import Event
from gezhi.foundation.exports.taking import TITLES as EXPORTS
from gezhi.foundation.forms import read_date
from gezhi.foundation.people import actions
from gezhi.foundation.people.models import Reveal
from gezhi.foundation.people.queries import seats_within
from gezhi.interfaces.site import happenings
from gezhi.interfaces.site.requests import Request

from ..menu import home_place
from ..names import person_name, seat_name
from ..page import show, staff
from . import audit

SIZE = 50
# So many numbers of the log one page looks at: a few tenths of a second, whatever is looked for.
STRETCH = 100_000


@dataclass(frozen=True)
class Sieve:
    """What narrows a list: persons and seats who did it (None = anybody), a kind, and days."""

    persons: frozenset[int] | None = None
    seats: frozenset[int] | None = None
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def days(self) -> Q:
        since = Q(at__gte=self.since) if self.since else Q()
        return since & (Q(at__lt=self.until) if self.until else Q())

    def doers(self, person: str, seat: str) -> Q:
        """Who did it; without a noted seat a person counts where they sit or sat."""
        if self.persons is None:
            return Q()
        by = Q(**{f"{person}__in": self.persons})
        return by if self.seats is None else Q(**{f"{seat}__in": self.seats}) | (by & Q(**{seat: None}))


@dataclass(frozen=True)
class Found:
    """A page: its lines, the number to go on before (None = that was all), and how far back was looked."""

    lines: list[dict[str, Any]]
    before: int | None
    looked_to: datetime | None = None


@staff
@require_safe
def trail(request: Request, name: str) -> HttpResponse:
    """One list. `?who= kind= place= since= until= cursor=`."""
    request.actor.need("audit.read")
    if name not in audit.TRAILS:
        raise NotFound()
    errors: dict[str, str] = {}
    sieve = _sieve(request, errors)
    kinds = _kinds(name)
    if sieve.kind and sieve.kind not in kinds:
        raise Invalid("page.cursor")
    before = _read_cursor(name, request.GET)
    found = Found([], None) if errors else _LISTS[name](request, sieve, before)
    context = {
        "name": name,
        "title": audit.TRAILS[name],
        "trails": audit.TRAILS.items(),
        "kinds": kinds.items(),
        "places": _places(request),
        "typed": request.GET,
        "errors": errors,
        "lines": found.lines,
        "looked_to": found.looked_to,
        "next": _next(name, request.GET, found.before) if found.before is not None else "",
        "later": before is not None,
    }
    return show(request, "desk/trail.html", context, here="audit", status=422 if errors else 200)


def _sieve(request: Request, errors: dict[str, str]) -> Sieve:
    given = request.GET
    persons: frozenset[int] | None = None
    seats: frozenset[int] | None = None
    if place := given.get("place", ""):
        if not place.isascii() or not place.isdigit() or int(place) not in {id for id, _name in _places(request)}:
            raise NotFound()
        here = seats_within(int(place))
        terms = people.directory().terms
        seats = frozenset(seat.id for seat in here)
        persons = frozenset(term.person_id for seat in here for term in terms.get(seat.id, ()))
    if who := given.get("who", "").strip():
        wanted = _who(who)
        if not wanted:
            errors["who"] = _("没有这个人：写登记的姓名、电话或登录名。")
        persons, seats = (wanted, None) if persons is None else (persons & wanted, None)
    days: dict[str, datetime | None] = {"since": None, "until": None}
    for name in days:
        if written := given.get(name, "").strip():
            day = read_date(written)
            if day is None or not 2000 <= day.year < 2200:
                errors[name] = _("日期写作 2026-11-30。")
            else:
                days[name] = clock.midnight(day) + timedelta(days=name == "until")
    return Sieve(persons, seats, given.get("kind", ""), days["since"], days["until"])


def _who(words: str) -> frozenset[int]:
    """Persons of this name, phone or sign-in name."""
    found = {p.id for p in people.directory().persons.values() if p.username and p.username == words.lower()}
    found.update(actions.find_by_name(words[:60]))
    if any(char.isdigit() for char in words):
        with suppress(Invalid):  # not a phone: a name or an account with a figure in it
            found.update(actions.find_by_phone(words))
    return frozenset(found)


def _places(request: Request) -> list[tuple[int, str]]:
    """The county of the reader and its towns: where those who did something sit."""
    directory, home = places.directory(), home_place(request.actor)
    county = directory.at_level(home, "county") if home is not None else None
    if county is None:
        return []
    return [(id, places.short_name(directory.get(id).name)) for id in (county, *directory.children(county))]


def _kinds(name: str) -> dict[str, Any]:
    return {
        "events": happenings.STREAMS,
        "reveals": {"phone": audit.field_name("phone"), "name": audit.field_name("name")},
        "exports": EXPORTS,
        "signs": happenings.ACCOUNT,
        "changes": happenings.CHANGES,
    }[name]


# --- the lists ------------------------------------------------------------------------------------------------


def _events(request: Request, sieve: Sieve, before: int | None) -> Found:
    where = Q(stream__startswith=f"{sieve.kind}:") if sieve.kind else Q()
    rows, more, looked_to = _stretch(where, sieve, before)
    hidden = audit.hidden_streams({row.stream for row in rows}, request.actor)
    lines = [_event(row) for row in rows if row.stream not in hidden]
    return Found(lines, more, looked_to)


def _changes(request: Request, sieve: Sieve, before: int | None) -> Found:
    where = Q(kind=sieve.kind) if sieve.kind else Q(kind__in=list(happenings.CHANGES))
    rows, more, looked_to = _stretch(where, sieve, before)
    return Found([_event(row) for row in rows], more, looked_to)


def _signs(request: Request, sieve: Sieve, before: int | None) -> Found:
    where = Q(kind=sieve.kind) if sieve.kind else Q(kind__in=list(happenings.ACCOUNT))
    rows, more, looked_to = _stretch(where, sieve, before)
    return Found(audit.signed(rows), more, looked_to)


def _stretch(where: Q, sieve: Sieve, before: int | None) -> tuple[list[Event], int | None, datetime | None]:
    """The newest events before a number, out of a bounded stretch of the log."""
    top = before or (Event.objects.aggregate(last=Max("id"))["last"] or 0) + 1
    if before is None and sieve.until is not None:
        top = _first_at(sieve.until, top)
    low = max(top - STRETCH, 0)
    found = Event.objects.filter(where & sieve.days() & sieve.doers("actor_person", "actor_seat"))
    rows = list(found.filter(id__lt=top, id__gte=low).order_by("-id")[: SIZE + 1])
    if len(rows) > SIZE:
        return rows[:SIZE], rows[SIZE - 1].id, None
    edge = Event.objects.filter(id__gte=low).order_by("id").values_list("at", flat=True).first() if low > 1 else None
    over = low <= 1 or edge is None or (sieve.since is not None and edge < sieve.since)
    return rows, None if over else low, None if over else edge


def _first_at(moment: datetime, top: int) -> int:
    """The number of the first event at or after a moment, by halving: about twenty look-ups by number."""
    low, high = 1, top
    while low < high:
        middle = (low + high) // 2
        row = Event.objects.filter(id__gte=middle, id__lt=top).order_by("id").values_list("id", "at").first()
        if row is None or row[1] >= moment:
            high = middle
        else:
            low = row[0] + 1
    return low


def _event(row: Event) -> dict[str, Any]:
    family, _colon, number = row.stream.partition(":")
    return {
        "at": row.at,
        "what": happenings.said(row.kind),
        "who": person_name(row.actor_person) or row.actor_name,
        "seat": seat_name(row.actor_seat) if row.actor_seat else "",
        "on": happenings.stream_said(row.stream),
        "case": int(number) if family == "case" and number.isdigit() else None,
        "of_seat": int(number) if family == "seat" and number.isdigit() else None,
        "fields": [key for key in row.patch if key[:1] != "@"][:8],
        "mark": bytes(row.hash).hex()[:12],
    }


def _reveals(request: Request, sieve: Sieve, before: int | None) -> Found:
    where = sieve.days() & sieve.doers("person_id", "seat_id") & (Q(id__lt=before) if before else Q())
    where &= Q(field=sieve.kind) if sieve.kind else Q()
    rows = list(Reveal.objects.filter(where).order_by("-id")[: SIZE + 1])
    return Found(audit.revealed(rows[:SIZE], request.actor), rows[SIZE - 1].pk if len(rows) > SIZE else None)


def _exports(request: Request, sieve: Sieve, before: int | None) -> Found:
    where = sieve.days() & sieve.doers("person", "seat") & (Q(id__lt=before) if before else Q())
    where &= Q(what=sieve.kind) if sieve.kind else Q()
    rows = exports.recent(SIZE + 1, where=where)
    return Found(audit.exported(rows[:SIZE], request.actor), rows[SIZE - 1].id if len(rows) > SIZE else None)


_LISTS: dict[str, Callable[[Request, Sieve, int | None], Found]] = {
    "events": _events, "reveals": _reveals, "exports": _exports, "signs": _signs, "changes": _changes,
}  # fmt: skip


# --- cursors --------------------------------------------------------------------------------------------------


def _kept(given: QueryDict) -> list[list[str]]:
    return [[key, str(given[key])] for key in ("who", "kind", "place", "since", "until") if given.get(key)]


def _next(name: str, given: QueryDict, before: int) -> str:
    """The query string of the page that goes on; the cursor holds a digest of the filters, not what was looked for."""
    query = QueryDict(mutable=True)
    query.update(dict(_kept(given)))
    query["cursor"] = signing.dumps(before, salt=_salt(name, given))
    return query.urlencode()


def _read_cursor(name: str, given: QueryDict) -> int | None:
    """Raises Invalid page.cursor: forged, cut short, or of another list or filter."""
    if not (cursor := given.get("cursor", "")):
        return None
    try:
        return int(signing.loads(cursor, salt=_salt(name, given)))
    except (signing.BadSignature, ValueError, TypeError):
        raise Invalid("page.cursor") from None


def _salt(name: str, given: QueryDict) -> str:
    return f"audit:{name}:{_kept(given)}"
