"""Secrets: seal and open personal text, blind indexes, derived keys, masking.

A sealed blob is `provider (1 byte) | key id (4) | nonce (12) | ciphertext and tag`; the head and the
caller's `aad` are authenticated too. Two providers: AES-256-GCM, and SM4-GCM where national algorithms
are required (`GEZHI_CIPHER=sm4-gcm`). Changing the setting or rotating the key leaves old blobs readable,
because each names its provider and its key. docs/rules/secrets.md
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from django.conf import settings

from . import keys, refusals
from .personal import (
    mask_identity,
    mask_name,
    mask_phone,
    normalise_identity,
    normalise_name,
    normalise_phone,
)

__all__ = [
    "blind",
    "derived_key",
    "mask_identity",
    "mask_name",
    "mask_phone",
    "needs_reseal",
    "normalise_identity",
    "normalise_name",
    "normalise_phone",
    "open",
    "open_bytes",
    "reseal",
    "seal",
    "seal_bytes",
]

_HEAD = 17
_TAG = 16


class Provider(Protocol):
    """What a cipher must offer; `mark` is the first byte of its blobs and never changes."""

    mark: int

    def seal(self, secret: bytes, nonce: bytes, text: bytes, aad: bytes) -> bytes: ...

    def open(self, secret: bytes, nonce: bytes, body: bytes, aad: bytes) -> bytes:
        """Raises cryptography's InvalidTag when anything was altered."""
        ...


class AesGcm:
    """AES-256 in Galois counter mode."""

    mark = 1

    def seal(self, secret: bytes, nonce: bytes, text: bytes, aad: bytes) -> bytes:
        return _aes(secret).encrypt(nonce, text, aad)

    def open(self, secret: bytes, nonce: bytes, body: bytes, aad: bytes) -> bytes:
        return _aes(secret).decrypt(nonce, body, aad)


class Sm4Gcm:
    """SM4 (GB/T 32907) in Galois counter mode; its 16-byte key is derived from the key file's 32."""

    mark = 2

    def seal(self, secret: bytes, nonce: bytes, text: bytes, aad: bytes) -> bytes:
        cipher = Cipher(SM4(_derive(secret, b"sm4", 16)), modes.GCM(nonce)).encryptor()
        cipher.authenticate_additional_data(aad)
        return cipher.update(text) + cipher.finalize() + cipher.tag

    def open(self, secret: bytes, nonce: bytes, body: bytes, aad: bytes) -> bytes:
        body, tag = body[:-_TAG], body[-_TAG:]
        cipher = Cipher(SM4(_derive(secret, b"sm4", 16)), modes.GCM(nonce, tag)).decryptor()
        cipher.authenticate_additional_data(aad)
        return cipher.update(body) + cipher.finalize()


PROVIDERS: dict[str, Provider] = {"aes-gcm": AesGcm(), "sm4-gcm": Sm4Gcm()}
_BY_MARK = {provider.mark: provider for provider in PROVIDERS.values()}


@dataclass
class _Ring:
    """The keys of one directory, read again when a file is added."""

    directory: Path
    stamp: int = -1
    current: keys.DataKey | None = None
    by_id: dict[bytes, keys.DataKey] = field(default_factory=dict)

    def refresh(self) -> None:
        found = keys.data_keys(self.directory)
        self.by_id = {key.id: key for key in found}
        self.current = found[-1]
        self.stamp = keys.stamp(self.directory)


_rings: dict[str, _Ring] = {}  # by the directory as it is set: comparing paths costs more than asking the disk
_ring_lock = threading.Lock()


def _ring() -> _Ring:
    directory = os.fspath(settings.GEZHI_KEYS)
    ring = _rings.get(directory)
    if ring is None or ring.stamp != keys.stamp(directory):
        with _ring_lock:
            ring = _rings.setdefault(directory, _Ring(Path(directory)))
            ring.refresh()
    return ring


