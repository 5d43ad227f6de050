"""Where photos lie and who may have them: encrypted files of random name under GEZHI_HOME/files.

A file is written before its row is committed and removed after its row is gone, so a crash can leave a file
without a row (`sweep` removes it) but never a row without a file.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.http import HttpResponse

from gezhi.foundation import db
from gezhi.foundation.calendar import clock
from gezhi.foundation.files import images
from gezhi.foundation.files import papers as pdf
from gezhi.foundation.files.refusals import FakeType, NeitherPhotoNorPaper, NoSuchFile
from gezhi.foundation.people import crypto

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from gezhi.foundation.files.models import StoredFile
    from gezhi.foundation.people import Actor

SIZES = ("full", "thumb")
PAPER = "paper"
STAGED_FOR = timedelta(hours=24)


def _rows() -> QuerySet[StoredFile]:
    # The room's __init__ leads here, so the table is looked up when used, not when imported.
    return apps.get_model("files", "StoredFile").objects.all()


def _root() -> Path:
    return Path(settings.GEZHI_HOME) / "files"


def _path(id: int, size: str) -> Path:
    name = f"{id:013x}"
    return _root() / name[:2] / f"{name}.{size}"


def _aad(id: int, size: str) -> bytes:
    return f"file:{id:013x}:{size}".encode()


def _write(path: Path, blob: bytes) -> None:
    """Durably, and never half: the name appears only once the bytes are on disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(path.suffix + ".part")
    with part.open("wb") as handle:
        os.fchmod(handle.fileno(), 0o600)
        handle.write(blob)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(path)


def _unlink(ids: Iterable[int]) -> None:
    for id in ids:
        for size in SIZES:
            _path(id, size).unlink(missing_ok=True)


def _id_for(data: bytes, key: str) -> int:
    """The same photo under the same idempotency key gets the same id, which nobody else can work out."""
    digest = hashlib.blake2b(key.encode(), digest_size=16, key=crypto.derived_key("files/ids"))
    digest.update(b"\0" + hashlib.sha256(data).digest())
    return int.from_bytes(digest.digest()[:8], "big") >> 12 or 1


def stage(upload: images.Readable, *, actor: Actor, key: str = "", papers: bool = False) -> StoredFile:
    """Keep a photo that has no matter yet; it goes after 24 hours unless `attach` binds it.

    `upload` is anything with `read(n)` (and, when known, `size` in bytes). With the request's idempotency
    `key`, the same photo sent again is the one already kept. Decoding takes tens of milliseconds: call this
    before opening a transaction. With `papers` a PDF is taken as well, and kept as it is once it was looked through.
    Refusals: those of `images.clean`, and of `papers.looked_through`.
    """
    data = images.read_bounded(upload)
    id = secrets.randbits(52) or 1
    if key:
        id = _id_for(data, key)
        known = _rows().filter(id=id).first()
        if known is not None:
            return known
    if papers and pdf.is_paper(data):
        return _kept_paper(id, pdf.looked_through(data), actor)
    try:
        picture = images.clean(io.BytesIO(data))
    except FakeType as fault:
        raise NeitherPhotoNorPaper() if papers else fault from None
    _write(_path(id, "full"), crypto.seal_bytes(picture.full, _aad(id, "full")))
    _write(_path(id, "thumb"), crypto.seal_bytes(picture.thumb, _aad(id, "thumb")))
    with db.write():
        stored, _made = _rows().get_or_create(
            id=id,
            defaults={
                "width": picture.width,
                "height": picture.height,
                "size": len(picture.full),
                "kept_by": actor.person_id,
                "kept_at": clock.now(),
            },
        )
    return stored


def _kept_paper(id: int, data: bytes, actor: Actor) -> StoredFile:
    _write(_path(id, "full"), crypto.seal_bytes(data, _aad(id, "full")))
    about = {"width": 0, "height": 0, "size": len(data), "kept_by": actor.person_id, "kept_at": clock.now()}
    with db.write():
        stored, _made = _rows().get_or_create(id=id, defaults=about | {"kind": PAPER})
    return stored


def attach(ids: Iterable[int], *, stream: str) -> int:
    """Bind staged photos to a stream, in the caller's transaction; returns how many were bound.

    A photo already bound elsewhere stays where it is: an id alone cannot pull somebody's photo over.
    """
    wanted = list(ids)
    if not wanted:
        return 0
    with db.write():
        return _rows().filter(id__in=wanted, stream="").update(stream=stream)


