"""Tables of methods that are being changed: a draft with its steps back, and a run that takes open cases over."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

EDITING, PROPOSED, PUBLISHED, DROPPED = "editing", "proposed", "published", "dropped"
OPEN_STATES = (EDITING, PROPOSED)


class MethodDraft(models.Model):
    """A method on its way to a place's own version. Stream `method:<id>`.

    `source` is the document as JSON in the order it was written, `text` the YAML somebody typed last (null when the last
    change was made in the form); `digest` pins both, so that what is approved is what was read.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40)
    place_id = models.BigIntegerField(null=True)  # for this place and everywhere inside it; null: for everybody
    state = models.CharField(max_length=10, default=EDITING)
    base_version = models.IntegerField(null=True)  # of the same name; null: taken from a pack that is not installed
    base_pack = models.CharField(max_length=40, blank=True, default="")
    source = models.TextField()
    text = models.TextField(null=True)
    digest = models.CharField(max_length=64)
    step = models.IntegerField(default=1)
    steps = models.IntegerField(default=1)  # how far "again" reaches
    editors = models.JSONField(default=list)  # person ids of everybody who changed something
    started_by = models.BigIntegerField()
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    proposed_by = models.BigIntegerField(null=True)
    proposed_at = models.DateTimeField(null=True)
    decided_by = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    returned = models.SmallIntegerField(default=0)
    words_ref = models.BigIntegerField(null=True)  # private text: what was said when it was proposed or sent back
    version = models.IntegerField(null=True)  # what was published
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], name="method_one_draft", condition=Q(state__in=OPEN_STATES, place_id=None)
            ),
            models.UniqueConstraint(
                fields=["name", "place_id"], name="method_one_draft_there", condition=Q(state__in=OPEN_STATES)
            ),
            models.CheckConstraint(
                name="method_published_by_another",
                condition=~Q(state=PUBLISHED) | Q(decided_by__isnull=False, version__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["state", "-changed_at"], name="method_state")]


class DraftStep(models.Model):
    """What a draft was after one change: the way back, and again."""

    draft = models.ForeignKey(MethodDraft, on_delete=models.CASCADE, related_name="kept", db_index=False)
    number = models.IntegerField()
    source = models.TextField()
    text = models.TextField(null=True)
    what = models.CharField(max_length=20)
    at = models.DateTimeField()
    by = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "number"], name="method_step")]


class Migration(models.Model):
    """Open cases of one version taken over to another, as far as their record allows. Stream `migration:<id>`."""

    id = models.BigAutoField(primary_key=True)
    workflow = models.CharField(max_length=40)
    from_version = models.IntegerField()
    to_version = models.IntegerField()
    state = models.CharField(max_length=8, default="running")  # running, done
    total = models.IntegerField()
    moved = models.IntegerField(default=0)
    refused = models.JSONField(default=list)  # [{"case", "number", "code", "words"}]
    asked_by = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "from_version"], name="migration_one_running", condition=Q(state="running")
            )
        ]
