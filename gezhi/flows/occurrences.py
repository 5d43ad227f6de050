"""What happens, as rules name it: the typed catalogue of events a flow may begin with, read off the log.

One event of the log may be several occurrences: a dispatch both hands an item over and stamps a date. Names and types
stand in CATALOGUE; a rule that names anything else is refused when its pack loads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gezhi.engines.workflows.models import CLOSED, OPEN, Case
from gezhi.engines.workflows.schema import PHASES, RUNGS, Workflow
from gezhi.foundation.events import Event
from gezhi.foundation.expressions import Choice, Text, Truth, Type

COMMON: dict[str, Type] = {
    "workflow": Text,
    "channel": Text,
    "category": Text,
    "kind": Text,
    "sort": Choice(("big", "small", "private")),
    "urgent": Truth,
    "protected": Truth,
    "contact": Truth,  # the resident left a way to be reached
    "stage": Text,
    "phase": Choice(PHASES),
    "action": Text,
    "by": Choice(("staff", "resident", "system")),
}
# panel: the step is one in which people are asked; households: residents answer it, with the code of their household
ITEM = COMMON | {"side": Truth, "panel": Truth, "households": Truth}

# name -> what its condition may read.
CATALOGUE: dict[str, Mapping[str, Type]] = {
    "case.opened": COMMON,
    "case.accepted": COMMON,
    "case.returned": COMMON,
    "case.reworked": COMMON,
    "case.reopened": COMMON,
    "case.handled": COMMON,
    "case.promise_moved": COMMON,
    "case.parked": COMMON,
    "case.merged": COMMON,
    "case.supervised": COMMON,
    "case.closed": COMMON | {"outcome": Text},
    "case.acted": COMMON,
    "item.opened": ITEM,
    "item.asked": ITEM,
    "item.moved": ITEM,
    "item.warned": ITEM,
    "item.breached": ITEM,
    "item.climbed": ITEM | {"rung": Choice(RUNGS)},
    "reporter.said": COMMON,
}
# What the event's own columns say: the name of the occurrence, when the column got a value.
_STAMPED = {
    "accepted_at": "case.accepted",
    "handled_at": "case.handled",
    "parked_until": "case.parked",
    "merged_into": "case.merged",
}
_COUNTED = {"returns": "case.returned", "reworks": "case.reworked", "reopenings": "case.reopened"}
_BY_THE_CLOCK = ("item.warned", "item.breached", "item.escalated", "case.reclocked", "case.migrated")


@dataclass(frozen=True)
class Occurrence:
    """`item`: the work item as the event left it, None when it is about the whole case. `seat`: of a rung."""

    name: str
    event: Event
    case: Case
    flow: Workflow
    item: Mapping[str, Any] | None = None
    number: int = 0
    seat: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """Tells the occurrences of one event and name apart."""
        return f"{self.number}" if "rung" not in self.more else f"{self.number}{self.more['rung'][:2]}{self.seat}"

    @property
    def stage(self) -> str:
        return str(self.item["stage"] if self.item else self.event.patch.get("stage", self.case.stage))

    def values(self) -> dict[str, Any]:
        """What a condition reads, by the names of CATALOGUE. Of the case: as it is now."""
        case, act = self.case, self.event.patch.get("act") or {}
        stage = self.flow.stages.get(self.stage)
        found: dict[str, Any] = {
            "workflow": case.workflow,
            "channel": case.channel,
            "category": case.category or None,
            "kind": case.kind or None,
            "sort": case.sort or None,
            "urgent": case.urgent,
            "protected": bool(case.protected),
            "contact": case.contact_ref is not None,
            "stage": self.stage,
            "phase": (stage.phase if stage else "") or None,
            "action": act.get("action"),
            "by": _by(self.event),
        }
        if self.item is not None:
            found["side"] = bool(self.item["side"])
            rule = stage.panel if stage is not None else None
            found["panel"], found["households"] = rule is not None, rule is not None and rule.public
        return found | dict(self.more)


def _by(event: Event) -> str:
    if event.actor_person is not None:
        return "staff"
    return "resident" if event.actor_name == "resident" else "system"


def occurrences(event: Event, case: Case, flow: Workflow) -> Iterator[Occurrence]:
    """Everything one event of a case says, in a fixed order."""
    patch, act = event.patch, event.patch.get("act") or {}
    items = {int(key[5:]): value for key, value in patch.items() if key.startswith("item:")}

    def here(name: str, **more: Any) -> Occurrence:
        return Occurrence(name, event, case, flow, **more)

    if event.kind == "case.opened":
        yield here("case.opened")
    opened = items if event.kind == "case.opened" else act.get("opened") or ()
    for number in sorted(int(n) for n in opened):
        item = items.get(number)
        if item is not None and item["state"] == OPEN and item["owner_seat"] is not None:
            yield here("item.asked" if item["side"] else "item.opened", item=item, number=number)
    main = act.get("item")
    item = items.get(main) if main is not None else None
    if event.kind in ("item.warned", "item.breached") and item is not None:
        yield here(event.kind, item=item, number=main)
    if event.kind == "item.escalated" and item is not None:
        for rung in act.get("rungs") or ():
            yield here("item.climbed", item=item, number=main, seat=rung["seat"], more={"rung": rung["do"]})
    if event.kind == "case.reseated" and item is not None:
        yield here("item.moved", item=item, number=main)
    if event.kind == "case.opened" or event.kind in _BY_THE_CLOCK:
        return
    for column, name in {**_STAMPED, **_COUNTED}.items():
        if patch.get(column):
            yield here(name)
    if patch.get("supervised_at"):
        yield here("case.supervised", seat=patch.get("supervised_by") or case.supervised_by)
    if "due_at" in patch:
        yield here("case.promise_moved")
    if patch.get("state") == CLOSED:
        yield here("case.closed", more={"outcome": str(patch.get("outcome", case.outcome))})
    if _by(event) == "resident":
        yield here("reporter.said")
    yield here("case.acted")
