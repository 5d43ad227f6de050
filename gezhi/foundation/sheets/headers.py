"""Where the header is and which column is which field. Pure.

A header may stand under title rows, spread over two rows (诉求人 over 姓名 and 电话), and be called what the sender calls
it. A column is recognised by its words, or else by what stands in it; each guess says how sure it is, and a person
may set it right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from gezhi.foundation.forms import read_number

from . import cells, refusals
from .cells import Field
from .reading import Row

LOOKED_AT = 30  # rows, for the header
SAMPLE = 60  # rows, for what stands in a column
SURE, LIKELY = 0.95, 0.6
_ASIDE = re.compile(r"[（(【\[].*?[)）】\]]|[*＊:：\s、·]+")
# What a remark below the data begins with.
_TOTAL = re.compile(r"^(合计|总计|小计|累计)")
_NOTE = re.compile(r"^(注|备注|说明|填表说明|合计|总计|小计|填表人|制表|审核|统计|负责人|单位负责人)")


@dataclass(frozen=True)
class Column:
    """One column: `index` from 0, the header's words, the field it holds ("" for none), how sure (0..1), and by what
    it was recognised: words | like | content | memory | person."""

    index: int
    header: str
    field: str = ""
    confidence: float = 0.0
    by: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "index": self.index, "header": self.header, "field": self.field,
            "confidence": round(self.confidence * 100), "by": self.by,
        }  # fmt: skip


@dataclass(frozen=True)
class Header:
    """`first` and `last`: rows of the sheet the header takes; the data begin below `last`."""

    first: int
    last: int
    titles: tuple[str, ...]


def plain(title: str) -> str:
    """A column's title for comparing: without remarks in brackets, marks, spaces and case."""
    folded = unicodedata.normalize("NFKC", title)
    return _ASIDE.sub("", folded).lower() or "".join(folded.split()).lower()


def likeness(title: str, words: Sequence[str]) -> float:
    """How much a title is one of the words: 1 the same, 0.6 to 0.9 one in the other, less when merely similar."""
    name, best = plain(title), 0.0
    if not name:
        return 0.0
    for word in words:
        known = plain(word)
        if not known:
            continue
        if name == known:
            return 1.0
        if len(known) >= 2 and (known in name or (len(name) >= 2 and name in known)):
            best = max(best, 0.6 + 0.3 * min(len(known), len(name)) / max(len(known), len(name)))
        elif abs(len(known) - len(name)) <= 2 and len(name) >= 4:
            ratio = SequenceMatcher(None, name, known).ratio()
            if ratio >= 0.75:
                best = max(best, 0.55 * ratio)
    return best


def find_header(head: Sequence[Row], fields: Sequence[Field]) -> Header:
    """The header among the first rows. Raises NoHeader, with words it might have had."""
    best: tuple[float, int] | None = None
    for at, row in enumerate(head[:LOOKED_AT]):
        titles = [c for c in row.cells if isinstance(c, str) and len(c) <= 40]
        score = sum(max((likeness(t, f.words) for f in fields), default=0) >= LIKELY for t in titles)
        if score >= 2 and (best is None or score > best[0]):
            best = (score, at)
    if best is None:
        named = [f for f in fields if f.words]
        needed = [f.words[0] for f in named if f.required] or [f.words[0] for f in named]
        raise refusals.NoHeader(rows=min(LOOKED_AT, len(head)), words="、".join(needed[:4]))
    at = best[1]
    upper, lower = _two_rows(head, at, fields)
    if lower is None:
        return Header(upper.number, upper.number, tuple(_said(c) for c in upper.cells))
    return Header(upper.number, lower.number, _joined(upper, lower))


def _two_rows(head: Sequence[Row], at: int, fields: Sequence[Field]) -> tuple[Row, Row | None]:
    """The header's row, or its two rows: a second one of titles right above or below, under or over merged cells."""
    row = head[at]
    if at + 1 < len(head) and head[at + 1].number == row.number + 1 and _is_second(row, head[at + 1], fields):
        return row, head[at + 1]
    if at and head[at - 1].number == row.number - 1 and _is_second(head[at - 1], row, fields):
        return head[at - 1], row
    return row, None


