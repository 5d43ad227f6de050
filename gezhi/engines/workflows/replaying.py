"""Would this case have gone the same way under another version of its workflow? Its record is done again, in memory.

Every step that was taken is taken again on the other definition, from what the record says was there before it: the
stage must exist and the action be drawn there, the answers must satisfy its form, and the same items must be open
afterwards, on the same branches, at the same stages. What the other version keeps and counts is carried along. Who may
act is not asked again: that holds from now on. Nothing is written here; migrating.py writes. docs/rules/versions.md
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from gezhi.engines.workflows import effects, merged, registering
from gezhi.engines.workflows.facing import environment
from gezhi.engines.workflows.marking import TRUNK
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.opening import OPENING
from gezhi.engines.workflows.record import CASE_FIELDS, ITEM_FIELDS
from gezhi.engines.workflows.schema import Action, Stage, Workflow, definition
from gezhi.engines.workflows.stepping import Step
from gezhi.foundation import events, people
from gezhi.foundation.errors import Refusal
from gezhi.foundation.packs.reading import localised

CARRIED = ("kept", "counters", *effects.COLUMNS)  # what a version decides about a case beside where it stands
ERASED = "（已依法删除）"  # stands for words that are gone: that something was said is on record
Marking = dict[int, tuple[str, str, bool, bool]]  # number of an item -> stage, branch, beside the line, open


class Differs(Exception):
    """The record cannot be done again: `code`, and the sentence that says where and why."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


@dataclass
class Replayed:
    """What the other version makes of the case: the columns that a version decides, by name; how many steps it took."""

    carried: dict[str, Any] = field(default_factory=dict)
    steps: int = 0


class _Again(Step):
    """A step of the record: votes are not counted again, their result is taken from it."""

    recorded: Mapping[str, Any] = {}

    def convene(self, stage: Stage, item: WorkItem) -> None:
        """Who was asked stands in the panel itself."""

    def end_panel(self, item: WorkItem) -> None:
        """How it ended stands in the panel itself."""

    def count_votes(self, item: WorkItem) -> str:
        stage = self.flow.stages[item.stage]
        told = self.recorded.get("result") or {}
        assert stage.panel is not None
        return stage.id if told.get("again") else stage.panel.ways.get(told.get("result", ""), stage.id)


@dataclass
class _Moment:
    """A case and its items as they stood before an event."""

    case: Case
    items: list[WorkItem]

    @classmethod
    def of(cls, case_id: int, state: Mapping[str, Any], carried: Mapping[str, Any]) -> _Moment:
        # Made anew for every step: a step changes what it is given.
        case = _row(Case, CASE_FIELDS, {**state, **json.loads(json.dumps(carried))})
        case.id = case_id
        numbers = sorted(int(key.partition(":")[2]) for key in state if key.startswith("item:"))
        items = []
        for number in numbers:
            item = _row(WorkItem, ITEM_FIELDS, state[f"item:{number}"])
            item.case_id, item.number = case_id, number
            items.append(item)
        return cls(case, items)

    def item(self, number: int | None) -> WorkItem | None:
        return next((i for i in self.items if i.number == number), None)


def replay(case_id: int, history: Sequence[events.Event], new: Workflow) -> Replayed:
    """Do the record of an open case again on `new`. Raises Differs at the first step that cannot be, or leads elsewhere.

    `history`: every event of the case, in order. One query for the texts that were said, none else.
    """
    said = _said(history)
    state: dict[str, Any] = {}
    done = Replayed()
    if any(event.kind == "case.protect" and "workflow" in event.patch for event in history):
        raise Differs("migrate.apart", _("这一件中途转成了保密事项，前后不是一种办法。"))
    for event in history:
        act = event.patch.get("act") or {}
        before = {key: _plain(value) for key, value in state.items()}
        for key, value in event.patch.items():
            if key[:1] != "@":
                state[key] = value
        if event.kind == "case.opened":
            done.carried = {name: state.get(name) for name in CARRIED}
            _opened(case_id, event, state, new)
            done.steps += 1
        elif before and event.kind == f"case.{act.get('action')}":
            old = definition(before["workflow"], before["version"])[0]
            if _is_step(old, case_id, before, act):
                _again(case_id, event, before, state, old, new, said, done)
                done.steps += 1
            elif changed := [name for name in CARRIED if name in event.patch]:
                done.carried |= {name: event.patch[name] for name in changed}
    _stands(case_id, state, new)
    return done


