"""一人一档: the file of one subject, a fold of what every room knows; and 一乡一册, a place's registers with their counts.

Nothing here is stored: the same log gives the same file, byte for byte (`volume_text`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q

from gezhi.foundation import places, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects import access, definitions, queries, timeline
from gezhi.foundation.subjects.definitions import Register
from gezhi.foundation.subjects.meant import meant
from gezhi.foundation.subjects.models import Entry, Relation, Subject
from gezhi.foundation.subjects.personal import opened, shown
from gezhi.foundation.subjects.rule_facts import age
from gezhi.foundation.subjects.timeline import Line


@dataclass(frozen=True)
class Tie:
    """A relation as the file shows it: what the other side is to this one."""

    relation: Relation
    title: str
    other: Subject
    mine: bool  # this subject is the `one` side


@dataclass(frozen=True)
class File:
    """`facts`: (name, masked value); `lines`: what it is entered in now; `past`: what it was entered in."""

    subject: Subject
    kind: definitions.Kind
    age: int | None
    facts: tuple[tuple[str, str], ...]
    lines: tuple[tuple[Entry, Register], ...]
    past: tuple[tuple[Entry, Register], ...]
    ties: tuple[Tie, ...]
    story: tuple[Line, ...]
    merged: tuple[Subject, ...]
    may_edit: bool
    may_reveal: bool
    on: date | None = None


def file_of(subject_id: int, actor: Actor, *, limit: int = 100, on: date | None = None) -> File:
    """The file, as far as the actor may see; `on`: as it stood on a day, when nothing can be changed. A household's story is
    that of its members as well, for the days they belonged to it. Raises NotFound subject.none."""
    row = access.subject_for(subject_id, actor)
    family = queries.family(subject_id)
    lines = queries.lines_of(family, actor)
    if on is not None:
        lines = [pair for pair in lines if pair[0].since <= on]
        queries.as_they_stood([line for line, _register in lines], on)
    kept = opened([row.private_ref])[row.private_ref] if row.private_ref else {}
    facts = tuple((name, shown(name, kept[name])) for name in ("id_number", "phone") if kept.get(name))
    ties = []
    for tie, one, other in subjects.related([subject_id], actor=actor, on=on):
        declared = definitions.relation_kind(tie.kind)
        mine = tie.one_id == subject_id
        title = declared.other_title if mine else declared.one_title
        ties.append(Tie(tie, _said(title) or declared.said, other if mine else one, mine))
    gone = Subject.objects.filter(pk__in=[id for id in family if id != subject_id]).order_by("pk")
    return File(
        row,
        definitions.kind(row.kind),
        age(row.born, clock.today()),
        facts,
        tuple(pair for pair in lines if not _over(pair[0], on)),
        tuple(pair for pair in lines if _over(pair[0], on)),
        tuple(ties),
        tuple(_story(row, family, actor, limit, on)),
        tuple(gone),
        access.may(actor, row, what="edit") and not row.ended and on is None,
        bool(kept) and actor.person_id is not None and actor.may("personal.reveal", _path(row)),
        on,
    )


def _over(line: Entry, on: date | None) -> bool:
    return line.until is not None and (on is None or line.until <= on)


def _story(row: Subject, family: Sequence[int], actor: Actor, limit: int, on: date | None) -> list[Line]:
    members = _members(row, family, actor)
    if not members:
        found = timeline.of_subjects(family, actor, limit=limit)
        return [line for line in found if on is None or line.on <= on]
    found = []
    for line in timeline.of_subjects([*family, *members], actor, limit=limit):
        if on is not None and line.on > on:
            continue
        if line.about in members:
            label, since, until = members[line.about]
            if line.on < since or (until is not None and line.on >= until):
                continue
            line = replace(line, title=f"{label}：{line.title}")
        found.append(line)
    return found


def _members(row: Subject, family: Sequence[int], actor: Actor) -> dict[int, tuple[str, date, date | None]]:
    """Who belongs or belonged to a household: id -> (masked name, since, until). Two queries; none for other kinds."""
    kinds = [k.name for k in definitions.relation_kinds() if k.other == row.kind != k.one and "one" in k.single]
    ties = list(Relation.objects.filter(kind__in=kinds, other_id__in=family).order_by("since", "pk")) if kinds else []
    whos = Subject.objects.in_bulk({tie.one_id for tie in ties})
    return {
        tie.one_id: (whos[tie.one_id].label, tie.since, tie.until)
        for tie in ties
        if access.relation_seen(actor, tie) and access.may(actor, whos[tie.one_id])
    }


def _path(row: Any) -> Any:
    return places.directory().path(row.place_id)


def _said(title: Mapping[str, str]) -> str:
    from gezhi.foundation.packs import localised

    return localised(title)


@dataclass(frozen=True)
class Volume:
    """A register in a place: how many live lines, by state, how many not confirmed in time, how many lack the relation."""

    register: Register
    count: int
    states: tuple[tuple[str, str, int], ...]
    stale: int
    lacking: int


def volumes(actor: Actor, place_id: int | None = None, *, on: date | None = None) -> list[Volume]:
    """Every register the actor may open, with its counts (in a place and below). Few queries, however many registers.

    `on`: as they stood on a day; what is due to be confirmed and who lacks a relation is only said of today.
    """
    readable = access.readable(actor)
    alike: dict[access.Scopes, list[Register]] = {}
    for declared in readable:
        alike.setdefault(access.scopes(actor, declared), []).append(declared)
    found: dict[str, Volume] = {}
    for those in alike.values():
        seen = reach(actor, those[0], place_id)
        found |= _counted(those, seen) if on is None else _counted_on(those, seen, on)
    return [found[declared.name] for declared in readable]


def _counted(those: Sequence[Register], reach: Q) -> dict[str, Volume]:
    """The volumes of registers that reach equally far: two queries, and one for each kind of relation they ask for."""
    rows = Entry.objects.filter(reach, until=None, register__in=[declared.name for declared in those]).order_by()
    counts: dict[str, dict[str, int]] = {}
    for name, state, n in rows.values_list("register", "state").annotate(n=Count("pk")):
        counts.setdefault(name, {})[state] = n
    old = Q(pk__in=())
    for declared in those:
        if days := declared.options.get("confirm_after_days"):
            before = clock.today() - timedelta(days=days)
            old |= Q(register=declared.name) & (Q(confirmed_on=None) | Q(confirmed_on__lt=before))
    stale = dict(rows.filter(old).values_list("register").annotate(n=Count("pk"))) if old != Q(pk__in=()) else {}
    lacking: dict[str, int] = {}
    for kind in {declared.relation for declared in those if declared.relation}:
        asking = [declared.name for declared in those if declared.relation == kind]
        served = Relation.objects.filter(kind=kind, until=None).values("one_id")
        without = rows.filter(register__in=asking).exclude(subject_id__in=served)
        lacking |= dict(without.values_list("register").annotate(n=Count("pk")))
    return {
        name: _volume(declared, counts.get(name, {}), stale.get(name, 0), lacking.get(name, 0))
        for name, declared in ((declared.name, declared) for declared in those)
    }


def _counted_on(those: Sequence[Register], reach: Q, on: date) -> dict[str, Volume]:
    """As they stood on a day: lines that stand as they stood then, and what others looked like before they changed. Two
    queries."""
    counts: dict[str, Counter[str]] = {declared.name: Counter() for declared in those}
    for rows in queries.stood(on, *counts):
        for name, state, n in rows.filter(reach).order_by().values_list("register", "state").annotate(n=Count("pk")):
            counts[name][state] += n
    return {declared.name: _volume(declared, counts[declared.name]) for declared in those}


def _volume(declared: Register, counts: Mapping[str, int], stale: int = 0, lacking: int = 0) -> Volume:
    states = tuple((s.name, s.said, counts.get(s.name, 0)) for s in declared.states)
    return Volume(declared, sum(counts.values()), states, stale, lacking)


def reach(actor: Actor, declared: Register, place_id: int | None) -> Q:
    """The lines of a register that the actor may see, in a place or everywhere."""
    where = access.within(access.scopes(actor, declared))
    return where if place_id is None else where & access.lying(place_id)


def members(actor: Actor, place_id: int, register: str) -> tuple[int, ...]:
    """The subjects whose files make up a place's volume of one register, in order. All of them, each once."""
    declared = access.register_for(actor, register)
    rows = Entry.objects.filter(reach(actor, declared, place_id), register=register, until=None)
    return tuple(rows.order_by("subject_id").values_list("subject_id", flat=True).distinct())


