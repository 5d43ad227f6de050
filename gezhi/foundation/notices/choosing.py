"""The writers people reach: reading a line, choosing how to be told, declining, trying a failed message again."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Mapping
from datetime import time
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import db, events
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import Actor, crypto
from gezhi.foundation.people.models import Person

from . import refusals
from .models import (
    CHANNELS,
    FAILED,
    GATEWAY_FIELDS,
    GROUPS,
    WAITING,
    Choice,
    Declined,
    Delivery,
    Gateway,
    House,
    Notice,
)
from .posting import sealed
from .sending import settings_of
from .templates import TRIED

MANAGE = "packs.manage"  # whoever puts practices in force also opens the ways out
_EMAIL = re.compile(r"[^@\s<>\"']{1,64}@[^@\s<>\"']{1,190}\.[^@\s<>\"'.]{2,}")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def mark_read(ids: Collection[int] | None, *, actor: Actor) -> int:
    """Mark the person's own lines as read, all of them when `ids` is None; returns how many were not yet."""
    with db.write():
        rows = Notice.objects.filter(person=actor.person_id, read_at__isnull=True)
        if ids is not None:
            rows = rows.filter(pk__in=list(ids))
        return rows.update(read_at=clock.now())


def open_line(id: int, *, actor: Actor) -> str:
    """The stream a line of the person's list opens; it counts as read. Raises NotFound."""
    stream = Notice.objects.filter(pk=id, person=actor.person_id).values_list("stream", flat=True).first()
    if actor.person_id is None or stream is None:
        raise NotFound(refusals.NOT_FOUND)
    mark_read([id], actor=actor)
    return stream


def choice_of(person_id: int) -> tuple[Choice, str]:
    """How the person wants to be told, the defaults when they never said; and their e-mail address."""
    row = Choice.objects.filter(pk=person_id).first() or Choice(person=person_id)
    return row, crypto.open(row.email, f"choice:{person_id}") if row.email else ""


def choose(given: Mapping[str, Any], *, actor: Actor) -> None:
    """Keep the person's own choice: quiet_from, quiet_until ("22:00"), rest_days, digest, off, email. Raises Invalid."""
    if actor.person_id is None:
        raise NotAllowed()
    wrong: dict[str, Any] = {}
    hours: dict[str, time] = {}
    for name in ("quiet_from", "quiet_until"):
        found = _TIME.fullmatch(str(given.get(name, "")).strip())
        if found is None:
            wrong[name] = _("请写成 22:00 的样子。")
        else:
            hours[name] = time(int(found[1]), int(found[2]))
    email = str(given.get("email") or "").strip()
    if email and not _EMAIL.fullmatch(email):
        wrong["email"] = _("这不像一个邮箱。")
    if wrong:
        raise Invalid(refusals.CHOICE_WRONG, field_errors=wrong)
    person = actor.person_id
    with db.write():
        Choice.objects.update_or_create(
            person=person,
            defaults={
                **hours,
                "rest_days": bool(given.get("rest_days")),
                "digest": bool(given.get("digest")),
                "off": [channel for channel in ("sms", "email") if channel in (given.get("off") or ())],
                "email": crypto.seal(email, f"choice:{person}") if email else None,
            },
        )


def decline(code: str, *, declined: bool = True) -> None:
    """A resident wants no more messages about the matter of this code (or wants them again)."""
    with db.write():
        if declined:
            Declined.objects.get_or_create(code=code, defaults={"at": clock.now()})
        else:
            Declined.objects.filter(code=code).delete()


def has_declined(code: str) -> bool:
    """Whether messages about the matter were declined. One query."""
    return Declined.objects.filter(code=code).exists()


def messages_of(code: str) -> str | None:
    """ "on" or "off": whether the resident of this matter is written to; None when there is no SMS gateway."""
    if not Gateway.objects.filter(channel="sms", enabled=True).exists():
        return None
    return "off" if has_declined(code) else "on"


def retry(id: int, *, actor: Actor) -> bool:
    """Give one failed message all its tries again; False when it is not a failed one."""
    actor.need(MANAGE)
    with db.write():
        row = Delivery.objects.filter(pk=id, state=FAILED)
        Gateway.objects.filter(pk__in=row.values("gateway")).update(rest_until=None)
        return bool(row.update(state=WAITING, attempts=0, run_at=clock.now(), done_at=None, error=""))


