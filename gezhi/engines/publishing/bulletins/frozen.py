"""The rows a bulletin was counted from, small enough to keep for ever, and counting over them. Pure.

Rows are (id, groups, mask): `groups` by the dimensions of `dims`, `mask` the conditions satisfied, by `bits`. As bytes:
a JSON head, then ids as differences, codes and masks, compressed. A month of a county (30,000 rows) takes some 300 KB.
A bulletin keeps those of its own period first, then those it was compared with: the period before, the same one last year.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any

Row = tuple[int, tuple[Any, ...], int]
#: Narrowing by groups: (dimension, the values that count).
Only = tuple[tuple[str, tuple[Any, ...]], ...]
_Line = tuple[int, tuple[Any, ...], int, int]  # its number, groups, mask, how many
_FIRST = itemgetter(0)
LARGEST = 64 * 1024 * 1024  # bytes unpacked; a bulletin of a quarter of a million rows has a tenth of it


def pack(dims: Sequence[str], bits: Mapping[str, int], rows: Iterable[Row]) -> bytes:
    """The rows as bytes; the same rows always give the same bytes."""
    codes: list[dict[Any, int]] = [{} for _dim in dims]
    width = max(bits.values(), default=0) // 8 + 1
    body, count, last = bytearray(), 0, 0
    said_of: dict[tuple[Any, ...], bytes] = {}  # few groups and marks come again and again among a million rows
    marks: dict[int, bytes] = {}
    for id, groups, mask in rows:
        _number(body, id - last)
        if (coded := said_of.get(groups)) is None:
            own = bytearray()
            for code, value in zip(codes, groups, strict=True):
                _number(own, code.setdefault(value, len(code)))
            coded = said_of[groups] = bytes(own)
        if (marked := marks.get(mask)) is None:
            marked = marks[mask] = mask.to_bytes(width, "little")
        body += coded
        body += marked
        count, last = count + 1, id
    head = {
        "dims": list(dims),
        "values": [list(code) for code in codes],
        "bits": dict(bits),
        "count": count,
        "width": width,
    }
    said = json.dumps(head, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return zlib.compress(len(said).to_bytes(4, "little") + said + bytes(body), 6)


def _number(body: bytearray, value: int) -> None:
    """Seven bits a byte, the high bit says that more follows."""
    while value > 127:
        body.append(value & 127 | 128)
        value >>= 7
    body.append(value)


class Frozen:
    """Unpacked rows of one of the periods kept (`which` counts from 0, its own): groups, and the ids behind any of them."""

    def __init__(self, packed: bytes, which: int = 0) -> None:
        for _earlier in range(which):
            packed = _opened(packed)[1]
        raw, _rest = _opened(packed)
        size = int.from_bytes(raw[:4], "little")
        head = json.loads(raw[4 : 4 + size])
        self.dims: list[str] = head["dims"]
        self.bits: dict[str, int] = head["bits"]
        self.rows = list(_read(raw, 4 + size, head))

    def ids(self, name: str, only: Only = ()) -> list[int]:
        """Ids of the rows that count for `name` ("closed_of_n"), in their order."""
        bit, fits = self.bits[name], _fits(self.dims, only)
        return [id for id, groups, mask in self.rows if mask >> bit & 1 and fits(groups)]


def _opened(packed: bytes) -> tuple[bytes, bytes]:
    """(the first part unpacked, the parts after it)."""
    opener = zlib.decompressobj()
    raw = opener.decompress(packed, LARGEST)
    if opener.unconsumed_tail or not opener.eof:
        raise ValueError("larger than any bulletin, or cut off")
    return raw, opener.unused_data


def _read(raw: bytes, at: int, head: Mapping[str, Any]) -> Iterable[Row]:
    values, width, id = head["values"], head["width"], 0
    for _row in range(head["count"]):
        step, at = _whole(raw, at)
        id += step
        groups = []
        for known in values:
            code, at = _whole(raw, at)
            groups.append(known[code])
        yield id, tuple(groups), int.from_bytes(raw[at : at + width], "little")
        at += width


def _whole(raw: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _fits(dims: Sequence[str], only: Only) -> Any:
    wanted = [(dims.index(dim), frozenset(values)) for dim, values in only]
    if not wanted:
        return lambda groups: True
    return lambda groups: all(groups[at] in values for at, values in wanted)


class Tally:
    """Sums over lines (groups, mask, count): what every number of a bulletin is made of."""

    def __init__(
        self, dims: Sequence[str], bits: Mapping[str, int], weights: Mapping[str, Decimal],
        lines: Iterable[tuple[tuple[Any, ...], int, int]],
    ) -> None:  # fmt: skip
        self.dims, self.bits, self.weights = tuple(dims), bits, weights
        counts: Counter[tuple[tuple[Any, ...], int]] = Counter()
        for groups, mask, count in lines:
            counts[groups, mask] += count
        self._lines: list[_Line] = [
            (n, groups, mask, count) for n, ((groups, mask), count) in enumerate(counts.items())
        ]
        self._of: dict[str, dict[Any, list[_Line]]] = {}
        self._masks: dict[tuple[str, Only], dict[Any, Counter[int]]] = {}

    def __bool__(self) -> bool:
        """Whether any row was counted."""
        return bool(self._lines)

    def count(self, name: str, only: Only = ()) -> int:
        """Rows that count for `name`."""
        return _sum(self._by("", only).get("", {}), self.bits[name])

    def top(self, metric: str, only: Only = ()) -> int | Decimal:
        """The numerator of a metric, half rows weighted."""
        found: int | Decimal = self.count(f"{metric}_of_n", only)
        for name, weight in self.weights.items():
            if name.rpartition("_of_w")[0] == metric:
                found = found + weight * self.count(name, only)
        return found

    def bottom(self, metric: str, only: Only = ()) -> int | None:
        """The denominator; None for a count."""
        return self.count(f"{metric}_of_d", only) if f"{metric}_of_d" in self.bits else None

    def groups(self, dim: str, metric: str, only: Only = ()) -> dict[Any, int]:
        """The count of a metric by group."""
        bit = self.bits[f"{metric}_of_n"]
        return {key: n for key, masks in self._by(dim, only).items() if (n := _sum(masks, bit))}

    def _by(self, dim: str, only: Only) -> dict[Any, Counter[int]]:
        if (dim, only) not in self._masks:
            fits = _fits(self.dims, only[1:])
            found: dict[Any, Counter[int]] = {}
            at = self.dims.index(dim) if dim else -1
            for _n, groups, mask, count in self._among(*only[0]) if only else self._lines:
                if fits(groups):
                    key = groups[at] if dim else ""
                    if (masks := found.get(key)) is None:
                        masks = found[key] = Counter()
                    masks[mask] += count
            self._masks[dim, only] = found
        return self._masks[dim, only]

    def _among(self, dim: str, values: tuple[Any, ...]) -> list[_Line]:
        """The lines of these values, in their order: a table of two hundred rows does not read all lines for each of them."""
        if dim not in self._of:
            found, at = self._of.setdefault(dim, {}), self.dims.index(dim)
            for line in self._lines:
                found.setdefault(line[1][at], []).append(line)
        parts = [self._of[dim].get(value, []) for value in dict.fromkeys(values)]
        return parts[0] if len(parts) == 1 else sorted((line for part in parts for line in part), key=_FIRST)


def _sum(masks: Mapping[int, int], bit: int) -> int:
    return sum(count for mask, count in masks.items() if mask >> bit & 1)
