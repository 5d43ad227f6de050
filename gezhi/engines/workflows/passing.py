"""An offer that goes to the next: the seats of one post at one place are asked one after the other.

`effect: recuse`: the person who was asked declares a relation and stands aside, on this case for good. `effect: pass_on`:
whoever was asked cannot, or did not answer in time (`silence`). When all seats of the post have been asked, the work
climbs as from vacant seats, past everybody who was asked. docs/rules/passing.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import clocks, lots, seating
from gezhi.engines.workflows import named as naming
from gezhi.engines.workflows.models import WorkItem
from gezhi.foundation import people
from gezhi.foundation.errors import Conflict, register

if TYPE_CHECKING:
    from gezhi.engines.workflows.stepping import Step

register(
    "case.nobody_next",
    409,
    _("没有下一个人可以转了。"),
    _("能接的席位都问过了，往上也没有别人。"),
    _("请先办，或请上级另外指定人。"),
)


def hand_on(step: Step, item: WorkItem) -> None:
    """The item goes to the next seat; the clock of the stage runs on, the wait for an answer begins anew.

    Raises Conflict("case.nobody_next") when a person asks and nobody is left; the clock then stops asking.
    """
    person = step.actor.person_id
    if step.action.effect == "recuse" and person is not None:
        _stand_aside(step, item, person)
    assert item.owner_seat is not None
    passed = [*item.ask.get("passed", ()), item.owner_seat]
    seat = _after(step, item, passed)
    if seat is None and step.actor.kind != "system":
        raise Conflict("case.nobody_next")
    if seat is None:
        item.ask = {**item.ask, "all_asked": True}
    else:
        item.ask = {**item.ask, "passed": passed, "asked_at": step.now.isoformat()}
        item.owner_seat, item.person_id = seat, None
    item.next_at = clocks.next_at(item, step.flow.stages[item.stage])
    step.change(item)


def _stand_aside(step: Step, item: WorkItem, person: int) -> None:
    """Whoever is related may not act on anything of this case, now or later."""
    item.ask = {**item.ask, "recused": sorted({*item.ask.get("recused", ()), person})}
    for other in list(step.open()):
        if person not in other.barred:
            other.barred = sorted({*other.barred, person})
            if other is not item and other.owner_seat is not None:
                other.owner_seat = seating.owner_of(other.owner_seat, frozenset(other.barred), step.now)
                other.person_id = None if other.person_id == person else other.person_id
            step.change(other)


def _after(step: Step, item: WorkItem, passed: Sequence[int]) -> int | None:
    """The next seat of the post that nobody has asked yet, else the next one up; None when there is none."""
    stage, now, directory = step.flow.stages[item.stage], step.now, people.directory()
    assert stage.owner is not None
    barred = frozenset(item.barred)
    if record := item.ask.get("draw"):  # the next in the order of the draw
        order = lots.order(record["candidates"], record["seed"], record["by"])
        found = next((s for s in order if s not in passed and set(directory.holders(s, now)) - barred), None)
    else:
        found = seating.available(stage.owner.post or "", step.case.place_id, barred, now, passed=passed)
    if found is None:
        asked = barred.union(*(directory.holders(seat, now) for seat in passed))
        try:
            found = directory.effective(passed[-1], now, unlike=asked).seat_id
        except Conflict:  # not even at the root
            return None
    if step.case.protected:
        found = naming.lifted(found, naming.of(step.case), now)
    return None if found in passed else found
