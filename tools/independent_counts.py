"""Count a bulletin's figures a second time, by plain SQL, sharing no code with the product (nothing of gezhi is imported).

    python tools/independent_counts.py var/gezhi.sqlite3 PLACE 2026-11 [--at 2026-11-21T12:00:00+00:00]
    python tools/independent_counts.py postgresql://user@host/name PLACE 2026-W46

PLACE is the number in the bulletin's address. Prints one figure a line: its name, its value, and for a rate its two
halves. Written from docs/rules/measures.md alone, so that a mistake in the product's counting cannot hide here as well.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CHINA = timezone(timedelta(hours=8))  # no summer time in any year a bulletin can be about

#: The period holds an instant; an instant had come by the cut; it had not. `cut` is the end, or now while it runs.
IN = "({0} >= :since AND {0} < :cut)"
COME = "({0} < :cut)"
NOT_COME = "({0} IS NULL OR {0} >= :cut)"
NOT_BEFORE = "({0} IS NULL OR {0} >= :since)"

FILED = "(outcome NOT IN ('not_accepted', 'void', 'merged', 'transferred'))"


def owed(done: str, due: str) -> str:
    """Done in the period, or due in it and not done before it began."""
    return f"({IN.format(done)} OR ({IN.format(due)} AND {NOT_BEFORE.format(done)}))"


def _and(*parts: str) -> str:
    return "(" + " AND ".join(parts) + ")"


NEED_HANDLE = _and(FILED, owed("handled_at", "due_at"))
NEED_CLOSE = _and(FILED, owed("closed_at", "close_by"))
HANDLED_ON_TIME = _and(NEED_HANDLE, IN.format("handled_at"), "(due_at IS NULL OR handled_at <= due_at)")
CLOSED = _and(NEED_CLOSE, IN.format("closed_at"))
CLOSED_ON_TIME = _and(CLOSED, "(close_by IS NULL OR closed_at <= close_by)")
CLOSED_LATE = _and(CLOSED, "closed_at > close_by")
LATE_NOT_CLOSED = _and(NEED_CLOSE, IN.format("close_by"), NOT_COME.format("closed_at"))
REPORTED = IN.format("opened_at")
CARRIED = _and("opened_at < :since", NOT_BEFORE.format("closed_at"))
LOAD = f"({REPORTED} OR {CARRIED})"
ANSWERED = _and("solved IN ('yes', 'partly', 'no')", IN.format("followed_at"))
RATED = _and("rating IN ('very', 'fairly', 'so_so', 'no')", IN.format("followed_at"))
RUNNING = _and(COME.format("opened_at"), NOT_COME.format("closed_at"))
OWED_AN_ANSWER = _and(FILED, owed("first_response_at", "respond_by"))
#: Written in each database's own words by Counts._rows.
HALF_HOUR = "@half_hour"
PAST = f"(({NOT_COME.format('handled_at')} AND {COME.format('due_at')}) OR {COME.format('close_by')})"

COUNTS = {
    "reported": REPORTED,
    "accepted": _and(REPORTED, "outcome <> 'not_accepted'"),
    "filed": _and(REPORTED, FILED),
    "merged": _and(REPORTED, "outcome = 'merged'"),
    "refused": _and(REPORTED, "outcome = 'not_accepted'"),
    "carried": CARRIED,
    "need_handle": NEED_HANDLE,
    "handled_on_time": HANDLED_ON_TIME,
    "late_not_handled": _and(NEED_HANDLE, IN.format("due_at"), NOT_COME.format("handled_at")),
    "need_close": NEED_CLOSE,
    "closed": CLOSED,
    "closed_on_time": CLOSED_ON_TIME,
    "closed_late": CLOSED_LATE,
    "late_not_closed": LATE_NOT_CLOSED,
    "late": f"({CLOSED_LATE} OR {LATE_NOT_CLOSED})",
    "open": RUNNING,
    "open_late": _and(RUNNING, PAST),
    "answered": ANSWERED,
    "solved": _and(ANSWERED, "solved = 'yes'"),
    "unsolved": _and(ANSWERED, "solved = 'no'"),
    "on_the_spot": _and(REPORTED, "instant"),
}
#: Rates as (numerator, denominator); a numerator may be a list of (rows, weight).
RATES: dict[str, tuple[str | list[tuple[str, Decimal]], str]] = {
    "closed_rate": (CLOSED, NEED_CLOSE),
    "closed_on_time_rate": (CLOSED_ON_TIME, NEED_CLOSE),
    "closed_late_rate": (CLOSED_LATE, NEED_CLOSE),
    "handled_on_time_rate": (HANDLED_ON_TIME, NEED_HANDLE),
    "returned_rate": (_and(NEED_HANDLE, "returns > 0"), NEED_HANDLE),
    "extended_rate": (_and(NEED_HANDLE, "extensions > 0"), NEED_HANDLE),
    "reworked_rate": (_and(NEED_CLOSE, "reworks > 0"), NEED_CLOSE),
    "reopened_rate": (_and(NEED_CLOSE, "reopenings > 0"), NEED_CLOSE),
    "false_closed_rate": (_and(ANSWERED, "false_closures > 0"), ANSWERED),
    "settled_rate": (_and(LOAD, IN.format("closed_at")), LOAD),
    "responded_rate": (
        _and(OWED_AN_ANSWER, IN.format("first_response_at"),
             "(respond_by IS NULL OR first_response_at <= respond_by)"),
        OWED_AN_ANSWER,
    ),
    "followed_rate": (ANSWERED, f"({ANSWERED} OR (solved = 'unreachable' AND {IN.format('followed_at')}))"),
    "solved_rate": (_and(ANSWERED, "solved = 'yes'"), ANSWERED),
    "solved_rate_weighted": (
        [(_and(ANSWERED, "solved = 'yes'"), Decimal(1)), (_and(ANSWERED, "solved = 'partly'"), Decimal("0.5"))],
        ANSWERED,
    ),
    "satisfied_rate": (_and(RATED, "rating IN ('very', 'fairly')"), RATED),
    "not_dissatisfied_rate": (_and(RATED, "rating <> 'no'"), RATED),
    "half_hour_rate": (_and(REPORTED, "instant", HALF_HOUR), _and(REPORTED, "instant")),
}  # fmt: skip
#: By what a table of the bulletin is cut, and the column that says it.
GROUPS = {
    "unit": "handler_seat",
    "category": "CASE WHEN outcome = 'merged' AND category = '' THEN '@merged' ELSE category END",
    "town": "town_id",
    "village": "village_id",
    "grid": "grid_id",
}


class Counts:
    """One database and one cut: `value(name)`, `halves(name)`, `by(name, group)`."""

    def __init__(self, database: str, place: int, period: str, at: datetime | None = None):
        self.database, self.sqlite = database, "://" not in database
        self.connection = _open(database)
        since, until = bounds(period)
        at = at or datetime.now(UTC)
        self.instants = {"since": since, "until": until, "cut": max(since, min(until, at))}
        self.inside = self._inside(place)

    def value(self, name: str) -> int | Decimal | None:
        """A count, or a rate as a share 0..1; None when there is nothing to divide by."""
        if name in COUNTS:
            return self._count(COUNTS[name])
        over, under = self.halves(name)
        return over / under if under else None

    def halves(self, name: str) -> tuple[Decimal, int]:
        """Numerator and denominator of a rate."""
        over, under = RATES[name]
        weighted = over if isinstance(over, list) else [(over, Decimal(1))]
        return sum((self._count(rows) * weight for rows, weight in weighted), Decimal(0)), self._count(under)

    def rows_over(self, name: str) -> int:
        """How many cases stand in the numerator of a rate, one that counts half being one case."""
        over, _under = RATES[name]
        return sum(self._count(rows) for rows, _weight in (over if isinstance(over, list) else [(over, 1)]))

    def text(self, name: str) -> str:
        """As a bulletin prints it: `1,204`, `93.7%`, or nothing where there is no data."""
        value = self.value(name)
        if value is None:
            return ""
        if name in COUNTS:
            return f"{value:,}"
        return f"{(Decimal(value) * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)}%"

    def by(self, name: str, group: str) -> dict[Any, int]:
        """A count by unit, category, town, village or grid: {group: rows}; None stands for not known."""
        column = GROUPS[group]
        sql = f"SELECT {column}, COUNT(*) FROM workflows_case "
        sql += f"WHERE protected = '' AND {self.inside} AND {COUNTS[name]} GROUP BY {column}"
        return dict(self._rows(sql))

    def _count(self, condition: str) -> int:
        return int(
            self._rows(f"SELECT COUNT(*) FROM workflows_case WHERE protected = '' AND {self.inside} AND {condition}")[
                0
            ][0]
        )

    def _inside(self, place: int) -> str:
        """The cases of a place: by the column of its level, or for a grid by the finest grids below it."""
        found = self._rows(f"SELECT kind FROM places_place WHERE id = {int(place)}")
        if not found:
            raise SystemExit(f"there is no place {place}")
        kind = found[0][0]
        if kind in ("county", "town", "village"):
            return f"{kind}_id = {int(place)}"
        below = (
            f"WITH RECURSIVE below(id) AS (SELECT id FROM places_place WHERE id = {int(place)} UNION SELECT e.child_id FROM places_placeedge e "
            "JOIN below ON e.parent_id = below.id WHERE e.until IS NULL AND e.layer = 'governance') SELECT id FROM below"
        )
        level = "county_id" if kind in ("province", "city") else "grid_id"
        return f"{level} IN ({below})"

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        if self.sqlite:
            # Instants lie there as UTC text; the same text compares as the instants do.
            written = {name: _written(instant) for name, instant in self.instants.items()}
            took = "((julianday(handled_at) - julianday(opened_at)) * 1440 <= 30.0001)"
            return list(self.connection.execute(sql.replace(HALF_HOUR, took), written))
        sql = sql.replace(HALF_HOUR, "(handled_at - opened_at <= interval '30 minutes')")
        for name in self.instants:
            sql = sql.replace(f":{name}", f"%({name})s")
        return list(self.connection.execute(sql, self.instants))


def _written(instant: datetime) -> str:
    """Whole seconds are written without a fraction."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f").removesuffix(".000000")