def keep(upload: images.Readable, *, stream: str, actor: Actor) -> StoredFile:
    """Keep a photo of an existing stream: `stage` and `attach` in one."""
    stored = stage(upload, actor=actor)
    attach([stored.id], stream=stream)
    stored.stream = stream
    return stored


def of(stream: str) -> list[StoredFile]:
    """The photos of a stream, oldest first."""
    return list(_rows().filter(stream=stream).order_by("kept_at", "id"))


def open(id: int, size: str = "full") -> bytes:
    """The JPEG bytes of a kept photo. Raises NoSuchFile for forged, discarded or unknown ids."""
    if size not in SIZES or not 0 < id < 1 << 52:
        raise NoSuchFile()
    try:
        blob = _path(id, size).read_bytes()
    except FileNotFoundError as error:
        raise NoSuchFile() from error
    return crypto.open_bytes(blob, _aad(id, size))


def serve(id: int, may: Callable[[StoredFile], None], size: str = "full") -> HttpResponse:
    """The answer to a request for a photo; a paper comes as a file to save.

    `may(stored)` raises NotAllowed (or NotFound) unless the asker may see `stored.stream`; it is asked on
    every request. The answer may stay in the asker's own browser for an hour, never in a shared cache.
    """
    stored = _rows().filter(id=id).first() if 0 < id < 1 << 52 else None
    if stored is None:
        raise NoSuchFile()
    may(stored)
    if stored.kind == PAPER:  # to be saved, never opened on our pages
        answer = HttpResponse(open(id), content_type="application/pdf")
        answer["Content-Disposition"] = f'attachment; filename="{id:013x}.pdf"'
    else:
        answer = HttpResponse(open(id, size), content_type="image/jpeg")
        answer["Content-Disposition"] = f'inline; filename="{id:013x}.jpg"'
    answer["Cache-Control"] = "private, max-age=3600"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Vary"] = "Cookie, Authorization"
    return answer


def discard(stream: str, *, only: int | None = None) -> int:
    """Remove every photo of a stream (`only`: that one); the bytes go when the transaction commits. Returns how many."""
    if not stream:
        return 0
    with db.write():
        rows = _rows().filter(stream=stream) if only is None else _rows().filter(stream=stream, id=only)
        ids = list(rows.values_list("id", flat=True))
        if ids:
            _rows().filter(id__in=ids).delete()
            db.after_commit(lambda: _unlink(ids))
    return len(ids)


def on_erase(stream: str, names: Collection[str] | None = None) -> None:
    """Hook of `events.on_erase`: photos are part of what was said, so they go with a stream's "text".

    `names` are those that were erased; correcting a contact leaves the photos.
    """
    if names is None or {"text", "photos"} & set(names):
        discard(stream)


def sweep() -> int:
    """Remove staged photos nobody sent within 24 hours and files that lost their row. Returns how many."""
    gone = 0
    with db.write():
        stale = list(_rows().filter(stream="", kept_at__lt=clock.now() - STAGED_FOR).values_list("id", flat=True))
        if stale:
            _rows().filter(id__in=stale).delete()
            db.after_commit(lambda: _unlink(stale))
            gone += len(stale)
    return gone + _sweep_orphans()


def _sweep_orphans() -> int:
    gone = 0
    root = _root()
    if not root.is_dir():
        return 0
    # Real file age, not the demo's clock: a file younger than an hour may belong to an open transaction.
    now_on_disk = _touch(root)
    for folder in sorted(root.iterdir()):
        if not folder.is_dir():
            continue
        paths = [p for p in folder.iterdir() if now_on_disk - p.stat().st_mtime > 3600]
        ids = {path: _id_of(path) for path in paths}
        known = set(_rows().filter(id__in=set(ids.values())).values_list("id", flat=True))
        for path, id in ids.items():
            if id not in known:
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def _id_of(path: Path) -> int:
    try:
        return int(path.name.split(".", 1)[0], 16)
    except ValueError:  # not one of ours: no row knows it
        return 0


def _touch(root: Path) -> float:
    """The file system's own present, in seconds: what the ages of files are compared with."""
    mark = root / ".now"
    mark.touch()
    return mark.stat().st_mtime
