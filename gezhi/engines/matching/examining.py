"""知识测试: papers drawn from an item bank by a seed, graded here; the key is sealed in the bank and never leaves the server.

A course says `test: {bank, results, draw, pass, times, again, lesson}`. The bank and the results are registers (docs/rules/activities.md):
an item has its text, four options and its key as a sealed field; a result has the seed and items of its paper and what came of it.
"""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from gezhi.engines.matching.learning import LEARNING, learned
from gezhi.engines.matching.models import Trainee
from gezhi.engines.matching.schema import Course, course
from gezhi.foundation import db, events, people, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects.models import Entry, Subject

OPTIONS = ("a", "b", "c", "d")


@dataclass(frozen=True)
class Question:
    """One question as it is asked: `options` are (letter, words). Its key is not here."""

    id: int
    text: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Standing:
    """Where somebody stands: `paper` the one begun and not handed in, `scores` of those handed in, `from_day` when the
    next may begin (None: none may), `passed`."""

    paper: Entry | None
    scores: tuple[int, ...]
    passed: bool
    from_day: date | None


def drawn(items: Sequence[int], seed: int, count: int) -> list[int]:
    """The items of a paper in their order: the same bank and seed always give the same ones, each once."""
    return random.Random(seed).sample(sorted(items), count)


def graded(keys: Mapping[int, str], answers: Mapping[int, str]) -> int:
    """Points of a hundred: right ones out of all that were asked, rounded half up; what is not answered is wrong."""
    right = sum(1 for id, key in keys.items() if answers.get(id) == key)
    return int((Decimal(right * 100) / len(keys)).quantize(Decimal(1), ROUND_HALF_UP)) if keys else 0


def says(name: str) -> tuple[Course, Mapping[str, Any]]:
    """The course and what it says of its test. Raises NotFound course.no_test."""
    kind = course(name)
    asked = kind.body.get("test")
    if not asked:
        raise NotFound("course.no_test")
    return kind, asked


def standing(name: str, *, actor: Actor) -> Standing:
    """Where the actor stands. Three queries."""
    kind, asked = says(name)
    return _standing(asked, name, _who(kind, actor))


def begin(name: str, *, actor: Actor) -> Entry:
    """A paper for the actor; the one begun before when it was not handed in (the same questions again).

    Raises NotAllowed course.test_not_for; Conflict course.test_passed, course.test_times, course.test_wait, course.test_bank,
    course.test_no_file.
    """
    kind, asked = says(name)
    with db.write():
        who = _who(kind, actor)
        Subject.objects.select_for_update().get(pk=who.pk)
        stands = _standing(asked, name, who)
        if stands.paper is not None:
            return stands.paper
        if stands.passed:
            raise Conflict("course.test_passed")
        if stands.from_day is None:
            raise Conflict("course.test_times", times=asked["times"])
        if stands.from_day > clock.today():
            raise Conflict("course.test_wait", day=stands.from_day.isoformat())
        bank = _bank(asked)
        if len(bank) < asked["draw"]:
            raise Conflict("course.test_bank", draw=asked["draw"], there=len(bank))
        seed = secrets.randbelow(1_000_000_000)
        values = {"test": name, "seed": str(seed), "items": " ".join(map(str, drawn(bank, seed, asked["draw"])))}
        system = people.system("tests")
        return subjects.enter(asked["results"], who.pk, values, actor=system, source=f"test:{name}"[:40])


def questions(paper: Entry) -> list[Question]:
    """What is asked, in the order of the paper, without the keys. One query."""
    ids = [int(id) for id in paper.values["items"].split()]
    lines = Entry.objects.in_bulk(ids)
    return [
        Question(id, lines[id].values["question"], tuple((o, lines[id].values[o]) for o in OPTIONS if lines[id].values.get(o)))
        for id in ids
        if id in lines
    ]  # fmt: skip


def hand_in(name: str, paper_id: int, answers: Mapping[int, str], *, actor: Actor) -> int:
    """Grade a paper of the actor's own, once; the score. Who passes and is on the course has passed its lesson.

    Raises NotFound course.no_paper, Conflict course.test_handed_in.
    """
    kind, asked = says(name)
    with db.write():
        who = _who(kind, actor)
        paper = (
            Entry.objects.select_for_update().filter(pk=paper_id, register=asked["results"], subject_id=who.pk).first()
        )
        if paper is None or paper.until is not None or paper.source != f"test:{name}"[:40]:
            raise NotFound("course.no_paper")
        if paper.values.get("score") is not None:
            raise Conflict("course.test_handed_in", score=paper.values["score"])
        score = graded(_keys([int(id) for id in paper.values["items"].split()]), answers)
        passed = score >= asked["pass"]
        subjects.change(paper.pk, {"score": str(score), "passed": passed}, actor=people.system("tests"))
        on_it = Trainee.objects.filter(course=name, person_id=actor.person_id, state=LEARNING).exists()
        if passed and asked["lesson"] and on_it and actor.person_id is not None:
            learned(name, [(actor.person_id, asked["lesson"])], actor=people.system("tests"))
    return score


def _who(kind: Course, actor: Actor) -> Subject:
    if actor.person_id is None or (kind.body["for"] and not _posts(actor) & set(kind.body["for"])):
        raise NotAllowed("course.test_not_for")
    row = Subject.objects.filter(person_id=actor.person_id, ended="").first()
    if row is None:
        raise Conflict("course.test_no_file")
    return row


def _posts(actor: Actor) -> set[str]:
    directory = people.directory()
    return {directory.seat(seat).post for seat in actor.seats}


def _standing(asked: Mapping[str, Any], name: str, who: Subject) -> Standing:
    rows = Entry.objects.filter(subject_id=who.pk, register=asked["results"], source=f"test:{name}"[:40], until=None)
    sat = list(rows.order_by("pk"))
    done = [row for row in sat if row.values.get("score") is not None]
    begun = next((row for row in sat if row.values.get("score") is None), None)
    again = None
    if len(done) < asked["times"]:
        again = done[-1].since + timedelta(days=asked["again"]) if done else clock.today()
    return Standing(
        begun, tuple(int(Decimal(str(row.values["score"]))) for row in done), any(row.values.get("passed") for row in done), again
    )  # fmt: skip


def _bank(asked: Mapping[str, Any]) -> list[int]:
    return list(Entry.objects.filter(register=asked["bank"], until=None).order_by("pk").values_list("pk", flat=True))


def _keys(ids: Sequence[int]) -> dict[int, str]:
    refs = dict(Entry.objects.filter(pk__in=ids).values_list("pk", "private_ref"))
    kept = events.read_private([ref for ref in refs.values() if ref is not None])
    return {id: str(json.loads(kept.get(ref) or "{}").get("key", "")) for id, ref in refs.items() if ref is not None}
