"""Meetings and activities on timelines: what a colleague took part in, what was held in a place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.utils.translation import gettext as _

from gezhi.engines.matching import access, queries
from gezhi.engines.matching.models import Booking, Session
from gezhi.engines.matching.words import STATES
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects.models import Subject
from gezhi.foundation.subjects.timeline import Line, place_source, source


def register() -> None:
    """Offer the sources to the subjects room."""
    source("activities")(of_subject)
    place_source("activities")(of_place)


def of_subject(subject_ids: Sequence[int], actor: Actor, limit: int) -> Iterable[Line]:
    """What a subject who is a colleague was at; those who signed up as guests are not joined to registers. Three queries."""
    persons = Subject.objects.filter(pk__in=subject_ids).exclude(person_id=None).values_list("person_id", flat=True)
    ids = list(persons)
    if not ids:
        return
    been = Booking.objects.filter(person_id__in=ids, state="attended").values("session_id")
    rows = Session.objects.filter(access.visible(actor), pk__in=been).order_by("-starts", "-id")[:limit]
    for row in rows:
        yield _line(row, _("到场"))


def of_place(place_id: int, actor: Actor, since: date, until: date, limit: int) -> Iterable[Line]:
    """What was held or is planned there between the days. One query."""
    first, last = clock.midnight(since), clock.midnight(until)
    for row in queries.between(actor, first, last, place=place_id, limit=min(limit, 100)):
        came = row.heads or row.attended
        yield _line(row, _("到场 {n} 人").format(n=came) if came else str(STATES[row.state]))


def _line(row: Session, text: str) -> Line:
    day = clock.local(row.starts).date()
    return Line(day, "activities", row.title, text, row.starts, ("session", row.pk), row.organiser_seat, str(row.pk))
