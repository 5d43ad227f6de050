"""Append-only files of JSON lines, shared by processes and complete after a crash."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def append_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Append and fsync; a half-written last line of a crash is closed off first."""
    lines = list(lines)
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        size = out.seek(0, os.SEEK_END)
        if size:
            out.seek(size - 1)
            if out.read(1) != b"\n":
                out.write(b"\n")
        out.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
        out.flush()
        os.fsync(out.fileno())


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line, in order; nothing when the file is not there. A torn line is passed over."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as source:
        for line in source:
            try:
                value = json.loads(line)
            except ValueError:
                continue  # torn by a crash: append_lines wrote it again in full
            if isinstance(value, dict):
                yield value


def last_line(path: Path) -> dict[str, Any] | None:
    """The last whole line, found from the end of the file."""
    if not path.exists():
        return None
    with path.open("rb") as source:
        end = source.seek(0, os.SEEK_END)
        tail = b""
        while end:
            start = max(0, end - 65_536)
            source.seek(start)
            tail = source.read(end - start) + tail
            end = start
            for line in reversed(tail.split(b"\n")[0 if start == 0 else 1 :]):
                try:
                    value = json.loads(line)
                except ValueError:
                    continue
                if isinstance(value, dict):
                    return value
    return None
