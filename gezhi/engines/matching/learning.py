"""Courses: who is enrolled, which lessons they passed, what they hold, what they lack for their posts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from gezhi.engines.matching import events, lanes, rules, writing
from gezhi.engines.matching.models import ATTENDED, Certificate, LessonPassed, Session, Trainee
from gezhi.engines.matching.schema import Course, competences, course, needed_by
from gezhi.foundation import db, people, places
from gezhi.foundation import events as log
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import Actor

LEARNING, PASSED, LEFT = "learning", "passed", "left"


@dataclass(frozen=True)
class Progress:
    """A trainee with where they stand."""

    trainee: Trainee
    standing: rules.Standing


def may_manage(kind: Course, *, actor: Actor) -> bool:
    """The posts that plan, support and check the course, when it names them; otherwise whoever manages people."""
    owners = set(kind.body["owners"].values())
    if not owners:
        return actor.may("people.manage") or actor.may("case.supervise")
    directory = people.directory()
    return actor.kind == "system" or any(directory.seat(seat).post in owners for seat in actor.answering)


def enrol(name: str, persons: Sequence[int], *, actor: Actor) -> list[Trainee]:
    """Put people on a course, all or none: nobody whose post it is not for, nobody who passed it and whose certificate
    is still good, never more than its seats. Raises Invalid course.not_for, Conflict course.passed, course.full."""
    kind = course(name)
    if not may_manage(kind, actor=actor):
        raise NotAllowed("session.not_organiser")
    today = clock.today()
    with db.write():
        _lock(name)
        there = {t.person_id: t for t in Trainee.objects.filter(course=name).exclude(state=LEFT)}
        wanted = [p for p in dict.fromkeys(persons) if p not in there or there[p].state == PASSED]
        done = [p for p in wanted if p in there and _still_good(kind, p, today)]
        if done:
            raise Conflict("course.passed")
        wrong = [p for p in wanted if kind.body["for"] and not _posts(p) & set(kind.body["for"])]
        if wrong:
            raise Invalid(
                "course.not_for", field_errors={"persons": _("有 {n} 位不在规定的岗位上。").format(n=len(wrong))}
            )
        seats, learning = kind.body["seats"], sum(1 for t in there.values() if t.state == LEARNING)
        if seats is not None and learning + len(wanted) > seats:
            raise Conflict("course.full", seats=seats)
        again = [there[p] for p in wanted if p in there]
        for old in again:  # the certificate ran out: a fresh start, the old record stays
            old.state = LEFT
        if again:
            _write(again, "trainee.left", [{"state": LEFT} for _t in again], actor=actor)
        rows = [
            Trainee(
                id=id, course=name, version=kind.version, person_id=p, place_id=_place(p), since=today, state=LEARNING
            )
            for id, p in zip(db.new_ids(Trainee, len(wanted)), wanted, strict=True)
        ]
        patches = [{field: getattr(row, field) for field in events.TRAINEE} for row in rows]
        _write(rows, "trainee.enrolled", patches, actor=actor, new=True)
    return rows


def learned(name: str, passed: Iterable[tuple[int, str]], *, actor: Actor, on: date | None = None) -> int:
    """Lessons that (person, lesson) passed, in bulk; how many were new. A lesson counts once for a person.

    Whoever has then all that the course asks passes it and gets its certificate in the same write. Raises NotFound
    trainee.not_found, Invalid course.lesson.
    """
    kind = course(name)
    if not may_manage(kind, actor=actor):
        raise NotAllowed("session.not_organiser")
    return _learn(kind, list(passed), actor=actor, on=on or clock.today(), session_id=None)


def from_session(row: Session, *, actor: Actor) -> int:
    """Inside the write that closes a session with a lesson: those enrolled who were there passed it."""
    came = [b.person_id for b in row.bookings.filter(state=ATTENDED) if b.person_id is not None]
    enrolled = Trainee.objects.filter(course=row.course, person_id__in=came, state=LEARNING)
    pairs = [(person, row.lesson) for person in enrolled.values_list("person_id", flat=True)]
    day = clock.local(row.starts).date()
    return _learn(course(row.course), pairs, actor=actor, on=day, session_id=row.pk) if pairs else 0


def _learn(kind: Course, pairs: list[tuple[int, str]], *, actor: Actor, on: date, session_id: int | None) -> int:
    if unknown := {lesson for _p, lesson in pairs} - set(kind.credits):
        raise Invalid("course.lesson", field_errors={"lesson": sorted(unknown)[0]})
    with db.write():
        persons = {person for person, _l in pairs}
        rows = list(
            Trainee.objects.select_for_update()
            .filter(course=kind.name, person_id__in=persons, state=LEARNING)
            .order_by("id")
        )
        by_person = {row.person_id: row for row in rows}
        if persons - by_person.keys():
            raise NotFound("trainee.not_found")
        had: dict[int, set[str]] = defaultdict(set)
        for trainee, lesson in LessonPassed.objects.filter(trainee__in=rows).values_list("trainee_id", "lesson"):
            had[trainee].add(lesson)
        new: list[LessonPassed] = []
        patches: dict[int, dict] = defaultdict(dict)
        for person, lesson in dict.fromkeys(pairs):
            row = by_person[person]
            if lesson in had[row.pk]:
                continue
            had[row.pk].add(lesson)
            row.lessons += 1
            new.append(LessonPassed(trainee_id=row.pk, number=row.lessons, lesson=lesson, on=on, session_id=session_id))
            patches[row.pk] |= {
                "lessons": row.lessons,
                f"lesson:{row.lessons}": {"lesson": lesson, "on": on.isoformat(), "session_id": session_id},
            }
        LessonPassed.objects.bulk_create(new, batch_size=2000)
        changed = [row for row in rows if row.pk in patches]
        finished = []
        for row in changed:
            if _standing(kind, had[row.pk]).complete:
                row.state, row.passed_on = PASSED, on
                patches[row.pk] |= {"state": PASSED, "passed_on": on}
                finished.append(row)
        _write(changed, "trainee.learned", [patches[row.pk] for row in changed], actor=actor)
        if kind.body["certificate"]:
            for row in finished:
                _issue(row.person_id, kind, on, actor=actor)
    return len(new)


def issue(
    person_id: int, competence: str, issued_on: date, *, actor: Actor, expires_on: date | None = None, proof: str = ""
) -> Certificate:
    """A certificate somebody brought along: its number and issuer are kept private. By whoever manages people or
    supervises where they sit. Raises Invalid session.invalid, Conflict certificate.twice."""
    if not may_see(person_id, actor=actor):
        raise NotAllowed("session.not_organiser")
    wrong = {}
    if competence not in competences():
        wrong["competence"] = _("请选一项。")
    if issued_on > clock.today() or (expires_on is not None and expires_on < issued_on):
        wrong["issued_on"] = _("日期不对。")
    if len(proof.strip()) < 2:
        wrong["proof"] = _("请写证书编号或发证单位。")
    if wrong:
        raise Invalid("session.invalid", field_errors=wrong)
    return _certificate(person_id, competence, issued_on, expires_on, "", proof.strip(), actor)


def _issue(person_id: int, kind: Course, on: date, *, actor: Actor) -> None:
    said = kind.body["certificate"]
    _certificate(person_id, said["competence"], on, rules.expiry(on, said["months"]), f"course:{kind.name}", "", actor)


def _certificate(
    person_id: int, competence: str, issued: date, expires: date | None, source: str, proof: str, actor: Actor
) -> Certificate:
    with db.write():
        if Certificate.objects.filter(person_id=person_id, competence=competence, issued_on=issued).exists():
            raise Conflict("certificate.twice")
        (id,) = db.new_ids(Certificate, 1)
        row = Certificate(
            id=id, person_id=person_id, competence=competence, issued_on=issued, expires_on=expires, source=source
        )
        patch = {field: getattr(row, field) for field in events.CERTIFICATE}
        if proof:
            kept = log.keep(f"certificate:{id}", {"proof": proof})["proof"]
            row.proof_ref, patch["proof"] = kept.id, kept
        writing.put(row, "certificate.issued", patch, actor=actor, seat=writing.acting(actor), new=True)
    return row


def may_see(person_id: int, *, actor: Actor) -> bool:
    """Whether the actor may see what somebody holds and lacks: themselves, and whoever supervises where they sit."""
    if actor.kind == "system" or actor.person_id == person_id:
        return True
    directory, map_of = people.directory(), places.directory()
    seats = directory.held(person_id)
    return any(
        actor.may(power, map_of.path(directory.seat(seat).place_id))
        for seat in seats
        for power in ("people.manage", "case.supervise")
    )


def held(person_ids: Iterable[int]) -> dict[int, dict[str, date | None]]:
    """What persons hold: {person: {competence: last valid day, None for good}}, the best of several. One query."""
    found: dict[int, dict[str, date | None]] = defaultdict(dict)
    rows = Certificate.objects.filter(person_id__in=list(person_ids), revoked_on__isnull=True)
    for person, code, until in rows.values_list("person_id", "competence", "expires_on"):
        best = found[person].get(code, date.min)
        found[person][code] = None if best is None or until is None else max(best, until)
    return found


def gaps(person_ids: Sequence[int], *, on: date | None = None) -> dict[int, list[str]]:
    """Competences each person's posts require minus valid certificates, recomputed from both whenever asked. One query."""
    directory, today = people.directory(), on or clock.today()
    holding = held(person_ids)
    found = {}
    for person in person_ids:
        needs = [code for seat in directory.held(person) for code in needed_by(directory.seat(seat).post)]
        found[person] = rules.gap(dict.fromkeys(needs), holding.get(person, {}), today)
    return found


