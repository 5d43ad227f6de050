"""Lines of registers: entered, changed, confirmed, ended, withdrawn; over valid time, with their cardinality.

The locks are taken in one order everywhere: the subject, then its lines by id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection

from gezhi.foundation import db, events
from gezhi.foundation.calendar import clock
from gezhi.foundation.events import PrivateRef
from gezhi.foundation.events.private import keep_many
from gezhi.foundation.people import Actor
from gezhi.foundation.places.placed import PATH

from . import access, counting, definitions, meant, refusals
from .changing import Change, changing
from .definitions import Register
from .models import DIED, MERGED, UNDONE, Entry, EntrySpan, Subject
from .rows import change_rows, day, ids, store
from .rule_facts import facts_of

REASONS = ("ended", "died", "moved_out", "closed", "merged", "undone", "replaced")


def enter(
    register: str,
    subject_id: int,
    values: Mapping[str, Any],
    *,
    actor: Actor,
    since: date | None = None,
    source: str = "",
) -> Entry:
    """A subject's line in a register, where the subject is, from that day (today when not said).

    Raises Invalid subject.values (with the field's reason), subject.wrong_kind, subject.day; Conflict
    subject.one_only, subject.ended; NotFound subject.none, subject.no_register; NotAllowed subject.not_here.
    """
    return enter_many(register, [(subject_id, values, since)], actor=actor, source=source)[0]


def enter_many(register: str, rows: Sequence[tuple], *, actor: Actor, source: str = "") -> list[Entry]:
    """`enter` for many (subject id, values[, since]) in one write: all or none. Raises as `enter`."""
    declared = access.register_for(actor, register) if actor.kind != "system" else definitions.register(register)
    wanted = [(*row, None)[:3] for row in rows]
    cleaned = [clean(declared, values) for _id, values, _since in wanted]
    with changing() as told:
        subjects = _subjects([row[0] for row in wanted], declared, actor)
        meant.refuse_others(declared, list(subjects.values()))
        counting.refuse_more(declared, [row[0] for row in wanted])
        numbers = ids(Entry, len(wanted))
        refs = _seal(zip(numbers, (private for _open, private in cleaned), strict=True))
        lines = []
        today = clock.today()
        for id, (subject_id, _values, since), (open_values, _private) in zip(numbers, wanted, cleaned, strict=True):
            who, begins = subjects[subject_id], day(since)
            ref = refs.get(id)
            line = Entry(
                id=id, register=declared.name, version=declared.version, subject_id=who.pk, values=open_values,
                private_ref=ref.id if ref else None, since=begins, valid_from=begins, source=source[:40],
                confirmed_on=today, author_person=actor.person_id, author_seat=_seat(actor),
                **{column: getattr(who, column) for column in PATH},
            )  # fmt: skip
            line.state = declared.state_of(facts_of(declared, open_values, who, today, line), today)
            line.key = _key(declared, line)
            lines.append(line)
        _refuse_second(declared, lines)
        store(lines, "entry.entered", actor=actor, refs={ref.id: ref for ref in refs.values()})
        told += [Change(line.subject_id, line.pk, line.register, line.since) for line in lines]
    return lines


def change(
    entry_id: int,
    values: Mapping[str, Any],
    *,
    actor: Actor,
    expected_seq: int | None = None,
    on: date | None = None,
    source: str = "",
) -> Entry:
    """The given fields have new values from that day; the others stay. The same values again only confirm the line.

    Raises as `enter`, and Conflict subject.stale, subject.entry_ended; Invalid subject.earlier for a day before
    the last change.
    """
    with changing() as told:
        line, declared, who = _locked(entry_id, actor)
        if expected_seq is not None and expected_seq != line.event_seq:
            raise refusals.STALE()
        if declared.signed and line.author_person != actor.person_id and actor.kind != "system":
            raise refusals.NOT_HERE()
        on = day(on, least=line.since)
        if on < line.valid_from:
            raise refusals.EARLIER(day=line.valid_from)
        before = kept_values(line)
        open_values, private = clean(declared, before | dict(values))
        old_open, old_private = clean_kept(declared, before)
        new: dict[str, Any] = {"confirmed_on": clock.today(), "version": declared.version}
        refs: dict[int, PrivateRef] = {}
        if (open_values, private) != (old_open, old_private):
            if on > line.valid_from:
                _span(line, on)
            new |= {"values": open_values, "valid_from": on}
            if private != old_private:
                ref = _seal([(line.pk, private)]).get(line.pk)
                refs = {ref.id: ref} if ref else {}
                new["private_ref"] = ref.id if ref else None
            line.confirmed_on = clock.today()
            new["state"] = declared.state_of(facts_of(declared, open_values, who, clock.today(), line), clock.today())
            line.values = open_values
            key = _key(declared, line)
            if key != line.key:
                line.key = new["key"] = key
                _refuse_second(declared, [line])
        elif line.confirmed_on == clock.today() and line.version == declared.version:
            return line
        kind = "entry.changed" if "values" in new else "entry.confirmed"
        change_rows([(line, new)], kind, actor=actor, refs=refs, extra={"by": source} if source else None)
        told.append(Change(line.subject_id, line.pk, line.register, on))
    return line


def confirm(entry_ids: Iterable[int], *, actor: Actor, source: str = "") -> list[Entry]:
    """Say of several lines that nothing has changed: one tap for a sheet that came back. Those already ended are left."""
    with changing() as told:
        found = list(Entry.objects.select_for_update().filter(pk__in=set(entry_ids), until=None).order_by("pk"))
        today = clock.today()
        lines = []
        for line in found:
            declared = definitions.register(line.register)
            if not access.may(actor, line, declared, "edit"):
                raise refusals.NOT_HERE() if access.may(actor, line, declared) else refusals.NO_ENTRY()
            if line.confirmed_on != today:
                lines.append(line)
        extra = {"by": source} if source else None
        change_rows([(line, {"confirmed_on": today}) for line in lines], "entry.confirmed", actor=actor, extra=extra)
        told += [Change(line.subject_id, line.pk, line.register, today) for line in lines]
    return lines


def restate(register: str, *, actor: Actor, after: int = 0, batch: int = 500) -> int | None:
    """Derive the states of one batch of a register's live lines anew (days have passed); the last id, None at the end."""
    declared = definitions.register(register)
    today = clock.today()
    with changing() as told:
        lines = list(
            Entry.objects.select_for_update().filter(register=register, until=None, pk__gt=after).order_by("pk")[:batch]
        )
        whos = Subject.objects.in_bulk({line.subject_id for line in lines})
        changes = []
        for line in lines:
            state = declared.state_of(facts_of(declared, line.values, whos[line.subject_id], today, line), today)
            if state != line.state:
                changes.append((line, {"state": state}))
                told.append(Change(line.subject_id, line.pk, register, today))
        change_rows(changes, "entry.restated", actor=actor)
    return lines[-1].pk if len(lines) == batch else None


def end(entry_id: int, reason: str = "ended", *, actor: Actor, on: date | None = None) -> Entry:
    """The line is over from that day (the day itself no longer counts). Raises Invalid subject.no_ending,
    subject.day, Conflict subject.entry_ended, NotFound, NotAllowed."""
    if reason not in REASONS:
        raise refusals.NO_ENDING()
    with changing() as told:
        line, declared, _who = _locked(entry_id, actor)
        on = line.since if reason == UNDONE else day(on, least=line.since)
        if reason == "ended":
            counting.refuse_fewer(declared, line)
        end_lines([(line, on)], reason, actor=actor)
        told.append(Change(line.subject_id, line.pk, line.register, on))
    return line


def replace(
    entry_id: int, values: Mapping[str, Any], new: Mapping[str, Any], *, actor: Actor, expected_seq: int | None = None
) -> tuple[Entry, Entry]:
    """A line is finished with these values and another of the same subject stands in its stead, in one write: both or
    neither. Returns (the one that ended, the new one). Raises as `change`, `end` and `enter`."""
    with changing() as told:
        change(entry_id, values, actor=actor, expected_seq=expected_seq)
        line, declared, _who = _locked(entry_id, actor)
        end_lines([(line, day(None, least=line.since))], "replaced", actor=actor)
        told.append(Change(line.subject_id, line.pk, line.register, clock.today()))
        return line, enter(declared.name, line.subject_id, new, actor=actor)


def withdraw_entries(entry_ids: Iterable[int], *, actor: Actor) -> list[Entry]:
    """Take back lines that were entered by mistake: they end on the day they began and count on no day."""
    with changing() as told:
        lines = list(Entry.objects.select_for_update().filter(pk__in=set(entry_ids), until=None).order_by("pk"))
        for line in lines:
            if not access.may(actor, line, definitions.register(line.register), "edit"):
                raise refusals.NO_ENTRY()
        end_lines([(line, line.since) for line in lines], UNDONE, actor=actor)
        told += [Change(line.subject_id, line.pk, line.register, line.since) for line in lines]
    return lines


def revert(entry_ids: Iterable[int], *, by: str, actor: Actor) -> list[Entry]:
    """Undo the last change of lines where it was made by `by` ("import:7") and nothing came after: as if it had not been.

    Lines whose last event is another's are left alone and not returned.
    """
    with changing() as told:
        lines = list(Entry.objects.select_for_update().filter(pk__in=set(entry_ids), until=None).order_by("pk"))
        histories = events.histories([f"entry:{line.pk}" for line in lines])
        done = []
        for line in lines:
            past = histories[f"entry:{line.pk}"]
            if len(past) < 2 or past[-1].patch.get("by") != by:
                continue
            before = events.fold(past[:-1])
            was = _as_was(before)
            ref = before.get("private_ref")
            refs = {ref["private"]: PrivateRef(ref["private"], ref["hash"])} if ref else {}
            if was["valid_from"] != line.valid_from:
                EntrySpan.objects.filter(entry=line, since=was["valid_from"], until=line.valid_from).delete()
            change_rows([(line, was)], "entry.reverted", actor=actor, refs=refs)
            told.append(Change(line.subject_id, line.pk, line.register, line.valid_from))
            done.append(line)
    return done


def _as_was(before: Mapping[str, Any]) -> dict[str, Any]:
    def when(name: str) -> date | None:
        return date.fromisoformat(before[name]) if before.get(name) else None

    ref = before.get("private_ref")
    return {
        "values": before.get("values", {}),
        "private_ref": ref["private"] if ref else None,
        "state": before.get("state", ""),
        "version": before["version"],
        "valid_from": when("valid_from"),
        "confirmed_on": when("confirmed_on"),
        "key": before.get("key"),
    }


# What the other writers of the room use, with the subject and its lines locked.


def end_lines(pairs: Sequence[tuple[Entry, date]], reason: str, *, actor: Actor) -> None:
    """End lines on their days, none before it began. Raises Conflict subject.not_to_end where a register forbids it."""
    if reason not in (UNDONE, MERGED, DIED):
        meant.refuse_to_end([line for line, _on in pairs])
    change_rows(
        [(line, {"until": max(on, line.since), "end_reason": reason}) for line, on in pairs],
        "entry.ended",
        actor=actor,
    )


def reopen_lines(lines: Sequence[Entry], *, actor: Actor) -> None:
    """Ended lines live again. Raises Conflict subject.not_restored when another stands there now."""
    for line in lines:
        if line.key and taken(line):
            raise refusals.NOT_RESTORED()
    change_rows([(line, {"until": None, "end_reason": ""}) for line in lines], "entry.reopened", actor=actor)


def replace_lines(pairs: Sequence[tuple[Entry, Mapping[str, Any]]], *, actor: Actor, on: date) -> None:
    """Lines lie elsewhere from that day; what they were until then stays readable."""
    changes = []
    for line, path in pairs:
        starts = max(on, line.valid_from)
        if starts > line.valid_from:
            _span(line, starts)
        new = {**path, "valid_from": starts}
        declared = definitions.register(line.register)
        if "place" in declared.one.split("+"):
            line.place_id = path["place_id"]
            line.key = new["key"] = _key(declared, line)
            _refuse_second(declared, [line])
        changes.append((line, new))
    change_rows(changes, "entry.moved", actor=actor)


def taken(line: Entry) -> bool:
    """Whether another line has this one's key on a day that this one, living on, would count too."""
    others = Entry.objects.filter(register=line.register, key=line.key).exclude(pk=line.pk)
    return others.filter(until=None).exists() or others.filter(until__gt=line.since).exclude(end_reason=UNDONE).exists()


def clean(declared: Register, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(open, private) values as they are kept. Raises Invalid subject.values."""
    found, errors = declared.form.clean(values)
    errors = errors or counting.wrong_days(declared, found)
    if errors:
        raise refusals.VALUES(field_errors=errors)
    return clean_kept(declared, found)


def clean_kept(declared: Register, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(open, private) of values that are clean already; empty ones are left out."""
    loaded = {f.id: values[f.id] for f in declared.form if f.id in values}
    kept = {name: value for name, value in declared.form.dump(loaded).items() if value not in (None, "", [])}
    secret = declared.sensitive
    return (
        {name: value for name, value in kept.items() if name not in secret},
        {name: value for name, value in kept.items() if name in secret},
    )


def kept_values(line: Entry | EntrySpan) -> dict[str, Any]:
    """All values of a line, the sealed ones opened: for writers and for whoever asked with a reason. One query."""
    if line.private_ref is None:
        return dict(line.values)
    text = events.read_private([line.private_ref])[line.private_ref]
    return {**line.values, **(json.loads(text) if text else {})}


def _seal(pairs: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[int, PrivateRef]:
    texts = [
        (f"entry:{id}", "values", json.dumps(private, ensure_ascii=False, sort_keys=True))
        for id, private in pairs
        if private
    ]
    return {int(stream.partition(":")[2]): ref for (stream, _name), ref in keep_many(texts).items()} if texts else {}


def _subjects(subject_ids: Sequence[int], declared: Register, actor: Actor) -> dict[int, Subject]:
    rows = Subject.objects.select_for_update().filter(pk__in=set(subject_ids)).order_by("pk")
    found = {row.pk: row for row in rows}
    for id in subject_ids:
        row = found.get(id)
        if row is None or not (access.may(actor, row) or access.may(actor, row, declared, "edit")):
            raise refusals.NO_SUBJECT()
        if not access.may(actor, row, declared, "edit"):
            raise refusals.NOT_HERE()
        if row.kind != declared.of:
            raise refusals.WRONG_KIND(wanted=definitions.kind(declared.of).said, given=definitions.kind(row.kind).said)
        if row.ended:
            raise refusals.ENDED(label=row.label)
    return found


def _locked(entry_id: int, actor: Actor) -> tuple[Entry, Register, Subject]:
    if connection.vendor == "sqlite":  # the write holds everything: what is seen inside it is what there is
        line, declared = access.entry_for(entry_id, actor, "edit")
        who = db.fetch(Subject, line.subject_id)
    else:
        with db.pipelined():  # both, and the revisions that reading a register begins with, in one wait
            one = db.asking(Subject, "", entry_id, lock=True, via=(Entry, "subject_id"))
            two = db.asking(Entry, "", entry_id, lock=True)
            db.revisions.current()
            who, seen = next(iter(one()), None), next(iter(two()), None)
        line, declared = access.entry_seen(seen, actor, "edit")
        if who is None or who.pk != line.subject_id:  # merged or split in this very moment
            raise refusals.STALE()
    assert who is not None  # nothing is ever deleted here
    if line.until is not None:
        raise refusals.ENTRY_ENDED()
    return line, declared, who


def _key(declared: Register, line: Entry) -> str | None:
    if not declared.one:
        return None
    parts = declared.one.split("+")
    values = [{"subject": line.subject_id, "place": line.place_id}.get(part, line.values.get(part)) for part in parts]
    if any(value is None for value in values):
        return None
    # The subject first, so that lines which come to stand with another one keep the rest of their key.
    first = {"subject": "s", "place": "p"}.get(parts[0], "f")
    return f"{first}:{'|'.join(str(value) for value in values)}"[:120]


def _refuse_second(declared: Register, lines: Sequence[Entry]) -> None:
    """One live line a key at every day: neither beside a living one nor into the days of one that has ended."""
    by_key = {line.key: line for line in lines if line.key}
    if not by_key:
        return
    if len(by_key) < sum(1 for line in lines if line.key):
        raise refusals.ONE_ONLY(register=declared.said)
    others = Entry.objects.filter(register=declared.name, key__in=list(by_key))
    for id, key, until in others.exclude(end_reason=UNDONE).values_list("pk", "key", "until"):
        line = by_key[str(key)]
        if id != line.pk and (until is None or until > line.since):
            raise refusals.ONE_ONLY(register=declared.said)


def _span(line: Entry, until: date) -> None:
    """Keep how the line stood before it changes on that day."""
    db.insert(
        EntrySpan(
            entry_id=line.pk, register=line.register, version=line.version, subject_id=line.subject_id,
            values=line.values, private_ref=line.private_ref, state=line.state, since=line.valid_from, until=until,
            **{column: getattr(line, column) for column in PATH},
        )
    )  # fmt: skip


def _seat(actor: Actor) -> int | None:
    return actor.seat or (actor.seats[0] if len(actor.seats) == 1 else None)
