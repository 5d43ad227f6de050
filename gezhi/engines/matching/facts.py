"""What this engine lets measures count: sessions held, and those who were there."""

from __future__ import annotations

from django.db.models import QuerySet


def _sessions() -> QuerySet:
    from gezhi.engines.matching.models import CLOSED, HELD, Session

    return Session.objects.filter(state__in=(HELD, CLOSED))


def _attendances() -> QuerySet:
    from gezhi.engines.matching.models import ATTENDED, CLOSED, HELD, Booking

    return Booking.objects.filter(state=ATTENDED, session__state__in=(HELD, CLOSED))


SESSION = {
    "opened": "starts", "county": "county_id", "town": "town_id", "village": "village_id", "grid": "grid_id",
    "activity": "activity", "theme": "theme", "kind": "kind", "restricted": "restricted", "person_times": "person_times", "heads": "heads",
}  # fmt: skip


def register() -> None:
    """Declare the facts; called once when Django starts."""
    from gezhi.foundation import measures

    measures.facts("sessions", _sessions, SESSION)
    inside = {name: f"session__{column}" for name, column in SESSION.items() if name not in ("person_times", "heads")}
    measures.facts("attendances", _attendances, inside | {"person": "who", "rating": "rating"})
