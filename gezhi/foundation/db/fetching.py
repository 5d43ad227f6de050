"""One row by its key, those of one value, and one row changed, without what the ORM puts together anew each time. docs/adr/0085.

Each model's statements and conversions are made once; the values are those the ORM gives and takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import DatabaseError, connection, models, transaction
from django.db.models.base import ModelState

from .cursors import ask, prepared, tell
from .inserting import _prepare

M = TypeVar("M", bound=models.Model)
_Read = tuple[str, list[str], list[tuple[int, list[Callable[..., Any]], Any]]]
Via = tuple[type[models.Model], str]
_reads: dict[tuple[str, type[models.Model], str, bool, Via | None], _Read] = {}
_writes: dict[tuple[str, type[models.Model], tuple[str, ...]], tuple[str, list[tuple[str, Any]], str]] = {}


def fetch(model: type[M], pk: int, *, lock: bool = False) -> M | None:
    """The row with this key, or None; `lock`: until the end of the write (PostgreSQL; on SQLite the write holds all)."""
    found = asking(model, "", pk, lock=lock)()
    return found[0] if found else None


def fetch_all(model: type[M], column: str, value: object) -> list[M]:
    """The rows that have this value in a column (its attribute name), by their keys."""
    return asking(model, column, value)()


def asking(
    model: type[M], column: str, value: object, *, lock: bool = False, via: Via | None = None
) -> Callable[[], list[M]]:
    """`fetch_all` (`column` empty: by the key) whose rows come by calling what is returned; `pipelined()` asks for several at once.

    `via` (Entry, "subject_id"): `value` is the key of a row of that model, which names in that column what is looked for.
    """
    key = (connection.vendor, model, column, lock, via)
    if key not in _reads:
        _reads[key] = _reading(model, column, lock, via)
    sql, names, converted = _reads[key]
    answer = ask(sql, [value])

    def rows() -> list[M]:
        found = [list(row) for row in answer()]
        for at, converters, expression in converted:
            for convert in converters:
                for row in found:
                    row[at] = convert(row[at], expression, connection)
        return [_made(model, names, row) for row in found]

    return rows


def _made(model: type[M], names: list[str], row: list[Any]) -> M:
    """What `from_db` makes of a whole row, without its question after each column."""
    instance = model.__new__(model)
    state = instance.__dict__
    state["_state"] = known = ModelState()
    known.adding, known.db = False, connection.alias
    state.update(zip(names, row, strict=True))
    return instance


def update(instance: models.Model, columns: Sequence[str]) -> None:
    """Write these columns (attribute names) of a row that is there, inside a write.

    Raises IntegrityError as `save(update_fields=…)` does, DatabaseError when the row is gone; inside `pipelined()` when
    PostgreSQL is asked next, so `said()` comes before the commit.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A row is changed inside db.write(), with its event.")
    model = type(instance)
    key = (connection.vendor, model, tuple(columns))
    if key not in _writes:
        _writes[key] = _writing(model, columns)
    sql, how, pk = _writes[key]
    values = [
        None if (v := getattr(instance, name)) is None else v if prepare is None else prepare(v)
        for name, prepare in how
    ]

    def there(found: object) -> None:
        if not found:
            raise DatabaseError(f"{model.__name__} {instance.pk} is gone")

    if getattr(connection, "waiting", False):
        tell(sql, [*values, instance.pk], pk, there)
        return
    with prepared() as cursor:
        cursor.execute(sql, [*values, instance.pk])
        there(cursor.rowcount == 1)


def _reading(model: type[models.Model], column: str, lock: bool, via: Via | None) -> _Read:
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
    sought = "%s"
    if via is not None:
        other, named = via[0]._meta, next(f for f in via[0]._meta.concrete_fields if f.attname == via[1])
        assert other.pk is not None
        sought = (
            f"(SELECT {quote(str(named.column))} FROM {quote(other.db_table)} WHERE {quote(str(other.pk.column))} = %s)"
        )
    sql = f"SELECT {columns} FROM {quote(table)} WHERE {quote(by)} = {sought}{order}{own}"
    return sql, [f.attname for f in fields], converted


def _writing(model: type[models.Model], columns: Sequence[str]) -> tuple[str, list[tuple[str, Any]], str]:
    quote = connection.ops.quote_name
    by_name = {f.attname: f for f in model._meta.concrete_fields}
    fields = [by_name[name] for name in columns]
    key = model._meta.pk
    assert key is not None
    said = ", ".join(f"{quote(str(f.column))} = %s" for f in fields)
    sql = f"UPDATE {quote(model._meta.db_table)} SET {said} WHERE {quote(str(key.column))} = %s"
    return sql, [(f.attname, _prepare(f)) for f in fields], quote(str(key.column))
