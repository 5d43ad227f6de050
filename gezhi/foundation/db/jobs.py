"""What the worker does for this room: it moves SQLite's log into the database, so that no request has to."""

from __future__ import annotations

from gezhi.foundation.db import pacing
from gezhi.foundation.jobs import every


# Often, so that one copies little: while the database file is synced, commits wait for the disk.
@every(0.25, "db.checkpoint")
def checkpoint() -> None:
    """Copy what is committed from the log to the database file; waits for nobody and nobody waits for it."""
    pacing.checkpoint()
