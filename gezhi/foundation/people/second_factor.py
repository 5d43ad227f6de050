"""A second proof at signing in: a code of an app on one's phone, or one of ten recovery codes, each good once.

The secret is sealed, recovery codes are kept as keyed hashes; both are seen once, by their owner. Which posts must
have it is a setting (`GEZHI_SECOND_FACTOR`: powers, "all" or "off"); people of a demonstration never must.
docs/rules/secrets.md
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import db
from gezhi.foundation.calendar import clock

from . import crypto, refusals, totp
from .actor import Actor
from .changing import of_persons
from .models import Person, RecoveryCode, SecondFactor
from .persons import _end_sessions, _locked, _store, need_to_manage_person
from .records import PersonInfo
from .snapshot import directory

ISSUER = "格治 Gezhi"
RECOVERY_CODES = 10
# No characters that look alike on paper; ten of them are about 50 bits.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
REASONS = {"lost": _("手机丢了或坏了"), "changed": _("换了手机"), "suspected": _("怀疑被别人用了")}
OFF, ALL = "off", "all"


class Setup(NamedTuple):
    """What the owner's phone needs: `uri` for the QR code, `text` to type in by hand."""

    uri: str
    text: str


def required(person: PersonInfo) -> bool:
    """Whether this person's posts must have it: a power they hold is one of the setting's."""
    rule = settings.GEZHI_SECOND_FACTOR
    if person.synthetic or rule == (OFF,):
        return False
    people = directory()
    seats = (*people.held(person.id), *people.substituted(person.id))
    return any(rule == (ALL,) or not people.posts[people.seats[seat].post].powers.isdisjoint(rule) for seat in seats)


def unfinished(person: PersonInfo) -> str:
    """What a person who gave the right password must do before anything opens: "password", "factor" or ""."""
    if person.must_change:
        return "password"
    return "factor" if not person.second_factor and required(person) else ""


def begin(person: PersonInfo) -> Setup:
    """Make a new secret, not yet asked for. Raises Conflict factor.not_begun when one is in use."""
    secret = secrets.token_bytes(20)
    with db.write():
        row = SecondFactor.objects.select_for_update().filter(person_id=person.id).first()
        if row is not None and row.confirmed_at is not None:
            raise refusals.FACTOR_NOT_BEGUN()
        sealed = crypto.seal_bytes(secret, _aad(person.id))
        SecondFactor.objects.update_or_create(
            person_id=person.id, defaults={"secret": sealed, "begun_at": clock.now(), "last_step": 0}
        )
    return _setup(person, secret)


def begun(person: PersonInfo) -> Setup | None:
    """What was made and waits for its first code; None when nothing does."""
    row = SecondFactor.objects.filter(person_id=person.id, confirmed_at=None).first()
    return None if row is None else _setup(person, _opened(row))


def confirm(person: PersonInfo, given: str, *, seconds: float) -> tuple[str, ...]:
    """The first right code switches it on; returns the recovery codes, this once. Other sessions and tokens end.

    Raises Conflict factor.not_begun, Invalid factor.code_wrong.
    """
    actor = _self(person)
    with of_persons():
        row = SecondFactor.objects.select_for_update().filter(person_id=person.id, confirmed_at=None).first()
        if row is None:
            raise refusals.FACTOR_NOT_BEGUN()
        step = totp.step_of(_opened(row), _plain(given), seconds)
        if step is None:
            raise refusals.FACTOR_CODE_WRONG()
        row.confirmed_at, row.last_step = clock.now(), step
        row.save()
        codes = _new_codes(person.id)
        locked = _locked(person.id)
        locked.second_factor = True
        _end_sessions(locked)
        _store(locked, "person.factor_set", {"second_factor": True, "session_epoch": locked.session_epoch}, actor)
    return codes


def renew_codes(person: PersonInfo) -> tuple[str, ...]:
    """Ten new recovery codes; the old ones open nothing any more. The caller has checked a code."""
    actor = _self(person)
    with of_persons():
        locked = _locked(person.id)
        if not locked.second_factor:
            raise refusals.FACTOR_NONE()
        codes = _new_codes(person.id)
        _store(locked, "person.recovery_renewed", {}, actor)
    return codes


