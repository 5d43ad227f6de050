"""From `documents/*.yaml` to the body of a template; a name nobody offers is refused with file and line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.publishing import rules
from gezhi.engines.publishing.offers import ROLES, SUBJECTS, TYPES, Offer, offer_of
from gezhi.engines.publishing.schema import LAYOUTS, LEVELS
from gezhi.foundation import expressions
from gezhi.foundation.expressions import ExpressionError
from gezhi.foundation.packs.reading import Context, plain
from gezhi.foundation.people import POWERS

OPTIONAL = ("version", "about", "when", "words", "to", "attach", "cc", "date", "seal", "purpose", "copies")
REQUIRED = ("document", "title", "subject", "layout", "issuers", "mark", "draft", "sign", "fields", "heading", "body")


def read_document(node: Any, context: Context) -> dict[str, Any] | None:
    """The JSON body of a template file. Problems are noted on the context."""
    if not context.keys(node, required=REQUIRED, optional=OPTIONAL):
        return None
    subject = context.one_of(node, "subject", SUBJECTS, "")
    offered = SUBJECTS.get(subject, {})
    fields = [_field(item, subject, offered, context) for _i, item in context.each(node, "fields")]
    types = {f["id"]: f["type"] for f in fields}
    known = types | {path: offer.type for path, offer in offered.items() if path.startswith("issuer.")}
    reading = _Reading(context, known, {f["id"]: offer_of(subject, f["from"]) for f in fields})
    words = [_word(item, reading) for _i, item in context.each(node, "words")]
    body = {
        "title": context.title(node),
        "subject": subject,
        "layout": context.one_of(node, "layout", LAYOUTS, "letter"),
        "issuers": _issuers(node, reading),
        "mark": reading.text(node, "mark", scalar=True),
        "draft": _by(node, "draft", subject, context),
        "sign": _sign(node, subject, context),
        "when": reading.condition(node, "when"),
        "fields": fields,
        "words": words,
        "heading": reading.text(node, "heading"),
        "to": reading.text(node, "to"),
        "body": [_block(node["body"], i, item, {w["id"] for w in words}, reading)
                 for i, item in context.each(node, "body")],
        "attach": [_attached(node["attach"], i, item, reading) for i, item in context.each(node, "attach")],
        "cc": reading.text(node, "cc"),
        "date": context.one_of(node, "date", ("figures", "chinese"), "figures"),
        "seal": context.truth(node, "seal", True),
        "purpose": context.text(node, "purpose", "", max=100),
    }  # fmt: skip
    if "copies" in node:
        body["copies"] = [str(item)[:40] for _i, item in context.each(node, "copies")]
        if not 2 <= len(body["copies"]) <= 9:
            context.problem(node, "copies", "document.copies", _("copies 写二到九份，每份写明给谁。"))
    if any(f["type"] == "person" for f in fields) and len(body["purpose"]) < 4:
        context.problem(
            node, "purpose", "document.purpose", _("用到个人信息，要在 purpose 里写明收件人为什么需要（至少 4 个字）。")
        )
    return body


class _Reading:
    """Texts with {names}, and conditions, checked against the fields this template declares."""

    def __init__(self, context: Context, known: Mapping[str, str], offers: Mapping[str, Offer | None]) -> None:
        self.context, self.known, self.offers = context, known, offers

    def text(
        self, node: Any, key: Any, *, of: Any = None, names: Mapping[str, str] | None = None, scalar: bool = False
    ) -> str:
        """`node[key]` as a text; every {name} in it must be declared and printable (`scalar`: no personal one)."""
        source = of if of is not None else node.get(key) if isinstance(node, Mapping) else None
        if source is None:
            return ""
        if not isinstance(source, str):
            self.context.problem(node, key, "pack.type", _("“{key}”要写一段文字。"), key=key)
            return ""
        known = self.known if names is None else names
        for name in rules.names_in(source):
            if name not in known:
                self._unknown(node, key, name, known)
            elif known[name] == "rows" or (scalar and known[name] == "person"):
                self.context.problem(
                    node, key, "document.not_text", _("“{name}”不能写在这一处文字里。"), name=name
                )  # fmt: skip
        if rules.stray_brace(source):
            self.context.problem(
                node, key, "document.brace", _("大括号不成对；字段写成 {example}。"), example="{number}"
            )
        return str(source).strip()

    def condition(self, node: Any, key: str) -> str | None:
        """`node[key]` as an expression over the declared fields that yields a truth."""
        source = self.context.text(node, key, max=400)
        if source is None:
            return None
        try:
            program = expressions.compile(source, rules.readable(self.known))
            if program.type != expressions.Truth:
                raise ExpressionError("expression.type", 0, _("条件要得出是或否。"))
        except ExpressionError as fault:
            self.context.problem(node, key, "document.condition", "{words}", words=str(fault))
        return str(source)

    def _unknown(self, node: Any, key: Any, name: str, known: Iterable[str]) -> None:
        near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
        if near:
            words = _("没有声明字段“{name}”，您是要写“{near}”吗？")
            self.context.problem(node, key, "document.unknown_field", words, name=name, near=near[0])
        else:
            words = _("没有声明字段“{name}”，请先写进 fields。")
            self.context.problem(node, key, "document.unknown_field", words, name=name)


def _field(node: Any, subject: str, offered: Mapping[str, Offer], context: Context) -> dict[str, Any]:
    empty = {"id": "", "title": {"zh": "", "en": ""}, "type": "text", "from": ""}
    if not context.keys(node, required=("id", "title", "type", "from")):
        return empty
    path = context.text(node, "from", "", max=80)
    type = context.one_of(node, "type", TYPES, "text")
    offer = offer_of(subject, path)
    if offer is None and offered:
        near = difflib.get_close_matches(path, list(offered), n=1, cutoff=0.5)
        if near:
            words = _("没有“{path}”可用，您是要写“{near}”吗？")
            context.problem(node, "from", "document.unknown_field", words, path=path, near=near[0])
        else:
            context.problem(node, "from", "document.unknown_field", _("没有“{path}”可用。"), path=path)
    elif offer is not None and offer.type != type:
        words = _("“{path}”是 {real}，不是 {type}。")
        context.problem(node, "type", "document.field_type", words, path=path, real=offer.type, type=type)
    return {
        "id": context.text(node, "id", "", max=40),
        "title": context.title(node),
        "type": type,
        "from": path,
    }


def _word(node: Any, reading: _Reading) -> dict[str, Any]:
    context = reading.context
    if not context.keys(node, required=("id", "title"), optional=("fill", "max", "required")):
        return {"id": "", "title": {"zh": "", "en": ""}, "fill": "", "max": 1000, "required": False}
    return {
        "id": context.text(node, "id", "", max=40),
        "title": context.title(node),
        # Words are shown in a box, where nothing can be masked.
        "fill": reading.text(node, "fill", scalar=True),
        "max": context.whole(node, "max", 1000, low=1, high=5000),
        "required": context.truth(node, "required"),
    }


def _issuers(node: Any, reading: _Reading) -> dict[str, str]:
    given = node.get("issuers")
    if not reading.context.keys(given, required=LEVELS[:1], optional=LEVELS[1:]):
        return {}
    return {level: reading.text(given, level, scalar=True) for level in LEVELS if level in given}


def _by(node: Any, key: str, subject: str, context: Context) -> list[str]:
    """Who may: `power:…` at the issuer's place, or a role towards the subject."""
    known = [*(f"power:{p}" for p in POWERS), *ROLES.get(subject, ())]
    found = [str(who) for _i, who in context.each(node, key)]
    for index, who in enumerate(found):
        if who not in known:
            near = difflib.get_close_matches(who, known, n=1, cutoff=0.5) or known[:1]
            words = _("没有“{who}”，您是要写“{near}”吗？")
            context.problem(node[key], index, "document.by", words, who=who, near=near[0])
    if not found:
        context.problem(node, key, "document.by", _("要写明谁可以做。"))
    return found


