"""A topic as everybody may read it: the process board, who is asked, what came of it, what residents said.

Nothing of the person who raised it is told: the topic is the sentence the community wrote for everybody, and of votes
only how many. Queries are bounded however many voted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from gezhi.engines.workflows import access, panels, voices
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.panel_models import Ballot, Panel
from gezhi.engines.workflows.schema import Workflow, definition
from gezhi.engines.workflows.schema_panels import PanelRule
from gezhi.engines.workflows.timeline import Entry, refs_of, timeline_of
from gezhi.foundation import events, packs, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor

TOPIC = "topic"  # the kept value that a workflow for talks fills


@dataclass(frozen=True)
class BoardStep:
    """A step of the process board. `state` done | now | later; `at`: when it was last left, `until`: by when."""

    id: str
    title: str
    state: str
    at: datetime | None = None
    until: datetime | None = None
    words: tuple[str, ...] = ()
    photos: tuple[int, ...] = ()


@dataclass(frozen=True)
class Round:
    """A panel with what may be told of it. `open`: answers are taken now; `voted`/`invited` so far."""

    panel: Panel
    rule: PanelRule
    title: str
    open: bool
    voted: int
    invited: int
    until: datetime | None

    @property
    def tally(self) -> dict[str, Any]:
        """The figures of a closed one."""
        return self.panel.tally or {}


@dataclass(frozen=True)
class Topic:
    """A topic and everything its public page shows; `rounds` newest first."""

    case: Case
    flow: Workflow
    title: str
    place_label: str
    now_says: str
    board: tuple[BoardStep, ...]
    rounds: tuple[Round, ...]
    said: tuple[voices.Said, ...]
    kinds: frozenset[str]

    @property
    def asked(self) -> Round | None:
        """The panel that households can answer now."""
        return next((r for r in self.rounds if r.open and r.rule.public), None)


def workflow() -> str | None:
    """The installed workflow by which residents may raise a topic; None when no pack brings one."""
    registry = packs.registry()
    return next((name for name in registry.names("workflow") if registry.body("workflow", name).get("talks")), None)


def _is_public(case: Case) -> bool:
    return bool(
        not case.protected and (case.kept or {}).get(TOPIC) and definition(case.workflow, case.version)[0].talks
    )


def topics(place_id: int, *, limit: int = 50) -> list[tuple[Case, str, str]]:
    """(case, topic, where it stands) of a county, town or village, newest first. One query."""
    name = workflow()
    place = places.directory().get(place_id)
    if name is None or place is None or place.kind not in ("county", "town", "village"):
        return []
    rows = Case.objects.filter(access.ORDINARY, workflow=name, kept__has_key=TOPIC, **{f"{place.kind}_id": place_id})
    found = []
    for case in rows.order_by("-id")[:limit]:
        flow, _hash = definition(case.workflow, case.version)
        found.append((case, str((case.kept or {})[TOPIC]), localised(flow.stages[case.stage].title)))
    return found


def topic(number: str) -> Topic:
    """The topic of a case number. Raises NotFound for a matter that is none."""
    case = Case.objects.filter(number=number).first()
    if case is None or not _is_public(case):
        raise NotFound("panel.not_found")
    flow, _hash = definition(case.workflow, case.version)
    items = list(WorkItem.objects.filter(case_id=case.id).order_by("number"))
    history = events.history(f"case:{case.id}")
    texts = events.read_private(refs_of(case, history))
    timeline = timeline_of(history, flow, texts)
    stage = flow.stages[case.stage]
    return Topic(
        case=case,
        flow=flow,
        title=str((case.kept or {})[TOPIC]),
        place_label=places.directory().label(case.village_id or case.place_id),
        now_says=localised(stage.says) if stage.says else localised(stage.title),
        board=_board(case, flow, items, timeline),
        rounds=tuple(rounds(case, flow, items)),
        said=tuple(voices.of_case(case.id, public=True)),
        kinds=voices.open_for(flow, case),
    )


def rounds(case: Case, flow: Workflow, items: Sequence[WorkItem]) -> list[Round]:
    """The panels of a case, newest first. Two queries."""
    found = list(Panel.objects.filter(case_id=case.id).order_by("-number"))
    counted = Ballot.objects.filter(panel__in=[p for p in found if p.tally is None]).values_list("panel")
    voted = dict(counted.annotate(n=Count("id", filter=Q(state="voted"))))
    until = {i.number: i.due_at for i in items if i.state == OPEN}
    told = []
    for panel in found:
        drawn = flow.stages.get(panel.stage)
        rule = drawn.panel if drawn is not None else None
        if rule is None:  # of the process the case went by before it was kept apart
            continue
        due = until.get(panel.number)
        open_now = panel.state == "open" and due is not None and clock.now() < due
        number = int((panel.tally or {}).get("voted") or voted.get(panel.id) or 0)
        title = localised(flow.stages[panel.stage].title)
        told.append(Round(panel, rule, title, open_now, number, panel.invited, due))
    return told


def main_way(flow: Workflow) -> list[str]:
    """The stages of the ordinary course, in order: where main actions, first ways and good results lead. A watch
    stands before the last step it runs beside."""
    way: list[str] = []
    here: str | None = flow.start
    while here is not None and here not in way:
        stage = flow.stages[here]
        if stage.kind not in ("gate", "join"):
            way.append(here)
        main = next((a.to for a in stage.actions.values() if a.main and a.to), None)
        following = [stage.panel.ways.get("passed") if stage.panel else None, main, stage.then, stage.join, stage.to]
        following += [b.to for b in stage.branches]
        here = next((to for to in following if to), None)
    for watch in flow.watches:
        last = max((way.index(s) for s in watch.beside if s in way), default=None)
        if last is not None:
            way.insert(last, watch.id)
    return way


def _board(case: Case, flow: Workflow, items: Sequence[WorkItem], timeline: Sequence[Entry]) -> tuple[BoardStep, ...]:
    """The ordinary course, and what was met beside it; each with the words and photos that were made public there."""
    main = main_way(flow)
    order = [s for s in main if flow.stages[s].kind != "end"]
    for item in items:
        if not item.side and item.branch == "" and item.stage not in order:
            before = [i.stage for i in items if i.number < item.number and i.stage in order]
            order.insert(order.index(before[-1]) + 1 if before else 0, item.stage)
    watched = {w.id: w for w in flow.watches}
    steps = []
    for id in order:
        stage = flow.stages[id]
        here = [i for i in items if i.stage == id and not i.side]
        if id in watched:
            mine = [i for i in items if i.stage in watched[id].beside and not i.side]
            running = case.state == OPEN and case.stage in watched[id].beside
            state = "now" if running else "done" if mine else "later"
            answers = [e for e in timeline if e.stage in flow.answering and e.public]
            words = tuple(said for e in answers for f in e.public if (said := e.said.get(f)))
            steps.append(BoardStep(id, localised(stage.title), state, words=words))
            continue
        open_item = next((i for i in here if i.state == OPEN), None)
        last = here[-1] if here else None
        shown = [e for e in timeline if e.stage == id and e.public]
        words = tuple(said for e in shown for f in e.public if (said := e.said.get(f)))
        photos = tuple(p for e in shown if "photos" in e.public for p in e.photos)
        state = "now" if open_item is not None else "done" if last is not None else "later"
        at = last.done_at if last is not None and open_item is None else None
        until = open_item.due_at if open_item is not None else None
        steps.append(BoardStep(id, localised(stage.title), state, at, until, words, photos))
    return tuple(steps)


def shown_photo(number: str, photo: int) -> str:
    """The stream of a photo that the topic's page shows. Raises NotFound for any other."""
    found = topic(number)
    if any(photo in step.photos for step in found.board):
        return f"case:{found.case.id}"
    for said in found.said:
        if photo in said.voice.photos:
            return f"voice:{said.voice.id}"
    raise NotFound("panel.not_found")