def remove(person: PersonInfo) -> None:
    """Switch one's own off. The caller has checked a code. Raises NotAllowed factor.needed where the post must have it."""
    if required(person):
        raise refusals.FACTOR_NEEDED()
    actor = _self(person)
    with of_persons():
        _drop(_locked(person.id), "person.factor_removed", actor, {})


def replace(person: PersonInfo) -> Setup:
    """Change phones: the old app opens nothing from now on, and a new secret waits for its first code.

    The caller has checked a code. Until the new one is confirmed the password alone signs in, and where the post must
    have the factor it opens nothing but this.
    """
    actor = _self(person)
    with of_persons():
        _drop(_locked(person.id), "person.factor_removed", actor, {})
        return begin(directory().person(person.id))


def reset(person_id: int, *, actor: Actor, reason: str) -> None:
    """Take away the factor of somebody all of whose seats one manages; their sessions end, and they are told.

    Raises NotAllowed factor.not_oneself, Conflict factor.none, Invalid factor.reason, NotFound.
    """
    if reason not in REASONS:
        raise refusals.FACTOR_REASON()
    if actor.kind == "staff" and actor.person_id == person_id:
        raise refusals.FACTOR_NOT_ONESELF()
    with of_persons():
        person = _locked(person_id)
        need_to_manage_person(actor, person_id)
        if not person.second_factor:
            raise refusals.FACTOR_NONE()
        _drop(person, "person.factor_reset", actor, {"@why": reason})


def codes_left(person_id: int) -> int:
    """How many recovery codes have not been used."""
    return RecoveryCode.objects.filter(person_id=person_id, used_at=None).count()


def take(person_id: int, given: str, *, seconds: float) -> str:
    """Inside a write: use up a code. "app", "recovery", or "" when it opens nothing (wrong, or used before)."""
    plain = _plain(given)
    row = SecondFactor.objects.select_for_update().filter(person_id=person_id, confirmed_at__isnull=False).first()
    if row is None or not plain:
        return ""
    step = totp.step_of(_opened(row), plain, seconds)
    if step is not None:
        # Only forwards: the same code, and one of before it, cannot come again.
        used = SecondFactor.objects.filter(person_id=person_id, last_step__lt=step).update(last_step=step)
        return "app" if used else ""
    mine = RecoveryCode.objects.filter(person_id=person_id, hash=_hash(person_id, plain), used_at=None)
    return "recovery" if mine.update(used_at=clock.now()) else ""


def _new_codes(person_id: int) -> tuple[str, ...]:
    RecoveryCode.objects.filter(person_id=person_id).delete()
    codes = tuple("".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES))
    RecoveryCode.objects.bulk_create(RecoveryCode(person_id=person_id, hash=_hash(person_id, code)) for code in codes)
    return tuple(f"{code[:5]}-{code[5:]}" for code in codes)


def _drop(person: Person, kind: str, actor: Actor, told: dict[str, str]) -> None:
    SecondFactor.objects.filter(person_id=person.pk).delete()
    RecoveryCode.objects.filter(person_id=person.pk).delete()
    person.second_factor = False
    _end_sessions(person)
    _store(person, kind, {"second_factor": False, "session_epoch": person.session_epoch, **told}, actor)


def _setup(person: PersonInfo, secret: bytes) -> Setup:
    return Setup(totp.address(secret, person.username or person.name_public, ISSUER), totp.text_of(secret))


def _opened(row: SecondFactor) -> bytes:
    return crypto.open_bytes(row.secret, _aad(row.person_id))


def _aad(person_id: int) -> str:
    return f"person:{person_id}/second factor"


def _hash(person_id: int, code: str) -> bytes:
    return crypto.blind(f"recovery/{person_id}", code)


def _plain(given: str) -> str:
    """As people type it: spaces and dashes between groups, capitals."""
    return "".join(char for char in given.lower() if char.isascii() and char.isalnum())[:20]


def _self(person: PersonInfo) -> Actor:
    return Actor(kind="staff", person_id=person.id, name=person.name_public)
