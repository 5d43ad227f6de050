"""Who is under which rule: kept in the transaction that changes a register, put right each day, made anew on demand.

A projection. Nothing is owed for the time before it was known: a line entered today for last month is on the list
from today on; a death that becomes known today ends the list on the day of the death.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from gezhi.engines.duties import voiding
from gezhi.engines.duties.models import Enrolment
from gezhi.engines.duties.rules import Rule
from gezhi.engines.duties.schema import rules
from gezhi.engines.duties.seating import Seats
from gezhi.foundation import db, subjects
from gezhi.foundation import expressions as ex
from gezhi.foundation.calendar import clock
from gezhi.foundation.places.placed import PATH
from gezhi.foundation.subjects import definitions
from gezhi.foundation.subjects.changing import Change
from gezhi.foundation.subjects.models import Entry, Subject

CHUNK = 500
Key = tuple[str, int, date | None]  # rule, subject, anchor


class Wanted(NamedTuple):
    """That a subject is under a rule, as its line says now."""

    entry: Entry
    seat_id: int
    anchor: date | None


def of_registers() -> list[Rule]:
    """The rules over lines of registers."""
    return [rule for rule in rules() if rule.over[0] == "register"]


def follow(changes: list[Change]) -> None:
    """The hook of foundation.subjects: put right, in the same write, what these changes mean for the lists."""
    known = of_registers()
    watched = {rule.over[1] for rule in known}
    if not watched:
        return
    days: dict[int, date] = {}
    for change in changes:
        if change.entry_id is None or change.register in watched:
            days[change.subject_id] = min(change.on, days.get(change.subject_id, change.on))
    settle(days, known)


def settle(days: Mapping[int, date], only: Sequence[Rule] | None = None) -> int:
    """Bring the enrolments of these subjects in line with their lines, as of the day each changed. Inside a write.

    Four queries and what has to be written, for up to 500 subjects. Returns how many enrolments came, went or moved.
    """
    known = of_registers() if only is None else list(only)
    changed = 0
    ids = sorted(days)
    for start in range(0, len(ids), CHUNK):
        changed += _settle({id: days[id] for id in ids[start : start + CHUNK]}, known)
    return changed


def _settle(days: Mapping[int, date], known: Sequence[Rule]) -> int:
    versions = {rule.name: rule.version for rule in known}
    registers = {rule.over[1] for rule in known}
    ids = list(days)
    today = clock.today()
    entries, enrolled, living = _read(ids, registers, list(versions))
    standing = {(e.rule, e.subject_id, e.anchor): e for e in enrolled}
    if not entries and not standing:
        return 0
    wanted = wants(known, [e for e in entries if e.until is None], living, today)
    by_id = {e.pk: e for e in entries}
    new, moved, over = [], [], []
    for key, want in wanted.items():
        old = standing.get(key)
        if old is None:
            new.append(_made(key, want, max(want.entry.since, days[key[1]], today), versions))
        elif _differs(old, want, versions[old.rule]):
            moved.append(old)
    for key, old in standing.items():
        if key not in wanted:
            old.until = max(_left(old, by_id, days), old.since)
            over.append(old)
    if new:
        db.insert_many(new)
    if moved:
        Enrolment.objects.bulk_update(moved, ["seat_id", "entry_id", "version", *PATH])
    if over:
        Enrolment.objects.bulk_update(over, ["until"])
        voiding.gone({(old.rule, old.subject_id): _left(old, by_id, days) for old in over})
    return len(new) + len(moved) + len(over)


_Rows = tuple[list[Entry], list[Enrolment], Mapping[int, Subject]]


def _read(ids: Sequence[int], registers: set[str], names: Sequence[str]) -> _Rows:
    """Lines of these subjects in these registers, ended ones too; their live enrolments under these rules; themselves.

    A change of one line is the common one: what it needs is read by statements that are made once, in one wait.
    """
    if len(ids) > 1:
        entries = list(Entry.objects.filter(subject_id__in=ids, register__in=registers).order_by("id"))
        standing = Enrolment.objects.filter(subject_id__in=ids, rule__in=names, until=None).order_by("id")
        living = Subject.objects.in_bulk({e.subject_id for e in entries if e.until is None})
        return entries, list(standing), living
    with db.pipelined():
        (id,), known = ids, set(names)
        lines, enrolled = db.asking(Entry, "subject_id", id), db.asking(Enrolment, "subject_id", id)
        one = db.asking(Subject, "", id)
        return (
            [e for e in lines() if e.register in registers],
            [e for e in enrolled() if e.until is None and e.rule in known],
            {who.pk: who for who in one()},
        )


def _left(old: Enrolment, by_id: Mapping[int, Entry], days: Mapping[int, date]) -> date:
    """The true first day off the list, which may lie before the list was begun (entered after the death)."""
    line = by_id.get(old.entry_id or 0)
    return line.until if line is not None and line.until is not None else days[old.subject_id]


def wants(
    known: Sequence[Rule], entries: Sequence[Entry], living: Mapping[int, Subject], on: date
) -> dict[Key, Wanted]:
    """What these live lines mean, decided without a query except for relations: the first line of a subject counts."""
    by_register: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        one = living.get(entry.subject_id)
        if one is not None and not one.ended:
            by_register[entry.register].append(entry)
    found: dict[Key, Wanted] = {}
    facts_of: dict[int, dict[str, Any]] = {}  # of each line, for however many rules
    about = [rule for rule in known if rule.over[1] in by_register]
    seats = Seats(about, [e.subject_id for e in entries], on)
    for rule in about:
        lines = by_register[rule.over[1]]
        program = condition(rule)
        plain = program is None and rule.within is None
        for entry in lines:
            anchor = None
            if not plain:  # a rule over everybody on the register asks nothing of them
                if entry.pk not in facts_of:
                    register = definitions.register(entry.register)
                    who = living[entry.subject_id]
                    facts_of[entry.pk] = subjects.facts_of(register, entry.values, who, on, entry)
                facts = facts_of[entry.pk]
                if program is not None and not program.holds(facts, today=on):
                    continue
                anchor = _anchor(rule, entry, facts)
            if rule.within is not None and anchor is None:
                continue
            key = (rule.name, entry.subject_id, anchor)
            if key not in found:
                seat = seats.find(rule, entry.subject_id, entry.place_id, entry.values)
                found[key] = Wanted(entry, seat, anchor)
    return found


def _anchor(rule: Rule, entry: Entry, facts: Mapping[str, Any]) -> date | None:
    if rule.within is None:
        return None
    if rule.within[1] == "entered":
        return entry.since
    written = facts.get(rule.within[1])
    return date.fromisoformat(written) if isinstance(written, str) else written


def condition(rule: Rule) -> ex.Program | None:
    """The rule's condition over its register, compiled once for each pair of versions."""
    if rule.when is None:
        return None
    register = definitions.register(rule.over[1])
    return _compiled(rule.when, register.name, register.version)


