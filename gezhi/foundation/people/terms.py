"""Terms: who sits where from when to when. Streams `holding:<id>` and `substitute:<id>`.

A reader asks the directory; these are the writers. The root keeps two distinct holders for all time to come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import events
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.events import GENESIS, Draft, Head

from . import refusals
from .actor import Actor
from .changing import Change, changing, instant, need_to_manage
from .models import Holding, Person, Shift, Substitute, Term, Token
from .records import HandOver, HandOverSeat, TermInfo
from .snapshot import directory, held_always

SUBSTITUTE_AT_MOST = timedelta(days=366)

# Why somebody is substituted. A list, not free words: illness is nobody's business.
REASONS = {
    "leave": _("休假"),
    "training": _("学习培训"),
    "secondment": _("借调抽调"),
    "vacancy": _("岗位空缺"),
    "other": _("其他"),
}


@dataclass(frozen=True)
class NewTerm:
    """A person in a seat from `since` (now when empty) up to `until` (open end when empty)."""

    seat_id: int
    person_id: int
    since: datetime | None = None
    until: datetime | None = None


def appoint(
    seat_id: int, person_id: int, *, actor: Actor, since: datetime | None = None, until: datetime | None = None
) -> int:
    """Put a person into a seat, beside whoever sits there; returns the holding's id. Raises as `appoint_many`."""
    return appoint_many([NewTerm(seat_id, person_id, since, until)], actor=actor)[0]


def appoint_many(rows: Iterable[NewTerm], *, actor: Actor) -> list[int]:
    """Put persons into seats, all or none; returns the holdings' ids in order.

    Raises NotFound people.no_seat, people.no_person; Conflict people.seat_closed, people.not_active,
    people.already_sits; Invalid people.term_wrong; NotAllowed (also for appointing oneself).
    """
    with changing(actor) as change:
        return insert_holdings(list(rows), change, actor)


def substitute(
    seat_id: int,
    person_id: int,
    *,
    actor: Actor,
    until: datetime,
    since: datetime | None = None,
    reason: str = "leave",
) -> int:
    """Have a person do a seat's work for a stated time, a year at most; returns the substitute's id.

    `reason`: a key of REASONS. Raises as `appoint_many`, and Invalid people.reason_wrong.
    """
    with changing(actor) as change:
        if reason not in REASONS:
            raise refusals.REASON_WRONG()
        begin = instant(change, since, actor)
        if until.tzinfo is None or not begin < until <= begin + SUBSTITUTE_AT_MOST or until <= change.now:
            raise refusals.TERM_WRONG()
        _check_seat(seat_id, change, actor)
        _check_person(person_id, change, actor)
        _refuse_overlap(person_id, begin, until, change.before.terms.get(seat_id, ()))
        (id_,) = new_ids(Substitute, 1)
        facts = {"seat_id": seat_id, "person_id": person_id, "since": begin, "until": until, "reason": reason}
        head = events.record(f"substitute:{id_}", "substitute.began", actor=actor, head=GENESIS, patch=facts)
        Substitute.objects.create(id=id_, **facts, event_seq=head.seq, event_hash=head.hash)
    return id_


def end_substitute(substitute_id: int, *, actor: Actor, at: datetime | None = None) -> HandOver:
    """End a substitute's term early. Raises NotFound people.no_term, NotAllowed."""
    with changing(actor) as change:
        term = Substitute.objects.select_related("seat").filter(pk=substitute_id).first()
        moment = instant(change, at, actor)
        if term is None or term.until is None or term.until <= moment:
            raise refusals.NO_TERM()
        need_to_manage(actor, term.seat.place_id)
        end(term, moment, actor)
    return hand_over(change, term.person_id, [term.seat_id])


def vacate(seat_id: int, *, actor: Actor, person_id: int | None = None, at: datetime | None = None) -> list[HandOver]:
    """End the holdings of a seat (of one person, or of all) from `at` on, also those still to come.

    Substitutes stay until their term ends. Returns a hand-over list per person who left.
    Raises NotFound people.no_seat, people.no_term; Conflict people.root_needs_two; NotAllowed.
    """
    with changing(actor) as change:
        need_to_manage(actor, change.before.seat(seat_id).place_id)
        moment = instant(change, at, actor)
        terms = running(Holding, moment, seat_id=seat_id)
        if person_id is not None:
            terms = [term for term in terms if term.person_id == person_id]
        if not terms:
            raise refusals.NO_TERM()
        end_holdings(terms, moment, change, actor)
    return hand_over_lists(change, terms)


