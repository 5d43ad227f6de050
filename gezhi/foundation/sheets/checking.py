"""The first pass: read the workbook, look at every cell, keep each row with what is wrong with it. No row counts yet.

Done by a job, a batch of rows to a write, so it can be watched and never holds the database long. A pass that was
broken off begins again: nothing it wrote has an effect.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gezhi.foundation import db
from gezhi.foundation.db import revisions
from gezhi.foundation.forms import Refused
from gezhi.foundation.people import crypto

from . import cells, headers, layouts, reading, targets
from .headers import Column, Header
from .models import BAD, DOUBLE, GOOD, ImportRow, ImportRun
from .reading import Row
from .refusals import Empty, NoHeader

BATCH = 1_000


@dataclass
class Opening:
    """A workbook begun: its header, its columns as matched, and the rows below, the sample first."""

    header: Header
    columns: list[Column]
    below: Iterator[Row]


def begin(data: bytes, layout: layouts.Layout, memory: Mapping[str, str], settled: Sequence[Column] = ()) -> Opening:
    """Read the head of a workbook and match its columns; `settled` columns (by a person) stand as they are.

    Raises what `reading.rows` raises, NoHeader, Empty.
    """
    found = reading.rows(data)
    head = list(itertools.islice(found, headers.LOOKED_AT + headers.SAMPLE))
    if not head:
        raise Empty()
    header = headers.find_header(head, layout.fields)
    sample = [row for row in head if row.number > header.last]
    if not sample:
        raise Empty()
    columns = list(settled) or headers.match(header, sample, layout.fields, memory)
    return Opening(header, columns, itertools.chain(sample, found))


def missing(columns: Sequence[Column], layout: layouts.Layout) -> list[str]:
    """Titles of the required fields no column holds, and of fields two columns claim."""
    given = [c.field for c in columns if c.field]
    wrong = [f for f in layout.fields if (f.required and f.id not in given) or given.count(f.id) > 1]
    return [layouts.localised(f.title) for f in wrong]


@dataclass
class _Pass:
    """What a pass remembers from row to row."""

    ask: targets.Ask
    target: targets.Target
    columns: dict[str, int]
    keys: dict[str, int] = field(default_factory=dict)
    good: int = 0
    bad: int = 0
    doubles: int = 0
    seen: int = 0


def check(run: ImportRun, data: bytes, opening: Opening, ask: targets.Ask) -> _Pass:
    """Check every row and write it as an ImportRow; the counts. The caller has emptied the run's rows."""
    target = targets.target(run.target)
    this = _Pass(ask, target, {c.field: c.index for c in opening.columns if c.field})
    required = [f.id for f in ask.layout.fields if f.required]
    rows = (row for row in opening.below if not headers.is_note(row, this.columns, required))
    while batch := list(itertools.islice(rows, BATCH)):
        with revisions.scope():
            lines = [_line(run.pk, row, this) for row in batch]
            _mark_known(lines, this)
            with db.write():
                db.insert_many(lines)
                ImportRun.objects.filter(pk=run.pk).update(seen=this.seen)
    return this


def dry(opening: Opening, ask: targets.Ask) -> Iterator[tuple[int, str, list[list[Any]]]]:
    """(row number, state, problems) of every row, with nothing written anywhere."""
    this = _Pass(ask, targets.target(ask.layout.target), {c.field: c.index for c in opening.columns if c.field})
    required = [f.id for f in ask.layout.fields if f.required]
    rows = (row for row in opening.below if not headers.is_note(row, this.columns, required))
    while batch := list(itertools.islice(rows, BATCH)):
        lines = [_line(0, row, this) for row in batch]
        _mark_known(lines, this)
        yield from ((line.number, line.state, line.problems) for line in lines)


def _line(run_id: int, row: Row, this: _Pass) -> ImportRow:
    values, problems = read_row(row, this)
    line = ImportRow(run_id=run_id, number=row.number, state=GOOD, problems=problems)
    key_field = next((f for f in this.ask.layout.fields if f.key), None)
    number = values.get(key_field.id) if key_field else None
    if key_field is not None and number:
        line.key = f"{this.ask.layout.code}:{number}"[:80]
        first = this.keys.setdefault(line.key, row.number)
        if first != row.number:
            line.state = DOUBLE
            problems.append([this.columns.get(key_field.id, -1), key_field.id, "row.twice", {"row": first}, False])
    if line.state == GOOD and any(not harmless for *_rest, harmless in problems):
        line.state = BAD
        # The number may stand again further down, on a row that is right.
        if number and this.keys.get(line.key) == row.number:
            del this.keys[line.key]
    if line.state != DOUBLE:
        raw = {f"?{field}": written for index, field, *_rest in problems if (written := _written(row, index))}
        line.sealed = seal(run_id, row.number, values if line.state == GOOD else {**values, **raw})
    this.seen += 1
    return line


def _written(row: Row, index: int) -> str:
    """What stands in a bad cell, for the preview."""
    cell = row.cells[index] if 0 <= index < len(row.cells) else None
    return "" if cell is None else cells.written(cell)[:60]


def read_row(row: Row, this: _Pass) -> tuple[dict[str, Any], list[list[Any]]]:
    """(values by field id, problems as the row keeps them) of one row."""
    values: dict[str, Any] = {}
    problems: list[list[Any]] = []
    for wanted in this.ask.layout.fields:
        index = this.columns.get(wanted.id)
        cell = row.cells[index] if index is not None and index < len(row.cells) else None
        if index is None and not wanted.required:
            continue
        try:
            value = cells.read(wanted, cell, this.ask.layout.choices.get(wanted.id))
        except Refused as refused:
            problems.append([-1 if index is None else index, wanted.id, refused.code, dict(refused.facts), False])
            continue
        if value not in (None, ""):
            values[wanted.id] = value
    refused_already = {field for _index, field, *_rest in problems}
    for wrong in this.target.check(values, this.ask):
        if wrong.field in refused_already:  # that it is missing as well is no second fault of the cell
            continue
        index = this.columns.get(wrong.field, -1)
        problems.append([index, wrong.field, wrong.code, dict(wrong.facts), wrong.harmless])
    return values, problems


def _mark_known(lines: list[ImportRow], this: _Pass) -> None:
    """Rows whose number is here already are doubles, and say of what."""
    known = this.target.known([line.key for line in lines if line.key])
    key_field = next((f.id for f in this.ask.layout.fields if f.key), "")
    for line in lines:
        if line.key in known and line.state == GOOD:
            line.state, line.subject, line.sealed = DOUBLE, known[line.key], None
            line.problems = [*line.problems, [this.columns.get(key_field, -1), key_field, "row.known", {}, False]]
        this.good += line.state == GOOD
        this.bad += line.state == BAD
        this.doubles += line.state == DOUBLE


def seal(run_id: int, number: int, values: Mapping[str, Any]) -> bytes:
    """A row's values as they wait."""
    return crypto.seal(json.dumps(values, ensure_ascii=False), f"sheet-row:{run_id}:{number}")


def unseal(line: ImportRow) -> dict[str, Any]:
    """The values of a row that waits; empty when it does not any more."""
    if line.sealed is None:
        return {}
    return dict(json.loads(crypto.open(bytes(line.sealed), f"sheet-row:{line.run_id}:{line.number}")))


__all__ = ["BATCH", "Opening", "begin", "check", "missing", "read_row", "seal", "unseal", "NoHeader"]
