"""Tables of places. A place has a surrogate id for ever; its codes and parents are dated facts.

Dates are local (Asia/Shanghai), `since` inclusive, `until` exclusive, null = still so.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from gezhi.foundation.events import register_state

from .kinds import KINDS, LAYERS


class Place(models.Model):
    """One place; `geometry` is WKB (WGS84, lon lat). Current state, rebuilt by folding stream place:<id>."""

    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=80)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    geometry = models.BinaryField(null=True)
    shape_hash = models.CharField(max_length=64, default="")  # sha256 of geometry, hex; what the events carry
    sketch = models.BooleanField(default=False)  # an invented outline or point, to be said wherever it is drawn
    units = models.PositiveSmallIntegerField(null=True)  # entrances 单元 of a building
    households = models.PositiveIntegerField(null=True)  # as counted by hand, until registers know better
    qr = models.CharField(max_length=16, null=True, unique=True)  # unguessable token of a door plate
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="place_kind_known"),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True) | Q(closed_on__gte=F("opened_on")),
                name="place_closes_after_opening",
            ),
            models.CheckConstraint(
                condition=(Q(lon__isnull=True) & Q(lat__isnull=True))
                | (Q(lon__gte=-180) & Q(lon__lte=180) & Q(lat__gte=-90) & Q(lat__lte=90)),
                name="place_point_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind} {self.pk})"


class PlaceCode(models.Model):
    """A code of a place under a scheme ("stats": official statistical division code; "grid"), for a time."""

    place = models.ForeignKey(Place, models.PROTECT, related_name="codes")
    scheme = models.CharField(max_length=20)
    code = models.CharField(max_length=40)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "code"], condition=Q(until__isnull=True), name="place_code_one_holder"
            ),
            models.UniqueConstraint(
                fields=["place", "scheme"], condition=Q(until__isnull=True), name="place_one_code_per_scheme"
            ),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="place_code_term"),
        ]
        indexes = [models.Index(fields=["scheme", "code"], name="place_code_lookup")]


class PlaceEdge(models.Model):
    """`child` lies in `parent` within a layer ("governance" or "unit"), for a time."""

    child = models.ForeignKey(Place, models.PROTECT, related_name="parent_edges")
    parent = models.ForeignKey(Place, models.PROTECT, related_name="child_edges")
    layer = models.CharField(max_length=12)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(layer__in=LAYERS), name="place_edge_layer_known"),
            models.UniqueConstraint(
                fields=["child", "layer"], condition=Q(until__isnull=True), name="place_edge_one_open_parent"
            ),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="place_edge_term"),
            models.CheckConstraint(condition=~Q(child=F("parent")), name="place_edge_not_itself"),
        ]


class PlaceName(models.Model):
    """A name of a place for a time; only places that were ever renamed have rows, the others their one name."""

    place = models.ForeignKey(Place, models.PROTECT, related_name="names")
    name = models.CharField(max_length=80)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place"], condition=Q(until__isnull=True), name="place_one_name"),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="place_name_term"),
        ]


class PlaceShape(models.Model):
    """An outline a place had before its present one (`Place.geometry`), for a time."""

    place = models.ForeignKey(Place, models.PROTECT, related_name="former_shapes")
    geometry = models.BinaryField(null=True)
    shape_hash = models.CharField(max_length=64, default="")
    sketch = models.BooleanField(default=False)
    since = models.DateField()
    until = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="place_shape_term"),
        ]


class PlaceSuccession(models.Model):
    """From `since` on, what lay in `old` lies in `new`; `main`: what cannot be told apart goes there."""

    old = models.ForeignKey(Place, models.PROTECT, related_name="successors")
    new = models.ForeignKey(Place, models.PROTECT, related_name="predecessors")
    since = models.DateField()
    main = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["old", "new", "since"], name="place_succession_once"),
            models.UniqueConstraint(fields=["old"], condition=Q(main=True), name="place_one_main_successor"),
        ]


class PlaceChange(models.Model):
    """A decided change of divisions or grids: what was asked, from when, and whether seats and cases followed.

    `plan` holds ids: {"olds", "news", "children": {child: new}, "before": {...}}; names and outlines stand in the
    places themselves. `state`: planned (its day has not come) or done. Rebuilt by folding stream placechange:<id>.
    """

    kind = models.CharField(max_length=12)
    on = models.DateField()
    state = models.CharField(max_length=8, default="planned")
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    plan = models.JSONField(default=dict)
    undoes = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(default=b"")

    class Meta:
        indexes = [models.Index(fields=["place", "-id"], name="place_change_place")]


class Division(models.Model):
    """The country's list of divisions: names to choose from, not places in use (docs/adr/0120)."""

    code = models.CharField(max_length=12, primary_key=True)
    name = models.CharField(max_length=80)
    parent = models.CharField(max_length=12, default="")
    level = models.CharField(max_length=8)

    class Meta:
        indexes = [models.Index(fields=["parent", "code"], name="division_parent")]


register_state("placechange", PlaceChange, ["kind", "on", "state", "place_id", "plan", "undoes"])
register_state(
    "place",
    Place,
    ["kind", "name", "lon", "lat", "shape_hash", "sketch", "units", "households", "qr", "opened_on", "closed_on"],
)
