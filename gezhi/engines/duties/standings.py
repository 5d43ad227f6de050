"""How rules stand by place: what of a period is done, late, missed, waived and still open. Everything here only reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q

from gezhi.engines.duties.models import Done
from gezhi.engines.duties.publishing import in_force
from gezhi.engines.duties.rhythms import Period
from gezhi.engines.duties.rules import Rule, joined_by
from gezhi.engines.duties.schema import rules
from gezhi.foundation.calendar import clock

#: Who is enrolled for a period and has nothing recorded for it; its parameters are `owing(rule, period)`.
OWING = (
    "rule = %s AND since <= %s AND (until IS NULL OR until > %s) AND NOT EXISTS (SELECT 1 FROM duties_done x "
    "WHERE x.rule = %s AND x.subject_id = d.subject_id AND x.period = %s AND x.state <> 'open')"
)


@dataclass
class Standing:
    """How a rule stands in one period at one place. due = done + missed + waived + open, always."""

    place_id: int | None
    done: int = 0
    late: int = 0
    missed: int = 0
    waived: int = 0
    open: int = 0

    @property
    def due(self) -> int:
        """Everything that was owed."""
        return self.done + self.missed + self.waived + self.open

    @property
    def in_time(self) -> int:
        """Done before the window closed."""
        return self.done - self.late

    def add(self, other: Standing) -> None:
        """The sum of two places."""
        for name in ("done", "late", "missed", "waived", "open"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def standing(
    rule: Rule, period: Period, *, by: str = "village", within: tuple[str, int] | None = None
) -> list[Standing]:
    """How a rule stands in a period, by place (`by` county, town, village, grid), in order of place id. Two queries.

    `within`: ("town", id): only there. Where nothing is owed there is no row.
    """
    found: dict[int | None, Standing] = {}
    where, given = _where(within)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {by}_id, state, late, count(*) FROM duties_done d WHERE rule = %s AND period = %s{where} "
            f"GROUP BY {by}_id, state, late",
            [rule.name, period.key, *given],
        )
        for place, state, late, count in cursor.fetchall():
            row = found.setdefault(place, Standing(place))
            if state in ("done", "missed", "waived"):
                setattr(row, state, getattr(row, state) + count)
            if state == "done" and late:
                row.late += count
        cursor.execute(
            f"SELECT {by}_id, count(DISTINCT subject_id) FROM duties_enrolment d WHERE {OWING}{where} GROUP BY {by}_id",
            [*owing(rule, period), *given],
        )
        for place, count in cursor.fetchall():
            found.setdefault(place, Standing(place)).open += count
    return [row for _id, row in sorted(found.items(), key=lambda pair: pair[0] or 0) if row.due]


def owing(rule: Rule, period: Period) -> list[Any]:
    return [rule.name, joined_by(period).isoformat(), period.last.isoformat(), rule.name, period.key]


def _where(within: tuple[str, int] | None) -> tuple[str, list[Any]]:
    if within is None:
        return "", []
    column, id = within
    if column not in ("county", "town", "village", "grid"):
        raise KeyError(column)
    return f" AND {column}_id = %s", [id]


def open_counts(town_id: int, on: datetime | None = None) -> dict[str, int]:
    """How many of each rule are owed and not yet done in a town now. One query for all rules that are open."""
    now = on or clock.now()
    since = in_force()
    pairs = [
        (rule, period)
        for rule in rules()
        if rule.name in since and rule.within is None and (period := rule.period(now)) is not None
    ]
    return _open(pairs, "town", town_id)


def _open(pairs: Sequence[tuple[Rule, Period]], column: str, id: int) -> dict[str, int]:
    """{rule: how many are owed in its period at a place and not done}, in one query."""
    if not pairs:
        return {}
    parts, given = [], []
    for number, (rule, period) in enumerate(pairs):
        parts.append(
            f"SELECT {number}, count(DISTINCT subject_id) FROM duties_enrolment d WHERE {OWING} AND {column}_id = %s"
        )
        given += [*owing(rule, period), id]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), given)
        return {pairs[number][0].name: count for number, count in cursor.fetchall()}


def board(pairs: Sequence[tuple[Rule, Period]], within: tuple[str, int]) -> dict[str, Standing]:
    """How several rules stand, each in one period, at one place. Two queries, however many rules."""
    column, id = within
    found = {rule.name: Standing(id) for rule, _period in pairs}
    if not pairs or column not in ("county", "town", "village", "grid"):
        return found
    rows = (
        Done.objects.filter(
            Q(*(Q(rule=rule.name, period=period.key) for rule, period in pairs), _connector=Q.OR),
            **{f"{column}_id": id},
        )
        .values_list("rule", "state", "late")
        .annotate(n=Count("id"))
    )
    for name, state, late, count in rows:
        if state in ("done", "missed", "waived"):
            setattr(found[name], state, getattr(found[name], state) + count)
        if state == "done" and late:
            found[name].late += count
    for name, count in _open(pairs, column, id).items():
        found[name].open += count
    return found
