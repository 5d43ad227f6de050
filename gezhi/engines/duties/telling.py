"""Telling of what was missed: whoever owes it, and the seat it has climbed to. A rule, period and seat are told once a rung.

Nothing of the persons concerned stands in it: the rule, the seat and the day; the list behind the link is asked for
rights like any other. docs/rules/duties.md
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection
from functools import cache

from django.utils import translation

from gezhi.engines.duties import access
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.rules import Rule
from gezhi.engines.duties.schema import rule as rule_of
from gezhi.foundation import notices, packs, people, places
from gezhi.foundation.errors import NotFound, Refusal
from gezhi.foundation.notices.guards import Asked

MISSED, RAISED = "duty_missed", "duty_raised"


def tell(rule: Rule, row: Done) -> None:
    """Inside the write that raised the row by a rung: its own seat and the one above hear of it.

    Forty missed visits of one seat are one line each: the key names rule, period, rung and seats, and the same key
    again changes nothing.
    """
    drafts = []
    for template, seat in ((MISSED, row.seat_id), (RAISED, row.raised_to)):
        if seat is None or (template == RAISED and seat == row.seat_id):
            continue
        named = f"{template}:{row.rule}:{row.period}:{row.rung}:{row.seat_id}:{seat}"
        persons = _persons(seat)
        if persons:
            drafts.append(
                notices.Draft(
                    key=f"duty:{hashlib.sha256(named.encode()).hexdigest()[:40]}", template=template,
                    stream=f"duty:{row.pk}", words=_words(rule, row, own=template == MISSED), persons=persons, seat=seat,
                )
            )  # fmt: skip
    if drafts:
        notices.post(drafts)


def _persons(seat: int) -> tuple[int, ...]:
    if seat not in people.directory().seats:
        return ()
    try:
        return tuple(people.directory().effective(seat).persons)
    except Refusal:  # nobody is left who could be told
        return ()


def _words(rule: Rule, row: Done, *, own: bool) -> dict[str, object]:
    seat = people.directory().seats.get(row.seat_id)
    where = row.village_id or row.town_id or row.county_id or row.place_id
    path = "/field/" if own else f"/desk/duties?place={where}"
    words: dict[str, object] = {"due": row.closes.isoformat(), "path": path}
    for lang, code in (("zh", "zh-hans"), ("en", "en")):
        with translation.override(code):
            label = seat.label if seat is not None else places.directory().label(row.place_id, "village")
            words[lang] = {"number": "", "category": packs.say(rule.title), "seat": label}
    return words


def may_know(asked: Collection[Asked]) -> set[Asked]:
    """Those of (stream, person) who answer for the seat, or for the one it has climbed to. One query.

    The chat of a group hears of rules that anybody may know of: none over a register kept to some posts.
    """
    by_row: dict[int, set[int | None]] = defaultdict(set)
    for stream, person in asked:
        by_row[int(stream.partition(":")[2])].add(person)
    seats = cache(_seats)
    found: set[Asked] = set()
    for row in Done.objects.filter(pk__in=by_row):
        for person in by_row[row.pk]:
            if _group(row) if person is None else seats(person) & {row.seat_id, row.raised_to}:
                found.add((f"duty:{row.pk}", person))
    return found


def _seats(person_id: int) -> frozenset[int | None]:
    """The seats a person sits in or answers for; none when they are no longer active."""
    try:
        actor = people.actor_for(person_id)
    except Refusal:
        return frozenset()
    return frozenset((*actor.answering, *actor.seats))


def _group(row: Done) -> bool:
    try:
        register = access.register_of(rule_of(row.rule))
    except NotFound:
        return False
    return register is None or not (register.inside or register.see)


def register() -> None:
    """Tell the notices room who may know of a duty."""
    notices.guard("duty")(may_know)