def try_out(id: int, *, actor: Actor) -> None:
    """Send a trial message now, whatever the hour: to the group of a robot, else to the actor's own phone or mailbox.

    Raises NotFound, Conflict (it is off), Invalid (the actor left no address). It goes the way of every other message.
    """
    actor.need(MANAGE)
    with db.write():
        row = Gateway.objects.select_for_update().filter(pk=id).first()
        if row is None:
            raise NotFound(refusals.NOT_FOUND)
        if not row.enabled:
            raise Conflict(refusals.TRY_OFF)
        person = None if row.channel in GROUPS else actor.person_id
        if row.channel not in GROUPS and not _reachable(person, row.channel):
            raise Invalid(refusals.TRY_NOWHERE)
        Gateway.objects.filter(pk=id).update(rest_until=None)
        now = clock.now()
        key = f"try:{id}:{secrets.token_hex(8)}"
        Delivery.objects.create(
            key=key, gateway=row, person=person, template=TRIED.name, stream=f"gateway:{id}", words=sealed({}, key),
            urgent=True, run_at=now, created_at=now,
        )  # fmt: skip


def _reachable(person: int | None, channel: str) -> bool:
    if person is None:
        return False
    if channel == "email":
        return Choice.objects.filter(pk=person, email__isnull=False).exists()
    return Person.objects.filter(pk=person, phone_ref__isnull=False).exists()


def set_address(address: str, *, actor: Actor) -> None:
    """The address for links in messages. Raises Invalid."""
    actor.need(MANAGE)
    address = address.strip().rstrip("/")
    if address and not _is_url(address):
        raise Invalid(refusals.GATEWAY_WRONG, field_errors={"address": _("请写成 https://… 的样子。")})
    with db.write():
        House.objects.update_or_create(pk=1, defaults={"address": address})


def set_gateway(id: int | None, given: Mapping[str, Any], *, actor: Actor) -> int:
    """Open a way out, or change one; a secret left empty stays as it was. Returns its id. Raises Invalid, NotFound.

    `given`: channel, title, place_id, organisation_id, enabled, url, secret, host, port, user, from, security, templates.
    The event says what changed, never an address or a secret.
    """
    actor.need(MANAGE)
    with db.write():
        row = None
        if id is not None:
            row = Gateway.objects.select_for_update().filter(pk=id).first()
            if row is None:
                raise NotFound(refusals.NOT_FOUND)
        before = settings_of(row) if row else {}
        settings, wrong = _settings(row.channel if row else str(given.get("channel")), given, before)
        if wrong:
            raise Invalid(refusals.GATEWAY_WRONG, field_errors=wrong)
        if row is None:
            (new,) = new_ids(Gateway, 1)
            row = Gateway(pk=new, channel=given["channel"], event_seq=0, event_hash=b"")
        row.title = " ".join(str(given.get("title") or "").split())[:40] or row.channel
        row.place_id, row.organisation_id = given.get("place_id"), given.get("organisation_id")
        row.enabled, row.rest_until = bool(given.get("enabled", True)), None
        row.settings = crypto.seal(json.dumps(settings, ensure_ascii=False), f"gateway:{row.pk}")
        head = events.GENESIS if not row.event_seq else events.Head(row.event_seq, bytes(row.event_hash))
        patch = {name: getattr(row, name) for name in GATEWAY_FIELDS}
        stream = f"gateway:{row.pk}"
        head = events.record(stream, "gateway.set", actor=actor, patch=patch, head=head)
        row.event_seq, row.event_hash = head.seq, head.hash
        row.save(force_insert=head.seq == 1)
    return row.pk


def _settings(
    channel: str, given: Mapping[str, Any], before: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    wrong: dict[str, Any] = {}
    if channel not in CHANNELS:
        return {}, {"channel": _("请从列表里选一种。")}
    found: dict[str, Any] = {"secret": str(given.get("secret") or "").strip() or before.get("secret", "")}
    if channel == "email":
        for name in ("host", "user", "from"):
            found[name] = str(given.get(name) or "").strip()
        found["security"] = "none" if given.get("security") == "none" else "tls"
        port = str(given.get("port") or "465").strip()
        if not port.isdigit() or not 0 < int(port) < 65536:
            wrong["port"] = _("端口是 1 到 65535 的数。")
        found["port"] = int(port) if port.isdigit() else 465
        if not found["host"]:
            wrong["host"] = _("这一项要填。")
        if not _EMAIL.fullmatch(found["from"]):
            wrong["from"] = _("这不像一个邮箱。")
        return found, wrong
    found["url"] = str(given.get("url") or "").strip() or before.get("url", "")
    if not _is_url(found["url"]):
        wrong["url"] = _("请写成 https://… 的样子。")
    if channel == "sms":
        found["templates"] = _templates(str(given.get("templates") or ""))
        if not found["templates"]:
            wrong["templates"] = _("每行写一个：提醒名=模板号；所有提醒共用一个就写 *=模板号。")
    assert channel in GROUPS or channel == "sms"
    return found, wrong


def _templates(lines: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in lines.splitlines() if "=" in line)
    return {name.strip(): code.strip() for name, _sep, code in pairs if name.strip() and code.strip()}


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and len(text) <= 500
    except ValueError:
        return False
