"""A planned change on its way into the tables: rows, dated facts and one event for each place it touches.

Only `changes.apply` comes here, with the plan thought through again under the lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import shapely
from django.utils.translation import gettext as _

from gezhi.foundation import errors, events

from .actions import _must_be_free, _wkb
from .dating import redraw_row, rename_row
from .kinds import UNIT
from .models import Place, PlaceCode, PlaceEdge, PlaceShape, PlaceSuccession
from .plans import Part, Plan
from .snapshot import directory
from .writing import BATCH, NewPlace, create_many, new_token


class CarryingOut:
    """One change on its way into the tables, within a write."""

    def __init__(self, plan: Plan, actor: Any, reason: str) -> None:
        self.plan, self.actor, self.reason = plan, actor, reason[: events.log.REASON_LIMIT] or None
        self.drafts: list[events.Draft] = []
        self.rows: dict[int, Place] = {}
        self.touched: dict[int, dict[str, Any]] = {}
        self.kinds: dict[int, str] = {}

    def places(self) -> tuple[list[int], list[int], dict[str, Any]]:
        """Write; returns the new (or receiving) places in the order of parts, what moved, and how it was before."""
        plan = self.plan
        standing = {id for id in (plan.parent, *(p.existing for p in plan.parts)) if id is not None}
        wanted = {*plan.olds, *plan.children, *plan.shapes, *plan.codes, *standing}
        self.rows = {p.pk: p for p in Place.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
        for id in standing:
            # What closes later takes in nothing that would outlive it.
            if (ends := self.rows[id].closed_on) is not None:
                raise errors.Conflict("place.closed", place=self.rows[id].name, date=ends)
        before: dict[str, Any] = {"standing": [p.existing for p in plan.parts if p.existing is not None]}
        news: list[int] = []
        moved: list[int] = []
        match plan.kind:
            case "rename":
                before["name"] = self._rename()
            case "recode":
                before["codes"] = self._recode()
            case "move":
                before["parent"] = self._move()
                moved = list(plan.olds)
            case _:
                before["codes"] = self._codes_of(plan.olds)
                news, before["children"] = self._regroup()
                moved = list(plan.children)
        for id, shape in plan.shapes.items():
            self._redraw(id, shape)
        self._tell()
        return news, moved, before

    def _patch(self, id: int, kind: str, **facts: Any) -> None:
        self.touched.setdefault(id, {}).update(facts)
        self.kinds.setdefault(id, kind)

    def _tell(self) -> None:
        """One event for each place that changed, one statement for all."""
        ids = list(self.touched)
        drafts = [
            events.Draft(
                f"place:{id}",
                self.kinds[id],
                {**self.touched[id], "@on": str(self.plan.on)},
                events.Head(self.rows[id].event_seq, bytes(self.rows[id].event_hash)),
                reason=self.reason,
            )
            for id in ids
        ]
        for id, head in zip(ids, events.record_many(drafts, actor=self.actor) if drafts else (), strict=True):
            self.rows[id].event_seq, self.rows[id].event_hash = head
        fields = ["name", "closed_on", "lon", "lat", "geometry", "shape_hash", "sketch", "event_seq", "event_hash"]
        Place.objects.bulk_update([self.rows[id] for id in ids], fields, batch_size=100)

    def _refuse_after(self, place: Place, latest: Iterable[date]) -> None:
        """A fact that begins or ends later than this change would be cut off by it."""
        late = [day for day in latest if day > self.plan.on]
        if late:
            words = _("“{name}”从 {day} 起已有别的安排，请先取消或改到那天以后")
            raise errors.Invalid("place.date", reason=words.format(name=place.name, day=min(late)))

    def _later(self, place: Place) -> list[date]:
        """Days on which the place is to be redrawn or to take others in."""
        redrawn = PlaceShape.objects.filter(place=place).values_list("until", flat=True)
        return [*redrawn, *PlaceSuccession.objects.filter(new=place).values_list("since", flat=True)]

    def _rename(self) -> str:
        (id,) = self.plan.olds
        return rename_row(self.rows[id], self.plan.name, self.plan.on, self._patch)

    def _codes_of(self, ids: Iterable[int]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        rows = PlaceCode.objects.filter(place_id__in=list(ids), until__isnull=True)
        for place, scheme, code in rows.values_list("place_id", "scheme", "code"):
            found.setdefault(str(place), {})[scheme] = code
        return found

    def _recode(self) -> dict[str, dict[str, str]]:
        plan = self.plan
        held = {
            (c.place_id, c.scheme): c
            for c in PlaceCode.objects.filter(place_id__in=list(plan.codes), until__isnull=True)
        }
        before: dict[str, dict[str, str]] = {}
        ending = []
        for id, new in plan.codes.items():
            for scheme, code in new.items():
                old = held.get((id, scheme))
                if old is not None and old.code != code:
                    self._refuse_after(self.rows[id], [old.since])
                    before.setdefault(str(id), {})[scheme] = old.code
                    old.until = plan.on
                    ending.append(old)
        PlaceCode.objects.bulk_update(ending, ["until"], batch_size=BATCH)
        fresh = []
        for id, new in plan.codes.items():
            for scheme, code in new.items():
                if (id, scheme) in held and held[id, scheme].code == code:
                    continue
                _must_be_free(scheme, code)
                fresh.append(PlaceCode(place_id=id, scheme=scheme, code=code, since=plan.on))
                self._patch(id, "place.coded", codes=dict(new))
        PlaceCode.objects.bulk_create(fresh, batch_size=BATCH)
        return before

    def _move(self) -> int | None:
        plan = self.plan
        was = directory(plan.on).parent(plan.olds[0], plan.layer)
        assert plan.parent is not None
        for id in plan.olds:
            if (ends := self.rows[id].closed_on) is not None:
                raise errors.Conflict("place.closed", place=self.rows[id].name, date=ends)
            self._refuse_after(self.rows[id], self._later(self.rows[id]))
        self._reparent(dict.fromkeys(plan.olds, plan.parent), plan.layer)
        return was

    def _reparent(self, parents: Mapping[int, int], *layers: str) -> None:
        """Put places under other parents from the day on; an edge that began the same day is simply replaced."""
        edges = list(PlaceEdge.objects.filter(child_id__in=list(parents), layer__in=layers, until__isnull=True))
        for edge in edges:
            self._refuse_after(self.rows[edge.child_id], [edge.since])
            edge.until = self.plan.on
            self._patch(edge.child_id, "place.moved", parents={edge.layer: parents[edge.child_id]})
        PlaceEdge.objects.bulk_update(edges, ["until"], batch_size=BATCH)
        PlaceEdge.objects.bulk_create(
            [
                PlaceEdge(child_id=e.child_id, parent_id=parents[e.child_id], layer=e.layer, since=self.plan.on)
                for e in edges
            ],
            batch_size=BATCH,
        )

    def _regroup(self) -> tuple[list[int], dict[str, int]]:
        plan = self.plan
        known = directory(plan.on)
        was = {
            str(c): next(
                up for up in (known.parent(c, plan.layer), known.parent(c), known.parent(c, UNIT)) if up in plan.olds
            )
            for c in plan.children
        }
        for old in plan.olds:
            self._end(self.rows[old])
        new_places = [(n, self._new(part)) for n, part in enumerate(plan.parts) if part.existing is None]
        create_many([place for _n, place in new_places], actor=self.actor)
        ids = {n: place.number for n, place in new_places}
        ids |= {n: part.existing for n, part in enumerate(plan.parts) if part.existing is not None}
        news = [ids[n] for n in range(len(plan.parts))]
        PlaceSuccession.objects.bulk_create(
            PlaceSuccession(old_id=old, new_id=ids[n], since=plan.on, main=position == 0)
            for old, heirs in plan.heirs.items()
            for position, n in enumerate(heirs)
        )
        for old, heirs in plan.heirs.items():
            self._patch(old, "place.closed", closed_on=plan.on, into=[ids[n] for n in heirs])
        if plan.children:
            self._reparent({child: ids[n] for child, n in plan.children.items()}, *{plan.layer, "governance", UNIT})
        return news, was

    def _end(self, place: Place) -> None:
        """A place closes: its codes and its edge end with it."""
        on = self.plan.on
        if place.closed_on is not None:
            raise errors.Conflict("place.closed", place=place.name, date=place.closed_on)
        edges = PlaceEdge.objects.filter(child=place, until__isnull=True)
        codes = PlaceCode.objects.filter(place=place, until__isnull=True)
        late = [place.opened_on, *edges.values_list("since", flat=True), *codes.values_list("since", flat=True)]
        # Whatever comes into it after that day would have no parent.
        late += PlaceEdge.objects.filter(parent=place, since__gt=on).values_list("since", flat=True)
        # What leaves it on a later day would stay behind.
        leaving = PlaceEdge.objects.filter(parent=place, until__gt=on).values_list("until", flat=True)
        late += [day for day in leaving if day is not None]
        late += self._later(place)
        self._refuse_after(place, late)
        edges.update(until=on)
        codes.update(until=on)
        place.closed_on = on

    def _new(self, part: Part) -> NewPlace:
        for scheme, code in part.codes.items():
            _must_be_free(scheme, code)
        wkb = _wkb(part.geometry)
        point = None if part.geometry is None else part.geometry.representative_point()
        first = self.rows[self.plan.olds[0]]
        return NewPlace(
            kind=first.kind,
            name=part.name,
            opened_on=self.plan.on,
            parent=self.plan.parent,
            layer=self.plan.layer,
            codes=dict(part.codes),
            lon=None if point is None else round(point.x, 6),
            lat=None if point is None else round(point.y, 6),
            geometry=wkb,
            sketch=wkb is not None and any(self.rows[old].sketch for old in self.plan.olds),
            qr=new_token() if first.kind == "building" else None,
        )

    def _redraw(self, id: int, shape: shapely.Geometry) -> None:
        place = self.rows[id]
        self._refuse_after(place, PlaceShape.objects.filter(place=place).values_list("until", flat=True))
        redraw_row(place, _wkb(shape), place.sketch, self.plan.on)
        self._patch(id, "place.drawn", shape_hash=place.shape_hash, sketch=place.sketch)
