"""Signing in: the same words and the same time whether an account exists, and a lock that outlives restarts.

An attempt is counted *before* the password is looked at, so that many guesses at once are not more than
many guesses in a row; success takes the count away again. docs/rules/secrets.md
"""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from gezhi.foundation import db, events
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid
from gezhi.foundation.events import Head
from gezhi.foundation.events.log import tail

from . import crypto, refusals, second_factor, sittings
from .actor import Actor, system
from .models import Person, SignInGuard
from .persons import end_sessions, normal_username, set_password
from .records import PersonInfo
from .snapshot import directory

LOCK = timedelta(minutes=15)
ACCOUNT_FAILURES = 5
# Gentler: a whole office often shares one address.
ADDRESS_FAILURES = 50
_SESSION_PERSON, _SESSION_EPOCH, _SESSION_BEGAN, _SESSION_SEEN = "person", "person_epoch", "began", "seen"
_HALF = "half"
HALF_LIFE = 600  # seconds
# How often a session in use is noted at most: a page that is only read writes nothing in between.
SEEN_EVERY = timedelta(minutes=5)


def sign_in(username: str, password: str, *, ip: str = "", otp: str = "") -> PersonInfo:
    """The person with this name and password, and with a second factor this code. Starts no session:
    `start_session` or `issue_token` do.

    Raises as `first_step` and `second_step`; SignInNeeded sign_in.otp_needed when the code is missing.
    """
    person = first_step(username, password, ip=ip)
    if person.second_factor:
        if not otp.strip():
            raise refusals.OTP_NEEDED()
        second_step(person, otp, ip=ip)
    return person


def first_step(username: str, password: str, *, ip: str = "") -> PersonInfo:
    """The person with this name and password; one with a second factor has not signed in yet.

    Raises SignInNeeded sign_in.wrong (nothing says which of the two was wrong, or that the person has been
    deactivated), TooMany sign_in.locked after 5 failures on the account, or 50 from the address, within
    15 minutes. Both write what they counted before they raise.
    """
    name = username.strip().lower()
    account, address = _guards(name, ip)
    _count_try(account, address, ip)
    person = _person_named(name)
    right = check_password(password, person.password if person and person.password else _nobody())
    if person is None or not right or not person.active or not person.password:
        _note_failure(person, account, address)
        raise refusals.WRONG_SIGN_IN()
    with db.write():
        if ip:
            _uncount(address, ADDRESS_FAILURES)
        if person.second_factor:
            # Failures stay counted until the code is right too: the password must not buy more guesses of it.
            _uncount(account, ACCOUNT_FAILURES)
        else:
            SignInGuard.objects.filter(key=account).delete()
            _record(person.pk, "person.signed_in", {"@from": address.hex() if ip else ""})
    return directory().person(person.pk)


def second_step(person: PersonInfo, given: str, *, ip: str = "") -> str:
    """Use up a code of a person who gave the right password; returns "app" or "recovery".

    Raises SignInNeeded sign_in.otp_wrong (wrong, or used before), TooMany sign_in.locked: counted with the passwords.
    """
    return _use_code(person, given, ip, signed_in=True)


def check_code(person: PersonInfo, given: str, *, ip: str = "") -> str:
    """`second_step` for somebody who is signed in and changes their own account: nobody signs in by it."""
    return _use_code(person, given, ip, signed_in=False)


def confirm_factor(person: PersonInfo, given: str) -> tuple[str, ...]:
    """`second_factor.confirm` at this moment."""
    return second_factor.confirm(person, given, seconds=_real_now())


def sessions_of(person: PersonInfo, *, here: str | None = None) -> list[sittings.Seated]:
    """`sittings.of` at this moment."""
    return sittings.of(person, now=_real_now(), here=here)


def _use_code(person: PersonInfo, given: str, ip: str, *, signed_in: bool) -> str:
    account, address = _guards(person.username or "", ip)
    _count_try(account, address, ip)
    with db.write():
        how = second_factor.take(person.id, given, seconds=_real_now())
        if how:
            SignInGuard.objects.filter(key=account).delete()
            if ip:
                _uncount(address, ADDRESS_FAILURES)
            if signed_in:
                _record(person.id, "person.signed_in", {"@from": address.hex() if ip else "", "@with": how})
    if not how:
        _note_failure(Person.objects.get(pk=person.id), account, address)
        raise refusals.OTP_WRONG()
    return how


