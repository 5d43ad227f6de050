"""Where workbooks lie: sealed files under GEZHI_HOME/sheets, named by what they belong to, gone after some days."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from gezhi.foundation.people import crypto

from . import refusals

KEPT_DAYS = 30
KEPT_FOR = timedelta(days=KEPT_DAYS)


def _path(name: str) -> Path:
    return Path(settings.GEZHI_HOME) / "sheets" / f"{name}.sealed"


def put(name: str, data: bytes) -> None:
    """Keep `data` under `name` ("run-12"), durably and never half; what lay there is replaced."""
    path = _path(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as handle:
        os.fchmod(handle.fileno(), 0o600)
        handle.write(crypto.seal_bytes(data, f"sheet:{name}"))
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(path)


def get(name: str) -> bytes:
    """What was put. Raises NoFile."""
    try:
        return crypto.open_bytes(_path(name).read_bytes(), f"sheet:{name}")
    except FileNotFoundError:
        raise refusals.NoFile(days=KEPT_DAYS) from None


def has(name: str) -> bool:
    """Whether something lies under the name."""
    return _path(name).is_file()


def drop(*names: str) -> None:
    """Forget files, those that are not there too."""
    for name in names:
        _path(name).unlink(missing_ok=True)


def sweep() -> int:
    """Drop what is older than KEPT_DAYS by the machine's own clock; returns how many."""
    folder = Path(settings.GEZHI_HOME) / "sheets"
    old = time.time() - KEPT_DAYS * 86_400
    found = [p for p in folder.glob("*") if p.is_file() and p.stat().st_mtime < old] if folder.is_dir() else []
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
