"""Rows of a workbook, one after another: what stands in each cell, and in which row of the sheet. Pure.

Memory does not grow with the rows. Formulas give the value the sheet last showed; links to other workbooks are not
followed. What stands once in cells merged down a column (a grid's name beside its forty rows) counts for each of those
rows. Reading ends after many blank rows, so a sheet formatted down to row 1,048,576 costs no more than its data; when
something stands below them all the same, the sheet is refused with that row: no line is left out in silence.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

from . import bounds, refusals

MAX_COLUMNS = 120
MAX_ROWS = 200_000
BLANKS = 500  # in a row: the sheet is over
MAX_CELL = 8_000
MAX_MERGES = 20_000
_ROW = re.compile(rb' r="(\d{1,7})"')
_MERGE = re.compile(rb'mergeCell [^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')


class Row(NamedTuple):
    """`number` counts from 1 as the sheet shows it; `cells` as the sheet holds them, None where nothing stands."""

    number: int
    cells: tuple[Any, ...]


def rows(data: bytes) -> Iterator[Row]:
    """Every row with something in it, in order. Raises what `bounds.kind_of` raises, Broken, Encoding, TooManyRows, Gap."""
    if bounds.kind_of(data) == "xlsx":
        return _bounded(_xlsx(data), lambda: _last_filled(data))
    return _bounded(_csv(data), None)


def _bounded(found: Iterable[tuple[int, Sequence[Any]]], lowest: Callable[[], int] | None) -> Iterator[Row]:
    """`lowest` finds the last row that holds something more cheaply than going there; None: go there."""
    last = filled = 0
    for number, cells in found:
        kept = tuple([_tidy(cell) if cell.__class__ is str else cell for cell in cells[:MAX_COLUMNS]])
        if not any(cell is not None for cell in kept):
            if number - last > BLANKS and lowest is not None:
                if (below := lowest()) > number:
                    raise refusals.Gap(row=below, blanks=BLANKS)
                return
            continue
        if number - last > BLANKS and last:
            raise refusals.Gap(row=number, blanks=BLANKS)
        last = number
        filled += 1
        if filled > MAX_ROWS:
            raise refusals.TooManyRows(max=MAX_ROWS)
        yield Row(number, kept)


def _tidy(cell: str) -> str | None:
    return cell[:MAX_CELL].strip(" \t\r\n\u3000\ufeff\xa0\x00") or None


@contextmanager
def opened(data: bytes, *, read_only: bool) -> Iterator[Any]:
    """The openpyxl workbook of a .xlsx whose bounds were checked. Raises Broken instead of the parsers' many errors."""
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl remarks on every extension it leaves out
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=read_only, data_only=read_only, keep_links=False)
        try:
            yield book
        finally:
            book.close()
    except (ParseError, zipfile.BadZipFile, KeyError, ValueError, TypeError, IndexError, EOFError, OSError) as fault:
        raise refusals.Broken(detail=type(fault).__name__) from fault


def first_sheet(book: Any) -> Any:
    """The first sheet that people see: hidden ones hold lists for drop-downs."""
    sheets = book.worksheets
    if not sheets:
        raise refusals.Empty()
    return next((s for s in sheets if s.sheet_state == "visible"), sheets[0])


def _xlsx(data: bytes) -> Iterator[tuple[int, Sequence[Any]]]:
    with opened(data, read_only=True) as book:
        sheet = first_sheet(book)
        spans = _merged_down(sheet)
        yield from _carried(_cells(sheet), spans) if spans else _cells(sheet)


def _merged_down(sheet: Any) -> dict[int, list[tuple[int, int]]]:
    """first row -> [(column from 0, last row)] of cells merged down one column. They are written behind the rows."""
    found: dict[int, list[tuple[int, int]]] = {}
    kept, count = b"", 0
    with sheet._get_source() as source:
        while chunk := source.read(1 << 20):
            text = kept + chunk
            if b"mergeCell " in text:
                for match in _MERGE.finditer(text):
                    first, last = int(match[2]), int(match[4])
                    if match[1] == match[3] and last > first and count < MAX_MERGES:
                        column = _column(match[1].decode()) - 1
                        if (column, last) not in found.get(first, ()):
                            found.setdefault(first, []).append((column, last))
                            count += 1
            kept = text[-200:]
    return found


def _last_filled(data: bytes) -> int:
    """The number of the last row of the sheet in which something stands; 0 for none. Its XML is read as bytes."""
    found = row = 0
    with opened(data, read_only=True) as book, first_sheet(book)._get_source() as source:
        kept = b""
        while chunk := source.read(1 << 20):
            text = kept + chunk
            if (at := _last_value(text)) >= 0:
                found = _row_before(text, at) or row
            row = _row_before(text, len(text)) or row
            kept = text[-200:]
    return found