@dataclass(frozen=True)
class Desk:
    """A panel as its owner works on it. `ballots` in the order of the list; `running`: counts so far, where votes are open."""

    case: Case
    item: WorkItem | None
    round: Round
    manages: bool
    ballots: tuple[Ballot, ...]
    mine: tuple[Ballot, ...]
    running: dict[str, int] | None
    reasons: dict[int, str]


def desk(panel_id: int, actor: Actor) -> Desk:
    """A panel for staff: for whoever sees the case, or was asked. Raises NotFound."""
    panel = Panel.objects.filter(pk=panel_id).first()
    if panel is None:
        raise NotFound("panel.not_found")
    ballots = list(Ballot.objects.filter(panel=panel).order_by("number"))
    mine = tuple(b for b in ballots if b.seat_id is not None and b.seat_id in actor.answering)
    case = Case.objects.get(pk=panel.case_id) if mine else access.case_to_see(panel.case_id, actor=actor)
    if case.protected and not access.sees(case, actor):
        raise NotFound("panel.not_found")
    items = list(WorkItem.objects.filter(case_id=case.id, number=panel.number))
    item = next((i for i in items if i.state == OPEN), None)
    flow, _hash = definition(case.workflow, case.version)
    running: dict[str, int] | None = None
    if not panel.secret:
        running = {}
        for ballot in ballots:
            if ballot.choice:
                running[ballot.choice] = running.get(ballot.choice, 0) + 1
    found = next((r for r in rounds(case, flow, items) if r.panel.id == panel.id), None)
    if found is None:
        raise NotFound("panel.not_found")
    manages = panels.may_manage(case, item, actor)
    if not (manages or access.sees(case, actor)):
        ballots = list(mine)
    return Desk(case, item, found, manages, tuple(ballots), mine, running, dict(panels.reasons(panel)))


