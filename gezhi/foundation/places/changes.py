"""Doing a planned change of divisions or grids: places by event, then seats and open cases in their own rooms.

`apply(plan)` thinks the plan through again under the lock, writes the places with their date of effect (`carrying_out`)
and records the change itself (stream placechange:<id>). What follows from it is done by the hooks of `effects`: in the
same transaction when the day has come, else by a job on that day. Nothing is deleted; `undoing` plans the way back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import shapely
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.foundation import db, errors, events, jobs
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.inserting import new_ids

from . import plans
from .actions import _changing, _need
from .carrying_out import CarryingOut
from .effects import take_effect
from .models import Place, PlaceChange
from .plans import Part, Plan
from .shapes import read_shape
from .snapshot import directory

MOST_AHEAD = timedelta(days=366)

errors.register(
    "place.plan", 422, gettext_lazy("这样调整不行。"), gettext_lazy("{reason}。"), gettext_lazy("请按提示改好再试，原来的没有动。")
)  # fmt: skip
errors.register(
    "place.plan_stale", 409, gettext_lazy("情况变了，没有执行。"),
    gettext_lazy("您看预览以后，这些地方又有了变动：{reason}。"), gettext_lazy("请重新看一遍预览再确认。"),
)  # fmt: skip


def apply(plan: Plan, *, actor: Any, reason: str = "", undoes: int | None = None) -> PlaceChange:
    """Do it: all in one write. Raises Invalid `place.plan` `place.date`, Conflict `place.plan_stale`, NotAllowed."""
    _may_begin(plan)
    with _changing():
        assert plan.again is not None
        fresh = plan.again()
        if not fresh.fine:
            code = "place.plan_stale" if plan.fine else "place.plan"
            kind = errors.Conflict if plan.fine else errors.Invalid
            raise kind(code, reason="；".join(fresh.problems[:4]))
        for id in (*fresh.olds, *([fresh.parent] if fresh.parent is not None else [])):
            _need(actor, id)
        write = CarryingOut(fresh, actor, reason)
        news, moved, before = write.places()
        change = _record(fresh, news, moved, before, undoes, actor, reason)
        db.revisions.bump("places")
        if fresh.on <= clock.today():
            take_effect(change.pk)
        else:
            jobs.enqueue("places.effect", str(change.pk), {"change": change.pk}, run_at=clock.midnight(fresh.on))
    change.refresh_from_db()
    return change


def undoing(change_id: int, *, on: date | None = None) -> Plan:
    """The plan that takes a change back from a day on: a new change, the old one stays in the record.

    Places that closed are not woken: new ones with their names, codes and outlines take their ground again.
    """
    change = PlaceChange.objects.get(pk=change_id)
    plan, day = change.plan, on or clock.today()
    if change.kind == "rename":
        return plans.rename(plan["olds"][0], plan["before"]["name"], on=day)
    if change.kind == "recode":
        return plans.recode({int(id): old for id, old in plan["before"]["codes"].items()}, on=day, inside=False)
    if change.kind == "move":
        return plans.move(plan["olds"], plan["before"]["parent"], on=day, layer=plan["layer"])
    rows = {p.pk: p for p in Place.objects.filter(pk__in=plan["olds"])}
    children = {int(child): old for child, old in plan["before"]["children"].items()}
    known = directory(day)
    parts = [
        Part(
            rows[old].name,
            plan["before"]["codes"].get(str(old), {}),
            _outline(rows[old]),
            frozenset(c for c, was in children.items() if was == old and known.open(c)),
        )
        for old in plan["olds"]
    ]
    if change.kind == "close" or any(id in plan["before"]["standing"] for id in plan["news"]):
        words = _("并入或撤销以后不能直接恢复，请重新设立或拆分")
        return Plan("split", day, tuple(plan["news"]), problems=(words,))
    kind = "merge" if len(parts) == 1 else "split" if len(plan["news"]) == 1 else "redraw"
    return plans.regroup(kind, plan["news"], parts, on=day)


def _outline(place: Place) -> shapely.Geometry | None:
    return None if place.geometry is None else read_shape(place.geometry)


def _may_begin(plan: Plan) -> None:
    """No change begins in the past: what was counted and published then stays as it was (docs/adr/0121)."""
    today = clock.today()
    if plan.on < today:
        raise errors.Invalid("place.date", reason=_("不能早于今天（{day}）").format(day=today))
    if plan.on > today + MOST_AHEAD:
        raise errors.Invalid("place.date", reason=_("最多提前一年"))
    if plan.again is None:
        raise errors.Invalid("place.plan", reason="；".join(plan.problems) or "?")


def _record(
    plan: Plan,
    news: Sequence[int],
    moved: Sequence[int],
    before: Mapping[str, Any],
    undoes: int | None,
    actor: Any,
    reason: str,
) -> PlaceChange:
    heirs = {str(old): [news[n] for n in parts] for old, parts in plan.heirs.items()}
    body = {
        "olds": list(plan.olds),
        "news": list(news),
        "heirs": heirs,
        "moved": list(moved),
        "layer": plan.layer,
        "parent": plan.parent,
        "before": dict(before),
    }
    change = PlaceChange(
        pk=new_ids(PlaceChange, 1)[0], kind=plan.kind, on=plan.on, place_id=plan.olds[0], plan=body,
        undoes=undoes, made_at=clock.now(),
    )  # fmt: skip
    facts = {
        "kind": plan.kind, "on": plan.on, "state": "planned", "place_id": plan.olds[0], "plan": body,
        "undoes": undoes,
    }  # fmt: skip
    head = events.record(
        f"placechange:{change.pk}", "placechange.decided", actor=actor, patch=facts, head=events.GENESIS,
        reason=reason[: events.log.REASON_LIMIT] or None,
    )  # fmt: skip
    change.event_seq, change.event_hash = head
    change.save(force_insert=True)
    return change
