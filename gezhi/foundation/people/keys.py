"""Key files: made once, read often, never inside `GEZHI_HOME`.

Settings import this module, so it knows nothing of Django. A directory holds

- `site.key`: signs cookies and forms;
- `index.key`: blind index and derived keys; it does not rotate, or no look-up would match again;
- `data-0001-1a2b3c4d.key` ...: encrypt personal text. The highest number seals, every one opens;
  the eight hex digits are the key's id and travel in each sealed blob.

A key file is readable by its owner only and appears whole or not at all, whoever makes it first.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

_DATA_NAME = re.compile(r"data-(\d{4})-([0-9a-f]{8})\.key")


class KeysRefused(RuntimeError):
    """The key directory cannot be used; the message says what, why and what to do next."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """One encryption key: `number` orders them, `id` is 4 bytes, `secret` 32 bytes."""

    number: int
    id: bytes
    secret: bytes

    def __repr__(self) -> str:  # a key never reaches a log
        return f"DataKey({self.number}, {self.id.hex()})"


def site_secret(directory: Path) -> str:
    """The secret Django signs with; made on first use. Raises KeysRefused."""
    return _read_or_make(Path(directory), "site.key").hex()


def index_secret(directory: Path) -> bytes:
    """32 bytes for blind indexes and derived keys; made on first use. Raises KeysRefused."""
    return _read_or_make(Path(directory), "index.key")


def data_keys(directory: Path) -> tuple[DataKey, ...]:
    """Every encryption key, oldest first; the first one is made when there is none. Raises KeysRefused."""
    directory = Path(directory)
    found = _list_data_keys(directory)
    if not found:
        # All first-comers write the same name, so that one of them wins and the rest read it.
        secret = _read_or_make(directory, "data-first.key")
        _place(directory, _data_name(1, _id_of(secret)), secret)
        found = _list_data_keys(directory)
    return found


def need(directory: Path) -> None:
    """See that every key is there before anybody is served; at an installation, make them all at once. Raises KeysRefused.

    Made each at its first use, a production that was told to make keys for one start only would come up without those
    of personal text, and refuse its first administrator and its first resident.
    """
    site_secret(directory)
    index_secret(directory)
    data_keys(directory)


def rotate(directory: Path) -> DataKey:
    """Add a new encryption key, which seals from now on; older blobs stay readable. Raises KeysRefused."""
    directory = Path(directory)
    number = data_keys(directory)[-1].number + 1
    secret = secrets.token_bytes(32)
    _place(directory, _data_name(number, _id_of(secret)), secret)
    return _list_data_keys(directory)[-1]


def stamp(directory: Path | str) -> int:
    """A number that changes when a key is added, cheap enough to ask before every use."""
    return os.stat(directory).st_mtime_ns  # noqa: PTH116 -- asked twice a request


def _id_of(secret: bytes) -> bytes:
    return hashlib.sha256(b"gezhi key id" + secret).digest()[:4]


def _data_name(number: int, key_id: bytes) -> str:
    return f"data-{number:04d}-{key_id.hex()}.key"


def _list_data_keys(directory: Path) -> tuple[DataKey, ...]:
    keys = []
    for path in directory.glob("data-*.key") if directory.is_dir() else ():
        if match := _DATA_NAME.fullmatch(path.name):
            secret = _read(path)
            if _id_of(secret).hex() != match[2]:
                raise KeysRefused(
                    f"密钥文件 {path.name} 的内容与文件名不符：可能被改动或损坏。请从密钥备份恢复这个文件。"
                    f" The key file {path.name} does not match its name: changed or damaged. Restore it from the backup of keys."
                )
            keys.append(DataKey(int(match[1]), bytes.fromhex(match[2]), secret))
    return tuple(sorted(keys, key=lambda key: (key.number, key.id)))


def _read_or_make(directory: Path, name: str) -> bytes:
    path = directory / name
    if not path.exists():
        if os.environ.get("GEZHI_ENV") == "production" and os.environ.get("GEZHI_MAKE_KEYS") != "1":
            # A production start with a lost or mistyped directory must not go on under new keys:
            # everything sealed before would silently become unreadable.
            raise KeysRefused(
                f"密钥目录里没有 {name}。正式环境不会自己生成密钥，以免旧数据再也打不开。"
                "如果是第一次安装，请设 GEZHI_MAKE_KEYS=1 启动一次；否则请检查 GEZHI_KEYS 或恢复密钥备份。"
                f" {name} is missing from the keys. Production makes none by itself, lest old data stay unreadable:"
                " at a first installation start once with GEZHI_MAKE_KEYS=1, otherwise check GEZHI_KEYS."
            )
        _place(directory, name, secrets.token_bytes(32))
    return _read(path)


def _place(directory: Path, name: str, secret: bytes) -> None:
    """Put a key file there whole, unless somebody was first (then theirs stays)."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = directory / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(secret.hex() + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, directory / name)
        except FileExistsError:
            return
    finally:
        draft.unlink()


def _read(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeysRefused(
            f"密钥文件 {path.name} 的权限是 {mode:o}，别人也能读。请改为 600 再启动。"
            f" The key file {path.name} has mode {mode:o} and others can read it. Make it 600 and start again."
        )
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError as error:
        raise KeysRefused(
            f"密钥文件 {path.name} 不是十六进制文本：可能损坏。请从密钥备份恢复。"
            f" The key file {path.name} is not hexadecimal text: damaged. Restore it from the backup of keys."
        ) from error
    if len(secret) != 32:
        raise KeysRefused(
            f"密钥文件 {path.name} 应为 32 字节，实际 {len(secret)} 字节。请从密钥备份恢复。"
            f" The key file {path.name} holds {len(secret)} bytes instead of 32. Restore it from the backup of keys."
        )
    return secret
