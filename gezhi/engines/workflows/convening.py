"""A panel begins and ends with the item of its stage: who is asked, and what came of it, within one step of the case.

The step gathers rows, `writing` writes them with the case's own event. A panel has a stream of its own, so that those who
answer never wait for one another's case, nor for whoever works on it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gezhi.engines.workflows import access, drawing_seats, panel_rules, rolls, rules, seating
from gezhi.engines.workflows.models import WorkItem
from gezhi.engines.workflows.panel_models import CLOSED, GATHERING, OPEN, RECUSED, Ballot, Panel
from gezhi.engines.workflows.panel_rules import Cast
from gezhi.engines.workflows.schema import Stage
from gezhi.engines.workflows.schema_panels import MOST_VOTERS, PanelRule
from gezhi.foundation import db, events, people
from gezhi.foundation.people import Actor

if TYPE_CHECKING:
    from gezhi.engines.workflows.stepping import Step

PANEL_FIELDS = ["number", "stage", "round", "state", "secret", "opened_at", "invited", "closed_at", "result", "binding",
                "tally", "draw"]  # fmt: skip
BALLOT_FIELDS = ["seat_id", "group", "area", "state", "way", "choice", "by_person"]


def convene(step: Step, stage: Stage, item: WorkItem) -> None:
    """Open the panel of an item that begins: a first meeting, or the next one of those who were asked before."""
    assert stage.panel is not None
    rule, case = stage.panel, step.case
    panel = Panel(
        id=rules.new_id(step.now),
        case_id=case.id,
        number=item.number,
        stage=stage.id,
        round=step.round,
        state=OPEN,
        secret=rule.secret,
        opened_at=step.now,
        urn={} if rule.secret else None,
    )
    lines = _invited(step, stage, rule, panel, item)
    if lines is None:
        panel.state = GATHERING
    ballots = ballots_of(panel, lines or ())
    panel.invited = len(ballots)
    step.panels.append((panel, ballots))
    step.told["panel"] = {"number": item.number, "round": panel.round, "invited": panel.invited}


def ballots_of(panel: Panel, lines: Any) -> list[Ballot]:
    """A ballot for each line, not saved; a household gets the hash of its code."""
    return [
        Ballot(
            panel=panel,
            number=number,
            voter=line.voter,
            seat_id=line.seat_id,
            label=line.label,
            group=line.group,
            area=line.area,
            code_hash=None if line.seat_id else rolls.hash_of(rolls.code_of(panel.case_id, line.voter)),
        )
        for number, line in enumerate(lines, start=1)
    ]


def _invited(step: Step, stage: Stage, rule: PanelRule, panel: Panel, item: WorkItem) -> list[rolls.Line] | None:
    """Who is asked; None when their list is still to be brought."""
    case, who = step.case, rule.voters
    same = who.same or stage.id
    if who.same or who.roll or panel.round > 1:
        before = (
            Panel.objects.filter(case_id=case.id, stage=same).order_by("-number").first() if case.event_seq else None
        )
        if before is not None and before.invited:
            return _again(before)
        if who.roll or who.same:
            return None if who.roll else []
    directory = people.directory()
    if who.draw is not None:
        record = drawing_seats.drawn(
            case, who.draw.post, count=who.draw.count, by=who.draw.by, number=item.number, now=step.now,
            acted=access.doers(step.items, stage.owner.unlike if stage.owner else ()),
            stood_aside=seating.recused(step.items) | seating.parties(
                stage.owner.without if stage.owner else None, case, step.now
            ),
        )  # fmt: skip
        panel.draw = record
        seats = record["drawn"]
    elif who.kept is not None:
        seats = list(dict.fromkeys((case.kept or {}).get(who.kept, ())))
    else:
        seats = list(dict.fromkeys(s for post in who.posts for s in drawing_seats.pool_of(post, case.place_id)))
    return [rolls.Line(f"seat:{s}", directory.seat(s).label[:60], seat_id=s) for s in seats[:MOST_VOTERS]]


def _again(before: Panel) -> list[rolls.Line]:
    """Those who were asked before, without those who stood aside then."""
    rows = Ballot.objects.filter(panel=before).exclude(state=RECUSED).order_by("number")
    return [rolls.Line(b.voter, b.label, b.group, b.area, b.seat_id) for b in rows]


def close(step: Step, item: WorkItem) -> str:
    """Close the panel of an item and count; the stage its result leads to, the same one for another meeting."""
    stage = step.flow.stages[item.stage]
    rule = stage.panel
    assert rule is not None
    panel = locked(case_id=step.case.id, number=item.number)
    ballots = Ballot.objects.filter(panel=panel).values_list("state", "choice", "group", "area")
    casts = (Cast(state, choice, group, area or Decimal(0)) for state, choice, group, area in ballots)
    tally = panel_rules.count(casts, panel.urn)
    judged = panel_rules.judge(rule, tally)
    panel.state, panel.closed_at, panel.result = CLOSED, step.now, judged.result
    panel.binding = bool(step.values.get("minutes"))
    panel.tally = {**tally.as_json(), "because": [dict(one) for one in judged.because]}
    panel.tally["groups"] = panel_rules.groups_shown(panel.tally, rule.secret)
    panel.urn = None
    again = judged.result == "void" and panel.round < rule.rounds
    step.closed.append((panel, "panel.closed"))
    step.round = panel.round + 1 if again else 1
    step.told["result"] = {
        "number": panel.number, "round": panel.round, "result": panel.result, "binding": panel.binding,
        "again": again, "voted": tally.voted, "invited": tally.invited, "choices": panel.tally["choices"],
    }  # fmt: skip
    return stage.id if again else rule.ways[judged.result]


def end(step: Step, item: WorkItem) -> None:
    """The item of a panel ends: when nobody counted (the matter was withdrawn, merged, over), its panel came to nothing."""
    if any(panel.number == item.number for panel, _kind in step.closed):
        return
    panel = locked(case_id=step.case.id, number=item.number)
    panel.state, panel.closed_at, panel.result, panel.urn = CLOSED, step.now, "void", None
    step.closed.append((panel, "panel.cancelled"))


def locked(**which: Any) -> Panel:
    """The panel's row, locked for this transaction: every vote and every closing goes through here."""
    return Panel.objects.select_for_update().get(**which)


def write(step: Step) -> None:
    """Write what the step closed and convened, each with its event."""
    for panel, kind in step.closed:
        record(panel, kind, {}, actor=step.actor)
        panel.save()
    for panel, ballots in step.panels:
        record(panel, "panel.opened", {f"ballot:{b.number}": ballot_patch(b) for b in ballots}, actor=step.actor)
        db.insert(panel)
        db.insert_many(ballots)


def record(panel: Panel, kind: str, more: dict[str, Any], *, actor: Actor, whole: bool = True) -> None:
    """One event on the panel's stream, its head moved on; the caller saves the row. `whole`: the panel's own columns too."""
    patch = {name: getattr(panel, name) for name in PANEL_FIELDS} if whole else {}
    head = events.Head(panel.event_seq, bytes(panel.event_hash)) if panel.event_seq else events.GENESIS
    head = events.record(f"panel:{panel.id}", kind, actor=actor, head=head, patch=patch | more)
    panel.event_seq, panel.event_hash = head.seq, head.hash


def ballot_patch(ballot: Ballot, **more: Any) -> dict[str, Any]:
    """A ballot as an event tells it: never its label, and of a secret vote no choice."""
    return {name: getattr(ballot, name) for name in BALLOT_FIELDS} | more
