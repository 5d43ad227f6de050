"""What was found, added up: how many of each answer in a period, and what was found at the same one before.

Only open answers (choices, yes or no, numbers); what is sealed is never counted. Every count opens to its rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from gezhi.engines.duties.models import Done
from gezhi.engines.duties.queries import MOST, Owed, _of_row, dressed
from gezhi.engines.duties.rhythms import Period
from gezhi.engines.duties.rules import DONE, Rule
from gezhi.foundation.calendar import clock
from gezhi.foundation.forms import Field

COUNTED = ("choice", "truth", "number")


@dataclass(frozen=True)
class Repeat:
    """The same answer at the same subject in two periods or more, oldest first."""

    subject_id: int
    label: str
    value: str
    periods: tuple[str, ...]


def fields(rule: Rule) -> list[Field]:
    """The fields of a rule's record that can be added up."""
    return [f for f in rule.form if f.type in COUNTED and not f.sensitive]


def tally(rule: Rule, period: Period, within: tuple[str, int]) -> dict[str, dict[str, Decimal]]:
    """Field -> answer -> how many ("true" and "false" for yes or no; "sum" alone for numbers). One query."""
    known = fields(rule)
    found: dict[str, dict[str, Decimal]] = {f.id: defaultdict(Decimal) for f in known}
    if not known:
        return {}
    rows = _done(rule, within).filter(period=period.key).values_list("findings", flat=True)
    for findings in rows.iterator(chunk_size=2_000):
        for field in known:
            value = findings.get(field.id)
            if value is None:
                continue
            if field.type == "number":
                found[field.id]["sum"] += Decimal(str(value))
            else:
                found[field.id][key_of(value)] += 1
    return {name: dict(answers) for name, answers in found.items()}


def rows(
    rule: Rule, period: Period, within: tuple[str, int], field: str, value: str, *, size: int = MOST
) -> list[Owed]:
    """The rows behind one number of `tally` ("sum": every row that says a number), by subject. Two queries."""
    found = []
    for row in _done(rule, within).filter(period=period.key).order_by("subject_id").iterator(chunk_size=2_000):
        given = row.findings.get(field)
        if given is not None and (value == "sum" or key_of(given) == value):
            found.append(_of_row(rule, row))
        if len(found) == size:
            break
    return dressed(found)


def repeats(
    rule: Rule, field: str, within: tuple[str, int], periods: Sequence[Period], *, besides: Sequence[str] = ()
) -> list[Repeat]:
    """Answers found again at the same subject in another of these periods, `besides` left out; by subject. Two queries."""
    met: dict[tuple[int, str], list[Done]] = defaultdict(list)
    done = _done(rule, within).filter(period__in=[p.key for p in periods]).order_by("closes", "id")
    for row in done:
        value = row.findings.get(field)
        if value is not None and key_of(value) not in besides:
            met[row.subject_id, key_of(value)].append(row)
    again = {key: found for key, found in met.items() if len(found) > 1}
    labels = {o.subject_id: o.label for o in dressed([_of_row(rule, found[0]) for found in again.values()])}
    return [
        Repeat(subject, labels[subject], value, tuple(row.period for row in found))
        for (subject, value), found in sorted(again.items())
    ]


def faults(rule: Rule) -> dict[str, tuple[str, ...]]:
    """The choices a rule opens a case for, and those of their answers that are no fault: what repeats are asked of."""
    found = {}
    for field in rule.form if rule.case_when is not None else ():
        if (
            field.type == "choice"
            and not field.sensitive
            and rule.case_when is not None
            and field.id in rule.case_when.reads
        ):
            fine = [
                o.value for o in field.choices if not rule.case_when.holds({field.id: o.value}, today=clock.today())
            ]
            found[field.id] = tuple(fine)
    return found


def key_of(value: object) -> str:
    """An answer as it is counted."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _done(rule: Rule, within: tuple[str, int]):
    column, id = within
    return Done.objects.filter(Q(**{f"{column}_id": id}), rule=rule.name, state=DONE)
