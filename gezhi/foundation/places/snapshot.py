"""All places in memory as they stand on one date; what nearly every request asks.

`directory()` is today's, shared by all threads and reloaded when revision "places" moved or a
dated change came into force. `directory(on=date)` is the picture of another date.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions

from .kinds import GOVERNANCE, GRIDS, KINDS, RANK, UNIT
from .location import Locator

SCHEMES = ("stats", "grid")


class PlaceInfo(NamedTuple):
    """A place on the date of the directory. `point` is (lon, lat) or None; `code` its official or grid code."""

    id: int
    kind: str
    name: str
    parent_id: int | None
    code: str
    point: tuple[float, float] | None
    closed: bool
    qr: str | None
    units: int | None
    sketch: bool


class Path(NamedTuple):
    """Where a place lies: ids, None where not reached; `grid_id` is the finest governance grid."""

    county_id: int | None
    town_id: int | None
    village_id: int | None
    grid_id: int | None


class Directory:
    """Every place on `on`. Look-ups of an unknown id raise KeyError except where None is promised."""

    def __init__(self, on: date, rows: Iterable[tuple], codes: Iterable[tuple], edges: Iterable[tuple]):
        """`rows` (id, kind, name, lon, lat, qr, units, sketch, opened_on, closed_on); `codes` (place, scheme,
        code); `edges` (child, parent, layer); codes and edges in force on the date only."""
        self.on = on
        self._codes: dict[str, int] = {}
        # Kept apart: a unit grid's 15 digits may be those of a governance grid of the same village.
        self._unit_codes: dict[str, int] = {}
        own: dict[int, str] = {}
        for place, scheme, code in codes:
            (self._unit_codes if scheme == UNIT else self._codes).setdefault(code, place)
            if scheme == "stats" or place not in own:
                own[place] = code
        parents: dict[str, dict[int, int]] = {GOVERNANCE: {}, UNIT: {}}
        for child, parent, layer in edges:
            parents[layer][child] = parent
        self._parents = parents
        governance = parents[GOVERNANCE]
        self._places: dict[int, PlaceInfo] = {}
        self._qr: dict[str, int] = {}
        children: dict[str, dict[int, list[int]]] = {GOVERNANCE: defaultdict(list), UNIT: defaultdict(list)}
        order: list[tuple] = []
        for id, kind, name, lon, lat, qr, units, sketch, opened_on, closed_on in rows:
            closed = opened_on > on or (closed_on is not None and closed_on <= on)
            point = None if lon is None else (lon, lat)
            code = own.get(id, "")
            self._places[id] = PlaceInfo(id, kind, name, governance.get(id), code, point, closed, qr, units, sketch)
            if qr:
                self._qr[qr] = id
            order.append((RANK[kind], code or "~", id))
        for _rank, _code, id in sorted(order):
            for layer, up in parents.items():
                if id in up:
                    children[layer][up[id]].append(id)
        self._children = children
        self._paths: dict[int, Path] = {}
        self._names: dict[str, list[int]] | None = None
        self._locators: dict[str, Locator] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, id: object) -> bool:
        return id in self._places

    # --- one place --------------------------------------------------------------
    def get(self, id: int) -> PlaceInfo | None:
        """The place, or None."""
        return self._places.get(id)

    def place(self, id: int) -> PlaceInfo:
        """The place; KeyError for an unknown id."""
        return self._places[id]

    def by_code(self, code: str, layer: str | None = None) -> int | None:
        """The place holding an official or grid code on this date; 12-digit codes of upper levels are cut.

        With a layer, a grid of that layer; without, a unit grid only where no governance grid has the code.
        """
        code = str(code).strip()
        unit = self._unit_codes.get(code)
        if unit is not None and (layer == UNIT or (layer is None and code not in self._codes)):
            return unit
        found = self._by_official(code)
        return None if layer == UNIT and found is not None and self._places[found].kind in GRIDS else found

    def _by_official(self, code: str) -> int | None:
        found = self._codes.get(code)
        while found is None and len(code) in (12, 9) and code.endswith("000"):
            code = code[:-3]
            found = self._codes.get(code)
        if found is None and len(code) == 6:
            found = (
                self._codes.get(code[:-2] if not code.endswith("0000") else code[:-4]) if code.endswith("00") else None
            )
        return found

    def by_qr(self, token: str) -> int | None:
        """The building of a door-plate token, or None."""
        return self._qr.get(token)

    def by_name(self, name: str, within: int | None = None) -> list[int]:
        """Open places of exactly this name (a village also without 村民委员会, 居委会 ...), coarsest first."""
        if self._names is None:
            names: dict[str, list[int]] = defaultdict(list)
            for place in sorted(self._places.values(), key=lambda p: (RANK[p.kind], p.id)):
                if not place.closed:
                    for form in {place.name, short_name(place.name)}:
                        names[form].append(place.id)
            self._names = names
        found = self._names.get(name.strip(), [])
        return [id for id in found if within is None or self.is_within(id, within)]

    def open(self, id: int) -> bool:
        """Does the place exist and stand open on this date?"""
        place = self._places.get(id)
        return place is not None and not place.closed

    def label(self, id: int, since: str = "town") -> str:
        """What people say, from the level `since` down: 会昌街道 迎秀社区 第 1-2 微网格, 会昌街道 迎秀社区 5 号楼.

        Between the village and the place itself nothing is named: grids and buildings are numbered per village.
        """
        place = self._places[id]
        names = [short_name(place.name)]
        for up in self.ancestors(id):
            above = self._places[up]
            if RANK[since] <= RANK[above.kind] <= RANK["village"]:
                names.append(short_name(above.name))
        return " ".join(reversed(names))

    # --- up -----------------------------------------------------------------------
    def parent(self, id: int, layer: str = GOVERNANCE) -> int | None:
        """The place this one lies in, or None at the top."""
        return self._parents[layer].get(id)

    def ancestors(self, id: int, layer: str = GOVERNANCE) -> tuple[int, ...]:
        """Ids from the nearest parent to the top; () at the top and for an unknown id."""
        up = self._parents[layer]
        chain = []
        current = up.get(id)
        while current is not None:
            chain.append(current)
            current = up.get(current)
        return tuple(chain)

    def path(self, id: int) -> Path:
        """County, town, village and finest grid of a place (its own level included)."""
        known = self._paths.get(id)
        if known is None:
            levels: dict[str, int] = {}
            for step in (id, *self.ancestors(id)):
                levels.setdefault(self._places[step].kind, step)
            grid = next((levels[kind] for kind in reversed(GRIDS) if kind in levels), None)
            known = self._paths[id] = Path(levels.get("county"), levels.get("town"), levels.get("village"), grid)
        return known

    def at_level(self, id: int, kind: str) -> int | None:
        """The place itself or its ancestor of a kind; None when it has none."""
        for step in (id, *self.ancestors(id)):
            if self._places[step].kind == kind:
                return step
        return None

    def is_within(self, id: int, container: int) -> bool:
        """Is the place the container or anywhere inside it?"""
        return id == container or container in self.ancestors(id)

    # --- down ---------------------------------------------------------------------
    def children(self, id: int, layer: str = GOVERNANCE) -> tuple[int, ...]:
        """Open places directly inside, ordered by level, then code."""
        return tuple(c for c in self._children[layer].get(id, ()) if not self._places[c].closed)

    def descendants(self, id: int, layer: str = GOVERNANCE) -> list[int]:
        """Every open place inside, outermost first; the place itself is not among them."""
        found, queue = [], [id]
        while queue:
            inner = [c for parent in queue for c in self.children(parent, layer)]
            found.extend(inner)
            queue = inner
        return found

    def grids_under(self, id: int) -> list[int]:
        """The finest open grids of a place: grids that hold no grid. The place itself, if it is one."""
        around = [id, *self.descendants(id)]
        return [
            p
            for p in around
            if self._places[p].kind in GRIDS and not any(self._places[c].kind in GRIDS for c in self.children(p))
        ]

    def of_kind(self, kind: str) -> list[int]:
        """Open places of a kind, by code."""
        if kind not in KINDS:
            raise KeyError(kind)
        found = [p for p in self._places.values() if p.kind == kind and not p.closed]
        return [p.id for p in sorted(found, key=lambda p: (p.code or "~", p.id))]

    # --- on the ground --------------------------------------------------------------
    def locator(self, layer: str = GOVERNANCE) -> Locator:
        """The spatial index of a layer, loaded on first use."""
        found = self._locators.get(layer)
        if found is None:
            with self._lock:
                found = self._locators.get(layer) or Locator.load(self, layer)
                self._locators[layer] = found
        return found

    def locate(self, lon: float, lat: float, layer: str = GOVERNANCE) -> int | None:
        """The finest open place whose outline holds the point (WGS84 degrees), or None."""
        return self.locator(layer).find(lon, lat)


_SUFFIXES = ("村民委员会", "居民委员会", "社区居委会", "村委会", "居委会")


@lru_cache(maxsize=20_000)
def short_name(name: str) -> str:
    """What people call it: 迎秀居民委员会 -> 迎秀社区, 马桥村民委员会 -> 马桥村, 东门社区居委会 -> 东门社区."""
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix):
            stem = name[: -len(suffix)]
            if suffix.startswith("村"):
                return stem if stem.endswith("村") else stem + "村"
            return stem if stem.endswith("社区") else stem + "社区"
    return name


class _Loaded(NamedTuple):
    revision: int
    until: date | None  # the first later date on which anything changes
    directory: Directory

    def covers(self, day: date) -> bool:
        """Is the picture still right on this day?"""
        return self.directory.on <= day and (self.until is None or day < self.until)


_lock = threading.Lock()
_today: _Loaded | None = None
_others: dict[tuple[int, date], Directory] = {}


def directory(on: date | None = None) -> Directory:
    """The places of today, or of another local date."""
    global _today
    revision = revisions.current().get("places", 0)
    loaded = _today
    if on is not None:
        if loaded is not None and loaded.revision == revision and loaded.covers(on):
            return loaded.directory
        return _of_date(revision, on)
    day = clock.today()
    if loaded is not None and loaded.revision == revision and loaded.covers(day):
        return loaded.directory
    with _lock:
        _today = _load(revision, day)
        return _today.directory


def _of_date(revision: int, on: date) -> Directory:
    found = _others.get((revision, on))
    if found is None:
        found = _load(revision, on).directory
        with _lock:
            if len(_others) >= 8:  # a bulletin asks for a few dates; more would only hold memory
                _others.clear()
            _others[(revision, on)] = found
    return found


def _load(revision: int, on: date) -> _Loaded:
    from .models import Place, PlaceCode, PlaceEdge, PlaceName, PlaceShape

    rows = Place.objects.values_list(
        "id", "kind", "name", "lon", "lat", "qr", "units", "sketch", "opened_on", "closed_on"
    )
    changes: set[date] = set()
    places = list(rows)
    for *_rest, opened_on, closed_on in places:
        changes.update(d for d in (opened_on, closed_on) if d is not None and d > on)
    codes = PlaceCode.objects.order_by("id").values_list("place_id", "scheme", "code", "since", "until")
    edges = PlaceEdge.objects.values_list("child_id", "parent_id", "layer", "since", "until")
    in_force: list[list[tuple]] = []
    for table in (codes, edges):
        kept = []
        for *fact, since, until in table:
            if since <= on and (until is None or on < until):
                kept.append(tuple(fact))
            changes.update(d for d in (since, until) if d is not None and d > on)
        in_force.append(kept)
    named: dict[int, str] = {}
    for place, name, since, until in PlaceName.objects.values_list("place_id", "name", "since", "until"):
        if since <= on and (until is None or on < until):
            named[place] = name
        changes.update(d for d in (since, until) if d is not None and d > on)
    if named:
        places = [(row[0], row[1], named.get(row[0], row[2]), *row[3:]) for row in places]
    changes.update(PlaceShape.objects.filter(until__gt=on).values_list("until", flat=True))
    return _Loaded(revision, min(changes, default=None), Directory(on, places, *in_force))
