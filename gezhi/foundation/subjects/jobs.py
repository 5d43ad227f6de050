"""What the worker does for this room: names made findable, states that flip with the days."""

from __future__ import annotations

from typing import Any

from gezhi.foundation import jobs, text

from .models import Subject
from .personal import opened


@jobs.handler("subjects.index")
def index(job: Any) -> None:
    """Put the names of some subjects into the search index; an erased one is taken out."""
    rows = list(Subject.objects.filter(pk__in=job.payload["ids"]).order_by("pk"))
    facts = opened([row.private_ref for row in rows if row.private_ref])
    documents = []
    for row in rows:
        kept = facts.get(row.private_ref or 0, {})
        name = kept.get("name", "" if row.private_ref and not kept else row.label)
        places = [p for p in (row.county_id, row.town_id, row.village_id, row.grid_id, row.place_id) if p]
        documents.append((row.pk, (name, row.code), tuple(dict.fromkeys(places))))
    with job.complete():
        for start in range(0, len(documents), 500):
            text.index_many("subject", documents[start : start + 500])
