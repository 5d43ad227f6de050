"""From `bulletins/*.yaml` to the body of a template; a metric nobody counts is refused with file and line.

A section: {id, title, only: {workflow: dispute}, text: [sentence | {say, when} | {causes: {of, by}}], figures: [metric],
table: {by, figures, most}, public: true}.
"""

from __future__ import annotations

import difflib
import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.publishing import rules
from gezhi.engines.publishing.bulletins.schema import (
    BY_DAY,
    LEVELS,
    NAMES,
    OF,
    ONLY,
    PERIODS,
    REACH,
    TABLES,
    WHEN,
    metric_of,
)
from gezhi.foundation import expressions
from gezhi.foundation.expressions import ExpressionError
from gezhi.foundation.measures import METRICS
from gezhi.foundation.packs.reading import Context

#: What stands behind a number says what it counts: 3 件, 3 人次, 3 人.
UNITS = {"matters": ("件",), "times": ("人次", "次", "件"), "persons": ("人", "位", "名")}
_BEHIND = re.compile(r"\{([a-z_]+)\}\s*(人次|件|次|人|位|名)")
#: Counted once per person: they neither add up over groups nor can be taken apart into causes.
_WHOLE = frozenset(id for id, metric in METRICS.items() if metric.counts == "persons")
_FIGURES = {of: {id for id, metric in METRICS.items() if metric.source == of} for of in OF}
_READS = {
    of: {name: expressions.Number for id in known for name in (id, *(head + id for head in WHEN))}
    for of, known in _FIGURES.items()
}


def read_bulletin(node: Any, context: Context) -> dict[str, Any] | None:
    """The JSON body of a template file. Problems are noted on the context."""
    required = ("bulletin", "version", "title", "periods", "levels", "issuers", "sections")
    if not context.keys(node, required=required, optional=("about", "automatic", "minimum", "of")):
        return None
    of = context.one_of(node, "of", tuple(OF), "cases")
    body = {
        "title": context.title(node),
        "periods": _chosen(node, "periods", PERIODS, context),
        "levels": _chosen(node, "levels", LEVELS, context),
        "automatic": context.truth(node, "automatic", True),
        "minimum": context.whole(node, "minimum", 10, low=5, high=100),
        "issuers": _issuers(node, context),
        "sections": [_section(item, of, context) for _i, item in context.each(node, "sections")],
    }
    if of != "cases":
        body["of"] = of
    return body


def _chosen(node: Any, key: str, known: tuple[str, ...], context: Context) -> list[str]:
    found = [str(value) for _i, value in context.each(node, key)]
    for index, value in enumerate(found):
        if value not in known:
            context.problem(node[key], index, "bulletin.unknown", _("没有“{name}”。"), name=value)
    return [value for value in known if value in found]


def _issuers(node: Any, context: Context) -> dict[str, str]:
    given = node.get("issuers")
    if not context.keys(given, required=LEVELS[:1], optional=LEVELS[1:]):
        return {}
    for key in given:
        for name in rules.names_in(str(given[key])):
            if name not in ("place", "county"):
                context.problem(given, key, "bulletin.unknown", _("没有“{name}”。"), name=name)
    return {level: str(given[level]) for level in LEVELS if level in given}


def _section(node: Any, of: str, context: Context) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "id": "", "title": {"zh": "", "en": ""}, "only": {}, "text": [], "figures": [], "table": None, "public": False,
    }  # fmt: skip
    if not context.keys(node, required=("id", "title"), optional=("only", "text", "figures", "table", "public")):
        return empty
    only = node.get("only") or {}
    if only and context.keys(only, optional=ONLY[of]) and "reach" in only:
        context.one_of(only, "reach", REACH)
    section = {
        "id": context.text(node, "id", "", max=40),
        "title": context.title(node),
        "only": {key: str(only[key]) for key in ONLY[of] if key in only},
        "text": [_sentence(node["text"], i, item, of, context) for i, item in context.each(node, "text")],
        "figures": _figures(node, of, context),
        "table": _table(node, of, context),
        "public": context.truth(node, "public"),
    }
    if section["only"]:
        said = [*section["figures"], *(metric_of(name) for piece in section["text"] for name in piece["reads"])]
        for id in _WHOLE.intersection(said):
            _persons(node, "only", id, context)
    return section


