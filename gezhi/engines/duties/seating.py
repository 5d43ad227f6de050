"""Whose a duty is: the seat a rule names, for the subject where it lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from gezhi.engines.duties.rules import Rule
from gezhi.foundation import people
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects.models import Relation, Subject


class Seats:
    """Finds seats for one batch of subjects; each (post, place) is looked up once, relations in two queries."""

    def __init__(self, rules: Sequence[Rule], subject_ids: Sequence[int], on: date) -> None:
        self._directory = people.directory()
        self._of_post: dict[tuple[str, int], int] = {}
        kinds = {rule.seat[1] for rule in rules if rule.seat[0] == "relation"}
        self._helpers: dict[tuple[str, int], int] = helpers(kinds, subject_ids, on) if kinds else {}

    def find(self, rule: Rule, subject_id: int, place_id: int, values: Mapping[str, Any]) -> int:
        """The seat that owes it now; a post nobody opened is served by the nearest seat above, in the end the root."""
        kind, name = rule.seat
        if kind == "self":
            return subject_id
        if kind == "field":
            named = values.get(name)
            if isinstance(named, int) and named in self._directory.seats and not self._directory.seats[named].closed:
                return named
        elif kind == "relation":
            person = self._helpers.get((name, subject_id))
            if person is not None:
                held = self._directory.held(person)
                if held:
                    return held[0]
        return self.of_post(name if kind == "post" else rule.seat_else, place_id)

    def of_post(self, post: str, place_id: int) -> int:
        """The seat of this post that serves the place."""
        if (post, place_id) not in self._of_post:
            self._of_post[post, place_id] = self._directory.seat_for(post, place_id)
        return self._of_post[post, place_id]


def helpers(kinds: set[str], subject_ids: Sequence[int], on: date) -> dict[tuple[str, int], int]:
    """(kind, subject) -> the colleague (person) who stands to it in that relation on a day. Two queries."""
    ties = list(
        Relation.objects.filter(kind__in=kinds, one_id__in=subject_ids, until=None, since__lte=on)
        .order_by("id")
        .values_list("kind", "one_id", "other_id")
    )
    persons = dict(
        Subject.objects.filter(pk__in={other for _k, _one, other in ties}, person_id__isnull=False).values_list(
            "pk", "person_id"
        )
    )
    return {(kind, one): who for kind, one, other in ties if (who := persons.get(other)) is not None}


def may_record(rule: Rule, seat_id: int, actor: Actor) -> bool:
    """Whether the actor answers for the seat; for a strict rule: sits in it, or stands in for whoever does."""
    if actor.kind == "system":
        return True
    if not rule.strict:
        return seat_id in actor.answering
    post = rule.seat[1]
    found = people.directory().seats.get(seat_id)
    return seat_id in actor.seats and (rule.seat[0] != "post" or (found is not None and found.post == post))
