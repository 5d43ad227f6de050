"""Verify, third part: blocks, the events they sealed, and the roots exported outside the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from .chain import HASH_SIZE, block_root, manifest_of, merkle_root, read_manifest
from .findings import Finding, finding
from .lines import read_lines
from .reading import moment, one, rows
from .streams import CAP


@dataclass(slots=True)
class BlocksPart:
    """What one range of blocks gave. `removed`: (stream, seq) sealed once and no longer there."""

    blocks: int = 0
    findings: list[Finding] = field(default_factory=list)
    removed: list[tuple[str, int]] = field(default_factory=list)


def check_blocks(own: BaseDatabaseWrapper, low: int, high: int) -> BlocksPart:
    """Check the blocks with `low <= position < high` and their link to the one before."""
    part = BlocksPart()
    position, before, root = low - 1, 0, bytes(HASH_SIZE)
    if position > 0:
        previous = one(own, "SELECT tx_to, root FROM events_block WHERE position = %s", [position])
        before, root = (previous[0], bytes(previous[1])) if previous else (-1, b"")
    found = rows(
        own,
        f"SELECT position, tx_from, tx_to, count, {moment(own, 'at')}, merkle, manifest, prev_root, root "
        "FROM events_block WHERE position >= %s AND position < %s ORDER BY position",
        [low, high],
    )
    for number, *values in found:
        tx_from, tx_to, count, at, merkle, manifest, prev_root, stored = values
        part.blocks += 1
        gone = range(position + 1, min(number, position + CAP))
        part.findings += [finding("block.removed", position=lost) for lost in gone]
        if block_root(number, tx_from, tx_to, count, str(at), bytes(merkle), manifest, bytes(prev_root)) != bytes(
            stored
        ):
            part.findings.append(finding("block.altered", position=number))
        elif not gone and (bytes(prev_root), tx_from) != (root, before) and before >= 0:
            part.findings.append(finding("block.broken", position=number))
        _check_content(own, part, number, tx_from, tx_to, count, bytes(merkle), manifest)
        position, before, root = number, tx_to, bytes(stored)
    return part


def _check_content(
    own: BaseDatabaseWrapper,
    part: BlocksPart,
    position: int,
    tx_from: int,
    tx_to: int,
    count: int,
    merkle: bytes,
    manifest: str,
) -> None:
    tx, order = ("id", "id") if own.vendor == "sqlite" else ("tx", "tx, id")
    events = [
        (stream, seq, bytes(digest))
        for stream, seq, digest in rows(
            own,
            f"SELECT stream, seq, hash FROM events_event WHERE {tx} >= %s AND {tx} < %s ORDER BY {order}",
            [tx_from, tx_to],
        )
    ]
    same_count, same_root = len(events) == count, merkle_root(digest for *_, digest in events) == merkle
    if same_count and same_root:
        return
    if not same_count:
        part.findings.append(finding("block.count", position=position, sealed=count, found=len(events)))
    else:
        part.findings.append(finding("block.root", position=position))
    _name(part, position, read_manifest(manifest), read_manifest(manifest_of(events)))


def _name(part: BlocksPart, position: int, sealed: list, found: list) -> None:
    """Say which events make the difference between what was sealed and what is there."""
    then = {(stream, seq): digest for stream, seq, digest in sealed}
    now = {(stream, seq): digest for stream, seq, digest in found}
    part.removed += [key for key in then if key not in now][:CAP]
    named = [finding("event.unsealed", *key, position=position) for key in now if key not in then]
    named += [finding("event.rewritten", *key) for key in then if key in now and now[key] != then[key]]
    if not named and len(then) == len(now):
        moved = [was[:2] for was, is_ in zip(sealed, found, strict=True) if was[:2] != is_[:2]]
        named = [finding("event.order", *key, position=position) for key in moved]
    part.findings += named[:CAP]


@dataclass(slots=True)
class Exported:
    """One file of roots as read: the roots that stand, and what the file says about itself."""

    file: str
    roots: dict[int, str]
    findings: list[Finding]
    information: list[Finding]


def read_exported(path: Path) -> Exported:
    """Read a file of roots, minding restores that were accepted. Two roots for one position are a finding."""
    home = Path(settings.GEZHI_HOME)
    exported = Exported(str(path.relative_to(home) if home in path.parents else path), {}, [], [])
    for line in read_lines(path):
        position = line.get("position")
        if not isinstance(position, int):
            continue
        if line.get("restored"):
            exported.roots = {p: root for p, root in exported.roots.items() if p <= position}
            facts: dict[str, Any] = {"at": line.get("at", ""), "ground": line.get("ground", "")}
            exported.information.append(finding("roots.restored", position=position, **facts))
            continue
        root = str(line.get("root", ""))
        if exported.roots.setdefault(position, root) != root:
            exported.findings.append(finding("roots.differ", position=position, file=exported.file))
    return exported


def compare_exported(own: BaseDatabaseWrapper, exported: Exported) -> Iterator[Finding]:
    """Compare one file, read before this reader's moment, with the blocks."""
    yield from exported.findings
    ahead = max(exported.roots, default=0)
    last = 0
    for position, root in rows(own, "SELECT position, root FROM events_block ORDER BY position", []):
        last = position
        told = exported.roots.get(position)
        if told is None and position < ahead:
            yield finding("roots.missing", position=position, file=exported.file)
        elif told is not None and told != bytes(root).hex():
            yield finding("roots.differ", position=position, file=exported.file)
    if ahead > last:
        yield finding("roots.ahead", position=ahead, last=last, file=exported.file)
