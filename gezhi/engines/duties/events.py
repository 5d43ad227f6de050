"""Frozen facts of this engine, and where its state stands.

Kinds on `duty:<id>`: `duty.done`, `duty.missed`, `duty.waived`, `duty.reported` (a case was opened for it), `duty.taken_back` (an undo), `duty.climbed`,
`duty.void` (not owed after all: a death or a move became known later).
"""

from __future__ import annotations


def register() -> None:
    """Tell the events room where a `duty:` stream has its row, the subjects room whom to tell of changes."""
    from gezhi.engines.duties import enrolling, erasing, figures, telling, timelines
    from gezhi.engines.duties.models import DONE_FIELDS, Done
    from gezhi.foundation import events, subjects

    events.register_state("duty", Done, {name: name for name in DONE_FIELDS})
    subjects.on_change(enrolling.follow, order=40)
    events.on_erase(erasing.follow)
    timelines.register()
    figures.register()
    telling.register()
