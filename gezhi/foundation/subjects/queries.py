"""Reading: one subject, a page of a register now or as of a day, who has this number. What may not be seen is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet

from gezhi.foundation import places, text
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor, crypto

from . import access, definitions, refusals
from .definitions import Register
from .models import UNDONE, Entry, EntrySpan, Subject
from .rule_facts import facts_of

PAGE = 50
LARGEST = 200


@dataclass(frozen=True)
class Row:
    """A line as a list shows it, as of some day. `values` holds only open values."""

    entry_id: int
    subject_id: int
    label: str
    values: Mapping[str, Any]
    state: str
    place_id: int
    since: date
    until: date | None
    confirmed_on: date | None
    sex: str
    born: date | None
    code: str
    ended: str
    sealed: bool
    source: str
    event_seq: int
    author_seat: int | None


@dataclass(frozen=True)
class Page:
    """`next`: the cursor of the page after this one, None on the last."""

    register: Register
    rows: tuple[Row, ...]
    next: str | None


def subject(id: int, *, actor: Actor) -> Subject:
    """One subject. Raises NotFound subject.none."""
    return access.subject_for(id, actor)


def family(subject_id: int) -> tuple[int, ...]:
    """The subject and everything that was ever merged into it and still is; a query a generation."""
    found, generation = [subject_id], [subject_id]
    while generation:
        generation = list(
            Subject.objects.filter(merged_into__in=generation).order_by("pk").values_list("pk", flat=True)
        )
        found += generation
    return tuple(found)


def entries(
    actor: Actor,
    register: str,
    filters: Mapping[str, Any] | None = None,
    *,
    cursor: str | None = None,
    size: int = PAGE,
) -> Page:
    """A page of the live lines within reach, oldest line first.

    Filters: `place` (id of a place they lie in), `state`, `subject` (ids), `ended` (True: the lines that are over),
    `source`, `grid` (the finest one they lie in, None for those in none), `unconfirmed_since` (a date), `values` ({field: value}), `years` ({date field: "2026"}). Raises NotFound subject.no_register, Invalid
    subject.cursor.
    """
    declared = access.register_for(actor, register)
    wanted = dict(filters or {})
    rows = Entry.objects.filter(register=register)
    rows = rows.exclude(until=None) if wanted.get("ended") else rows.filter(until=None)
    if wanted.get("ended"):
        rows = rows.exclude(end_reason=UNDONE)
    rows = _narrowed(rows, declared, wanted)
    found, next = _page(rows, access.scopes(actor, declared), wanted.get("place"), _after(cursor), size)
    return Page(declared, _rows(found), next)


def as_of(
    actor: Actor,
    register: str,
    place_id: int | None,
    day: date,
    filters: Mapping[str, Any] | None = None,
    *,
    cursor: str | None = None,
    size: int = PAGE,
) -> Page:
    """A page of the register as it stood on a day: the lines that counted then, with the values and places of then.

    States that days change are derived for that day, so a page narrowed by one of these may be shorter. Whose they may
    be seen is asked of where they lay then. Labels are of today. Raises as `entries`.
    """
    declared = access.register_for(actor, register)
    wanted = {k: v for k, v in dict(filters or {}).items() if k in ("state", "values", "years", "subject", "grid")}
    only = wanted.pop("state", None) if declared.flips else None
    where, after = access.scopes(actor, declared), _after(cursor)
    now, before = stood(day, declared.name)
    past = before.select_related("entry")
    live, more = _page(_narrowed(now, declared, wanted), where, place_id, after, size)
    old, also = _page(_narrowed(past, declared, wanted), where, place_id, after, size, key="entry_id")
    # A line stands on a day in one version only, so both lists merge by the line's number without doubles.
    merged = sorted([*live, *old], key=_number)
    found = merged[:size]
    # When a line was last confirmed is known of today only: what was confirmed later was not so on that day.
    rows = tuple(replace(r, confirmed_on=None) if r.confirmed_on and r.confirmed_on > day else r for r in _rows(found))
    if declared.flips:
        rows = tuple(replace(row, state=_state_on(declared, row, day)) for row in rows)
        rows = tuple(row for row in rows if only is None or row.state == only)
    return Page(declared, rows, str(_number(found[-1])) if found and (len(merged) > size or more or also) else None)


def _state_on(declared: Register, row: Row, day: date) -> str:
    return declared.state_of(facts_of(declared, row.values, row, day, row), day)


def public_page(register: str, place_id: int | None = None, *, cursor: str | None = None, size: int = PAGE) -> Page:
    """A page of what everybody may read of a register, the newest line last. Raises NotFound for one that is not public."""
    declared = definitions.register(register)
    if not declared.public or not declared.served:
        raise refusals.NO_REGISTER(name=register)
    rows = Entry.objects.filter(register=register, until=None, pk__gt=_after(cursor))
    if place_id is not None:
        rows = rows.filter(place_id__in=[place_id, *places.directory().descendants(place_id)])
    found = list(rows.order_by("pk")[: size + 1])
    shown = _rows(found[:size])
    if unlisted := declared.options.get("unlisted"):  # what is over by today, whatever was derived last night
        shown = tuple(row for row in shown if _state_on(declared, row, clock.today()) not in unlisted)
    return Page(declared, shown, str(found[size - 1].pk) if len(found) > size else None)


def count(actor: Actor, register: str, filters: Mapping[str, Any] | None = None, *, most: int = 100_000) -> int:
    """How many live lines within reach, at most `most`."""
    declared = access.register_for(actor, register)
    rows = _narrowed(Entry.objects.filter(register=register, until=None), declared, dict(filters or {}))
    place = (filters or {}).get("place")
    where = access.scopes(actor, declared)
    return sum(_inside(rows, scope, place)[:most].count() for scope in _meeting(where, place))


def find(
    actor: Actor, *, id_number: str = "", phone: str = "", name: str = "", kind: str = "", limit: int = 20
) -> list[Subject]:
    """Subjects within reach by a number (exact) or by words of the name. Raises Invalid identity.wrong, phone.wrong."""
    rows = Subject.objects.filter(access.within(access.scopes(actor))).exclude(ended=UNDONE)
    if kind:
        rows = rows.filter(kind=kind)
    if id_number:
        return list(rows.filter(ident_hash=crypto.blind("identity", id_number)).order_by("pk")[:limit])
    if phone:
        return list(rows.filter(phone_hash=crypto.blind("phone", phone)).order_by("pk")[:limit])
    if not name.strip():
        return []
    reach = [id for _column, id in access.scopes(actor)]
    ids = text.search("subject", name, places=reach, limit=limit * 3) if reach else []
    found = {row.pk: row for row in rows.filter(pk__in=list(ids))}
    return [found[id] for id in ids if id in found][:limit]


def lines_of(subject_ids: tuple[int, ...], actor: Actor, *, on: date | None = None) -> list[tuple[Entry, Register]]:
    """The lines of subjects that the actor may see, with their registers, by register; the ended ones too."""
    rows = Entry.objects.filter(subject_id__in=subject_ids).exclude(end_reason=UNDONE).order_by("register", "pk")
    if on is not None:
        rows = rows.filter(Q(until=None) | Q(until__gt=on), since__lte=on)
    known = {r.name: r for r in definitions.registers()}
    return [
        (line, declared)
        for line in rows
        if (declared := known.get(line.register)) is not None and access.may(actor, line, declared)
    ]


def stood(day: date, *names: str) -> tuple[QuerySet, QuerySet]:
    """What registers were on a day: (lines that have not changed since, spans of those that have). Ask who may see."""
    over = Q(until=None) | Q(until__gt=day)
    now = Entry.objects.filter(over, register__in=names, valid_from__lte=day).exclude(end_reason=UNDONE)
    past = EntrySpan.objects.filter(
        Q(entry__until=None) | Q(entry__until__gt=day), register__in=names, since__lte=day, until__gt=day
    ).exclude(entry__end_reason=UNDONE)
    return now, past


def as_they_stood(lines: Sequence[Entry], day: date) -> None:
    """Give lines, in memory only, the open values, state and place they had on a day. One query."""
    later = {line.pk: line for line in lines if line.valid_from > day}
    for span in EntrySpan.objects.filter(entry_id__in=list(later), since__lte=day, until__gt=day):
        line = later[span.entry_id]
        line.values, line.state, line.place_id, line.private_ref = (
            span.values,
            span.state,
            span.place_id,
            span.private_ref,
        )


def _narrowed(rows: QuerySet, declared: Register, wanted: Mapping[str, Any]) -> QuerySet:
    if wanted.get("state"):
        rows = rows.filter(state=wanted["state"])
    if wanted.get("subject") is not None:
        rows = rows.filter(subject_id__in=list(wanted["subject"]))
    if "grid" in wanted:
        rows = rows.filter(grid_id=wanted["grid"])
    if wanted.get("source"):
        rows = rows.filter(source=wanted["source"])
    if wanted.get("unconfirmed_since"):
        rows = rows.filter(Q(confirmed_on=None) | Q(confirmed_on__lt=wanted["unconfirmed_since"]))
    asked = [(name, "", value) for name, value in dict(wanted.get("values") or {}).items()]
    asked += [(name, "__startswith", f"{value}-") for name, value in dict(wanted.get("years") or {}).items()]
    for name, how, value in asked:
        field = declared.form.get(name)
        # What is sealed cannot be asked for, not even whether it is there.
        if field is None or name in declared.sensitive:
            raise refusals.VALUES(field_errors={str(name)[:40]: refusals.VALUES().what})
        rows = rows.filter(**{f"values__{name}{how}": value})
    return rows


def _after(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise refusals.CURSOR()
    return int(cursor)


def _page(
    rows: QuerySet, where: access.Scopes, place_id: int | None, after: int, size: int, key: str = "pk"
) -> tuple[list, str | None]:
    """The next rows over all scopes merged by number: one indexed scan a scope."""
    size = max(1, min(size, LARGEST))
    found: list = []
    for scope in _meeting(where, place_id):
        found += islice(
            _inside(rows, scope, place_id).filter(**{f"{key}__gt": after}).order_by(key)[: size + 1], size + 1
        )
    found.sort(key=_number)
    if len(found) > size:
        return found[:size], str(_number(found[size - 1]))
    return found, None


def _number(row: Entry | EntrySpan) -> int:
    return row.entry_id if isinstance(row, EntrySpan) else row.pk


def _meeting(where: access.Scopes, place_id: int | None) -> access.Scopes:
    """The scopes that share ground with a place; all without one."""
    if place_id is None:
        return where
    everywhere = places.directory()
    up = {place_id, *everywhere.ancestors(place_id)}
    return tuple(
        (column, id) for column, id in where if id in up or place_id in everywhere.ancestors(id) or id == place_id
    )


def _inside(rows: QuerySet, scope: tuple[str, int], place_id: int | None) -> QuerySet:
    rows = rows.filter(**{f"{scope[0]}_id": scope[1]})
    if place_id is None or place_id == scope[1] or scope[1] not in places.directory().ancestors(place_id):
        return rows
    return rows.filter(access.lying(place_id))


def _rows(found: list) -> tuple[Row, ...]:
    whos = Subject.objects.in_bulk({row.subject_id for row in found})
    made = []
    for row in found:
        line: Entry = row.entry if isinstance(row, EntrySpan) else row
        who = whos[row.subject_id]
        made.append(
            Row(
                line.pk, row.subject_id, who.label, row.values, row.state, row.place_id, line.since, line.until,
                line.confirmed_on, who.sex, who.born, who.code, who.ended, row.private_ref is not None, line.source,
                line.event_seq, line.author_seat,
            )
        )  # fmt: skip
    return tuple(made)
