"""我的信息: what registers keep about a person, as that person may read it at the portal; ADR 0290.

Whose phone it is was proved by a code; the last four characters of the identity number, when they match, open what is
sealed. A register for the inside is not there at all, and what concerns somebody else stays masked.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from gezhi.foundation import events, people, places
from gezhi.foundation.packs import localised
from gezhi.foundation.people.revealing import Revealed
from gezhi.foundation.subjects import definitions, queries
from gezhi.foundation.subjects.definitions import Register
from gezhi.foundation.subjects.models import DIED, MERGED, UNDONE, Entry, Relation, Subject
from gezhi.foundation.subjects.personal import opened, shown

from .lines import ending, value_said

PERSON = "person"
TAIL = 4


@dataclass(frozen=True)
class Said:
    """A field: `words` is empty where nothing is kept, `closed` where it is kept and not shown here."""

    title: str
    words: str
    closed: bool = False


@dataclass(frozen=True)
class Kept:
    """One line of a register about the person. `over`: how it ended, "" while it stands."""

    entry: Entry
    title: str
    place: str
    since: date
    confirmed_on: date | None
    state: str
    over: str
    fields: tuple[Said, ...]


@dataclass(frozen=True)
class Mine:
    """One record: `proved` when the identity number's end matched. `looks`: who looked at name and numbers, and why.
    `households`: those the person is a member of now."""

    subject: Subject
    proved: bool
    facts: tuple[tuple[str, str], ...]
    kept: tuple[Kept, ...]
    ties: tuple[tuple[str, str, date], ...]
    looks: tuple[Revealed, ...]
    family: tuple[int, ...]
    households: tuple[int, ...] = ()


def records_of(phone: bytes) -> list[Subject]:
    """The records that stand under a phone; those of the dead and what was entered by mistake are nobody's here."""
    rows = Subject.objects.filter(phone_hash=phone, kind=PERSON).exclude(ended__in=(DIED, MERGED, UNDONE))
    return list(rows.order_by("pk")[:20])


def proved_by(rows: Sequence[Subject], tail: str) -> list[int]:
    """The records whose identity number ends with these four characters."""
    wanted = tail.strip().upper()
    if len(wanted) != TAIL:
        return []
    facts = opened([row.private_ref for row in rows if row.private_ref])
    numbers = {row.pk: facts.get(row.private_ref or 0, {}).get("id_number", "") for row in rows}
    return [id for id, number in numbers.items() if number.endswith(wanted)]


def mine(phone: bytes, proved: Collection[int]) -> list[Mine]:
    """What is kept about whoever has this phone. A record with an identity number shows only once that was proved."""
    rows = [row for row in records_of(phone) if row.pk in proved or row.ident_hash is None]
    facts = opened([row.private_ref for row in rows if row.private_ref])
    return [_record(row, row.pk in proved, facts.get(row.private_ref or 0, {})) for row in rows]


def entry_of(phone: bytes, proved: Collection[int], entry_id: int) -> tuple[Entry, Register] | None:
    """A line that `mine` would show; None for any other, whatever the reason."""
    line = Entry.objects.filter(pk=entry_id).exclude(end_reason=UNDONE).first()
    if line is None:
        return None
    for row in records_of(phone):
        if (row.pk in proved or row.ident_hash is None) and line.subject_id in queries.family(row.pk):
            declared = definitions.register(line.register)
            return None if _hidden(declared) else (line, declared)
    return None


def _hidden(declared: Register) -> bool:
    return declared.inside or declared.signed


def _record(row: Subject, proved: bool, facts: dict[str, Any]) -> Mine:
    family = queries.family(row.pk)
    lines = Entry.objects.filter(subject_id__in=family).exclude(end_reason=UNDONE).order_by("-since", "-pk")
    known = {declared.name: declared for declared in definitions.registers() if not _hidden(declared)}
    found = [line for line in lines if line.register in known]
    sealed = events.read_private([line.private_ref for line in found if line.private_ref]) if proved else {}
    kept = tuple(_kept(line, known[line.register], sealed.get(line.private_ref or 0)) for line in found)
    looks = [look for id in family for look in people.reveals(f"subject:{id}")]
    named = {
        "name": facts.get("name") if proved else "",
        "id_number": facts.get("id_number"),
        "phone": facts.get("phone"),
    }
    said = tuple((name, value if name == "name" else shown(name, value)) for name, value in named.items() if value)
    ties, households = _ties(family)
    return Mine(row, proved, said, kept, ties, tuple(looks), family, households)


def _kept(line: Entry, declared: Register, sealed: str | None) -> Kept:
    secret = json.loads(sealed) if sealed else {}
    others = frozenset(declared.options.get("others", ()))
    fields = []
    for asked in declared.form:
        if asked.id not in declared.sensitive:
            if words := value_said(declared.form, asked.id, line.values.get(asked.id)):
                fields.append(Said(asked.label, words))
        elif asked.id in secret:
            words = value_said(declared.form, asked.id, secret[asked.id])
            masked_as = asked.check if asked.check in ("phone", "id_number") else "name" if asked.id in others else ""
            if masked_as:
                words = shown(masked_as, secret[asked.id])
            fields.append(Said(asked.label, words))
        elif line.private_ref is not None and sealed is None:
            fields.append(Said(asked.label, "", closed=True))
    state = declared.state(line.state)
    return Kept(
        line, declared.said, places.directory().label(line.place_id, "village"), line.since, line.confirmed_on,
        state.said if state is not None else "", ending(line.end_reason) if line.until else "", tuple(fields),
    )  # fmt: skip


def _ties(family: Sequence[int]) -> tuple[tuple[tuple[str, str, date], ...], tuple[int, ...]]:
    """((what the other is to me, their masked name, since when), households I am of): relations of registers for the inside
    are left out. A household is what a person is tied to that is personal and no person."""
    hidden = {declared.name for declared in definitions.registers() if _hidden(declared)}
    live = Relation.objects.filter(Q(one_id__in=family) | Q(other_id__in=family), until=None).order_by("pk")
    rows = [tie for tie in live if tie.register not in hidden]
    names = Subject.objects.in_bulk({id for tie in rows for id in (tie.one_id, tie.other_id)})
    found, households = [], []
    for tie in rows:
        declared = definitions.relation_kind(tie.kind)
        am_one = tie.one_id in family
        if am_one and declared.other != PERSON and definitions.kind(declared.other).personal:
            households.append(tie.other_id)
        title = declared.other_title if am_one else declared.one_title
        other = names[tie.other_id if am_one else tie.one_id]
        found.append((localised(title) or declared.said, other.label, tie.since))
    return tuple(found), tuple(households)
