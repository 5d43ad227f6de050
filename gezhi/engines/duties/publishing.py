"""A rule put in force over everybody it is about, in batches that hold the write lock for some milliseconds.

Decided outside the lock, looked at again inside it: a line that was changed meanwhile is left to the change itself,
whose own write knows the rule already (enrolling.follow).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import Q

from gezhi.engines.duties import enrolling, refusals, sweeping  # noqa: F401  (registers the codes)
from gezhi.engines.duties.models import Enrolment, Publication
from gezhi.engines.duties.rules import Rule
from gezhi.engines.duties.schema import rule as rule_of
from gezhi.engines.duties.schema import rules
from gezhi.engines.duties.seating import Seats
from gezhi.foundation import db, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.places.placed import PATH
from gezhi.foundation.subjects.models import Entry, Subject

READ = 4_000
WRITE = 200


def publish(name: str, *, read: int = READ, write: int = WRITE) -> int:
    """Put the newest version of a rule in force; returns how many enrolments were made. Goes on where it stopped."""
    rule = rule_of(name)
    row = begun(rule)
    if row.finished:
        return 0
    what = sweeping.prepared(rule)
    made = 0
    if rule.over[0] != "register":
        made = of_ground(rule)
    elif what is not None:
        fresh = not Enrolment.objects.filter(rule=rule.name, until=None).exists()
        mine = Publication.objects.filter(pk=row.pk, hash=rule.hash)
        made = sweeping.sweep(what, row.reached, lambda reached: mine.update(reached=reached))
        if not fresh:
            sweeping.mend(what)
    else:
        while True:
            entries = list(
                Entry.objects.filter(register=rule.over[1], until=None, pk__gt=row.reached).order_by("id")[:read]
            )
            if not entries:
                break
            made += _batch(rule, entries, write)
            row.reached = entries[-1].pk
            with db.write():
                Publication.objects.filter(pk=row.pk, hash=rule.hash).update(reached=row.reached)
    with db.write():
        Publication.objects.filter(pk=row.pk, hash=rule.hash).update(finished=True)
    if made >= sweeping.ALONE:
        sweeping.count_anew()
    return made


def begun(rule: Rule) -> Publication:
    """The row of the rule's publication; a new version begins it anew, from the day it came."""
    with db.write():
        row = Publication.objects.select_for_update().filter(rule=rule.name).first()
        if row is None:
            row = Publication(rule=rule.name, since=clock.today())
        if row.hash != rule.hash:
            row.version, row.hash, row.reached, row.finished = rule.version, rule.hash, 0, False
            row.save()
    return row


def in_force() -> dict[str, date]:
    """The rules that were published, with the day from which their windows are owed. One query."""
    known = {rule.name for rule in rules()}
    return {name: since for name, since in Publication.objects.values_list("rule", "since") if name in known}


def _batch(rule: Rule, entries: Sequence[Entry], write: int) -> int:
    """Enrol whom these lines put under the rule; who is under it wrongly or elsewhere is put right one by one."""
    today = clock.today()
    subjects = Subject.objects.in_bulk({e.subject_id for e in entries})
    ids = [e.subject_id for e in entries]
    standing = {
        (e.subject_id, e.anchor): e for e in Enrolment.objects.filter(rule=rule.name, subject_id__in=ids, until=None)
    }
    wanted = enrolling.wants([rule], entries, subjects, today)
    fresh = [(key, want) for key, want in wanted.items() if (key[1], key[2]) not in standing]
    odd = {
        subject
        for (subject, anchor), old in standing.items()
        if (want := wanted.get((rule.name, subject, anchor))) is None or (want.seat_id, rule.version) != (old.seat_id, old.version)
    }  # fmt: skip
    made = 0
    for start in range(0, len(fresh), write):
        part = fresh[start : start + write]
        with db.write():
            still = dict(Entry.objects.filter(pk__in=[w.entry.pk for _k, w in part]).values_list("id", "event_seq"))
            there = set(
                Enrolment.objects.filter(
                    rule=rule.name, subject_id__in=[key[1] for key, _w in part], until=None
                ).values_list("subject_id", "anchor")
            )
            rows = [
                Enrolment(
                    rule=rule.name, version=rule.version, subject_id=key[1], entry_id=want.entry.pk,
                    seat_id=want.seat_id, since=max(want.entry.since, today), anchor=want.anchor,
                    **{column: getattr(want.entry, column) for column in PATH},
                )
                for key, want in part
                if still.get(want.entry.pk) == want.entry.event_seq and (key[1], key[2]) not in there
            ]  # fmt: skip
            db.insert_many(rows)
            made += len(rows)
    for start in range(0, len(odd), write):
        with db.write():
            enrolling.settle(dict.fromkeys(sorted(odd)[start : start + write], today), [rule])
    return made


