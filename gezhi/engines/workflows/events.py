"""Frozen facts of this engine, and what verify compares.

Kinds: `case.opened`, `case.<action>` (one per action of a definition), `item.warned`, `item.breached`,
`item.escalated`, `case.reseated`. A patch holds after-values of case columns by name, one value per changed
item under `item:<number>`, references to private texts, and under `act` what was done.
"""

from __future__ import annotations


def register() -> None:
    """Tell the events room where the state of a `case:` stream stands, and people who leaves what behind."""
    from gezhi.engines.workflows import reseating
    from gezhi.engines.workflows.models import Case, WorkItem
    from gezhi.engines.workflows.record import CASE_FIELDS, ITEM_FIELDS
    from gezhi.foundation import events, people

    fields = {name: name for name in CASE_FIELDS} | {"text": "text_ref", "contact": "contact_ref"}
    events.register_state("case", Case, fields)
    events.register_parts("case", "item", WorkItem, ITEM_FIELDS, parent="case_id")
    people.on_leave(reseating.person_left)