def _last_value(text: bytes) -> int:
    """Where the last value that is not empty ends; -1 for none."""
    at = len(text)
    while (at := max(text.rfind(b"</v>", 0, at), text.rfind(b"</t>", 0, at))) > 0:
        if text[at - 1 : at] not in (b">", b" "):
            return at
    return -1


def _row_before(text: bytes, at: int) -> int:
    begins = text.rfind(b"<row ", 0, at)
    number = _ROW.search(text, begins, begins + 200) if begins >= 0 else None
    return int(number[1]) if number is not None else 0


def _carried(
    rows: Iterable[tuple[int, Sequence[Any]]], spans: dict[int, list[tuple[int, int]]]
) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows with what was merged down into them; a row with nothing of its own stays empty."""
    running: dict[int, tuple[int, Any]] = {}
    for number, cells in rows:
        row = list(cells)
        if running and any(cell is not None and cell != "" for cell in row):
            for column, (last, value) in list(running.items()):
                if number > last:
                    del running[column]
                elif column >= len(row):
                    row.extend([None] * (column - len(row)) + [value])
                elif row[column] is None:
                    row[column] = value
        for column, last in spans.get(number, ()):
            if column < len(cells) and cells[column] is not None:
                running[column] = (last, cells[column])
        yield number, row


def _cells(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    """Rows of a read-only sheet with their numbers, only as wide as they are.

    openpyxl's own iteration fills every gap, up to column XFD and row 1,048,576 when a sheet claims so, and reads a
    text that stands in its cell (as exports of other systems have it) ten times slower than needed.
    """
    from openpyxl.worksheet._reader import INLINE_STRING, WorkSheetParser
    from openpyxl.xml.constants import SHEET_MAIN_NS

    text, phonetic = f"{{{SHEET_MAIN_NS}}}t", f"{{{SHEET_MAIN_NS}}}rPh"

    class Parser(WorkSheetParser):
        col_counter: int
        row_counter: int

        def parse_cell(self, element: Any) -> dict[str, Any]:
            if element.get("t") != "inlineStr":
                return super().parse_cell(element)
            self.col_counter += 1
            at = element.get("r")
            if at:
                letters = at.rstrip("0123456789")
                self.col_counter = _column(letters)
            found = element.find(INLINE_STRING)
            words = (
                ""
                if found is None
                else "".join(part.text or "" for child in found if child.tag != phonetic for part in child.iter(text))
            )
            return {
                "row": self.row_counter,
                "column": self.col_counter,
                "value": words,
                "data_type": "s",
                "style_id": 0,
            }

    book = sheet.parent
    with sheet._get_source() as source:
        parser = Parser(
            source, sheet._shared_strings, data_only=True, epoch=book.epoch, date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )  # fmt: skip
        parser.row_dimensions = _Forgetful()  # heights and styles of every row would be kept
        for number, cells in parser.parse():
            row: list[Any] = []
            for cell in cells:
                column = cell["column"]
                if column > MAX_COLUMNS:
                    break
                if column > len(row) + 1:
                    row.extend([None] * (column - 1 - len(row)))
                row.append(cell["value"])
            yield number, row


class _Forgetful(dict[str, Any]):
    def __setitem__(self, _key: str, _value: Any) -> None:
        return


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _csv(data: bytes) -> Iterator[tuple[int, Sequence[Any]]]:
    text = decode(data)
    lines = [line for line in text[:20_000].splitlines()[:20] if line.strip()]
    # The mark that stands most evenly in the first lines; a tie goes to the comma.
    mark = max(",\t;，", key=lambda m: (sum(line.count(m) > 0 for line in lines), -",\t;，".index(m)))
    try:
        yield from enumerate(csv.reader(io.StringIO(text), delimiter=mark), start=1)
    except csv.Error as fault:
        raise refusals.Broken(detail=str(fault)[:80]) from fault


def decode(data: bytes) -> str:
    """The text of a .csv: UTF-8 with or without its mark, UTF-16 with one, GB18030. Raises Encoding."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        codecs = ["utf-16"]
    else:
        codecs = ["utf-8-sig", "gb18030"]
    furthest = 0
    for codec in codecs:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError as fault:
            furthest = max(furthest, fault.start)
            continue
        if codec == "gb18030" and not _reads_as_chinese(text):
            continue
        return text
    raise refusals.Encoding(line=data.count(b"\n", 0, furthest) + 1)


def _reads_as_chinese(text: str) -> bool:
    """Nearly any bytes are some GB18030; text that people wrote keeps to the common characters."""
    foreign = [c for c in text[:20_000] if ord(c) > 127]
    if not foreign:
        return True
    common = sum(_is_common(c) for c in foreign)
    return common >= 0.9 * len(foreign)


def _is_common(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
