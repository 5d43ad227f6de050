"""Two records of one real thing become one, with both histories; and are taken apart again when that was a mistake.

`merge(a, into=b)`: a ends as `merged`, its lines and relations stand with b from then on, their own history untouched.
The event `subject.merged` on a's stream lists what moved and what ended, so that `split` can put exactly that back.
What was entered for b after the merge stays with b.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from gezhi.foundation import events
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor

from . import access, definitions, refusals
from .changing import Change, changing
from .lines import end_lines, taken
from .models import MERGED, Entry, Relation, Subject
from .relations import _in_the_way
from .rows import change_rows


def merge(a: int, *, into: int, actor: Actor, reason: str = "", keep: Mapping[str, int] | None = None) -> Subject:
    """Make one of two. Returns the one that stays (`into`).

    Where a register allows one line at a time and both have one, `keep` says which stays: {register: entry id}; the
    other ends today. Raises Invalid subject.not_same; Conflict subject.merge_choose (facts `choices`: {register:
    [entry ids]}), subject.ended; NotFound subject.none; NotAllowed subject.not_here.
    """
    keep = dict(keep or {})
    today = clock.today()
    with changing() as told:
        for id in sorted((a, into)):  # locked in one order
            access.subject_for(id, actor, "edit", lock=True)
        gone, stays = Subject.objects.get(pk=a), Subject.objects.get(pk=into)
        if a == into or gone.kind != stays.kind or gone.ended or stays.ended:
            raise refusals.NOT_SAME()
        lines = list(Entry.objects.select_for_update().filter(subject_id__in=(a, into)).order_by("pk"))
        ending = _choose(lines, a, into, keep)
        end_lines([(line, today) for line in ending], MERGED, actor=actor)
        moved = [line for line in lines if line.subject_id == a]
        _repoint(moved, into, actor)
        ties, ended_ties = _merge_ties(a, into, actor)
        patch = {
            "to": into,
            "moved": [line.pk for line in moved],
            "ended_lines": [line.pk for line in ending],
            "ties": ties,
            "ended_ties": ended_ties,
        }
        change_rows(
            [(gone, {"ended": MERGED, "until": today, "merged_into": into})],
            "subject.merged",
            actor=actor,
            extra={"merging": patch},
            reason=reason[:200] or None,
        )
        change_rows([(stays, {})], "subject.absorbed", actor=actor, extra={"absorbed": a})
        told += [Change(a, None, None, today), Change(into, None, None, today)]
        told += [Change(line.subject_id, line.pk, line.register, today) for line in (*moved, *ending)]
    return stays


def split(subject_id: int, *, actor: Actor, reason: str = "") -> Subject:
    """Undo the merge of this subject: it lives again, with the lines and relations it brought. Returns it.

    Raises Conflict subject.not_merged (not merged now, or what it was merged into has itself been merged on),
    subject.not_restored (another line now stands where one would live again); NotFound, NotAllowed.
    """
    today = clock.today()
    with changing() as told:
        gone = Subject.objects.filter(pk=subject_id).first()
        if gone is None or not access.may(actor, gone):
            raise refusals.NO_SUBJECT()
        if gone.merged_into is None:
            raise refusals.NOT_MERGED()
        into = gone.merged_into
        for id in sorted((subject_id, into)):
            access.subject_for(id, actor, "edit", lock=True)
        gone, stays = Subject.objects.get(pk=subject_id), Subject.objects.get(pk=into)
        if gone.ended != MERGED or stays.ended == MERGED:
            raise refusals.NOT_MERGED()
        done = _last_merge(subject_id)
        change_rows(
            [(gone, {"ended": "", "until": None, "merged_into": None})],
            "subject.split",
            actor=actor,
            reason=reason[:200] or None,
        )
        change_rows([(stays, {})], "subject.released", actor=actor, extra={"released": subject_id})
        lines = {
            line.pk: line
            for line in Entry.objects.select_for_update()
            .filter(pk__in=[*done["moved"], *done["ended_lines"]])
            .order_by("pk")
        }
        back = [lines[id] for id in done["moved"] if lines[id].subject_id == into]
        _repoint(back, subject_id, actor)
        again = [lines[id] for id in done["ended_lines"] if lines[id].end_reason == MERGED]
        for line in again:
            if line.key and taken(line):
                raise refusals.NOT_RESTORED()
        change_rows([(line, {"until": None, "end_reason": ""}) for line in again], "entry.reopened", actor=actor)
        _split_ties(done, subject_id, into, actor)
        told += [Change(subject_id, None, None, today), Change(into, None, None, today)]
        told += [Change(line.subject_id, line.pk, line.register, today) for line in (*back, *again)]
    return gone


def _choose(lines: list[Entry], a: int, into: int, keep: Mapping[str, int]) -> list[Entry]:
    """The live lines that end, because their register allows one a subject. Raises Conflict subject.merge_choose."""
    live: dict[str, dict[int, Entry]] = {}
    ending: list[Entry] = []
    choices: dict[str, list[int]] = {}
    parts: dict[tuple[str, str], dict[int, Entry]] = {}
    for line in lines:
        one = definitions.register(line.register).one
        if line.until is None and one == "subject":
            live.setdefault(line.register, {})[line.subject_id] = line
        elif line.until is None and one.startswith("subject+") and line.key:
            parts.setdefault((line.register, line.key.partition("|")[2]), {})[line.subject_id] = line
    # The same thing of the same person, known twice: the line of the one that stays is it.
    ending += [by_subject[a] for by_subject in parts.values() if len(by_subject) == 2]
    for register, by_subject in live.items():
        if len(by_subject) < 2:
            continue
        pair = [by_subject[a], by_subject[into]]
        if keep.get(register) not in (pair[0].pk, pair[1].pk):
            choices[register] = [line.pk for line in pair]
            continue
        ending += [line for line in pair if line.pk != keep[register]]
    if choices:
        said = "、".join(definitions.register(name).said for name in choices)
        raise refusals.MERGE_CHOOSE(registers=said, choices=choices)
    return ending


def _repoint(lines: list[Entry], to: int, actor: Actor) -> None:
    """Lines stand with another subject, key and all; their spans go with them."""
    changes = []
    for line in lines:
        new: dict[str, Any] = {"subject_id": to}
        if line.key is not None and line.key.startswith("s:"):
            new["key"] = "|".join((f"s:{to}", *line.key.split("|")[1:]))
        changes.append((line, new))
        if line.event_seq > 1:
            line.spans.update(subject_id=to)
    change_rows(changes, "entry.repointed", actor=actor)


def _merge_ties(a: int, into: int, actor: Actor) -> tuple[list[int], list[int]]:
    """Live relations of `a` stand with `into`; what has no room there (or would tie it to itself) ends."""
    today = clock.today()
    moved, ended = [], []
    wanted = Q(one_id=a) | Q(other_id=a)
    for tie in Relation.objects.select_for_update().filter(wanted, until=None).order_by("pk"):
        one, other = (into if id == a else id for id in (tie.one_id, tie.other_id))
        declared = definitions.relation_kind(tie.kind)
        if one == other or _in_the_way(declared, one, other).exclude(pk=tie.pk).exists():
            change_rows([(tie, {"until": max(today, tie.since), "end_reason": MERGED})], "relation.ended", actor=actor)
            ended.append(tie.pk)
        else:
            change_rows([(tie, _sides(tie, one, other))], "relation.repointed", actor=actor)
            moved.append(tie.pk)
    return moved, ended


def _split_ties(done: Mapping[str, Any], subject_id: int, into: int, actor: Actor) -> None:
    for tie in Relation.objects.select_for_update().filter(pk__in=done["ties"], until=None).order_by("pk"):
        one, other = (subject_id if id == into else id for id in (tie.one_id, tie.other_id))
        change_rows([(tie, _sides(tie, one, other))], "relation.repointed", actor=actor)
    for tie in Relation.objects.select_for_update().filter(pk__in=done["ended_ties"], end_reason=MERGED).order_by("pk"):
        declared = definitions.relation_kind(tie.kind)
        if not _in_the_way(declared, tie.one_id, tie.other_id).exclude(pk=tie.pk).exists():
            change_rows([(tie, {"until": None, "end_reason": ""})], "relation.reopened", actor=actor)


def _sides(tie: Relation, one: int, other: int) -> dict[str, Any]:
    return {
        "one_id": one,
        "other_id": other,
        "one_key": None if tie.one_key is None else one,
        "other_key": None if tie.other_key is None else other,
    }


def _last_merge(subject_id: int) -> dict[str, Any]:
    for event in reversed(events.history(f"subject:{subject_id}")):
        if event.kind == "subject.merged":
            patch = event.patch if isinstance(event.patch, dict) else json.loads(event.patch)
            return patch["merging"]
    raise refusals.NOT_MERGED()
