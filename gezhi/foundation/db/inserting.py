"""One row, one INSERT, without what a model's `save` asks and decides each time.

A wide row costs `save` about half a millisecond of looking at fields; here each model's statement is made once.
No signal is sent and no default is computed by the database: the instance says everything. docs/adr/0085.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models.base import ModelState

from .cursors import tell

_Prepare = Callable[[Any], Any]
M = TypeVar("M", bound=models.Model)
COPIED = 50  # rows from which PostgreSQL takes them as a stream


@dataclass(frozen=True)
class _Plan:
    """How a model's rows are written. `statements`: by which columns have a value."""

    table: str
    columns: list[tuple[str, str, _Prepare | None]]  # attribute, quoted column, preparation
    returned: tuple[str, str] | None
    statements: dict[tuple[str, ...], str]


_plans: dict[tuple[str, type[models.Model]], _Plan] = {}


_blank: dict[type[models.Model], tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]] = {}


def fresh(model: type[M], **values: Any) -> M:
    """`model(**values)` without what its `__init__` asks for each column. Values go by attribute name (`case_id`).

    Raises TypeError for a name that is no column.
    """
    known = _blank.get(model)
    if known is None:
        fields = model._meta.concrete_fields
        made = [(f.attname, f.default) for f in fields if callable(f.default) and f.has_default()]
        names = {name for name, _make in made}
        known = _blank[model] = ({f.attname: None if f.attname in names else f.get_default() for f in fields}, made)
    blank, made = known
    if not values.keys() <= blank.keys():
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(values.keys() - blank.keys()))}")
    instance = model.__new__(model)
    state = instance.__dict__
    state["_state"] = ModelState()
    state.update(blank)
    for name, make in made:
        if name not in values:
            state[name] = make()
    state.update(values)
    return instance


def insert(instance: models.Model) -> None:
    """Write a new row as the instance stands, inside a write; a database-made primary key is set on it (inside
    `pipelined()`, at the end of that block).

    Raises IntegrityError as `save(force_insert=True)` does, TransactionManagementError outside a write.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A row is inserted inside db.write(), with its event.")
    model = type(instance)
    plan = _plans.get((connection.vendor, model))
    if plan is None:
        plan = _plans[connection.vendor, model] = _plan(model)
    named: list[str] = []
    values: list[Any] = []
    state = instance.__dict__
    for name, column, prepare in plan.columns:
        value = state[name]
        if value is not None:
            named.append(column)
            values.append(value if prepare is None else prepare(value))
    # Empty columns are left out: psycopg remembers how to send a statement only up to fifty values.
    key = tuple(named)
    sql = plan.statements.get(key)
    if sql is None:
        sql = plan.statements[key] = _statement(plan, key)
    if plan.returned is not None:
        attribute, column = plan.returned
        tell(sql, values, column, lambda made: setattr(instance, attribute, made))
    else:
        tell(sql, values)
    instance._state.adding = False
    instance._state.db = connection.alias


def insert_many(instances: Sequence[models.Model]) -> None:
    """`insert` for many rows of one model, in few statements.

    Rows that have their ids (`new_ids`) are stored under them; else the database makes them and they are not set on
    the rows. All of one call alike. Raises as `insert`.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A row is inserted inside db.write(), with its event.")
    if not instances:
        return
    model = type(instances[0])
    plan = _plans.get((connection.vendor, model))
    if plan is None:
        plan = _plans[connection.vendor, model] = _plan(model)
    columns = plan.columns
    if plan.returned is not None and instances[0].pk is not None:
        columns = [(*plan.returned, None), *columns]
    rows = [
        [
            None if (v := getattr(i, name)) is None else v if prepare is None else prepare(v)
            for name, _c, prepare in columns
        ]
        for i in instances
    ]
    if connection.vendor == "postgresql" and len(rows) >= COPIED and not _in_pipeline():
        _copy(f"COPY {plan.table} ({', '.join(column for _n, column, _p in columns)}) FROM STDIN", rows)
    else:
        _in_statements(plan, columns, rows)
    for instance in instances:
        instance._state.adding = False
        instance._state.db = connection.alias


def _in_statements(plan: _Plan, columns: list[tuple[str, str, _Prepare | None]], rows: list[list[Any]]) -> None:
    head = f"INSERT INTO {plan.table} ({', '.join(column for _n, column, _p in columns)}) VALUES "
    one = f"({', '.join(['%s'] * len(columns))})"
    # SQLite takes 32,766 parameters in one statement.
    step = max(1, 30_000 // len(columns))
    with connection.cursor() as cursor:
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            cursor.execute(head + ", ".join([one] * len(part)), [value for row in part for value in row])


def _in_pipeline() -> bool:
    """Whether statements are being sent without waiting (`pipelined`): PostgreSQL copies nothing in between."""
    return bool(connection.connection.pgconn.pipeline_status)


def _copy(statement: str, rows: list[list[Any]]) -> None:
    """Rows as a stream: in a long INSERT, looking for its ten thousands of placeholders takes longer than storing them."""
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as stream:
        for row in rows:
            stream.write_row(row)


def new_ids(model: type[models.Model], count: int) -> list[int]:
    """Ids nobody else will be given, inside a write: so that first events can name rows not yet stored."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":  # the write lock is ours: nobody takes the same numbers
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            row = cursor.fetchone()
            first = (row[0] if row else 0) + 1
            return list(range(first, first + count))
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
        return [row[0] for row in cursor.fetchall()]


_ahead: dict[tuple[int, str], list[int]] = {}  # by process: one that is forked does not go on with its parent's
_ahead_lock = threading.Lock()
_AHEAD = 256


def ids_ahead(model: type[models.Model], count: int) -> list[int]:
    """`new_ids` for rows that are written all the time and whose numbers mean nothing: PostgreSQL is asked for many at once.

    What a process does not use is never used. Inside a write; on SQLite nothing is taken ahead.
    """
    if connection.vendor == "sqlite":
        return new_ids(model, count)
    table = model._meta.db_table
    with _ahead_lock:
        left = _ahead.setdefault((os.getpid(), f"{connection.settings_dict['NAME']}.{table}"), [])
        if len(left) >= count:
            return [left.pop() for _ in range(count)]
    more = new_ids(model, count + _AHEAD)[::-1]
    with _ahead_lock:
        left.extend(more[:-count])
    return more[: -count - 1 : -1]


def _plan(model: type[models.Model]) -> _Plan:
    made, quote = model._meta.auto_field, connection.ops.quote_name
    fields = [f for f in model._meta.concrete_fields if f is not made and not getattr(f, "generated", False)]
    columns = [(f.attname, quote(str(f.column)), _prepare(f)) for f in fields]
    returned = (made.attname, quote(str(made.column))) if made is not None else None
    return _Plan(quote(model._meta.db_table), columns, returned, {})


def _statement(plan: _Plan, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {plan.table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"


def _prepare(field: models.Field) -> _Prepare | None:
    """How a value becomes a parameter; None for types that both drivers take as they are."""
    if isinstance(field, models.ForeignKey):
        return _prepare(field.target_field)
    if isinstance(field, models.DateTimeField):
        return None if connection.vendor == "postgresql" else _moment
    if isinstance(field, models.JSONField):
        return lambda value: field.get_db_prep_save(value, connection)
    plain = (models.IntegerField, models.FloatField, models.BooleanField, models.CharField, models.TextField)
    if isinstance(field, (*plain, models.BinaryField)):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _moment(value: datetime) -> Any:
    if value.tzinfo is UTC:
        return value.isoformat(" ")[:-6]
    return connection.ops.adapt_datetimefield_value(value)
