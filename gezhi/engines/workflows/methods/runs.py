"""Taking all open cases of a version over to another one, in the background; who stays behind is said with the reason."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import IntegrityError

from gezhi.engines.workflows import migrating
from gezhi.engines.workflows.methods.events import RUN_FIELDS
from gezhi.engines.workflows.methods.models import Migration
from gezhi.foundation import db, events, jobs
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor

MOST_SAID = 500  # reasons that are kept with a run; the rest is counted


def ask(workflow: str, version: int, to: int, *, actor: Actor) -> Migration:
    """Begin a run (or give the one that is running). Needs packs.manage. Raises Invalid migrate.same, NotFound."""
    actor.need(migrating.POWER, None)
    migrating.preview(workflow, version, to, ids=())
    run = Migration(
        workflow=workflow, from_version=version, to_version=to, asked_by=actor.person_id, asked_at=clock.now(),
        total=len(migrating.waiting(workflow, version)),
    )  # fmt: skip
    try:
        with db.write():
            run.save()
            _record(run, "asked", actor)
            jobs.enqueue("methods.migrate", str(run.pk), {"run": run.pk})
    except IntegrityError:
        known = Migration.objects.filter(workflow=workflow, from_version=version, state="running").first()
        if known is None:
            raise
        return known
    return run


def work(run: Migration, *, actor: Actor) -> list[dict[str, Any]]:
    """Take over every case that still waits; returns those that stay, each with why. Safe to do again."""
    stay = []
    for case_id in migrating.waiting(run.workflow, run.from_version):
        outcome = migrating.migrate(case_id, run.to_version, actor=actor)
        if not outcome.moves and outcome.code != "migrate.over":
            told = asdict(outcome)
            stay.append({"case": told["case_id"], **{k: told[k] for k in ("number", "code", "words")}})
    return stay


def finish(run: Migration, stay: list[dict[str, Any]], *, actor: Actor) -> None:
    """Write down how it ended."""
    run.state, run.done_at = "done", clock.now()
    run.moved, run.refused = max(0, run.total - len(stay)), stay[:MOST_SAID]
    _record(run, "done", actor)


def _record(run: Migration, kind: str, actor: Actor) -> None:
    with db.write():
        head = events.Head(run.event_seq, bytes(run.event_hash)) if run.event_seq else events.GENESIS
        patch = {name: getattr(run, name) for name in RUN_FIELDS}
        head = events.record(f"migration:{run.pk}", f"migration.{kind}", actor=actor, patch=patch, head=head)
        run.event_seq, run.event_hash = head.seq, head.hash
        run.save()
