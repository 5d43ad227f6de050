"""Background work of the engine: the clock, and the search index of a case's words."""

from __future__ import annotations

import json
from collections.abc import Collection

from gezhi.engines.workflows import children, phones, recounting, reseating, similar, ticking
from gezhi.engines.workflows.models import Case
from gezhi.foundation import events, jobs, people, text
from gezhi.foundation.calendar import clock
from gezhi.foundation.jobs.claims import Claimed, complete_all
from gezhi.foundation.text import near


@jobs.every(2, "workflows.tick")
def tick() -> None:
    """Warnings, breaches, rungs, silence: whatever became due."""
    while ticking.tick(settle=False) == ticking.BATCH:
        pass


@jobs.every(2, "workflows.settle")
def settle() -> None:
    """Open work follows the people, when anything about them has changed."""
    reseating.settle(clock.now())


@jobs.batch_handler("case.index")
def index(claimed: list[Claimed]) -> None:
    """Index what the resident wrote (and added later), as keyed hashes, under the case's places."""
    ids = {int(job.payload["case"]) for job in claimed}
    refs = _words_of(ids)
    texts = events.read_private([ref for mine in refs.values() for ref in mine])
    # Opening and hashing the words takes most of the time: done before the lock, so that nobody waits for it.
    grams = {ref: text.grams(_words(raw)) for ref, raw in texts.items() if raw}
    sketches = {mine[0]: near.sketch(_words(raw)) for mine in refs.values() if (raw := texts.get(mine[0]))}
    with complete_all(claimed) as mine:
        # Locked: words read before an erasure must not be indexed after it.
        wanted = {int(job.payload["case"]) for job in mine}
        cases = Case.objects.select_for_update().filter(pk__in=wanted).order_by("id")
        rows = list(cases.values_list("id", "number", "county_id", "town_id", "village_id", "grid_id", "protected"))
        held = events.held([ref for case_id in wanted for ref in refs.get(case_id, ())])
        documents, known_by = [], []
        for case_id, number, *places, protected in rows:
            known = set().union(*(grams[ref] for ref in refs.get(case_id, ()) if ref in held and ref in grams))
            documents.append((case_id, text.grams(number) | known, [place for place in places if place is not None]))
            ref = refs[case_id][0] if case_id in refs else None
            # Nobody is led to a protected matter by its likeness; words that were erased are like nothing.
            seen = sketches.get(ref, b"") if ref in held and not protected else b""
            known_by.append((case_id, places[1], places[2], seen))
        text.put("case", documents)
        similar.put(known_by)


def _words_of(ids: Collection[int]) -> dict[int, list[int]]:
    """Ids of the private texts of each case that are searched: the matter, and what was added."""
    refs = {case_id: [ref] for case_id, ref in Case.objects.filter(pk__in=ids).values_list("id", "text_ref")}
    for stream, history in events.histories(f"case:{case_id}" for case_id in refs).items():
        for event in history:
            act = event.patch.get("act", {})
            if act.get("action") == "add" and "said" in act:
                refs[int(stream.partition(":")[2])].append(act["said"]["private"])
    return refs


@jobs.handler("case.children")
def open_children(job: Claimed) -> None:
    """Open the sub-cases of a children stage; each is a transaction of its own, so a crash goes on where it was."""
    children.open_all(job.payload["case"], job.payload["item"])
    with job.complete():
        pass


@jobs.handler("phone.code")
def phone_code(job: Claimed) -> None:
    """Send the code by which a phone is verified; a second sending carries the same id."""
    phones.send(job.payload["phone"])
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