def leave(person_id: int, *, actor: Actor, at: datetime | None = None) -> HandOver:
    """A person leaves every seat they hold or substitute, from `at` (now when empty) on.

    What they had drawn to themselves is handed over in the same transaction or, for a later `at`, when
    that moment comes. Raises NotFound people.no_person; Conflict people.root_needs_two; NotAllowed.
    """
    with changing(actor) as change:
        seats = _leave(person_id, change, actor, instant(change, at, actor))
    return hand_over(change, person_id, seats)


def deactivate(person_id: int, *, actor: Actor) -> HandOver:
    """A person leaves for good: seats, sessions and tokens end now. Raises as `leave`."""
    with changing(actor) as change:
        actor.need("people.manage")
        seats = _leave(person_id, change, actor, change.now)
        person = Person.objects.get(pk=person_id)
        person.active = False
        person.session_epoch += 1
        Token.objects.filter(person=person).delete()
        store(
            f"person:{person_id}",
            person,
            "person.deactivated",
            {"active": False, "session_epoch": person.session_epoch},
            actor,
        )
    return hand_over(change, person_id, seats)


def renew(seats: Mapping[int, Iterable[int]], *, actor: Actor, at: datetime | None = None) -> list[HandOver]:
    """Change a whole committee 换届 in one step: each seat gets exactly these persons from `at` on.

    Who stays keeps their term, and no seat is empty in between. Returns a hand-over list per person who
    leaves. Raises as `appoint_many` and `vacate`.
    """
    with changing(actor) as change:
        moment = instant(change, at, actor)
        ending: list[Term] = []
        coming: list[NewTerm] = []
        for seat_id, persons in seats.items():
            need_to_manage(actor, change.before.seat(seat_id).place_id)
            terms = running(Holding, moment, seat_id=seat_id)
            wanted = set(persons)
            ending += [term for term in terms if term.person_id not in wanted]
            coming += [NewTerm(seat_id, person, moment) for person in sorted(wanted - {t.person_id for t in terms})]
        insert_holdings(coming, change, actor)
        end_holdings(ending, moment, change, actor, coming)
    return hand_over_lists(change, ending)


def insert_holdings(
    rows: Iterable[NewTerm], change: Change, actor: Actor, opened_now: Collection[int] = ()
) -> list[int]:
    """Within a change: check and insert holdings, one INSERT for them and one for their events.

    `opened_now`: seats opened in this same change, which the directory before it cannot know.
    """
    planned: dict[int, list[TermInfo]] = {}
    facts: list[dict[str, Any]] = []
    for row in rows:
        since = instant(change, row.since, actor)
        beside = planned.setdefault(row.seat_id, list(change.before.terms.get(row.seat_id, ())))
        if row.seat_id not in opened_now:
            _check_seat(row.seat_id, change, actor)
        _check_person(row.person_id, change, actor)
        if row.until is not None and (row.until.tzinfo is None or row.until <= since):
            raise refusals.TERM_WRONG()
        _refuse_overlap(row.person_id, since, row.until, [term for term in beside if not term.substitute])
        beside.append(TermInfo(row.person_id, since, row.until, substitute=False))
        facts.append({"seat_id": row.seat_id, "person_id": row.person_id, "since": since, "until": row.until})
    ids = new_ids(Holding, len(facts))
    drafts = [
        Draft(f"holding:{id_}", "holding.began", fact, head=GENESIS) for id_, fact in zip(ids, facts, strict=True)
    ]
    heads = events.record_many(drafts, actor=actor)
    Holding.objects.bulk_create(
        [
            Holding(id=id_, **fact, event_seq=head.seq, event_hash=head.hash)
            for id_, fact, head in zip(ids, facts, heads, strict=True)
        ],
        batch_size=500,
    )
    return ids


def end_all_in(seat_id: int, moment: datetime, actor: Actor) -> None:
    """Within a change: end every term of a seat that is being closed."""
    for model in (Holding, Substitute, Shift):
        for term in running(model, moment, seat_id=seat_id):
            end(term, moment, actor)


