"""What rules may read of a line: its open values, the subject's age and sex, the days that matter; never what is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from gezhi.foundation import expressions as ex
from gezhi.foundation.calendar import clock

from . import definitions
from .definitions import Register, rule_types
from .models import Entry, Subject


class Who(Protocol):
    """What rules read of a subject; a list's row has it too."""

    @property
    def born(self) -> date | None: ...
    @property
    def sex(self) -> str: ...


class Known(Protocol):
    """What rules read of a line beside its values."""

    @property
    def since(self) -> date: ...
    @property
    def confirmed_on(self) -> date | None: ...


def types_of(register: str) -> dict[str, ex.Type]:
    """Names and types a rule over the register may read. Raises NotFound subject.no_register."""
    return rule_types(definitions.register(register).form)


def facts(entry: Entry, on: date | None = None, *, subject: Subject | None = None) -> dict[str, Any]:
    """The values expressions may read, as of a day (age is of that day; the values are the line's present ones).

    One query for the subject unless it is given.
    """
    who = subject or Subject.objects.get(pk=entry.subject_id)
    return facts_of(definitions.register(entry.register), entry.values, who, on or clock.today(), entry)


def facts_of(
    register: Register, values: Mapping[str, Any], subject: Who, on: date, entry: Known | None = None
) -> dict[str, Any]:
    """`facts` of values that are about to be written. No query."""
    secret = register.sensitive
    return {
        **{f.id: values.get(f.id) for f in register.form if f.id not in secret},
        "age": age(subject.born, on),
        "sex": subject.sex or None,
        "born": subject.born,
        "entered_on": entry.since if entry is not None else on,
        "confirmed_on": entry.confirmed_on if entry is not None else on,
    }


def age(born: date | None, on: date) -> int | None:
    """Full years on a day, as the law counts: a year older on the day itself; 29 February counts on 1 March."""
    if born is None:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
