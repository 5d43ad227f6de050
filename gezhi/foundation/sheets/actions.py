"""The only writers of imports: take a workbook in, settle its columns, say yes, take it back. Lock, look, decide, write.

Nothing here reads a workbook: that is work for jobs. Every step is an event of the stream `import:<id>`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import db, events, jobs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotAllowed
from gezhi.foundation.people import Actor

from . import bounds, checking, headers, layouts, refusals, store, targets
from .models import (
    CHECKED,
    CONFIRMED,
    DONE,
    DROPPED,
    GOOD,
    REFUSED,
    STATE_FIELDS,
    UNDOING,
    UPLOADED,
    ColumnMemory,
    ImportRow,
    ImportRun,
    ReplySheet,
)  # fmt: skip

STATES = {
    UPLOADED: _("正在检查"), CHECKED: _("等您确认"), CONFIRMED: _("正在导入"), DONE: _("已导入"), UNDOING: _("正在撤回"),
    "undone": _("已撤回"), REFUSED: _("没有读成"), DROPPED: _("已放弃"),
}  # fmt: skip
MAX_REPLY_DAYS = 366


class Upload(Protocol):
    """A file as a request brings it."""

    def read(self, size: int = ..., /) -> bytes: ...


def upload(upload: Upload, *, name: str, sender: str, actor: Actor, place_id: int | None = None) -> ImportRun:
    """Take a workbook in: bounds looked at, sealed, kept; a job reads it. Nothing is parsed here.

    `place_id`: where rows go that name no place; the actor's own place when left out. Raises NoLayout, NotAllowed,
    and what `bounds.kind_of` says about the file.
    """
    layout = layouts.layout(sender)
    place = _place(layout, actor, place_id)
    data = upload.read(bounds.MAX_BYTES + 1)
    bounds.kind_of(data)
    now = clock.now()
    run = ImportRun(
        target=layout.target, sender=layout.name, version=layout.version, name=_file_name(name), size=len(data),
        digest=hashlib.sha256(data).hexdigest(), place_id=place, made_by=actor.person_id,
        seat_id=actor.seat or (actor.seats[0] if actor.seats else None), created_at=now, event_hash=b"",
    )  # fmt: skip
    with db.write():
        db.insert(run)
        # Before the commit: a row without its file could never be read; a file without its row is swept.
        store.put(f"run-{run.pk}", data)
        _record(run, "import.uploaded", actor, {name: getattr(run, name) for name in STATE_FIELDS}, new=True)
        jobs.enqueue("sheets.check", f"{run.pk}:1", {"run": run.pk, "pass": 1})
    return run


def _place(layout: layouts.Layout, actor: Actor, place_id: int | None) -> int:
    power = targets.target(layout.target).power
    actor.need(power)
    directory = places.directory()
    if place_id is None:
        scopes = actor.places(power)
        seat = people.directory().seats.get(actor.seat) if actor.seat else None
        place_id = seat.place_id if seat and actor.may(power, directory.path(seat.place_id)) else scopes[0][1]
    if not directory.open(place_id):
        raise NotAllowed()
    actor.need(power, directory.path(place_id))
    return place_id


def _file_name(name: str) -> str:
    tail = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    return tail[-120:] or "sheet.xlsx"


def locked(run_id: int, *, actor: Actor) -> ImportRun:
    """The run, locked for this write, if it is the actor's to act on. Raises NoRun."""
    run = ImportRun.objects.select_for_update().filter(pk=run_id).first()
    if run is None or not sees(run, actor):
        raise refusals.NoRun()
    return run


def sees(run: ImportRun | ReplySheet, actor: Actor) -> bool:
    """Whoever brought it, and whoever has the same power over the whole place it was brought for."""
    if actor.kind == "system" or (actor.person_id is not None and run.made_by == actor.person_id):
        return True
    power = targets.target(layouts.layout(run.sender).target).power
    return actor.kind == "staff" and actor.may(power, places.directory().path(run.place_id))


def settle(run_id: int, chosen: Mapping[int, str], *, actor: Actor) -> ImportRun:
    """A person says which column (index) holds which field ("" for none); it is remembered and the check begins again.

    Raises NoRun, WrongStep, Missing when a required field is left without a column or one has two.
    """
    with db.write():
        run = locked(run_id, actor=actor)
        _at(run, CHECKED)
        layout = layouts.layout(run.sender)
        known = {f.id for f in layout.fields}
        columns = []
        for kept in run.columns:
            field = chosen.get(kept["index"], kept["field"])
            if field not in known:
                field = ""
            by = kept["by"] if field == kept["field"] else "person"
            sure = kept["confidence"] / 100 if field == kept["field"] else 1.0
            columns.append(headers.Column(kept["index"], kept["header"], field, sure, by))
        lacking = checking.missing(columns, layout)
        if lacking:
            raise refusals.Missing(fields="、".join(lacking))
        for column, kept in zip(columns, run.columns, strict=True):
            if column.field != kept["field"]:
                _remember(layout.name, column, actor)
        _change(
            run, "import.settled", actor, state=UPLOADED, columns=[c.as_json() for c in columns], rows=0, good=0, bad=0,
            doubles=0,
        )  # fmt: skip
        run.pass_number += 1
        run.seen = 0
        run.save(update_fields=["pass_number", "seen"])
        jobs.enqueue("sheets.check", f"{run.pk}:{run.pass_number}", {"run": run.pk, "pass": run.pass_number})
    return run


