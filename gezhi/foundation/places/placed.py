"""The columns of whatever counts at a place, in tables of every room."""

from __future__ import annotations

from django.db import models

PATH = ("county_id", "town_id", "village_id", "grid_id", "place_id")


class Placed(models.Model):
    """Where a row counts: its place and the places above, frozen as `places.Path` gave them."""

    place_id = models.BigIntegerField()
    county_id = models.BigIntegerField(null=True)
    town_id = models.BigIntegerField(null=True)
    village_id = models.BigIntegerField(null=True)
    grid_id = models.BigIntegerField(null=True)

    class Meta:
        abstract = True
