"""The only door to a row: who may record what, and the locks, always the enrolment before the row of the period."""

from __future__ import annotations

from datetime import date

from gezhi.engines.duties import refusals as _refusals  # noqa: F401  (registers the codes)
from gezhi.engines.duties.models import Done, Enrolment
from gezhi.engines.duties.rules import Rule
from gezhi.engines.duties.seating import may_record
from gezhi.foundation import people, places
from gezhi.foundation.errors import NotAllowed, NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects import access as may
from gezhi.foundation.subjects import definitions
from gezhi.foundation.subjects.definitions import Register


def enrolment_to_change(rule: Rule, subject_id: int, period: str) -> Enrolment:
    """The enrolment this period belongs to, locked: two records of one period come one after the other.

    Raises NotFound duties.not_owed.
    """
    rows = Enrolment.objects.select_for_update().filter(rule=rule.name, subject_id=subject_id)
    if rule.within is not None:
        try:
            rows = rows.filter(anchor=date.fromisoformat(period))
        except ValueError:
            raise NotFound("duties.not_owed", period=period) from None
    found = rows.order_by("-since", "-id").first()
    if found is None:
        raise NotFound("duties.not_owed", period=period)
    return found


def done_to_change(rule: str, subject_id: int, period: str) -> Done | None:
    """What is recorded of the period so far, locked."""
    return Done.objects.select_for_update().filter(rule=rule, subject_id=subject_id, period=period).first()


def locked(done_id: int) -> Done:
    """A row by its number, locked, its enrolment first. Raises NotFound duties.not_owed."""
    seen = Done.objects.filter(pk=done_id).values("rule", "subject_id").first()
    if seen is None:
        raise NotFound("duties.not_owed", period=str(done_id))
    list(Enrolment.objects.select_for_update().filter(**seen).order_by("id"))
    return Done.objects.select_for_update().get(pk=done_id)


def register_of(rule: Rule) -> Register | None:
    """The register a rule is about; None for places and seats."""
    return definitions.register(rule.over[1]) if rule.over[0] == "register" else None


def served(rule: Rule) -> bool:
    """Whether the rule exists in this process: one over a register for the inside only where that is served."""
    register = register_of(rule)
    return register is None or register.served


def sees(rule: Rule, place_id: int, actor: Actor) -> bool:
    """Whether the actor may see who is under a rule at a place: as they may see the register it is about, else any."""
    register = register_of(rule)
    if register is not None and not register.served:
        return False
    return actor.kind == "system" or may.covers(may.scopes(actor, register), places.directory().path(place_id))


def need_seat(rule: Rule, seat_id: int, actor: Actor) -> None:
    """Raises NotAllowed duties.not_yours unless the actor answers for the seat (strict rules: sits in it)."""
    if not may_record(rule, seat_id, actor):
        seat = people.directory().seats.get(seat_id)
        raise NotAllowed("duties.not_yours", seat=seat.label if seat else "—")
