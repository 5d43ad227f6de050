"""The only door to a round: who opens, judges, checks, answers, awards; who sees which line of it.

Rounds are opened at a place by the posts of their rubric, at their place and inside it. A judge is never of the judged unit.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from gezhi.engines.appraisals import refusals as _refusals  # noqa: F401  (registers the codes)
from gezhi.engines.appraisals.models import FINAL, PUBLISHED, Round
from gezhi.engines.appraisals.population import Member
from gezhi.engines.appraisals.schema import Rubric, rubric, rubrics
from gezhi.foundation import people, places
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.people.actor import COLUMNS
from gezhi.foundation.people.answering import covers, seat_here, seats_of

SHOWN = (PUBLISHED, FINAL)
#: A county's own offices judge whom the county appraises: only the seat, the unit and the person bar there.
WIDE = ("province", "city", "county")


def may_open(kind: Rubric, place_id: int, actor: Actor) -> bool:
    """Whether the actor opens, seals and publishes rounds of it here."""
    return seat_here(actor, kind.body["open"], place_id) is not None


def locked(round_id: int) -> Round:
    """The row, locked for this transaction. Raises NotFound appraisal.none."""
    row = Round.objects.select_for_update().filter(pk=round_id).first()
    if row is None:
        raise NotFound("appraisal.none")
    return row


def to_run(round_id: int, *, actor: Actor, states: Collection[str]) -> tuple[Round, Rubric]:
    """The row locked, in one of these states, for who opens rounds there. Raises NotFound, NotAllowed, Conflict."""
    row = locked(round_id)
    kind = rubric(row.rubric, row.version)
    if not may_open(kind, row.place_id, actor):
        raise NotFound("appraisal.none") if not sees(row, actor) else NotAllowed("appraisal.not_yours")
    in_state(row, states)
    return row, kind


def in_state(row: Round, states: Collection[str]) -> None:
    """Raises Conflict appraisal.state when the round has gone on, or has not come so far."""
    if row.state not in states:
        raise Conflict("appraisal.state")


def own_unit(member: Member, kind: Rubric, actor: Actor) -> bool:
    """Whether the actor is who is judged, holds the judged seat, or belongs to the judged unit or place."""
    directory, map_of = people.directory(), places.directory()
    if actor.person_id is not None and actor.person_id in member.persons:
        return True
    if member.seat_id is not None:
        seat = directory.seat(member.seat_id)
        for id in actor.seats:
            mine = directory.seat(id)
            if id == member.seat_id or (seat.organisation_id and mine.organisation_id == seat.organisation_id):
                return True
    if kind.personal and member.seat_id is None:
        return False  # a household is judged by those of its own village: that is what they know it by
    info = map_of.get(member.place_id)
    if info is None or info.kind in WIDE:
        return False
    return any(map_of.is_within(directory.seat(id).place_id, member.place_id) for id in actor.seats)


def sees(row: Round, actor: Actor) -> bool:
    """Whether the actor may know of the round at all."""
    return whole(row, actor) or bool(items_to_judge(row, actor)) or _inside(row, actor)


def whole(row: Round, actor: Actor) -> bool:
    """Whether the actor sees every line of it: who opens, answers, awards, or is named by `see`, at or above its place."""
    if actor.kind == "system":
        return True
    body = rubric(row.rubric, row.version).body
    posts = {*body["open"], *body["review"], *body["see"], *((body["award"] or {}).get("by", ()))}
    return seat_here(actor, posts, row.place_id) is not None


def items_to_judge(row: Round, actor: Actor) -> list[str]:
    """Items that one of the actor's seats may enter something for, somewhere in the round's place."""
    kind = rubric(row.rubric, row.version)
    found = []
    for item in kind.items:
        posts = {*item.get("by", ()), *item.get("check", ())}
        if any(_meets(seat, row.place_id) for seat in seats_of(actor, posts)):
            found.append(str(item["id"]))
    return found


def _meets(seat: int, place_id: int) -> bool:
    directory = places.directory()
    mine = people.directory().seat(seat).place_id
    return directory.is_within(mine, place_id) or directory.is_within(place_id, mine)


def _inside(row: Round, actor: Actor) -> bool:
    if actor.kind != "staff" or row.state not in SHOWN:
        return False
    directory = people.directory()
    return any(places.directory().is_within(directory.seat(seat).place_id, row.place_id) for seat in actor.answering)


def sees_line(row: Round, kind: Rubric, place_id: int, persons: Collection[int], actor: Actor) -> bool:
    """Whether the actor sees how one subject stands: the whole, or once published what lies in their own place, or themselves."""
    if whole(row, actor):
        return True
    if row.state not in SHOWN or actor.kind != "staff":
        return False
    if actor.person_id in persons:
        return True
    if not kind.personal:
        return _inside(row, actor)
    return any(covers(seat, place_id) for seat in actor.answering)


def to_see(round_id: int, *, actor: Actor) -> Round:
    """The row for somebody who may know of it. NotFound for everybody else."""
    row = Round.objects.filter(pk=round_id).first()
    if row is None or not sees(row, actor):
        raise NotFound("appraisal.none")
    return row


def near(actor: Actor) -> Q:
    """Rounds that lie in or above a place of the actor's seats: to be sifted by `sees`."""
    found = Q(pk__in=[])
    directory = places.directory()
    for seat in sorted(actor.answering) if actor.kind == "staff" else ():
        place_id = people.directory().seat(seat).place_id
        info = directory.get(place_id)
        if info is None:
            continue
        if info.kind in COLUMNS:
            found |= Q(**{f"{info.kind}_id": place_id})
        elif info.kind in ("province", "city"):
            found |= Q(county_id__in=list(directory.descendants(place_id)))
        found |= Q(place_id__in=[place_id, *directory.ancestors(place_id)])
    return found


def opens(actor: Actor) -> list[tuple[Rubric, list[int]]]:
    """Rubrics that the actor may open a round of, with the places of their seats."""
    directory = people.directory()
    found: list[tuple[Rubric, list[int]]] = []
    for kind in rubrics():
        at = list(dict.fromkeys(directory.seat(seat).place_id for seat in seats_of(actor, kind.body["open"])))
        if at:
            found.append((kind, at))
    return found