def _guards(name: str, ip: str) -> tuple[bytes, bytes]:
    return crypto.blind("sign-in account", name), crypto.blind("sign-in address", ip)


def _count_try(account: bytes, address: bytes, ip: str) -> None:
    """Count before looking. Raises TooMany sign_in.locked."""
    with db.write():
        now = clock.now()
        locked = max(
            _count(account, ACCOUNT_FAILURES, now),
            _count(address, ADDRESS_FAILURES, now) if ip else now,
        )
    if locked > now:
        raise refusals.LOCKED(
            retry_after=ceil((locked - now).total_seconds()), minutes=ceil((locked - now).total_seconds() / 60)
        )


def change_password(person: PersonInfo, old: str, new: str, *, ip: str = "") -> PersonInfo:
    """Replace one's own password after giving the old one; other sessions end. Returns the person as now.

    Raises SignInNeeded sign_in.wrong, TooMany sign_in.locked (wrong tries count as at signing in), Invalid
    password.weak, password.same.
    """
    first_step(person.username or "", old, ip=ip)
    if old == new:
        raise refusals.PASSWORD_SAME()
    set_password(person.id, new, actor=Actor(kind="staff", person_id=person.id, name=person.name_public))
    return directory().person(person.id)


def start_session(request: HttpRequest, person: PersonInfo, *, device: str = "", ip: str = "") -> None:
    """Begin a session under a new key, so that one prepared by somebody else is worth nothing.

    `device`: what the person will recognise it by; of the address only a masked form is kept.
    """
    with db.write():
        began = int(_real_now())
        _fresh(request)
        request.session[_SESSION_PERSON] = person.id
        request.session[_SESSION_EPOCH] = person.session_epoch
        request.session[_SESSION_BEGAN] = request.session[_SESSION_SEEN] = began
        request.session.save()
        sittings.note(request.session.session_key or "", person, device, ip, began)


def start_half(request: HttpRequest, person: PersonInfo) -> None:
    """Remember, under a new key, who gave the right password and still owes a code. It opens nothing."""
    with db.write():
        _fresh(request)
        request.session[_HALF] = [person.id, person.session_epoch, int(_real_now())]
        request.session.save()


def half_signed(request: HttpRequest) -> PersonInfo:
    """Who owes a code in this session. Raises SignInNeeded sign_in.half_over: nobody, or ten minutes have passed."""
    id_, epoch, began = request.session.get(_HALF) or (0, 0, 0)
    person = directory().persons.get(id_)
    if person is None or not person.active or person.session_epoch != epoch or _real_now() - began > HALF_LIFE:
        raise refusals.HALF_OVER()
    return person


def began_lately(request: HttpRequest) -> bool:
    """Whether this session began within ten minutes: then the password need not be asked again."""
    began = request.session.get(_SESSION_BEGAN)
    return isinstance(began, int) and _real_now() - began <= HALF_LIFE


def _fresh(request: HttpRequest) -> None:
    language = request.session.get("lang")
    sittings.forget(request.session.session_key)
    request.session.flush()
    if language:
        request.session["lang"] = language


def sign_out(request: HttpRequest) -> None:
    """End the session; nothing of it stays. Signing out twice is fine."""
    person = current_person(request)
    with db.write():
        if person is not None:
            _record(person.id, "person.signed_out", {})
        sittings.forget(request.session.session_key)
        request.session.flush()


def sign_out_everywhere(person: PersonInfo) -> None:
    """End every session and token of one's own, this one too."""
    end_sessions(person.id, actor=Actor(kind="staff", person_id=person.id, name=person.name_public))


def current_person(request: HttpRequest) -> PersonInfo | None:
    """Who is signed in: None when nobody is, when the password changed or the person left meanwhile, when the session
    is older than GEZHI_SESSION_HOURS, or was not used for GEZHI_IDLE_MINUTES (it is noted every five minutes at most)."""
    person_id = request.session.get(_SESSION_PERSON)
    person = directory().persons.get(person_id or 0)
    if person is None or not person.active or person.session_epoch != request.session.get(_SESSION_EPOCH):
        return None
    return None if _lapsed(request.session) else person


