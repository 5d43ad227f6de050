from django.db import models


class Revision(models.Model):
    """One named number; see `revisions`."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.BigIntegerField()

    class Meta:
        db_table = "db_revision"

    def __str__(self) -> str:
        return f"{self.name}={self.value}"