def file_text(subject_id: int, actor: Actor) -> str:
    """The file as canonical text: what a printed volume is made of and two replays must agree on."""
    seen = file_of(subject_id, actor, limit=10_000)
    body = {
        "subject": [seen.subject.pk, seen.subject.label, seen.subject.kind],
        "lines": [[r.name, e.since, e.until, e.values, e.state] for e, r in (*seen.lines, *seen.past)],
        "ties": [[t.title, t.other.label, t.relation.since] for t in seen.ties],
        "story": [[line.on, line.title, line.text] for line in seen.story],
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, default=_iso)


def volume_text(actor: Actor, place_id: int, register: str) -> str:
    """A place's volume: the files of its members, one after the other."""
    return "\n".join(file_text(id, actor) for id in members(actor, place_id, register))


def _iso(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


@dataclass(frozen=True)
class Likely:
    """Two or more records that look like one: `why` is "phone" or "born"."""

    subjects: tuple[Subject, ...]
    why: str


def likely_doubles(actor: Actor, *, limit: int = 50) -> list[Likely]:
    """Live subjects within reach that share phone and masked name, or birthday and masked name in one village."""
    reach = Subject.objects.filter(access.within(access.scopes(actor)), ended="")
    found: list[Likely] = []
    seen: set[tuple[int, ...]] = set()
    for why, columns in (("phone", ("phone_hash", "label")), ("born", ("born", "label", "village_id"))):
        full = {f"{columns[0]}__isnull": False}
        groups = (
            reach.filter(**full).values(*columns).annotate(n=Count("pk")).filter(n__gt=1).order_by(*columns)[:limit]
        )
        for group in groups:
            rows = list(reach.filter(**{column: group[column] for column in columns}).order_by("pk")[:5])
            ids = tuple(row.pk for row in rows)
            if ids not in seen and not _surely_others(rows):
                seen.add(ids)
                found.append(Likely(tuple(rows), why))
    return found[:limit]


def _surely_others(rows: Sequence[Subject]) -> bool:
    """Each has an identity number of its own: they only look alike."""
    idents = [bytes(row.ident_hash) for row in rows if row.ident_hash]
    return len(idents) == len(rows) and len(set(idents)) == len(rows)


def missing(actor: Actor, register: str, *, limit: int = 500) -> list[Subject]:
    """Live subjects within reach that should have a live line in it and have none: the gap of a 一校一品牌.

    Those the register is `for`, where it says so; otherwise every subject of its kind.
    """
    declared = access.register_for(actor, register)
    entered = Entry.objects.filter(register=register, until=None).values("subject_id")
    if declared.whom is not None and declared.whom.field:
        return []
    if declared.whom is not None:
        done = set(entered.values_list("subject_id", flat=True))
        other = definitions.register(declared.whom.register)
        where = access.within(access.scopes(actor, declared)) & access.within(access.scopes(actor, other))
        return [row for row in meant(declared, where) if row.pk not in done and not row.ended][:limit]
    rows = Subject.objects.filter(access.within(access.scopes(actor, declared)), kind=declared.of, ended="")
    return list(rows.exclude(pk__in=entered).order_by("pk")[:limit])


def totals(actor: Actor, register: str, field: str, place_id: int | None = None) -> dict[str, tuple[int, int]]:
    """value of an open field -> (lines, distinct subjects) among the live lines: persons and person-times never mix."""
    declared = access.register_for(actor, register)
    rows = Entry.objects.filter(reach(actor, declared, place_id), register=register, until=None)
    found: dict[str, list[int]] = {}
    for values, subject_id in rows.values_list("values", "subject_id").iterator():
        found.setdefault(str(values.get(field, "")), []).append(subject_id)
    return {value: (len(ids), len(set(ids))) for value, ids in sorted(found.items())}
