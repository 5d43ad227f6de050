"""What posting rules of ledgers may begin with: who served or came, what was visited, what was entered, which report was verified.

Each source reads records of one room, a bounded number of queries for any number of streams, and says what holds now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.duties.models import Done
from gezhi.engines.ledger.sources import Fact, Source, offer
from gezhi.engines.matching.models import ATTENDED, CLOSED, HELD, Booking, Partner, Session
from gezhi.engines.workflows.models import CLOSED as CASE_CLOSED
from gezhi.engines.workflows.models import Case
from gezhi.foundation.calendar import clock
from gezhi.foundation.expressions import Number, Text, Truth
from gezhi.foundation.subjects import definitions, facts_of
from gezhi.foundation.subjects.models import UNDONE, Entry, Subject

from . import allotments

SESSION = {"activity": Text, "kind": Text, "theme": Text, "minutes": Number}
VISIT = {"rule": Text, "period": Text, "trouble": Truth, "late": Truth}
LINE = {"state": Text}
CARD = {"match": Text, "outcome": Text}
REPORT = {"workflow": Text, "category": Text, "kind": Text, "channel": Text, "outcome": Text, "verified": Truth}


def register() -> None:
    """Offer the sources to the ledger."""
    offer(Source("served", _("参加服务"), "session", SESSION, ("subject",), _served, claims=_same_slot))
    offer(Source("attended", _("到场"), "session", SESSION, ("person", "guest"), _attended))
    offer(Source("visited", _("走访到了"), "duty", VISIT, ("subject", "person"), _visited))
    offer(Source("entered", _("登记在册"), "entry", LINE, ("subject",), _entered, by_register=True))
    offer(Source("verified", _("反映的事查实办结"), "case", REPORT, ("subject",), _verified, by_register=True))
    offer(Source("settled", _("抽到的卡了结"), "case", CARD, ("subject",), _settled))


def _ids(streams: Iterable[str]) -> list[int]:
    return [int(stream.partition(":")[2]) for stream in streams]


def _held(streams: Collection[str]) -> dict[int, Session]:
    return {row.pk: row for row in Session.objects.filter(pk__in=_ids(streams), state__in=(HELD, CLOSED))}


def _session(row: Session) -> dict[str, Any]:
    minutes = int((row.ends - row.starts).total_seconds() // 60)
    return {"activity": row.activity, "kind": row.kind, "theme": row.theme or None, "minutes": minutes}


def _slot(holder: str, starts: datetime) -> str:
    """An hour is one for one person, in whichever team they stood and whoever wrote it down."""
    return f"{holder}@{starts.astimezone(UTC):%Y%m%dT%H%M}"


def _served(streams: Collection[str], _register: str) -> list[Fact]:
    """Those a session was held with, without who stayed away: once for a person and a slot, whatever the team."""
    held = _held(streams)
    rows = Partner.objects.filter(session_id__in=list(held), away=False).order_by("session_id", "number")
    return [
        Fact(
            _slot(f"subject:{row.subject_id}", held[row.session_id].starts), f"session:{row.session_id}",
            f"subject:{row.subject_id}", held[row.session_id].place_id, clock.local(held[row.session_id].starts).date(),
            _session(held[row.session_id]),
        )
        for row in rows
    ]  # fmt: skip


def _same_slot(keys: Collection[str]) -> list[str]:
    """Other sessions that say the same person served in the same slot."""
    wanted = set()
    for key in keys:
        holder, _at, slot = key.partition("@")
        wanted.add((int(holder[8:]), datetime.strptime(slot, "%Y%m%dT%H%M").replace(tzinfo=UTC)))
    rows = Partner.objects.filter(
        subject_id__in={who for who, _starts in wanted},
        away=False,
        session__starts__in={starts for _who, starts in wanted},
    ).values_list("session_id", "subject_id", "session__starts")
    return sorted({f"session:{id}" for id, who, starts in rows if (who, starts) in wanted})


def _attended(streams: Collection[str], _register: str) -> list[Fact]:
    """Everybody whose name is on the sheet as there: colleagues, and guests by their keyed hash."""
    held = _held(streams)
    rows = Booking.objects.filter(session_id__in=list(held), state=ATTENDED).order_by("session_id", "number")
    facts = []
    for row in rows:
        session = held[row.session_id]
        holder = f"person:{row.person_id}" if row.person_id else f"guest:{row.who.partition(':')[2]}"
        facts.append(
            Fact(
                _slot(holder, session.starts), f"session:{session.pk}", holder, session.place_id,
                clock.local(session.starts).date(), _session(session), row.label,
            )
        )  # fmt: skip
    return facts


def _visited(streams: Collection[str], _register: str) -> list[Fact]:
    """Periods that were done: the subject they are about, and who went."""
    facts = []
    for row in Done.objects.filter(pk__in=_ids(streams), state="done").order_by("pk"):
        values = {"rule": row.rule, "period": row.period, "trouble": row.trouble, "late": row.late}
        day = clock.local(row.at).date() if row.at else clock.today()
        for holder in (f"subject:{row.subject_id}", f"person:{row.person_id}"):
            what = holder.partition(":")[0]
            facts.append(Fact(f"duty:{row.pk}:{what}", f"duty:{row.pk}", holder, row.place_id, day, values))
    return facts


def _entered(streams: Collection[str], register: str) -> list[Fact]:
    """Live lines of a register with their fields: one fact for a line, gone when it was entered by mistake."""
    declared = definitions.register(register)
    rows = list(Entry.objects.filter(pk__in=_ids(streams), register=register).exclude(end_reason=UNDONE).order_by("pk"))
    whos = Subject.objects.in_bulk({row.subject_id for row in rows})
    return [
        Fact(
            f"entry:{row.pk}", f"entry:{row.pk}", f"subject:{row.subject_id}", row.place_id, row.since,
            {**facts_of(declared, row.values, whos[row.subject_id], clock.today(), row), "state": row.state or None},
        )
        for row in rows
    ]  # fmt: skip


def _verified(streams: Collection[str], register: str) -> list[Fact]:
    """Reports of somebody in a register (known by the phone they left) that were handled and found right: one for a case.

    A report that was merged into another one, or taken back, counts for nothing.
    """
    cases = list(
        Case.objects.filter(
            pk__in=_ids(streams), state=CASE_CLOSED, merged_into=None, contact_hash__isnull=False
        ).order_by("pk")
    )
    phones = {bytes(case.contact_hash) for case in cases if case.contact_hash is not None and not case.protected}
    lines = Entry.objects.filter(register=register).exclude(end_reason=UNDONE)  # who left later keeps what was earned
    known = Subject.objects.filter(phone_hash__in=list(phones), ended="", pk__in=lines.values("subject_id")).order_by(
        "-pk"
    )
    whos = {bytes(who.phone_hash): who for who in known if who.phone_hash is not None}
    live = {line.subject_id: line for line in lines.filter(subject_id__in=[who.pk for who in whos.values()])}
    declared = definitions.register(register)
    facts = []
    for case in cases:
        who = whos.get(bytes(case.contact_hash or b""))
        if who is None or case.protected:
            continue
        values = {
            "workflow": case.workflow, "category": case.category or None, "kind": case.kind or None, "channel": case.channel,
            "outcome": case.outcome, "verified": case.verified_at is not None,
        }  # fmt: skip
        line = live[who.pk]
        day = _day(case)
        facts.append(
            Fact(
                f"case:{case.pk}", f"case:{case.pk}", f"subject:{who.pk}", case.place_id, day,
                {**facts_of(declared, line.values, who, clock.today(), line), **values},
            )
        )  # fmt: skip
    return facts


def _settled(streams: Collection[str], _register: str) -> list[Fact]:
    """Drawn cards whose case has ended, for whoever drew them: one for a card, with how it ended."""
    rows = Case.objects.filter(pk__in=_ids(streams), state=CASE_CLOSED, origin__startswith=f"{allotments.SOURCE}:")
    cases = {case.pk: case for case in rows.order_by("pk")}
    return [
        Fact(
            f"case:{id}:card", f"case:{id}", f"subject:{need}", cases[id].place_id,
            _day(cases[id]),
            {"match": name, "outcome": cases[id].outcome},
        )
        for id, (name, need, _got) in allotments.cards(cases.values()).items()
    ]  # fmt: skip


def _day(case: Case) -> date:
    return clock.local(case.closed_at).date() if case.closed_at else clock.today()
