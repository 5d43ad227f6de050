"""Where a rule's fields stand in the tables, for conditions that are asked of a whole register in one statement.

The names and the emptiness are those of `rule_facts.facts_of`; numbers of the form lie in JSON as decimal text and are
left to the closures.
"""

from __future__ import annotations

from datetime import date

from django.db import connection

from gezhi.foundation.expressions.sql import Column

from .definitions import Register, rule_types

_JSON = {"text", "choice", "date", "truth"}


def columns(register: Register, on: date, *, entry: str = "e", subject: str = "s") -> dict[str, Column]:
    """Field name -> its column, with the entry's table as `entry` and the subject's as `subject`; age is of `on`."""
    lite = connection.vendor == "sqlite"
    types = rule_types(register.form)
    found = {
        "age": _age(f"{subject}.born", on, lite),
        "sex": f"NULLIF({subject}.sex, '')",
        "born": _day(f"{subject}.born", lite),
        "entered_on": _day(f"{entry}.since", lite),
        "confirmed_on": _day(f"{entry}.confirmed_on", lite),
    }
    for name, type_ in types.items():
        if name not in found and type_.kind in _JSON:
            found[name] = _json(f'{entry}."values"', name, type_.kind, lite)
    return {name: Column(sql, types[name]) for name, sql in found.items()}


def _age(born: str, on: date, lite: bool) -> str:
    """Full years on a day, a year older on the birthday itself."""
    if lite:
        year, rest = f"CAST(substr({born}, 1, 4) AS INTEGER)", f"(substr({born}, 6, 5) > '{on:%m-%d}')"
    else:
        year, rest = f"EXTRACT(YEAR FROM {born})::int", f"(to_char({born}, 'MM-DD') > '{on:%m-%d}')::int"
    return f"({on.year} - {year} - {rest})"


def _day(column: str, lite: bool) -> str:
    return column if lite else f"(to_char({column}, 'YYYY-MM-DD') COLLATE \"C\")"


def _json(values: str, name: str, kind: str, lite: bool) -> str:
    # A field's id is letters, digits and underscores (forms see to that): nothing to quote.
    if kind == "truth":
        return f"json_extract({values}, '$.{name}')" if lite else f"(({values} ->> '{name}')::boolean::int)"
    text = f"json_extract({values}, '$.{name}')" if lite else f"({values} ->> '{name}')"
    if kind == "date":
        text = f"substr({text}, 1, 10)" if lite else f'(substr({text}, 1, 10) COLLATE "C")'
    return f"NULLIF({text}, '')"
