"""Roots outside the database: whoever can change the database cannot change what was exported before."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings

from gezhi.foundation import db
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid

from . import refusals  # registers roots.ground
from .chain import stamp
from .lines import append_lines, last_line
from .models import Block

__all__ = ["accept_restore", "export_roots", "refusals", "root_files"]


def root_files() -> list[Path]:
    """`roots/roots.jsonl` in the home, and a file under `GEZHI_ROOTS` (a directory or a file) when set."""
    files = [Path(settings.GEZHI_HOME) / "roots" / "roots.jsonl"]
    elsewhere = getattr(settings, "GEZHI_ROOTS", None) or os.environ.get("GEZHI_ROOTS")
    if elsewhere:
        path = Path(elsewhere)
        files.append(path if path.suffix else path / "roots.jsonl")
    return files


def export_roots() -> int:
    """Append to each file the blocks it lacks; returns how many lines were written.

    A file whose last line is ahead of the database is left alone: that is a finding for verify, or a
    restore to be accepted.
    """
    written = 0
    for path in root_files():
        last = last_line(path)
        after = last.get("position", 0) if last else 0
        fresh = Block.objects.filter(position__gt=after).order_by("position").defer("manifest")
        lines = [
            {
                "position": block.position,
                "root": bytes(block.root).hex(),
                "tx_to": block.tx_to,
                "count": block.count,
                "at": stamp(block.at) + "Z",
            }
            for block in fresh.iterator(2_000)
        ]
        append_lines(path, lines)
        written += len(lines)
    return written


def accept_restore(ground: str) -> int:
    """After restoring an older backup: note in each file that roots after the present one no longer stand.

    Returns the position that counts from now on. The earlier lines stay and show what was lost.
    Raises Invalid `roots.ground` unless the ground has 2 to 200 characters.
    """
    ground = ground.strip()
    if not 2 <= len(ground) <= 200:
        raise Invalid("roots.ground")
    with db.write():  # no sealer appends meanwhile on SQLite; on PostgreSQL a later block follows the note
        position = Block.objects.order_by("-position").values_list("position", flat=True).first() or 0
        note = {"restored": True, "position": position, "ground": ground, "at": stamp(clock.now()) + "Z"}
        for path in root_files():
            append_lines(path, [note])
    return position
