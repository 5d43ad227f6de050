"""Subjects: added, corrected, moved, ended, brought back. Each is one write, one event a row, told to the hooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from gezhi.foundation import jobs
from gezhi.foundation.events import PrivateRef
from gezhi.foundation.events.private import keep_many
from gezhi.foundation.people import Actor

from . import access, definitions, refusals
from .changing import Change, changing
from .models import CLOSED, DIED, MOVED_OUT, UNDONE, Entry, Relation, Subject
from .personal import NAMES, Identity, identity, opened
from .rows import change_rows, day, ids, store

HOW = (DIED, MOVED_OUT, CLOSED)


def add(
    kind: str,
    facts: Mapping[str, Any],
    *,
    actor: Actor,
    place_id: int,
    since: date | None = None,
    person_id: int | None = None,
    synthetic: bool = False,
) -> Subject:
    """Enter one real thing. `facts`: name, and for people id_number, phone, sex, born; for others code, phone.

    Raises Invalid subject.facts, subject.no_place, subject.day; Conflict subject.known (the number is that of a
    subject the actor can see), subject.known_in_village; NotAllowed subject.not_here; NotFound subject.no_kind.
    """
    return add_many(kind, [(facts, place_id, since, person_id)], actor=actor, synthetic=synthetic)[0]


def add_many(
    kind: str,
    rows: Sequence[tuple],
    *,
    actor: Actor,
    synthetic: bool = False,
    known: bool = True,
    source: str = "",
    whos: Sequence[Identity] | None = None,
) -> list[Subject]:
    """`add` for many (facts, place_id[, since[, person_id]]) in one write: all or none. Raises as `add`.

    `known=False` leaves the look for known numbers to the caller, who has made it, and has cleaned the facts for it (`whos`).
    """
    declared = definitions.kind(kind)
    wanted = [(*row, None, None)[:4] for row in rows]
    whos = [identity(declared, facts) for facts, *_rest in wanted] if whos is None else whos
    paths = {place_id: access.need(actor, place_id) for place_id in {row[1] for row in wanted}}
    with changing() as told:
        if known:
            _refuse_known(kind, whos, actor)
        found: list[Subject] = []
        numbers = ids(Subject, len(wanted))
        refs = keep_many(
            (f"subject:{id}", "facts", who.sealed) for id, who in zip(numbers, whos, strict=True) if who.sealed
        )
        for id, who, (_facts, place_id, since, person_id) in zip(numbers, whos, wanted, strict=True):
            ref = refs.get((f"subject:{id}", "facts"))
            found.append(
                Subject(
                    id=id, kind=kind, since=day(since), person_id=person_id, synthetic=synthetic, source=source[:40],
                    private_ref=ref.id if ref else None, **_open(who), **paths[place_id],
                )
            )  # fmt: skip
        store(found, "subject.added", actor=actor, refs=_by_id(refs.values()))
        told += [Change(s.pk, None, None, s.since) for s in found]
        _index(found)
    return found


def change_facts(
    subject_id: int, facts: Mapping[str, Any], *, actor: Actor, expected_seq: int | None = None
) -> Subject:
    """Correct who or what it is: the given facts replace the kept ones, the others stay. Raises as `add`,
    Conflict subject.stale, subject.ended."""
    with changing() as told:
        row = access.subject_for(subject_id, actor, "edit", lock=True)
        _live(row)
        if expected_seq is not None and expected_seq != row.event_seq:
            raise refusals.STALE()
        declared = definitions.kind(row.kind)
        before = facts_kept(row)
        # A number that is corrected brings its own day of birth and sex; the old ones must not contradict it.
        derived = ("sex", "born") if facts.get("id_number") not in (None, "", before.get("id_number")) else ()
        who = identity(declared, {k: v for k, v in before.items() if k not in derived} | dict(facts))
        if who == identity(declared, before):
            return row
        if who.ident_hash != row.ident_hash:
            _refuse_known(row.kind, [who], actor, besides=row.pk)
        refs: dict[int, PrivateRef] = {}
        ref = None
        if who.sealed:
            ref = keep_many([(f"subject:{row.pk}", "facts", who.sealed)])[f"subject:{row.pk}", "facts"]
            refs = _by_id([ref])
        values = {**_open(who), "private_ref": ref.id if ref else None}
        change_rows([(row, values)], "subject.changed", actor=actor, refs=refs)
        told.append(Change(row.pk, None, None, day(None)))
        _index([row])
    return row


def facts_kept(row: Subject) -> dict[str, Any]:
    """What is kept of a subject, opened: for writers and for the colleague who asked with a reason."""
    kept = opened([row.private_ref])[row.private_ref] if row.private_ref else {}
    if "name" not in kept:
        kept = {"name": row.label, "code": row.code, **kept}
    return {name: kept[name] for name in NAMES if kept.get(name)}


def link_colleague(subject_id: int, person_id: int | None, *, actor: Actor) -> Subject:
    """Say that this person is that colleague (or no longer): so a helper is known as somebody with a seat."""
    with changing() as told:
        row = access.subject_for(subject_id, actor, "edit", lock=True)
        _live(row)
        if row.person_id != person_id:
            change_rows([(row, {"person_id": person_id})], "subject.linked", actor=actor)
            told.append(Change(row.pk, None, None, day(None)))
    return row


def move(subject_id: int, place_id: int, *, actor: Actor, on: date | None = None) -> Subject:
    """The subject lives (lies) elsewhere within reach from that day; its live lines and relations go with it.

    Both places must be the actor's. Raises Invalid subject.no_place, subject.day, subject.earlier, NotAllowed,
    Conflict subject.ended, subject.known_in_village.
    """
    from .lines import replace_lines

    with changing() as told:
        row = access.subject_for(subject_id, actor, "edit", lock=True)
        _live(row)
        path = access.need(actor, place_id)
        if row.place_id == place_id:
            return row
        on = day(on, least=row.since)
        lines = list(Entry.objects.select_for_update().filter(subject_id=row.pk, until=None).order_by("pk"))
        change_rows([(row, path)], "subject.moved", actor=actor, extra={"on": on})
        replace_lines([(line, path) for line in lines], actor=actor, on=on)
        ties = Relation.objects.select_for_update().filter(one_id=row.pk, until=None).order_by("pk")
        change_rows([(tie, path) for tie in ties], "relation.moved", actor=actor, extra={"on": on})
        told.append(Change(row.pk, None, None, on))
        told += [Change(row.pk, line.pk, line.register, on) for line in lines]
        _index([row])
    return row


def end_subject(subject_id: int, how: str, *, actor: Actor, on: date | None = None) -> Subject:
    """It is no more here: died, moved_out or closed. Its live lines and relations end that day.

    Raises Invalid subject.no_ending, subject.day, Conflict subject.ended, NotAllowed.
    """
    if how not in HOW:
        raise refusals.NO_ENDING()
    return _end([subject_id], how, actor=actor, on=on)[0]


def withdraw_subjects(subject_ids: Iterable[int], *, actor: Actor) -> list[Subject]:
    """Take back subjects that were entered by mistake: they end on the day they began, with all their lines."""
    return _end(sorted(set(subject_ids)), UNDONE, actor=actor, on=None)


def _end(subject_ids: Sequence[int], how: str, *, actor: Actor, on: date | None) -> list[Subject]:
    from .lines import end_lines
    from .relations import end_ties

    with changing() as told:
        rows = list(Subject.objects.select_for_update().filter(pk__in=subject_ids).order_by("pk"))
        if len(rows) != len(set(subject_ids)):
            raise refusals.NO_SUBJECT()
        for row in rows:
            if not access.may(actor, row):
                raise refusals.NO_SUBJECT()
            if not access.may(actor, row, what="edit"):
                raise refusals.NOT_HERE()
            _live(row)
        lines = list(Entry.objects.select_for_update().filter(subject_id__in=subject_ids, until=None).order_by("pk"))
        # What happened is often learnt late: a line that was entered meanwhile ends on the day it began.
        days = {row.pk: row.since if how == UNDONE else day(on, least=row.since) for row in rows}
        end_lines([(line, days[line.subject_id]) for line in lines], how, actor=actor)
        end_ties(subject_ids, how, days, actor=actor)
        change_rows([(row, {"ended": how, "until": days[row.pk]}) for row in rows], "subject.ended", actor=actor)
        told += [Change(row.pk, None, None, days[row.pk]) for row in rows]
        told += [Change(line.subject_id, line.pk, line.register, days[line.subject_id]) for line in lines]
    return rows


def restore_subject(subject_id: int, *, actor: Actor) -> Subject:
    """Take an ending back (entered by mistake): the lines and relations that ended with it live again.

    Raises Conflict subject.not_restored when another now stands where one of them stood, NotFound, NotAllowed.
    """
    from .lines import reopen_lines
    from .relations import reopen_ties

    with changing() as told:
        row = access.subject_for(subject_id, actor, "edit", lock=True)
        if row.ended not in HOW or row.until is None:
            raise refusals.NOT_RESTORED()
        how, on = row.ended, row.until
        lines = list(
            Entry.objects.select_for_update().filter(subject_id=row.pk, until=on, end_reason=how).order_by("pk")
        )
        change_rows([(row, {"ended": "", "until": None})], "subject.restored", actor=actor)
        reopen_lines(lines, actor=actor)
        reopen_ties(row.pk, how, on, actor=actor)
        told.append(Change(row.pk, None, None, on))
        told += [Change(row.pk, line.pk, line.register, on) for line in lines]
    return row


def _open(who: Identity) -> dict[str, Any]:
    return {
        "label": who.label, "code": who.code, "ident_hash": who.ident_hash, "phone_hash": who.phone_hash,
        "sex": who.sex, "born": who.born,
    }  # fmt: skip


def _by_id(refs: Iterable[PrivateRef]) -> dict[int, PrivateRef]:
    return {ref.id: ref for ref in refs}


def _live(row: Subject) -> None:
    if row.ended:
        raise refusals.ENDED(label=row.label)


def _refuse_known(kind: str, whos: Sequence[Identity], actor: Actor, besides: int = 0) -> None:
    """A number that is already somebody's, as far as the actor may know."""
    hashes = [who.ident_hash for who in whos if who.ident_hash]
    if not hashes:
        return
    if len(set(hashes)) < len(hashes):
        raise refusals.KNOWN_IN_VILLAGE()
    where = access.within(access.scopes(actor))
    found = Subject.objects.filter(where, ident_hash__in=hashes, kind=kind, ended="").exclude(pk=besides).first()
    if found is not None:
        raise refusals.KNOWN(label=found.label, subject=found.pk)


def _index(rows: Sequence[Subject]) -> None:
    """Names become findable soon after the commit; one job for the whole batch."""
    if rows:
        last = rows[-1]
        jobs.enqueue("subjects.index", f"{rows[0].pk}-{last.pk}:{last.event_seq}", {"ids": [row.pk for row in rows]})
