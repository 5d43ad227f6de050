"""Reading whose time an action binds: `holds: {day: day, part: part, hours: {am: "08:30-11:30", pm: "14:30-17:30"}}`.

`needs: nursing` names a competence: only who holds it, valid on that day, can be bound. A clock may run to the end of
the same part: `clock: {until: day, part: part, hours: {…}, max: 60 work_day}`.
Or it ends at an hour, of that day or of one before it: `clock: {until: day, by: "20:00", before: 1, max: 60 work_day}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.packs.reading import Context

_HOUR = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")


def minutes(span: str) -> tuple[int, int]:
    """From and to, in minutes of the day, of a span that was read."""
    begins, _dash, ends = span.partition("-")
    first, second = ((int(h) * 60 + int(m)) for h, m in (begins.split(":"), ends.split(":")))
    return first, second


def hour(written: str) -> int | None:
    """Minutes after midnight of "09:00", up to "24:00"; None when it is no such hour."""
    read = _HOUR.fullmatch(written)
    at = int(read[1]) * 60 + int(read[2]) if read else 0
    return at if 0 < at <= 24 * 60 else None


def holds(node: Any, kept: Mapping[str, str], context: Context) -> dict[str, Any] | None:
    """The body: kept names of the day and the part of the day, and when each part is."""
    if not context.keys(node, required=("day", "part", "hours"), optional=("needs",)):
        return None
    body: dict[str, Any] = {"hours": spans(node, "action.holds", context)}
    if "needs" in node:
        body["needs"] = context.text(node, "needs", "", max=40)
        if body["needs"] not in context.shared.get("competences", ()):
            context.problem(node, "needs", "action.holds", _("没有“{name}”这项能力。"), name=body["needs"])
    for name, kinds in (("day", ("date",)), ("part", ("choice", "text"))):
        body[name] = context.text(node, name, "", max=40)
        if kept.get(body[name]) not in kinds:
            context.problem(
                node, name, "action.holds", _("“{name}”要是这个流程记下的日期或时段（kept）。"), name=body[name]
            )
    return body


def spans(node: Any, code: str, context: Context) -> dict[str, str]:
    """The `hours` of a node: part of the day -> "08:30-11:30"."""
    hours, found = node["hours"], {}
    for part in hours if isinstance(hours, Mapping) else ():
        written = str(hours[part]).strip()
        begins, ends = minutes(written) if _SPAN.fullmatch(written) else (0, 0)
        if ends <= begins or ends > 24 * 60:
            context.problem(hours, part, code, _("一段写成“08:30-11:30”，结束要晚于开始。"))
        found[str(part)] = written
    if not found:
        context.problem(node, "hours", code, _("一段写成“08:30-11:30”，结束要晚于开始。"))
    return found
