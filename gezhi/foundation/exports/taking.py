"""Writing the log of exports, the watermark, and reading the log back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.foundation import db, events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.people import Actor

from .models import Export

# What can leave, in words. A room adds its own with `titled`.
TITLES: dict[str, Any] = {"cases.ledger": gettext_lazy("案件台账")}
RECENT = 100


@dataclass(frozen=True)
class Made:
    """One export as the auditor reads it. `filter`: what narrowed it, None when lawfully erased."""

    id: int
    at: datetime
    who: str
    seat: str
    what: str
    form: str
    about: str
    rows: int
    filter: Mapping[str, Any] | None


def titled(what: str, title: Any) -> None:
    """Say in words what a kind of export is; called once by the room that makes it."""
    TITLES[what] = title


def log(
    what: str, *, actor: Actor, form: str, rows: int, filter: Mapping[str, Any] | None = None, about: str = ""
) -> Export:
    """Record that `rows` rows leave as `form`, before the bytes are given out. Joins the caller's write.

    `what` must have a title (KeyError otherwise); `filter`: JSON of what narrowed the list, kept encrypted.
    """
    TITLES[what]
    now = clock.now()
    with db.write():
        (id,) = new_ids(Export, 1)
        stream = f"export:{id}"
        facts: dict[str, Any] = {
            "person": actor.person_id,
            "seat": actor.seat or next(iter(actor.seats), None),
            "by": "" if actor.kind == "staff" else actor.name,
            "what": what,
            "form": form,
            "about": about,
            "rows": rows,
        }
        patch = dict(facts)
        row = Export(id=id, at=now, **facts)
        if filter:
            kept = events.keep(stream, {"filter": json.dumps(filter, ensure_ascii=False, sort_keys=True, default=str)})
            patch["filter"] = kept["filter"]
            row.filter_ref = kept["filter"].id
        head = events.record(stream, "export.made", actor=actor, patch=patch, head=events.GENESIS, seat=row.seat)
        row.event_seq, row.event_hash = head.seq, head.hash
        row.save(force_insert=True)
    return row


def mark(export: Export) -> str:
    """The watermark: name, seat, time to the minute and the number under which the log knows this export."""
    directory = people.directory()
    person = directory.persons.get(export.person) if export.person else None
    seat = directory.seats.get(export.seat) if export.seat else None
    who = " ".join(part for part in (seat.label if seat else "", person.name_public if person else export.by) if part)
    at = f"{clock.local(export.at):%Y-%m-%d %H:%M}"
    return _("{who} {at} 导出 {id} 号").format(who=who, at=at, id=export.id)


def recent(limit: int = RECENT, *, where: Q | None = None) -> list[Made]:
    """The newest exports (by number, which is the order in which they left), two queries; `where` narrows them."""
    rows = list(Export.objects.filter(where or Q()).order_by("-id")[:limit])
    texts = events.read_private([row.filter_ref for row in rows if row.filter_ref])
    directory = people.directory()
    return [
        Made(
            id=row.id,
            at=row.at,
            who=directory.persons[row.person].name_public if row.person in directory.persons else row.by,
            seat=directory.seats[row.seat].label if row.seat in directory.seats else "",
            what=str(TITLES.get(row.what, row.what)),
            form=row.form,
            about=row.about,
            rows=row.rows,
            filter=_filter(row, texts),
        )
        for row in rows
    ]


def _filter(row: Export, texts: Mapping[int, str | None]) -> Mapping[str, Any] | None:
    if row.filter_ref is None:
        return {}
    raw = texts.get(row.filter_ref)
    return json.loads(raw) if raw else None
