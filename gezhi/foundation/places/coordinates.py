"""Coordinates at the edges: what phones, maps and surveyors give, turned into WGS84 and back. Pure.

Everything inside is WGS84, (lon, lat) in degrees. CGCS2000 differs from it by centimetres and is taken as equal.
GCJ-02 (domestic maps, WeChat) is off by some 500 m, BD-09 (Baidu) by up to a kilometre more; both shifts exist in
China only. Surveyors give metres in three-degree Gauss-Krüger zones (CGCS2000). docs/rules/places.md
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

Point = tuple[float, float]

WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271

# Of the ellipsoid the shift of GCJ-02 is counted on (Krasovsky 1940).
_GCJ_AXIS, _GCJ_E2 = 6378245.0, 0.00669342162296594323
_BD_TURN = math.pi * 3000.0 / 180.0
# CGCS2000.
_AXIS, _FLATTENING = 6378137.0, 1 / 298.257222101
_CLOSE = 1e-11  # degrees: about a micrometre
_ROUNDS = 30


class UnknownSystem(ValueError):
    """No such coordinate system."""


def in_china(lon: float, lat: float) -> bool:
    """Whether the shifts of GCJ-02 and BD-09 are applied here (the usual rectangle)."""
    return WEST <= lon <= EAST and SOUTH <= lat <= NORTH


def wgs84_to_gcj02(lon: float, lat: float) -> Point:
    """What a domestic map shows for a true point; outside China unchanged."""
    if not in_china(lon, lat):
        return lon, lat
    east, north = _shift(lon, lat)
    return lon + east, lat + north


def gcj02_to_wgs84(lon: float, lat: float) -> Point:
    """The true point of a GCJ-02 one, exact to well under a millimetre; outside China unchanged."""
    if not in_china(lon, lat):
        return lon, lat
    return _undo(_shifted, lon, lat)


def gcj02_to_bd09(lon: float, lat: float) -> Point:
    """Baidu's further shift; outside China unchanged."""
    if not in_china(lon, lat):
        return lon, lat
    return _baidu(lon, lat)


def bd09_to_gcj02(lon: float, lat: float) -> Point:
    """The reverse of `gcj02_to_bd09`."""
    if not in_china(lon, lat):
        return lon, lat
    return _undo(_baidu, lon, lat)


def wgs84_to_bd09(lon: float, lat: float) -> Point:
    """Both shifts."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: float, lat: float) -> Point:
    """Both shifts taken back."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


class Grid(NamedTuple):
    """Metres in a three-degree zone: `east` with its false 500 km but without the zone's number, `north`."""

    zone: int
    east: float
    north: float


def zone_of(lon: float) -> int:
    """The number of the three-degree zone of a longitude: 38 about 114° E."""
    return round(lon / 3)


def wgs84_to_gk3(lon: float, lat: float, zone: int | None = None) -> Grid:
    """Gauss-Krüger metres (CGCS2000) in a three-degree zone, the point's own when none is given."""
    zone = zone_of(lon) if zone is None else zone
    n, radius = _third(), _rectifying()
    phi, lam = math.radians(lat), math.radians(lon - 3 * zone)
    e = math.sqrt(_FLATTENING * (2 - _FLATTENING))
    t = math.sinh(math.atanh(math.sin(phi)) - e * math.atanh(e * math.sin(phi)))
    xi, eta = math.atan2(t, math.cos(lam)), math.atanh(math.sin(lam) / math.hypot(1, t))
    forth = _forth(n)
    north = radius * (xi + sum(a * math.sin(2 * j * xi) * math.cosh(2 * j * eta) for j, a in enumerate(forth, 1)))
    east = radius * (eta + sum(a * math.cos(2 * j * xi) * math.sinh(2 * j * eta) for j, a in enumerate(forth, 1)))
    return Grid(zone, east + 500_000.0, north)


