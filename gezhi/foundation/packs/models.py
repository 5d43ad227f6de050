"""The installed versions of everything packs define."""

from __future__ import annotations

from django.db import models


class PackVersion(models.Model):
    """One document of a pack at one version, pinned for ever: running cases end on the body they began with.

    `hash` is the SHA-256 of the canonical `body`. `position` orders packs: what is installed later refines what
    was there before. `place_id`: the one place (and everywhere inside it) that runs this version; null: everybody.
    """

    pack = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    version = models.IntegerField()
    hash = models.CharField(max_length=64)
    body = models.JSONField()
    position = models.IntegerField()
    installed_at = models.DateTimeField()
    place_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "packs_version"
        constraints = [models.UniqueConstraint(fields=["kind", "name", "version"], name="packs_version_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} v{self.version}"
