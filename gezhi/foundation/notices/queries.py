"""Reading notices: the bell, the list, what could not be sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from gezhi.foundation import people
from gezhi.foundation.people import Actor

from . import guards
from .models import FAILED, WAITING, Delivery, Gateway, Notice
from .posting import opened
from .templates import label, template

MOST_COUNTED = 99
PAGE = 50


@dataclass(frozen=True)
class Shown:
    """One line of the list, in the reader's language."""

    id: int
    title: str
    text: str
    stream: str
    urgent: bool
    at: datetime
    read: bool


@dataclass(frozen=True)
class Failure:
    """One message that did not arrive, for whoever minds the gateways: never what it said."""

    id: int
    who: str
    what: str
    gateway: str
    why: str
    attempts: int
    at: datetime
    final: bool


def unread(person_id: int) -> int:
    """How many lines the person has not read, at most 100 (shown as 99+). One query, on an index of unread lines."""
    return Notice.objects.filter(person=person_id, read_at__isnull=True)[: MOST_COUNTED + 1].count()


def inbox(actor: Actor, *, before: int | None = None, size: int = PAGE) -> tuple[list[Shown], int | None]:
    """The person's lines, newest first, and the id to go on from. What they may no longer see is left out."""
    assert actor.person_id is not None
    rows = Notice.objects.filter(person=actor.person_id).order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: size + 1])
    more = found[size - 1].pk if len(found) > size else None
    found = found[:size]
    allowed = guards.allowed({(row.stream, actor.person_id) for row in found})
    lang = "en" if (get_language() or "").startswith("en") else "zh"
    return [_shown(row, lang) for row in found if (row.stream, actor.person_id) in allowed], more


def _shown(row: Notice, lang: str) -> Shown:
    known = template(row.template)
    words = opened(bytes(row.words), row.key)
    said = known.said(words, lang) if known else words.get(lang, {}).get("number", "")
    title = known.headline(lang) if known else row.template
    return Shown(row.pk, title, said, row.stream, row.urgent, row.at, row.read_at is not None)


def failures(limit: int = PAGE) -> list[Failure]:
    """What could not be sent, newest first; then what failed and will be tried again."""
    final = list(Delivery.objects.filter(state=FAILED).select_related("gateway").order_by("-done_at")[:limit])
    trying = list(Delivery.objects.filter(state=WAITING, attempts__gt=0).exclude(error="").select_related("gateway").order_by("run_at")[:limit])  # fmt: skip
    return [_failure(row) for row in (*final, *trying)]


def _failure(row: Delivery) -> Failure:
    directory = people.directory()
    if row.code:
        who = _("居民")
    elif row.person is not None:
        person = directory.persons.get(row.person)
        who = person.name_public if person else ""
    else:
        seat = directory.seats.get(row.seat or 0)
        who = _("{seat}的群").format(seat=seat.label if seat else row.gateway.title)
    final = row.state == FAILED
    return Failure(
        row.pk, who, label(row.template), row.gateway.title, why(row.error), row.attempts,
        (row.done_at if final else row.run_at) or row.created_at, final,
    )  # fmt: skip


def why(code: str) -> str:
    """A delivery's error in words; the code itself when it is the other side's own number."""
    known: dict[str, Any] = {
        "timeout": _("对方没有在时限内回答"),
        "refused": _("连不上对方"),
        "no_template": _("没有填这种提醒的短信模板号"),
        "bad_address": _("通道地址写得不对"),
        "address_refused": _("对方说没有这个收件人"),
        "login_refused": _("账号或密码不对"),
        "tls_missing": _("邮件服务器不支持加密，信没有发"),
        "tls_untrusted": _("邮件服务器的证书不可信，信没有发"),
        "tls_refused": _("和邮件服务器谈不成加密，信没有发"),
        "worker_died": _("发送时程序停了"),
        "fault": _("系统出错，已记在日志里"),
    }
    if code in known:
        return known[code]
    kind, _sep, number = code.partition("_")
    words = {
        "http": _("对方回答 HTTP {number}"),
        "answer": _("对方没有收，回答 {number}"),
        "smtp": _("邮件服务器回答 {number}"),
    }
    return words[kind].format(number=number) if kind in words and number else code


def waiting() -> dict[int, tuple[int, datetime | None]]:
    """Gateway id -> how many messages wait for it, and when the first may go that has not been tried. One query."""
    first = Min("run_at", filter=Q(error=""))  # a second try waits too, but not for the end of the quiet hours
    found = Delivery.objects.filter(state=WAITING).values_list("gateway").annotate(n=Count("id"), first=first)
    return {gateway: (count, first) for gateway, count, first in found}


def last_sent() -> dict[int, datetime]:
    """Gateway id -> when it last took a message. One query."""
    return dict(Delivery.objects.filter(state="sent").values_list("gateway").annotate(at=Max("done_at")))


def last_tried(ids: Iterable[int]) -> dict[int, Delivery]:
    """Gateway id -> the trial message sent last through it. One query."""
    rows = Delivery.objects.filter(stream__in=[f"gateway:{id}" for id in ids]).order_by("id").only("gateway_id", "state", "error", "created_at")  # fmt: skip
    return {row.gateway_id: row for row in rows}


def gateways() -> list[Gateway]:
    """Every gateway, switched on or not."""
    return list(Gateway.objects.order_by("id"))
