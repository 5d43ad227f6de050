"""The workbook to give back: the sender's own sheet with one more column that says what is wrong with a row.

Up to COPIED rows the sheet is copied as it is (widths, colours, merged cells); beyond that its values are written
anew, because a copy in memory would cost a gigabyte. A .csv comes back as .xlsx. Nothing in it is ever a formula of ours.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from . import bounds, problems, reading
from .models import BAD, DOUBLE, GOOD, ImportRow, ImportRun

COPIED = 20_000
_YELLOW = "FFFFF2CC"
_RED = "FFC00000"


def workbook(run: ImportRun, data: bytes) -> bytes:
    """The .xlsx with reasons, for a run that was checked."""
    marks = _marks(run)
    if bounds.kind_of(data) == "xlsx" and run.rows <= COPIED:
        return _copied(run, data, marks)
    return _anew(run, data, marks)


def reasons(line: ImportRow, run: ImportRun) -> list[str]:
    """What is wrong with a row, as sentences: the column's title in front."""
    titles = {c["index"]: c["header"] for c in run.columns}
    said = []
    for index, _field, code, facts, _harmless in line.problems:
        title = titles.get(index, "")
        words = problems.said(code, facts)
        said.append(_("{column}：{words}").format(column=title, words=words) if title else words)
    return said


def _marks(run: ImportRun) -> dict[int, tuple[str, list[int]]]:
    """Sheet row -> (reasons, indexes of the bad cells), for rows that were not taken."""
    lines = ImportRow.objects.filter(run=run).exclude(problems=[]).only("number", "state", "problems")
    return {
        line.number: (
            (_("没有导入。") if line.state in (BAD, DOUBLE) else _("可以导入，请留意。") if line.state == GOOD else "")
            + "".join(reasons(line, run)),
            [index for index, *_rest in line.problems if index >= 0],
        )
        for line in lines.iterator()
    }


def _header_row(run: ImportRun, marks: dict[int, Any]) -> int:
    first = ImportRow.objects.filter(run=run).order_by("number").values_list("number", flat=True).first() or 2
    return max(1, first - 1)


def _copied(run: ImportRun, data: bytes, marks: dict[int, tuple[str, list[int]]]) -> bytes:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    yellow = PatternFill("solid", fgColor=_YELLOW)
    with reading.opened(data, read_only=False) as book:
        sheet = reading.first_sheet(book)
        last = max([c["index"] + 1 for c in run.columns], default=sheet.max_column) + 1
        head = sheet.cell(_header_row(run, marks), last)
        _put(head, _("问题"))
        if head.__class__.__name__ != "MergedCell":
            head.font = Font(bold=True, color=_RED)
        sheet.column_dimensions[get_column_letter(last)].width = 48
        for number, (words, cells) in marks.items():
            cell = sheet.cell(number, last)
            _put(cell, words)
            cell.font, cell.alignment = Font(color=_RED), Alignment(wrap_text=True, vertical="top")
            for index in cells:
                sheet.cell(number, index + 1).fill = yellow
        out = io.BytesIO()
        book.save(out)
    return out.getvalue()


def _put(cell: Any, words: str) -> None:
    if cell.__class__.__name__ != "MergedCell":
        cell.value = words
        cell.data_type = "s"


def _anew(run: ImportRun, data: bytes, marks: dict[int, tuple[str, list[int]]]) -> bytes:
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import PatternFill

    yellow = PatternFill("solid", fgColor=_YELLOW)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("问题")
    last = max([c["index"] + 1 for c in run.columns], default=1)
    head_row = _header_row(run, marks)

    def lines() -> Iterator[list[Any]]:
        at = 0
        for row in reading.rows(data):
            for _blank in range(row.number - at - 1):
                yield []
            at = row.number
            words, bad = marks.get(row.number, ("", []))
            made = []
            for index, value in enumerate((*row.cells, *[None] * max(0, last - len(row.cells)))[:last]):
                cell = WriteOnlyCell(sheet, value=None)
                cell.value = value
                if isinstance(value, str):
                    cell.data_type = "s"
                if index in bad:
                    cell.fill = yellow
                made.append(cell)
            reason = WriteOnlyCell(sheet, value=_("问题") if row.number == head_row else words)
            reason.data_type = "s"
            yield [*made, reason]

    for line in lines():
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
