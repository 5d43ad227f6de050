"""A case and the registers: what a step reads from a line, and the line it writes, in the same transaction.

What was read stands among the answers of the event, and the line that was written in `act.entry`: so a record can be
replayed, whatever the register says by then. The system writes the line (the workflow is the authority, proved and
approved); who acted stands in the case's event, and the line names the case as its source. docs/packs.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.schema_parts import Action
from gezhi.foundation import people, subjects
from gezhi.foundation.errors import Invalid, Refusal
from gezhi.foundation.forms import Form
from gezhi.foundation.subjects import definitions
from gezhi.foundation.subjects.models import Entry, Subject

if TYPE_CHECKING:
    from gezhi.engines.workflows.stepping import Step

OFFERED = 300


def read(action: Action, data: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """What an action takes from the lines its answers (or the case) name; what was typed there does not count."""
    found: dict[str, Any] = {}
    for name, (source, column) in action.reads.items():
        line = _line(data.get(source) or (case.kept or {}).get(source), case)
        found[name] = line.values.get(column) if line is not None else None
    return found


def problems(action: Action, values: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """Chosen lines that are not open ones of the case's village."""
    return {
        f.id: _("这一条不是本地在册的，请从列表里选。")
        for f in action.form.fields
        if f.type == "entry" and values.get(f.id) is not None and _line(values[f.id], case, f.register) is None
    }


def book(step: Step) -> None:
    """Write the line an action says. Raises Invalid at the action's own fields when the register refuses it."""
    books = step.action.books
    if books is None:
        return
    case, kept = step.case, dict(step.case.kept or {})
    values = {column: _value(source, step) for column, source in books.values.items()}
    source = f"case:{case.number}"[:40]
    system = people.system("workflow")
    named = step.values.get(books.source) if books.source in step.values else kept.get(books.source)
    try:
        if books.what == "name":
            kind = definitions.register(books.register).of
            thing = subjects.add(kind, {"name": named}, actor=system, place_id=case.place_id)
            line = subjects.enter(books.register, thing.pk, values, actor=system, source=source)
        else:
            known = _line(named, case)
            if known is None:
                raise Invalid(field_errors={_field(books.source, step): _("台账里没有这一条了。")})
            if books.what == "of":
                line = subjects.enter(books.register, known.subject_id, values, actor=system, source=source)
            else:
                line = subjects.change(known.pk, values, actor=system, source=source)
        if books.end:
            line = subjects.end(line.pk, "ended", actor=system)
    except Refusal as refusal:
        if refusal.field_errors and not isinstance(refusal, Invalid):
            raise
        back = dict(books.values)
        errors = {_field(back.get(column, books.source), step): words for column, words in refusal.field_errors.items()}
        raise Invalid(field_errors=errors or {_field(books.source, step): refusal.what}) from refusal
    if books.keep:
        case.kept = {**kept, books.keep: line.pk}
    step.told["entry"] = line.pk


def again(step: Step, act: Mapping[str, Any]) -> None:
    """In a replay: the line that was written then, as the record says."""
    books = step.action.books
    if books is not None and books.keep and "entry" in act:
        step.case.kept = {**(step.case.kept or {}), books.keep: act["entry"]}


def choices(register: str, case: Case) -> list[tuple[int, str]]:
    """The lines that may be chosen on a case: open ones of its village, of a register that whoever sees the place may read."""
    declared = definitions.register(register)
    if declared.see or declared.inside:
        return []
    rows = Entry.objects.filter(register=register, until=None, **_where(case)).order_by("pk")
    of = dict(rows.values_list("pk", "subject_id")[:OFFERED])
    labels = dict(Subject.objects.filter(pk__in=of.values()).values_list("pk", "label"))
    return [(line, labels[subject]) for line, subject in of.items()]


def asked(form: Form, action: Action) -> Form:
    """The form as it is filled in: without what is read from a register."""
    return form if not action.reads else Form(tuple(f for f in form.fields if f.id not in action.reads), form.context)


def _where(case: Case) -> dict[str, Any]:
    return {"village_id": case.village_id} if case.village_id is not None else {"town_id": case.town_id}


def _line(id: Any, case: Case, register: str | None = None) -> Entry | None:
    if not str(id or "").isdigit():
        return None
    where = _where(case) | ({"register": register} if register else {})
    return Entry.objects.filter(pk=int(id), until=None, **where).first()


def _field(name: str, step: Step) -> str:
    """A field of the action where a sentence can stand: the one named, else its first."""
    fields = [f.id for f in step.action.form.fields]
    return name if name in fields else next(iter(fields), "")


def _value(source: str, step: Step) -> Any:
    if source[:1] == "'":
        return source.strip("'")
    known = step.environment()
    return step.values.get(source) if source in step.values else known.get(source)
