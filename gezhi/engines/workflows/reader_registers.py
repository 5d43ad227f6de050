"""Reading what an action takes from a register (`reads`) and writes in one (`books`); names held against the register."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import reader_parts as parts
from gezhi.foundation.packs.reading import Context, plain

WHAT = ("name", "line", "of")


def books(holder: Any, body: dict[str, Any], context: Context) -> None:
    """Put `reads` and `books` into the action's body; every flaw noted."""
    registers = context.shared.get("registers", {})
    entries = {f["id"]: f["register"] for f in body["form"] if f["type"] == "entry"}
    if "reads" in holder:
        body["reads"] = {}
        for name, source in parts.mapping(holder, "reads", context):
            entry, _dot, column = str(source).partition(".")
            body["reads"][name] = [entry, column]
            if name not in {f["id"] for f in body["form"]}:
                words = _("“{name}”要读进一个填写项，表里没有它。")
                context.problem(holder["reads"], name, "action.reads", words, name=name)
            elif entry in entries and column not in _fields(registers, entries[entry]):
                words = _("台账“{register}”没有“{name}”这一栏。")
                context.problem(holder["reads"], name, "action.reads", words, register=entries[entry], name=column)
    if "books" in holder:
        _write(holder["books"], body, registers, context)


def _write(node: Any, body: dict[str, Any], registers: Any, context: Context) -> None:
    if not context.keys(node, required=("register",), optional=(*WHAT, "values", "keep", "end")):
        return
    register = context.text(node, "register", "", max=40)
    what = [name for name in WHAT if name in node]
    if len(what) != 1:
        context.problem(
            node,
            None,
            "action.books",
            _("登记写 name（新的一样）、line（改这一条）或 of（同一个人、同一样东西），只写一种。"),
        )
        return
    if register not in registers:
        context.problem(node, "register", "action.books", _("没有“{name}”这本台账。"), name=register)
        return
    values = {k: str(plain(v)) for k, v in parts.mapping(node, "values", context)}
    known = _fields(registers, register)
    for name in values:
        if name not in known:
            words = _("台账“{register}”没有“{name}”这一栏。")
            context.problem(node["values"], name, "action.books", words, register=register, name=name)
    body["books"] = {
        "register": register,
        "what": what[0],
        "source": context.text(node, what[0], "", max=40),
        "values": values,
    }
    if "keep" in node:
        body["books"]["keep"] = context.text(node, "keep", "", max=40)
    if context.truth(node, "end"):
        body["books"]["end"] = True


def _fields(registers: Any, name: str) -> set[str]:
    found = registers.get(name)
    return {f.id for f in found["form"]} if found else set()
