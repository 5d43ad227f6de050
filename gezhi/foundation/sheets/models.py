"""Tables of workbooks: a run of an import, its rows while they wait, what clerks settled about columns, replies asked for.

Row values are personal and stand here sealed, only until the row is filled or the run is done with.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

UPLOADED, CHECKED, CONFIRMED, DONE, UNDOING, UNDONE, REFUSED, DROPPED = (
    "uploaded", "checked", "confirmed", "done", "undoing", "undone", "refused", "dropped",
)  # fmt: skip
GOOD, BAD, DOUBLE, FILLED, WITHDRAWN, KEPT = "good", "bad", "double", "filled", "withdrawn", "kept"

# What the events of a run tell; counts that move with each batch are counted from the rows.
STATE_FIELDS = (
    "target", "sender", "version", "state", "place_id", "made_by", "seat_id", "digest", "columns", "rows", "good", "bad",
    "doubles", "filled", "fault",
)  # fmt: skip


class ImportRun(models.Model):
    """One workbook on its way in. `digest`: SHA-256 of the file. `columns`: headers.Column as JSON. `seen`: rows
    checked so far; `filled`: rows that became something; `fault`: {"code", "facts"} of a file that was refused."""

    target = models.CharField(max_length=20)
    sender = models.CharField(max_length=40)
    version = models.IntegerField()
    state = models.CharField(max_length=10, default=UPLOADED)
    name = models.CharField(max_length=120)
    size = models.IntegerField()
    digest = models.CharField(max_length=64)
    place_id = models.BigIntegerField()
    made_by = models.BigIntegerField(null=True)
    seat_id = models.BigIntegerField(null=True)
    columns = models.JSONField(default=list)
    pass_number = models.IntegerField(default=1)
    rows = models.IntegerField(default=0)
    good = models.IntegerField(default=0)
    bad = models.IntegerField(default=0)
    doubles = models.IntegerField(default=0)
    filled = models.IntegerField(default=0)
    seen = models.IntegerField(default=0)
    progress = models.IntegerField(default=0)
    fault = models.JSONField(null=True)
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "sheets_run"
        indexes = [models.Index(fields=["made_by", "-id"], name="sheets_run_by")]

    def __str__(self) -> str:
        return f"import:{self.pk} {self.state}"


class ImportRow(models.Model):
    """One row of a run. `number`: as the sheet counts; `key`: "12345:2026…"; `subject`: what it became or is already;
    `problems`: [[column index or -1, field, code, facts, harmless]]; `sealed`: its values, gone once it is
    filled; of a bad row what was understood, and under "?field" what was not, gone with the end of the run."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="lines", db_index=False)
    number = models.IntegerField()
    state = models.CharField(max_length=10)
    key = models.CharField(max_length=80, default="", blank=True)
    subject = models.BigIntegerField(null=True)
    problems = models.JSONField(default=list)
    sealed = models.BinaryField(null=True)

    class Meta:
        db_table = "sheets_row"
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="sheets_row_once")]
        indexes = [
            models.Index(fields=["run", "state", "number"], name="sheets_row_state"),
            models.Index(fields=["subject"], name="sheets_row_subject", condition=Q(subject__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"import:{self.run_id}#{self.number} {self.state}"


class ColumnMemory(models.Model):
    """What a person settled for a sender: a column of this plain title holds this field ("" for none)."""

    sender = models.CharField(max_length=40)
    title = models.CharField(max_length=80)
    field = models.CharField(max_length=40, default="", blank=True)
    settled_by = models.BigIntegerField(null=True)
    settled_at = models.DateTimeField()

    class Meta:
        db_table = "sheets_memory"
        constraints = [models.UniqueConstraint(fields=["sender", "title"], name="sheets_memory_once")]

    def __str__(self) -> str:
        return f"{self.sender}: {self.title} = {self.field or '-'}"


class ReplySheet(models.Model):
    """Replies asked for in a sender's layout: made by a job, kept some days. `since`, `until`: local days, both in."""

    sender = models.CharField(max_length=40)
    since = models.DateField()
    until = models.DateField()
    place_id = models.BigIntegerField()
    made_by = models.BigIntegerField(null=True)
    seat_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=8, default="asked")  # asked, ready
    rows = models.IntegerField(default=0)
    asked_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    fetched = models.IntegerField(default=0)

    class Meta:
        db_table = "sheets_reply"
        indexes = [models.Index(fields=["made_by", "-id"], name="sheets_reply_by")]

    def __str__(self) -> str:
        return f"replies:{self.pk} {self.state}"
