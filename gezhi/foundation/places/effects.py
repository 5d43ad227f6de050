"""A change whose day has come: seats and open cases follow it, each in its own room.

Rooms above hook in by `on_effect`; `take_effect` calls them in the transaction of the change when it holds from today,
else from a job on its day, and once more when everybody who began with the old picture is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from gezhi.foundation import db, events, jobs
from gezhi.foundation.calendar import clock

from .models import PlaceChange

# Longer than any request lives: who began with the old picture has committed or given up by then.
AGAIN = timedelta(seconds=60)


@dataclass(frozen=True)
class Effect:
    """A change whose day has come, as the hooks are told. `heirs` old -> new places, the main one first; `moved`:
    every place whose parents changed."""

    id: int
    kind: str
    on: date
    olds: tuple[int, ...]
    news: tuple[int, ...]
    heirs: Mapping[int, tuple[int, ...]]
    moved: tuple[int, ...]


Hook = Callable[[Effect, Any], object]
_hooks: list[tuple[int, Hook]] = []


def on_effect(hook: Hook, *, order: int) -> Hook:
    """Call `hook(effect, actor)` when a change takes effect, in ascending order; hooks may be called again."""
    if (order, hook) not in _hooks:
        _hooks.append((order, hook))
        _hooks.sort(key=lambda pair: pair[0])
    return hook


def take_effect(change_id: int) -> bool:
    """Have seats and open cases follow a change whose day has come; False when it has not. May be called again."""
    from gezhi.foundation import people

    actor = people.system("places")
    with db.write():
        change = PlaceChange.objects.select_for_update().get(pk=change_id)
        if change.on > clock.today():
            return False
        effect = effect_of(change)
        for _order, hook in _hooks:
            hook(effect, actor)
        if change.state != "done":
            change.state = "done"
            _tell(change, "placechange.done", {"state": "done"}, actor)
            # Once more for cases and seats that were being written with the old picture at this moment.
            jobs.enqueue("places.effect", f"{change.pk}:again", {"change": change.pk}, run_at=clock.now() + AGAIN)
    return True


def effect_of(change: PlaceChange) -> Effect:
    """The change as the hooks see it."""
    plan = change.plan
    heirs = {int(old): tuple(new) for old, new in plan["heirs"].items()}
    return Effect(
        change.pk, change.kind, change.on, tuple(plan["olds"]), tuple(plan["news"]), heirs, tuple(plan["moved"])
    )


def _tell(change: PlaceChange, kind: str, patch: Mapping[str, Any], actor: Any) -> None:
    head = events.record(
        f"placechange:{change.pk}",
        kind,
        actor=actor,
        patch=patch,
        head=events.Head(change.event_seq, bytes(change.event_hash)),
    )
    change.event_seq, change.event_hash = head
    change.save(update_fields=["state", "event_seq", "event_hash"])
