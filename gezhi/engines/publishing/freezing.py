"""Facts as JSON and back: a draft keeps what it was made from until it is signed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any


def freeze(value: Any) -> Any:
    """JSON of a fact; instants, dates and spans under a mark of their type."""
    if isinstance(value, datetime):
        return {"@time": value.isoformat()}
    if isinstance(value, date):
        return {"@date": value.isoformat()}
    if isinstance(value, timedelta):
        return {"@span": int(value.total_seconds())}
    if isinstance(value, list | tuple):
        return [{name: freeze(part) for name, part in row.items()} for row in value]
    return value


def thaw(value: Any) -> Any:
    """The fact again."""
    if isinstance(value, dict):
        if "@time" in value:
            return datetime.fromisoformat(value["@time"])
        if "@date" in value:
            return date.fromisoformat(value["@date"])
        return timedelta(seconds=value["@span"])
    if isinstance(value, list):
        return [{name: thaw(part) for name, part in row.items()} for row in value]
    return value