def _opened(case_id: int, event: events.Event, after: Mapping[str, Any], new: Workflow) -> None:
    """The opening: what the case first stood at."""
    case = _Moment.of(case_id, after, {}).case
    case.stage = new.start
    step = _Again(new, OPENING, case, None, [], people.system("replay"), {}, event.at)
    step.enter(new.start, TRUNK)
    there = _marking(step.created)
    here = _told(k for k in event.patch.items())
    if there != here:
        raise Differs("migrate.start", _("新版一开始到的是{there}，这一件开始时在{here}。").format(
            there=_titles(new, there), here=_titles(new, here)))  # fmt: skip


def _is_step(old: Workflow, case_id: int, before: Mapping[str, Any], act: Mapping[str, Any]) -> bool:
    if act.get("stage") not in old.stages:
        return False
    case = _Moment.of(case_id, before, {}).case
    return act["action"] in merged.drawn(old, case, act["stage"]) and not case.merged_into


def _again(
    case_id: int,
    event: events.Event,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    old: Workflow,
    new: Workflow,
    said: Mapping[int, dict[str, str] | None],
    done: Replayed,
) -> None:
    """One step: drawn, answered and leading to where it led then."""
    act = event.patch["act"]
    was, past = old.stages[act["stage"]], merged.drawn(old, _Moment.of(case_id, before, {}).case, act["stage"])
    title = localised(past[act["action"]].title)
    stage = _stage(new, was)
    now = _Moment.of(case_id, before, done.carried)
    action = merged.drawn(new, now.case, stage.id).get(act["action"])
    if action is None:
        words = _("新版的“{stage}”没有“{action}”，这一件做过。")
        raise Differs("migrate.action_gone", words.format(stage=localised(stage.title), action=title))
    where = {"stage": localised(stage.title), "action": localised(action.title)}
    values = _answers(new, action, now, event, act, said, where)
    try:
        step = _step(new, action, now, act, values, event)
    except Refusal as refusal:
        words = _("按新版，“{stage}”上的“{action}”当时做不成：{why}")
        raise Differs("migrate.refused", words.format(**where, why=refusal.what)) from refusal
    there, ended = _marking([*now.items, *step.created]), (now.case.state, now.case.outcome)
    here, closed = _marking(_Moment.of(case_id, after, {}).items), (after["state"], after.get("outcome", ""))
    if (there, ended) != (here, closed) and not _drifted(case_id, before, old, event, act, said, there, ended):
        words = _("按新版，“{stage}”上的“{action}”会到{there}，这一件当时到了{here}。")
        moved = {k: v for k, v in there.items() if here.get(k) != v}
        stood = {k: v for k, v in here.items() if there.get(k) != v}
        raise Differs("migrate.elsewhere", words.format(
            **where, there=_titles(new, moved) or _ending(new, now.case), here=_titles(old, stood) or _ending(old, None)))  # fmt: skip
    done.carried = {name: _plain(getattr(now.case, name)) for name in CARRIED}


def _drifted(
    case_id: int, before: Mapping[str, Any], old: Workflow, event: events.Event, act: Mapping[str, Any],
    said: Mapping[int, dict[str, str] | None], there: Marking, ended: tuple[str, str],
) -> bool:  # fmt: skip
    """Whether the world, not the definition, made the difference: the old version would not lead there again either,
    and both versions lead to the same."""
    now = _Moment.of(case_id, before, {})
    action = merged.drawn(old, now.case, act["stage"])[act["action"]]
    try:
        values = _answers(old, action, now, event, act, said, {})
        step = _step(old, action, now, act, values, event)
    except (Refusal, Differs):
        return False
    return (_marking([*now.items, *step.created]), (now.case.state, now.case.outcome)) == (there, ended)


def _step(
    flow: Workflow, action: Action, now: _Moment, act: Mapping[str, Any], values: dict[str, Any], event: events.Event
) -> Step:
    step = _Again(
        flow, action, now.case, now.item(act.get("item")), now.items, people.system("replay"), values, event.at
    )
    step.recorded = act
    step.run()
    registering.again(step, act)
    return step


