"""The only door to a case row: who may see it, who may act on an item, locked when it is to be changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import Action
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotAllowed, NotFound, register
from gezhi.foundation.people import Actor
from gezhi.foundation.places import Path

register(
    "case.not_found",
    404,
    _("没有这件事。"),
    _("编号不对，或者不在您能看到的范围。"),
    _("请核对编号，或从列表里打开。"),
)
register(
    "case.not_yours",
    403,
    _("这一步不由您来办。"),
    _("现在由 {seat} 负责。"),
    _("需要的话，请对方办理，或由其席位转交。"),
)
register(
    "case.doer_verifies",
    403,
    _("自己办的事不能自己核查。"),
    _("这一步要由没有经手办理的人来做，代班也不行。"),
    _("已经交给 {seat}，请等对方处理。"),
)


@dataclass(frozen=True)
class Scope:
    """One indexed scan of the case table: a column and the value it must have."""

    column: str
    value: int


def path_of(case: Case) -> Path:
    """Where the case lies, as frozen at its opening."""
    return Path(case.county_id, case.town_id, case.village_id, case.grid_id)


def scopes(actor: Actor) -> tuple[Scope, ...]:
    """The scans whose union is what the actor may see: visible_to(actor).

    Disjoint top-most places with the power case.see, and the cases that a seat of the actor's handles.
    """
    found: dict[Scope, None] = {Scope(f"{kind}_id", place): None for kind, place in actor.places("case.see")}
    for seat_id in sorted(actor.answering):
        found[Scope("handler_seat", seat_id)] = None
    return tuple(found)


def sees(case: Case, actor: Actor) -> bool:
    """The rule of `scopes`, for one row."""
    if actor.kind == "system":
        return True
    if actor.kind == "resident":
        return actor.name == case.code
    if case.owner_seat in actor.answering or case.handler_seat in actor.answering:
        return True
    return actor.may("case.see", path_of(case))


def case_to_see(case_id: int, *, actor: Actor) -> Case:
    """The case, or NotFound: whether it exists is not told to those who may not see it."""
    case = Case.objects.filter(pk=case_id).first()
    # A side item's owner, or a seat to which an item climbed, sees its case as well.
    if case is None or not (sees(case, actor) or _climbed_to(case_id, actor)):
        raise NotFound("case.not_found")
    return case


def _climbed_to(case_id: int, actor: Actor) -> bool:
    """Whether an open item of the case is the actor's to do, as owner of a side item or in somebody's stead."""
    directory, now = people.directory(), clock.now()
    return actor.kind == "staff" and any(
        actor.person_id in directory.effective(item.owner_seat, now, unlike=frozenset(item.barred)).persons
        for item in WorkItem.objects.filter(case_id=case_id, state=OPEN)
    )


def case_by_code(code: str) -> Case:
    """The case of a resident's tidy code, or NotFound."""
    case = Case.objects.filter(code=code).first()
    if case is None:
        raise NotFound("case.not_found")
    return case


def case_to_change(case_id: int) -> tuple[Case, list[WorkItem]]:
    """The row locked for this transaction, and all its items in order. Two queries."""
    case = Case.objects.select_for_update().filter(pk=case_id).first()
    if case is None:
        raise NotFound("case.not_found")
    return case, list(WorkItem.objects.filter(case_id=case_id).order_by("number"))


def doers(items: Iterable[WorkItem], stages: Iterable[str]) -> frozenset[int]:
    """Persons who completed one of the stages on this case, in any cycle."""
    wanted = set(stages)
    return frozenset(i.done_by for i in items if i.stage in wanted and i.done_by is not None)


def why_not(
    action: Action, *, case: Case, item: WorkItem | None, items: list[WorkItem], actor: Actor, now: datetime
) -> NotAllowed | None:
    """None when the actor may do this; otherwise the refusal that says why."""
    directory = people.directory()
    last: NotAllowed | None = None
    for who in action.by:
        if who == "system":
            if actor.kind == "system":
                return None
        elif who == "reporter":
            if actor.kind == "resident" and actor.name == case.code:
                return None
            # The counter speaks for a resident, but nobody speaks for one about his own work.
            if (
                actor.kind == "staff"
                and actor.may("case.raise_for", path_of(case))
                and actor.person_id not in {i.done_by for i in items if i.done_by is not None}
            ):
                return None
        elif who.startswith("power:"):
            if actor.may(who.removeprefix("power:"), path_of(case)):
                return None
        elif who == "owner" and item is not None and item.owner_seat is not None:
            if actor.kind != "staff" or actor.person_id is None:
                continue
            barred = frozenset(item.barred)
            effective = directory.effective(item.owner_seat, now, unlike=barred)
            if actor.person_id in effective.persons:
                return None
            label = directory.seat(effective.seat_id).label
            code = "case.doer_verifies" if actor.person_id in barred else "case.not_yours"
            last = NotAllowed(code, seat=label)
    return last or NotAllowed()


_SCOPED = ("county_id", "town_id", "village_id", "grid_id", "handler_seat")


def seeing(actor: Actor) -> Callable[[Mapping[str, int | None]], bool]:
    """The rule of `scopes` as a test of one row's columns, for rows found by other means."""
    mine = scopes(actor)
    return lambda row: any(row[scope.column] == scope.value for scope in mine)


def searchable(ids: Iterable[int], actor: Actor) -> Q:
    """A filter for rows found by other means: among the ids, those the actor may see. One query."""
    # Looked at here, by id: with the places in the condition a planner may read all of a county instead.
    may_see = seeing(actor)
    rows = Case.objects.filter(pk__in=list(ids)).values("id", *_SCOPED)
    return Q(pk__in=[row["id"] for row in rows if may_see(row)])
