"""Who stands how to whom: household of, helped by, leaf of, party to; dated, with cardinality on either side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.db.models import Q

from gezhi.foundation.people import Actor
from gezhi.foundation.places.placed import PATH

from . import access, definitions, refusals
from .changing import Change, changing
from .definitions import RelationKind
from .models import Relation, Subject
from .rows import change_rows, day, ids, store


def relate(
    kind: str,
    one_id: int,
    other_id: int,
    *,
    actor: Actor,
    since: date | None = None,
    register: str = "",
    replace: bool = False,
) -> Relation:
    """`one` is related to `other` from that day. `replace`: what a single side had until now ends that day.

    The relation lies where `one` lies. Raises Invalid subject.relation_wrong, subject.day; Conflict
    subject.relation_one_only, subject.relation_once, subject.ended; NotFound, NotAllowed.
    """
    declared = definitions.relation_kind(kind)
    with changing() as told:
        one, other = _both(one_id, other_id, declared, actor)
        since = day(since)
        standing = list(_in_the_way(declared, one_id, other_id).select_for_update().order_by("pk"))
        if replace:
            for tie in standing:
                if not access.may(actor, tie, what="edit"):
                    raise refusals.NOT_HERE()
            change_rows(
                [(tie, {"until": max(since, tie.since), "end_reason": "replaced"}) for tie in standing],
                "relation.ended",
                actor=actor,
            )
            told += [Change(tie.one_id, None, None, since) for tie in standing]
        elif standing:
            raise refusals.RELATION_ONE_ONLY(kind=declared.said)
        tie = _tie(ids(Relation, 1)[0], declared, one, other_id, since, register)
        store([tie], "relation.made", actor=actor, refs={})
        told += [Change(one.pk, None, None, since), Change(other.pk, None, None, since)]
    return tie


def relate_many(
    kind: str, rows: Sequence[tuple[int, int, date | None]], *, actor: Actor, register: str = ""
) -> list[Relation]:
    """`relate` for many (one, other, since) in one write: all or none. Raises as `relate`."""
    declared = definitions.relation_kind(kind)
    with changing() as told:
        wanted = {id for one, other, _since in rows for id in (one, other)}
        found = {r.pk: r for r in Subject.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
        standing = Relation.objects.filter(kind=kind, until=None)
        ones = set(standing.filter(one_id__in=[r[0] for r in rows]).values_list("one_id", flat=True))
        others = set(standing.filter(other_id__in=[r[1] for r in rows]).values_list("other_id", flat=True))
        ties = []
        for id, (one_id, other_id, since) in zip(ids(Relation, len(rows)), rows, strict=True):
            one, _other = _fits(found.get(one_id), found.get(other_id), declared, actor)
            if ("one" in declared.single and one_id in ones) or ("other" in declared.single and other_id in others):
                raise refusals.RELATION_ONE_ONLY(kind=declared.said)
            ones.add(one_id)
            others.add(other_id)
            ties.append(_tie(id, declared, one, other_id, day(since), register))
        store(ties, "relation.made", actor=actor, refs={})
        told += [Change(side, None, None, tie.since) for tie in ties for side in (tie.one_id, tie.other_id)]
    return ties


def unrelate(relation_id: int, reason: str = "ended", *, actor: Actor, on: date | None = None) -> Relation:
    """The relation is over from that day. Raises NotFound subject.none, NotAllowed, Conflict subject.entry_ended."""
    with changing() as told:
        tie = Relation.objects.select_for_update().filter(pk=relation_id).first()
        if tie is None or not access.may(actor, tie):
            raise refusals.NO_SUBJECT()
        if not access.may(actor, tie, what="edit"):
            raise refusals.NOT_HERE()
        if tie.until is not None:
            raise refusals.ENTRY_ENDED()
        on = day(on, least=tie.since)
        change_rows([(tie, {"until": on, "end_reason": reason[:20]})], "relation.ended", actor=actor)
        told += [Change(tie.one_id, None, None, on), Change(tie.other_id, None, None, on)]
    return tie


def related(
    subject_ids: Sequence[int], *, actor: Actor, kind: str | None = None, on: date | None = None
) -> list[tuple[Relation, Subject, Subject]]:
    """Live relations (those of a day, when told) of these subjects, with both sides; two queries.

    Only those the actor may see, and whose both sides are theirs to see.
    """
    wanted = Q(one_id__in=subject_ids) | Q(other_id__in=subject_ids)
    rows = Relation.objects.filter(wanted)
    if kind is not None:
        rows = rows.filter(kind=kind)
    rows = rows.filter(until=None) if on is None else rows.filter(Q(until=None) | Q(until__gt=on), since__lte=on)
    ties = [tie for tie in rows.order_by("kind", "pk") if access.relation_seen(actor, tie)]
    sides = Subject.objects.in_bulk({id for tie in ties for id in (tie.one_id, tie.other_id)})
    return [
        (tie, sides[tie.one_id], sides[tie.other_id])
        for tie in ties
        if access.may(actor, sides[tie.one_id]) and access.may(actor, sides[tie.other_id])
    ]


def unrelated(register: str, *, actor: Actor, limit: int = 500) -> list[Subject]:
    """Live subjects of a register that lack the relation it asks for (nobody helps them now), within reach."""
    from .models import Entry

    declared = access.register_for(actor, register)
    if not declared.relation:
        return []
    served = Relation.objects.filter(kind=declared.relation, until=None).values("one_id")
    lines = Entry.objects.filter(access.within(access.scopes(actor, declared)), register=register, until=None)
    lacking = lines.exclude(subject_id__in=served).values("subject_id")
    return list(Subject.objects.filter(pk__in=lacking).order_by("pk")[:limit])


def end_ties(subject_ids: Sequence[int], how: str, days: Mapping[int, date], *, actor: Actor) -> None:
    """All live relations of subjects that end, on their day; the other side is told, so that a gap is seen at once."""
    wanted = Q(one_id__in=subject_ids) | Q(other_id__in=subject_ids)
    ties = list(Relation.objects.select_for_update().filter(wanted, until=None).order_by("pk"))
    if not ties:
        return
    with changing() as told:
        pairs = []
        for tie in ties:
            on = min(days[id] for id in (tie.one_id, tie.other_id) if id in days)
            pairs.append((tie, {"until": max(on, tie.since), "end_reason": how}))
            told += [Change(id, None, None, on) for id in (tie.one_id, tie.other_id)]
        change_rows(pairs, "relation.ended", actor=actor)


def reopen_ties(subject_id: int, how: str, on: date, *, actor: Actor) -> None:
    """The relations that ended with a subject, again; those whose other side has gone or is taken stay ended."""
    wanted = Q(one_id=subject_id) | Q(other_id=subject_id)
    ties = list(Relation.objects.select_for_update().filter(wanted, end_reason=how, until__gte=on).order_by("pk"))
    alive = set(
        Subject.objects.filter(pk__in={i for t in ties for i in (t.one_id, t.other_id)}, ended="").values_list(
            "pk", flat=True
        )
    )
    again = []
    for tie in ties:
        declared = definitions.relation_kind(tie.kind)
        if {tie.one_id, tie.other_id} <= alive and not _in_the_way(declared, tie.one_id, tie.other_id).exists():
            again.append((tie, {"until": None, "end_reason": ""}))
    change_rows(again, "relation.reopened", actor=actor)


def _in_the_way(declared: RelationKind, one_id: int, other_id: int):
    """Live relations of the kind that a single side leaves no room beside."""
    wanted = Q(one_id=one_id, other_id=other_id)
    if "one" in declared.single:
        wanted |= Q(one_id=one_id)
    if "other" in declared.single:
        wanted |= Q(other_id=other_id)
    return Relation.objects.filter(wanted, kind=declared.name, until=None)


def _both(one_id: int, other_id: int, declared: RelationKind, actor: Actor) -> tuple[Subject, Subject]:
    found = {
        row.pk: row for row in Subject.objects.select_for_update().filter(pk__in={one_id, other_id}).order_by("pk")
    }
    return _fits(found.get(one_id), found.get(other_id), declared, actor)


def _fits(one: Subject | None, other: Subject | None, declared: RelationKind, actor: Actor) -> tuple[Subject, Subject]:
    if one is None or other is None or not (access.may(actor, one) and access.may(actor, other)):
        raise refusals.NO_SUBJECT()
    if not access.may(actor, one, what="edit"):
        raise refusals.NOT_HERE()
    if one.pk == other.pk or (one.kind, other.kind) != (declared.one, declared.other):
        kinds = {"one": definitions.kind(declared.one).said, "other": definitions.kind(declared.other).said}
        raise refusals.RELATION_WRONG(kind=declared.said, **kinds)
    for row in (one, other):
        if row.ended:
            raise refusals.ENDED(label=row.label)
    return one, other


def _tie(id: int, declared: RelationKind, one: Subject, other_id: int, since: date, register: str) -> Relation:
    return Relation(
        id=id,
        kind=declared.name,
        one_id=one.pk,
        other_id=other_id,
        since=since,
        register=register,
        one_key=one.pk if "one" in declared.single else None,
        other_key=other_id if "other" in declared.single else None,
        **{column: getattr(one, column) for column in PATH},
    )
