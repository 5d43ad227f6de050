"""The worker's turn: take what is due, ask once more who may be told, send outside any transaction, write down how it went.

A message is on its way for a moment in which a killed worker cannot know whether it arrived; it is sent again then, under
the same id. Everything else happens once. docs/rules/notices.md
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import F, Q

from gezhi.foundation import db, events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.jobs.queue import machine_ms
from gezhi.foundation.people import crypto

from . import channels, guards, rules
from .models import DROPPED, FAILED, GROUPS, SENT, WAITING, Choice, Declined, Delivery, Gateway, Notice
from .posting import opened, site_address
from .templates import template

log = logging.getLogger("gezhi.notices")

BATCH = 20
# Longer than a whole batch can take when every message runs into its time limit.
LEASE_MS = 300_000
MOST_LINES = 20  # of a bundle; the rest is counted


@dataclass(frozen=True)
class Outcome:
    """What became of some deliveries: `state` and `error`, or another try at `run_at`."""

    ids: tuple[int, ...]
    state: str
    error: str = ""
    run_at: datetime | None = None
    tried: bool = True


def send_due(limit: int = BATCH) -> int:
    """One turn; returns how many deliveries were taken. Call again while it returns `limit`."""
    rows = _take(limit)
    if not rows:
        return 0
    resting = _resting(rows)
    held = [row for row in rows if row.gateway_id in resting]
    for row in held:
        _write([Outcome((row.pk,), WAITING, row.error, resting[row.gateway_id], tried=False)])
    rows = [row for row in rows if row.gateway_id not in resting]
    dropped, rows = _sift(rows)
    _write(dropped)
    phones = _addresses(rows)
    away: dict[int, datetime] = {}
    for bundle in _bundles(rows):
        gateway = bundle[0].gateway
        ids = tuple(row.pk for row in bundle)
        if gateway.pk in away:
            _write([Outcome(ids, WAITING, bundle[0].error, away[gateway.pk], tried=False)])
            continue
        outcome = _send(bundle, phones.get(bundle[0].pk, ""))
        _write([outcome])
        if outcome.error in ("timeout", "refused") or outcome.error.startswith("http_5"):
            away[gateway.pk] = clock.now() + rules.REST
            with db.write():
                Gateway.objects.filter(pk=gateway.pk).update(rest_until=away[gateway.pk])
    return len(rows) + len(dropped) + len(held)


def _take(limit: int) -> list[Delivery]:
    """Due deliveries, leased; and with one of a bundle all that wait for the same receiver until now."""
    now = clock.now()
    due = Delivery.objects.filter(state=WAITING, run_at__lte=now, leased_until__lt=machine_ms())
    if not due.exists():
        return []
    with db.write():
        taken = list(due.select_for_update(skip_locked=True, of=("self",)).order_by("run_at", "id")[:limit])
        more = Q(pk__in=())
        for row in taken:
            if row.bundle:
                whom = (
                    {"person": row.person} if row.person is not None else {"person": None, "seat": row.seat, "code": ""}
                )
                more |= Q(gateway=row.gateway_id, **whom)
        known = {row.pk for row in taken}
        together = due.filter(more, bundle=True).select_for_update(skip_locked=True, of=("self",)).order_by("id")
        taken += [row for row in together if row.pk not in known]
        Delivery.objects.filter(pk__in=[row.pk for row in taken]).update(
            leased_until=machine_ms() + LEASE_MS, attempts=F("attempts") + 1
        )
    ways = Gateway.objects.in_bulk({row.gateway_id for row in taken})
    for row in taken:
        row.attempts += 1
        row.gateway = ways[row.gateway_id]
    return taken


def _resting(rows: Iterable[Delivery]) -> dict[int, datetime]:
    now = clock.now()
    return {
        row.gateway_id: row.gateway.rest_until
        for row in rows
        if row.gateway.rest_until is not None and row.gateway.rest_until > now
    }


def _sift(rows: list[Delivery]) -> tuple[list[Outcome], list[Delivery]]:
    """What need not or must not go out any more, and the rest."""
    asked = {(row.stream, row.person) for row in rows if not row.code}
    # The chat of a group may be told when its seat's people may: a protected matter never goes there.
    allowed = guards.allowed(asked)
    declined = set(Declined.objects.filter(code__in=[r.code for r in rows if r.code]).values_list("code", flat=True))
    read = set(
        Notice.objects.filter(key__in=[r.notice_key for r in rows if r.notice_key], read_at__isnull=False).values_list(
            "key", flat=True
        )
    )
    dropped: list[Outcome] = []
    kept: list[Delivery] = []
    for row in rows:
        why = ""
        if row.attempts > rules.MAX_ATTEMPTS:
            dropped.append(Outcome((row.pk,), FAILED, row.error or "worker_died"))
            continue
        if not row.gateway.enabled:
            why = "switched_off"
        elif row.code and row.code in declined:
            why = "declined"
        elif not row.code and (row.stream, row.person) not in allowed:
            why = "unseen"
        elif row.notice_key in read:
            why = "read"
        elif template(row.template) is None:
            why = "no_text"
        if why:
            dropped.append(Outcome((row.pk,), DROPPED, why))
        else:
            kept.append(row)
    return dropped, kept


def _addresses(rows: list[Delivery]) -> dict[int, str]:
    """Delivery id -> phone or e-mail address, read only now; missing when there is none any more."""
    found: dict[int, str] = {}
    refs: dict[int, int] = {row.pk: row.contact_ref for row in rows if row.contact_ref}
    texting = {row.person for row in rows if row.person and row.gateway.channel == "sms"}
    if texting:
        from gezhi.foundation.people.models import Person

        phones = dict(Person.objects.filter(pk__in=texting).values_list("pk", "phone_ref"))
        for row in rows:
            ref = phones.get(row.person) if row.person and row.gateway.channel == "sms" else None
            if ref:
                refs[row.pk] = ref
    texts = events.read_private(set(refs.values())) if refs else {}
    for row in rows:
        raw = texts.get(refs.get(row.pk, 0))
        if raw and row.contact_ref:
            raw = str(json.loads(raw).get("phone") or "")
        if raw and _mobile(raw):
            found[row.pk] = raw
    writing = {row.person for row in rows if row.person and row.gateway.channel == "email"}
    if writing:
        for choice in Choice.objects.filter(person__in=writing, email__isnull=False):
            address = crypto.open(choice.email or b"", f"choice:{choice.person}")
            found |= {r.pk: address for r in rows if r.person == choice.person and r.gateway.channel == "email"}
    return found


def _mobile(phone: str) -> bool:
    try:
        phone = crypto.normalise_phone(phone)
    except ValueError:
        return False
    return len(phone) == 11 and phone.startswith("1")


def _bundles(rows: list[Delivery]) -> list[list[Delivery]]:
    """Deliveries that go as one message, in order of time."""
    found: dict[object, list[Delivery]] = {}
    for row in rows:
        whom = (row.gateway_id, row.person, row.seat if row.person is None else None) if row.bundle else row.pk
        found.setdefault(whom, []).append(row)
    return list(found.values())


def _send(rows: list[Delivery], to: str) -> Outcome:
    first, ids = rows[0], tuple(row.pk for row in rows)
    now = clock.now()
    if first.gateway.channel not in GROUPS and not to:
        return Outcome(ids, DROPPED, "no_address")
    try:
        settings = settings_of(first.gateway)
        channels.SEND[first.gateway.channel](settings, replace(_message(rows), to=to))
    except channels.Failed as fault:
        again = None if fault.final else rules.next_try(now, max(row.attempts for row in rows))
        return Outcome(ids, FAILED if again is None else WAITING, fault.code, again)
    except Exception:
        # A flaw of ours in one message must not hold up the others.
        log.exception("delivery %s could not be made", first.pk)
        return Outcome(ids, FAILED, "fault")
    return Outcome(ids, SENT)


def settings_of(gateway: Gateway) -> dict:
    """The gateway's settings, opened."""
    return json.loads(crypto.open(gateway.settings, f"gateway:{gateway.pk}"))


