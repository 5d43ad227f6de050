"""Bearer tokens for the API. The table keeps hashes only: whoever reads it can open nothing with it."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from gezhi.foundation import db
from gezhi.foundation.calendar import clock

from . import refusals
from .models import Token
from .records import PersonInfo
from .second_factor import unfinished
from .sittings import mask_address
from .snapshot import directory

LIFE = timedelta(hours=12)


class Issued(NamedTuple):
    """A token just made: `secret` is shown this once."""

    secret: str
    expires_at: datetime


def issue_token(person: PersonInfo, *, device: str = "", ip: str = "") -> Issued:
    """A new token for a person who has just signed in; it lives 12 hours.

    Raises SignInNeeded password.must_change while the password is a one-time one, factor.must_set while the person's
    post must have a second factor and the person has none.
    """
    if lacking := unfinished(person):
        raise refusals.MUST_CHANGE() if lacking == "password" else refusals.FACTOR_MUST_SET()
    secret = secrets.token_urlsafe(32)
    with db.write():
        now = clock.now()
        Token.objects.filter(expires_at__lt=now - LIFE).delete()
        token = Token.objects.create(
            hash=_hash(secret),
            person_id=person.id,
            session_epoch=person.session_epoch,
            created_at=now,
            expires_at=now + LIFE,
            device=device[:60],
            address=mask_address(ip),
        )
    return Issued(secret, token.expires_at)


def person_for_token(secret: str) -> PersonInfo:
    """Whose token this is (one SELECT). Raises SignInNeeded token.wrong: unknown, expired or revoked; factor.must_set
    when the person has come to a post since that must have a second factor."""
    row = (
        Token.objects.filter(hash=_hash(secret), revoked_at=None)
        .values_list("person_id", "session_epoch", "expires_at")
        .first()
    )
    if row is None or row[2] <= clock.now():
        raise refusals.TOKEN_WRONG()
    person = directory().persons.get(row[0])
    if person is None or not person.active or person.session_epoch != row[1]:
        raise refusals.TOKEN_WRONG()
    if unfinished(person) == "factor":
        raise refusals.FACTOR_MUST_SET()
    return person


def revoke_token(secret: str) -> None:
    """End a token; one that is unknown or over already is fine."""
    with db.write():
        Token.objects.filter(hash=_hash(secret), revoked_at=None).update(revoked_at=clock.now())


def _hash(secret: str) -> bytes:
    # A token is 256 random bits: nobody guesses it, so a plain hash is enough and costs nothing per request.
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
