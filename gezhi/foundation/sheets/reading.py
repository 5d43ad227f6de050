"""Rows of a workbook, one after another: what stands in each cell, and in which row of the sheet. Pure.

Memory does not grow with the rows. Formulas give the value the sheet last showed; links to other workbooks are not
followed. Reading ends after many blank rows, so a sheet formatted down to row 1,048,576 costs no more than its data.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

from . import bounds, refusals

MAX_COLUMNS = 120
MAX_ROWS = 200_000
BLANKS = 500  # in a row: the sheet is over
MAX_CELL = 8_000


class Row(NamedTuple):
    """`number` counts from 1 as the sheet shows it; `cells` as the sheet holds them, None where nothing stands."""

    number: int
    cells: tuple[Any, ...]


def rows(data: bytes) -> Iterator[Row]:
    """Every row with something in it, in order. Raises what `bounds.kind_of` raises, Broken, Encoding, TooManyRows."""
    return _bounded(_xlsx(data) if bounds.kind_of(data) == "xlsx" else _csv(data))


def _bounded(found: Iterator[tuple[Any, ...]]) -> Iterator[Row]:
    blank = filled = 0
    for number, cells in enumerate(found, start=1):
        kept = tuple(_tidy(cell) for cell in cells[:MAX_COLUMNS])
        if all(cell is None for cell in kept):
            blank += 1
            if blank >= BLANKS:
                return
            continue
        blank = 0
        filled += 1
        if filled > MAX_ROWS:
            raise refusals.TooManyRows(max=MAX_ROWS)
        yield Row(number, kept)


def _tidy(cell: Any) -> Any:
    if isinstance(cell, str):
        cell = cell[:MAX_CELL].strip(" \t\r\n\u3000\ufeff\xa0\x00")
        return cell or None
    return cell


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


def _xlsx(data: bytes) -> Iterator[tuple[Any, ...]]:
    with opened(data, read_only=True) as book:
        sheet = first_sheet(book)
        # What the sheet says of its own size is often wrong, and a row may claim a cell in column XFD.
        sheet.reset_dimensions()
        yield from sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True)


def _csv(data: bytes) -> Iterator[tuple[Any, ...]]:
    text = decode(data)
    lines = [line for line in text[:20_000].splitlines()[:20] if line.strip()]
    # The mark that stands most evenly in the first lines; a tie goes to the comma.
    mark = max(",\t;，", key=lambda m: (sum(line.count(m) > 0 for line in lines), -",\t;，".index(m)))
    try:
        yield from (tuple(row) for row in csv.reader(io.StringIO(text), delimiter=mark))
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
