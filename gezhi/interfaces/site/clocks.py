"""The face of a clock: state, share of time used and words, for a work item, a case or a row of a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.engines.workflows import rules

from . import words

CLOCK_WORDS = {
    "waiting": gettext_lazy("等着"),
    "running": gettext_lazy("在时限内"),
    "soon": gettext_lazy("快到点"),
    "overdue": gettext_lazy("超时"),
    "done": gettext_lazy("办完"),
    "parked": gettext_lazy("挂账"),
}


@dataclass(frozen=True)
class Face:
    """`state` one of CLOCK_WORDS, `used` 0..1 share of the time gone, words long and short, `title` exact."""

    state: str
    used: float
    full: str
    short: str
    title: str


def _get(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, dict) else getattr(item, name, None)


def face(item: Any, now: datetime) -> Face:
    """The face of anything that carries `opened_at, due_at, warn_at, done_at, state`, or a ready `clock_state`."""
    due, opened = _get(item, "due_at"), _get(item, "opened_at")
    state = _get(item, "clock_state") or rules.clock_state(
        state=_get(item, "state"), due_at=due, warn_at=_get(item, "warn_at"), now=now
    )
    if state not in CLOCK_WORDS:
        raise ValueError(f"unknown clock state {state!r}")
    title = words.exact_end(due) if due is not None else ""
    said = str(CLOCK_WORDS[state])
    if due is None or state in ("waiting", "done", "parked"):
        return Face(state, 0.0, said, said, title)
    used = 1.0
    if opened is not None and due > opened:
        used = (now - opened) / (due - opened)
    full, short = words.left(due, now), words.left(due, now, fine=False)
    if state == "overdue" and now <= due:  # an urgent matter that must not wait, though in time
        full = short = _("马上办")
    return Face(state, used, full, short, title)
