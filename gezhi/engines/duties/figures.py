"""Figures about duties: facts over the rows of periods, counted by the day their window closed."""

from __future__ import annotations


def register() -> None:
    """Offer the rows to foundation.measures."""
    from gezhi.engines.duties.models import Done
    from gezhi.foundation import measures

    measures.facts(
        "duties",
        Done.objects.all,
        {
            "closes": "closes", "state": "state", "late": "late", "done": "at", "rule": "rule", "county": "county_id",
            "town": "town_id", "village": "village_id", "grid": "grid_id", "person": "person_id",
            "subject": "subject_id", "case": "case_id",
        },
    )  # fmt: skip
