"""台账: a list on paper or in a workbook, to be signed: page numbers, a line for signatures, a watermark on each page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Column:
    """`width` in characters of the workbook. `whole`: a number that must stand in one line on paper;
    `moment`: a day and an hour, which part only between the two."""

    title: str
    width: int
    whole: bool = False
    moment: bool = False


@dataclass(frozen=True)
class Ledger:
    """`said`: what the list is narrowed to, in words; `mark`: the watermark (exports.mark); rows of texts."""

    title: str
    org: str
    said: str
    mark: str
    at: datetime
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    more: str = ""  # a sentence when the list was cut
    signatures: Sequence[str] = ("制表", "审核", "负责人")


def workbook(ledger: Ledger) -> bytes:
    """The ledger as .xlsx: A4 landscape, head repeated on each page, the watermark in header and footer and as a row.

    Every cell is text, so nothing that somebody wrote can run as a formula.
    """
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": ledger.title, "comments": ledger.mark, "author": ledger.org, "created": ledger.at})
    sheet = book.add_worksheet("台账")
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.5, right=0.5, top=0.9, bottom=0.9)
    sheet.fit_to_pages(1, 0)
    mark = ledger.mark.replace("&", "&&")[:120]
    sheet.set_header(f'&C&"SimSun"&9{mark}')
    sign = "　　　　　　　　".join(f"{name}：" for name in ledger.signatures)
    sheet.set_footer(f"&L&9{sign}&R&9第 &P 页，共 &N 页")
    last = len(ledger.columns)
    big = book.add_format({"bold": True, "font_size": 16, "align": "center", "font_name": "SimSun"})
    small = book.add_format({"font_size": 9, "font_color": "#4A5457", "font_name": "SimSun"})
    head = book.add_format({"bold": True, "border": 1, "align": "center", "bg_color": "#F1F3F3", "text_wrap": True})
    cell = book.add_format({"border": 1, "text_wrap": True, "valign": "top", "num_format": "@"})
    sheet.merge_range(0, 0, 0, last, ledger.title, big)
    sheet.merge_range(1, 0, 1, last, f"{ledger.org}　{ledger.said}", small)
    sheet.merge_range(2, 0, 2, last, ledger.mark, small)
    sheet.write_string(3, 0, "序号", head)
    sheet.set_column(0, 0, 6)
    for at, column in enumerate(ledger.columns, 1):
        sheet.write_string(3, at, column.title, head)
        sheet.set_column(at, at, column.width)
    sheet.repeat_rows(3)
    sheet.freeze_panes(4, 0)
    for line, row in enumerate(ledger.rows, 4):
        sheet.write_string(line, 0, str(line - 3), cell)
        for at, text in enumerate(row, 1):
            sheet.write_string(line, at, text[:32_000], cell)
    end = len(ledger.rows) + 4
    if ledger.more:
        sheet.write_string(end, 0, ledger.more, small)
        end += 1
    sheet.write_string(end + 1, 0, f"{sign}　　　　　　　　日期：", small)
    book.close()
    return out.getvalue()
