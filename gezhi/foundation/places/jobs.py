"""Background work of the room: what follows from a change of places on its day."""

from __future__ import annotations

from gezhi.foundation import jobs
from gezhi.foundation.jobs.claims import Claimed

from .effects import take_effect


@jobs.handler("places.effect")
def effect(job: Claimed) -> None:
    """Seats and open cases follow a change whose day has come."""
    with job.complete():
        take_effect(job.payload["change"])
