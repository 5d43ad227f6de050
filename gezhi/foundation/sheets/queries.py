"""What pages and commands show of imports: runs, the rows of one, what each column held, replies asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from gezhi.foundation import exports, packs
from gezhi.foundation.people import Actor

from . import actions, checking, layouts, problems, refusals, returned, store, targets
from .models import CHECKED, CONFIRMED, FILLED, ImportRow, ImportRun, ReplySheet

PAGE = 50
_NONE: Mapping[str, str] = {}
SHOWN_FIELDS = 6


@dataclass(frozen=True)
class Line:
    """A row as a preview shows it. `cells`: (field id, words, problem words) for each shown field."""

    row: ImportRow
    cells: list[tuple[str, str, str]]
    reasons: list[str]


@dataclass(frozen=True)
class RunView:
    """A run with everything its page says. `share`: how far the step is, 0..100, None when nothing runs."""

    run: ImportRun
    layout: layouts.Layout
    state: str
    share: int | None
    missing: list[str]
    fault: tuple[str, str, str] | None
    has_returned: bool
    lines: list[Line]
    next: int | None
    kept: int


def runs(actor: Actor, *, limit: int = 30) -> list[ImportRun]:
    """The newest runs the actor may see, newest first. One query: their own, and others' over places they hold."""
    found = ImportRun.objects.order_by("-id")[: limit * 4]
    return [run for run in found if actions.sees(run, actor)][:limit]


def replies(actor: Actor, *, limit: int = 20) -> list[ReplySheet]:
    """The newest reply sheets the actor may see. One query."""
    return [r for r in ReplySheet.objects.order_by("-id")[: limit * 4] if actions.sees(r, actor)][:limit]


def run_of(run_id: int, *, actor: Actor) -> ImportRun:
    """The run. Raises NoRun."""
    run = ImportRun.objects.filter(pk=run_id).first()
    if run is None or not actions.sees(run, actor):
        raise refusals.NoRun()
    return run


def view(run_id: int, *, actor: Actor, states: Sequence[str] = (), after: int = 0) -> RunView:
    """A run and one page of its rows (those in `states`, below row `after`). Raises NoRun. At most three queries."""
    run = run_of(run_id, actor=actor)
    layout = layouts.layout(run.sender)
    rows = ImportRow.objects.filter(run=run, number__gt=after).order_by("number")
    if states:
        rows = rows.filter(state__in=states)
    found = list(rows[: PAGE + 1])
    waits = run.state in (CHECKED, CONFIRMED)  # afterwards a row's values are no longer held
    shown = [f.id for f in layout.fields if any(c["field"] == f.id for c in run.columns)]
    shown = shown[:SHOWN_FIELDS] if waits else [f.id for f in layout.fields if f.key]
    columns = [checking.Column(c["index"], c["header"], c["field"]) for c in run.columns]
    kept = ImportRow.objects.filter(run=run, state="kept").count() if run.state == "undone" else 0
    return RunView(
        run, layout, str(actions.STATES[run.state]), share(run), checking.missing(columns, layout), _fault(run),
        store.has(f"returned-{run.pk}"), [_line(row, run, shown) for row in found[:PAGE]],
        found[PAGE - 1].number if len(found) > PAGE else None, kept,
    )  # fmt: skip


def share(run: ImportRun) -> int | None:
    """How far the running step is, 0..100."""
    if run.state == CONFIRMED:
        return min(100, 100 * run.progress // max(run.good, 1))
    if run.state == "undoing":
        return min(100, 100 * run.progress // max(run.filled, 1))
    return None


def _fault(run: ImportRun) -> tuple[str, str, str] | None:
    if not run.fault:
        return None
    from gezhi.foundation.errors import Refusal

    refusal = Refusal(run.fault["code"], **run.fault["facts"])
    return refusal.what, refusal.why, refusal.next


def _line(row: ImportRow, run: ImportRun, shown: Sequence[str]) -> Line:
    values = checking.unseal(row) or {id: row.key.partition(":")[2] for id in shown[:1]}
    wrong = {field: problems.said(code, facts) for _index, field, code, facts, _harmless in row.problems}
    hidden, worded = _hidden(run.sender), _worded(run.sender)

    def said(id: str) -> str:
        value = values.get(id, values.get(f"?{id}"))
        if isinstance(value, str) and id not in hidden:
            value = worded.get(id, {}).get(value, value)
        return _said(id, value, hidden)

    cells = [(id, said(id), wrong.get(id, "")) for id in shown]
    return Line(row, cells, returned.reasons(row, run))


def _hidden(sender: str) -> dict[str, str]:
    """Sensitive fields of a layout and what they hold."""
    return {field.id: field.type for field in layouts.layout(sender).fields if field.sensitive}


def _worded(sender: str) -> dict[str, dict[str, str]]:
    """Field -> our value -> the first of the sender's words for it."""
    return {
        field: {str(value): word for word, value in reversed(list(words.items())) if word != str(value)}
        for field, words in layouts.layout(sender).choices.items()
    }


def _said(id: str, value: Any, hidden: Mapping[str, str] = _NONE) -> str:
    """A value in a preview: names, numbers and phones masked, like everywhere."""
    from gezhi.foundation.people import crypto

    if value is None:
        return ""
    if hidden.get(id) == "identity":
        return crypto.mask_identity(str(value))
    if hidden.get(id) == "phone":
        return crypto.mask_phone(str(value))
    if hidden.get(id) not in (None, "name"):
        return "****"
    if id.endswith("phone"):
        return crypto.mask_phone(str(value))
    if id.endswith("name"):
        return crypto.mask_name(str(value))
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    text = str(value)
    found = packs.registry().categories.get(text) if id == "category" else None
    if found is not None:
        return found.label
    if len(text) == 25 and text[10] == "T" and text.endswith("+08:00"):
        return text[:16].replace("T", " ")
    return text if len(text) <= 80 else text[:79] + "…"


def returned_file(run_id: int, *, actor: Actor) -> tuple[str, bytes]:
    """(file name, bytes) of the sheet with reasons, logged as an export. Raises NoRun, NoFile."""
    run = run_of(run_id, actor=actor)
    stem = run.name.rpartition(".")[0] or run.name
    data = store.get(f"returned-{run.pk}")
    exports.log("sheets.returned", actor=actor, form="xlsx", rows=run.rows, about=f"import:{run.pk}")
    return f"{stem}-问题.xlsx", data


def made_by(run_id: int, *, actor: Actor, limit: int = 5_000) -> list[int]:
    """Ids of what the run made, for the list its number opens. Raises NoRun."""
    run = run_of(run_id, actor=actor)
    made = ImportRow.objects.filter(run=run, state=FILLED).values_list("subject", flat=True)[:limit]
    return [id for id in made if id is not None]


__all__ = ["Line", "RunView", "made_by", "replies", "returned_file", "run_of", "runs", "share", "targets", "view"]
