"""The writers of places: open, rename, close, move, recode, redraw. Each is an event and bumps "places".

All take `actor` (who needs the power `places.manage` over the place) and a local date from which
the change holds; dates may lie in the future, the directory turns to them on the day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import shapely
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import db, errors, events
from gezhi.foundation.calendar import clock

from .dating import rename_row
from .kinds import GOVERNANCE, LABELS, LAYERS, PARENTS, UNIT
from .models import Place, PlaceCode, PlaceEdge
from .shapes import shape_hash
from .snapshot import directory
from .writing import NewPlace, create_many, new_token

POWER = "places.manage"
MOST_UNITS = 99
_SCHEME = re.compile(r"[a-z][a-z0-9_]{0,19}")
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,39}")

errors.register(
    "place.unknown", 404, _("没有这个地方。"), _("编号 {place} 不在地方目录里。"), _("请从列表里重新选一个。")
)
errors.register(
    "place.closed", 409, _("“{place}”已经撤销。"), _("它从 {date} 起不再使用。"), _("请选现在的村（社区）或网格。")
)
errors.register(
    "place.kind",
    422,
    _("“{parent}”下面不能设{kind}。"),
    _("上下级要按省、市、县、乡镇、村、网格、楼栋的顺序。"),
    _("请换一个上级。"),
)
errors.register("place.name", 422, _("名称不能用。"), _("名称要有 1 到 80 个字，不能有控制字符。"), _("请改一下名称。"))
errors.register(
    "place.code_taken",
    409,
    _("代码 {given} 已被“{place}”使用。"),
    _("同一时间一个代码只能属于一个地方。"),
    _("请核对代码。"),
)
errors.register(
    "place.code",
    422,
    _("代码“{given}”不能用。"),
    _("代码由 1 到 40 个字母、数字、横线或下划线组成。"),
    _("请改一下代码。"),
)
errors.register("place.units", 422, _("单元数不对。"), _("一栋楼的单元在 1 到 {most} 之间。"), _("请改一下单元数。"))
errors.register(
    "place.not_empty",
    409,
    _("“{place}”下面还有 {count} 个地方，不能撤销。"),
    _("撤销以后它们就没有上级了。"),
    _("请先把它们并到别处或撤销。"),
)
errors.register("place.date", 422, _("生效日期不对。"), _("{reason}。"), _("请改一下日期再保存。"))
errors.register(
    "place.shape", 422, _("边界不能用。"), _("{reason}。"), _("请检查坐标，按经度、纬度的顺序给出闭合的面。")
)
errors.register("place.loop", 422, _("“{place}”不能放到自己下面。"), _("新的上级就在它里面。"), _("请换一个上级。"))


def open_place(
    kind: str,
    name: str,
    *,
    actor: Any,
    parent: int | None,
    on: date | None = None,
    layer: str = GOVERNANCE,
    codes: dict[str, str] | None = None,
    point: tuple[float, float] | None = None,
    geometry: Any = None,
    units: int | None = None,
) -> int:
    """Open a place in `parent` from `on` (default today) and return its id; a building gets a door-plate token.

    `point` is (lon, lat), `geometry` a Shapely (multi)polygon, both WGS84. Raises NotAllowed, NotFound
    `place.unknown`, Conflict `place.closed` `place.code_taken`, Invalid `place.kind` `place.name` `place.shape`.
    """
    wkb = _wkb(geometry)
    with _changing():
        day = on or clock.today()
        above = None
        if parent is not None:
            above = _locked(parent)
            _need(actor, parent)
            _must_stand(above, day)
        _must_fit(kind, above, layer)
        for scheme, code in (codes or {}).items():
            _must_be_free(scheme, code)
        if units is not None and not 1 <= units <= MOST_UNITS:
            raise errors.Invalid("place.units", most=MOST_UNITS)
        lon, lat = _point(point)
        place = NewPlace(
            kind=kind,
            name=_name(name),
            opened_on=day,
            parent=parent,
            layer=layer,
            codes=dict(codes or {}),
            lon=lon,
            lat=lat,
            geometry=wkb,
            units=units,
            qr=new_token() if kind == "building" else None,
        )
        return create_many([place], actor=actor)[0]


def rename(place_id: int, name: str, *, actor: Any, on: date | None = None) -> None:
    """Give a place another name from `on` (default today); until the day before it has the old one.

    Nothing happens, and nothing is recorded, when it has it already. Raises Invalid `place.name` `place.date`.
    """
    with _changing():
        place = _mine(place_id, actor)
        fresh = _name(name)
        if fresh != place.name:
            day = on or clock.today()
            rename_row(place, fresh, day, lambda *_told, **_facts: None)
            _save(place, "place.renamed", {"name": fresh, "@on": str(day)}, actor)


def close(place_id: int, *, actor: Any, on: date | None = None, reason: str = "") -> None:
    """Close a place from `on` (default today). Its codes and edges end; what happened there stays.

    Raises Conflict `place.not_empty` while an open place lies in it, Invalid `place.date`.
    """
    with _changing():
        place = _mine(place_id, actor)
        day = on or clock.today()
        _must_stand(place, day)
        _not_before(day, place.opened_on)
        inside = PlaceEdge.objects.filter(Q(until__isnull=True) | Q(until__gt=day), parent=place)
        count = inside.exclude(child__closed_on__lte=day).count()
        if count:
            raise errors.Conflict("place.not_empty", place=place.name, count=count)
        for facts in (place.parent_edges, place.codes):
            for since in facts.filter(until__isnull=True).values_list("since", flat=True):
                _not_before(day, since)
        place.closed_on = day
        PlaceEdge.objects.filter(child=place, until__isnull=True).update(until=day)
        PlaceCode.objects.filter(place=place, until__isnull=True).update(until=day)
        _save(place, "place.closed", {"closed_on": day}, actor, reason or None)


def move(place_id: int, parent: int, *, actor: Any, on: date | None = None, layer: str = GOVERNANCE) -> None:
    """Put a place under another parent from `on` (default today); until the day before it lies where it lay.

    Raises Invalid `place.kind`, `place.loop`, `place.date` (not after the last move), NotFound, NotAllowed.
    """
    with _changing():
        place, above = _mine(place_id, actor), _locked(parent)
        _need(actor, parent)
        day = on or clock.today()
        _must_stand(place, day)
        _must_stand(above, day)
        _must_fit(place.kind, above, layer)
        if parent == place_id or place_id in directory(day).ancestors(parent, layer):
            raise errors.Invalid("place.loop", place=place.name)
        edge = PlaceEdge.objects.filter(child=place, layer=layer, until__isnull=True).first()
        if edge is not None:
            if edge.parent_id == parent:
                return
            _not_before(day, edge.since)
            edge.until = day
            edge.save(update_fields=["until"])
        PlaceEdge.objects.create(child=place, parent=above, layer=layer, since=day)
        _save(place, "place.moved", {"parents": {layer: parent}, "@on": str(day)}, actor)


def set_code(place_id: int, scheme: str, code: str, *, actor: Any, on: date | None = None) -> None:
    """Give a place another code under a scheme from `on` (default today); the old one stays known for its time."""
    with _changing():
        place = _mine(place_id, actor)
        day = on or clock.today()
        _must_stand(place, day)
        held = PlaceCode.objects.filter(place=place, scheme=scheme, until__isnull=True).first()
        if held is not None and held.code == code:
            return
        _must_be_free(scheme, code)
        if held is not None:
            _not_before(day, held.since)
            held.until = day
            held.save(update_fields=["until"])
        PlaceCode.objects.create(place=place, scheme=scheme, code=code, since=day)
        _save(place, "place.coded", {"codes": {scheme: code}, "@on": str(day)}, actor)


def set_shape(place_id: int, geometry: Any, *, actor: Any, sketch: bool = False) -> None:
    """Replace the outline (Shapely (multi)polygon, WGS84). The event carries its hash, the row the outline."""
    wkb = _wkb(geometry)
    with _changing():
        place = _mine(place_id, actor)
        place.geometry, place.shape_hash, place.sketch = wkb, shape_hash(wkb), sketch
        _save(place, "place.drawn", {"shape_hash": place.shape_hash, "sketch": sketch}, actor)


def require_open(place_id: int) -> None:
    """Raise NotFound `place.unknown` or Conflict `place.closed` unless the place stands open today."""
    known = directory()
    place = known.get(place_id)
    if place is None:
        raise errors.NotFound("place.unknown", place=place_id)
    if place.closed:
        closed_on = Place.objects.values_list("closed_on", flat=True).get(pk=place_id)
        raise errors.Conflict("place.closed", place=place.name, date=closed_on or "")


# --- furniture of the above -------------------------------------------------------
@contextmanager
def _changing() -> Iterator[None]:
    """A write that changes places, one after another: the revision's row is the lock on PostgreSQL.

    So a look ("is this code free?") and the act that follows cannot be separated by somebody else's.
    It moves again at the end: a directory loaded halfway must not pass for the one after the change.
    """
    with db.write():
        db.revisions.bump("places")
        yield
        db.revisions.bump("places")


def _locked(place_id: int) -> Place:
    try:
        return Place.objects.select_for_update().get(pk=place_id)
    except Place.DoesNotExist:
        raise errors.NotFound("place.unknown", place=place_id) from None


def _mine(place_id: int, actor: Any) -> Place:
    place = _locked(place_id)
    _need(actor, place_id)
    return place


def _need(actor: Any, place_id: int) -> None:
    if actor.kind != "system":
        actor.need(POWER, directory().path(place_id))


def _save(place: Place, kind: str, patch: dict[str, Any], actor: Any, reason: str | None = None) -> None:
    head = events.record(
        f"place:{place.pk}",
        kind,
        actor=actor,
        patch=patch,
        head=events.Head(place.event_seq, bytes(place.event_hash)),
        reason=reason,
    )
    place.event_seq, place.event_hash = head
    place.save()


def _must_stand(place: Place, day: date) -> None:
    """Open on that day, with no end set: what closes later takes in no new fact that would outlive it."""
    if place.closed_on is not None:
        raise errors.Conflict("place.closed", place=place.name, date=place.closed_on)
    _not_before(day, place.opened_on)


def _must_fit(kind: str, above: Place | None, layer: str) -> None:
    allowed = PARENTS.get(kind)
    if layer not in LAYERS or allowed is None:
        raise errors.Invalid("place.kind", parent=above.name if above else _("最上层"), kind=LABELS.get(kind, kind))
    if layer == UNIT:  # unit grids of city management lie directly in a village
        allowed = frozenset({"village"})
    if (above is None and allowed) or (above is not None and above.kind not in allowed):
        raise errors.Invalid("place.kind", parent=above.name if above else _("最上层"), kind=LABELS.get(kind, kind))


def _must_be_free(scheme: str, code: str) -> None:
    if not _SCHEME.fullmatch(scheme) or not _CODE.fullmatch(code):
        raise errors.Invalid("place.code", given=code[:40])
    held = PlaceCode.objects.filter(scheme=scheme, code=code, until__isnull=True).select_related("place").first()
    if held is not None:
        raise errors.Conflict("place.code_taken", given=code, place=held.place.name)


def _not_before(day: date, earliest: date) -> None:
    if day < earliest:
        raise errors.Invalid("place.date", reason=_("不能早于 {day}").format(day=earliest))


def _name(name: str) -> str:
    text = name.strip()
    if not 0 < len(text) <= 80 or not text.isprintable():
        raise errors.Invalid("place.name")
    return text


def _point(point: tuple[float, float] | None) -> tuple[float | None, float | None]:
    if point is None:
        return None, None
    lon, lat = point
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise errors.Invalid("place.coordinates")
    return lon, lat


def _wkb(geometry: Any) -> bytes | None:
    if geometry is None:
        return None
    if geometry.geom_type not in ("Polygon", "MultiPolygon") or geometry.is_empty:
        raise errors.Invalid("place.shape", reason=_("边界要是一个面"))
    if not geometry.is_valid:
        raise errors.Invalid("place.shape", reason=shapely.is_valid_reason(geometry))
    west, south, east, north = geometry.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise errors.Invalid("place.shape", reason=_("坐标超出经纬度范围"))
    return shapely.to_wkb(geometry)
