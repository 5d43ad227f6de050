"""The only door to a case row: who may see it, who may act on an item, locked when it is to be changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import guarding
from gezhi.engines.workflows import named as naming
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import Action, definition
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


SEATS_APART = 8  # so many owner seats get a scan each; somebody who answers for more gets one scan over all


@dataclass(frozen=True)
class Scope:
    """One indexed scan of the case table: a column and the value it must have.

    `kept`: False for ordinary matters only, True for protected ones only, None for both; those protected ones are
    candidates, which `guarding` looks at one by one.
    """

    column: str
    value: int | tuple[int, ...]
    kept: bool | None = False


def path_of(case: Case) -> Path:
    """Where the case lies, as frozen at its opening."""
    return Path(case.county_id, case.town_id, case.village_id, case.grid_id)


def scopes(actor: Actor) -> tuple[Scope, ...]:
    """The scans whose union is what the actor may see: visible_to(actor).

    Disjoint top-most places with the power case.see, and the cases that a seat of the actor's handles.
    """
    found: dict[Scope, None] = {Scope(f"{kind}_id", place): None for kind, place in actor.places("case.see")}
    for seat_id in sorted(actor.answering):
        found[Scope("handler_seat", seat_id, None)] = None
    return tuple(found)


def kept_scopes(actor: Actor) -> tuple[Scope, ...]:
    """The scans that find the protected matters an actor may see, beside those their seats handle (`scopes`)."""
    found = {Scope(f"{kind}_id", place, True): None for kind, place in actor.places(naming.POWER)}
    own = sorted(actor.answering)
    if len(own) > SEATS_APART:
        found[Scope("owner_seat", tuple(own), True)] = None
    else:
        found |= {Scope("owner_seat", seat_id, True): None for seat_id in own}
    return tuple(found)


#: Ordinary matters: what figures, maps, squares and public boards count for every reader alike. docs/adr
ORDINARY = Q(protected="")


def sees(case: Case, actor: Actor) -> bool:
    """The rule of `scopes`, for one row."""
    if actor.kind == "system":
        return True
    if actor.kind == "resident":
        return actor.name == case.code
    if case.protected:
        return guarding.sees(case, actor)
    if case.owner_seat in actor.answering or case.handler_seat in actor.answering:
        return True
    return actor.may("case.see", path_of(case))


def case_to_see(case_id: int, *, actor: Actor) -> Case:
    """The case, or NotFound: whether it exists is not told to those who may not see it."""
    case = Case.objects.filter(pk=case_id).first()
    # A side item's owner, or a seat to which an item climbed, sees its case as well.
    if case is None or not (sees(case, actor) or _climbed_to(case, actor) or _keeps_notes(case, actor)):
        raise NotFound("case.not_found")
    return case


def _keeps_notes(case: Case, actor: Actor) -> bool:
    """Whether the actor, in the seat they still sit in, sealed notes on the case: nobody else could read them again."""
    if actor.kind != "staff" or case.protected:
        return False
    flow = definition(case.workflow, case.version)[0]
    stages = [s.id for s in flow.stages.values() if any(a.sealed for a in s.actions.values())]
    mine = {"done_by": actor.person_id, "owner_seat__in": actor.answering, "stage__in": stages}
    return bool(stages) and WorkItem.objects.filter(case_id=case.id, **mine).exists()


def sees_at_all(case: Case, items: Iterable[WorkItem], actor: Actor) -> bool:
    """Whether the actor sees the case, or an item of it is theirs to do. The rule of `case_to_see`, for rows at hand."""
    return sees(case, actor) or _climbed_to(case, actor, items)


def _climbed_to(case: Case, actor: Actor, items: Iterable[WorkItem] | None = None) -> bool:
    """Whether an open item of the case is the actor's to do, as owner of a side item or in somebody's stead."""
    if actor.kind != "staff":
        return False
    now = clock.now()
    if case.protected and guarding.Guard(actor, now).keeps_away(naming.of(case)):
        return False
    directory = people.directory()
    running = WorkItem.objects.filter(case_id=case.id, state=OPEN) if items is None else items
    return any(
        actor.person_id in directory.effective(item.owner_seat, now, unlike=frozenset(item.barred)).persons
        for item in running
        if item.state == OPEN and item.owner_seat is not None
    )


def receipt_of(case_id: int, *, actor: Actor) -> Case:
    """The case for its receipt: as `case_to_see`, or for whoever wrote it down at the counter.

    They heard the words and hand over the code; the case itself they need not see: a head of a group who may only raise
    matters, a clerk whose matter is kept apart.
    """
    case = Case.objects.filter(pk=case_id).first()
    wrote = case is not None and case.reporter_id is not None and case.reporter_id == actor.person_id
    if case is not None and wrote and not (case.protected and guarding.Guard(actor).keeps_away(naming.of(case))):
        return case
    return case_to_see(case_id, actor=actor)


def may_reveal(case: Case, actor: Actor) -> bool:
    """Whether the actor holds the power a look at the contact needs."""
    return actor.may(guarding.reveal_power(case), path_of(case))


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
    if case.protected and actor.kind == "staff" and not sees_at_all(case, items, actor):
        return NotAllowed()
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


def searchable(ids: Iterable[int], actor: Actor) -> Q:
    """A filter for rows found by other means: among the ids, those the actor may see. One query, two at most."""
    # Looked at here, by id: with the places in the condition a planner may read all of a county instead.
    rows = Case.objects.filter(pk__in=list(ids)).values("id", *guarding.COLUMNS)
    return Q(pk__in=[row["id"] for row in only_seen(rows, actor)])


def only_seen(rows: Iterable[Mapping[str, Any]], actor: Actor) -> list[Mapping[str, Any]]:
    """The rule of `sees` for rows (`id` and guarding.COLUMNS) found by other means. A query when one is protected."""
    mine = scopes(actor)
    among = [row for row in rows if row["protected"] or any(row[scope.column] == scope.value for scope in mine)]
    return guarding.only_seen(among, actor)
