"""One row by its key, those of one value, and one row changed, without what the ORM puts together anew each time. docs/adr/0085.

Each model's statements and conversions are made once; the values are those the ORM gives and takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import DatabaseError, connection, models, transaction

from .cursors import prepared
from .inserting import _prepare

M = TypeVar("M", bound=models.Model)
_Read = tuple[str, list[str], list[tuple[int, list[Callable[..., Any]], Any]]]
_reads: dict[tuple[str, type[models.Model], str, bool], _Read] = {}
_writes: dict[tuple[str, type[models.Model], tuple[str, ...]], tuple[str, list[tuple[str, Any]]]] = {}


def fetch(model: type[M], pk: int, *, lock: bool = False) -> M | None:
    """The row with this key, or None; `lock`: until the end of the write (PostgreSQL; on SQLite the write holds all)."""
    found = _rows(model, "", pk, lock)
    return found[0] if found else None


def fetch_all(model: type[M], column: str, value: object) -> list[M]:
    """The rows that have this value in a column (its attribute name), by their keys."""
    return _rows(model, column, value, False)


def _rows(model: type[M], column: str, value: object, lock: bool) -> list[M]:
    key = (connection.vendor, model, column, lock)
    if key not in _reads:
        _reads[key] = _reading(model, column, lock)
    sql, names, converted = _reads[key]
    with prepared() as cursor:
        cursor.execute(sql, [value])
        rows = [list(row) for row in cursor.fetchall()]
    for at, converters, expression in converted:
        for convert in converters:
            for row in rows:
                row[at] = convert(row[at], expression, connection)
    return [model.from_db(connection.alias, names, row) for row in rows]


def update(instance: models.Model, columns: Sequence[str]) -> None:
    """Write these columns (attribute names) of a row that is there, inside a write.

    Raises IntegrityError as `save(update_fields=…)` does, DatabaseError when the row is gone.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A row is changed inside db.write(), with its event.")
    model = type(instance)
    key = (connection.vendor, model, tuple(columns))
    if key not in _writes:
        _writes[key] = _writing(model, columns)
    sql, how = _writes[key]
    values = [
        None if (v := getattr(instance, name)) is None else v if prepare is None else prepare(v)
        for name, prepare in how
    ]
    with prepared() as cursor:
        cursor.execute(sql, [*values, instance.pk])
        if cursor.rowcount != 1:
            raise DatabaseError(f"{model.__name__} {instance.pk} is gone")


def _reading(model: type[models.Model], column: str, lock: bool) -> _Read:
    """`column` empty: the key."""
    quote, table = connection.ops.quote_name, model._meta.db_table
    fields = list(model._meta.concrete_fields)
    converted = []
    for at, field in enumerate(fields):
        expression = field.get_col(table)
        found = [*connection.ops.get_db_converters(expression), *expression.get_db_converters(connection)]
        if found:
            converted.append((at, found, expression))
    key = model._meta.pk
    assert key is not None
    columns = ", ".join(quote(str(f.column)) for f in fields)
    own = " FOR UPDATE" if lock and connection.features.has_select_for_update else ""
    by = str(key.column if not column else next(f.column for f in fields if f.attname == column))
    order = f" ORDER BY {quote(str(key.column))}" if column else ""
    sql = f"SELECT {columns} FROM {quote(table)} WHERE {quote(by)} = %s{order}{own}"
    return sql, [f.attname for f in fields], converted


def _writing(model: type[models.Model], columns: Sequence[str]) -> tuple[str, list[tuple[str, Any]]]:
    quote = connection.ops.quote_name
    by_name = {f.attname: f for f in model._meta.concrete_fields}
    fields = [by_name[name] for name in columns]
    key = model._meta.pk
    assert key is not None
    said = ", ".join(f"{quote(str(f.column))} = %s" for f in fields)
    sql = f"UPDATE {quote(model._meta.db_table)} SET {said} WHERE {quote(str(key.column))} = %s"
    return sql, [(f.attname, _prepare(f)) for f in fields]
