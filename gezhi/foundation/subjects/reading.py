"""How `subjects/`, `relations/` and `registers/` of a pack are read: every flaw with its file and line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import expressions as ex
from gezhi.foundation.forms import Form
from gezhi.foundation.packs import Context
from gezhi.foundation.packs.reading import position

from . import reading_sums
from .definitions import BUILT_IN, COLUMN_TITLES, SUBJECT_ALIASES, SUBJECT_TYPES, rule_aliases, rule_types

PERSON_FACTS = ("name", "id_number", "phone", "sex", "born")
SIDES = ("one", "other")
OPEN_TYPES = ("text", "number", "truth", "date", "choice", "limit")


def read_kind(node: Any, context: Context) -> Any:
    """A kind of subject beside the built-in ones."""
    if not context.keys(node, required=("subject", "title"), optional=("version", "about", "personal", "code")):
        return None
    name = context.text(node, "subject", "", max=40)
    if name in BUILT_IN:
        context.problem(node, "subject", "subject.built_in", _("“{name}”是自带的，不用再写。"), name=name)
    body = {
        "title": context.title(node),
        "personal": context.truth(node, "personal"),
        "code": context.text(node, "code", "", max=20),
    }
    context.shared.setdefault("subjects", {})[name] = body
    return body


def read_relation(node: Any, context: Context) -> Any:
    """A kind of relation: which kinds of subjects, and the sides that may have only one at a time."""
    required = ("relation", "title", "one", "other")
    if not context.keys(node, required=required, optional=("version", "about", "single", "one_title", "other_title")):
        return None
    single = [str(side) for _index, side in context.each(node, "single")]
    for side in single:
        if side not in SIDES:
            context.problem(node, "single", "relation.single", _("“single”里只能写 one 或 other。"))
    body = {
        "title": context.title(node),
        "one": _kind(node, "one", context),
        "other": _kind(node, "other", context),
        "single": sorted(set(single)),
        "one_title": context.title(node, "one_title", required=False),
        "other_title": context.title(node, "other_title", required=False),
    }
    context.shared.setdefault("relations", {})[context.text(node, "relation", "", max=40)] = body
    return body


def read_register(node: Any, context: Context) -> Any:
    """A register: its form is read like any other, then everything that names a field is held against it."""
    optional = (
        "version", "about", "one", "state", "see", "edit", "inside", "signed", "columns", "sheet", "relation", "options",
        "for", "end_when", "public", *reading_sums.KEYS,
    )  # fmt: skip
    if not context.keys(node, required=("register", "title", "of", "form"), optional=optional):
        return None
    form = Form.from_yaml(node.get("form"), context, types=SUBJECT_TYPES)
    ids = [f.id for f in form]
    for id_ in ids:
        if id_ in SUBJECT_TYPES or id_ in COLUMN_TITLES or id_ in PERSON_FACTS:
            context.problem(node, "form", "register.reserved", _("“{id}”是每本台账都有的，字段请换个名字。"), id=id_)
    of = _kind(node, "of", context)
    body: dict[str, Any] = {
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "of": of,
        "form": form.body(),
        "one": _one(node, form, context),
        "states": _states(node, form, context),
        "see": _posts(node, "see", context),
        "edit": _posts(node, "edit", context),
        "inside": context.truth(node, "inside"),
        "signed": context.truth(node, "signed"),
        "columns": _columns(node, ids, context),
        "sheet": _sheet(node, ids, context),
        "relation": _relation(node, of, context),
        "options": _options(node, ids, context),
    }
    # Left out where nothing is said, so that the pinned bodies of earlier registers stay as they are.
    if (whom := _whom(node, of, ids, context)) is not None:
        body["whom"] = whom
    if "end_when" in node:
        body["end_when"] = _condition(node, "end_when", form, context)
    if "public" in node:
        body["public"] = _public(node, of, form, body["inside"], context)
    body |= reading_sums.read_sums(node, form, context)
    # What rules of other kinds (duties, activities) are held against: names and types, by register.
    context.shared.setdefault("registers", {})[context.text(node, "register", "", max=40)] = {
        "of": of,
        "form": form,
        "states": [state["is"] for state in body["states"]],
        "types": rule_types(form),
        "aliases": rule_aliases(form),
    }
    return body


def _kind(node: Any, key: str, context: Context) -> str:
    known = [*BUILT_IN, *context.shared.get("subjects", {})]
    return context.one_of(node, key, known, "")


def _one(node: Any, form: Form, context: Context) -> str:
    one = context.text(node, "one", "", max=120).replace(" ", "")
    for part in one.split("+") if one else ():
        if part in ("subject", "place"):
            continue
        field = form.get(part)
        if field is None:
            context.problem(
                node, "one", "register.one", _("“one”要写 subject、place 或一个字段的名字；没有字段“{id}”。"), id=part
            )
        elif field.sensitive or field.type in ("long_text", "photos", "seats", "places"):
            context.problem(node, "one", "register.one_secret", _("“{id}”不公开或是长内容，不能用来认重。"), id=part)
    return one


def _states(node: Any, form: Form, context: Context) -> list[dict[str, Any]]:
    types, aliases = rule_types(form), rule_aliases(form)
    found: list[dict[str, Any]] = []
    for _index, item in context.each(node, "state"):
        if not context.keys(item, required=("is", "title"), optional=("when",)):
            continue
        name, when = context.text(item, "is", "", max=20), context.text(item, "when", None, max=400)
        if any(s["is"] == name for s in found):
            context.problem(item, "is", "register.state_twice", _("状态“{name}”写了两次。"), name=name)
        if found and found[-1]["when"] is None:
            context.problem(item, "is", "register.state_after", _("没有条件的状态要写在最后，后面的不会用到。"))
        if when is not None:
            _compiled(item, "when", when, types, aliases, context)
        found.append({"is": name, "title": context.title(item), "when": when})
    return found


def _compiled(node: Any, key: str, source: str, types: Any, aliases: Any, context: Context) -> None:
    try:
        ex.compile(source, types, expect=ex.Truth, aliases=aliases)
    except ex.ExpressionError as fault:
        context.problem(node, key, fault.code, _("条件“{source}”：{detail}"), source=source[:80], detail=fault.words)


def _condition(node: Any, key: str, form: Form, context: Context) -> str:
    source = str(context.text(node, key, "", max=400))
    _compiled(node, key, source, rule_types(form), rule_aliases(form), context)
    return source


@dataclass(frozen=True)
class Meant:
    """`for` of a register that was read, with where it stands: held against the other register when all are read."""

    file: str
    of: str
    register: str
    when: str | None
    field: str
    line: int
    column: int


def _whom(node: Any, of: str, ids: list[str], context: Context) -> dict[str, Any] | None:
    given = node.get("for")
    if given is None or not context.keys(given, required=("register",), optional=("when", "only", "field")):
        return None
    name, when = context.text(given, "register", "", max=40), context.text(given, "when", None, max=400)
    field = context.text(given, "field", "", max=40)
    if field and field not in ids:
        context.problem(given, "field", "register.for_field", _("这本册自己也要有“{id}”这一项。"), id=field)
    meant = Meant(context.file, of, name, when, field, *position(given, "when" if when is not None else "register"))
    context.shared["meant"] = (*context.shared.get("meant", ()), meant)
    body = {"register": name, "when": when, "only": context.truth(given, "only")}
    return body | ({"field": field} if field else {})


def check_meant(context: Context) -> None:
    """Note registers that are for the lines of one that is not there, or by a condition it cannot answer."""
    known, pack = context.shared.get("registers", {}), context.file.partition("/")[0]
    for meant in context.shared.get("meant", ()):
        if meant.file.partition("/")[0] != pack:
            continue
        inner, other = context.within(meant.file), known.get(meant.register)
        if other is None or (meant.field not in other["types"] if meant.field else other["of"] != meant.of):
            words = _("没有“{value}”这本册，或者它登记的不是同一类、没有那一项。")
            inner.note(meant.line, meant.column, "register.for", words, value=meant.register)
        elif meant.when is not None:
            try:
                ex.compile(meant.when, other["types"], expect=ex.Truth, aliases=other["aliases"])
            except ex.ExpressionError as fault:
                inner.note(
                    meant.line, meant.column, fault.code, _("条件“{source}”：{detail}"),
                    source=meant.when[:80], detail=fault.words,
                )  # fmt: skip


def _posts(node: Any, key: str, context: Context) -> list[str]:
    known = context.shared.get("posts", set())
    found = []
    for index, post in context.each(node, key):
        if str(post) not in known:
            context.problem(node[key], index, "register.post", _("没有岗位“{code}”。"), code=post)
        found.append(str(post))
    return found


def _columns(node: Any, ids: list[str], context: Context) -> list[str]:
    if "columns" not in node:
        return ["label", "place", *(["state"] if node.get("state") else []), *ids[:4], "since"]
    found = []
    for index, column in context.each(node, "columns"):
        if str(column) not in ids and str(column) not in COLUMN_TITLES:
            context.problem(
                node["columns"], index, "register.column", _("没有这一栏：“{id}”，可以写：{known}。"),
                id=column, known="、".join([*COLUMN_TITLES, *ids]),
            )  # fmt: skip
        found.append(str(column))
    return found


def _public(node: Any, of: str, form: Form, inside: bool, context: Context) -> list[str]:
    """Columns for everybody. Nothing of people leaves this way, nor what is for the inside, nor what is sealed."""
    kind = BUILT_IN.get(of)
    personal = kind.personal if kind is not None else context.shared.get("subjects", {}).get(of, {}).get("personal")
    if personal or inside:
        context.problem(node, "public", "register.public", _("登记人、户的和只在内部的台账不能公开。"))
    found = []
    for index, column in context.each(node, "public"):
        field = form.get(str(column))
        if field is None and str(column) not in ("state", "since"):
            context.problem(
                node["public"],
                index,
                "register.column",
                _("没有这一栏：“{id}”，可以写：{known}。"),
                id=column,
                known="、".join(["state", "since", *(f.id for f in form)]),
            )
        elif field is not None and (field.sensitive or field.type not in OPEN_TYPES):
            context.problem(
                node["public"],
                index,
                "register.public_secret",
                _("“{id}”不公开或是长内容，不能放到公开的页面上。"),
                id=column,
            )
        found.append(str(column))
    return found


def _sheet(node: Any, ids: list[str], context: Context) -> dict[str, list[str]]:
    given = node.get("sheet") or {}
    known = (*ids, *PERSON_FACTS, "code", "place", "since", "until")
    if not context.keys(given, optional=known):
        return {}
    return {str(f): [str(w) for _index, w in context.each(given, f)] for f in given if f in known}


def _relation(node: Any, of: str, context: Context) -> str:
    """The relation whose absence is a gap in this register: each live subject must stand on its `one` side."""
    name = context.text(node, "relation", "", max=40)
    if not name:
        return ""
    known = context.shared.get("relations", {})
    if name not in known:
        context.problem(node, "relation", "register.relation", _("没有关系“{name}”。"), name=name)
    elif known[name]["one"] != of:
        context.problem(node, "relation", "register.relation_side", _("关系“{name}”的一边不是这类对象。"), name=name)
    return name


def _options(node: Any, ids: list[str], context: Context) -> dict[str, Any]:
    """`others`: the fields that are about somebody else, masked also for whom the line is about. `unlisted`: derived states
    in which a line is no longer on the public page."""
    given = node.get("options") or {}
    if not context.keys(
        given, optional=("confirm_after_days", "group", "partition", "duplicates", "others", "unlisted")
    ):
        return {}
    found: dict[str, Any] = {}
    if "confirm_after_days" in given:
        found["confirm_after_days"] = context.whole(given, "confirm_after_days", 0, low=1, high=3_660)
    if "unlisted" in given:
        known = [str(state.get("is")) for _i, state in context.each(node, "state") if isinstance(state, Mapping)]
        found["unlisted"] = [str(state) for _i, state in context.each(given, "unlisted")]
        for index, state in enumerate(found["unlisted"]):
            if state not in known:
                words = _("册“{register}”没有“{value}”这种状态。")
                context.problem(
                    given["unlisted"], index, "activity.partners", words, register=node.get("register", ""), value=state
                )
    if "group" in given:
        found["group"] = context.text(given, "group", "", max=40)
    if "others" in given:
        found["others"] = []
        for index, field in context.each(given, "others"):
            if str(field) not in ids:
                context.problem(
                    given["others"], index, "register.others", _("“others”里写的“{id}”不是这本台账的字段。"), id=field
                )  # fmt: skip
            found["others"].append(str(field))
    return found


assert not set(SUBJECT_ALIASES.values()) - set(SUBJECT_TYPES)
