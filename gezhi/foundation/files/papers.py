"""A PDF as it is kept: known by its content, bounded, without anything that acts, and never shown by us.

It cannot be made anew as a picture is, so it is looked through: the names in its objects, also in its packed ones, written
plainly or with #xx. What cannot be looked through (encrypted, oddly packed, too big unpacked) is refused. docs/rules/files.md
"""

from __future__ import annotations

import re
import zlib

from .refusals import ActivePaper, BrokenPaper, SealedPaper

MARK = b"%PDF-"
MOST_UNPACKED = 64 * 1024 * 1024
#: Names of what runs, opens, sends, or carries other files. An /OpenAction that only turns to a page names none of them.
ACTIVE = frozenset(
    (
        "JavaScript", "JS", "Launch", "EmbeddedFile", "EmbeddedFiles", "Filespec", "RichMedia", "XFA", "SubmitForm", "ImportData",
        "GoToR", "GoToE", "Rendition", "Movie", "Sound", "AA",
    )
)  # fmt: skip
_STREAM = re.compile(rb"stream\r?\n")
_NAME = re.compile(rb"/((?:[!-$&-'*-.0-;=?-Z\\^-z|~]|#[0-9A-Fa-f]{2})+)")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")


def is_paper(data: bytes) -> bool:
    """Whether the bytes begin as a PDF does."""
    return data.startswith(MARK)


def looked_through(data: bytes) -> bytes:
    """The same bytes, or the reason why not: BrokenPaper, SealedPaper (cannot be looked into), ActivePaper."""
    if b"%%EOF" not in data[-2048:] or b"endobj" not in data:
        raise BrokenPaper()
    at, left = 0, MOST_UNPACKED
    while (found := _STREAM.search(data, at)) is not None:
        before = data[at : found.start()]
        names = _names(before)
        head = _names(before[before.rfind(b"obj") :])
        _judge(names)
        end = data.find(b"endstream", found.end())
        if end < 0:
            raise BrokenPaper()
        if "ObjStm" in head:
            left = _packed(data[found.end() : end], head, left)
        at = end + len(b"endstream")
    _judge(_names(data[at:]))
    return data


def _packed(body: bytes, head: set[str], left: int) -> int:
    """Look through a stream of packed objects; how many bytes may still be unpacked."""
    filters = {name for name in head if name.endswith("Decode") or name in ("Fl", "LZW", "A85", "AHx", "RL", "Crypt")}
    if filters - {"FlateDecode", "Fl"} or "DecodeParms" in head:
        raise SealedPaper()
    if filters:
        unpack = zlib.decompressobj()
        try:
            body = unpack.decompress(body, left + 1)
        except zlib.error as error:
            raise BrokenPaper() from error
    if len(body) > left:
        raise SealedPaper()
    _judge(_names(body))
    return left - len(body)


def _names(part: bytes) -> set[str]:
    return {_HEX.sub(lambda two: bytes([int(two[1], 16)]), name).decode("latin-1") for name in _NAME.findall(part)}


def _judge(names: set[str]) -> None:
    if "Encrypt" in names:
        raise SealedPaper()
    if names & ACTIVE:
        raise ActivePaper()
