"""A number that opens: its value, its two halves, its definition, and the way back to its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

#: Fewer rows than this and a rate is shown but not put in any order (docs/rules/measures.md).
MINIMUM_SAMPLE = 10
#: How "not known" is written in a URL; an empty text is a value of its own.
UNKNOWN = "~"
#: The line of a table by category for reports that were merged before anybody said what kind of matter they are.
MERGED = "@merged"
#: A unit that is none: what villages and grids did themselves, together.
OWN = "own"


@dataclass(frozen=True)
class Opens:
    """The filter behind a number, small enough for a URL.

    `part` is "numerator" or "denominator". `where` holds further equalities on logical columns
    (the group of a table, a chosen category …). `measures.opened_by(opens)` gives the very rows counted.
    """

    metric: str
    part: str
    since: str
    until: str
    at: str
    place: int | None = None
    where: tuple[tuple[str, Any], ...] = ()

    def query(self) -> str:
        """As a query string: `measure=…&part=…&since=…&until=…&at=…&place=…&by.village=…`."""
        pairs: list[tuple[str, Any]] = [
            ("measure", self.metric),
            ("part", self.part),
            ("since", self.since),
            ("until", self.until),
            ("at", self.at),
        ]
        if self.place is not None:
            pairs.append(("in", self.place))
        pairs += [(f"by.{name}", UNKNOWN if value is None else value) for name, value in self.where]
        return urlencode(pairs)

    @classmethod
    def from_query(cls, given: Mapping[str, str]) -> Opens | None:
        """The reverse of `query`; None when the mapping holds no number. ValueError when it is malformed."""
        if not given.get("measure"):
            return None
        place = given.get("in") or None
        where = tuple(
            (key[3:], value if value != UNKNOWN else None) for key, value in given.items() if key.startswith("by.")
        )
        part = given.get("part", "numerator")
        if part not in ("numerator", "denominator"):
            raise ValueError(part)
        return cls(
            given["measure"],
            part,
            given.get("since", ""),
            given.get("until", ""),
            given.get("at", ""),
            int(place) if place is not None else None,
            where,
        )


@dataclass(frozen=True)
class Figure:
    """One number.

    `value`: int for counts; Decimal 0..1 for rates; None = 无数据 (empty denominator or a column the engine
    does not keep). `numerator`: rows (Decimal when some count half). `denominator`: rows, None for counts.
    """

    metric: str
    title: str
    unit: str
    definition: str
    value: int | Decimal | None
    numerator: int | Decimal | None
    denominator: int | None
    opens: Opens | None

    @property
    def opens_denominator(self) -> Opens | None:
        """The filter of the rows the rate is taken over."""
        return replace(self.opens, part="denominator") if self.opens and self.denominator is not None else None

    @property
    def numerator_text(self) -> str:
        """The numerator as people write it: 12, or 12.5 when some rows count half."""
        return "" if self.numerator is None else format(Decimal(self.numerator).normalize(), "f")

    @property
    def text(self) -> str:
        """`128`, `93.7%` or 无数据."""
        return self.written(1)

    def written(self, places: int) -> str:
        """The value in words with `places` decimals for rates, rounded half up as bulletins are."""
        if self.value is None:
            return _("无数据")
        if self.unit == "count":
            return f"{self.value:,}"
        return f"{self.percent(places)}%"

    def percent(self, places: int = 2) -> Decimal | None:
        """A rate as percent, rounded half up; None when there is no data or it is no rate."""
        if self.unit != "rate" or self.value is None:
            return None
        return (Decimal(self.value) * 100).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


@dataclass(frozen=True)
class Row:
    """One line of a table: the group's key (None = not known) and its figures."""

    group: Any
    figures: dict[str, Figure]


def rankable(figure: Figure, minimum: int = MINIMUM_SAMPLE) -> bool:
    """Whether a rate stands on enough rows to be compared with its neighbours."""
    return figure.value is not None and figure.denominator is not None and figure.denominator >= minimum
