"""Frozen facts of this engine, and what verify compares.

Kinds: `case.opened`, `case.<action>` (one per action of a definition), `item.warned`, `item.breached`,
`item.escalated`, `case.reseated`, `case.reclocked` (the calendar changed), `case.replaced` (grids or
divisions changed), `case.cleared` (personal data erased).
A patch holds after-values of case columns by name, one value per changed item under `item:<number>`, references
to private texts, and under `act` what was done.
"""

from __future__ import annotations


def register() -> None:
    """Tell the events room where the state of a `case:` stream stands, and be told of what touches open cases:
    people who leave, calendars that change, persons to be erased."""
    from gezhi.engines.workflows import erasing, recounting, replacing, reseating, voices
    from gezhi.engines.workflows.convening import BALLOT_FIELDS, PANEL_FIELDS
    from gezhi.engines.workflows.models import Case, Placing, ProtectedAgainst, WorkItem
    from gezhi.engines.workflows.panel_models import Ballot, Panel, Voice
    from gezhi.engines.workflows.record import AGAINST_FIELDS, CASE_FIELDS, ITEM_FIELDS, PLACING_FIELDS
    from gezhi.foundation import events, people
    from gezhi.foundation.calendar import actions as calendar

    fields = {name: name for name in CASE_FIELDS} | {"text": "text_ref", "contact": "contact_ref"}
    events.register_state("case", Case, fields)
    events.register_parts("case", "item", WorkItem, ITEM_FIELDS, parent="case_id")
    events.register_parts("case", "placing", Placing, PLACING_FIELDS, parent="case_id")
    replacing.register()
    events.register_parts("case", "against", ProtectedAgainst, AGAINST_FIELDS, parent="case_id")
    events.register_state("panel", Panel, PANEL_FIELDS)
    events.register_parts("panel", "ballot", Ballot, BALLOT_FIELDS, parent="panel_id")
    events.register_state("voice", Voice, voices.FIELDS)
    people.on_leave(reseating.person_left)
    calendar.on_change(recounting.calendar_changed)
    events.on_erase(erasing.forget_traces)
