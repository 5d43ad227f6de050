"""A visit as it is made: one note, the duty closed, the register updated, and a case when something is wrong.

The only place where duties and cases meet. Everything in one write: a visit that is kept has its case, or neither is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError

from gezhi.engines.duties import actions, queries
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.rules import Rule
from gezhi.engines.duties.schema import rule as rule_of
from gezhi.engines.workflows import actions as cases
from gezhi.engines.workflows.models import Case
from gezhi.foundation import db, packs
from gezhi.foundation.people import Actor

#: What 有事 opens where the rule names nothing else.
WORKFLOW = "request"
_TRIES = 3


@dataclass(frozen=True)
class Visit:
    """What became of it. `new` is False when the same sending came a second time."""

    done: Done
    case: Case | None
    new: bool


def visit(
    name: str,
    subject_id: int,
    period: str,
    data: Mapping[str, Any] | None = None,
    *,
    actor: Actor,
    note: str = "",
    trouble: bool = False,
    claimed_at: datetime | None = None,
    key: str | None = None,
) -> Visit:
    """Record a visit. `trouble` (有事), or a finding the rule minds, opens a case with place and person filled in.

    Raises what `duties.actions.fulfil` raises, and what opening a case raises; then nothing is kept.
    """
    for attempt in range(_TRIES):
        try:
            with db.write():
                done, new = actions.fulfil(
                    name, subject_id, period, data, actor=actor, note=note, trouble=trouble, claimed_at=claimed_at,
                    key=key,
                )  # fmt: skip
                if not new or not done.trouble:
                    return Visit(done, _case(done), new)
                case = _open(done, note, actor, claimed_at)
                actions.reported(done.pk, case.pk, actor=actor)
            done.case_id = case.pk
            return Visit(done, case, True)
        except IntegrityError:
            # A case's random number met its like; only the outermost write can begin again.
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _case(done: Done) -> Case | None:
    return Case.objects.filter(pk=done.case_id).first() if done.case_id else None


def _filled(words: str, rule: Rule, done: Done) -> str:
    """The rule's words with what was recorded where they name it: {days}."""
    for field in rule.form:
        if f"{{{field.id}}}" in words:
            words = words.replace(f"{{{field.id}}}", str((done.findings or {}).get(field.id, "")))
    return words


def _open(done: Done, note: str, actor: Actor, claimed_at: datetime | None) -> Case:
    """The case: the visitor's words, else the rule's; whom it is about stands under them, masked."""
    rule = rule_of(done.rule)
    about = queries.one(done.rule, done.subject_id, done.period, actor)
    said = note.strip() or _filled(packs.say(rule.case.get("text")), rule, done) or packs.say(rule.title)
    text = f"{said}\n（{packs.say(rule.title)}：{about.label}）" if about is not None else said
    given: dict[str, Any] = {"text": text}
    if rule.case.get("category"):
        given["category"] = rule.case["category"]
    case, _new = cases.open_case(
        rule.case.get("workflow") or WORKFLOW, given, actor=actor, place_id=done.place_id, channel="field",
        key=f"duty:{done.pk}:{done.event_seq}", claimed_at=claimed_at,
    )  # fmt: skip
    return case
