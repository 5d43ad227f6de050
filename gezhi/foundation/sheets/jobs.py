"""Background work of imports: read and check, fill in batches, take back in batches, make the sheets that go out.

Each batch is one job whose effect and completion commit together, and which asks for the next: whatever dies in
between, every row is filled once. docs/rules/sheets.md
"""

from __future__ import annotations

from django.db import connection

from gezhi.foundation import db, jobs, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Refusal
from gezhi.foundation.jobs.claims import Claimed
from gezhi.foundation.people import Actor

from . import actions, checking, layouts, replies, returned, store, targets
from .models import (
    BAD,
    CHECKED,
    CONFIRMED,
    DONE,
    DOUBLE,
    FILLED,
    GOOD,
    KEPT,
    REFUSED,
    UNDOING,
    UNDONE,
    UPLOADED,
    WITHDRAWN,
    ColumnMemory,
    ImportRow,
    ImportRun,
    ReplySheet,
)  # fmt: skip

FILL, UNDO = 500, 500


def asker(run: ImportRun | ReplySheet, person_id: int | None = None) -> Actor:
    """The person whose import it is, in the seat they acted in; the system when they have left since."""
    try:
        actor = people.actor_for(person_id or run.made_by or 0)
        return actor.acting(run.seat_id) if run.seat_id is not None and run.seat_id in actor.answering else actor
    except Refusal:
        return people.system("import")


def _ask(run: ImportRun, person_id: int | None = None) -> targets.Ask:
    return targets.Ask(layouts.layout(run.sender), run.place_id, asker(run, person_id), run.pk)


@jobs.handler("sheets.check", slow=True)
def check(job: Claimed) -> None:
    """Read the workbook and check every row; a file that cannot be read is refused in words, not tried again."""
    run = ImportRun.objects.filter(pk=job.payload["run"]).first()
    if run is None or run.state != UPLOADED or run.pass_number != job.payload["pass"]:
        return
    with db.write():
        ImportRow.objects.filter(run=run).delete()
    ask = _ask(run)
    try:
        data = store.get(f"run-{run.pk}")
        memory = dict(ColumnMemory.objects.filter(sender=run.sender).values_list("title", "field"))
        settled = [_column(c) for c in run.columns] if run.pass_number > 1 else []
        opening = checking.begin(data, ask.layout, memory, settled)
        found = checking.check(run, data, opening, ask)
    except Refusal as refusal:
        with job.complete():
            fault = {"code": refusal.code, "facts": {k: str(v) for k, v in refusal.facts.items()}}
            actions.change(_locked(run.pk), "import.refused", people.system("import"), state=REFUSED, fault=fault)
        return
    with job.complete():
        run = _locked(run.pk)
        run.checked_at, run.seen = clock.now(), found.seen
        run.save(update_fields=["checked_at", "seen"])
        actions.change(
            run, "import.checked", people.system("import"), state=CHECKED, rows=found.seen, good=found.good,
            bad=found.bad, doubles=found.doubles, columns=[c.as_json() for c in opening.columns],
        )  # fmt: skip
        if found.bad or found.doubles:
            jobs.enqueue("sheets.returned", f"{run.pk}:{run.pass_number}", {"run": run.pk})


def _column(kept: dict) -> checking.Column:
    return checking.Column(kept["index"], kept["header"], kept["field"], kept["confidence"] / 100, kept["by"])


def _locked(run_id: int) -> ImportRun:
    return ImportRun.objects.select_for_update().get(pk=run_id)


def _set_state(rows: list[tuple[str, int | None, int]]) -> None:
    """(state, subject, row id) for many rows in one prepared statement; `bulk_update` takes longer than the filling."""
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE sheets_row SET state = %s, subject = %s, sealed = NULL WHERE id = %s", rows)