def progress(name: str) -> list[Progress]:
    """Everybody on a course with where they stand: two queries."""
    kind = course(name)
    rows = list(Trainee.objects.filter(course=name).exclude(state=LEFT).order_by("id"))
    passed: dict[int, set[str]] = defaultdict(set)
    for trainee, lesson in LessonPassed.objects.filter(trainee__in=rows).values_list("trainee_id", "lesson"):
        passed[trainee].add(lesson)
    return [Progress(row, _standing(kind, passed[row.pk])) for row in rows]


def person_times(name: str) -> int:
    """人次 of a course: passed lesson records, each counted once."""
    return LessonPassed.objects.filter(trainee__course=name).count()


def expiring(within_days: int, *, on: date | None = None) -> list[Certificate]:
    """Certificates that run out within so many days, the first to go at the top; renewed ones are left out."""
    today = on or clock.today()
    soon = date.fromordinal(today.toordinal() + within_days)
    rows = list(
        Certificate.objects.filter(revoked_on__isnull=True, expires_on__gte=today, expires_on__lte=soon).order_by(
            "expires_on", "id"
        )
    )
    best = held({row.person_id for row in rows})
    return [row for row in rows if best[row.person_id].get(row.competence) == row.expires_on]


def holders(competence: str, *, on: date | None = None) -> list[int]:
    """Who holds a valid certificate of a competence on a day, each person once."""
    today = on or clock.today()
    rows = Certificate.objects.filter(competence=competence, issued_on__lte=today).order_by("person_id")
    return list(
        dict.fromkeys(
            person
            for person, until, revoked in rows.values_list("person_id", "expires_on", "revoked_on")
            if rules.valid(until, today) and (revoked is None or revoked > today)
        )
    )


