"""A register may not lose a field that a rule in force reads: its pack is refused, naming both.

Inside one pack the reader sees that; here stands what packs of different places would do to each other.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.duties.rules import Rule
from gezhi.engines.duties.schema import rules
from gezhi.foundation import expressions as ex
from gezhi.foundation import packs
from gezhi.foundation.errors import Flawed, Problem
from gezhi.foundation.subjects import definitions
from gezhi.foundation.subjects.definitions import Register, rule_aliases, rule_types


@packs.on_install("register")
def still_read(_body: Any, *, pack: str, actor: Any) -> None:
    """Called in the installing transaction. Raises Flawed duties.field_gone; then nothing is installed."""
    flaws = []
    for rule in rules():
        if rule.over[0] != "register" or rule.over[1] not in packs.registry().names("register"):
            continue
        declared = definitions.register(rule.over[1])
        for field in _lacking(rule, declared):
            words = _("规定“{duty}”要用台账“{register}”里的“{field}”，新的表里没有这一项了。").format(
                duty=packs.say(rule.title), register=declared.said, field=field
            )
            flaws.append(Problem(f"registers/{declared.name}", 1, "duties.field_gone", words))
    if flaws:
        raise Flawed(flaws)


def _lacking(rule: Rule, declared: Register) -> list[str]:
    types = rule_types(declared.form)
    wanted = {*rule.reads, *rule.updates}
    if rule.seat[0] == "field":
        wanted.add(rule.seat[1])
    if rule.within is not None and rule.within[1] != "entered":
        wanted.add(rule.within[1])
    gone = sorted(name for name in wanted if name not in types and declared.form.get(name) is None)
    if not gone and rule.when is not None:
        try:  # the field is there and means something else now: 年龄 >= 60 over a text
            ex.compile(rule.when, types, expect=ex.Truth, aliases=rule_aliases(declared.form))
        except ex.ExpressionError as fault:
            return [f"{rule.when[:60]}（{fault.words}）"]
    return gone
