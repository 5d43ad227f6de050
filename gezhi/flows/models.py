"""How far the flows have read the log."""

from __future__ import annotations

from django.db import models


class Position(models.Model):
    """One row a follower: every event with `tx` below `until` has been given to its rules."""

    name = models.CharField(max_length=20, primary_key=True)
    until = models.BigIntegerField(default=0)

    class Meta:
        db_table = "flows_position"