def _answers(
    flow: Workflow, action: Action, now: _Moment, event: events.Event, act: Mapping[str, Any],
    said: Mapping[int, dict[str, str] | None], where: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    """What was answered then, cleaned by this version's form. Raises Differs at the first field that does not fit."""
    given = dict(act.get("form") or {})
    if ref := act.get("said"):
        words = said.get(ref["private"])
        erased = {f.id: ERASED for f in action.form.fields if f.type in effects.TEXTS and f.required}
        given |= erased if words is None else words
    if shut := act.get("sealed"):  # never opened, not even here: that something was written is on record
        given |= dict.fromkeys((n for n in shut["fields"] if action.form.get(n) is not None), ERASED)
    asked = {f.id: f for f in action.form.fields}
    item = now.item(act.get("item"))
    known = environment(flow, now.case, now.items, event.at, item.branch if item else "")
    values, errors = action.form.clean({k: v for k, v in given.items() if k in asked}, context=known)
    if not errors and action.must:
        errors = effects.unmet(action, flow, known, values)
    for name, why in errors.items():
        words_ = _("按新版，“{stage}”上的“{action}”要填的“{field}”和当时填的对不上：{why}")
        title = asked[name].label if name in asked else name
        raise Differs("migrate.answer", words_.format(**{"stage": "", "action": "", **where}, field=title, why=why))
    return values


def _stage(new: Workflow, was: Stage) -> Stage:
    """The same stage in the other version: of the same kind, beside the line or on it as before."""
    stage = new.stages.get(was.id)
    if stage is None:
        raise Differs(
            "migrate.stage_gone", _("新版没有“{stage}”这一步，这一件走过。").format(stage=localised(was.title))
        )
    if (stage.kind, stage.side) != (was.kind, was.side):
        words = _("“{stage}”在新版里换了一种步骤，不能接着走。")
        raise Differs("migrate.stage_kind", words.format(stage=localised(was.title)))
    if stage.panel != was.panel:
        words = _("“{stage}”怎么商量、怎么算通过改了，这一件是按原来的规则办的。")
        raise Differs("migrate.panel", words.format(stage=localised(was.title)))
    return stage


def _stands(case_id: int, state: Mapping[str, Any], new: Workflow) -> None:
    """Where the case stands now is in the other version as well, with what hangs on it."""
    old = definition(state["workflow"], state["version"])[0]
    for item in (i for i in _Moment.of(case_id, state, {}).items if i.state == OPEN):
        was = old.stages[item.stage]
        stage = _stage(new, was)
        title = localised(stage.title)
        if stage.kind == "children" and (stage.workflow, stage.each) != (was.workflow, was.each):
            raise Differs(
                "migrate.children", _("“{stage}”派出去的事项在新版里换了样，等它们办完再换。").format(stage=title)
            )
        if stage.kind == "fork" and {t.id: t.each for t in stage.tracks} != {t.id: t.each for t in was.tracks}:
            raise Differs(
                "migrate.branches", _("“{stage}”分的几路在新版里变了，等这几路汇合再换。").format(stage=title)
            )
        if stage.clock is None or stage.owner is None:
            raise Differs("migrate.stage_kind", _("“{stage}”在新版里换了一种步骤，不能接着走。").format(stage=title))
    if state["stage"] not in new.stages:
        raise Differs("migrate.stage_gone", _("新版没有“{stage}”这一步，这一件走过。").format(stage=state["stage"]))


def _said(history: Iterable[events.Event]) -> dict[int, dict[str, str] | None]:
    """What was said at each step, by the id of its private text; None where it was erased."""
    refs = [e.patch["act"]["said"]["private"] for e in history if (e.patch.get("act") or {}).get("said")]
    return {ref: json.loads(raw) if raw else None for ref, raw in events.read_private(refs).items()} if refs else {}


def _marking(items: Iterable[WorkItem]) -> Marking:
    return {i.number: (i.stage, i.branch, i.side, i.state == OPEN) for i in items}


def _told(patch: Iterable[tuple[str, Any]]) -> Marking:
    """The items an event tells of, as a marking."""
    return {
        int(key.partition(":")[2]): (v["stage"], v.get("branch", ""), v["side"], v["state"] == OPEN)
        for key, v in patch
        if key.startswith("item:")
    }


def _titles(flow: Workflow, marking: Marking) -> str:
    found = [flow.stages[stage] for stage, _b, _s, running in marking.values() if running and stage in flow.stages]
    return _("、").join(_("“{stage}”").format(stage=localised(s.title)) for s in found)


def _ending(flow: Workflow, case: Case | None) -> str:
    stage = flow.stages.get(case.stage) if case is not None else None
    return _("“{stage}”").format(stage=localised(stage.title)) if stage is not None else _("别处")


def _row(model: type[Model], names: Sequence[str], values: Mapping[str, Any]) -> Any:
    """An unsaved row with the columns that an event tells, as Python values."""
    made = model()
    for name in names:
        if name in values:
            column: Any = model._meta.get_field(name)
            setattr(made, name, column.to_python(_plain(values[name])))
    return made


def _plain(value: Any) -> Any:
    """A copy that a step may change without changing the record."""
    return json.loads(json.dumps(value)) if isinstance(value, dict | list) else value
