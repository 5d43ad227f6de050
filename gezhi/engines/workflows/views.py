"""One case as its page shows it: words, clock, timeline, what may be done next and why the rest may not.

Also what the resident sees of the same facts (`public_view`): plain steps, no names but masked ones,
no staff notes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext

from gezhi.engines.workflows import access, merged, protecting, queries, registering, rules, veiling
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, ProtectedAgainst, WorkItem
from gezhi.engines.workflows.schema import PHASES, Action, Workflow, definition
from gezhi.engines.workflows.timeline import Entry, Words, contact_of, refs_of, timeline_of, words_of
from gezhi.foundation import events, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound, Refusal
from gezhi.foundation.forms import Form
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor


@dataclass(frozen=True)
class Possible:
    """An action at an item. `why_not`: None when the actor may do it now, otherwise one sentence."""

    action: str
    title: str
    form: Form
    main: bool
    key: str | None
    item: int | None
    expected_seq: int
    why_not: str | None
    owner_only: bool
    where: str = ""  # the branch it is done on, in words, when the case has several open items

    @property
    def prefix(self) -> str:
        """Keeps element ids of forms on one page apart."""
        return f"{self.action}-{self.item}-" if self.where else f"{self.action}-"


@dataclass(frozen=True)
class CaseView:
    """Everything a case page needs; about ten queries."""

    case: Case
    flow: Workflow
    words: Words
    contact: Mapping[str, str]  # masked name and phone, "" when there is none
    items: list[WorkItem]
    main: WorkItem | None  # the trunk's
    sides: list[WorkItem]
    branches: list[WorkItem]  # open main items on the branches of a fork
    clock: str
    bar: rules.Bar
    seat_label: str
    person: str
    timeline: list[Entry]
    possible: list[Possible]
    photos: tuple[int, ...]
    place_label: str
    veiled: bool = False  # a protected matter as whoever only handles it may read it


def case_view(case_id: int, actor: Actor) -> CaseView:
    """The case for a member of staff. Raises NotFound when it is not theirs to see."""
    return veiling.veiled(_view(access.case_to_see(case_id, actor=actor), actor), actor)


def receipt_view(case_id: int, actor: Actor) -> CaseView:
    """The case for a printed receipt: also for the clerk who wrote a protected one down. Raises NotFound."""
    return _view(access.receipt_of(case_id, actor=actor), actor)


def case_of_photo(case_id: int, photo_id: int, actor: Actor) -> Case:
    """The case whose photo the actor may see. Raises NotFound; costs more for a protected case, whose photos are apart."""
    case = access.case_to_see(case_id, actor=actor)
    apart = case.protected or ProtectedAgainst.objects.filter(case_id=case_id).exists()
    if apart and not veiling.may_see_photo(case_view(case_id, actor), photo_id):
        raise NotFound("case.not_found")
    return case


def _view(case: Case, actor: Actor) -> CaseView:
    flow, _hash = definition(case.workflow, case.version)
    items = list(WorkItem.objects.filter(case_id=case.id).order_by("number"))
    history = events.history(f"case:{case.id}")
    texts = events.read_private(refs_of(case, history, actor))
    now = clock.now()
    main = trunk_of(items)
    timeline = timeline_of(history, flow, texts, actor)
    return CaseView(
        case=case,
        flow=flow,
        words=words_of(texts.get(case.text_ref)),
        contact=contact_of(texts.get(case.contact_ref) if case.contact_ref else None),
        items=items,
        main=main,
        sides=[i for i in items if i.state == OPEN and i.side],
        branches=[i for i in items if i.state == OPEN and not i.side and i.branch],
        clock=queries.state_of(case, main, now),
        bar=bar_of(case, items, now),
        seat_label=queries.seat_label(main.owner_seat, main.barred, now) if main else "",
        person=people.directory().person(main.person_id).name_public if main and main.person_id else "",
        timeline=timeline,
        possible=possible(case, items, actor, flow=flow),
        photos=tuple(p for e in timeline if e.action in ("open", "add") for p in e.photos),
        place_label=places.directory().label(case.place_id),
    )


def trunk_of(items: Iterable[WorkItem]) -> WorkItem | None:
    """The running item of the trunk; None when the case is closed."""
    return next((i for i in items if i.state == OPEN and not i.side and i.branch == ""), None)


def possible(case: Case, items: list[WorkItem], actor: Actor, *, flow: Workflow | None = None) -> list[Possible]:
    """Actions at each open item, main ones first; those not the actor's are given with the reason, owners' ones only.

    What may be done on the whole case (a supervisor's, a reporter's) stands once, at the trunk's item.
    """
    flow = flow or definition(case.workflow, case.version)[0]
    now = clock.now()
    main = Case.objects.filter(pk=case.merged_into).first() if case.merged_into is not None else None
    running: list[WorkItem | None] = [i for i in items if i.state == OPEN]
    if case.state == CLOSED:
        running = [None]
    found: list[Possible] = []
    for item in running:
        stage_id = item.stage if item else case.stage
        for action in merged.drawn(flow, case, stage_id).values():
            if "system" in action.by:
                continue
            refusal: Refusal | None = access.why_not(action, case=case, item=item, items=items, actor=actor, now=now)
            refusal = refusal or _not_now(action, case, item, items, flow, now, actor, main)
            if item is not None and item.branch and not item.side and refusal is None and action.id in flow.anytime:
                owner_here = access.why_not(_OWNERS, case=case, item=item, items=items, actor=actor, now=now) is None
                if not (owner_here and "owner" in action.by):
                    continue
            if refusal is not None and not (action.main and "owner" in action.by):
                continue
            if action.effect == "take" and item is not None and item.person_id == actor.person_id:
                continue
            if action.effect == "unprotect" and protecting.way_back(case) is not None:
                continue  # restoring.py leads back to where it was
            if action.effect == "release" and (item is None or item.person_id != actor.person_id):
                continue
            found.append(
                Possible(
                    action=action.id,
                    title=localised(action.title),
                    form=registering.asked(action.form, action),
                    main=action.main and refusal is None,
                    key=action.key,
                    item=item.number if item else None,
                    expected_seq=case.event_seq,
                    why_not=f"{refusal.why}{refusal.next}" if refusal is not None else None,
                    owner_only="owner" in action.by,
                    where=localised(flow.stages[stage_id].title) if item is not None and item.branch else "",
                )
            )
    return sorted(found, key=lambda p: (p.why_not is not None, not p.main))


# Asks whether the actor is the one whose item it is.
_OWNERS = Action("", {"zh": "", "en": ""}, ("owner",), Form())


def _not_now(
    action: Action,
    case: Case,
    item: WorkItem | None,
    items: list[WorkItem],
    flow: Workflow,
    now: datetime,
    actor: Actor,
    main: Case | None,
) -> Refusal | None:
    """Why an action that is the actor's cannot be done at this moment: used up, too late, asked already."""
    from gezhi.engines.workflows import clocks, effects
    from gezhi.foundation.errors import Conflict, Invalid

    if case.merged_into is not None:
        return merged.refusal(case, action, actor, main)
    try:
        clocks.in_time(action, case, item, now)
    except Refusal as refusal:
        return refusal
    if (
        action.counter
        and not action.exhausted
        and effects.counted(case, action.counter) >= flow.counters[action.counter]
    ):
        name = localised(flow.counter_titles[action.counter])
        return Invalid("case.used_up", counter=name, max=flow.counters[action.counter])
    branch = item.branch if item else ""
    asked = {i.ask.get("asked", i.stage) for i in items if i.state == OPEN and i.side and i.branch == branch}
    if action.open and action.open in asked:
        return Conflict("case.already_asked")
    if action.effect == "move" and item is not None:
        there = next((i for i in items if i.state == OPEN and not i.side and i.branch == branch), None)
        if there is None or there.stage not in action.moves_from:
            return Conflict("case.moved_on", stage=localised(flow.stages[there.stage].title) if there else "")
    return None