def is_asking(case_id: int, number: int) -> bool:
    """Whether the panel of an item still takes answers, or waits for its list. One query."""
    return Panel.objects.filter(case_id=case_id, number=number).exclude(state="closed").exists()


def to_read(case: Case) -> tuple[str, datetime | None]:
    """(topic, until when households may vote now) of a matter that is talked over in public; ("", None) of any other.

    None: no vote runs. No query unless it is one; then one.
    """
    if not _is_public(case):
        return "", None
    items = list(WorkItem.objects.filter(case_id=case.id, state=OPEN))
    stages = definition(case.workflow, case.version)[0].stages
    until = [i.due_at for i in items if (rule := stages[i.stage].panel) is not None and rule.public]
    return str((case.kept or {})[TOPIC]), until[0] if until else None


def silent_seats(case_id: int, number: int) -> list[tuple[int, int]]:
    """(panel, seat) for each seat that the open panel of an item asked and that has not answered. One query."""
    rows = Ballot.objects.filter(
        panel__case_id=case_id, panel__number=number, panel__state="open", state="invited", seat_id__isnull=False
    )
    return [(p, seat) for p, seat in rows.order_by("number").values_list("panel_id", "seat_id") if seat is not None]


def asks(panel_id: int, actor: Actor) -> bool:
    """Whether the open panel asks a seat of the actor's: then they may be told of it. One query."""
    rows = Ballot.objects.filter(panel_id=panel_id, panel__state="open", seat_id__in=list(actor.answering))
    return rows.exclude(state="recused").exists()


def asked_of(actor: Actor) -> list[tuple[Panel, Case, str]]:
    """Open panels in which a seat of the actor's has not answered yet: (panel, case, its step). Two queries."""
    seats = list(actor.answering)
    rows = Ballot.objects.filter(seat_id__in=seats, state="invited", panel__state="open").select_related("panel__case")
    found: dict[int, tuple[Panel, Case, str]] = {}
    for ballot in rows.order_by("-panel_id")[:50]:
        case = ballot.panel.case
        flow, _hash = definition(case.workflow, case.version)
        found[ballot.panel_id] = (ballot.panel, case, localised(flow.stages[ballot.panel.stage].title))
    return list(found.values())


def waiting_voices(case_id: int) -> list[voices.Said]:
    """What residents said beside a case, for those who look at it: newest first."""
    return voices.of_case(case_id, public=False)
