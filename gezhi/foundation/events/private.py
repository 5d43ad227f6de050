"""Personal text beside the log: kept encrypted, read by id, erased for good."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.transaction import TransactionManagementError

from gezhi.foundation import db
from gezhi.foundation.errors import Invalid, NotFound, Refusal, Unavailable
from gezhi.foundation.people import crypto

from . import erasures, folding
from .chain import Head, PrivateRef, private_hash
from .log import REASON_LIMIT, Doer, record, tail
from .models import Private

__all__ = [
    "PrivateRef", "SealedText", "ask_to_keep", "erase", "held", "keep", "keep_many", "on_erase", "read_private",
    "seal_texts",
]  # fmt: skip

Hook = Callable[[str, tuple[str, ...]], object]
_hooks: list[Hook] = []
BULK = 2_000
# So many texts one act keeps at most; more come from an import.
_FEW = 4
_ONE = "INSERT INTO events_private (id, stream, name, salt, blob) VALUES (%s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class SealedText:
    """A text encrypted and not yet stored; `digest` is what the chain will carry."""

    stream: str
    name: str
    salt: bytes
    blob: bytes
    digest: str


def keep(stream: str, texts: Mapping[str, str]) -> dict[str, PrivateRef]:
    """Encrypt and store texts of one stream (one INSERT for all); returns name -> reference for the patch.

    Raises Invalid `private.unfit` for text that is no valid Unicode, TransactionManagementError
    outside a write.
    """
    return {name: ref for (_stream, name), ref in _store(seal_texts(stream, texts)).items()}


def seal_texts(stream: str, texts: Mapping[str, str]) -> list[SealedText]:
    """The first half of `keep`, for before the write lock is taken: nothing is stored. Raises Invalid `private.unfit`."""
    return [_sealed(stream, name, text) for name, text in texts.items()]


def ask_to_keep(sealed: Sequence[SealedText]) -> Callable[[], dict[str, PrivateRef]]:
    """The second half of `keep`: one INSERT for few texts of one stream; the references are there when called for.

    Raises TransactionManagementError outside a write.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("Private text is kept inside db.write(), with the event that names it.")
    if connection.vendor == "postgresql":
        ids = db.ids_ahead(Private, len(sealed))

        def kept() -> dict[str, PrivateRef]:
            for id, one in zip(ids, sealed, strict=True):
                db.tell(_ONE, [id, one.stream, one.name, one.salt, one.blob])
            return {one.name: PrivateRef(id, one.digest) for id, one in zip(ids, sealed, strict=True)}

        return kept
    answer = db.ask(*_insertion(sealed))
    return lambda: {name: ref for (_stream, name), ref in _refs(sealed, answer()).items()}


def keep_many(texts: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], PrivateRef]:
    """`keep` for many streams: (stream, name, text) -> {(stream, name): ref}; one INSERT per 2,000 texts."""
    return _store([_sealed(stream, name, text) for stream, name, text in texts])


def _sealed(stream: str, name: str, text: str) -> SealedText:
    salt = secrets.token_bytes(16)
    try:
        blob = crypto.seal(text, aad(stream, name))
    except UnicodeEncodeError as error:
        raise Invalid("private.unfit", stream=stream, name=name) from error
    return SealedText(stream, name, salt, blob, private_hash(salt, text))


def _store(sealed: Sequence[SealedText]) -> dict[tuple[str, str], PrivateRef]:
    if not connection.in_atomic_block:
        raise TransactionManagementError("Private text is kept inside db.write(), with the event that names it.")
    kept: dict[tuple[str, str], PrivateRef] = {}
    with db.prepared() if len(sealed) <= _FEW else connection.cursor() as cursor:
        for start in range(0, len(sealed), BULK):
            part = sealed[start : start + BULK]
            cursor.execute(*_insertion(part))
            kept |= _refs(part, cursor.fetchall())
    return kept


def _insertion(sealed: Sequence[SealedText]) -> tuple[str, list[Any]]:
    rows = ", ".join(["(%s, %s, %s, %s)"] * len(sealed))
    sql = f"INSERT INTO events_private (stream, name, salt, blob) VALUES {rows} RETURNING id, salt"
    return sql, [value for one in sealed for value in (one.stream, one.name, one.salt, one.blob)]


