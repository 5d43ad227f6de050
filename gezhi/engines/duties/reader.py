"""From `duties/*.yaml` to the body of a rule; what never fires, fires all the time or reads a lost field is refused.

duty: monthly-health
title: {zh: 每月上门健康监测, en: Monthly health visit}
over: {register: elders}              # or {places: village}, {seats: grid_worker}
when: 年龄 >= 60                       # (optional) over the register's fields
seat: {post: village_doctor, only: true}   # or {relation: helper, else: village_secretary}, {field: …}, {self: true}
rhythm: {every: month, on: 31}        # reader_rhythm.py
window: {opens: 2, closes: 2}
says: {zh: 量血压、测血糖, en: ...}     # (optional) what to do, one line
record: [fields as in any form]       # (optional)
updates: {blood_pressure: systolic}   # (optional) field of the register: field of the record
case_when: systolic > 140             # (optional) then a case is opened
case: {workflow: request, category: "...", text: {zh: ...}}   # {systolic} stands for what was recorded
waive: [{ground: away, title: {zh: 外出, en: Away}}]
make_up: 7                            # days a missed one stays on the list
counts: {items: {register: key_item}} # (optional) a number of the record that is counted, never typed: live lines of the
                                      # subject (of the place, for rules over places), of one state where `state` says so
first: closed                         # (optional) not recorded while a case of an earlier one is open (flows.visits)
climbs: [{after: 1 work_day}, {after: 3 work_day, to: {post: street_officer}}]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.duties.reader_rhythm import read_rhythm
from gezhi.foundation import expressions as ex
from gezhi.foundation.calendar import parse_limit
from gezhi.foundation.errors import Refusal
from gezhi.foundation.forms import Form
from gezhi.foundation.packs import Context
from gezhi.foundation.packs.loading import ITEM_NAME

REQUIRED = ("duty", "title", "over", "seat", "rhythm")
OPTIONAL = (
    "version", "about", "when", "window", "says", "record", "updates", "case_when", "case", "waive", "make_up", "climbs",
    "counts", "first",
)  # fmt: skip
LEVELS = ("county", "town", "village", "grid1", "grid2", "grid3", "building")
MOST_RUNGS, MOST_GROUNDS = 5, 12
NAMED = re.compile(r"\{([a-z0-9_]+)\}")


def read_duty(node: Any, context: Context) -> dict[str, Any] | None:
    """The JSON body of a duty. Problems are noted on the context with their lines."""
    if not context.keys(node, required=REQUIRED, optional=OPTIONAL):
        return None
    over = _over(node, context)
    known = _known(over, context)
    form = Form.from_yaml(node.get("record") or [], context)
    rhythm = read_rhythm(node, context)
    if rhythm is not None and rhythm["every"] == "within":
        _date_field(node, rhythm["of"], over, known, context)
    program = _condition(node, "when", known, over, context)
    case_when = _of_record(node, form, context)
    case = _case(node, form, context)
    if case_when is not None and not case:
        context.problem(node, "case_when", "duties.case", _("写了 case_when，还要写 case：报成哪种事。"))
    body: dict[str, Any] = {
        "duty": context.text(node, "duty", "", max=40),
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "says": context.title(node, "says", required=False),
        "over": list(over),
        "when": program[0] if program else None,
        "reads": program[1] if program else [],
        "daily": program[2] if program else False,
        "seat": list(_seat(node, over, known, context)),
        "seat_else": _else(node, context),
        "strict": _strict(node, context),
        "rhythm": rhythm,
        "record": form.body(),
        "updates": _updates(node, form, over, known, context),
        "case_when": case_when,
        "case": case,
        "waive": _waive(node, context),
        "make_up": context.whole(node, "make_up", None, low=0, high=366),
        "climbs": _climbs(node, context),
    }
    # Left out where nothing is said, so that the pinned bodies of earlier rules stay as they are.
    if counts := _counts(node, form, over, context):
        body["counts"] = counts
    if "first" in node:
        body["first"] = context.one_of(node, "first", ("closed",), "closed")
        if not case:
            context.problem(node, "first", "duties.case", _("写了 first，还要写 case：报成哪种事。"))
    return body


def _counts(node: Any, form: Form, over: tuple[str, str], context: Context) -> dict[str, list[str]]:
    """field of the record -> [register, state or ""]: what is counted for it when the record is made."""
    given = node.get("counts")
    if given is None:
        return {}
    if not isinstance(given, Mapping) or over[0] == "seats":
        context.problem(
            node, "counts", "duties.counts", _("“counts”只用在对着台账或地方的规定里，写成“项: {register: 台账}”。")
        )
        return {}
    found = {}
    for name in given:
        inner = given[name]
        if not context.keys(inner, required=("register",), optional=("state",)):
            continue
        register, state = str(inner["register"]), str(inner.get("state") or "")
        known, asked = context.shared.get("registers", {}).get(register), form.get(str(name))
        if asked is None or asked.type != "number" or asked.sensitive:
            context.problem(given, name, "duties.finding", _("记录里没有“{field}”这一项。"), field=name)
        if known is None or (state and state not in known["states"]):
            context.problem(inner, "register", "duties.register", _("没有“{value}”这本册。"), value=register)
        found[str(name)] = [register, state]
    return found


def _one(node: Any, key: str, kinds: tuple[str, ...], context: Context) -> tuple[str, Any, Any] | None:
    """The one pair of a mapping such as `over: {register: elders}`: (kind, value, the mapping)."""
    inner = node.get(key)
    if not isinstance(inner, Mapping) or not context.keys(inner, optional=(*kinds, "only", "else")):
        return None
    given = [k for k in inner if k in kinds]
    if len(given) != 1:
        context.problem(
            node, key, "duties.one", _("“{key}”要写而且只写一样：{kinds}。"), key=key, kinds="、".join(kinds)
        )
        return None
    return given[0], inner[given[0]], inner


def _over(node: Any, context: Context) -> tuple[str, str]:
    found = _one(node, "over", ("register", "places", "seats"), context)
    if found is None:
        return ("", "")
    kind, value, inner = found
    value = str(value)
    if kind == "places" and value not in LEVELS:
        context.problem(
            inner,
            kind,
            "duties.level",
            _("没有“{value}”这一级，可以是：{known}。"),
            value=value,
            known="、".join(LEVELS),
        )
    if kind == "seats":
        _post(inner, kind, value, context)
    if kind == "register" and value not in context.shared.get("registers", {}):
        context.problem(inner, kind, "duties.register", _("没有“{value}”这本册。"), value=value)
    return kind, value


def _post(node: Any, key: str, post: Any, context: Context) -> str:
    if post not in context.shared.get("posts", ()):
        context.problem(node, key, "posts.unknown", _("没有“{post}”这个职务。"), post=post)
    return str(post)


def _known(over: tuple[str, str], context: Context) -> tuple[dict[str, ex.Type], dict[str, str]]:
    """What a condition over the subject may read: names with types, and their titles as aliases."""
    if over[0] != "register":
        return {}, {}
    body = context.shared.get("registers", {}).get(over[1], {})
    return dict(body.get("types", {})), dict(body.get("aliases", {}))


def _condition(
    node: Any, key: str, known: tuple[dict[str, ex.Type], dict[str, str]], over: tuple[str, str], context: Context
) -> tuple[str, list[str], bool] | None:
    """(source, the fields it reads, whether time alone may change it)."""
    if node.get(key) is None:
        return None
    source = context.text(node, key, "", max=400)
    if over[0] != "register":
        context.problem(node, key, "duties.when", _("只有对着一本册的规定才能写 when。"))
        return None
    types, aliases = known
    if not types:
        return None  # the register itself was refused
    try:
        program = ex.compile(source, types, expect=ex.Truth, aliases=aliases)
    except ex.ExpressionError as fault:
        context.problem(
            node, key, fault.code, _("规定“{duty}”的条件“{source}”，对着册“{register}”：{detail}"),
            duty=str(node.get("duty", "")), source=source[:80], register=over[1], detail=fault.words,
        )  # fmt: skip
        return None
    reads = sorted(name for name in program.reads if not name.startswith("\0"))
    return source, reads, program.needs_today or "age" in reads


def _of_record(node: Any, form: Form, context: Context) -> str | None:
    if node.get("case_when") is None:
        return None
    source = str(context.text(node, "case_when", "", max=400))
    try:
        ex.compile(source, form.types(), expect=ex.Truth, aliases=form.aliases())
    except ex.ExpressionError as fault:
        context.problem(
            node, "case_when", fault.code, _("条件“{source}”：{detail}"), source=source[:80], detail=fault.words
        )
        return None
    return source


def _date_field(
    node: Any,
    of: str,
    over: tuple[str, str],
    known: tuple[dict[str, ex.Type], dict[str, str]],
    context: Context,
) -> None:
    if of == "entered":
        return
    types, _aliases = known
    if types.get(of) != ex.Date:
        context.problem(
            node["rhythm"], "of", "duties.date_field",
            _("规定“{duty}”从“{field}”起算，册“{register}”里没有这个日期项。"),
            duty=str(node.get("duty", "")), field=of, register=over[1],
        )  # fmt: skip


def _seat(
    node: Any, over: tuple[str, str], known: tuple[dict[str, ex.Type], dict[str, str]], context: Context
) -> tuple[str, str]:
    found = _one(node, "seat", ("post", "field", "relation", "self"), context)
    if found is None:
        return ("self", "")
    kind, value, inner = found
    if kind == "post":
        return kind, _post(inner, kind, value, context)
    if kind == "self":
        if over[0] != "seats":
            context.problem(inner, kind, "duties.self", _("只有对着岗位的规定（over: seats）才能由岗位自己做。"))
        return kind, ""
    if over[0] != "register":
        context.problem(inner, kind, "duties.seat", _("只有对着一本册的规定才能这样找人。"))
    elif kind == "field" and value not in known[0]:
        context.problem(
            inner, kind, "duties.seat_field", _("规定“{duty}”由“{field}”里写的岗位做，册“{register}”里没有这一项。"),
            duty=str(node.get("duty", "")), field=value, register=over[1],
        )  # fmt: skip
    return kind, str(value)


def _else(node: Any, context: Context) -> str:
    """The post that does it while nobody is named; needed where a field or a relation says who."""
    inner = node.get("seat")
    if not isinstance(inner, Mapping) or not {"field", "relation"} & set(inner):
        return ""
    if "else" not in inner:
        context.problem(node, "seat", "duties.else", _("还没有指定人的时候归谁？请写 else: 职务。"))
        return ""
    return _post(inner, "else", inner.get("else"), context)


def _strict(node: Any, context: Context) -> bool:
    inner = node.get("seat")
    return context.truth(inner, "only") if isinstance(inner, Mapping) else False


def _updates(
    node: Any, form: Form, over: tuple[str, str], known: tuple[dict[str, ex.Type], dict[str, str]], context: Context
) -> dict[str, str]:
    given = node.get("updates")
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        context.problem(node, "updates", "pack.shape", _("这里要写成“名: 值”的形式。"))
        return {}
    for field, finding in given.items():
        if field not in known[0]:
            context.problem(
                given, field, "duties.updates", _("规定“{duty}”要更新“{field}”，册“{register}”里没有这一项。"),
                duty=str(node.get("duty", "")), field=field, register=over[1],
            )  # fmt: skip
        asked = form.get(str(finding))
        if asked is None and finding != "day":
            context.problem(given, field, "duties.finding", _("记录里没有“{field}”这一项。"), field=finding)
        elif asked is not None and asked.sensitive:
            context.problem(given, field, "duties.sensitive", _("“{field}”是敏感的，不能抄进册里。"), field=finding)
    return {str(k): str(v) for k, v in given.items()}


def _case(node: Any, form: Form, context: Context) -> dict[str, Any]:
    given = node.get("case")
    if given is None:
        return {}
    if not context.keys(given, required=("workflow",), optional=("category", "text")):
        return {}
    workflow = context.text(given, "workflow", "", max=40)
    if f"workflow/{workflow}" not in context.shared.get("items", ()):
        context.problem(given, "workflow", "services.workflow", _("没有流程“{code}”。"), code=workflow)
    body: dict[str, Any] = {"workflow": workflow, "text": context.title(given, "text", required=False)}
    for said in (body["text"] or {}).values():
        for name in NAMED.findall(said):
            asked = form.get(name)
            if asked is None or asked.sensitive or asked.type == "long_text":
                words = _("记录里没有“{field}”这一项，或者它是敏感的，不能写进报的事里。")
                context.problem(given, "text", "duties.case_text", words, field=name)
    if "category" in given:
        catalogue = context.shared.get("categories")
        found = catalogue.find(str(given["category"])) if catalogue else None
        if found is None:
            context.problem(given, "category", "categories.path", _("没有“{path}”这一类。"), path=given["category"])
        else:
            body["category"] = found.code
    return body


def _waive(node: Any, context: Context) -> dict[str, Any]:
    grounds: dict[str, Any] = {}
    for index, item in context.each(node, "waive"):
        if not context.keys(item, required=("ground", "title")) or index >= MOST_GROUNDS:
            continue
        code = context.text(item, "ground", "", max=20)
        if not ITEM_NAME.fullmatch(code) or code in grounds:
            context.problem(item, "ground", "duties.ground", _("“{code}”写了两次，或者不是小写字母。"), code=code)
        grounds[code] = context.title(item)
    return grounds


def _climbs(node: Any, context: Context) -> list[dict[str, Any]]:
    rungs: list[dict[str, Any]] = []
    for index, item in context.each(node, "climbs"):
        if index >= MOST_RUNGS or not context.keys(item, required=("after",), optional=("to",)):
            continue
        after = context.text(item, "after", "0 calendar_day", max=40)
        try:
            after = str(parse_limit(after))
        except Refusal as fault:
            context.problem(item, "after", fault.code, fault.what)
        post = None
        to = item.get("to")
        if isinstance(to, Mapping):
            context.keys(to, required=("post",))
            post = _post(to, "post", to.get("post"), context)
        elif to not in (None, "above"):
            context.problem(item, "to", "duties.to", _("“to”写 above，或者写一个 post（职务）。"))
        rungs.append({"after": after, "post": post})
    return rungs
