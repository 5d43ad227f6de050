"""回访抽样: whom a follow-up asks, and with which words, as `follow_up.yaml` of a pack says.

The first rule that holds says how many of a hundred are asked, so that a street may ask everybody and a county one in
five. docs/rules/follow-up.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import rules
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.schema import SETTABLE
from gezhi.foundation import expressions, packs
from gezhi.foundation.expressions import Number, Text, Truth, Type
from gezhi.foundation.packs.reading import Context, localised

#: What a rule may read of a case.
READS: dict[str, Type] = {
    **{name: SETTABLE[name] for name in ("sort", "category", "kind", "urgent", "instant")},
    "channel": Text, "reopenings": Number, "merged": Truth, "outcome": Text,
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """The pack's follow-up. `shares`: (condition or None, of a hundred). `days`: how long merged reports are asked."""

    shares: tuple[tuple[str | None, int], ...] = ((None, 100),)
    days: int = 30
    hello: Mapping[str, str] | None = None
    questions: tuple[Mapping[str, str], ...] = ()
    bye: Mapping[str, str] | None = None


def plan() -> Plan:
    """What the pack installed last says; without one everybody is asked."""
    return _read(packs.registry())


@lru_cache(maxsize=4)
def _read(registry: Any) -> Plan:
    names = registry.names("follow_up")
    if not names:
        return Plan()
    body = registry.body("follow_up", names[-1])
    shares = tuple((rule.get("when"), rule["share"]) for rule in body["ask"])
    return Plan(shares or Plan.shares, body["days"], body.get("hello"), tuple(body["questions"]), body.get("bye"))


def drawn(case: Case) -> bool:
    """Whether this round of the case is among those asked. The draw is fixed: asking again changes nothing."""
    values = {name: getattr(case, name, None) or None for name in READS if name not in ("merged", "urgent", "instant")}
    values |= {"merged": case.merged_into is not None, "urgent": case.urgent, "instant": case.instant}
    values["reopenings"] = case.reopenings
    for when, share in plan().shares:
        if when is None or expressions.compile(when, READS).holds(values):
            return rules.draw(case.id, case.cycle) < share
    return True


def words(text: Mapping[str, str] | None, **facts: str) -> str:
    """A sentence of the script in the language of the page, with what is known put in."""
    found = localised(text) if text else ""
    for name, value in facts.items():
        found = found.replace("{" + name + "}", value)
    return found


def read_plan(node: Any, context: Context) -> Mapping[str, Any] | None:
    """`follow_up.yaml`: ask (rules), days, hello, questions, bye; problems are noted with their lines."""
    if not context.keys(node, required=("ask",), optional=("version", "about", "days", "hello", "questions", "bye")):
        return None
    ask: list[dict[str, Any]] = []
    for _at, rule in context.each(node, "ask"):
        if not context.keys(rule, required=("share",), optional=("when", "else")):
            continue
        body: dict[str, Any] = {"share": context.whole(rule, "share", 100, low=0, high=100)}
        if "when" in rule:
            body["when"] = str(rule["when"])
            try:
                expressions.compile(body["when"], READS, expect=Truth)
            except expressions.ExpressionError as wrong:
                context.problem(rule, "when", "follow_up.when", _("条件写得不对：{why}"), why=str(wrong))
        ask.append(body)
    found: dict[str, Any] = {"ask": ask, "days": context.whole(node, "days", 30, low=1, high=365), "questions": []}
    for name in ("hello", "bye"):
        if name in node:
            found[name] = context.title(node, name)
    for _at, question in context.each(node, "questions"):
        if context.keys(question, required=("zh",), optional=("en",)):
            found["questions"].append({lang: context.text(question, lang, "") for lang in ("zh", "en")})
    return found
