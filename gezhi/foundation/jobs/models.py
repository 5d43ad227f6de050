"""Tables of the jobs room.

Times of leases and heartbeats are machine time in milliseconds since 1970, not the product's clock:
a demo that travels to next week must not make every lease expire.
"""

from django.db import models
from django.db.models import Q


class Job(models.Model):
    """One piece of work to be done once. `(name, key)` is unique: enqueueing twice is enqueueing once."""

    READY, DONE, DEAD = "ready", "done", "dead"

    name = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=5, default=READY)
    run_at = models.DateTimeField()
    created_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    # Who holds it until when; 0 = nobody. A worker that dies lets its lease run out.
    leased_by = models.CharField(max_length=80, default="", blank=True)
    leased_until = models.BigIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    # Kind and place of the last failure, never its message, which may hold personal text.
    last_error = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        db_table = "jobs_job"
        constraints = [
            models.UniqueConstraint(fields=["name", "key"], name="job_once"),
            models.CheckConstraint(condition=Q(state__in=["ready", "done", "dead"]), name="job_state"),
        ]
        indexes = [
            models.Index(fields=["run_at", "id"], name="job_ready", condition=Q(state="ready")),
            models.Index(fields=["done_at"], name="job_done", condition=Q(state="done")),
            models.Index(fields=["id"], name="job_dead", condition=Q(state="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.name}:{self.key} {self.state}"


class Worker(models.Model):
    """One worker process and when it was last heard of (milliseconds since 1970)."""

    name = models.CharField(max_length=80, primary_key=True)
    beat = models.BigIntegerField()

    class Meta:
        db_table = "jobs_worker"

    def __str__(self) -> str:
        return self.name


class Lead(models.Model):
    """The one row (id 1) that says which worker runs the periodic work, and until when."""

    holder = models.CharField(max_length=80, default="", blank=True)
    until = models.BigIntegerField(default=0)

    class Meta:
        db_table = "jobs_lead"

    def __str__(self) -> str:
        return f"{self.holder} until {self.until}"
