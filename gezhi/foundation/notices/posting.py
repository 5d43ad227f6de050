"""Making notices: a line in the app for each person, and what is to leave the house, in the caller's write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gezhi.foundation import calendar, db, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import crypto

from . import guards, rules
from .models import GROUPS, Choice, Declined, Delivery, Gateway, House, Notice
from .rules import Quiet
from .templates import Template, template

RESIDENTS = Quiet(rest_days=False)  # a resident is not woken, and never by something "urgent"
GROUP = Quiet()


@dataclass(frozen=True)
class Draft:
    """One thing to tell. `key` (at most 60 characters) tells it from every other; the same again changes nothing.

    `persons`: colleagues, by the seat in which it concerns them; `code` and `contact_ref`: the resident of a matter and
    the private text that has the phone. `words`: {"zh": {...}, "en": {...}, "due": iso, "path": "/desk/cases/12"}.
    """

    key: str
    template: str
    stream: str
    words: dict[str, Any]
    persons: tuple[int, ...] = ()
    seat: int | None = None
    code: str = ""
    contact_ref: int | None = None
    urgent: bool = False
    at: datetime | None = None  # when it happened; now when left out


def channels_ready() -> bool:
    """Whether any way out is switched on; without one, residents are told nothing."""
    return Gateway.objects.filter(enabled=True).exists()


def post(drafts: Iterable[Draft]) -> int:
    """Write the notices and what goes out for them; returns how many lines were made. Joins the caller's write.

    Whoever may not see what it is about is left out. Five statements at most, however many drafts.
    """
    known: list[tuple[Draft, Template]] = []
    for draft in drafts:
        found = template(draft.template)
        if found is not None:
            known.append((draft, found))
    if not known:
        return 0
    allowed = guards.allowed({(d.stream, person) for d, _t in known for person in _asked(d)})
    with db.write():
        now = clock.now()
        ways = list(Gateway.objects.filter(enabled=True).order_by("id"))
        choices: dict[int, Choice] = {}
        if ways:
            wanted = {person for draft, _t in known for person in draft.persons}
            choices = {c.person: c for c in Choice.objects.filter(person__in=wanted)}
        silent = _declined(known) if ways else set()
        lines: list[Notice] = []
        out: list[Delivery] = []
        for draft, found in known:
            told = [person for person in draft.persons if (draft.stream, person) in allowed]
            urgent = draft.urgent or found.urgent
            for person in told:
                key = f"{draft.key}:p{person}"
                lines.append(
                    Notice(
                        key=key, person=person, seat=draft.seat, template=draft.template, stream=draft.stream,
                        words=sealed(draft.words, key), urgent=urgent, at=draft.at or now,
                    )
                )  # fmt: skip
            if ways:
                group_may_know = (draft.stream, None) in allowed and told
                out += _outside(draft, found, ways, choices, told, bool(group_may_know), urgent, now, silent)
        # The keys are unique: what is posted again is left as it is.
        Notice.objects.bulk_create(lines, ignore_conflicts=True)
        Delivery.objects.bulk_create(out, ignore_conflicts=True)
    return len(lines)


def sealed(words: Any, key: str) -> bytes:
    return crypto.seal(json.dumps(words, ensure_ascii=False), f"notice:{key}")


def opened(blob: bytes, key: str) -> dict[str, Any]:
    return json.loads(crypto.open(blob, f"notice:{key}"))


def quiet_of(choice: Choice | None) -> Quiet:
    return Quiet() if choice is None else Quiet(choice.quiet_from, choice.quiet_until, choice.rest_days)


def works(day: date) -> bool:
    return calendar.is_workday(day)


def _asked(draft: Draft) -> list[int | None]:
    return [*draft.persons, None] if draft.persons else []


def _declined(known: Sequence[tuple[Draft, Template]]) -> set[str]:
    codes = {draft.code for draft, _t in known if draft.code}
    return set(Declined.objects.filter(code__in=codes).values_list("code", flat=True)) if codes else set()


def _outside(
    draft: Draft,
    found: Template,
    ways: Sequence[Gateway],
    choices: dict[int, Choice],
    told: Sequence[int],
    group: bool,
    urgent: bool,
    now: datetime,
    silent: set[str],
) -> list[Delivery]:
    """What leaves the house for one draft. Whoever is on shift is at work, whatever the hour."""
    on_duty = draft.seat is not None and _duty(draft.seat)
    made: list[Delivery] = []

    def add(way: Gateway, key: str, quiet: Quiet, digest: bool, **who: Any) -> None:
        run_at, bundle = now, False
        if not (urgent or on_duty) or who.get("code"):
            run_at = rules.digest_at(now, quiet, works) if digest else rules.send_at(now, quiet, works)
            # Twenty messages that waited for the morning come as one.
            bundle = run_at > now and not who.get("code")
        key = f"{key}:{way.pk}"
        made.append(
            Delivery(
                key=key, gateway=way, seat=draft.seat, template=draft.template, stream=draft.stream,
                words=sealed(draft.words, key), urgent=urgent, bundle=bundle, run_at=run_at, created_at=now, **who,
            )
        )  # fmt: skip

    by = {channel: [w for w in ways if w.channel == channel] for channel in ("sms", "email")}
    if draft.code and draft.contact_ref and "sms" in found.channels and draft.code not in silent:
        for way in by["sms"][:1]:
            add(way, draft.key, RESIDENTS, False, code=draft.code, contact_ref=draft.contact_ref)
    for person in told:
        choice = choices.get(person)
        off = set(choice.off) if choice else set()
        for channel in ("sms", "email"):
            if (
                channel not in found.channels
                or channel in off
                or (channel == "email" and not (choice and choice.email))
            ):
                continue
            for way in by[channel][:1]:
                digest = bool(choice and choice.digest)
                notice_key = f"{draft.key}:p{person}"
                add(way, notice_key, quiet_of(choice), digest, person=person, notice_key=notice_key)
    if group and "group" in found.channels and draft.seat is not None:
        for way in _groups_of(draft.seat, ways):
            add(way, f"{draft.key}:s{draft.seat}", GROUP, False)
    return made


def _duty(seat_id: int) -> bool:
    directory = people.directory()
    seat = directory.seats.get(seat_id)
    return seat is not None and directory.posts[seat.post].duty


def _groups_of(seat_id: int, ways: Sequence[Gateway]) -> list[Gateway]:
    """The robots that speak to this seat's people: of its organisation, else of its place, else those of everybody."""
    seat = people.directory().seats.get(seat_id)
    if seat is None:
        return []
    robots = [way for way in ways if way.channel in GROUPS]
    of_unit = [w for w in robots if w.organisation_id is not None and w.organisation_id == seat.organisation_id]
    of_place = [
        w for w in robots if w.organisation_id is None and w.place_id is not None and w.place_id == seat.place_id
    ]
    return of_unit or of_place or [w for w in robots if w.organisation_id is None and w.place_id is None]


def site_address() -> str:
    """The address for links, without a slash at its end; empty until somebody has set it."""
    found = House.objects.filter(pk=1).values_list("address", flat=True).first()
    return (found or "").rstrip("/")