def hand_over(change: Change, person_id: int, seats: Iterable[int]) -> HandOver:
    """What a person leaves behind: seats, who answers for each now, and the items the hooks reassigned."""
    people = directory()
    rows = []
    for seat_id in dict.fromkeys(seats):
        found = people.epoch(change.now).effective[seat_id]
        rows.append(HandOverSeat(seat_id, people.seat(seat_id).label, found.seat_id, found.persons))
    return HandOver(person_id, tuple(rows), tuple(change.items.get(person_id, ())))


def hand_over_lists(change: Change, ended: list[Term]) -> list[HandOver]:
    """A hand-over list per person whose terms ended in this change."""
    persons = dict.fromkeys(term.person_id for term in ended)
    return [
        hand_over(change, person, [term.seat_id for term in ended if term.person_id == person]) for person in persons
    ]


def _leave(person_id: int, change: Change, actor: Actor, moment: datetime) -> list[int]:
    change.before.person(person_id)
    holdings = running(Holding, moment, person_id=person_id)
    substitutes = running(Substitute, moment, person_id=person_id)
    seats = [term.seat_id for term in (*holdings, *substitutes)]
    for seat_id in seats:
        need_to_manage(actor, change.before.seat(seat_id).place_id)
    end_holdings(holdings, moment, change, actor)
    # Shifts end with the person wherever they are; the roster shows the hole, and the seat falls up meanwhile.
    for term in (*substitutes, *running(Shift, moment, person_id=person_id)):
        end(term, moment, actor)
    return seats


def running(model: type[Term], moment: datetime, **where: int) -> list[Term]:
    """Terms that reach past `moment`, those still to come included; cancelled ones are not among them."""
    open_end = Q(until=None) | (Q(until__gt=moment) & Q(until__gt=F("since")))
    return list(model.objects.filter(open_end, **where).order_by("id"))


def end_holdings(
    terms: Collection[Term], moment: datetime, change: Change, actor: Actor, coming: Iterable[NewTerm] = ()
) -> None:
    """Within a change: end holdings, unless the root would then at some instant have fewer than two holders."""
    root = change.before.chain.root
    if root is not None and any(term.seat_id == root for term in terms):
        ending = {(term.person_id, term.since) for term in terms if term.seat_id == root}
        left = [
            replace(term, until=max(moment, term.since)) if (term.person_id, term.since) in ending else term
            for term in change.before.terms.get(root, ())
            if not term.substitute
        ]
        left += [
            TermInfo(row.person_id, row.since or moment, row.until, substitute=False)
            for row in coming
            if row.seat_id == root
        ]
        if not held_always(left, moment, 2):
            raise refusals.ROOT_NEEDS_TWO()
    for term in terms:
        end(term, moment, actor)


def end(term: Term, moment: datetime, actor: Actor) -> None:
    """Within a change: end one term of whatever kind, by its event."""
    term.until = max(moment, term.since)  # a term that has not begun is cancelled, not turned round
    kind = "holding" if isinstance(term, Holding) else "shift" if isinstance(term, Shift) else "substitute"
    store(f"{kind}:{term.pk}", term, f"{kind}.ended", {"until": term.until}, actor)


def store(stream: str, row: Person | Term, kind: str, patch: dict[str, Any], actor: Actor) -> None:
    """Record the event of a change already made to the row, and save both."""
    head = Head(row.event_seq, bytes(row.event_hash))
    row.event_seq, row.event_hash = events.record(stream, kind, actor=actor, head=head, patch=patch)
    row.save()


def _check_seat(seat_id: int, change: Change, actor: Actor) -> None:
    info = change.before.seat(seat_id)
    need_to_manage(actor, info.place_id)
    if info.closed:
        raise refusals.SEAT_CLOSED()


def _check_person(person_id: int, change: Change, actor: Actor) -> None:
    if not change.before.person(person_id).active:
        raise refusals.NOT_ACTIVE()
    if actor.person_id == person_id:
        raise refusals.NOT_ONESELF()


def _refuse_overlap(person_id: int, since: datetime, until: datetime | None, beside: Iterable[TermInfo]) -> None:
    for term in beside:
        if (
            term.person_id == person_id
            and (term.until is None or since < term.until)
            and (until is None or term.since < until)
        ):
            raise refusals.ALREADY_SITS()