@jobs.handler("sheets.fill", slow=True)
def fill(job: Claimed) -> None:
    """Fill the next batch of good rows and ask for the one after it; after the last the run is done."""
    with job.complete():
        run = _locked(job.payload["run"])
        if run.state != CONFIRMED:
            return
        lines = list(ImportRow.objects.filter(run=run, state=GOOD).order_by("number")[:FILL])
        ask, target = _ask(run), targets.target(run.target)
        known = target.known([line.key for line in lines if line.key])
        fresh = [line for line in lines if line.key not in known]
        made, refused = _fill(target, fresh, ask)
        _set_state([(FILLED, subject, line.pk) for line, subject in made])
        ImportRow.objects.bulk_update(refused, ["state", "sealed", "problems"])
        late = [line for line in lines if line.key in known]  # somebody brought them in while this run waited
        for line in late:
            line.state, line.subject, line.sealed = DOUBLE, known[line.key], None
            line.problems = [*line.problems, [-1, "", "row.known", {}, False]]
        ImportRow.objects.bulk_update(late, ["state", "subject", "sealed", "problems"], batch_size=250)
        run.progress += len(made)
        run.bad += len(refused)
        run.save(update_fields=["progress"])
        if refused:
            actions.change(run, "import.narrowed", people.system("import"), bad=run.bad)
        if lines:
            number = job.payload["batch"] + 1
            # As of the yes, so that it comes before what its own batches have set going (thousands to be indexed).
            jobs.enqueue("sheets.fill", f"{run.pk}:{number}", {"run": run.pk, "batch": number}, run.confirmed_at)
            return
        run.ended_at = clock.now()
        run.save(update_fields=["ended_at"])
        # What was bad stands in the sheet that is given back.
        ImportRow.objects.filter(run=run, sealed__isnull=False).update(sealed=None)
        doubles = ImportRow.objects.filter(run=run, state=DOUBLE).count()
        actions.change(
            run, "import.done", people.system("import"), state=DONE, filled=run.progress, doubles=doubles, good=0
        )  # fmt: skip
        if run.bad or doubles:
            jobs.enqueue("sheets.returned", f"{run.pk}:done", {"run": run.pk})
        else:
            # Everything in it is a case by now: the copy has served.
            db.after_commit(lambda: store.drop(f"run-{run.pk}"))


def _fill(
    target: targets.Target, lines: list[ImportRow], ask: targets.Ask
) -> tuple[list[tuple[ImportRow, int]], list[ImportRow]]:
    """(rows with what they became, rows that were refused after all). A batch in one; row by row when one of it refuses."""
    values = [(line.key, checking.unseal(line)) for line in lines]
    try:
        with db.attempt():
            return list(zip(lines, target.fill(values, ask), strict=True)), []
    except Refusal:
        pass
    made: list[tuple[ImportRow, int]] = []
    refused: list[ImportRow] = []
    for line, one in zip(lines, values, strict=True):
        try:
            with db.attempt():
                made.append((line, target.fill([one], ask)[0]))
        except Refusal as refusal:
            line.state, line.sealed = BAD, None
            line.problems = [*line.problems, [-1, "", "row.refused", {"what": refusal.what}, False]]
            refused.append(line)
    return made, refused


@jobs.handler("sheets.undo", slow=True)
def undo(job: Claimed) -> None:
    """Take back the next batch; what somebody has touched meanwhile stays and is counted."""
    with job.complete():
        run = _locked(job.payload["run"])
        if run.state != UNDOING:
            return
        lines = list(ImportRow.objects.filter(run=run, state=FILLED).order_by("number")[:UNDO])
        if lines:
            ask = _ask(run, job.payload.get("by"))
            gone = set(targets.target(run.target).withdraw([line.subject for line in lines if line.subject], ask))
            _set_state([(WITHDRAWN if line.subject in gone else KEPT, line.subject, line.pk) for line in lines])
            run.progress += len(lines)
            run.save(update_fields=["progress"])
            number = job.payload["batch"] + 1
            jobs.enqueue("sheets.undo", f"{run.pk}:{number}", {**job.payload, "batch": number})
            return
        kept = ImportRow.objects.filter(run=run, state=KEPT).count()
        run.ended_at = clock.now()
        run.save(update_fields=["ended_at"])
        actions.change(run, "import.undone", people.system("import"), state=UNDONE, filled=kept)


@jobs.handler("sheets.returned", slow=True)
def make_returned(job: Claimed) -> None:
    """The workbook to give back: the same sheet with the reasons."""
    run = ImportRun.objects.filter(pk=job.payload["run"]).first()
    if run is not None and store.has(f"run-{run.pk}"):
        store.put(f"returned-{run.pk}", returned.workbook(run, store.get(f"run-{run.pk}")))


@jobs.handler("sheets.reply", slow=True)
def make_reply(job: Claimed) -> None:
    """Replies in the sender's layout."""
    replies.make(job.payload["reply"])


@jobs.every(6 * 3600, "sheets.sweep")
def sweep() -> None:
    """Workbooks older than a month, and runs nobody said yes to in that time, with the values of their rows."""
    store.sweep()
    old = clock.now() - store.KEPT_FOR
    for run_id in ImportRun.objects.filter(created_at__lt=old, state__in=[CHECKED, REFUSED]).values_list(
        "pk", flat=True
    ):
        actions.drop(run_id, actor=people.system("import"))