def bar_of(case: Case, items: Iterable[WorkItem], now: datetime) -> rules.Bar:
    """The clock bar of the case's present round: each item of the trunk is a spell of its seat."""
    # A later number than the case's own: while it was kept apart (restoring.py); that time went by as well.
    mine = [i for i in items if not i.side and i.branch == "" and i.cycle >= case.cycle]
    stages = definition(case.workflow, case.version)[0].stages
    spells = [
        rules.Spell(
            i.owner_seat, i.stage, i.opened_at, i.done_at or case.closed_at or now, i.state == OPEN,
            parked=i.stage in stages and (stages[i.stage].parked or stages[i.stage].pauses),
        )
        for i in mine
    ]  # fmt: skip
    start = spells[0].start if spells else case.opened_at
    main = next((i for i in mine if i.state == OPEN), None)
    due = case.due_at
    if main is not None and case.handled_at is not None:
        due = main.due_at
    if case.parked_until is not None:
        due = case.parked_until  # the date the resident was told instead
    return rules.clock_bar(
        spells,
        opened_at=start,
        due_at=max(due, start),
        warn_at=main.warn_at if main else None,
        now=now,
        closed_at=case.closed_at,
    )


def contact_text(case: Case, field: str) -> tuple[int, str] | None:
    """(private id, field value) behind a masked contact; what a reveal opens. None when there is none."""
    if case.contact_ref is None:
        return None
    raw = events.read_private([case.contact_ref]).get(case.contact_ref)
    value = json.loads(raw).get(field) if raw else None
    return (case.contact_ref, str(value)) if value else None


