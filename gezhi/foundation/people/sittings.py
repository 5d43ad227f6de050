"""Where one is signed in: sessions of the pages and tokens of the API, to look through and to end one by one."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.contrib.sessions.models import Session

from gezhi.foundation import db
from gezhi.foundation.calendar import clock

from . import refusals
from .models import Sitting, Token
from .records import PersonInfo


class Seated(NamedTuple):
    """One session. `here`: the one that asks; `seen_at` is noted every five minutes at most."""

    id: int
    device: str
    address: str
    began_at: datetime
    seen_at: datetime
    here: bool


def mask_address(ip: str) -> str:
    """Enough to know one's own place by: 10.0.3.7 -> 10.0.3.*, 2001:db8:1:2::5 -> 2001:db8:1:*; "" for none."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    if address.version == 4:
        return str(address).rpartition(".")[0] + ".*"
    return ":".join(str(part) for part in _groups(str(address.exploded))[:3]) + ":*"


def _groups(exploded: str) -> list[str]:
    return [group.lstrip("0") or "0" for group in exploded.split(":")]


def note(session_key: str, person: PersonInfo, device: str, ip: str, began: float) -> None:
    """Inside a write: a session has begun."""
    Sitting.objects.create(
        person_id=person.id,
        session_key=session_key,
        session_epoch=person.session_epoch,
        device=device[:60],
        address=mask_address(ip),
        began_at=datetime.fromtimestamp(began, UTC),
    )


def forget(session_key: str | None) -> None:
    """Inside a write: a session has ended."""
    if session_key:
        Sitting.objects.filter(session_key=session_key).delete()


def of(person: PersonInfo, *, now: float, here: str | None = None) -> list[Seated]:
    """A person's sessions that still open something, the newest first (two queries). `now`: machine time."""
    rows = list(Sitting.objects.filter(person_id=person.id, session_epoch=person.session_epoch).order_by("-began_at"))
    kept = {row.session_key: row for row in Session.objects.filter(session_key__in=[row.session_key for row in rows])}
    found = []
    for row in rows:
        data = kept[row.session_key].get_decoded() if row.session_key in kept else {}
        began, seen = data.get("began"), data.get("seen")
        if not isinstance(began, int) or not isinstance(seen, int):
            continue
        if now - began > settings.GEZHI_SESSION_HOURS * 3600 or now - seen > settings.GEZHI_IDLE_MINUTES * 60:
            continue
        seen_at = datetime.fromtimestamp(seen, UTC)
        found.append(Seated(row.pk, row.device, row.address, row.began_at, seen_at, row.session_key == here))
    return found


def end(person: PersonInfo, sitting_id: int) -> None:
    """End one session of one's own. Raises NotFound sign_in.no_session, also for somebody else's."""
    from .signin import _record

    with db.write():
        row = Sitting.objects.filter(pk=sitting_id, person_id=person.id).first()
        if row is None:
            raise refusals.NO_SITTING()
        Session.objects.filter(session_key=row.session_key).delete()
        row.delete()
        _record(person.id, "person.session_ended", {})


def tokens_of(person: PersonInfo) -> list[Token]:
    """A person's tokens that still open something, the newest first."""
    mine = Token.objects.filter(person_id=person.id, session_epoch=person.session_epoch, revoked_at=None)
    return list(mine.filter(expires_at__gt=clock.now()).order_by("-created_at"))


def end_token(person: PersonInfo, token_id: int) -> None:
    """Revoke one token of one's own. Raises NotFound sign_in.no_session, also for somebody else's."""
    from .signin import _record

    with db.write():
        mine = Token.objects.filter(pk=token_id, person_id=person.id, revoked_at=None)
        if not mine.update(revoked_at=clock.now()):
            raise refusals.NO_SITTING()
        _record(person.id, "person.token_revoked", {})


def forget_over(now: float) -> int:
    """Drop what is too old to open anything, sessions of Django with it; returns how many sittings."""
    with db.write():
        limit = datetime.fromtimestamp(now, UTC) - timedelta(hours=settings.GEZHI_SESSION_HOURS)
        Session.objects.filter(expire_date__lt=datetime.fromtimestamp(now, UTC)).delete()
        return Sitting.objects.filter(began_at__lt=limit).delete()[0]
