"""What leaves no trace behind: an erased matter, a person who no longer answers for anything."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from gezhi.foundation import db, people
from gezhi.foundation.calendar import clock

from .models import DROPPED, WAITING, Choice, Delivery, Notice

KEPT = timedelta(days=90)  # as long as a done job is remembered
LEFT = "left"


def forget(stream: str, names: tuple[str, ...]) -> None:
    """A matter was lawfully erased: nothing that speaks of it stays, nothing of it goes out any more."""
    Notice.objects.filter(stream=stream).delete()
    Delivery.objects.filter(stream=stream).delete()
    if stream.startswith("person:") and "phone" in names:
        Choice.objects.filter(person=int(stream.partition(":")[2])).update(email=None)


def unread_about(streams: Iterable[str]) -> set[tuple[str, int, int | None]]:
    """(stream, person, seat) of the lines about these matters that colleagues have not read. One query."""
    rows = Notice.objects.filter(stream__in=list(streams), read_at=None).order_by("id")
    return set(rows.values_list("stream", "person", "seat"))


def told_already(template: str, streams: Iterable[str]) -> set[tuple[str, int]]:
    """(stream, person) of unread lines by this template. One query."""
    rows = Notice.objects.filter(stream__in=list(streams), read_at=None, template=template)
    return set(rows.values_list("stream", "person"))


def take_back(streams: Iterable[str]) -> None:
    """A matter is kept apart from now on: lines about it that no colleague has read yet, and what waits to be sent to
    colleagues and their groups, are gone. What its reporter is told goes on. Two statements."""
    given = list(streams)
    Notice.objects.filter(stream__in=given, read_at=None).delete()
    _drop(given)


def put_away(streams: Iterable[str]) -> None:
    """A matter is handled with another one from now on: lines about it count as read, and stay, so that reading the log
    again makes none anew; what waits to be sent to colleagues is dropped. Two statements."""
    given = list(streams)
    Notice.objects.filter(stream__in=given, read_at=None).update(read_at=clock.now())
    _drop(given)


def _drop(streams: list[str]) -> None:
    Delivery.objects.filter(stream__in=streams, state=WAITING, code="").update(
        state=DROPPED, error=LEFT, done_at=clock.now()
    )


def person_left(person_id: int, seats: Iterable[int], actor: Any) -> list[object]:
    """Unread lines about seats the person no longer answers for are taken back, and nothing more goes out for them."""
    lost = list(set(seats) - people.directory().answering(person_id))
    Notice.objects.filter(person=person_id, seat__in=lost, read_at=None).delete()
    Delivery.objects.filter(person=person_id, seat__in=lost, state=WAITING).update(
        state=DROPPED, error=LEFT, done_at=clock.now()
    )
    return []


def sweep() -> None:
    """Old lines and messages go after a quarter; the record of what happened is the matter's own."""
    before = clock.now() - KEPT
    with db.write():
        Notice.objects.filter(at__lt=before).delete()
        Delivery.objects.filter(created_at__lt=before).exclude(state=WAITING).delete()
