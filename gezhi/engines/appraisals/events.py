"""Frozen facts of this engine, and what verify compares.

`round.opened`, `.judged`, `.signed`, `.claimed`, `.checked`, `.sealed`, `.rejudged`, `.published`, `.objected`, `.answered`,
`.closed`, `.awarded`, `.cancelled`; marks stand in them as `mark:<number>`, results as `result:<subject>`, objections as
`objection:<number>`. No name and no words are in any of them.
"""

from __future__ import annotations

ROUND = (
    "rubric", "version", "body_hash", "place_id", "county_id", "town_id", "village_id", "grid_id", "period", "since", "cut",
    "due_at", "state", "marks", "objections", "waiting", "subjects", "position", "digest", "opened_by", "opened_at", "sealed_at",
    "published_at", "object_until", "final_at", "awarded_at",
)  # fmt: skip
MARK = ("subject_id", "item", "who", "person_id", "seat_id", "state", "points", "records", "checked_by", "at")
MARK_REFS = {"words": "words_ref", "answer": "answer_ref"}
RESULT = ("score", "band", "eligible", "awarded", "corrected")
OBJECTION = ("subject_id", "item", "state", "person_id", "at", "points", "answered_by", "answered_at")
OBJECTION_REFS = {"words": "words_ref", "answer": "answer_ref"}


def register() -> None:
    """Tell the events room where states and their parts stand."""
    from gezhi.engines.appraisals import models, sealed
    from gezhi.foundation import events

    events.register_state("round", models.Round, {name: name for name in ROUND} | {"reason": "reason_ref"})
    fields = {name: name for name in MARK} | MARK_REFS
    events.register_parts("round", "mark", models.Mark, fields, parent="round_id")
    events.register_parts("round", "result", models.Result, RESULT, parent="round_id", number="subject_id")
    fields = {name: name for name in OBJECTION} | OBJECTION_REFS
    events.register_parts("round", "objection", models.Objection, fields, parent="round_id")
    events.register_check(sealed.check)
