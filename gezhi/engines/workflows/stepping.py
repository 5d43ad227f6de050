"""One action being done: what it changes on the case and its items, gathered before anything is written.

An action names the item it acts on; what moves is that item's branch. A move ends the item (with the questions asked
beside it, and, when it stands for a fork, everything inside), passes gates and joins, and enters the next stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from gezhi.engines.workflows import children, clocks, convening, effects, marking, seating
from gezhi.engines.workflows.facing import environment
from gezhi.engines.workflows.marking import TRUNK, At
from gezhi.engines.workflows.models import CLOSED, MERGED, OPEN, Case, ProtectedAgainst, WorkItem
from gezhi.engines.workflows.panel_models import Ballot, Panel
from gezhi.engines.workflows.schema import CLOSING, Action, Stage, Workflow
from gezhi.foundation import expressions
from gezhi.foundation.errors import Conflict, Invalid
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor


class Step:
    """What an action changes: `changed` items that were there, `created` ones, and the case's own columns."""

    def __init__(
        self,
        flow: Workflow,
        action: Action,
        case: Case,
        item: WorkItem | None,
        items: list[WorkItem],
        actor: Actor,
        values: dict[str, Any],
        now: datetime,
    ) -> None:
        self.flow, self.action, self.case, self.item = flow, action, case, item
        self.items, self.actor, self.values, self.now = items, actor, values, now
        self.stage = flow.stages[item.stage if item else case.stage]
        self.changed: list[WorkItem] = []
        self.created: list[WorkItem] = []
        self.against: list[ProtectedAgainst] = []  # lines of whom the case names that are new or withdrawn
        self.panels: list[tuple[Panel, list[Ballot]]] = []  # convened, with those who are asked
        self.closed: list[tuple[Panel, str]] = []  # panels that end in this step, with the kind of their event
        self.round = 1  # of the panel that is entered next
        self.told: dict[str, Any] = {}  # what the event says of panels

    def run(self) -> None:
        """Do the action, in the order in which its keys mean something to one another."""
        if self.action.effect == "attempt" and not effects.attempt(self):
            self.settle()  # nobody was reached, and it will be tried again: what the action leads to waits
            return
        self._assign()
        effects.keep(self)
        self._set()
        target = self._count()
        if self.stage.kind == "panel" and self.item is not None and self.action.id in CLOSING:
            target = self.count_votes(self.item)
        for name in self.action.counts:
            effects.tally(self.case, name)
        for column in self.action.stamp:
            # The latest answer of a resident counts; every other moment is the first.
            if column == "followed_at" or getattr(self.case, column) is None:
                setattr(self.case, column, self.now)
        if self.action.effect:
            effects.apply(self)
        if self.action.open:
            self._ask(self.action.open)
        if self.item is not None and self.item.side:
            self._go_on_aside(self.item, target)
        elif target is not None:
            self.move(self.item, target)
        self.settle()

    def settle(self) -> None:
        """The case's own owner and lateness follow its open items."""
        case = self.case
        if case.state == CLOSED:
            return
        trunk = next((i for i in self.open() if i.branch == "" and not i.side), None)
        assert trunk is not None, "an open case has a running item on its trunk"
        case.owner_seat = trunk.owner_seat
        case.late_at = clocks.late_at(self.flow, case, list(self.open()))

    def open(self) -> Iterator[WorkItem]:
        """Items that are open at this point of the step."""
        return (i for i in (*self.items, *self.created) if i.state == OPEN)

    def next_cycle(self) -> int:
        """The number of a new round; a case that was kept apart and came back has used more than its own."""
        return max((self.case.cycle, *(i.cycle for i in self.items))) + 1

    # --- what the action says of the case ---------------------------------------------------------------------

    def _assign(self) -> None:
        if self.action.assign and self.values.get(self.action.assign) is not None:
            self.case.handler_seat = self.values[self.action.assign]

    def environment(self, branch: str | None = None) -> dict[str, Any]:
        """What expressions read at this point: the case, kept values (as `branch` sees them), the action's form."""
        if branch is None:
            branch = self.item.branch if self.item is not None else ""
        known = environment(self.flow, self.case, self.items, self.now, branch)
        return known | {f.id: self.values.get(f.id) for f in self.action.form.fields}

    def _set(self) -> None:
        case, action = self.case, self.action
        if not action.set:
            return
        values, types = self.environment(), effects.types_of(self.flow, action)
        for column, source in action.set.items():
            value = expressions.compile(source, types)(values)
            if value is None:
                continue  # nothing was said of it: nobody takes the haste off a matter by leaving a line out
            if column in ("urgent", "instant"):
                setattr(case, column, bool(value))
            else:
                setattr(case, column, str(value))
        if case.urgent or "category" in action.set:
            # A better known matter may be promised earlier, never later without an approved extension.
            limit = clocks.promise(self.flow, category=case.category, kind=case.kind, urgent=case.urgent)
            if limit not in case.promised["limits"]:
                case.promised = {**case.promised, "limits": [*case.promised["limits"], limit]}
                case.due_at = clocks.promised(clocks.cycle_start(case, self.items), case.promised)

    def _count(self) -> str | None:
        name = self.action.counter
        if name is None:
            return self.action.to
        used, most = effects.counted(self.case, name), self.flow.counters[name]
        if used >= most:
            if self.action.exhausted is None:
                raise Invalid("case.used_up", counter=localised(self.flow.counter_titles[name]), max=most)
            return self.action.exhausted
        effects.count(self.case, name)
        return self.action.to

    # --- beside the main line ---------------------------------------------------------------------------------

    def _ask(self, stage_id: str) -> None:
        """Open a side item: another seat is asked for a decision while the main clock runs on."""
        at = _at(self.item) if self.item is not None else TRUNK
        if any(i.side and i.branch == at.branch and i.ask.get("asked", i.stage) == stage_id for i in self.open()):
            raise Conflict("case.already_asked")
        asked = effects.asked(self.action, self.values) | {"asked": stage_id}
        if self.actor.person_id is not None:
            asked["asked_by"] = self.actor.person_id
        self._aside(stage_id, at, asked)

    def _aside(self, stage_id: str, at: At, asked: dict[str, Any]) -> None:
        bar = [asked["asked_by"]] if "asked_by" in asked else []  # whoever asks does not decide
        stage = self.flow.stages[stage_id]
        known = [*self.items, *self.created]
        side = seating.new_item(self.flow, stage, self.case, known, at=at, now=self.now, bar=bar)
        side.ask = side.ask | asked
        self.created.append(side)

    def _go_on_aside(self, side: WorkItem, target: str | None) -> None:
        """A decision is passed on to the next seat of its chain, or is over."""
        if target is not None:
            self.finish(side)
            self._aside(target, _at(side), {k: v for k, v in side.ask.items() if k in effects.CARRIED})
        elif self.action.close:
            self.finish(side)

    # --- the main line ----------------------------------------------------------------------------------------

    def finish(self, item: WorkItem, state: str = "done") -> None:
        """End an open item; what its doer did is what separation of duties looks at later."""
        if item.state != OPEN:
            return
        item.state, item.done_at, item.next_at = state, self.now, None
        if self.flow.stages[item.stage].kind == "panel":
            self.end_panel(item)
        if state == "done":
            item.action = self.action.id
            item.done_by = self.actor.person_id if item is self.item else None
        self.change(item)

    def change(self, item: WorkItem) -> None:
        """Have the item written at the end of the step."""
        if all(item is not known for known in (*self.changed, *self.created)):
            self.changed.append(item)

    def move(self, item: WorkItem | None, target: str) -> None:
        """The branch of `item` (None: a closed case's trunk) leaves its stage and goes to `target`."""
        at = _at(item) if item is not None else TRUNK
        stage = self._through_gates(target, at)
        if item is not None:
            self._leave(item)
        case = self.case
        if at.branch == "" and stage.kind != "end" and (case.state == CLOSED or self.action.counter == "reopenings"):
            case.state, case.outcome, case.closed_at = OPEN, "", None
            case.merged_into = case.attempts = None
            case.cycle = self.next_cycle()
            limit = clocks.promise(self.flow, category=case.category, kind=case.kind, urgent=case.urgent)
            # An item of the list of services keeps its own limit, also the second time.
            own = case.promised.get("service")
            ordinary = {"ordinary": case.promised["ordinary"]} if "ordinary" in case.promised else {}
            case.promised = ({"limits": [own], "service": own} if own else {"limits": [limit]}) | ordinary
            case.due_at = clocks.promised(self.now, case.promised)
        self._enter(stage, at)

    def enter(self, target: str, at: At) -> None:
        """Stand at `target` on a branch, or wherever gates and joins lead from there."""
        self._enter(self._through_gates(target, at), at)

    def _through_gates(self, target: str, at: At) -> Stage:
        stage = self.flow.stages[target]
        values: dict[str, Any] | None = None
        while stage.kind == "gate":
            values = values or self.environment(at.branch)
            types = effects.types_of(self.flow, self.action)
            stage = self.flow.stages[
                next(
                    branch.to
                    for branch in stage.branches
                    if branch.when is None or expressions.compile(branch.when, types).holds(values)
                )
            ]
        return stage

    def _leave(self, item: WorkItem) -> None:
        """End an item with what hangs on it: questions asked from it, and the branches of its fork."""
        stage = self.flow.stages[item.stage]
        self.finish(item)
        for other in list(self.open()):
            beside = other.side and other.branch == item.branch and not self._outlives(other)
            if (beside and other is not self.item) or marking.inside(other.branch, item.branch, item.stage):
                self.finish(other, "cancelled")
        if stage.parked:
            self.case.parked_until = None
        if stage.pauses and item.branch == "":
            clocks.resume(self.case, item.opened_at, self.now, clocks.cycle_start(self.case, self.items))

    # What a replay of the record does from the record instead.

    def convene(self, stage: Stage, item: WorkItem) -> None:
        """Ask those whom a panel is for."""
        convening.convene(self, stage, item)

    def count_votes(self, item: WorkItem) -> str:
        """Close a panel and count; the stage its result leads to."""
        return convening.close(self, item)

    def end_panel(self, item: WorkItem) -> None:
        """A panel whose item ends uncounted came to nothing."""
        convening.end(self, item)

    def _outlives(self, side: WorkItem) -> bool:
        """What residents flagged is answered, however the works have gone on."""
        return side.stage in self.flow.answering

    def _enter(self, stage: Stage, at: At) -> None:
        if stage.kind == "join":
            self._arrive(stage, at)
        elif stage.kind == "end":
            self._end(stage)
        else:
            self._stand(stage, at)

    def _stand(self, stage: Stage, at: At) -> None:
        case = self.case
        if at.branch == "":
            clocks.clear_later_stamps(case, stage)
            case.stage, case.phase = stage.id, stage.phase
            if stage.phase != "your_word":
                case.attempts = None
        item = seating.new_item(self.flow, stage, case, [*self.items, *self.created], at=at, now=self.now)
        if stage.parked:
            case.parked_until = item.due_at
        came = self.item is not None and not self.item.side and stage.kind == "task"
        if came and effects.keeps_hand(self.actor, item, self.now):
            item.person_id = self.actor.person_id
        self.created.append(item)
        if stage.kind == "fork":
            self._split(stage, item)
        elif stage.kind == "children":
            item.ask = {**item.ask, "places": children.places_of(stage, case)}
        elif stage.kind == "panel":
            self.convene(stage, item)

    def _split(self, stage: Stage, fork: WorkItem) -> None:
        """Open every branch of a fork; the fork's item remembers which there are and which have arrived."""
        opened = marking.branches(stage.id, _at(fork), fork.number, stage.tracks, self.case.kept or {})
        fork.ask = {**fork.ask, "branches": [at.branch for _track, at in opened], "arrived": []}
        for track, at in opened:
            if fork.state == OPEN:  # a branch may have gone straight to a join that needs no other
                self.enter(track.to, at)
        if not opened:
            self._joined(self.flow.join_of(stage.id), fork)

    def _arrive(self, join: Stage, at: At) -> None:
        fork = next(i for i in self.open() if i.number == at.fork)
        arrived = [*fork.ask["arrived"], at.branch]
        fork.ask = {**fork.ask, "arrived": arrived}
        self.change(fork)
        if marking.reached(join.needs, fork.ask["branches"], arrived):
            self._joined(join, fork)

    def _joined(self, join: Stage, fork: WorkItem) -> None:
        """Enough have arrived: what still runs inside is told to stop, and the fork's own branch goes on."""
        assert join.to is not None
        self._leave(fork)
        fork.action = "joined"
        self.enter(join.to, _at(fork))

    def join_other(self, main: Case) -> None:
        """The matter is handled with another one from now on: it ends where it stands, and its stage tells where."""
        self.stop()
        case = self.case
        case.state, case.outcome, case.closed_at, case.merged_into = CLOSED, MERGED, self.now, main.id
        case.owner_seat = case.late_at = case.parked_until = case.attempts = None
        case.solved = case.rating = ""  # what was said of an earlier round stands in the record; now it is asked anew
        case.followed_at, case.phase = None, "closed"

    def stop(self, *, undone: bool = False) -> None:
        """End everything that is open; what comes of the case is the caller's to say. `undone`: nobody did the step."""
        for item in list(self.open()):
            if item is not self.item:
                self.finish(item, "cancelled")
        if self.item is not None:
            self.finish(self.item, "cancelled" if undone else "done")

    def _end(self, stage: Stage) -> None:
        self.stop()
        case = self.case
        case.state, case.outcome, case.closed_at = CLOSED, stage.outcome, self.now
        case.owner_seat = case.late_at = case.parked_until = None
        case.stage, case.phase = stage.id, stage.phase


def _at(item: WorkItem) -> At:
    return At(item.branch, item.fork, item.ask.get("seat"))
