"""A visit as it is made: one note, the duty closed, the register updated, and a case when something is wrong.

The only place where duties and cases meet. Everything in one write: a visit that is kept has its case, or neither is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from gezhi.engines.duties import actions, queries
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.rules import Rule
from gezhi.engines.duties.schema import rule as rule_of
from gezhi.engines.workflows import actions as cases
from gezhi.engines.workflows.models import OPEN, Case
from gezhi.foundation import db, packs
from gezhi.foundation.errors import Conflict, register
from gezhi.foundation.people import Actor

register(
    "duties.not_mended",
    409,
    _("上次查出的问题还没有整改完，不能记这一次。"),
    _("上次报成的 {number} 还在办；查出来的要先改好、验收，才轮到下一次。"),
    _("请先把那一件办完，再来记。"),
)
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
                _closed_first(name, subject_id, period)
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


def _closed_first(name: str, subject_id: int, period: str) -> None:
    """Raises Conflict duties.not_mended while a case of an earlier period is open and the rule wants it closed first."""
    if rule_of(name).first != "closed":
        return
    before = Done.objects.filter(rule=name, subject_id=subject_id, case_id__isnull=False).exclude(period=period)
    still = (
        Case.objects.filter(pk__in=list(before.values_list("case_id", flat=True)), state=OPEN).order_by("pk").first()
    )
    if still is not None:
        raise Conflict("duties.not_mended", number=still.number)


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