def _is_second(upper: Row, lower: Row, fields: Sequence[Field]) -> bool:
    """The lower row names parts of what the upper one spans: titles only, most of them where the upper is blank or
    begins a span, and at least one title a field knows."""
    # A title merged down over both rows stands in both.
    same = {i for i, c in enumerate(upper.cells[: len(lower.cells)]) if c is not None and c == lower.cells[i]}
    under = [i for i, c in enumerate(lower.cells) if c is not None and i not in same]
    if not under or len([c for c in upper.cells if c is not None]) < 2:
        return False
    if not all(isinstance(lower.cells[i], str) and len(str(lower.cells[i])) <= 20 for i in under):
        return False
    blank = [i for i in under if i < len(upper.cells) and upper.cells[i] is None]
    known = [i for i in under if _known(lower.cells[i], fields)]
    # A span begins where the upper row has a title and is blank right after it. A title over a single one is a span of
    # one, when what stands under it is a title that a field knows and the upper row holds such a one too.
    heads = any(_known(c, fields) for c in upper.cells)
    spans = [i for i in under if i not in blank and (i + 1 in blank or (heads and i in known))]
    return bool(blank) and bool(known) and len(blank) + len(spans) == len(under)


def _known(cell: Any, fields: Sequence[Field]) -> bool:
    words = str(cell) if isinstance(cell, str) and len(cell) <= 40 else ""
    return bool(words) and max((likeness(words, f.words) for f in fields), default=0) >= LIKELY


def _joined(upper: Row, lower: Row) -> tuple[str, ...]:
    titles, above = [], ""
    for i in range(max(len(upper.cells), len(lower.cells))):
        top = _said(upper.cells[i]) if i < len(upper.cells) else ""
        low = _said(lower.cells[i]) if i < len(lower.cells) else ""
        above = top or (above if low else "")
        titles.append(above + low if low and low != top else top)
    return tuple(titles)


def _said(cell: Any) -> str:
    return cells.written(cell)[:60] if cell is not None else ""


def match(
    header: Header, sample: Sequence[Row], fields: Sequence[Field], remembered: Mapping[str, str] | None = None
) -> list[Column]:
    """Each column with the field it most likely holds; no field is given to two columns.

    `remembered`: plain title -> field id ("" for none), what a person settled for this sender before.
    """
    remembered = remembered or {}
    guesses: list[tuple[float, str, int, str]] = []
    for index, title in enumerate(header.titles):
        if plain(title) in remembered:
            if remembered[plain(title)]:
                guesses.append((2.0, "memory", index, remembered[plain(title)]))
            continue
        for field in fields:
            score = likeness(title, field.words)
            if score >= LIKELY * 0.6:
                guesses.append((score, "words" if score >= SURE else "like", index, field.id))
    taken: dict[int, tuple[str, float, str]] = {}
    given: set[str] = set()
    order = {f.id: n for n, f in enumerate(fields)}
    for score, by, index, field_id in sorted(guesses, key=lambda g: (-g[0], order.get(g[3], 99), g[2])):
        if index not in taken and field_id not in given and field_id in order:
            taken[index] = (field_id, min(score, 1.0), by)
            given.add(field_id)
    for index in range(len(header.titles)):
        if index not in taken and plain(header.titles[index]) not in remembered:
            found = by_content([row.cells[index] for row in sample[:SAMPLE] if index < len(row.cells)])
            for field in fields:
                if field.type == found and field.id not in given:
                    taken[index] = (field.id, 0.5, "content")
                    given.add(field.id)
                    break
    none = ("", 0.0, "")
    return [Column(i, title, *taken.get(i, none)) for i, title in enumerate(header.titles) if title or i in taken]


def by_content(values: Sequence[Any]) -> str:
    """ "phone" or "identity" when nearly all of at least five values are one; "" otherwise. Dates are not guessed: a
    sheet has several, and a wrong deadline is worse than none."""
    filled = [v for v in values if v is not None]
    if len(filled) < 5:
        return ""
    for type in ("phone", "identity"):
        good = 0
        for value in filled:
            try:
                good += cells.read(Field("x", {}, type), value) is not None
            except ValueError:
                continue
        if good >= 0.8 * len(filled):
            return type
    return ""


def is_note(row: Row, columns: Mapping[str, int], required: Sequence[str]) -> bool:
    """A remark or a total below the data: it begins like one and lacks what every row must have, or is one cell alone."""
    filled = [c for c in row.cells if c is not None]
    if filled and _TOTAL.match(cells.written(filled[0])) and all(_counts(c) for c in filled[1:]):
        return True
    missing = [f for f in required if f in columns and not _has(row, columns[f])]
    starts = _NOTE.match(cells.written(filled[0])) is not None
    return (starts and bool(missing)) or (starts and len(filled) == 1) or (len(filled) == 1 and len(missing) > 1)


def _has(row: Row, index: int) -> bool:
    return index < len(row.cells) and row.cells[index] is not None


def _counts(cell: Any) -> bool:
    """Whether a cell holds nothing but a number, as sums do."""
    return isinstance(cell, int | float) or read_number(cells.written(cell).rstrip("人户名个件")) is not None
