"""Pictures and papers of a line: a photo, a scanned agreement, a PDF. They lie encrypted in the room of files; who sees the line sees them.

The stream tells how many came and which went; the pictures themselves are no part of it.
"""

from __future__ import annotations

from collections.abc import Collection

from gezhi.foundation import db, files
from gezhi.foundation.files.models import StoredFile
from gezhi.foundation.files.refusals import NoSuchFile
from gezhi.foundation.files.store import PAPER
from gezhi.foundation.people import Actor

from . import refusals
from .lines import _locked
from .models import Entry
from .rows import change_rows

MOST = 12


def stream_of(entry_id: int) -> str:
    """Where the pictures of a line lie."""
    return f"entry:{entry_id}"


def attach(entry_id: int, file_ids: Collection[int], *, actor: Actor) -> int:
    """Bind staged photos (`files.stage`) to a line; how many were new to it.

    Raises what changing the line raises, and Invalid subject.too_many_photos beyond twelve.
    """
    with db.write():
        line = _mine(entry_id, actor)
        if len(files.of(stream_of(entry_id))) + len(set(file_ids)) > MOST:
            raise refusals.TOO_MANY_PHOTOS(field_errors={"photos": refusals.TOO_MANY_PHOTOS(max=MOST).what}, max=MOST)
        bound = files.attach(file_ids, stream=stream_of(entry_id))
        if bound:
            change_rows([(line, {})], "entry.attached", actor=actor, extra={"files": sorted(set(file_ids))})
    return bound


def detach(entry_id: int, file_id: int, *, actor: Actor) -> None:
    """Take one picture away for good. Raises what changing the line raises, NotFound file.none for one that is not its."""
    with db.write():
        line = _mine(entry_id, actor)
        if not files.discard(stream_of(entry_id), only=file_id):
            raise NoSuchFile()
        change_rows([(line, {})], "entry.detached", actor=actor, extra={"file": file_id})


def pictures(entry_ids: Collection[int]) -> dict[int, list[int]]:
    """entry id -> ids of its pictures, oldest first. One query; the caller has made sure that the lines may be seen."""
    streams = {stream_of(id): id for id in entry_ids}
    found: dict[int, list[int]] = {}
    rows = StoredFile.objects.filter(stream__in=streams).exclude(kind=PAPER).order_by("kept_at", "id")
    for stream, id in rows.values_list("stream", "id"):
        found.setdefault(streams[stream], []).append(id)
    return found


def papers(entry_id: int) -> list[StoredFile]:
    """The papers (PDF) of a line, oldest first. One query; the caller has made sure that the line may be seen."""
    return list(StoredFile.objects.filter(stream=stream_of(entry_id), kind=PAPER).order_by("kept_at", "id"))


def _mine(entry_id: int, actor: Actor) -> Entry:
    line, declared, _who = _locked(entry_id, actor)
    if declared.signed and line.author_person != actor.person_id and actor.kind != "system":
        raise refusals.NOT_HERE()
    return line