def _provider() -> Provider:
    name = getattr(settings, "GEZHI_CIPHER", None) or os.environ.get("GEZHI_CIPHER", "aes-gcm")
    if name not in PROVIDERS:
        raise refusals.CIPHER_UNKNOWN(name=name, known="、".join(PROVIDERS))
    return PROVIDERS[name]


def seal(text: str, aad: bytes | str = b"") -> bytes:
    """Encrypt `text` under the newest key. `aad` ties the blob to its row; open() needs the same."""
    return seal_bytes(text.encode(), aad)


def seal_bytes(plain: bytes, aad: bytes | str = b"") -> bytes:
    """seal() for bytes, such as photos; open_bytes() reads them."""
    ring, provider = _ring(), _provider()
    key = ring.current
    assert key is not None  # refresh() always leaves one
    head = bytes([provider.mark]) + key.id + os.urandom(12)
    return head + provider.seal(key.secret, head[5:], plain, head[:5] + _bytes(aad))


def open(blob: bytes | memoryview, aad: bytes | str = b"") -> str:
    """Decrypt what seal() made. Raises Unavailable secret.key_missing, Conflict secret.altered."""
    return open_bytes(blob, aad).decode()


def open_bytes(blob: bytes | memoryview, aad: bytes | str = b"") -> bytes:
    """open() for what seal_bytes() made; raises the same."""
    blob = bytes(blob)
    provider = _BY_MARK.get(blob[0]) if len(blob) >= _HEAD + _TAG else None
    if provider is None:
        raise refusals.SECRET_ALTERED()
    key = _key(blob[1:5])
    try:
        return provider.open(key.secret, blob[5:_HEAD], blob[_HEAD:], blob[:5] + _bytes(aad))
    except InvalidTag as error:
        raise refusals.SECRET_ALTERED() from error


def needs_reseal(blob: bytes | memoryview) -> bool:
    """Whether the blob was made with an older key or another provider than seal() uses now."""
    current = _ring().current
    return current is None or bytes(blob[:5]) != bytes([_provider().mark]) + current.id


def reseal(blob: bytes | memoryview, aad: bytes | str = b"") -> bytes:
    """The same text under the newest key; raises as open()."""
    return seal(open(blob, aad), aad)


_NORMALISERS: dict[str, Callable[[str], str]] = {
    "phone": normalise_phone,
    "identity": normalise_identity,
    "name": normalise_name,
}


def blind(kind: str, value: str) -> bytes:
    """16 bytes that are equal for equal values of one kind, and say nothing without the index key.

    Kinds `phone`, `identity` and `name` are normalised first and raise Invalid (phone.wrong,
    identity.wrong) when they are none; any other kind takes the text as it is.
    """
    if normaliser := _NORMALISERS.get(kind):
        try:
            value = normaliser(value)
        except ValueError as error:
            raise refusals.WRONG[kind]() from error
    digest = hmac.new(derived_key(f"blind/{kind}"), value.encode(), hashlib.sha256)
    return digest.digest()[:16]


def derived_key(purpose: str) -> bytes:
    """32 bytes for another room's own use (search index, download links); stable for one installation."""
    return _derive(_index_secret(os.fspath(settings.GEZHI_KEYS)), purpose.encode(), 32)


@lru_cache(maxsize=8)
def _index_secret(directory: str) -> bytes:  # comparing paths costs more than comparing their texts
    return keys.index_secret(Path(directory))


@lru_cache(maxsize=64)
def _derive(secret: bytes, purpose: bytes, length: int) -> bytes:
    return hmac.new(secret, b"gezhi/" + purpose, hashlib.sha256).digest()[:length]


@lru_cache(maxsize=16)
def _aes(secret: bytes) -> AESGCM:
    return AESGCM(_derive(secret, b"aes", 32))


def _key(key_id: bytes) -> keys.DataKey:
    ring = _ring()
    if key_id not in ring.by_id:
        raise refusals.KEY_MISSING(key=key_id.hex())
    return ring.by_id[key_id]


def _bytes(aad: bytes | str) -> bytes:
    return aad.encode() if isinstance(aad, str) else bytes(aad)