def _remember(sender: str, column: headers.Column, actor: Actor) -> None:
    ColumnMemory.objects.update_or_create(
        sender=sender,
        title=headers.plain(column.header)[:80],
        defaults={"field": column.field, "settled_by": actor.person_id, "settled_at": clock.now()},
    )


def confirm(run_id: int, *, actor: Actor) -> ImportRun:
    """Yes: the good rows are filled by jobs, a batch each. Once: a second yes is WrongStep.

    Raises NoRun, WrongStep, Missing, NothingGood.
    """
    with db.write():
        run = locked(run_id, actor=actor)
        _at(run, CHECKED)
        layout = layouts.layout(run.sender)
        lacking = checking.missing([headers.Column(c["index"], "", c["field"]) for c in run.columns], layout)
        if lacking:
            raise refusals.Missing(fields="、".join(lacking))
        if not ImportRow.objects.filter(run=run, state=GOOD).exists():
            raise refusals.NothingGood()
        run.confirmed_at = clock.now()
        run.save(update_fields=["confirmed_at"])
        _change(run, "import.confirmed", actor, state=CONFIRMED)
        jobs.enqueue("sheets.fill", f"{run.pk}:0", {"run": run.pk, "batch": 0})
    return run


def drop(run_id: int, *, actor: Actor) -> ImportRun:
    """Put a run aside before anything came of it: its rows and files are forgotten. Raises NoRun, WrongStep."""
    with db.write():
        run = locked(run_id, actor=actor)
        _at(run, CHECKED, REFUSED)
        ImportRow.objects.filter(run=run).delete()
        run.ended_at = clock.now()
        run.save(update_fields=["ended_at"])
        _change(run, "import.dropped", actor, state=DROPPED)
        db.after_commit(lambda: store.drop(f"run-{run_id}", f"returned-{run_id}"))
    return run


def undo(run_id: int, *, actor: Actor) -> ImportRun:
    """Take a whole import back, where nobody has worked on any of it since. What it made is withdrawn by event.

    Raises NoRun, WrongStep, Touched with examples.
    """
    with db.write():
        run = locked(run_id, actor=actor)
        _at(run, DONE)
        target = targets.target(run.target)
        made = list(
            ImportRow.objects.filter(run=run, state="filled", subject__isnull=False).values_list("subject", flat=True)
        )
        touched = target.touched([id for id in made if id is not None])
        if touched:
            raise refusals.Touched(count=len(touched), examples="、".join(touched[:3]))
        run.progress = 0
        run.save(update_fields=["progress"])
        _change(run, "import.undoing", actor, state=UNDOING)
        jobs.enqueue("sheets.undo", f"{run.pk}:0", {"run": run.pk, "batch": 0, "by": actor.person_id})
    return run


def ask_replies(sender: str, since: date, until: date, *, actor: Actor, place_id: int | None = None) -> ReplySheet:
    """Have the replies of a period put into the sender's layout, by a job. Raises NoLayout, NotAllowed, Invalid."""
    layout = layouts.layout(sender)
    place = _place(layout, actor, place_id)
    if until < since or (until - since).days > MAX_REPLY_DAYS:
        raise Invalid(field_errors={"until": _("结束日期要在开始日期之后，最多一年。")})
    if not layout.reply or targets.target(layout.target).reply_rows is None:
        raise Invalid(field_errors={"sender": _("这个来文单位没有写回复表的样子。")})
    with db.write():
        asked = ReplySheet.objects.create(
            sender=layout.name, since=since, until=until, place_id=place, made_by=actor.person_id,
            seat_id=actor.seat or (actor.seats[0] if actor.seats else None), asked_at=clock.now(),
        )  # fmt: skip
        jobs.enqueue("sheets.reply", str(asked.pk), {"reply": asked.pk})
    return asked


def _at(run: ImportRun, *states: str) -> None:
    if run.state not in states:
        raise refusals.WrongStep(state=STATES[run.state])


def change(run: ImportRun, kind: str, actor: Actor, **values: Any) -> None:
    """Set state columns of a locked run, with their event."""
    _change(run, kind, actor, **values)


def _change(run: ImportRun, kind: str, actor: Actor, **values: Any) -> None:
    for name, value in values.items():
        setattr(run, name, value)
    _record(run, kind, actor, values)


def _record(run: ImportRun, kind: str, actor: Actor, patch: Mapping[str, Any], *, new: bool = False) -> None:
    head = events.GENESIS if new else events.Head(run.event_seq, bytes(run.event_hash))
    after = events.record(f"import:{run.pk}", kind, actor=actor, patch=dict(patch), head=head)
    run.event_seq, run.event_hash = after.seq, after.hash
    run.save(update_fields=[*patch, "event_seq", "event_hash"])