def _refs(sealed: Sequence[SealedText], answer: Iterable[Sequence[Any]]) -> dict[tuple[str, str], PrivateRef]:
    # Neither database promises the order of RETURNING; the salt says which row it is.
    by_salt = {one.salt: one for one in sealed}
    found = [(by_salt[bytes(salt)], id_) for id_, salt in answer]
    return {(one.stream, one.name): PrivateRef(id_, one.digest) for one, id_ in found}


def read_private(ids: Collection[int]) -> dict[int, str | None]:
    """Texts by id, in one SELECT. None = no longer held: lawfully erased (anything else, verify reports).

    Raises Unavailable `private.unreadable` for a text that was altered or whose key is missing.
    """
    texts: dict[int, str | None] = dict.fromkeys(ids)
    if not texts:
        return texts
    for id_, stream, name, blob in Private.objects.filter(id__in=texts).values_list("id", "stream", "name", "blob"):
        try:
            texts[id_] = crypto.open(bytes(blob), aad(stream, name))
        except Refusal as error:
            raise Unavailable("private.unreadable", stream=stream, name=name) from error
    return texts


def held(ids: Collection[int]) -> set[int]:
    """Which of the texts are still there, without opening them. One SELECT."""
    return set(Private.objects.filter(id__in=list(ids)).values_list("id", flat=True)) if ids else set()


def aad(stream: str, name: str) -> bytes:
    """Ties a sealed text to its place: a blob copied to another row does not open there."""
    return f"private:{stream}:{name}".encode()


def on_erase(hook: Hook) -> Hook:
    """Have `hook(stream, names)` called inside the erasing transaction, for search index, files and copies.

    It deletes rows at once; what is no database row (files) it deletes in `db.after_commit`. May be used
    as a decorator; the same hook is called once.
    """
    if hook not in _hooks:
        _hooks.append(hook)
    return hook


def erase(stream: str, names: Collection[str] | None = None, *, actor: Doer, ground: str) -> Head:
    """Erase private texts of a stream for ever: all, or those with these names. Returns the new head.

    Deletes rows and salts, appends `erased` (ids, names and ground, no text), moves the head in the
    registered state row, tells the `on_erase` hooks. After the commit it journals the ids outside the
    database and has the database drop the remains (`erasures.flush_erased`).

    Raises Invalid `erase.ground` (needs 2 to 200 characters), NotFound `erase.nothing`, Conflict
    `event.stale`.
    """
    ground = ground.strip()
    if not 2 <= len(ground) <= REASON_LIMIT:
        raise Invalid("erase.ground")
    with db.write():
        head = _locked_head(stream)
        doomed = Private.objects.filter(stream=stream)
        if names is not None:
            doomed = doomed.filter(name__in=list(names))
        found = list(doomed.order_by("id").values_list("id", "name"))
        if not found:
            raise NotFound("erase.nothing", stream=stream)
        ids = [id_ for id_, _ in found]
        gone = tuple(sorted({name for _, name in found}))
        Private.objects.filter(id__in=ids).delete()
        for hook in _hooks:
            hook(stream, gone)
        head = record(
            stream,
            "erased",
            actor=actor,
            head=head,
            patch={"@erased": {"ids": ids, "names": list(gone)}},
            reason=ground,
        )
        _move_head(stream, head)
        erasures.begin_erasing()
        db.after_commit(erasures.after_erasing)
    return head


def _locked_head(stream: str) -> Head:
    state, pk = _state_of(stream)
    if state is not None:
        row = state.model._default_manager.select_for_update().filter(pk=pk).values_list("event_seq", "event_hash")
        for seq, digest in row:
            return Head(seq, bytes(digest))
    return tail(stream)


def _move_head(stream: str, head: Head) -> None:
    state, pk = _state_of(stream)
    if state is not None:
        state.model._default_manager.filter(pk=pk).update(event_seq=head.seq, event_hash=head.hash)


def _state_of(stream: str):
    prefix, _, pk = stream.partition(":")
    return folding.STATES.get(prefix), pk
