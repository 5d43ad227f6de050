"""Reading appraisals: lists, the board of a round, one explanation with its records, gaps and plans. Bounded statements each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from gezhi.engines.appraisals import access, rounds, rules
from gezhi.engines.appraisals.models import CANCELLED, OPEN, PUBLISHED, Mark, Objection, Result, Round
from gezhi.engines.appraisals.population import Member
from gezhi.engines.appraisals.schema import Rubric, rubric, rubrics
from gezhi.foundation import events as log
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import covers


def seen(actor: Actor, *, limit: int = 100) -> list[Round]:
    """Rounds the actor may know of, newest first. One query."""
    rows = Round.objects.filter(access.near(actor)).exclude(state=CANCELLED).order_by("-cut", "-pk")[: limit * 2]
    return [row for row in rows if access.sees(row, actor)][:limit]


@dataclass(frozen=True)
class Page:
    """`rows`: rounds, or results; `next`: what to ask for after them, None on the last page."""

    rows: list[Any]
    next: int | None


def page(*, actor: Actor, before: int | None = None, size: int = 50) -> Page:
    """Rounds the actor may know of, those opened last first. A page may hold fewer than `size` though there are more:
    those on it that are not theirs to know of are left out. One query."""
    rows = Round.objects.filter(access.near(actor)).exclude(state=CANCELLED).order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: size + 1])
    following = found[size - 1].pk if len(found) > size else None
    return Page([row for row in found[:size] if access.sees(row, actor)], following)


def scores(round_id: int, *, actor: Actor, since: int = 0, size: int = 50) -> tuple[Round, Rubric, Page]:
    """The sealed results the actor sees, in the order of places and names, never of score; none before sealing.

    `since` counts how many of those the actor sees came before. Three queries. Raises NotFound appraisal.none.
    """
    row = access.to_see(round_id, actor=actor)
    kind = rubric(row.rubric, row.version)
    there = Result.objects.filter(round=row).order_by("place_id", "label", "subject_id")
    mine = [
        one.pk
        for one in there.only("pk", "subject_id", "place_id", "label")
        if access.sees_line(row, kind, one.place_id, persons(one, kind), actor)
    ]
    some = Result.objects.in_bulk(mine[since : since + size])
    following = since + size if len(mine) > since + size else None
    return row, kind, Page([some[pk] for pk in mine[since : since + size]], following)


def scored(round_id: int, subject_id: int, *, actor: Actor) -> tuple[Round, Rubric, Result]:
    """The sealed result of one subject. Two queries. Raises NotFound appraisal.none, appraisal.no_subject."""
    row = access.to_see(round_id, actor=actor)
    kind = rubric(row.rubric, row.version)
    found = Result.objects.filter(round=row, subject_id=subject_id).first()
    if found is None or not access.sees_line(row, kind, found.place_id, persons(found, kind), actor):
        raise NotFound("appraisal.no_subject")
    return row, kind, found


def labels(row: Round) -> dict[int, str]:
    """What the subjects of a round are called, by id. One query."""
    return dict(Result.objects.filter(round=row).values_list("subject_id", "label"))


@dataclass(frozen=True)
class Own:
    """A result as whom it is about reads it. `objections`: what was said against it at the portal, with its answer."""

    row: Round
    kind: Rubric
    result: Result
    objections: list[tuple[Objection, str, str]]

    @property
    def may_object(self) -> bool:
        """Whether the window is open."""
        until = self.row.object_until
        return self.row.state == PUBLISHED and until is not None and clock.now() < until


def own(subject_ids: Collection[int], *, most: int = 10) -> list[Own]:
    """Published results of these subjects (ids of the subjects room), the newest first. Three queries.

    The caller has made sure that whoever asks is one of them, or lives in the household. Registers for the inside are left out.
    """
    rows = Result.objects.filter(subject_id__in=list(subject_ids), round__state__in=access.SHOWN)
    found = [
        (one, kind)
        for one in rows.select_related("round").order_by("-round__cut", "-pk")[: most * 3]
        if (kind := rubric(one.round.rubric, one.round.version)) and kind.shown_to_holders
    ][:most]
    if not found:
        return []
    said = Objection.objects.filter(round__in=[one.round_id for one, _kind in found], person_id=None).order_by("number")
    lines = [o for o in said if any((o.round_id, o.subject_id) == (r.round_id, r.subject_id) for r, _kind in found)]
    words = log.read_private([ref for o in lines for ref in (o.words_ref, o.answer_ref) if ref is not None])
    told = [(o, words.get(o.words_ref or 0) or "", words.get(o.answer_ref or 0) or "") for o in lines]
    return [
        Own(r.round, kind, r, [t for t in told if (t[0].round_id, t[0].subject_id) == (r.round_id, r.subject_id)])
        for r, kind in found
    ]


@dataclass(frozen=True)
class Standing:
    """One subject on a board: `row` is `rules.told`; `sealed` the result row once there is one."""

    member: Member
    row: Mapping[str, Any]
    sealed: Result | None = None


def board(round_id: int, *, actor: Actor) -> tuple[Round, Rubric, list[Standing]]:
    """Everybody in the round in the order of places and names, never of score. An open round shows what is entered so far, to
    those who run it only. Raises NotFound."""
    row = access.to_see(round_id, actor=actor)
    kind = rubric(row.rubric, row.version)
    if row.state == OPEN:
        if not access.whole(row, actor):
            return row, kind, []
        made = rounds.standing(row, kind)
        return row, kind, [Standing(one.member, rules.told(one.member.id, scored)) for one, scored in made]
    results = list(Result.objects.filter(round=row).order_by("place_id", "label", "subject_id"))
    shown = [
        Standing(member(result, kind), rounds.told(result), result)
        for result in results
        if access.sees_line(row, kind, result.place_id, persons(result, kind), actor)
    ]
    return row, kind, shown


def persons(result: Result, kind: Rubric) -> frozenset[int]:
    """Who holds the seat that a result is about; for registers nobody is known by the row alone."""
    if "posts" not in kind.of:
        return frozenset()
    return frozenset(people.directory().holders(result.subject_id, clock.now()))


def member(result: Result, kind: Rubric) -> Member:
    """The subject of a sealed result, by its row alone."""
    return Member(result.subject_id, result.label, result.place_id, persons=persons(result, kind))


def one(round_id: int, subject_id: int, *, actor: Actor) -> tuple[Round, Rubric, Standing]:
    """How one subject stands. Raises NotFound appraisal.none, appraisal.no_subject."""
    row, kind, rows = board(round_id, actor=actor)
    found = next((s for s in rows if s.member.id == subject_id), None)
    if found is None:
        raise NotFound("appraisal.no_subject")
    return row, kind, found


def marks(row: Round, subject_id: int, *, actor: Actor) -> list[tuple[Mark, str, str]]:
    """What was entered for a subject, with its words and the answer, for those who see the whole once it is sealed; before that
    everybody sees their own and claims only. Two queries."""
    found = Mark.objects.filter(round=row, subject_id=subject_id).order_by("item", "who", "number")
    if row.state == OPEN or not access.whole(row, actor):
        found = found.filter(Q(person_id=actor.person_id) | Q(who=0))
    lines = list(found)
    words = log.read_private([ref for m in lines for ref in (m.words_ref, m.answer_ref) if ref is not None])
    return [(m, words.get(m.words_ref or 0) or "", words.get(m.answer_ref or 0) or "") for m in lines]


def objections(row: Round, *, actor: Actor, subject_id: int | None = None) -> list[tuple[Objection, str, str]]:
    """Objections with their words and answers: all of them for who answers, else one's own. Two queries."""
    found = Objection.objects.filter(round=row).order_by("number")
    if subject_id is not None:
        found = found.filter(subject_id=subject_id)
    if not access.whole(row, actor):
        found = found.filter(person_id=actor.person_id)
    lines = list(found)
    words = log.read_private([ref for o in lines for ref in (o.words_ref, o.answer_ref) if ref is not None])
    return [(o, words.get(o.words_ref or 0) or "", words.get(o.answer_ref or 0) or "") for o in lines]