# --- the resident's side --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A plain step. `state`: done | now | later."""

    phase: str
    title: str
    state: str
    at: datetime | None
    until: datetime | None
    words: str
    who: str


@dataclass(frozen=True)
class PublicView:
    """What the resident sees by code. `before`/`after`: photo ids; `answers`: public words with who and when."""

    case: Case
    words: Words
    contact: Mapping[str, str]
    steps: list[Step]
    now_says: str
    waits_for: str  # who has it now, or "you"
    waits_until: datetime | None
    kept: bool | None  # promise kept (handled in time); None while running
    before: tuple[int, ...]
    after: tuple[int, ...]
    answers: list[Entry]
    possible: list[Possible]
    place_label: str
    merged: Case | None = None  # the case this report is handled with; the steps are that one's
    ended: str = ""  # what it came to, when it ended without having been handled: 不予受理

    @property
    def stands(self) -> Case:
        """The row whose state the resident is told: the other case's, when this report is handled with it."""
        return self.merged or self.case


PLAIN_STEPS = ("received", "owned", "working", "checked", "your_word")


def plain_titles() -> dict[str, str]:
    """The five steps a resident sees, in their words."""
    return {
        "received": gettext("收到"),
        "owned": gettext("有人管了"),
        "working": gettext("正在办"),
        "checked": gettext("查过了"),
        "your_word": gettext("请您说句话"),
    }


def public_view(code: str) -> PublicView:
    """The case of a tidy code for the person who raised it. Raises NotFound.

    A report that is handled with another case shows that one's plain steps and public replies, and nothing of what its
    reporter wrote; words, contact, answers and promise stay this report's own.
    """
    case = access.case_by_code(code)
    own = _public(case)
    if case.merged_into is None:
        return own
    main = Case.objects.get(pk=case.merged_into)
    if main.protected:  # it became one since: nothing of it is told
        return replace(own, merged=main, steps=own.steps[:1], now_says="", waits_for="", answers=[])
    there = _public(main)
    return replace(
        own,
        merged=main,
        steps=there.steps,
        now_says=there.now_says,
        waits_for=there.waits_for,
        waits_until=there.waits_until,
        kept=(main.handled_at <= case.due_at) if main.handled_at else None,
        answers=own.answers,
    )