def gk3_to_wgs84(east: float, north: float, zone: int | None = None) -> Point:
    """A surveyor's (y east, x north) in metres as (lon, lat).

    An eight-digit `east` carries its zone's number in front (38 500 000); a six-digit one needs `zone`.
    Raises ValueError without one, or for numbers that are no Gauss-Krüger metres.
    """
    if east >= 1_000_000:
        zone, east = int(east // 1_000_000), east % 1_000_000
    if zone is None or not 24 <= zone <= 46 or not 0 <= north <= 6_500_000 or not 100_000 <= east <= 900_000:
        raise ValueError("no zone, or no metres of a three-degree zone")
    n, radius = _third(), _rectifying()
    xi, eta = north / radius, (east - 500_000.0) / radius
    back = _back(n)
    xi_ = xi - sum(b * math.sin(2 * j * xi) * math.cosh(2 * j * eta) for j, b in enumerate(back, 1))
    eta_ = eta - sum(b * math.cos(2 * j * xi) * math.sinh(2 * j * eta) for j, b in enumerate(back, 1))
    chi = math.asin(math.sin(xi_) / math.cosh(eta_))
    phi = chi + sum(d * math.sin(2 * j * chi) for j, d in enumerate(_latitude(n), 1))
    lam = math.atan2(math.sinh(eta_), math.cos(xi_))
    return 3 * zone + math.degrees(lam), math.degrees(phi)


_TO_WGS84: dict[str, Callable[[float, float], Point]] = {
    "wgs84": lambda lon, lat: (lon, lat),
    "cgcs2000": lambda lon, lat: (lon, lat),
    "gcj02": gcj02_to_wgs84,
    "bd09": bd09_to_wgs84,
    "gk3": gk3_to_wgs84,
}
SYSTEMS = tuple(_TO_WGS84)


def to_wgs84(x: float, y: float, system: str = "wgs84") -> Point:
    """A pair as a file gives it, as (lon, lat). `system`: one of SYSTEMS, or "gk3:38" for six-digit eastings.

    Raises UnknownSystem, and ValueError for metres that cannot be placed.
    """
    name, _colon, zone = system.partition(":")
    if name not in _TO_WGS84 or (zone and (name != "gk3" or not zone.isdigit())):
        raise UnknownSystem(system)
    return gk3_to_wgs84(x, y, int(zone)) if zone else _TO_WGS84[name](x, y)


# --- how -------------------------------------------------------------------------
def _undo(forth: Callable[[float, float], Point], lon: float, lat: float) -> Point:
    """The point that `forth` brings to (lon, lat): both shifts change so slowly that stepping back converges."""
    x, y = lon, lat
    for _round in range(_ROUNDS):
        there = forth(x, y)
        step_x, step_y = lon - there[0], lat - there[1]
        x, y = x + step_x, y + step_y
        if abs(step_x) < _CLOSE and abs(step_y) < _CLOSE:
            break
    return x, y


def _shifted(lon: float, lat: float) -> Point:
    east, north = _shift(lon, lat)
    return lon + east, lat + north


def _shift(lon: float, lat: float) -> Point:
    """The shift of GCJ-02 in degrees: waves of several lengths over an old ellipsoid."""
    x, y, pi = lon - 105.0, lat - 35.0, math.pi
    root = math.sqrt(abs(x))
    waves = (20.0 * math.sin(6.0 * x * pi) + 20.0 * math.sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20.0 * math.sin(y * pi) + 40.0 * math.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * pi) + 320.0 * math.sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20.0 * math.sin(x * pi) + 40.0 * math.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * pi) + 300.0 * math.sin(x / 30.0 * pi)) * 2.0 / 3.0
    phi = math.radians(lat)
    magic = 1 - _GCJ_E2 * math.sin(phi) ** 2
    meridian = _GCJ_AXIS * (1 - _GCJ_E2) / (magic * math.sqrt(magic))
    parallel = _GCJ_AXIS / math.sqrt(magic) * math.cos(phi)
    return math.degrees(east / parallel), math.degrees(north / meridian)


def _baidu(lon: float, lat: float) -> Point:
    reach = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _BD_TURN)
    turn = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _BD_TURN)
    return reach * math.cos(turn) + 0.0065, reach * math.sin(turn) + 0.006


def _third() -> float:
    return _FLATTENING / (2 - _FLATTENING)


def _rectifying() -> float:
    n = _third()
    return _AXIS / (1 + n) * (1 + n**2 / 4 + n**4 / 64)


def _forth(n: float) -> tuple[float, ...]:
    """Krüger's series, fourth order: good to a millimetre within a zone."""
    return (
        n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16 + 41 * n**4 / 180,
        13 * n**2 / 48 - 3 * n**3 / 5 + 557 * n**4 / 1440,
        61 * n**3 / 240 - 103 * n**4 / 140,
        49561 * n**4 / 161280,
    )


def _back(n: float) -> tuple[float, ...]:
    return (
        n / 2 - 2 * n**2 / 3 + 37 * n**3 / 96 - n**4 / 360,
        n**2 / 48 + n**3 / 15 - 437 * n**4 / 1440,
        17 * n**3 / 480 - 37 * n**4 / 840,
        4397 * n**4 / 161280,
    )


def _latitude(n: float) -> tuple[float, ...]:
    return (
        2 * n - 2 * n**2 / 3 - 2 * n**3 + 116 * n**4 / 45,
        7 * n**2 / 3 - 8 * n**3 / 5 - 227 * n**4 / 45,
        56 * n**3 / 15 - 136 * n**4 / 35,
        4279 * n**4 / 630,
    )
