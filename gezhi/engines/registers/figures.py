"""What a register adds up to: lines, subjects and sums by what its lines say, now or on a day. Every figure opens to its lines.

Lines and subjects never mix: somebody in two teams is two lines and one person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from gezhi.foundation import places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects import access, definitions, queries
from gezhi.foundation.subjects.definitions import Register
from gezhi.foundation.subjects.models import Entry, Relation, Subject

from .files import reach
from .lines import value_said

CUT_BY = ("choice", "truth", "text")
YEAR = "-year"  # behind a date field's id: cut by the years of its days
NOBODY = ""


@dataclass
class Cut:
    """One group: `value` as kept ("" nothing said), `said` in words, `lines`, `subjects` (each once), `sums` by field."""

    value: str
    said: str
    lines: int = 0
    subjects: set[int] = field(default_factory=set)
    sums: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """`cuts` in the order of the form's choices, then by their words; `whole` counts every subject once."""

    register: Register
    by: str
    day: date | None
    added: tuple[str, ...]
    cuts: tuple[Cut, ...]
    whole: Cut


def ways(declared: Register) -> list[tuple[str, str]]:
    """(id, title) of what a register can be cut by: its state, open fields with few values, relations of its subjects."""
    found = [("state", str(definitions.COLUMN_TITLES["state"]))] if declared.states else []
    found += [(f.id, f.label) for f in declared.form if f.type in CUT_BY and f.id not in declared.sensitive]
    found += [
        (f.id + YEAR, _("{title}（按年）").format(title=f.label))
        for f in declared.form
        if f.type == "date" and f.id not in declared.sensitive
    ]
    found.append(("grid", _("网格")))
    return found + [(kind.name, kind.said) for kind in definitions.relation_kinds() if kind.one == declared.of]


def figures(
    actor: Actor, register: str, by: str, *, place_id: int | None = None, day: date | None = None, state: str = ""
) -> Figures:
    """The register cut by one of its `ways`, in a place, as it stood on a day (now when empty), of one state or all.

    Raises NotFound subject.no_register and for what is no way to cut it. Three queries now; on a day two for each 200 lines.
    """
    declared = access.register_for(actor, register)
    if by not in dict(ways(declared)):
        raise NotFound()
    added = tuple(f.id for f in declared.form if f.type == "number" and f.id not in declared.sensitive)
    lines = list(_lines(actor, declared, place_id, day, state))
    tied = _tied(by, [line[0] for line in lines]) if by in _relations(declared) else None
    path = places.directory().path
    found: dict[str, Cut] = {}
    whole = Cut("", _("合计"))
    for who, values, stands, lies in lines:
        if tied is not None:
            value = tied.get(who, NOBODY)
        elif by == "grid":
            value = str(path(lies).grid_id or "none")
        elif by.endswith(YEAR):
            value = str(values.get(by.removesuffix(YEAR)) or "")[:4]
        else:
            value = stands if by == "state" else _kept(values.get(by))
        for cut in (found.setdefault(value, Cut(value, "")), whole):
            cut.lines += 1
            cut.subjects.add(who)
            for name in added:
                if values.get(name) not in (None, ""):
                    cut.sums[name] = cut.sums.get(name, Decimal()) + Decimal(str(values[name]))
    words = _words(declared, by, found, tied)
    for cut in found.values():
        cut.said = words.get(cut.value) or _("没有写")
    order = list(words)
    cuts = sorted(
        found.values(), key=lambda cut: (cut.value not in words, order.index(cut.value) if cut.value in words else 0)
    )
    return Figures(declared, by, day, added, tuple(cuts), whole)


def opened(actor: Actor, register: str, by: str, value: str) -> dict[str, Any]:
    """The filters of `queries.entries` and `queries.as_of` that give the lines behind one group."""
    declared = access.register_for(actor, register)
    if by not in dict(ways(declared)):
        raise NotFound()
    if by == "state":
        return {"state": value}
    if by == "grid":
        return {"grid": None if value == "none" else int(value) if value.isdecimal() else 0}
    if by in _relations(declared):
        others = Relation.objects.filter(kind=by, until=None, other_id=int(value) if value.isdecimal() else 0)
        return {"subject": list(others.values_list("one_id", flat=True))}
    if by.endswith(YEAR):
        return {"years": {by.removesuffix(YEAR): value}}
    asked = declared.form.get(by)
    return {"values": {by: value == "true" if asked is not None and asked.type == "truth" else value}}


def _relations(declared: Register) -> set[str]:
    return {kind.name for kind in definitions.relation_kinds() if kind.one == declared.of}


def _lines(
    actor: Actor, declared: Register, place_id: int | None, day: date | None, state: str
) -> Iterator[tuple[int, Mapping[str, Any], str, int]]:
    if day is None or day == clock.today():
        rows = Entry.objects.filter(reach(actor, declared, place_id), register=declared.name, until=None)
        if state:
            rows = rows.filter(state=state)
        yield from rows.order_by("pk").values_list("subject_id", "values", "state", "place_id").iterator()
        return
    cursor = None
    while True:
        page = queries.as_of(
            actor, declared.name, place_id, day, {"state": state} if state else {}, cursor=cursor, size=queries.LARGEST
        )
        yield from ((row.subject_id, row.values, row.state, row.place_id) for row in page.rows)
        cursor = page.next
        if cursor is None:
            return


def _tied(kind: str, subject_ids: Sequence[int]) -> dict[int, str]:
    ties = Relation.objects.filter(kind=kind, until=None, one_id__in=set(subject_ids)).order_by("pk")
    return {one: str(other) for one, other in ties.values_list("one_id", "other_id")}


def _kept(value: Any) -> str:
    return {True: "true", False: "false", None: ""}.get(value, str(value)) if not isinstance(value, str) else value


def _words(declared: Register, by: str, found: Iterable[str], tied: Mapping[int, str] | None) -> dict[str, str]:
    """value -> words, in the order they are shown."""
    if tied is not None:
        ids = sorted({int(value) for value in found if value})
        return {str(row.pk): row.label for row in Subject.objects.filter(pk__in=ids).order_by("label", "pk")}
    if by == "grid":
        ids = sorted({int(value) for value in found if value.isdecimal()})
        return {str(id): places.directory().label(id, "village") for id in ids} | {"none": _("不在网格里")}
    if by.endswith(YEAR):
        return {value: _("{year} 年").format(year=value) for value in sorted(v for v in found if v)}
    if by == "state":
        return {state.name: state.said for state in declared.states}
    asked = declared.form.get(by)
    if asked is not None and asked.type == "choice":
        return {choice.value: choice.label for choice in asked.choices}
    if asked is not None and asked.type == "truth":
        return {"true": value_said(declared.form, by, True), "false": value_said(declared.form, by, False)}
    return {value: value for value in sorted(v for v in found if v)}


def unanswered(actor: Actor, register: str) -> list[Cut]:
    """What was said in the register this one is `for`, by its `field`, and has no live line here: each value once, with how
    many said it. Empty for registers that are not for values.
    """
    declared = access.register_for(actor, register)
    if declared.whom is None or not declared.whom.field:
        return []
    name = declared.whom.field
    answered = {_kept(value) for value in _values(register, name)}
    said = figures(actor, declared.whom.register, name)
    return [cut for cut in said.cuts if cut.value and cut.value not in answered]


def _values(register: str, field: str) -> Iterator[Any]:
    rows = Entry.objects.filter(register=register, until=None).values_list("values", flat=True)
    return (values.get(field) for values in rows.iterator())
