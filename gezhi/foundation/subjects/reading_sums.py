"""How `sums`, `schedule`, `agree`, `payback` and `count` of a register are read; adding_up.py says what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.forms import Form
from gezhi.foundation.packs import Context
from gezhi.foundation.packs.reading import position

from .adding_up import EVERY

KEYS = ("sums", "schedule", "agree", "payback", "count")
MOST = 12


@dataclass(frozen=True)
class Asked:
    """A sum with where it stands: held against the other register when all are read."""

    file: str
    of: str
    theirs: tuple[str, ...]
    add: str
    on: str
    line: int
    column: int


def read_sums(node: Any, form: Form, context: Context) -> dict[str, Any]:
    """The parts of the body that are said; what is not said is left out."""
    body: dict[str, Any] = {}
    if "sums" in node:
        body["sums"] = _sums(node, form, context)
    known = [one["id"] for one in body.get("sums", ())]
    if "schedule" in node:
        body["schedule"] = _schedule(node, form, known, context)
    if "agree" in node:
        body["agree"] = [str(name) for _i, name in context.each(node, "agree")]
        if len(body["agree"]) != 2:
            context.problem(node, "agree", "register.agree", _("“agree”写两个要相等的数。"))
        for name in body["agree"]:
            _figure(node, "agree", name, form, known, context)
    if "payback" in node and context.keys(node["payback"], required=("cost", "income")):
        body["payback"] = [context.text(node["payback"], key, "", max=40) for key in ("cost", "income")]
        _figure(node["payback"], "cost", body["payback"][0], form, known, context)
        dated = {one["id"] for one in body.get("sums", ()) if one["on"]}
        if body["payback"][1] not in dated:
            context.problem(
                node["payback"],
                "income",
                "register.payback",
                _("“income”要写一个有日期（on）的合计，才算得出每年多少。"),
            )
    if "count" in node:
        body["count"] = _count(node, form, context)
    return body


def _open(form: Form, name: Any, kind: str) -> bool:
    field = form.get(str(name))
    return field is not None and field.type == kind and not field.sensitive


def _wanted(node: Any, key: str, form: Form, kind: str, context: Context) -> str:
    name = context.text(node, key, "", max=40)
    if not _open(form, name, kind):
        words = _("“{name}”不是这本册里公开的{kind}项。")
        context.problem(
            node, key, "register.sum_field", words, name=name, kind={"number": _("数字"), "date": _("日期")}[kind]
        )
    return name


def _figure(node: Any, key: str, name: str, form: Form, known: list[str], context: Context) -> None:
    if name not in known and not _open(form, name, "number"):
        context.problem(node, key, "register.figure", _("“{name}”既不是合计，也不是公开的数字项。"), name=name)


def _sums(node: Any, form: Form, context: Context) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for index, item in context.each(node, "sums"):
        if index >= MOST or not context.keys(item, required=("id", "title", "of", "by", "add"), optional=("on",)):
            continue
        by = {str(theirs): str(own) for theirs, own in dict(item.get("by") or {}).items()}
        for own in by.values():
            field = form.get(own)
            if own != "label" and (field is None or field.sensitive):
                context.problem(
                    item, "by", "register.sum_by", _("“{name}”不是这本册里公开的项，也不是 label。"), name=own
                )
        if not by:
            context.problem(item, "by", "register.sum_by_none", _("要写 by：对方的哪一项和这一条的哪一项相同。"))
        one = {
            "id": context.text(item, "id", "", max=40), "title": context.title(item),
            "of": context.text(item, "of", "", max=40), "by": by,
            "add": context.text(item, "add", "", max=40), "on": context.text(item, "on", "", max=40),
        }  # fmt: skip
        if form.get(one["id"]) is not None or any(other["id"] == one["id"] for other in found):
            context.problem(item, "id", "register.sum_twice", _("“{name}”已经有了，合计请换个名字。"), name=one["id"])
        asked = Asked(context.file, one["of"], tuple(by), one["add"], one["on"], *position(item, "of"))
        context.shared["sums"] = (*context.shared.get("sums", ()), asked)
        found.append(one)
    return found


def _schedule(node: Any, form: Form, known: list[str], context: Context) -> dict[str, Any] | None:
    given = node["schedule"]
    if not context.keys(given, required=("total", "from", "until", "every"), optional=("paid",)):
        return None
    paid = context.text(given, "paid", "", max=40)
    if paid and paid not in known:
        context.problem(given, "paid", "register.figure", _("“{name}”既不是合计，也不是公开的数字项。"), name=paid)
    return {
        "total": _wanted(given, "total", form, "number", context),
        "start": _wanted(given, "from", form, "date", context),
        "end": _wanted(given, "until", form, "date", context),
        "every": context.one_of(given, "every", EVERY, "year"),
        "paid": paid,
    }


def _count(node: Any, form: Form, context: Context) -> dict[str, Any] | None:
    given = node["count"]
    if not context.keys(given, required=("most",), optional=("least", "unless")):
        return None
    most = context.whole(given, "most", 1, low=1, high=200)
    least, unless = context.whole(given, "least", 0, low=0, high=200), context.text(given, "unless", "", max=40)
    if least > most:
        context.problem(given, "least", "register.count", _("至少不能比至多还多。"))
    if least and form.get(unless) is None:
        context.problem(
            given, "unless", "register.count_unless", _("写了至少几条，就要写 unless：哪一项写明为什么少。")
        )
    return {"least": least, "most": most, "unless": unless}


def check_sums(context: Context) -> None:
    """Note sums over a register that is not there, or over fields it does not have in the open."""
    registers, pack = context.shared.get("registers", {}), context.file.partition("/")[0]
    for asked in context.shared.get("sums", ()):
        if asked.file.partition("/")[0] != pack:
            continue
        form: Form | None = registers[asked.of]["form"] if asked.of in registers else None
        fits = (
            form is not None
            and all((field := form.get(name)) is not None and not field.sensitive for name in asked.theirs)
            and _open(form, asked.add, "number")
            and (not asked.on or _open(form, asked.on, "date"))
        )
        if not fits:
            words = _("没有“{value}”这本册，或者它没有要加的数字项、要对的项或日期项。")
            context.within(asked.file).note(asked.line, asked.column, "register.sum", words, value=asked.of)
