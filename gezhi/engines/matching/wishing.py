"""Ticking what one would take (勾选): wishes are relations, whoever waited longest picks first, and a share is reported.

A driver ticks for themselves, the posts that the match names for any of them. docs/rules/allocation.md
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import Max

from gezhi.engines.matching import access, lanes
from gezhi.engines.matching.matches import Match, match, number
from gezhi.foundation import db, people, places, subjects
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import covers, seats_of
from gezhi.foundation.subjects.models import Entry, Relation, Subject


def ticked(kind: Match, needs: Sequence[int]) -> set[tuple[int, int]]:
    """(need, offer) that were ticked and not taken back. One query."""
    if kind.wish is None:
        return set()
    rows = Relation.objects.filter(kind=kind.wish["relation"], until=None, one_id__in=list(needs))
    return set(rows.values_list("one_id", "other_id"))


def last_had(kind: Match, offers: Sequence[int]) -> dict[int, int]:
    """When each last had one: greater is later, who never had is left out. One query."""
    rows = Relation.objects.filter(kind=kind.relation, other_id__in=list(offers)).values_list("other_id")
    return dict(rows.annotate(last=Max("pk")).values_list("other_id", "last"))


def mine(kind: Match, place_id: int, actor: Actor) -> list[int] | None:
    """The offers the actor ticks for: None for all of the place (one of the posts named), else their own. One query."""
    if kind.wish is None or actor.kind != "staff" or place_id not in places.directory():
        return []
    if any(covers(seat, place_id) for seat in seats_of(actor, kind.wish["by"])):
        return None
    whos = Subject.objects.filter(person_id=actor.person_id, ended="").values_list("pk", flat=True)
    lines = Entry.objects.filter(access.inside(place_id), register=kind.offers["register"], until=None)
    return sorted(set(lines.filter(subject_id__in=list(whos)).values_list("subject_id", flat=True)))


def tick(name: str, place_id: int, need: int, offer: int, *, actor: Actor, off: bool = False) -> None:
    """Tick a need for an offer, or take the tick back; the same again changes nothing.

    Raises NotAllowed match.not_yours, NotFound match.none, Conflict match.taken.
    """
    kind = match(name)
    own = mine(kind, place_id, actor)
    if kind.wish is None or (own is not None and offer not in own):
        raise NotAllowed("match.not_yours")
    with db.write():
        lanes.lock([f"match:{kind.name}"])
        lines = Entry.objects.filter(access.inside(place_id), until=None)
        for register, who in ((kind.needs["register"], need), (kind.offers["register"], offer)):
            if not lines.filter(register=register, subject_id=who).exists():
                raise NotFound("match.none")
        if Relation.objects.filter(kind=kind.relation, one_id=need, until=None).exists():
            raise Conflict("match.taken")
        tie = Relation.objects.filter(kind=kind.wish["relation"], one_id=need, other_id=offer, until=None).first()
        system = people.system("matching")
        if off and tie is not None:
            subjects.unrelate(tie.pk, "unticked", actor=system)
        elif not off and tie is None:
            subjects.relate(kind.wish["relation"], need, offer, actor=system, register=kind.needs["register"])


def share(kind: Match, place_id: int) -> tuple[Decimal, Decimal] | None:
    """(what the part adds up to, the whole) over the live lines of the place; None where the match reports none. One query."""
    said = kind.share
    if said is None:
        return None
    part = whole = Decimal(0)
    for values in Entry.objects.filter(access.inside(place_id), register=said["register"], until=None).values_list("values", flat=True):  # fmt: skip
        part += number(values.get(said["of"]))
        whole += sum((number(values.get(field)) for field in said["in"]), Decimal(0))
    return part, whole
