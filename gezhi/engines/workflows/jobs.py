"""Background work of the engine: the clock, and the search index of a case's words."""

from __future__ import annotations

import json

from gezhi.engines.workflows import children, recounting, reseating, ticking
from gezhi.engines.workflows.models import Case
from gezhi.foundation import events, jobs, people, text
from gezhi.foundation.calendar import clock
from gezhi.foundation.jobs.claims import Claimed


@jobs.every(2, "workflows.tick")
def tick() -> None:
    """Warnings, breaches, rungs, silence: whatever became due."""
    while ticking.tick(settle=False) == ticking.BATCH:
        pass


@jobs.every(2, "workflows.settle")
def settle() -> None:
    """Open work follows the people, when anything about them has changed."""
    reseating.settle(clock.now())


@jobs.handler("case.index")
def index(job: Claimed) -> None:
    """Index what the resident wrote (and added later), as keyed hashes."""
    with job.complete():
        # Locked: words read before an erasure must not be indexed after it.
        case = Case.objects.select_for_update().filter(pk=job.payload["case"]).first()
        if case is None:
            return
        refs = [case.text_ref]
        for event in events.history(f"case:{case.id}"):
            act = event.patch.get("act", {})
            if act.get("action") == "add" and "said" in act:
                refs.append(act["said"]["private"])
        words = [_words(raw) for raw in events.read_private(refs).values() if raw]
        text.index("case", case.id, [case.number, *words])


@jobs.handler("case.children")
def open_children(job: Claimed) -> None:
    """Open the sub-cases of a children stage; each is a transaction of its own, so a crash goes on where it was."""
    children.open_all(job.payload["case"], job.payload["item"])
    with job.complete():
        pass


@jobs.handler("case.child_closed")
def child_closed(job: Claimed) -> None:
    """A sub-case ended: its parent looks whether that was enough."""
    with job.complete():
        children.look(job.payload["parent"])


@jobs.handler("case.recount")
def recount(job: Claimed) -> None:
    """Look once more after a change of the calendar, for cases that were being written at that moment."""
    recounting.recount(people.system("calendar"))


def _words(raw: str) -> str:
    value = json.loads(raw)
    return str(value.get("text") or value.get("words") or "")
