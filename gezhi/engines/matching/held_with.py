"""Whom sessions are held with: partners, providers, teams, brands out of a register; what became of it, partner by partner.

Persons and person-times never mix: somebody who came to three events of one partner is one person and three times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.matching import access
from gezhi.engines.matching.models import ATTENDED, CLOSED, HELD, Booking, Partner, Session
from gezhi.engines.matching.schema import Activity, activity
from gezhi.foundation import db
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects import access as registers
from gezhi.foundation.subjects import definitions, facts_of
from gezhi.foundation.subjects.models import Entry, Subject
from gezhi.foundation.subjects.timeline import Line, source

MOST = 20
OFFERED = 200


def checked(kind: Activity, ids: Sequence[int], starts: Sequence[datetime], *, actor: Actor) -> list[int]:
    """The partners, each once, fit on every day of the plan. Raises Invalid session.invalid, Conflict session.partner."""
    wanted = list(dict.fromkeys(ids))
    if kind.partners is None:
        if wanted:
            raise Invalid("session.invalid", field_errors={"partners": _("这一类活动不写合办单位。")})
        return []
    if not kind.partners["least"] <= len(wanted) <= MOST:
        words = _("至少选 {n} 个，最多 {most} 个。").format(n=kind.partners["least"], most=MOST)
        raise Invalid("session.invalid", field_errors={"partners": words})
    lines = _lines(kind, actor, wanted)
    whos = Subject.objects.in_bulk(wanted)
    days = {max(clock.today(), clock.local(start).date()) for start in starts}
    for id in wanted:
        if not any(all(_fit(kind, line, whos[id], day) for day in days) for line in lines if line.subject_id == id):
            declared = definitions.register(kind.partners["register"])
            # What one may not see has no name here.
            label = whos[id].label if id in whos and registers.may(actor, whos[id], declared) else f"#{id}"
            raise Conflict("session.partner", label=label, register=declared.said)
    return wanted


def offered(kind: Activity, actor: Actor) -> list[Subject]:
    """Whom the actor may choose now: fit today and within reach, by name. Two queries."""
    if kind.partners is None:
        return []
    lines = _lines(kind, actor)[:OFFERED]
    whos = Subject.objects.in_bulk({line.subject_id for line in lines})
    today = clock.today()
    fit = {line.subject_id for line in lines if _fit(kind, line, whos[line.subject_id], today)}
    return sorted((whos[id] for id in fit), key=lambda row: (row.label, row.pk))


def _lines(kind: Activity, actor: Actor, ids: Sequence[int] | None = None) -> list[Entry]:
    assert kind.partners is not None
    declared = definitions.register(kind.partners["register"])
    rows = Entry.objects.filter(register=declared.name, until=None)
    if ids is not None:
        rows = rows.filter(subject_id__in=ids)
    if actor.kind != "system":
        rows = rows.filter(registers.within(registers.scopes(actor, declared)))
    return list(rows.order_by("pk"))


def _fit(kind: Activity, line: Entry, who: Subject, day: Any) -> bool:
    assert kind.partners is not None
    declared = definitions.register(line.register)
    wanted = kind.partners["states"]
    return not wanted or declared.state_of(facts_of(declared, line.values, who, day, line), day) in wanted


def store(row: Session, ids: Sequence[int]) -> None:
    """Write the partners of a new session; its event tells them already."""
    if ids:
        numbers = db.new_ids(Partner, len(ids))
        db.insert_many(
            [
                Partner(id=id, session_id=row.pk, number=n, subject_id=who)
                for n, (id, who) in enumerate(zip(numbers, ids, strict=True), start=1)
            ]
        )


def names(session_ids: Iterable[int]) -> dict[int, list[Subject]]:
    """Session -> its partners in their order. Two queries."""
    rows = list(Partner.objects.filter(session_id__in=list(session_ids)).order_by("session_id", "number"))
    whos = Subject.objects.in_bulk({row.subject_id for row in rows})
    found: dict[int, list[Subject]] = {}
    for row in rows:
        found.setdefault(row.session_id, []).append(whos[row.subject_id])
    return found


@dataclass
class Held:
    """What was held with one partner, or with all together: sessions, `who` came by name (each once), person-times."""

    subject: Subject | None = None
    sessions: list[Session] = field(default_factory=list)
    who: set[str] = field(default_factory=set)
    person_times: int = 0


def by_partner(
    actor: Actor, name: str, since: datetime, until: datetime, *, place: int | None = None
) -> tuple[list[Held], Held]:
    """(partner by partner, all together) over the sessions of an activity that took place in [since, until) and the actor
    may see. A session with two partners stands with both and counts once in the whole. Four queries.
    """
    rows = Session.objects.filter(
        access.visible(actor), activity=name, starts__gte=since, starts__lt=until, state__in=(HELD, CLOSED)
    )
    if place is not None:
        rows = rows.filter(access.inside(place))
    sessions = list(rows.order_by("starts", "id"))
    helping = names(row.pk for row in sessions)
    came: dict[int, set[str]] = {}
    marks = Booking.objects.filter(session_id__in=[row.pk for row in sessions], state=ATTENDED)
    for session_id, who in marks.values_list("session_id", "who"):
        came.setdefault(session_id, set()).add(who)
    whole = Held()
    each: dict[int, Held] = {}
    for row in sessions:
        of = [each.setdefault(who.pk, Held(who)) for who in helping.get(row.pk, ())]
        for held in (whole, *of):
            held.sessions.append(row)
            held.who |= came.get(row.pk, set())
            held.person_times += row.person_times
    return sorted(each.values(), key=lambda held: (held.subject.label if held.subject else "", id(held))), whole


def register() -> None:
    """Offer the sessions of a partner to its file."""
    source("sessions")(lines)


def lines(subject_ids: Sequence[int], actor: Actor, limit: int) -> Iterable[Line]:
    """One line a session that the actor may see. One query."""
    mine = Partner.objects.filter(subject_id__in=subject_ids).values("session_id")
    rows = Session.objects.filter(access.visible(actor), pk__in=mine).exclude(state="cancelled")
    for row in rows.order_by("-starts", "-id")[:limit]:
        kind = activity(row.activity, row.version)
        text = _("{n} 人次").format(n=row.person_times) if row.state in (HELD, CLOSED) else _("已排定")
        yield Line(
            on=clock.local(row.starts).date(), source="sessions", title=f"{kind.title}：{row.title}", text=text,
            at=row.starts, opens=("session", row.pk), seat=row.organiser_seat, key=str(row.pk),
        )  # fmt: skip
