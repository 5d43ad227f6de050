"""Certificates as lists: what the people one answers for hold, what runs out, who may be put on a course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q

from gezhi.engines.matching import learning, rules
from gezhi.engines.matching.models import Certificate, Trainee
from gezhi.engines.matching.schema import Course, competences, course, courses
from gezhi.foundation import events as log
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotAllowed, NotFound
from gezhi.foundation.people import Actor

SOON_DAYS = 60
MOST = 300
VALID, SOON, EXPIRED, RENEWED, REVOKED = "valid", "soon", "expired", "renewed", "revoked"
POWERS = ("people.manage", "case.supervise")


@dataclass(frozen=True)
class Held:
    """One certificate as a list says it. `days`: until its last day, negative when past, None when it never runs out."""

    row: Certificate
    title: str
    state: str
    days: int | None


@dataclass(frozen=True)
class Candidate:
    """Somebody who could be put on a course. `why_not`: "" | "learning" | "passed" (a certificate that is still good)."""

    person_id: int
    seat_id: int
    why_not: str


def known(actor: Actor, *, place: int | None = None) -> dict[int, int]:
    """Whose certificates the actor may see: person -> the seat they are seen by; the actor with no seat counts as 0."""
    directory, map_of = people.directory(), places.directory()
    allowed: dict[int, bool] = {}
    found: dict[int, int] = {}
    for seat in directory.seats.values():
        if seat.closed or (place is not None and seat.place_id != place and not map_of.is_within(seat.place_id, place)):
            continue
        if seat.place_id not in allowed:
            path = map_of.path(seat.place_id)
            allowed[seat.place_id] = any(actor.may(power, path) for power in POWERS)
        for person in directory.holders(seat.id):
            if allowed[seat.place_id] or person == actor.person_id:
                found.setdefault(person, seat.id)
    if actor.person_id is not None and place is None:
        found.setdefault(actor.person_id, next(iter(directory.held(actor.person_id)), 0))
    return found


def listed(
    persons: Sequence[int], *, show: str = "", competence: str = "", person: int | None = None, on: date | None = None
) -> list[Held]:
    """Certificates of these persons, the first to run out at the top, those that never do at the end; at most 300.

    `show`: "soon" (within 60 days), "expired" (nothing newer stands for it), "valid", or all. Two queries.
    """
    today = on or clock.today()
    rows = Certificate.objects.filter(person_id__in=[person] if person in persons else list(persons))
    if competence:
        rows = rows.filter(competence=competence)
    if show == SOON:
        rows = rows.filter(expires_on__gte=today, expires_on__lte=today + timedelta(days=SOON_DAYS))
    elif show == EXPIRED:
        rows = rows.filter(expires_on__lt=today)
    elif show == VALID:
        rows = rows.filter(Q(expires_on__isnull=True) | Q(expires_on__gte=today))
    if show:
        rows = rows.filter(revoked_on__isnull=True)
    some = list(rows.order_by("expires_on", "id")[: MOST * 2])
    best = learning.held({row.person_id for row in some})
    titles = competences()
    found = [_held(row, best, titles, today) for row in some]
    if show in (SOON, EXPIRED):
        found = [one for one in found if one.state == show]
    return sorted(found, key=lambda one: (one.row.expires_on is None, one.row.expires_on or today, one.row.pk))[:MOST]


def to_see(certificate_id: int, *, actor: Actor) -> Held:
    """One of them for somebody who may know of it. NotFound certificate.none for everybody else."""
    row = Certificate.objects.filter(pk=certificate_id).first()
    if row is None or not learning.may_see(row.person_id, actor=actor):
        raise NotFound("certificate.none")
    return _held(row, learning.held([row.person_id]), competences(), clock.today())


def course_of(row: Certificate) -> Course | None:
    """The course that gave it; None for one brought along."""
    name = row.source.removeprefix("course:")
    return course(name) if name != row.source and name in {c.name for c in courses()} else None


def proof(row: Certificate) -> str:
    """The number and issuer of one brought along; for `to_see` only. Empty when none or lawfully erased."""
    return (log.read_private([row.proof_ref])[row.proof_ref] or "") if row.proof_ref else ""


def candidates(kind: Course, *, actor: Actor) -> list[Candidate]:
    """Who of those the actor answers for may be put on a course, by the course's posts; at most 300. Three queries."""
    if not learning.may_manage(kind, actor=actor):
        raise NotAllowed("session.not_organiser")
    directory, map_of, today = people.directory(), places.directory(), clock.today()
    owners = set(kind.body["owners"].values())
    mine = [directory.seat(seat) for seat in sorted(actor.answering)]
    # A named owner answers for everybody inside their place; otherwise whoever manages or supervises there.
    spots = {seat.place_id for seat in mine if seat.post in owners}
    inside = {id for spot in spots for id in (spot, *map_of.descendants(spot))}
    reach = known(actor) if not owners else None
    found: dict[int, int] = {}
    for seat in directory.seats.values():
        if seat.closed or (kind.body["for"] and seat.post not in kind.body["for"]):
            continue
        for person in directory.holders(seat.id):
            if (reach is None and seat.place_id in inside) or (reach is not None and person in reach):
                found.setdefault(person, seat.id)
    persons = list(found)
    states = dict(
        Trainee.objects.filter(course=kind.name, person_id__in=persons)
        .exclude(state=learning.LEFT)
        .values_list("person_id", "state")
    )
    good = _good(kind, persons, today)
    return [
        Candidate(
            person, found[person],
            "learning" if states.get(person) == learning.LEARNING
            else "passed" if states.get(person) == learning.PASSED and (person in good or not kind.body["certificate"])
            else "",
        )
        for person in persons[:MOST]
    ]  # fmt: skip


def _good(kind: Course, persons: Sequence[int], today: date) -> set[int]:
    said = kind.body["certificate"]
    if not said:
        return set()
    holding = learning.held(persons)
    return {p for p in persons if rules.valid(holding.get(p, {}).get(said["competence"], date.min), today)}


def _held(row: Certificate, best: dict[int, dict[str, date | None]], titles: dict[str, str], today: date) -> Held:
    days = None if row.expires_on is None else (row.expires_on - today).days
    newest = best.get(row.person_id, {}).get(row.competence, date.min)
    if row.revoked_on is not None:
        state = REVOKED
    elif days is not None and (newest is None or newest > (row.expires_on or date.max)):
        state = RENEWED
    elif days is None or days > SOON_DAYS:
        state = VALID
    else:
        state = SOON if days >= 0 else EXPIRED
    return Held(row, titles.get(row.competence, row.competence), state, days)
