"""The writers: what was done, what is waived, what is taken back. One event a change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.duties import access, climbing, writing
from gezhi.engines.duties.models import Done, Enrolment
from gezhi.engines.duties.publishing import publish, rebuild
from gezhi.engines.duties.rhythms import Period
from gezhi.engines.duties.rules import DONE, MISSED, OPEN, VOID, WAIVED, Rule
from gezhi.engines.duties.schema import rule as rule_of
from gezhi.foundation import db, events, packs, people, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, register
from gezhi.foundation.people import Actor
from gezhi.foundation.places import Path
from gezhi.foundation.subjects.models import Entry

__all__ = ["TAKE_BACK", "fulfil", "publish", "rebuild", "reported", "take_back", "waive"]

#: How long whoever recorded something may take it back.
TAKE_BACK = timedelta(minutes=10)
AHEAD = timedelta(minutes=5)
MAX_NOTE = 1000
LEVEL_COLUMN = {"county": "county_id", "town": "town_id", "village": "village_id", "grid1": "grid_id", "grid2": "grid_id", "grid3": "grid_id"}  # fmt: skip

register(
    "duties.record",
    422,
    _("还差一点，没有记上。"),
    _("有的内容没有填，或者填得不对。"),
    _("请看看标红的地方，改好再记。写的字都还在。"),
)


def fulfil(
    name: str,
    subject_id: int,
    period: str,
    data: Mapping[str, Any] | None = None,
    *,
    actor: Actor,
    note: str = "",
    trouble: bool = False,
    case_id: int | None = None,
    claimed_at: datetime | None = None,
    key: str | None = None,
) -> tuple[Done, bool]:
    """Record that it was done: the findings (`data`, the rule's form) update the register and close the duty.

    `claimed_at`: when the phone says it was; what counts for being in time. `key`: the client's own number of the
    fact; the same again gives the first record back, and False. A late record turns a missed one into done and takes
    back what had climbed. `case_id`: the case that was opened for it (flows.visits).

    Raises NotFound duties.not_owed; NotAllowed duties.not_yours; Conflict duties.settled, duties.waived,
    duties.too_early; Invalid duties.record with field errors, duties.claimed_ahead.
    """
    rule = rule_of(name)
    mark = fingerprint(key)
    with db.write():
        enrolled = access.enrolment_to_change(rule, subject_id, period)
        row = access.done_to_change(name, subject_id, period)
        if mark is not None and row is not None and row.key is not None and bytes(row.key) == mark:
            return row, False
        access.need_seat(rule, enrolled.seat_id, actor)
        when, given = _owed(rule, enrolled, period, claimed_at)
        _unsettled(row, period)
        values, private = cleaned(rule, {**(data or {}), **counted(rule, subject_id)}, note)
        if row is None:
            row = writing.row_of(rule, enrolled, given, DONE)
        row.trouble = trouble or found_trouble(rule, values)
        row.state, row.at, row.recorded_at, row.late = DONE, when, clock.now(), when >= given.closes
        row.person_id, row.key, row.version = actor.person_id, mark, rule.version
        row.findings, row.case_id = rule.form.dump(_open(rule, values)), case_id
        row.raised_to = row.climb_at = None
        _write(row, "duty.done", actor, private=private, claimed_at=claimed_at)
        _update_register(rule, enrolled, row, values)
    return row, True


def found_trouble(rule: Rule, values: Mapping[str, Any]) -> bool:
    """Whether what was found is what the rule opens a case for (a reading out of range)."""
    return rule.case_when is not None and rule.case_when.holds(values, today=clock.today())


def counted(rule: Rule, subject_id: int) -> dict[str, int]:
    """What the rule counts for its record: live lines of the subject, or of the place. One query each."""
    found = {}
    for name, (register_name, state) in rule.counts.items():
        rows = Entry.objects.filter(register=register_name, until=None, **({"state": state} if state else {}))
        if rule.over[0] == "places":
            column = LEVEL_COLUMN.get(rule.over[1], "place_id")
            found[name] = rows.filter(**{column: subject_id}).count()
        else:
            found[name] = rows.filter(subject_id=subject_id).count()
    return found


def cleaned(rule: Rule, data: Mapping[str, Any], note: str) -> tuple[dict[str, Any], dict[str, str]]:
    """(the record's values, what is sealed). Raises Invalid duties.record."""
    values, wrong = rule.form.clean(data)
    note = note.strip()
    if len(note) > MAX_NOTE:
        wrong["note"] = str(_("最多 {max} 个字。")).format(max=MAX_NOTE)
    if wrong:
        raise Invalid("duties.record", field_errors=wrong)
    _values, private = rule.form.split(values)
    return values, {**({"note": note} if note else {}), **private}


def _open(rule: Rule, values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in rule.form.split(values)[0].items() if v is not None}


def _owed(rule: Rule, enrolled: Enrolment, key: str, claimed_at: datetime | None) -> tuple[datetime, Period]:
    """(when it was done, the period), or a refusal."""
    period = rule.named(key, enrolled.anchor)
    now = clock.now()
    if period is None:
        raise NotFound("duties.not_owed", period=key)
    if claimed_at is not None and claimed_at > now + AHEAD:
        raise Invalid("duties.claimed_ahead", at=f"{clock.local(claimed_at):%Y-%m-%d %H:%M}")
    when = min(claimed_at or now, now)
    if when < period.opens:
        raise Conflict("duties.too_early", opens=f"{clock.local(period.opens):%Y-%m-%d %H:%M}")
    day = clock.local(when).date()
    if enrolled.since > max(day, period.last) or (
        enrolled.until is not None and enrolled.until <= min(day, period.last)
    ):
        raise NotFound("duties.not_owed", period=key)
    return when, period


def _unsettled(row: Done | None, period: str) -> None:
    if row is None or row.state in (OPEN, MISSED):
        return
    if row.state == WAIVED:
        raise Conflict("duties.waived")
    if row.state == VOID:
        raise NotFound("duties.not_owed", period=period)
    person = people.directory().persons.get(row.person_id or 0)
    assert row.at is not None  # the table says so
    raise Conflict("duties.settled", who=person.name_public if person else "—", at=f"{clock.local(row.at):%m-%d %H:%M}")


def _write(
    row: Done, kind: str, actor: Actor, *, private: Mapping[str, str], claimed_at: datetime | None = None
) -> None:
    """The row and its event; what is personal is sealed beside them."""
    new = row.pk is None
    if new:
        row.pk = writing.new_ids(1)[0]
    ref = None
    if private:
        name = f"told-{row.event_seq + 1}"
        ref = events.keep(writing.stream(row), {name: json.dumps(private, ensure_ascii=False)})[name]
    row.private_ref = ref.id if ref else None
    if new:
        writing.insert([row], kind, actor=actor, refs={row.pk: ref} if ref else None, claimed_at=claimed_at)
    else:
        writing.store(row, kind, actor=actor, ref=ref, claimed_at=claimed_at)


def _update_register(rule: Rule, enrolled: Enrolment, row: Done, values: Mapping[str, Any]) -> None:
    """What was found becomes the register's own, in the rule's name: nobody types it twice."""
    if not rule.updates or enrolled.entry_id is None or row.at is None:
        return
    line = Entry.objects.filter(pk=enrolled.entry_id, until=None).first()
    if line is None:
        return
    day = clock.local(row.at).date()
    found = rule.form.dump(values) | {"day": day.isoformat()}
    new = {field: found[finding] for field, finding in rule.updates.items() if found.get(finding) is not None}
    if new and day >= line.valid_from:
        subjects.change(line.pk, new, actor=people.system("duties"), on=day, source=writing.stream(row))


def waive(name: str, subject_id: int, period: str, ground: str, *, actor: Actor, note: str = "") -> Done:
    """Somebody above says that this period need not be done, on one of the rule's grounds.

    Never by whoever owes it. Raises NotAllowed, Invalid duties.no_ground, NotFound duties.not_owed, Conflict
    duties.settled, duties.waived.
    """
    rule = rule_of(name)
    with db.write():
        enrolled = access.enrolment_to_change(rule, subject_id, period)
        actor.need("case.supervise", path_of(enrolled))
        if enrolled.seat_id in actor.seats:
            raise NotAllowed()
        if ground not in rule.waive:
            known = "、".join(packs.say(title) for title in rule.waive.values())
            raise Invalid("duties.no_ground", known=known or "—", field_errors={"ground": str(_("请选一项。"))})
        given = rule.named(period, enrolled.anchor)
        row = access.done_to_change(name, subject_id, period)
        if given is None:
            raise NotFound("duties.not_owed", period=period)
        _unsettled(row, period)
        if row is None:
            row = writing.row_of(rule, enrolled, given, WAIVED)
        row.state, row.ground, row.recorded_at = WAIVED, ground, clock.now()
        row.raised_to = row.climb_at = None
        _write(row, "duty.waived", actor, private={"note": note.strip()} if note.strip() else {})
    return row


def take_back(done_id: int, *, actor: Actor) -> Done:
    """Whoever recorded it a moment ago takes it back; it is owed again. What the register said before stands in its
    own history. Raises NotFound duties.not_owed, Conflict duties.nothing_to_take_back."""
    with db.write():
        row = access.locked(done_id)
        mine = row.state == DONE and row.person_id == actor.person_id and row.recorded_at is not None
        if not mine or row.case_id is not None or clock.now() - (row.recorded_at or clock.now()) > TAKE_BACK:
            raise Conflict("duties.nothing_to_take_back", minutes=int(TAKE_BACK.total_seconds() // 60))
        rule = rule_of(row.rule)
        row.state, row.at, row.person_id, row.recorded_at, row.late, row.trouble = OPEN, None, None, None, False, False
        row.findings, row.key = {}, None
        if row.closes <= clock.now():
            row.state, row.climb_at = MISSED, climbing.next_at(rule, row)
        _write(row, "duty.taken_back", actor, private={})
    return row


def reported(done_id: int, case_id: int, *, actor: Actor) -> Done:
    """What was found is a case now (flows.visits opened it, in the same write)."""
    with db.write():
        row = access.locked(done_id)
        row.case_id = case_id
        writing.store(row, "duty.reported", actor=actor)
    return row


def path_of(row: Enrolment | Done) -> Path:
    """Where a row lies, as powers are asked."""
    return Path(row.county_id, row.town_id, row.village_id, row.grid_id)


def fingerprint(key: str | None) -> bytes | None:
    """What is kept of a client's key."""
    return hashlib.sha256(f"duties:{key}".encode()).digest() if key else None