def waiting(actor: Actor) -> int:
    """Objections the actor could answer. Two queries."""
    return sum(row.waiting for row in seen(actor) if row.waiting and access.whole(row, actor))


def gaps(kind: Rubric, standing: Standing) -> list[dict[str, Any]]:
    """What a subject lacks, the heaviest first, then lost gates: {"item" | "gate", "title", "lacks", "missing"}."""
    found = rules.gaps(kind.body, standing.row)
    lacking = [{**gap, "title": kind.says(kind.item(gap["item"]) or {"title": {}})} for gap in found]
    gates = {gate["id"]: gate for gate in kind.gates}
    return lacking + [
        {"gate": id, "title": kind.says(gates[id]), "lacks": "", "missing": False} for id in standing.row["lost"]
    ]


@dataclass(frozen=True)
class Plan:
    """One rubric of a place's plan: how it stands in the open round (or the last one), and what is lacking."""

    kind: Rubric
    row: Round | None
    standing: Standing | None
    gaps: list[dict[str, Any]]


def plan(place_id: int, *, actor: Actor) -> list[Plan]:
    """一村一规划: for each rubric that is about this kind of place, its newest round and the gaps found by it.

    Raises NotFound appraisal.none for who neither sees the rounds nor sits at the place.
    """
    directory = places.directory()
    info = directory.get(place_id)
    kinds = [kind for kind in rubrics() if info is not None and kind.of.get("places") == info.kind]
    mine = any(covers(seat, place_id) for seat in actor.answering) if actor.kind == "staff" else False
    if info is None or not (mine or actor.kind == "system"):
        raise NotFound("appraisal.none")
    above = [place_id, *directory.ancestors(place_id)]
    newest: dict[str, Round] = {}
    for row in (
        Round.objects.filter(rubric__in=[k.name for k in kinds], place_id__in=above)
        .exclude(state=CANCELLED)
        .order_by("cut", "pk")
    ):
        newest[row.rubric] = row
    found = []
    for kind in kinds:
        latest = newest.get(kind.name)
        standing = _at(latest, place_id, actor) if latest is not None else None
        pinned = rubric(latest.rubric, latest.version) if latest is not None else kind
        found.append(Plan(pinned, latest, standing, gaps(pinned, standing) if standing is not None else []))
    return found


def _at(row: Round, place_id: int, actor: Actor) -> Standing | None:
    """How a place stands in a round: its claims and figures while it is open (no judge's mark), its result once it is shown."""
    kind = rubric(row.rubric, row.version)
    if row.state == OPEN:
        for one, made in rounds.standing(row, kind):
            if one.member.id == place_id:
                return Standing(one.member, rules.told(place_id, made))
        return None
    result = Result.objects.filter(round=row, subject_id=place_id).first()
    if result is None or not access.sees_line(row, kind, place_id, frozenset(), actor):
        return None
    return Standing(member(result, kind), rounds.told(result), result)
