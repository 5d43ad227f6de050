"""One row, one INSERT, without what a model's `save` asks and decides each time.

A wide row costs `save` about half a millisecond of looking at fields; here each model's statement is made once.
No signal is sent and no default is computed by the database: the instance says everything. docs/adr/0085.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from .cursors import prepared

_Prepare = Callable[[Any], Any]


@dataclass(frozen=True)
class _Plan:
    """How a model's rows are written. `statements`: by which columns have a value."""

    table: str
    columns: list[tuple[str, str, _Prepare | None]]  # attribute, quoted column, preparation
    returned: tuple[str, str] | None
    statements: dict[tuple[str, ...], str]


_plans: dict[tuple[str, type[models.Model]], _Plan] = {}


def insert(instance: models.Model) -> None:
    """Write a new row as the instance stands, inside a write; a database-made primary key is set on it.

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
    for name, column, prepare in plan.columns:
        value = getattr(instance, name)
        if value is not None:
            named.append(column)
            values.append(value if prepare is None else prepare(value))
    # Empty columns are left out: psycopg remembers how to send a statement only up to fifty values.
    key = tuple(named)
    sql = plan.statements.get(key)
    if sql is None:
        sql = plan.statements[key] = _statement(plan, key)
    with prepared() as cursor:
        cursor.execute(sql, values)
        if plan.returned is not None:
            setattr(instance, plan.returned[0], cursor.fetchone()[0])
    instance._state.adding = False
    instance._state.db = connection.alias


def insert_many(instances: Sequence[models.Model]) -> None:
    """`insert` for many rows of one model, in few statements; a primary key the database makes is not set on them.

    Raises as `insert`.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A row is inserted inside db.write(), with its event.")
    if not instances:
        return
    model = type(instances[0])
    plan = _plans.get((connection.vendor, model))
    if plan is None:
        plan = _plans[connection.vendor, model] = _plan(model)
    rows = [
        [
            None if (v := getattr(i, name)) is None else v if prepare is None else prepare(v)
            for name, _c, prepare in plan.columns
        ]
        for i in instances
    ]
    head = f"INSERT INTO {plan.table} ({', '.join(column for _n, column, _p in plan.columns)}) VALUES "
    one = f"({', '.join(['%s'] * len(plan.columns))})"
    # SQLite takes 32,766 parameters in one statement.
    step = max(1, 30_000 // len(plan.columns))
    with connection.cursor() as cursor:
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            cursor.execute(head + ", ".join([one] * len(part)), [value for row in part for value in row])
    for instance in instances:
        instance._state.adding = False
        instance._state.db = connection.alias


def _plan(model: type[models.Model]) -> _Plan:
    made, quote = model._meta.auto_field, connection.ops.quote_name
    fields = [f for f in model._meta.concrete_fields if f is not made and not getattr(f, "generated", False)]
    columns = [(f.attname, quote(str(f.column)), _prepare(f)) for f in fields]
    returned = (made.attname, quote(str(made.column))) if made is not None else None
    return _Plan(quote(model._meta.db_table), columns, returned, {})


def _statement(plan: _Plan, columns: tuple[str, ...]) -> str:
    sql = f"INSERT INTO {plan.table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
    return f"{sql} RETURNING {plan.returned[1]}" if plan.returned is not None else sql


def _prepare(field: models.Field) -> _Prepare | None:
    """How a value becomes a parameter; None for types that both drivers take as they are."""
    if isinstance(field, models.ForeignKey):
        return _prepare(field.target_field)
    if isinstance(field, models.DateTimeField):
        return _moment
    if isinstance(field, models.JSONField):
        return lambda value: field.get_db_prep_save(value, connection)
    plain = (models.IntegerField, models.FloatField, models.BooleanField, models.CharField, models.TextField)
    if isinstance(field, (*plain, models.BinaryField)):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _moment(value: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)