def _message(rows: list[Delivery]) -> channels.Message:
    first = rows[0]
    lang = "zh"
    if first.person is not None:
        person = people.directory().persons.get(first.person)
        lang = "en" if person is not None and person.language.startswith("en") else "zh"
    address = site_address()
    lines: list[tuple[str, str]] = []
    words: dict = {}
    for row in rows:
        found, words = template(row.template), opened(bytes(row.words), row.key)
        assert found is not None  # sifted out before
        lines.append((found.said(words, lang), words.get("path", "")))
    titled = template(first.template)
    assert titled is not None
    facts = {name: value for name, value in (words.get(lang) or {}).items() if isinstance(value, str)}
    if len(rows) == 1:
        text, path = lines[0]
        link = address + path if address and path else ""
        facts |= {"link": link} if link else {}
        return channels.Message(
            f"gezhi-{first.pk}", "\n".join(filter(None, (text, link))), titled.headline(lang), "", first.template, facts
        )
    head = f"You have {len(rows)} notices:" if lang == "en" else f"有 {len(rows)} 条提醒："
    more = len(rows) - MOST_LINES
    body = [f"· {text}" for text, _path in lines[:MOST_LINES]]
    if more > 0:
        body.append(f"and {more} more" if lang == "en" else f"还有 {more} 条")
    link = address + "/desk/notices" if address else ""
    text = "\n".join(filter(None, (head, *body, link)))
    return channels.Message(
        f"gezhi-{first.pk}-{len(rows)}", text, head, "", "digest", {"count": str(len(rows)), "link": link}
    )


def _write(outcomes: Iterable[Outcome]) -> None:
    outcomes = list(outcomes)
    if not outcomes:
        return
    now = clock.now()
    with db.write():
        for outcome in outcomes:
            rows = Delivery.objects.filter(pk__in=outcome.ids, state=WAITING)
            if outcome.state == WAITING:
                assert outcome.run_at is not None
                tries = F("attempts") if outcome.tried else F("attempts") - 1
                rows.update(run_at=outcome.run_at, leased_until=0, error=outcome.error, attempts=tries)
            else:
                rows.update(state=outcome.state, error=outcome.error, leased_until=0, done_at=now)