@lru_cache(maxsize=512)
def _compiled(source: str, register: str, version: int) -> ex.Program:
    form = definitions.register(register, version).form
    types, aliases = definitions.rule_types(form), definitions.rule_aliases(form)
    return ex.compile(source, types, expect=ex.Truth, aliases=aliases)


def _made(key: Key, want: Wanted, since: date, versions: Mapping[str, int]) -> Enrolment:
    entry = want.entry
    return Enrolment(
        rule=key[0], version=versions[key[0]], subject_id=key[1], entry_id=entry.pk, seat_id=want.seat_id, since=since,
        anchor=want.anchor, **{column: getattr(entry, column) for column in PATH},
    )  # fmt: skip


_there = attrgetter(*PATH)


def _differs(old: Enrolment, want: Wanted, version: int) -> bool:
    """Whether an enrolment stands otherwise than wanted; it is brought in line (not yet written)."""
    entry = want.entry
    if (old.version, old.entry_id, old.seat_id) == (version, entry.pk, want.seat_id) and _there(old) == _there(entry):
        return False
    new = {"version": version, "entry_id": entry.pk, "seat_id": want.seat_id} | {c: getattr(entry, c) for c in PATH}
    changed = {name: value for name, value in new.items() if getattr(old, name) != value}
    for name, value in changed.items():
        setattr(old, name, value)
    return bool(changed)
