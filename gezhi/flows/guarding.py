"""Who may be told of a case: exactly who may open it, by the rule of the engine that owns it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from gezhi.engines.workflows import access, named, talking
from gezhi.engines.workflows.models import Case
from gezhi.foundation import notices, people
from gezhi.foundation.errors import NotFound, Refusal
from gezhi.foundation.notices.guards import Asked


def register() -> None:
    """Tell the notices room who sees cases, and who is asked in panels."""
    notices.guard("case")(may_know)
    notices.guard("panel")(may_answer)


def may_know(asked: Collection[Asked]) -> set[Asked]:
    """Those of (stream, person) who may open the case now; a group only when the case is an ordinary one.

    Two queries for cases that lie in the person's places; one more for each that only an item of it opens.
    """
    by_case: dict[int, list[Asked]] = defaultdict(list)
    for pair in asked:
        by_case[int(pair[0].partition(":")[2])].append(pair)
    found: set[Asked] = set()
    cases = list(Case.objects.filter(pk__in=by_case))
    named.load(cases)
    for case in cases:
        for stream, person in by_case[case.pk]:
            if person is None:
                if not case.protected:
                    found.add((stream, None))
            elif _sees(case, person):
                found.add((stream, person))
    return found


def _sees(case: Case, person_id: int) -> bool:
    try:
        actor = people.actor_for(person_id)
    except Refusal:  # no longer active
        return False
    if access.sees(case, actor):
        return True
    try:
        access.case_to_see(case.pk, actor=actor)
    except NotFound:
        return False
    return True


def may_answer(asked: Collection[Asked]) -> set[Asked]:
    """Those of (panel's stream, person) who are asked in it while it is open; nobody else, and no group. A query each."""
    found: set[Asked] = set()
    for stream, person in asked:
        if person is None:
            continue
        try:
            actor = people.actor_for(person)
        except Refusal:
            continue
        if talking.asks(int(stream.partition(":")[2]), actor):
            found.add((stream, person))
    return found