def _public(case: Case) -> PublicView:
    flow, _hash = definition(case.workflow, case.version)
    items = list(WorkItem.objects.filter(case_id=case.id).order_by("number"))
    history = events.history(f"case:{case.id}")
    texts = events.read_private(refs_of(case, history))
    timeline = timeline_of(history, flow, texts)
    now = clock.now()
    main = trunk_of(items)
    stage = flow.stages[main.stage if main else case.stage]
    offered = possible(case, items, people.resident(case.code), flow=flow)
    asked = main is not None and PHASES.index(stage.phase) >= PHASES.index("your_word")
    ended = unhandled(case, flow)
    return PublicView(
        case=case,
        words=words_of(texts.get(case.text_ref)),
        contact=contact_of(texts.get(case.contact_ref) if case.contact_ref else None),
        steps=_steps(case, flow, items, timeline) if not ended else _unhandled(case, ended),
        ended=ended,
        now_says=localised(stage.says) if stage.says else localised(stage.title),
        waits_for="you" if asked else (queries.seat_label(main.owner_seat, main.barred, now) if main else ""),
        waits_until=main.due_at if main else None,
        kept=(case.handled_at <= case.due_at) if case.handled_at else None,
        before=tuple(p for e in timeline if e.action in ("open", "add") for p in e.photos),
        after=tuple(p for e in timeline if "photos" in e.public for p in e.photos),
        answers=[e for e in timeline if e.public and any(e.said.get(f) for f in e.public)],
        possible=[p for p in offered if p.why_not is None],
        place_label=places.directory().label(case.place_id),
    )


def _steps(case: Case, flow: Workflow, items: list[WorkItem], timeline: list[Entry]) -> list[Step]:
    """A step is done when a later one has begun; all but the closing word are done when the case is closed."""
    mine = [i for i in items if not i.side and i.cycle == case.cycle]
    rank = {p: n for n, p in enumerate(PHASES)}
    current = rank[case.phase]
    titles = plain_titles()
    steps: list[Step] = []
    for phase in PLAIN_STEPS:
        here = [i for i in mine if flow.stages[i.stage].phase == phase]
        later = [i for i in mine if rank[flow.stages[i.stage].phase] > rank[phase]]
        done_at = later[0].opened_at if later else None
        if phase == "received":
            done_at = mine[0].opened_at if mine else case.opened_at
        if phase == "your_word" and case.state == CLOSED:
            done_at = case.closed_at
        done = rank[phase] < current or phase == "received" or case.state == CLOSED
        running = here[-1] if here and here[-1].state == OPEN else None
        state = "done" if done and running is None else ("now" if rank[phase] == current else "later")
        if phase == "received":
            state = "done"
        if case.state == CLOSED and not here and phase not in ("received", "your_word"):
            done_at = None
        last = here[-1] if here else None
        entry = next((e for e in reversed(timeline) if last and e.stage == last.stage and e.moved and e.public), None)
        words = " ".join(entry.said.get(f, "") for f in entry.public).strip() if entry else ""
        steps.append(
            Step(
                phase=phase,
                title=titles[phase],
                state=state,
                at=done_at if state == "done" else None,
                until=running.due_at if running else None,
                words=words,
                who=_who(last),
            )
        )
    received, working = steps[0], steps[PLAIN_STEPS.index("working")]
    if received.words and working.state == "done" and all(flow.stages[i.stage].phase != "working" for i in mine):
        # Settled on the spot: what was done is not a word of receiving it.
        steps[0] = replace(received, words="")
        steps[PLAIN_STEPS.index("working")] = replace(working, words=received.words)
    return steps


# Ends at which nobody has done what was asked: nothing says there that it was handled, checked or confirmed.
_UNHANDLED = frozenset({"not_accepted", "transferred", "withdrawn", "declined", "refused", "dropped", "stopped"})


def unhandled(case: Case, flow: Workflow) -> str:
    """The title of the end of a case that ended without having been handled (不予受理); "" for any other."""
    if case.state != CLOSED or case.handled_at is not None or case.outcome not in _UNHANDLED:
        return ""
    return localised(flow.stages[case.stage].title)


def _unhandled(case: Case, ended: str) -> list[Step]:
    """It was received, and that is how it ended."""
    received = Step("received", plain_titles()["received"], "done", case.opened_at, None, "", "")
    return [received, Step("closed", ended, "done", case.closed_at, None, "", "")]


def _who(item: WorkItem | None) -> str:
    if item is None or item.owner_seat is None:
        return ""
    directory = people.directory()
    label = directory.seat(item.owner_seat).label
    person = item.done_by or item.person_id
    return f"{label} {directory.person(person).name_public}" if person else label
