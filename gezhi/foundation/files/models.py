"""One row per kept photo; the bytes lie encrypted under GEZHI_HOME/files."""

from __future__ import annotations

from django.db import models


class StoredFile(models.Model):
    """A photo, or a paper (PDF), of a stream ("case:123"), or staged while `stream` is empty.

    `id` is 52 bits of chance (a whole number in JavaScript too): it names the two encrypted files and tells
    nothing of their content. Knowing it opens nothing; `serve` asks for every photo.
    `width` and `height` are those of the kept picture (0 of a paper), `size` its bytes before encryption.
    """

    id = models.BigIntegerField(primary_key=True)
    stream = models.CharField(max_length=40, default="", blank=True)
    kind = models.CharField(max_length=8, default="photo")  # photo | paper
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    kept_by = models.BigIntegerField(null=True)  # person id; null for residents and the system
    kept_at = models.DateTimeField()

    class Meta:
        db_table = "files_stored"
        indexes = [models.Index(fields=["stream", "kept_at"], name="files_stream")]

    def __str__(self) -> str:
        return f"{self.id:013x} {self.width}x{self.height}"