def _lapsed(session: SessionBase) -> bool:
    """Whether the session is over; one in use is noted."""
    began, seen = session.get(_SESSION_BEGAN), session.get(_SESSION_SEEN)
    if not isinstance(began, int) or not isinstance(seen, int):
        return False  # begun before sessions were noted: its cookie ends it
    now = _real_now()
    if now - began > settings.GEZHI_SESSION_HOURS * 3600 or now - seen > settings.GEZHI_IDLE_MINUTES * 60:
        return True
    if now - seen > min(SEEN_EVERY.total_seconds(), settings.GEZHI_IDLE_MINUTES * 30):
        session[_SESSION_SEEN] = int(now)
    return False


def _real_now() -> float:
    # Not the demo's clock: whoever moves it forward should not be signed out by it.
    return time.time()


def locked_until(person: PersonInfo) -> datetime | None:
    """Until when the account is locked; None when it is not."""
    key = crypto.blind("sign-in account", person.username or "")
    until = SignInGuard.objects.filter(key=key).values_list("locked_until", flat=True).first()
    return until if until is not None and until > clock.now() else None


def unlock(person_id: int, *, actor: Actor) -> None:
    """Take a person's lock away. Raises NotAllowed, NotFound people.no_person."""
    actor.need("people.manage")
    person = directory().person(person_id)
    with db.write():
        SignInGuard.objects.filter(key=crypto.blind("sign-in account", person.username or "")).delete()
        _record(person_id, "person.unlocked", {}, actor)


def forget_old_failures() -> int:
    """Drop counts that no longer matter; returns how many."""
    with db.write():
        return SignInGuard.objects.filter(first_at__lt=clock.now() - 2 * LOCK).delete()[0]


def _count(key: bytes, most: int, now: datetime) -> datetime:
    """Count an attempt; returns until when the key is locked (now or earlier = it is not)."""
    guard = None
    while guard is None:  # a sign-in beside this one takes the row away as it succeeds
        SignInGuard.objects.bulk_create([SignInGuard(key=key, first_at=now)], ignore_conflicts=True)
        guard = SignInGuard.objects.select_for_update().filter(key=key).first()
    if guard.locked_until and guard.locked_until > now:
        return guard.locked_until
    if guard.locked_until or now - guard.first_at > LOCK:
        guard.failures, guard.first_at, guard.locked_until = 0, now, None
    guard.failures += 1
    if guard.failures >= most:
        guard.locked_until = now + LOCK  # this attempt is still answered; the next one is not
    guard.save()
    return now


def _uncount(key: bytes, most: int) -> None:
    guard = SignInGuard.objects.select_for_update().filter(key=key).first()
    if guard is not None:
        guard.failures = max(0, guard.failures - 1)
        if guard.failures < most:
            guard.locked_until = None
        guard.save()


def _note_failure(person: Person | None, account: bytes, address: bytes) -> None:
    """A lock is an event; single failures only count, or anybody could fill the log."""
    with db.write():
        guard = SignInGuard.objects.filter(key=account).first()
        if guard is None or guard.failures != ACCOUNT_FAILURES:
            return
        patch = {"@from": address.hex()}
        if person is not None:
            _record(person.pk, "person.sign_in_locked", patch)
        else:
            stream = f"sign-in:{account.hex()[:24]}"
            events.record(stream, "sign_in.locked", actor=system("sign-in"), head=tail(stream), patch=patch)


def _record(person_id: int, kind: str, patch: dict, actor: Actor | None = None) -> None:
    person = Person.objects.select_for_update().get(pk=person_id)
    actor = actor or Actor(kind="staff", person_id=person_id, name=person.name_public)
    head = Head(person.event_seq, bytes(person.event_hash))
    head = events.record(f"person:{person_id}", kind, actor=actor, head=head, patch=patch)
    Person.objects.filter(pk=person_id).update(event_seq=head.seq, event_hash=head.hash)


def _person_named(name: str) -> Person | None:
    try:
        return Person.objects.filter(username=normal_username(name)).first()
    except Invalid:
        return None


@lru_cache(maxsize=1)
def _nobody() -> str:
    """A hash nobody has the password of, so that an unknown name costs as much time as a known one."""
    return make_password(secrets.token_urlsafe(32))
