"""Sealed bulletins: the list a person may read, one of them, and the rows behind its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gezhi.engines.publishing.bulletins.frozen import Frozen
from gezhi.engines.publishing.bulletins.numbers import BEFORE, NOW, YEAR
from gezhi.engines.publishing.bulletins.schema import OF, Template, templates
from gezhi.engines.publishing.bulletins.sealing import opened, path_of
from gezhi.engines.publishing.models import Bulletin
from gezhi.foundation import measures, places
from gezhi.foundation.errors import NotFound
from gezhi.foundation.measures import Period, month_of, quarter_of, week_of
from gezhi.foundation.people import Actor

LIGHT = ("body", "rows")


def sealed(
    actor: Actor,
    *,
    place: int | None = None,
    kind: str = "",
    before: tuple[datetime, int] | None = None,
    size: int = 50,
) -> list[Bulletin]:
    """The newest sealed bulletins of the places an actor may read about, without their contents. One query a scope.

    `place`: that place alone. `before`: (until, id) of the last one seen.
    """
    if place is not None and not actor.may("bulletin.read", places.directory().path(place)):
        raise NotFound("bulletin.not_found")
    scans: list[dict[str, Any]] = [{"place_id": place}] if place is not None else [
        {f"{column}_id": id} for column, id in actor.places("bulletin.read")
    ]  # fmt: skip
    found: dict[int, Bulletin] = {}
    for scan in scans:
        rows = Bulletin.objects.filter(**scan).defer(*LIGHT)
        if kind:
            rows = rows.filter(kind=kind)
        if before is not None:
            rows = rows.filter(until__lte=before[0]).exclude(until=before[0], id__gte=before[1])
        for row in rows.order_by("-until", "-id")[:size]:
            found[row.pk] = row
    return sorted(found.values(), key=lambda row: (row.until, row.pk), reverse=True)[:size]


def one(bulletin_id: int, *, actor: Actor) -> Bulletin:
    """A bulletin the actor may read; NotFound for all others, whether they are there or not."""
    row = Bulletin.objects.filter(pk=bulletin_id).first()
    if row is None or not actor.may("bulletin.read", path_of(row)):
        raise NotFound("bulletin.not_found")
    return row


def of_period(place: int, period: str) -> list[Bulletin]:
    """What is sealed of one place and period, without contents."""
    return list(Bulletin.objects.filter(place_id=place, period=period).defer(*LIGHT).order_by("id"))


def published(place: int, *, size: int = 60) -> list[Bulletin]:
    """What the portal shows of a place, newest first, without contents."""
    rows = Bulletin.objects.filter(place_id=place, published_at__isnull=False).defer(*LIGHT)
    return list(rows.order_by("-until", "-id")[:size])


def public_one(bulletin_id: int) -> Bulletin:
    """A published bulletin; NotFound for all others."""
    row = Bulletin.objects.filter(pk=bulletin_id, published_at__isnull=False).first()
    if row is None:
        raise NotFound("bulletin.not_found")
    return row


def rows_behind(row: Bulletin, number: int, *, part: str = "n") -> list[int]:
    """Ids of the rows (cases, or what its template counts) a number of a sealed bulletin was counted from, as they were then, in their order.

    `part`: n (numerator) or d (denominator). What it was compared with opens as well, to the rows of that period. Raises
    NotFound when it stands for no rows (a difference, or sealed before those rows were kept).
    """
    return ids_behind(opened(row), bytes(row.rows), number, part)


def ids_behind(body: Mapping[str, Any], rows: bytes, number: int, part: str = "n") -> list[int]:
    """The same of a body and its packed rows, sealed or counted just now. Raises NotFound as `rows_behind`."""
    numbers = body["numbers"]
    if not 0 <= number < len(numbers) or part not in ("n", "d") or not numbers[number]["name"]:
        raise NotFound("bulletin.not_found")
    kept = numbers[number]
    frozen, name = Frozen(rows, (NOW, BEFORE, YEAR).index(kept["when"])), kept["name"]
    only = tuple((dim, tuple(values)) for dim, values in kept["only"])
    if part == "d":
        if f"{name}_of_d" not in frozen.bits:
            raise NotFound("bulletin.not_found")
        return frozen.ids(f"{name}_of_d", only)
    found = set(frozen.ids(f"{name}_of_n", only))
    for extra in (bit for bit in frozen.bits if bit.startswith(f"{name}_of_w")):
        found.update(frozen.ids(extra, only))
    return sorted(found)


def finished(today: Any) -> list[Period]:
    """The week, month and quarter that ended last before a day."""
    return [made(today).back() for made in (week_of, month_of, quarter_of)]


ALWAYS = ("county", "town")


def due(today: Any) -> list[tuple[str, int, Period]]:
    """(template, place, period) of what should be sealed by itself and is not: one query a period, one for its grids."""
    wanted = []
    for period in finished(today):
        for kind in templates(period=period.kind):
            if kind.automatic:
                wanted += [(kind, id, period) for id in _places(kind, period)]
    there = set(
        Bulletin.objects.filter(period__in=[p.name for p in finished(today)]).values_list(
            "template", "place_id", "period"
        )
    )
    return [(kind.name, id, period) for kind, id, period in wanted if (kind.name, id, period.name) not in there]


def _places(kind: Template, period: Period) -> list[int]:
    """Counties and towns always; a village or grid when there is enough to tell, so that nobody gets empty papers."""
    directory = places.directory(period.last)
    levels, minimum, much = kind.levels, kind.minimum, OF[kind.counts]
    always = ALWAYS if kind.counts == "cases" else ()  # where nothing falls due there is nothing to sum up
    found = [id for level in levels if level in always for id in directory.of_kind(level)]
    for level in levels:
        if level not in always:
            for row in measures.table([much], by=level, period=period):
                if row.group is not None and (row.figures[much].value or 0) >= minimum:
                    found.append(row.group)
    return found