def of_ground(rule: Rule, *, write: int = WRITE) -> int:
    """Bring a rule over places or seats in line with what there is: new ones come under it, closed ones leave it.

    In writes of `write` rows; each looks again at what stands, so that a second one running beside it adds nothing.
    """
    today = clock.today()
    wanted = dict(_ground(rule, today))
    standing = set(Enrolment.objects.filter(rule=rule.name, until=None).values_list("subject_id", flat=True))
    ids = sorted(wanted.keys() | standing)
    made = 0
    for start in range(0, len(ids), write):
        part = ids[start : start + write]
        with db.write():
            there = {
                e.subject_id: e
                for e in Enrolment.objects.select_for_update().filter(rule=rule.name, until=None, subject_id__in=part)
            }
            new = []
            for id in part:
                old, want = there.get(id), wanted.get(id)
                if want is None and old is not None:
                    Enrolment.objects.filter(pk=old.pk).update(until=max(today, old.since))
                elif want is not None and old is None:
                    new.append(
                        Enrolment(
                            rule=rule.name, version=rule.version, subject_id=id, seat_id=want[1], since=today,
                            **_path(want[0]),
                        )
                    )  # fmt: skip
                elif want and old and (old.seat_id, old.version, old.place_id) != (want[1], rule.version, want[0]):
                    Enrolment.objects.filter(pk=old.pk).update(seat_id=want[1], version=rule.version, **_path(want[0]))
            db.insert_many(new)
            made += len(new)
    return made


def _path(place_id: int) -> dict[str, int | None]:
    path = places.directory().path(place_id)
    return {
        "county_id": path.county_id, "town_id": path.town_id, "village_id": path.village_id,
        "grid_id": path.grid_id, "place_id": place_id,
    }  # fmt: skip


def _ground(rule: Rule, today: date) -> list[tuple[int, tuple[int, int]]]:
    """(place or seat, (place, seat that owes it)) of everything the rule is about."""
    kind, name = rule.over
    directory = people.directory()
    if kind == "seats":
        found = [(seat.id, seat.place_id) for seat in directory.seats.values() if seat.post == name and not seat.closed]
    else:
        found = [(id, id) for id in places.directory().of_kind(name) if places.directory().open(id)]
    seats = Seats([rule], [], today)
    return [(id, (place, seats.find(rule, id, place, {}))) for id, place in found]


def reseat() -> int:
    """Seats were opened or closed, places changed: every enrolment goes to the seat that serves its place now.

    Distinct (rule, place, seat) are read, not rows; what differs is moved in one UPDATE each.
    """
    moved = 0
    on = clock.today()
    for rule in rules():
        if rule.over[0] != "register":
            moved += of_ground(rule)
            continue
        if rule.seat[0] != "post":
            moved += _reseat_named(rule)
            continue
        seats = Seats([rule], [], on)
        rows = Enrolment.objects.filter(rule=rule.name, until=None).values_list("place_id", "seat_id").distinct()
        for place_id, seat_id in list(rows):
            right = seats.of_post(rule.seat[1], place_id)
            if right != seat_id:
                with db.write():
                    moved += Enrolment.objects.filter(
                        rule=rule.name, until=None, place_id=place_id, seat_id=seat_id
                    ).update(seat_id=right)
    return moved


def _reseat_named(rule: Rule) -> int:
    moved, last = 0, 0
    while True:
        rows = list(
            Enrolment.objects.filter(rule=rule.name, until=None, subject_id__gt=last)
            .order_by("subject_id")
            .values_list("subject_id", flat=True)[:WRITE]
        )
        if not rows:
            return moved
        last = rows[-1]
        with db.write():
            moved += enrolling.settle(dict.fromkeys(rows, clock.today()), [rule])


def recheck(last: date, today: date) -> int:
    """What time alone has changed since `last` (a day already looked at): birthdays, and conditions over today.

    Birthdays are found by month and day among the living; a condition that reads today has its whole register read.
    """
    changed = 0
    aged = [r for r in enrolling.of_registers() if r.daily and "age" in r.reads]
    dated = [r for r in enrolling.of_registers() if r.daily and r not in aged]
    if aged and last < today:
        days = {(d.month, d.day) for d in _days(last, today)}
        births = Q(pk__in=())
        for month, day in days:
            births |= Q(born__month=month, born__day=day)
        if (3, 1) in days:
            births |= Q(born__month=2, born__day=29)
        found = Subject.objects.filter(births, ended="", born__isnull=False).order_by("id").values_list("id", flat=True)
        changed += _in_parts(list(found), today, aged)
    for rule in dated:
        changed += _in_parts(
            list(Entry.objects.filter(register=rule.over[1], until=None).order_by("subject_id").values_list("subject_id", flat=True)),
            today, [rule],
        )  # fmt: skip
    return changed


def _days(last: date, today: date) -> list[date]:
    """The days after `last` up to today, at most a year of them (all birthdays)."""
    span = min((today - last).days, 366)
    return [today - timedelta(days=n) for n in range(span)]


def _in_parts(ids: list[int], today: date, known: list[Rule]) -> int:
    changed = 0
    for start in range(0, len(ids), WRITE):
        with db.write():
            changed += enrolling.settle(dict.fromkeys(ids[start : start + WRITE], today), known)
    return changed


def rebuild(name: str) -> int:
    """Make a rule's live enrolments anew from the registers: what stands rightly stays, the rest is put right."""
    rule = rule_of(name)
    changed = 0
    if rule.over[0] != "register":
        return of_ground(rule)
    ids = set(Entry.objects.filter(register=rule.over[1], until=None).values_list("subject_id", flat=True))
    ids |= set(Enrolment.objects.filter(rule=name, until=None).values_list("subject_id", flat=True))
    ordered = sorted(ids)
    for start in range(0, len(ordered), WRITE):
        with db.write():
            changed += enrolling.settle(dict.fromkeys(ordered[start : start + WRITE], clock.today()), [rule])
    return changed
