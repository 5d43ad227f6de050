"""专班台账汇总: the closed records of every unit of an activity in a period, gathered at a cut; who has none is named.

Nothing is typed for it and nothing is stored: a closed record does not change, so the same cut gives the same report.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from gezhi.engines.matching import access, cadence
from gezhi.engines.matching.models import CLOSED, Session
from gezhi.engines.matching.schema import Activity, activity
from gezhi.foundation import events as log
from gezhi.foundation.calendar import clock
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor


@dataclass(frozen=True)
class Record:
    """One closed record: `said` is what its form holds, (title, text) in the order of the form."""

    session: Session
    unit: str
    name: str
    said: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Gathered:
    """`missing`: the units that owe one by rhythm and had none closed at the cut, (unit, name)."""

    kind: Activity
    at: datetime
    records: tuple[Record, ...]
    missing: tuple[tuple[str, str], ...]


def gathered(
    name: str, first: date, last: date, *, actor: Actor, place: int | None = None, at: datetime | None = None
) -> Gathered:
    """The records of sessions that began on [first, last] and were closed at the cut `at` (now when empty), by unit.

    Only what the actor may see. Three queries, however many units.
    """
    kind, cut = activity(name), at or clock.now()
    rows = Session.objects.filter(
        access.visible(actor), activity=name, state=CLOSED, closed_at__lte=cut,
        starts__gte=clock.midnight(first), starts__lt=clock.midnight(last + timedelta(days=1)),
    )  # fmt: skip
    units = cadence.units(kind, place=place)
    if kind.rhythm is not None:
        rows = rows.filter(unit__in=units)
    elif place is not None:
        rows = rows.filter(access.inside(place))
    found = list(rows.order_by("unit", "starts", "id"))
    private = log.read_private([row.record_ref for row in found if row.record_ref])
    records = tuple(Record(row, row.unit, cadence.unit_name(row.unit), _said(kind, row, private)) for row in found)
    have = {record.unit for record in records}
    return Gathered(kind, cut, records, tuple((unit, cadence.unit_name(unit)) for unit in units if unit not in have))


def _said(kind: Activity, row: Session, private: Mapping[int, str | None]) -> tuple[tuple[str, str], ...]:
    raw = private.get(row.record_ref) if row.record_ref else None
    values: dict[str, Any] = {**(row.record or {}), **(json.loads(raw) if raw else {})}
    return tuple((localised(f.title), str(values[f.id])) for f in kind.record if values.get(f.id) not in (None, ""))
