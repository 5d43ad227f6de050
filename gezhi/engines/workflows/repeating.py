"""A repeated call answers as the first did: the key of an act is written with it, or nothing is."""

from __future__ import annotations

from collections.abc import Callable

from django.db import IntegrityError

from gezhi.engines.workflows.models import ActionKey, Case
from gezhi.foundation import db
from gezhi.foundation.errors import Conflict


def once(case_id: int, key_hash: bytes | None, body: bytes, act: Callable[[], Case]) -> Case:
    """`act` in one write; when the key was used before, the case as it stands and nothing else.

    Raises Conflict("case.key_reused") when it was used with another body.
    """
    try:
        with db.write():
            return act()
    except IntegrityError:
        done = ActionKey.objects.filter(key=key_hash).first() if key_hash else None
        if done is None:
            raise
    if bytes(done.body) != body:
        raise Conflict("case.key_reused")
    return Case.objects.get(pk=case_id)


def note(case: Case, key_hash: bytes | None, body: bytes) -> None:
    """Write the key of the act that begins here, inside its write; a key used before fails `once`."""
    if key_hash is not None:
        db.insert(ActionKey(key=key_hash, body=body, case_id=case.id, event_seq=case.event_seq + 1))
