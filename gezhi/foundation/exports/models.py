"""One row for each file or paper that left; never changed afterwards."""

from __future__ import annotations

from django.db import models

from gezhi.foundation.events import register_state


class Export(models.Model):
    """`what`: a registered kind ("cases.ledger"); `form`: docx, pdf, xlsx, print …; `about`: the stream it belongs
    to ("document:7"), empty for a list. `filter_ref`: private text, because people search by names and phones."""

    person = models.BigIntegerField(null=True)
    seat = models.BigIntegerField(null=True)
    by = models.CharField(max_length=60, blank=True, default="")  # a part of the system, when no person did it
    what = models.CharField(max_length=40)
    form = models.CharField(max_length=12)
    about = models.CharField(max_length=40, blank=True, default="")
    filter_ref = models.BigIntegerField(null=True)
    rows = models.IntegerField()
    at = models.DateTimeField(db_index=True)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["about"], name="export_about")]


register_state(
    "export",
    Export,
    {
        "person": "person",
        "seat": "seat",
        "by": "by",
        "what": "what",
        "form": "form",
        "about": "about",
        "filter": "filter_ref",
        "rows": "rows",
    },
)