def _open(database: str) -> Any:
    if "://" not in database:
        return sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    import psycopg

    return psycopg.connect(database, autocommit=True)


def bounds(period: str) -> tuple[datetime, datetime]:
    """First instant of a week (`2026-W46`, Monday to Sunday) or month (`2026-11`), and the first one after it."""
    year, rest = int(period[:4]), period[5:]
    if rest.startswith("W"):
        first = date.fromisocalendar(year, int(rest[1:]), 1)
        after = first + timedelta(days=7)
    else:
        month = int(rest)
        first = date(year, month, 1)
        after = date(year + month // 12, month % 12 + 1, 1)
    return datetime.combine(first, time(0), CHINA), datetime.combine(after, time(0), CHINA)


def lines(counts: Counts, names: Iterable[str]) -> Iterable[str]:
    for name in names:
        if name in COUNTS:
            yield f"{name}\t{counts.value(name)}"
        else:
            over, under = counts.halves(name)
            yield f"{name}\t{counts.text(name) or '-'}\t{over.normalize():f}\t{under}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", help="the SQLite file or a postgresql:// address")
    parser.add_argument("place", type=int)
    parser.add_argument("period", help="2026-W46 or 2026-11")
    parser.add_argument("--at", type=datetime.fromisoformat, help="look from this moment (now)")
    given = parser.parse_args()
    for line in lines(Counts(given.database, given.place, given.period, given.at), [*COUNTS, *RATES]):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
