"""Who is at work: heartbeats, and the one worker that leads the periodic work."""

from __future__ import annotations

from django.db.models import Q

from gezhi.foundation import db

from .models import Lead, Worker
from .queue import machine_ms

BEAT_SECONDS = 3.0
# A leader that is silent for this long is replaced. Longer than a few beats, shorter than anyone's patience.
LEAD_MS = 12_000
FORGET_MS = 24 * 3600 * 1000


#: How the names of workers end that do slow jobs only: they never lead, and their heart does not stand for the worker's.
SLOW_NAME = "+slow"


def beat(name: str) -> bool:
    """Say that worker `name` is alive and keep, or try to take, the lead. True when it leads now.

    Call from a time before the answer is needed: leadership lasts LEAD_MS from the start of the call.
    """
    now = machine_ms()
    with db.write():
        Worker.objects.bulk_create(
            [Worker(name=name, beat=now)], update_conflicts=True, unique_fields=["name"], update_fields=["beat"]
        )
        if name.endswith(SLOW_NAME):
            return False
        free = Q(holder=name) | Q(until__lt=now)
        leads = bool(Lead.objects.filter(free, id=1).update(holder=name, until=now + LEAD_MS))
        if not leads and not Lead.objects.filter(id=1).exists():
            Lead.objects.bulk_create([Lead(id=1, holder="", until=0)], ignore_conflicts=True)
            leads = bool(Lead.objects.filter(free, id=1).update(holder=name, until=now + LEAD_MS))
    return leads


def leave(name: str) -> None:
    """A worker that stops in order gives the lead back and is no longer listed."""
    with db.write():
        Worker.objects.filter(name=name).delete()
        Lead.objects.filter(id=1, holder=name).update(holder="", until=0)


def forget_silent() -> int:
    """Drop workers not heard of for a day; returns how many."""
    with db.write():
        return Worker.objects.filter(beat__lt=machine_ms() - FORGET_MS).delete()[0]
