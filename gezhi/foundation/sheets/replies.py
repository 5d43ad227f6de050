"""Replies in the sender's layout: its own columns, its own numbers, one row for each of its matters in a period."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import F

from gezhi.foundation import db, exports, people
from gezhi.foundation.calendar import clock

from . import actions, layouts, store, targets
from .models import ReplySheet


def make(reply_id: int) -> None:
    """Write the workbook of a ReplySheet and mark it ready. Doing it twice gives the same file."""
    from .jobs import asker

    asked = ReplySheet.objects.filter(pk=reply_id).first()
    if asked is None:
        return
    layout = layouts.layout(asked.sender)
    target = targets.target(layout.target)
    assert target.reply_rows is not None  # ask_replies has looked
    ask = targets.Ask(layout, asked.place_id, asker(asked))
    rows = list(target.reply_rows(ask, asked.since, asked.until))
    store.put(f"reply-{asked.pk}", workbook(layout.reply, rows))
    with db.write():
        ReplySheet.objects.filter(pk=asked.pk).update(state="ready", rows=len(rows), ready_at=clock.now())


def workbook(columns: Sequence[tuple[str, str]], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A .xlsx of the columns (title, source). Every cell is text, so that no resident's words become a formula and no
    long number loses its digits."""
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("回复")
    sheet.freeze_panes = "A2"
    for index, (_title, source) in enumerate(columns):
        sheet.column_dimensions[chr(ord("A") + index) if index < 26 else "AA"].width = 50 if source in _LONG else 20

    def cell(value: Any, *, bold: bool = False) -> Any:
        made = WriteOnlyCell(sheet, value="" if value is None else str(value)[:32_000])
        made.data_type, made.number_format = "s", "@"
        made.alignment = Alignment(wrap_text=True, vertical="top")
        if bold:
            made.font = Font(bold=True)
        return made

    sheet.append([cell(title, bold=True) for title, _source in columns])
    for row in rows:
        sheet.append([cell(row.get(source)) for _title, source in columns])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


_LONG = ("result", "text")


def fetch(reply_id: int, *, actor: people.Actor) -> tuple[str, bytes]:
    """(file name, bytes) of a reply sheet, logged as an export: who, which sender and period, how many rows.

    Raises NoRun, NoFile while it is being made or after its days.
    """
    from .refusals import NoRun

    asked = ReplySheet.objects.filter(pk=reply_id).first()
    if asked is None or not actions.sees(asked, actor):
        raise NoRun()
    data = store.get(f"reply-{asked.pk}")
    layout = layouts.layout(asked.sender)
    cut = {"sender": layout.code, "since": f"{asked.since}", "until": f"{asked.until}", "place": asked.place_id}
    with db.write():
        exports.log("sheets.replies", actor=actor, form="xlsx", rows=asked.rows, filter=cut)
        ReplySheet.objects.filter(pk=asked.pk).update(fetched=F("fetched") + 1)
    name = f"{layout.said}-{asked.since:%Y%m%d}-{asked.until:%Y%m%d}.xlsx"
    return name, data
