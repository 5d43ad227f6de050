"""A plain table of facts, so that the counting rules are tested apart from any engine."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, models

from gezhi.foundation.measures import facts

INSTANTS = ("opened_at", "due_at", "handled_at", "closed_at", "first_response_at", "response_due_at", "followed_at")
TEXTS = ("outcome", "category", "channel", "solved", "rating")
NUMBERS = (
    "county_id",
    "town_id",
    "village_id",
    "grid_id",
    "owner_seat",
    "returns",
    "reworks",
    "extensions",
    "reopenings",
    "false_closures",
)
COLUMNS = {
    "opened": "opened_at",
    "closed": "closed_at",
    "due": "due_at",
    "handled": "handled_at",
    "outcome": "outcome",
    "responded": "first_response_at",
    "response_due": "response_due_at",
    "followed": "followed_at",
    "solved": "solved",
    "rating": "rating",
    "returns": "returns",
    "reworks": "reworks",
    "extensions": "extensions",
    "reopenings": "reopenings",
    "false_closures": "false_closures",
    "county": "county_id",
    "town": "town_id",
    "village": "village_id",
    "grid": "grid_id",
    "category": "category",
    "channel": "channel",
    "owner": "owner_seat",
    "unit": "owner_seat",
}


class Fact(models.Model):
    """One counted matter."""

    for _name in INSTANTS:
        locals()[_name] = models.DateTimeField(null=True)
    for _name in TEXTS:
        locals()[_name] = models.CharField(max_length=20, null=True)
    for _name in NUMBERS:
        locals()[_name] = models.IntegerField(null=True)

    class Meta:
        app_label = "measures"
        managed = False
        db_table = "test_measures_fact"


def create_table() -> None:
    """CREATE TABLE by hand: the schema editor of SQLite refuses to work inside a test's transaction."""
    postgres = connection.vendor == "postgresql"
    key = "bigserial PRIMARY KEY" if postgres else "integer PRIMARY KEY AUTOINCREMENT"
    instant = "timestamptz" if postgres else "datetime"
    columns = [f"id {key}"]
    columns += [f"{name} {instant} NULL" for name in INSTANTS]
    columns += [f"{name} varchar(20) NULL" for name in TEXTS]
    columns += [f"{name} integer NULL" for name in NUMBERS]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE test_measures_fact ({', '.join(columns)})")


def register() -> None:
    """Make the table the source of the case figures."""
    facts("cases", Fact.objects.all, COLUMNS)


def add(count: int = 1, **columns: datetime | str | int | None) -> None:
    """Insert `count` equal facts; many of them by one statement."""
    if count < 100:
        Fact.objects.bulk_create([Fact(**columns) for _ in range(count)])
        return
    values = [
        connection.ops.adapt_datetimefield_value(v) if isinstance(v, datetime) else v for v in columns.values()
    ]  # fmt: skip
    casts = ", ".join("CAST(%s AS timestamptz)" if _is_instant(name) else "%s" for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO test_measures_fact ({', '.join(columns)}) "
            "WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < %s) "
            f"SELECT {casts} FROM many",
            [count, *values],
        )


def _is_instant(column: str) -> bool:
    return connection.vendor == "postgresql" and column in INSTANTS
