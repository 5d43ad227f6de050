"""The YAML a flow is written in: `flows/*.yaml`, a list of rules `when -> do`, read with every flaw at its line.

Body: {"title", "rules": [{"rule", "when", "if", "do", "with", "within"}]}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import expressions, packs
from gezhi.foundation.calendar import parse_limit
from gezhi.foundation.errors import Refusal
from gezhi.foundation.expressions import Truth
from gezhi.foundation.packs import Context
from gezhi.foundation.packs.loading import ITEM_NAME

from .catalogue import ACTIONS
from .occurrences import CATALOGUE

WITHIN = "3 calendar_day"


@dataclass(frozen=True)
class Rule:
    """`name` is "flow.rule"; `given` what the action was told; `within`: an event older than that is passed over."""

    name: str
    when: str
    condition: expressions.Program | None
    do: str
    given: Mapping[str, Any]
    within: str


def rules() -> dict[str, list[Rule]]:
    """Every rule in force, by the event it begins with."""
    registry = packs.registry()
    entries = tuple((name, registry.get("flow", name).hash) for name in registry.names("flow"))
    return _rules(entries)


@lru_cache(maxsize=8)
def _rules(entries: tuple[tuple[str, str], ...]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for flow, _hash in entries:
        for raw in packs.registry().body("flow", flow)["rules"]:
            condition = None
            if raw.get("if"):
                condition = expressions.compile(raw["if"], CATALOGUE[raw["when"]], expect=Truth)
            rule = Rule(f"{flow}.{raw['rule']}", raw["when"], condition, raw["do"], raw["with"], raw["within"])
            found.setdefault(rule.when, []).append(rule)
    return found


def read_flow(node: Any, context: Context) -> Any:
    """One `flows/*.yaml`: an unknown event, action, field, post or notice is noted with its line."""
    if not context.keys(node, required=("flow", "title", "rules"), optional=("version", "about")):
        return None
    rules: list[dict[str, Any]] = []
    for _index, raw in context.each(node, "rules"):
        if not context.keys(raw, required=("rule", "when", "do", "with"), optional=("if", "within", "why")):
            continue
        name = str(raw.get("rule", ""))
        if not ITEM_NAME.fullmatch(name):
            context.problem(
                raw, "rule", "pack.item_name", _("“{name}”只能用小写字母、数字、下划线和连字符。"), name=name
            )
        if any(rule["rule"] == name for rule in rules):
            context.problem(raw, "rule", "flow.twice", _("“{name}”写了两次。"), name=name)
        when = context.one_of(raw, "when", CATALOGUE)
        do = context.one_of(raw, "do", ACTIONS)
        if when is None or do is None:
            continue
        rule = {"rule": name, "when": when, "do": do, "within": _within(raw, context)}
        if "if" in raw:
            rule["if"] = _condition(raw, when, context)
        rule["with"] = ACTIONS[do].read(raw["with"], when, context)
        rules.append(rule)
    return {"title": context.title(node), "rules": rules}


def _within(raw: Any, context: Context) -> str:
    written = context.text(raw, "within", WITHIN, max=40)
    try:
        return str(parse_limit(written))
    except Refusal as fault:
        context.problem(raw, "within", "flow.within", str(fault.what))
        return WITHIN


def _condition(raw: Any, when: str, context: Context) -> str:
    source = context.text(raw, "if", "", max=300)
    try:
        expressions.compile(source, CATALOGUE[when], expect=Truth)
    except expressions.ExpressionError as fault:
        context.problem(
            raw, "if", "flow.condition", _("条件“{source}”不成立：{fault}"), source=source, fault=str(fault)
        )
    return source
