"""What must be true after the killing, counted from the log and the rows, with none of the engine's own judgement."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from django.db import connection

from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import events
from gezhi.foundation.calendar import clock, deadline, parse_limit
from gezhi.foundation.events.models import Event
from gezhi.foundation.jobs.models import Job

FIRED = ("item.warned", "item.breached", "item.escalated")


def problems(made: dict[str, list[dict[str, Any]]], done: dict[int, list[str]]) -> list[str]:
    """Sentences about whatever is wrong; empty when all is well. `made`, `done`: what clients were told."""
    return [*requests(made), *acts(done), *clocks(), *jobs()]


def requests(made: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Every acknowledged request is there exactly once, under the code that was told, and nothing else is."""
    found: list[str] = []
    cases = {case.id: case for case in Case.objects.all()}
    texts = events.read_private([case.text_ref for case in cases.values()])
    words = Counter(json.loads(text or "{}").get("text") for text in texts.values())
    found += [f"{count} cases say {text!r}" for text, count in words.items() if count != 1]
    for key, answers in made.items():
        told = {(answer["id"], answer["code"], answer["number"], answer["due_at"]) for answer in answers}
        case = cases.get(int(answers[0]["id"]))
        if len(told) != 1:
            found.append(f"{key} was answered differently: {told}")
        elif case is None:
            found.append(f"{key} was acknowledged and is lost")
        elif (case.code, case.number) != (answers[0]["code"], answers[0]["number"]):
            found.append(f"{key} is there under another code")
    if len(cases) != len(made):
        found.append(f"{len(made)} requests were acknowledged, {len(cases)} cases are there")
    return found


def acts(done: dict[int, list[str]]) -> list[str]:
    """Every acknowledged action happened exactly once, every other not at all."""
    happened = Counter(
        (stream, kind)
        for stream, kind in Event.objects.filter(kind__in=["case.settle", "case.dispatch"]).values_list(
            "stream", "kind"
        )
    )
    told = Counter((f"case:{case}", f"case.{action}") for case, actions in done.items() for action in actions)
    return [f"{act} was acknowledged {told[act]} times and happened {happened[act]} times" for act in happened | told
            if happened[act] != told[act]]  # fmt: skip


def clocks() -> list[str]:
    """Warning, breach, each rung and each silence: once when due, never before, never twice."""
    found: list[str] = []
    now = clock.now()
    fired: Counter[tuple[int, int, str]] = Counter()
    for stream, events_of in _by_stream().items():
        case = int(stream.partition(":")[2])
        last: dict[int, dict[str, Any]] = {}
        for event in events_of:
            for name, item in event.patch.items():
                if not name.startswith("item:"):
                    continue
                number = int(name.partition(":")[2])
                before = last.get(number, {"warned_at": None, "breached_at": None, "rung": 0})
                for mark in ("warned_at", "breached_at"):
                    if item[mark] != before[mark]:
                        fired[case, number, mark] += 1
                for rung in range(before["rung"], item["rung"]):
                    fired[case, number, f"rung {rung}"] += 1
                if event.kind in FIRED and item == before:
                    found.append(f"{stream} item {number}: {event.kind} changed nothing")
                last[number] = item
            if event.kind == "case.lapse":
                fired[case, event.patch["act"]["item"], "silence"] += 1
    found += [
        f"case:{case} item {number}: {what} fired {n} times" for (case, number, what), n in fired.items() if n > 1
    ]
    for item in WorkItem.objects.filter(state=OPEN).select_related("case"):
        due = _due(item, now)
        got = {what for (case, number, what) in fired if (case, number) == (item.case_id, item.number)}
        if due != got:
            found.append(f"case:{item.case_id} item {item.number} at {item.stage}: due {due}, fired {got}")
    return found


def _due(item: WorkItem, now: Any) -> set[str]:
    """What must have happened to an open item by now."""
    stage = definition(item.case.workflow, item.case.version)[0].stages[item.stage]
    due = {f"rung {n}" for n, rung in enumerate(stage.ladder) if deadline(item.due_at, parse_limit(rung.after)) <= now}
    if item.warn_at is not None and item.warn_at <= now:
        due.add("warned_at")
    if item.due_at <= now:
        due.add("breached_at")
    if stage.silence_after and deadline(item.opened_at, parse_limit(stage.silence_after)) <= now:
        due.add("silence")
    return due


def _by_stream() -> dict[str, list[Event]]:
    return events.histories(f"case:{case}" for case in Case.objects.values_list("id", flat=True))


def jobs() -> list[str]:
    """No job was given up, and each case was indexed once."""
    found = [f"{name} is {state}: {n}" for (name, state), n in Counter(
        Job.objects.exclude(state=Job.DONE).values_list("name", "state")).items()]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM search_document")
        indexed, cases = cursor.fetchone()[0], Case.objects.count()
    return [*found, *([f"{cases} cases, {indexed} of them can be found"] if indexed != cases else [])]


def figures() -> dict[str, Any]:
    """How much happened, for the report."""
    kinds = Counter(Event.objects.filter(stream__startswith="case:").values_list("kind", flat=True))
    return {"cases": Case.objects.count(), "events": dict(sorted(kinds.items()))}
