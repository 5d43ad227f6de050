"""What verify compares: drafts and runs with their streams.

Kinds: `method.started`, `.edited`, `.proposed`, `.withdrawn`, `.returned`, `.published`, `.dropped`; `migration.asked`, `.done`.
"""

from __future__ import annotations

DRAFT_FIELDS = [
    "name", "place_id", "state", "base_version", "base_pack", "digest", "step", "steps", "editors", "started_by", "started_at",
    "changed_at", "proposed_by", "proposed_at", "decided_by", "decided_at", "returned", "version",
]  # fmt: skip
RUN_FIELDS = ["workflow", "from_version", "to_version", "state", "total", "moved", "refused", "asked_by", "asked_at", "done_at"]  # fmt: skip


def register() -> None:
    """Called once when Django starts."""
    from gezhi.engines.workflows.methods.models import MethodDraft, Migration
    from gezhi.foundation import events

    events.register_state("method", MethodDraft, {**{n: n for n in DRAFT_FIELDS}, "words": "words_ref"})
    events.register_state("migration", Migration, {n: n for n in RUN_FIELDS})