def _sign(node: Any, subject: str, context: Context) -> dict[str, Any]:
    given = node.get("sign")
    if not context.keys(given, required=("by",), optional=("unlike_drafter",)):
        return {"by": [], "unlike_drafter": False}
    return {"by": _by(given, "by", subject, context), "unlike_drafter": context.truth(given, "unlike_drafter")}


def _attached(holder: Any, index: int, node: Any, reading: _Reading) -> Any:
    """One enclosure: a text, or {text, when} for one that is not always there."""
    if not isinstance(node, Mapping):
        return reading.text(holder, index, of=node)
    if not reading.context.keys(node, required=("text", "when")):
        return ""
    return {"text": reading.text(node, "text"), "when": reading.condition(node, "when")}


def _block(holder: Any, index: int, node: Any, words: set[str], reading: _Reading) -> dict[str, Any]:
    """One block of the body: a text, words, rows in columns, or a table of cells."""
    context = reading.context
    if isinstance(node, str):
        return {"text": reading.text(holder, index, of=node)}
    if not context.keys(node, optional=("text", "words", "rows", "columns", "cells", "when", "title")):
        return {"text": ""}
    block: dict[str, Any] = {}
    when = reading.condition(node, "when")
    if when:
        block["when"] = when
    if "title" in node:
        block["title"] = reading.text(node, "title")
    if "words" in node:
        block["words"] = context.one_of(node, "words", words, "")
    elif "rows" in node:
        block |= _rows(node, reading)
    elif "cells" in node:
        block["cells"] = [
            [_cell(cell, words, reading) for cell in (line if isinstance(line, list) else [])]
            for _i, line in context.each(node, "cells")
        ]
    else:
        block["text"] = reading.text(node, "text")
    return block


def _rows(node: Any, reading: _Reading) -> dict[str, Any]:
    context = reading.context
    name = context.text(node, "rows", "", max=40)
    offer = reading.offers.get(name)
    if offer is None or offer.type != "rows":
        reading._unknown(node, "rows", name, [n for n, o in reading.offers.items() if o and o.type == "rows"])
        return {"rows": name, "columns": []}
    columns = []
    for _i, column in context.each(node, "columns"):
        if context.keys(column, required=("title", "value"), optional=("width",)):
            columns.append(
                {
                    "title": context.title(column),
                    "value": reading.text(column, "value", names=offer.columns),
                    "width": context.whole(column, "width", 10, low=1, high=100),
                }
            )
    return {"rows": name, "columns": columns}


def _cell(node: Any, words: set[str], reading: _Reading) -> dict[str, Any]:
    context = reading.context
    if not context.keys(node, required=("label",), optional=("value", "words", "lines", "sign")):
        return {"label": "", "value": "", "lines": 1, "sign": ""}
    cell: dict[str, Any] = {
        "label": plain(context.text(node, "label", "", max=20)),
        "value": reading.text(node, "value"),
        "lines": context.whole(node, "lines", 1, low=1, high=12),
        "sign": context.text(node, "sign", "", max=40),
    }
    if "words" in node:
        cell["words"] = context.one_of(node, "words", words, "")
    return cell
