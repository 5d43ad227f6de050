"""Registers as workbooks: an empty one to fill in, what the page shows, and one to carry round and bring back.

Whatever leaves is logged. Names, numbers and sealed fields leave masked or not at all; a line is found again by its own
number. Cells are text and numbers, never formulas.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from gezhi.foundation import exports, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor
from gezhi.foundation.sheets import blank
from gezhi.foundation.sheets.blank import MOST
from gezhi.foundation.sheets.cells import Field
from gezhi.foundation.subjects import access, queries
from gezhi.foundation.subjects.definitions import COLUMN_TITLES, Register
from gezhi.foundation.subjects.queries import Row
from gezhi.foundation.subjects.rule_facts import age

from .layout import CHANGED, NO_CHANGE, NUMBER, fields
from .lines import value_said

SEX = {"m": "男", "f": "女", "": ""}


def template(register: str, *, actor: Actor) -> tuple[str, bytes]:
    """(file name, .xlsx) to fill in: the headers people use, drop-down lists where there is a choice. Holds nobody."""
    declared = access.register_for(actor, register)
    asked = [field for field in fields(declared) if field.id not in (NUMBER, CHANGED)]
    return f"{declared.said}-模板.xlsx", _book(declared, asked, [])


def returning(register: str, filters: Mapping[str, Any] | None = None, *, actor: Actor) -> tuple[str, bytes]:
    """(file name, .xlsx) to check on the round: every line with 无变化 already written; what differs is overwritten."""
    declared = access.register_for(actor, register)
    secret = declared.sensitive
    asked = [
        f for f in fields(declared)
        if f.id in (NUMBER, CHANGED, "name", "place") or (declared.form.get(f.id) is not None and f.id not in secret)
    ]  # fmt: skip
    rows = _all(declared, filters, actor)
    exports.log("registers.return", actor=actor, form="xlsx", rows=len(rows), about=f"register:{register}")
    return f"{declared.said}-核对表.xlsx", _book(declared, asked, [_returned(declared, asked, row) for row in rows])


def listed(
    register: str,
    filters: Mapping[str, Any] | None = None,
    *,
    actor: Actor,
    columns: Sequence[str] = (),
    day: date | None = None,
) -> tuple[str, bytes]:
    """(file name, .xlsx) of what the page shows, in the caller's columns and their order."""
    import xlsxwriter

    declared = access.register_for(actor, register)
    shown = [column for column in (columns or declared.columns) if column_title(declared, column)]
    rows = _all(declared, filters, actor, day)
    made = exports.log(
        "registers.export", actor=actor, form="xlsx", rows=len(rows), about=f"register:{register}",
        filter={k: v for k, v in dict(filters or {}).items() if v} | ({"day": day} if day else {}),
    )  # fmt: skip
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(_("台账"))
    head = book.add_format({"bold": True, "border": 1, "bg_color": "#F1F3F3", "text_wrap": True})
    sheet.set_footer("&L&9" + exports.mark(made).replace("&", "&&")[:120] + "&R&9&P / &N")
    sheet.write_row(0, 0, [column_title(declared, column) for column in shown], head)
    for at, row in enumerate(rows, start=1):
        sheet.write_row(at, 0, [cell(declared, row, column) for column in shown])
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, max(len(shown) - 1, 0), 16)
    book.close()
    return f"{declared.said}.xlsx", out.getvalue()


def column_title(declared: Register, column: str) -> str:
    """A column's heading in the reader's language; "" for a column the register does not have."""
    if column in COLUMN_TITLES:
        return str(COLUMN_TITLES[column])
    asked = declared.form.get(column)
    if asked is None:
        return ""
    return f"{asked.label}（{asked.unit}）" if asked.unit else asked.label


def cell(declared: Register, row: Row, column: str, today: date | None = None) -> str:
    """What stands in a list: masked, in words."""
    if column == "label":
        return row.label
    if column == "place":
        found = places.directory().get(row.place_id)
        return places.directory().label(found.id, "village") if found is not None else ""
    if column == "state":
        state = declared.state(row.state)
        return state.said if state is not None else ""
    if column == "age":
        years = age(row.born, today or clock.today())
        return "" if years is None else str(years)
    if column == "sex":
        return {"m": _("男"), "f": _("女")}.get(row.sex, "")
    if column in ("since", "confirmed_on"):
        day = getattr(row, column)
        return day.isoformat() if day else ""
    if column in ("code", "source"):
        return str(getattr(row, column))
    if column in declared.sensitive:
        return "****" if row.sealed else ""
    asked = declared.form.get(column)
    value = row.values.get(column)
    if asked is not None and asked.unit and value not in (None, ""):
        return str(value)  # the heading says the unit
    return value_said(declared.form, column, value)


def _all(declared: Register, filters: Mapping[str, Any] | None, actor: Actor, day: date | None = None) -> list[Row]:
    found: list[Row] = []
    cursor: str | None = None
    while len(found) < MOST:
        if day is None:
            page = queries.entries(actor, declared.name, filters, cursor=cursor, size=queries.LARGEST)
        else:
            place = (filters or {}).get("place")
            page = queries.as_of(actor, declared.name, place, day, filters, cursor=cursor, size=queries.LARGEST)
        found += page.rows
        cursor = page.next
        if cursor is None:
            break
    return found[:MOST]


def _returned(declared: Register, asked: Sequence[Field], row: Row) -> list[str]:
    said = {NUMBER: str(row.entry_id), CHANGED: NO_CHANGE, "name": row.label, "place": cell(declared, row, "place")}
    return [said[f.id] if f.id in said else cell(declared, row, f.id) for f in asked]


def _book(declared: Register, asked: Sequence[Field], rows: Sequence[Sequence[str]]) -> bytes:
    columns = []
    for field in asked:
        own = declared.form.get(field.id)
        words: Sequence[str] = ()
        if own is not None and own.type in ("choice", "truth"):
            words = [o.label for o in own.choices] if own.type == "choice" else ("是", "否")
        columns.append(blank.Column(field.words[0] if field.words else field.id, words, field.required))
    return blank.workbook(_("台账"), columns, rows)