def _standing(kind: Course, passed: Iterable[str]) -> rules.Standing:
    return rules.standing(
        kind.required, kind.elective, kind.body["choose"], set(passed), credits=kind.credits, least=kind.body["credits"]
    )


def _still_good(kind: Course, person_id: int, today: date) -> bool:
    said = kind.body["certificate"]
    if not said:
        return True
    until = held([person_id]).get(person_id, {}).get(said["competence"], date.min)
    return rules.valid(until, today)


def _posts(person_id: int) -> set[str]:
    directory = people.directory()
    return {directory.seat(seat).post for seat in directory.held(person_id)}


def _place(person_id: int) -> int | None:
    directory = people.directory()
    return next((directory.seat(seat).place_id for seat in directory.held(person_id)), None)


def _lock(name: str) -> None:
    lanes.lock([f"course:{name}"])


def _write(rows: Sequence[Trainee], kind: str, patches: Sequence[Mapping], *, actor: Actor, new: bool = False) -> None:
    drafts = [
        log.Draft(
            f"trainee:{row.pk}", kind, patch, head=log.GENESIS if new else log.Head(row.event_seq, bytes(row.event_hash)),
            seat=actor.seat or next(iter(actor.seats), None),
        )
        for row, patch in zip(rows, patches, strict=True)
    ]  # fmt: skip
    for row, head in zip(rows, log.record_many(drafts, actor=actor), strict=True):
        row.event_seq, row.event_hash = head.seq, head.hash
    if new:
        db.insert_many(rows)
    else:
        Trainee.objects.bulk_update(rows, ["state", "passed_on", "lessons", "event_seq", "event_hash"])
