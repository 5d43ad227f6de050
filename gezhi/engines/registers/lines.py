"""What registers tell of a subject: when it was entered, what changed, when it ended; said in sentences, never typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from gezhi.foundation import events
from gezhi.foundation.calendar import clock
from gezhi.foundation.forms import Form
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects import queries, timeline
from gezhi.foundation.subjects.definitions import Register
from gezhi.foundation.subjects.models import Entry
from gezhi.foundation.subjects.timeline import Line


def ending(reason: str) -> str:
    """How it ended, in the reader's language."""
    words = {
        "died": _("去世"), "moved_out": _("迁出"), "closed": _("注销"), "merged": _("并到另一份"),
        "replaced": _("换了新的"), "undone": _("登记错了，撤回"),
    }  # fmt: skip
    return words.get(reason, _("结束"))


@timeline.source("registers")
def of_subject(subject_ids: Sequence[int], actor: Actor, limit: int) -> Iterable[Line]:
    """The story of every line the actor may see. Two queries."""
    lines = queries.lines_of(tuple(subject_ids), actor)
    pasts = events.histories([f"entry:{line.pk}" for line, _register in lines])
    for line, declared in lines:
        yield from _told(line, declared, pasts[f"entry:{line.pk}"])


def history(line: Entry, declared: Register) -> list[Line]:
    """The story of one line, newest first. One query."""
    found = list(_told(line, declared, events.history(f"entry:{line.pk}")))
    return sorted(found, key=lambda one: (one.on, one.at.isoformat() if one.at else "", one.key), reverse=True)


def _told(line: Entry, declared: Register, past: Sequence[Any]) -> Iterable[Line]:
    before: dict[str, Any] = {}
    for event in past:
        patch = event.patch
        on = (
            _day(patch.get("valid_from") or patch.get("on") or patch.get("until") or "") or clock.local(event.at).date()
        )
        title, text = "", ""
        match event.kind:
            case "entry.entered":
                title = _("登记到{register}").format(register=declared.said)
                text = said(declared, patch.get("values", {}))
            case "entry.changed" | "entry.reverted":
                title = _("{register}有变动").format(register=declared.said)
                text = _changes(declared, before, patch)
            case "entry.ended":
                title = _("{register}：{how}").format(register=declared.said, how=ending(patch.get("end_reason", "")))
            case "entry.reopened":
                title = _("{register}恢复登记").format(register=declared.said)
            case "entry.confirmed":
                title = _("{register}核实过，没有变化").format(register=declared.said)
            case "entry.attached":
                title = _("{register}附上 {n} 份照片或扫描件").format(
                    register=declared.said, n=len(patch.get("files", ()))
                )
            case "entry.detached":
                title = _("{register}去掉 1 份照片或扫描件").format(register=declared.said)
            case "entry.moved":
                title = _("{register}换了地方").format(register=declared.said)
        before = events.fold([*([_Folded(before)] if before else []), event])
        if title:
            yield Line(
                on,
                "registers",
                title,
                text,
                event.at,
                ("entry", line.pk),
                event.actor_seat,
                f"{line.pk}:{event.seq:06}",
                line.subject_id,
            )


class _Folded:
    kind, version = "", 1

    def __init__(self, patch: dict[str, Any]) -> None:
        self.patch = patch


def _changes(declared: Register, before: dict[str, Any], patch: dict[str, Any]) -> str:
    old, new = before.get("values", {}), patch.get("values", before.get("values", {}))
    said_of = []
    for asked in declared.form:
        if old.get(asked.id) != new.get(asked.id):
            was, now = (
                value_said(declared.form, asked.id, old.get(asked.id)),
                value_said(declared.form, asked.id, new.get(asked.id)),
            )
            said_of.append(
                _("{field}：{was} → {now}").format(field=asked.label, was=was or _("空"), now=now or _("空"))
            )
    if patch.get("private_ref") != before.get("private_ref") and "private_ref" in patch:
        said_of.append(_("不公开的内容有改动"))
    return "；".join(said_of)


def said(declared: Register, values: dict[str, Any]) -> str:
    """Open values in one line."""
    return "；".join(
        f"{asked.label}：{words}"
        for asked in declared.form
        if (words := value_said(declared.form, asked.id, values.get(asked.id)))
    )


def value_said(form: Form, id: str, value: Any) -> str:
    """A kept value as a page says it."""
    asked = form.get(id)
    if asked is None or value in (None, "", []):
        return ""
    if asked.type == "truth":
        return _("是") if value else _("否")
    if asked.type == "choice":
        return next((option.label for option in asked.choices if option.value == value), str(value))
    if asked.type in ("seat", "place"):
        return _named(asked.type, value)
    if asked.type == "category":
        from gezhi.foundation import packs

        found = packs.registry().categories.get(str(value))
        return found.label if found is not None else str(value)
    if isinstance(value, list):
        return _("{n} 项").format(n=len(value))
    return f"{value} {asked.unit}" if asked.unit else str(value)


def _named(kind: str, value: Any) -> str:
    from gezhi.foundation import people, places

    if kind == "place":
        found = places.directory().get(int(value))
        return places.directory().label(found.id, "village") if found is not None else ""
    seat = people.directory().seats.get(int(value))
    return seat.label if seat is not None else ""


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None
