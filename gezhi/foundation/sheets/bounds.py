"""Is it a workbook, and is it safe to open? Looked at before anything is unfolded. Pure.

A .xlsx is a zip of XML. Its directory says how large each part will be, and the unpacking stops there whatever the
compressed bytes hold, so checking the directory bounds the memory. What runs by itself (macros) and what XML could
build out of nothing (entities) is refused; links to other workbooks are never followed, because nothing here follows one.
"""

from __future__ import annotations

import io
import zipfile

from . import refusals

MAX_BYTES = 12 * 1024 * 1024  # of an upload; 50,000 rows of twelve columns are some five
MAX_PART = 300 * 1024 * 1024  # of one part unfolded
MAX_WHOLE = 400 * 1024 * 1024
MAX_PARTS = 2_000
# Real sheets shrink to a tenth or a twentieth; a small part may be all blanks.
MAX_RATIO, RATIO_FROM = 120, 20 * 1024 * 1024
_PROLOG = 4_096


def kind_of(data: bytes) -> str:
    """ "xlsx" or "csv" by content, bounds kept. Raises what is wrong with it: see refusals."""
    if len(data) > MAX_BYTES:
        raise refusals.TooLargeSheet(limit=megabytes(MAX_BYTES))
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        # An encrypted .xlsx lies in the same container as a .xls.
        raise refusals.Locked() if "EncryptedPackage".encode("utf-16-le") in data else refusals.OldExcel()
    if data[:4] == b"PK\x03\x04":
        _check_zip(data)
        return "xlsx"
    if not data.strip():
        raise refusals.Empty()
    head = data[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    binary = b"\x00" in data[:2_000] and data[:2] not in (b"\xff\xfe", b"\xfe\xff")
    if binary or head.startswith((b"<", b"%pdf", b"{\\rtf")) or data[:4] == b"PK\x05\x06":
        raise refusals.NotASheet()
    return "csv"


def megabytes(size: int) -> str:
    """Bytes as people say them: "12 MB", "0.4 MB", "1,430 MB"."""
    return f"{size / 1024 / 1024:,.{0 if size >= 10 * 1024 * 1024 else 1}f} MB"


def _check_zip(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            names = {part.filename.lower().replace("\\", "/") for part in parts}
            _check_sizes(parts)
            if any(n.endswith(("vbaproject.bin", "vbadata.xml")) or "/macrosheets/" in n for n in names):
                raise refusals.Macros()
            types = next((p for p in parts if p.filename.lower() == "[content_types].xml"), None)
            if types is None or not any(n.startswith("xl/") and "workbook" in n for n in names):
                raise refusals.NotASheet()
            if b"macroenabled" in archive.read(types).lower():
                raise refusals.Macros()
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(part) as stream:
                        head = stream.read(_PROLOG).replace(b"\x00", b"").lower()
                    if b"<!doctype" in head or b"<!entity" in head:
                        raise refusals.Unusual()
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError, NotImplementedError) as fault:
        raise refusals.Broken(detail=type(fault).__name__) from fault


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    whole = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS:
        raise refusals.Unusual()
    if whole > MAX_WHOLE:
        raise refusals.Bomb(size=megabytes(whole))
    for part in parts:
        large = part.file_size > RATIO_FROM and part.file_size > MAX_RATIO * max(part.compress_size, 1)
        if part.file_size > MAX_PART or large:
            raise refusals.Bomb(size=megabytes(part.file_size))
        if part.flag_bits & 1:
            raise refusals.Locked()
