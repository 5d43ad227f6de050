"""Background work of the photo room."""

from __future__ import annotations

from gezhi.foundation import files, jobs


@jobs.every(3600, "files.sweep")
def sweep() -> None:
    """Staged photos nobody sent, and files whose row is gone."""
    files.sweep()
