"""回访 as a pack says it: who is asked, with which words, and the list of those to be asked today.

`follow_up.yaml` draws by rules (the first that holds), so that a street may ask everybody and a county one in five. A
report that was handled with another one is asked apart. docs/rules/follow-up.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import access, effects, rules
from gezhi.engines.workflows.models import CLOSED, Case, WorkItem
from gezhi.engines.workflows.schema import SETTABLE, definition
from gezhi.foundation import expressions, packs
from gezhi.foundation.calendar import clock
from gezhi.foundation.expressions import Number, Text, Truth, Type
from gezhi.foundation.packs.reading import Context, localised
from gezhi.foundation.people import Actor

#: What a rule may read of a case.
READS: dict[str, Type] = {
    **{name: SETTABLE[name] for name in ("sort", "category", "kind", "urgent", "instant")},
    "channel": Text, "reopenings": Number, "merged": Truth, "outcome": Text,
}  # fmt: skip
SHOWN = 200


@dataclass(frozen=True)
class Plan:
    """The pack's follow-up. `shares`: (condition or None, of a hundred). `days`: how long merged reports are asked."""

    shares: tuple[tuple[str | None, int], ...] = ((None, 100),)
    days: int = 30
    hello: Mapping[str, str] | None = None
    questions: tuple[Mapping[str, str], ...] = ()
    bye: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Asked:
    """One person to be asked. `item`: of the step that waits for it, None for a merged report; `main` its main case."""

    case: Case
    item: int | None
    main: Case | None
    tries: int
    tried_now: bool  # this half-day counts already


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


def to_ask(actor: Actor) -> list[Asked]:
    """Whom this person asks: steps of their seats that wait for it, then merged reports of their places; oldest due first.

    Whoever did the work is left out. Three queries, and one more for protected ones.
    """
    now = clock.now()
    half = effects.half_day(now)
    items = WorkItem.objects.filter(state="open", side=False, owner_seat__in=list(actor.answering)).order_by("due_at")
    waiting = [i for i in items.filter(stage__in=_stages()) if actor.person_id not in i.barred][:SHOWN]
    cases = Case.objects.in_bulk([i.case_id for i in waiting])
    found = [_asked(cases[i.case_id], i.number, None, half) for i in waiting if access.sees(cases[i.case_id], actor)]
    return found + [_asked(case, None, main, half) for case, main in _reports(actor)]


def _reports(actor: Actor) -> list[tuple[Case, Case]]:
    within = Q(pk__in=[])
    for kind, place in actor.places("case.raise_for"):
        within |= Q(**{f"{'grid' if kind.startswith('grid') else kind}_id": place})
    since = clock.now() - timedelta(days=plan().days)
    handled = Case.objects.filter(pk=OuterRef("merged_into"), protected="").filter(
        Q(phase="your_word") | Q(state=CLOSED, closed_at__gte=since)
    )
    rows = Case.objects.filter(
        within, Exists(handled), merged_into__isnull=False, followed_at__isnull=True, protected=""
    )
    cases = [case for case in rows.order_by("id")[:SHOWN] if drawn(case)]
    mains = Case.objects.in_bulk({case.merged_into for case in cases if case.merged_into is not None})
    did = set(WorkItem.objects.filter(case_id__in=list(mains), done_by=actor.person_id).values_list("case_id", "stage"))
    own = {case_id for case_id, stage in did if _worked(mains[case_id], stage)}
    return [(case, mains[case.merged_into or 0]) for case in cases if case.merged_into not in own]


def _worked(case: Case, stage: str) -> bool:
    found = definition(case.workflow, case.version)[0].stages.get(stage)
    return found is not None and found.phase == "working"


def _asked(case: Case, item: int | None, main: Case | None, half: str) -> Asked:
    tried = case.attempts or []
    return Asked(case, item, main, len(tried), any(one["half"] == half for one in tried))


def _stages() -> list[str]:
    """Steps of the newest workflows at which somebody is asked: those where nobody may have answered."""
    registry = packs.registry()
    flows = [definition(name)[0] for name in registry.names("workflow")]
    return sorted({s.id for flow in flows for s in flow.stages.values() if _asks(s.actions)})


def _asks(actions: Mapping[str, Any]) -> bool:
    return any(action.effect == "attempt" for action in actions.values())


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
