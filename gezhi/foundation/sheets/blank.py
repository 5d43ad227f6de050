"""A workbook to be filled in: the headers an import knows, lists to choose from, and a second sheet that says so in words."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from gezhi.foundation.packs import localised

from .layouts import Layout

MOST = 5_000  # rows that a list to choose from reaches down to
_YES_NO = ("是", "否")


@dataclass(frozen=True)
class Column:
    """`title`: the header as the import knows it; `words`: what may stand below it, empty for anything; `about`: its
    name with us, where the sender calls it something else."""

    title: str
    words: Sequence[str] = ()
    required: bool = False
    about: str = ""


def columns_of(layout: Layout) -> list[Column]:
    """The columns of a sender's sheet in its own first words. A choice lists the sender's words, not ours."""
    found = []
    for field in layout.fields:
        words = tuple(layout.choices.get(field.id, ())) or (_YES_NO if field.type == "truth" else ())
        title = field.words[0] if field.words else field.id
        found.append(Column(title, words, field.required, localised(field.title)))
    return found


def sheet_of(layout: Layout) -> tuple[str, bytes]:
    """(file name, .xlsx) of a sender's empty sheet, for an office that has no old one. Holds nobody."""
    return _("{sender}-空表.xlsx").format(sender=layout.said), workbook(layout.said, columns_of(layout))


def workbook(name: str, columns: Sequence[Column], rows: Sequence[Sequence[str]] = ()) -> bytes:
    """The bytes of a .xlsx: `name` of its first sheet, its columns, what already stands in them. Every cell is text."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet, said = book.add_worksheet(name[:31]), book.add_worksheet(_("填写说明"))
    head = book.add_format({"bold": True, "border": 1, "bg_color": "#F1F3F3", "text_wrap": True})
    must = book.add_format({"bold": True, "border": 1, "bg_color": "#DCEBEA", "text_wrap": True})
    text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    said.write_row(0, 0, [_("栏名"), _("是什么"), _("要不要填"), _("可以填的词")], head)
    for at, column in enumerate(columns):
        sheet.write(0, at, column.title, must if column.required else head)
        sheet.set_column(at, at, 18, text)
        asked = _("必填") if column.required else _("可不填")
        said.write_row(at + 1, 0, [column.title, column.about or column.title, asked, *column.words])
        if column.words:
            sheet.data_validation(1, at, MOST, at, _list(column.words, said.get_name(), at + 1))
    said.set_column(0, 3, 18)
    for number, row in enumerate(rows, start=1):
        sheet.write_row(number, 0, list(row))
    sheet.freeze_panes(1, 0)
    book.close()
    return out.getvalue()


def _list(words: Sequence[str], sheet: str, row: int) -> dict[str, Any]:
    # Words of an import are a help, not a fence: the import reads others as well and says what it does not know.
    from xlsxwriter.utility import xl_range_abs

    where = f"='{sheet}'!{xl_range_abs(row, 3, row, 2 + len(words))}"
    return {"validate": "list", "source": where, "error_type": "warning"}
