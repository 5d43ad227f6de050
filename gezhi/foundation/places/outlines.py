"""A deployment's own outlines: a GeoJSON feature collection replaces the sketches, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import shapely
import shapely.geometry
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import db, errors, events

from .models import Place
from .shapes import shape_hash
from .snapshot import directory

errors.register(
    "place.outlines",
    422,
    _("边界文件有 {count} 处不能用，没有导入。"),
    _("文件要是 GeoJSON 的 FeatureCollection，每个面在 properties.code 里写上代码。"),
    _("改好标出的地方再导入一次。"),
)
MOST_FEATURES = 100_000
# Of China: longitudes and latitudes do not overlap, so a swapped file is seen at once.
LONGITUDES, LATITUDES = (73.0, 136.0), (3.0, 54.0)


def import_outlines(collection: str | Mapping[str, Any], *, actor: Any) -> int:
    """Give open places the outlines of a GeoJSON text or mapping (WGS84), found by `properties.code`.

    Returns how many changed; each is a `place.drawn` event and no longer a sketch. Raises Invalid
    `place.outlines` with one field error per feature (numbered from 1), NotAllowed.
    """
    with db.write():
        db.revisions.bump("places")
        found = _read(collection)
        if actor.kind != "system":
            for place_id in found:
                actor.need("places.manage", directory().path(place_id))
        rows = [
            row
            for row in Place.objects.filter(pk__in=found)
            if row.shape_hash != shape_hash(found[row.pk]) or row.sketch
        ]
        for row in rows:
            row.geometry, row.shape_hash, row.sketch = found[row.pk], shape_hash(found[row.pk]), False
            point = shapely.from_wkb(found[row.pk]).representative_point()
            row.lon, row.lat = round(point.x, 6), round(point.y, 6)
        heads = events.record_many(
            [
                events.Draft(
                    f"place:{row.pk}",
                    "place.drawn",
                    {"shape_hash": row.shape_hash, "sketch": False, "lon": row.lon, "lat": row.lat},
                    events.Head(row.event_seq, bytes(row.event_hash)),
                )
                for row in rows
            ],
            actor=actor,
        )
        for row, head in zip(rows, heads, strict=True):
            row.event_seq, row.event_hash = head
        fields = ["geometry", "shape_hash", "sketch", "lon", "lat", "event_seq", "event_hash"]
        Place.objects.bulk_update(rows, fields, batch_size=100)
        db.revisions.bump("places")
    return len(rows)


def _read(collection: str | Mapping[str, Any]) -> dict[int, bytes]:
    """Place id -> WKB of every feature."""
    if isinstance(collection, str):
        try:
            collection = json.loads(collection)
        except ValueError:
            raise _refused({"file": _("这不是 JSON 文件")}) from None
    features = collection.get("features") if isinstance(collection, Mapping) else None
    if not isinstance(features, list) or not 0 < len(features) <= MOST_FEATURES:
        raise _refused({"file": _("文件里没有 features，或者太多")})
    known, wrong = directory(), {}
    found: dict[int, bytes] = {}
    for number, feature in enumerate(features, start=1):
        try:
            place_id, shape = _feature(feature, known.by_code)
            if place_id in found:
                raise ValueError(_("这个代码在前面已经出现过"))
            found[place_id] = shapely.to_wkb(shape)
        except ValueError as error:
            wrong[str(number)] = error.args[0]
    if wrong:
        raise _refused(wrong)
    return found


def _feature(feature: Any, by_code: Any) -> tuple[int, shapely.Geometry]:
    try:
        code = str(feature["properties"]["code"])
        shape = shapely.geometry.shape(feature["geometry"])
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, shapely.GEOSException):
        raise ValueError(_("缺少 properties.code，或坐标读不懂")) from None
    place_id = by_code(code)
    if place_id is None:
        raise ValueError(_("没有代码为 {code} 的地方").format(code=code[:20]))
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty or not shape.is_valid:
        raise ValueError(_("边界要是一个闭合、不自交的面"))
    west, south, east, north = shape.bounds
    if _inside(south, north, LONGITUDES) and _inside(west, east, LATITUDES):
        raise ValueError(_("经度和纬度像是填反了"))
    if not (_inside(west, east, LONGITUDES) and _inside(south, north, LATITUDES)):
        raise ValueError(_("坐标不在中国范围内，请用经纬度（WGS84）"))
    return place_id, shape


def _inside(low: float, high: float, span: tuple[float, float]) -> bool:
    return span[0] <= low and high <= span[1]


def _refused(wrong: dict[str, Any]) -> errors.Invalid:
    return errors.Invalid("place.outlines", count=len(wrong), field_errors=wrong)
