"""What the worker does for this room. Sending has a thread of its own there: a slow gateway holds up no other work."""

from __future__ import annotations

from gezhi.foundation.jobs import every

from . import forgetting, sending

_TURNS = 50


@every(1, "notices.send")
def send() -> None:
    """Whatever is due now, at most about a thousand messages a turn."""
    for _turn in range(_TURNS):
        if not sending.send_due():
            return


@every(3600, "notices.sweep")
def sweep() -> None:
    """Old lines go."""
    forgetting.sweep()
