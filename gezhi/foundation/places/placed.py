"""The columns of whatever counts at a place, in tables of every room."""

from __future__ import annotations

from typing import Any

from django.db import models

PATH = ("county_id", "town_id", "village_id", "grid_id", "place_id")


def above(path: Any) -> dict[str, int | None]:
    """The columns of a path beside the place itself, as `Placed` names them."""
    return {f"{level}_id": getattr(path, f"{level}_id") for level in ("county", "town", "village", "grid")}


class Placed(models.Model):
    """Where a row counts: its place and the places above, frozen as `places.Path` gave them."""

    place_id = models.BigIntegerField()
    county_id = models.BigIntegerField(null=True)
    town_id = models.BigIntegerField(null=True)
    village_id = models.BigIntegerField(null=True)
    grid_id = models.BigIntegerField(null=True)

    class Meta:
        abstract = True
