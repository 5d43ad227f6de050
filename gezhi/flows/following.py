"""Reading the log from where we were: what a rule asks for becomes a job, once for each event and rule.

Only sealed events are read (docs/rules/events.md): below a sealed position nothing can appear any more, so none is lost
however long the worker was down, and the position moves in the same transaction that makes the jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import db, events, jobs
from gezhi.foundation.calendar import clock, deadline
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import NotFound
from gezhi.foundation.events import Block, Event
from gezhi.foundation.jobs.claims import Claimed, complete_all
from gezhi.foundation.jobs.registry import batch_handler

from .catalogue import ACTIONS, Match
from .models import Position
from .occurrences import Occurrence, occurrences
from .schema import Rule, rules

NAME = "flows"
JOB = "flows.do"
MOST_EVENTS = 2_000  # read in one transaction, unless one block holds more


def follow() -> bool:
    """Take the next run of sealed events; True when there may be more. Harmless beside another follower.

    What is sealed no longer changes, so it is read, and decided, before anything is locked.
    """
    with revisions.kept():
        return _follow()


def _follow() -> bool:
    place = Position.objects.filter(name=NAME).first() or Position(name=NAME)
    start, end = place.until, end_of(place.until)
    if end is None:
        return False
    wanted = rules()
    found = _jobs(events.sealed_between(start, end), wanted) if wanted else []
    with db.write():
        place = Position.objects.select_for_update().filter(name=NAME).first() or Position(name=NAME)
        if place.until == start:  # otherwise another follower was here, and its jobs are these
            jobs.enqueue_many(found)
            place.until = end
            place.save()
    return True


def end_of(start: int) -> int | None:
    """Where the next run ends: some whole blocks, of about MOST_EVENTS events."""
    end, total = None, 0
    for block_end, count in (
        Block.objects.filter(tx_to__gt=start).order_by("position").values_list("tx_to", "count")[:100]
    ):
        if end is not None and total + count > MOST_EVENTS:
            break
        end, total = block_end, total + count
    return end


def _jobs(found: QuerySet[Event], wanted: Mapping[str, list[Rule]]) -> list[tuple[str, str, dict[str, Any]]]:
    """One job for each (event, rule), with the marks of those occurrences for which the rule's condition holds now."""
    now = clock.now()
    about = list(found.filter(stream__startswith="case:"))
    cases = _cases(about)
    marks: dict[tuple[int, str], list[str]] = {}
    for event in about:
        case = cases.get(event.stream)
        for what in _happened(event, case) if case is not None else ():
            for rule in wanted.get(what.name, ()):
                in_time = deadline(event.at, rule.within) >= now
                if in_time and (rule.condition is None or rule.condition.holds(what.values())):
                    marks.setdefault((event.pk, rule.name), []).append(what.mark)
    return [
        (JOB, f"{event}:{rule}", {"event": event, "rule": rule, "marks": mine}) for (event, rule), mine in marks.items()
    ]


def _cases(found: list[Event]) -> dict[str, Case]:
    ids = {int(event.stream[5:]) for event in found}
    return {f"case:{case.pk}": case for case in Case.objects.filter(pk__in=ids)}


def _happened(event: Event, case: Case) -> list[Occurrence]:
    try:
        flow, _hash = definition(case.workflow, case.version)
    except NotFound:
        return []
    return list(occurrences(event, case, flow))


@batch_handler(JOB)
def perform(claimed: list[Claimed]) -> None:
    """Do what the rules say for many (event, rule) together; effects and completion commit as one."""
    by_name = {rule.name: rule for those in rules().values() for rule in those}
    with complete_all(claimed) as mine:
        wanted = {int(job.payload["event"]) for job in mine}
        found = {event.pk: event for event in Event.objects.filter(pk__in=wanted)}
        cases = _cases(list(found.values()))
        matches: dict[str, list[Match]] = {}
        for job in mine:
            rule, event = by_name.get(job.payload["rule"]), found.get(int(job.payload["event"]))
            case = cases.get(event.stream) if event is not None else None
            if rule is None or event is None or case is None:
                continue  # the rule was taken out, or the case erased, since
            for what in _happened(event, case):
                if what.name == rule.when and what.mark in job.payload["marks"]:
                    matches.setdefault(rule.do, []).append(Match(f"{job.key}:{what.mark}", what, rule.given))
        for name in sorted(matches):
            ACTIONS[name].do(matches[name])