def _figures(node: Any, of: str, context: Context) -> list[str]:
    found = []
    for index, item in context.each(node, "figures"):
        if _known(str(item), _FIGURES[of], node["figures"], index, context):
            found.append(str(item))
    return found


def _table(node: Any, of: str, context: Context) -> dict[str, Any] | None:
    given = node.get("table")
    if given is None or not context.keys(given, required=("by", "figures"), optional=("most",)):
        return None
    by = context.one_of(given, "by", TABLES[of], TABLES[of][1])
    figures = _figures(given, of, context)
    for index, id in enumerate(figures):
        if id in _WHOLE:
            _persons(given["figures"], index, id, context)
        if by == "day" and id not in BY_DAY:
            context.problem(
                given["figures"],
                index,
                "bulletin.not_by_day",
                _("“{id}”不是按天发生的数，各天加起来不等于全期。"),
                id=id,
            )
    return {"by": by, "figures": figures, "most": context.whole(given, "most", 0, low=0, high=60)}


def _sentence(holder: Any, index: int, node: Any, of: str, context: Context) -> dict[str, Any]:
    if isinstance(node, str):
        return {"say": _said(node, holder, index, of, context), "reads": rules.names_in(node)}
    if not context.keys(node, optional=("say", "when", *(["causes"] if of == "cases" else []))):
        return {"say": "", "reads": []}
    piece: dict[str, Any] = {"reads": []}
    if "when" in node:
        piece["when"], reads = _condition(node, of, context)
        piece["reads"] += reads
    if "causes" in node:
        piece["causes"] = _causes(node["causes"], context)
    else:
        say = context.text(node, "say", "", max=400)
        piece["say"] = _said(say, node, "say", of, context)
        piece["reads"] += rules.names_in(say)
    piece["reads"] = sorted(name for name in set(piece["reads"]) if name in NAMES or metric_of(name) in METRICS)
    return piece


def _said(say: str, holder: Any, key: Any, of: str, context: Context) -> str:
    for name in rules.names_in(say):
        if name not in NAMES:
            _known(metric_of(name), _FIGURES[of], holder, key, context)
    if rules.stray_brace(say):
        context.problem(holder, key, "document.brace", _("大括号不成对；字段写成 {example}。"), example="{reported}")
    for name, unit in _BEHIND.findall(say):
        metric = METRICS.get(metric_of(name))
        if metric is not None and metric.unit == "count" and unit not in UNITS[metric.counts]:
            words = _("“{name}”数的是{right}，不能说成“{unit}”：人数、人次和件数不能混。")
            context.problem(
                holder, key, "bulletin.mixed", words, name=name, right="、".join(UNITS[metric.counts]), unit=unit
            )
    return say.strip()


def _condition(node: Any, of: str, context: Context) -> tuple[str, list[str]]:
    source = context.text(node, "when", "", max=300)
    try:
        program = expressions.compile(source, _READS[of])
        if program.type != expressions.Truth:
            raise ExpressionError("expression.type", 0, _("条件要得出是或否。"))
        return source, sorted(program.reads)
    except ExpressionError as fault:
        context.problem(node, "when", "bulletin.condition", "{words}", words=str(fault))
        return "", []


def _causes(node: Any, context: Context) -> dict[str, str]:
    if not context.keys(node, required=("of", "by")):
        return {"of": "reported", "by": "category"}
    of = context.text(node, "of", "reported", max=40)
    if _known(of, _FIGURES["cases"], node, "of", context) and (of in _WHOLE or METRICS[of].unit != "count"):
        context.problem(node, "of", "bulletin.causes", _("“{id}”不能拆开来看，只有件数能加减。"), id=of)
    return {"of": of, "by": context.one_of(node, "by", ("category", "below", "unit"), "category")}


def _persons(node: Any, key: Any, id: str, context: Context) -> None:
    context.problem(
        node, key, "bulletin.persons", _("“{id}”数的是人，同一个人会出现在几处，不能分开列，也不能相加。"), id=id
    )


def _known(id: str, known: set[str], node: Any, key: Any, context: Context) -> bool:
    if id in known:
        return True
    near = difflib.get_close_matches(id, sorted(known), n=1, cutoff=0.5)
    if near:
        words = _("没有指标“{id}”，您是要写“{near}”吗？")
        context.problem(node, key, "bulletin.metric", words, id=id, near=near[0])
    else:
        context.problem(node, key, "bulletin.metric", _("没有指标“{id}”。"), id=id)
    return False
