"""Reading panels and watches of a workflow file: shares, voters, ways of the results."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows.schema_panels import BASES, FORMS, RESULTS, WEIGHTS
from gezhi.foundation.packs.reading import Context

PANEL = (
    "quorum", "passing", "base", "area", "secret", "minutes", "rounds", "groups", "top", "mark", "trim",
    "public",
)  # fmt: skip


def panel(node: Any, context: Context) -> dict[str, Any]:
    """The body of a panel's rule; a key is in it only when it was written."""
    if not context.keys(node, required=("form", "voters", "ways"), optional=PANEL):
        return {"form": "comment", "voters": {}, "ways": {}}
    body: dict[str, Any] = {
        "form": context.one_of(node, "form", FORMS, "comment"),
        "voters": _voters(node["voters"], context),
        "ways": _ways(node["ways"], context),
    }
    for name in ("quorum", "passing"):
        if name in node:
            body[name] = _share(node[name], context)
    if "base" in node:
        body["base"] = context.one_of(node, "base", BASES, "voted")
    for name in ("area", "secret", "minutes", "public"):
        if context.truth(node, name):
            body[name] = True
    for name, low, high in (("rounds", 1, 9), ("top", 2, 100), ("trim", 0, 5)):
        if name in node:
            body[name] = context.whole(node, name, low, low=low, high=high)
    if "mark" in node:
        body["mark"] = _number(node, "mark", context)
    if "groups" in node:
        body["groups"] = [_group(g, context) for _i, g in context.each(node, "groups")]
    return body


def draw(node: Any, context: Context) -> dict[str, Any]:
    """So many seats of a post, and who of them comes first."""
    if not context.keys(node, required=("post", "count"), optional=("by",)):
        return {"post": "", "count": 1}
    return {
        "post": context.text(node, "post", ""),
        "count": context.whole(node, "count", 1, low=1, high=99),
        "by": context.one_of(node, "by", WEIGHTS, "lot"),
    }


def _number(node: Any, key: str, context: Context) -> str:
    value = node.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not _plain(str(value)):
        context.problem(node, key, "pack.type", _("“{key}”要写一个数。"), key=key)
        return "0"
    return str(Decimal(str(value)))


def _plain(text: str) -> bool:
    return re.fullmatch(r"\d{1,6}(\.\d{1,4})?", text) is not None


def _voters(node: Any, context: Context) -> dict[str, Any]:
    if not context.keys(node, optional=("roll", "posts", "kept", "draw", "same")):
        return {}
    if len(node) != 1:
        words = _(
            "参加的人写 roll（名册）、posts（岗位）、kept（选定的席位）、draw（抽取）或 same（同一批人），只写一种。"
        )
        context.problem(node, None, "panel.voters", words)
        return {}
    if "roll" in node:
        return {"roll": context.one_of(node, "roll", ("households", "persons"), "households")}
    if "posts" in node:
        return {"posts": [str(v) for _i, v in context.each(node, "posts")]}
    if "draw" in node:
        return {"draw": draw(node["draw"], context)}
    key = next(iter(node))
    return {key: context.text(node, key, "", max=40)}


def _ways(node: Any, context: Context) -> dict[str, str]:
    if not context.keys(node, optional=RESULTS):
        return {}
    return {name: context.text(node, name, "", max=40) for name in RESULTS if name in node}


def _share(node: Any, context: Context) -> dict[str, Any]:
    if not context.keys(node, optional=("at_least", "more_than", "count")):
        return {}
    if len(node) != 1:
        words = _("写 at_least（至少）、more_than（超过）几分之几，或 count（几个），只写一种。")
        context.problem(node, None, "panel.share", words)
        return {}
    key = next(iter(node))
    if key == "count":
        return {"count": context.whole(node, "count", 1, low=1, high=20_000)}
    text = str(node[key]).replace(" ", "")
    found = re.fullmatch(r"(\d{1,3})/(\d{1,3})", text)
    if found is None or int(found[2]) == 0:
        context.problem(node, key, "panel.share", _("“{text}”要写成几分之几，比如 2/3。"), text=text)
        return {}
    share = Fraction(int(found[1]), int(found[2]))
    return {str(key): f"{share.numerator}/{share.denominator}"}  # the whole as well: 1/1


def _group(node: Any, context: Context) -> dict[str, Any]:
    if not isinstance(node, Mapping) or not context.keys(node, required=("id", "title")):
        return {"id": "", "title": {"zh": "", "en": ""}}
    return {"id": context.text(node, "id", "", max=20), "title": context.title(node)}
