"""How one sender writes its sheets: pack data `sheets/*.yaml`, read and checked, and what clerks settled since.

Body: {"code", "title", "target", "fields": {id: {"words": [...], "required": bool}}, "values": {id: {word: value}},
"options": {...}, "reply": [{"title", "from"}]}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import packs
from gezhi.foundation.packs import Context, localised

from . import refusals, targets
from .cells import Field, plain


@dataclass(frozen=True)
class Layout:
    """A sender's sheet. `code` stands before its numbers ("12345:2026…"); `reply`: (title, what fills it) in order;
    `choices`: field id -> the sender's word -> our value."""

    name: str
    version: int
    code: str
    title: Mapping[str, str]
    target: str
    fields: tuple[Field, ...]
    choices: Mapping[str, Mapping[str, Any]]
    options: Mapping[str, Any]
    reply: tuple[tuple[str, str], ...]

    @property
    def said(self) -> str:
        """The sender's name in the active language."""
        return localised(self.title)

    def field(self, id: str) -> Field | None:
        return next((f for f in self.fields if f.id == id), None)


Provider = Callable[[str], "Layout | None"]
_PROVIDERS: list[Provider] = []


def provider(function: Provider) -> Provider:
    """Register `fn(name) -> Layout | None`: layouts that are derived from other pack data, not written as senders."""
    if function not in _PROVIDERS:
        _PROVIDERS.append(function)
    return function


def layouts() -> list[Layout]:
    """Every sender the installed packs know, by code."""
    return sorted((layout(name) for name in packs.registry().names("sheet")), key=lambda known: known.code)


def layout(name: str) -> Layout:
    """The sender of that name or code, or what a provider makes of the name. Raises NoLayout."""
    for derived in _PROVIDERS:
        if (made := derived(name)) is not None:
            return made
    registry = packs.registry()
    known = registry.names("sheet")
    found = next((n for n in known if name in (n, registry.body("sheet", n)["code"])), None)
    if found is None:
        codes = sorted(registry.body("sheet", n)["code"] for n in known)
        raise refusals.NoLayout(name=name, known="、".join(codes) or "—")
    return _made(found, registry.get("sheet", found).version, registry.body("sheet", found))


def _made(name: str, version: int, body: Mapping[str, Any]) -> Layout:
    target = targets.target(body["target"])
    fields = []
    for field in target.fields:
        own = body["fields"].get(field.id)
        if own is not None:
            words = tuple(own.get("words", ()))
            fields.append(
                replace(field, required=field.required or bool(own.get("required")), words=(*words, *field.words))
            )
    choices = {f: {plain(str(w)): v for w, v in words.items()} for f, words in body.get("values", {}).items()}
    reply = tuple((line["title"], line["from"]) for line in body.get("reply", ()))
    return Layout(
        name,
        version,
        body["code"],
        body["title"],
        body["target"],
        tuple(fields),
        choices,
        body.get("options", {}),
        reply,
    )


def read_sheet(node: Any, context: Context) -> Any:
    """One `sheets/*.yaml`: every unknown field, value, category or reply column is noted with its line."""
    if not context.keys(
        node, required=("sheet", "code", "title", "target", "fields"),
        optional=("version", "about", "values", "options", "reply"),
    ):  # fmt: skip
        return None
    name = context.one_of(node, "target", sorted(targets.TARGETS))
    if name is None:
        return None
    target = targets.TARGETS[name]
    known = {f.id: f for f in target.fields}
    body: dict[str, Any] = {
        "code": context.text(node, "code", "", max=20),
        "title": context.title(node),
        "target": name,
        "fields": _fields(node, known, context),
        "values": _values(node, known, target, context),
        "options": target.read_options(node.get("options") or {}, context) if target.read_options else {},
        "reply": [],
    }
    if ":" in body["code"] or not body["code"]:
        context.problem(node, "code", "sheet.code", _("“code”写在编号前面，不能空，也不能有冒号。"))
    for needed in (f.id for f in target.fields if f.required and f.id not in body["fields"]):
        context.problem(node, "fields", "sheet.field_missing", _("缺必须有的栏目“{field}”。"), field=needed)
    for _index, line in context.each(node, "reply"):
        if context.keys(line, required=("title", "from")):
            source = context.one_of(line, "from", sorted(target.replies))
            body["reply"].append({"title": context.text(line, "title", "", max=40), "from": source})
    return body


def _fields(node: Any, known: Mapping[str, Field], context: Context) -> dict[str, Any]:
    found: dict[str, Any] = {}
    given = node.get("fields")
    if not isinstance(given, Mapping):
        context.problem(node, "fields", "pack.shape", _("这里要写成“名: 值”的形式。"))
        return found
    seen: dict[str, str] = {}
    if not context.keys(given, optional=tuple(known)):
        return found
    for id, line in given.items():
        if id not in known:
            continue
        if isinstance(line, list):
            words, required = line, False
        elif context.keys(line, required=("words",), optional=("required",)):
            words, required = line.get("words") or [], context.truth(line, "required")
        else:
            continue
        found[str(id)] = {"words": [str(w) for w in words], "required": required}
        for word in found[str(id)]["words"]:
            other = seen.setdefault(plain(word), str(id))
            if other != id:
                context.problem(
                    given,
                    id,
                    "sheet.word_twice",
                    _("“{word}”同时是“{one}”和“{two}”的叫法。"),
                    word=word,
                    one=other,
                    two=id,
                )
    return found


def _values(node: Any, known: Mapping[str, Field], target: targets.Target, context: Context) -> dict[str, Any]:
    given = node.get("values") or {}
    if not context.keys(given, optional=tuple(known)):
        return {}
    found: dict[str, Any] = {}
    for id, words in given.items():
        if id not in known:
            continue
        if not isinstance(words, Mapping):
            context.problem(given, id, "pack.shape", _("这里要写成“名: 值”的形式。"))
            continue
        found[str(id)] = {}
        for word, value in words.items():
            wrong = target.check_value(str(id), value, context) if target.check_value else None
            if wrong is not None:
                context.problem(words, word, "sheet.value", wrong, value=str(value))
            else:
                found[str(id)][str(word)] = value if isinstance(value, bool) else str(value)
    return found
