"""Open cases go over to another version of their workflow: each as if it had begun with it, or not at all.

`preview` says of each case whether its record can be done again on the other version, and if not, where and why. `migrate`
asks the same under the case's lock and writes one event `case.migrated`: the version, what the version keeps and
counts, and the clocks and seats of what is open now. The date promised to the resident stays. docs/rules/versions.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.engines.workflows import access, clocks, recounting, replaying, seating
from gezhi.engines.workflows.marking import At
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.record import case_patch, item_patch
from gezhi.engines.workflows.replaying import Differs, Replayed
from gezhi.engines.workflows.schema import Workflow, definition, entry_at
from gezhi.foundation import db, events, jobs, packs
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotFound, register
from gezhi.foundation.people import Actor

POWER = "packs.manage"
register(
    "migrate.same",
    422,
    gettext_lazy("没有要换的。"),
    gettext_lazy("换过去的版本和现在的版本是同一个。"),
    gettext_lazy("请选另一个版本。"),
)
_ITEM_COLUMNS = (
    "owner_seat",
    "person_id",
    "barred",
    "due_at",
    "warn_at",
    "next_at",
    "warned_at",
    "breached_at",
    "rung",
)


@dataclass(frozen=True)
class Outcome:
    """What becomes of one case. `code` "" when it goes over; else which kind of difference, and `words` where and why."""

    case_id: int
    number: str
    code: str = ""
    words: str = ""

    @property
    def moves(self) -> bool:
        return not self.code


def waiting(workflow: str, version: int) -> list[int]:
    """Ids of the open cases of a version, oldest first."""
    return list(
        Case.objects.filter(workflow=workflow, version=version, state=OPEN).order_by("id").values_list("id", flat=True)
    )


def preview(workflow: str, version: int, to: int, *, ids: Sequence[int] | None = None) -> list[Outcome]:
    """What `migrate` would do with each open case, or those in `ids`; nothing is written. Two queries, and one for the
    words that were said in each."""
    new = _other(workflow, version, to)
    wanted = waiting(workflow, version) if ids is None else list(ids)
    rows = Case.objects.filter(pk__in=wanted, state=OPEN).values_list("id", "number", "place_id")
    numbers = {id: number for id, number, _place in rows}
    apart = {id for id, _number, place in rows if not _holds_at(workflow, to, place)}
    found = []
    histories = events.histories(f"case:{id}" for id in numbers)
    for case_id in (id for id in wanted if id in numbers):
        if case_id in apart:
            found.append(Outcome(case_id, numbers[case_id], "migrate.place", _of_another_place()))
            continue
        try:
            replaying.replay(case_id, histories[f"case:{case_id}"], new)
        except Differs as differs:
            found.append(Outcome(case_id, numbers[case_id], differs.code, differs.words))
        else:
            found.append(Outcome(case_id, numbers[case_id]))
    return found


def migrate(case_id: int, to: int, *, actor: Actor) -> Outcome:
    """Take one open case over to version `to` of its workflow, by one event; or say why not, and change nothing.

    Needs packs.manage. A case that has ended, or stands on `to` already, is left as it is (code migrate.over).
    """
    actor.need(POWER, None)
    with db.write():
        case, items = access.case_to_change(case_id)
        if case.state != OPEN or case.version == to:
            return Outcome(case_id, case.number, "migrate.over", _("这一件已经办结，或者已经在这一版上。"))
        new, body_hash = definition(case.workflow, to)
        if not _holds_at(case.workflow, to, case.place_id):
            return Outcome(case_id, case.number, "migrate.place", _of_another_place())
        try:
            done = replaying.replay(case_id, events.history(f"case:{case_id}"), new)
        except Differs as differs:
            return Outcome(case_id, case.number, differs.code, differs.words)
        _write(case, items, new, body_hash, done, actor)
        return Outcome(case_id, case.number)


def _holds_at(workflow: str, version: int, place_id: int) -> bool:
    """Whether a case of this place may go over to the version: one made by whoever decides for that place now.

    A place with a version of its own takes no other place's, nor everybody's; one without takes everybody's only.
    """
    made_by = packs.registry().get("workflow", workflow, version).place_id
    try:
        return made_by == entry_at(workflow, place_id).place_id
    except NotFound:
        return False


def _of_another_place() -> str:
    return _("那一版不是这件事所在的地方用的：各地的事只换到本地用的版本。")


def _other(workflow: str, version: int, to: int) -> Workflow:
    if version == to:
        raise Invalid("migrate.same")
    return definition(workflow, to)[0]


def _write(case: Case, items: list[WorkItem], new: Workflow, body_hash: str, done: Replayed, actor: Actor) -> None:
    now, before = clock.now(), case_patch(case)
    old = definition(case.workflow, case.version)[0]
    case.version, case.body_hash = new.version, body_hash
    for name, value in done.carried.items():
        setattr(case, name, value)
    case.phase = new.stages[case.stage].phase
    moved = []
    for item in (i for i in items if i.state == OPEN):
        was = item_patch(item)
        _seat(old, new, case, item, items)
        recounting.recount_item(new, case, item, now)
        if item_patch(item) != was:
            moved.append(item)
    trunk = next(i for i in items if i.state == OPEN and i.branch == "" and not i.side)
    case.owner_seat = trunk.owner_seat
    case.parked_until = trunk.due_at if new.stages[trunk.stage].parked else None
    case.close_by = clocks.close_by(new, case.due_at)
    if case.first_response_at is None:
        case.respond_by = clocks.respond_by(new, case.opened_at)
    case.late_at = clocks.late_at(new, case, items)
    after = case_patch(case)
    patch: dict[str, Any] = {name: value for name, value in after.items() if before[name] != value}
    patch["act"] = {"action": "case.migrated", "stage": case.stage, "item": None, "from": old.version}
    patch |= {f"item:{item.number}": item_patch(item) for item in moved}
    head = events.record(
        f"case:{case.id}", "case.migrated", actor=actor, patch=patch,
        head=events.Head(case.event_seq, bytes(case.event_hash)),
    )  # fmt: skip
    case.event_seq, case.event_hash = head.seq, head.hash
    case.save(update_fields=[*(n for n in after if before[n] != after[n]), "event_seq", "event_hash"])
    for item in moved:
        item.save(update_fields=_ITEM_COLUMNS)
    _look_again(case, items, new)


def _seat(old: Workflow, new: Workflow, case: Case, item: WorkItem, items: list[WorkItem]) -> None:
    """Another role for the stage: the open item goes to its seat. Taken over or passed on, it stays where it went."""
    stage = new.stages[item.stage]
    if stage.owner == old.stages[item.stage].owner or {"taken_from", "passed"} & item.ask.keys():
        return
    at = At(item.branch, item.fork, item.ask.get("seat"))
    bar = [item.ask["asked_by"]] if "asked_by" in item.ask else []
    others = [i for i in items if i is not item]
    fresh = seating.new_item(new, stage, case, others, at=at, now=item.opened_at, bar=bar)
    if (fresh.owner_seat, fresh.barred) != (item.owner_seat, item.barred):
        item.owner_seat, item.barred, item.person_id = fresh.owner_seat, fresh.barred, None


def _look_again(case: Case, items: list[WorkItem], new: Workflow) -> None:
    """What a stage with sub-cases waits for may be there already."""
    for item in (i for i in items if i.state == OPEN and new.stages[i.stage].kind == "children"):
        jobs.enqueue("case.children", f"{case.id}:{item.number}:v{new.version}", {"case": case.id, "item": item.number})
