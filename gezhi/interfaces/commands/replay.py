"""Post the messages of a CSV file through the public interface, each exactly once, resumable at any point.

Every row has an idempotency key made of the file's hash and the row's number: run the command again after any
crash and the server answers 200 for what it already has. Columns are found by name (topic, text, user, id in
English or Chinese). A message is given to an open village chosen by a hash of its user, so the same user always
speaks from the same place.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TextIO

from django.utils.translation import gettext as _

from gezhi.interfaces.commands.remote import GaveUp, Remote, refusal

COLUMNS = {
    "id": ("id", "留言编号", "编号", "序号"),
    "user": ("user", "留言用户", "用户", "反映人"),
    "topic": ("topic", "留言主题", "主题", "标题", "title"),
    "text": ("text", "留言详情", "内容", "详情", "content"),
}
MAX_TEXT = 5000  # what the public interface takes; longer messages are cut, and counted as cut
SHOWN_REASONS = 20


@dataclass(frozen=True)
class Message:
    """A row: its number from 1, its key, who and what."""

    number: int
    key: str
    user: str
    text: str
    cut: bool


@dataclass
class Tally:
    """What became of the rows. `reasons` counts (code, words) of refusals."""

    made: int = 0
    known: int = 0
    cut: int = 0
    refused: int = 0
    undelivered: int = 0
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        return self.made + self.known + self.refused


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="CSV file with a header")
    parser.add_argument("--url", required=True, help="the server, for example http://127.0.0.1:8000")
    parser.add_argument("--key-prefix", default="", help="another prefix makes other matters of the same file")
    parser.add_argument("--limit", type=int, default=None, help="only the first N rows")
    parser.add_argument("--jobs", type=int, default=4, help="connections at a time (default 4)")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds to go on trying one row")
    parser.add_argument("--acks", type=Path, default=None, help="append key, id and code of every answered row here")


def run(args: argparse.Namespace) -> int:
    """Exit code 0 when every row was answered, 1 when some could not be delivered, 2 for an unusable file."""
    try:
        messages = list(read(args.file, prefix=args.key_prefix, limit=args.limit))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    remote = Remote(args.url, patience=args.patience)
    try:
        if args.acks is None:
            tally = replay(remote, messages, jobs=args.jobs, progress=sys.stderr)
        else:
            with args.acks.open("a", encoding="utf-8") as acks:
                tally = replay(remote, messages, jobs=args.jobs, progress=sys.stderr, acks=acks)
    except GaveUp as error:
        print(_("服务器没有应答：{seen}").format(seen=error), file=sys.stderr)
        return 1
    finally:
        remote.close()
    print(summary(tally, len(messages)))
    return 1 if tally.undelivered else 0


def read(path: Path, *, prefix: str = "", limit: int | None = None) -> Iterator[Message]:
    """The messages of a CSV file (UTF-8, else GB 18030). Raises ValueError without a text column."""
    raw = path.read_bytes()
    file_hash = hashlib.sha256(raw).hexdigest()[:16]
    rows = csv.DictReader(io.StringIO(_decoded(raw), newline=""))
    names = {want: _column(rows.fieldnames or (), want) for want in COLUMNS}
    if names["text"] is None and names["topic"] is None:
        raise ValueError(_("{file}: 没有找到正文列（text 或 留言详情）").format(file=path.name))
    for number, row in enumerate(rows, start=1):
        if limit is not None and number > limit:
            return
        topic, body, user, id = ((row.get(names[want] or "") or "").strip() for want in ("topic", "text", "user", "id"))
        text = topic if not body else body if not topic or body.startswith(topic) else f"{topic}\n{body}"
        key = "-".join(part for part in (prefix, file_hash, str(number), id) if part)
        yield Message(number, key, user or f"row {number}", text[:MAX_TEXT], len(text) > MAX_TEXT)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def _column(names: object, want: str) -> str | None:
    known = {str(name).strip().lower(): str(name) for name in names or ()}  # type: ignore[attr-defined]
    return next((known[alias] for alias in COLUMNS[want] if alias in known), None)


def place_for(user: str, places: list[str]) -> str:
    """The village of a user: always the same for the same user and the same list."""
    return places[int.from_bytes(hashlib.sha256(user.encode()).digest()[:8], "big") % len(places)]


def villages(remote: Remote) -> list[str]:
    """Ids of the open villages, in the server's order. Raises GaveUp."""
    answer = remote.call("GET", "/places", params={"kind": "village"})
    if answer.status_code != 200:
        raise GaveUp("{}: {}".format(*refusal(answer)))
    found = [place["id"] for place in answer.json()["items"]]
    if not found:
        raise GaveUp(_("这里还没有村或社区，无处可投"))
    return found


def replay(
    remote: Remote,
    messages: list[Message],
    *,
    jobs: int = 4,
    progress: TextIO | None = None,
    acks: IO[str] | None = None,
) -> Tally:
    """Post all messages, `jobs` at a time (in this thread when 1). Raises GaveUp only before the first post."""
    places = villages(remote)
    tally, lock, line = Tally(), threading.Lock(), _Line(progress, len(messages))

    def send(message: Message) -> None:
        try:
            answer = remote.call(
                "POST",
                "/requests",
                json={"text": message.text, "place": place_for(message.user, places)},
                headers={"Idempotency-Key": message.key},
            )
        except GaveUp as error:
            with lock:
                tally.undelivered += 1
                tally.reasons["undelivered", str(error)] += 1
            return
        with lock:
            tally.cut += message.cut
            if answer.status_code == 201:
                tally.made += 1
            elif answer.status_code == 200:
                tally.known += 1
            else:
                tally.refused += 1
                tally.reasons[refusal(answer)] += 1
            if acks is not None and answer.status_code in (200, 201):
                body = answer.json()
                acks.write(f"{message.key}\t{body['id']}\t{body['code']}\n")
                acks.flush()
            line.show(tally)

    if jobs <= 1:
        for message in messages:
            send(message)
    else:
        with ThreadPoolExecutor(jobs, thread_name_prefix="replay") as pool:
            for _done in pool.map(send, messages):
                pass
    line.show(tally, last=True)
    return tally


class _Line:
    """A progress line at most twice a second; nothing when there is nobody to see it."""

    def __init__(self, out: TextIO | None, total: int) -> None:
        self.out, self.total = out, total
        self.start = self.shown = time.monotonic()

    def show(self, tally: Tally, *, last: bool = False) -> None:
        now = time.monotonic()
        if self.out is None or (not last and now - self.shown < 0.5):
            return
        self.shown = now
        pace = tally.answered / max(now - self.start, 0.001)
        words = _("{done}/{total}，新建 {made}，已有 {known}，被拒 {refused}，每秒 {pace}").format(
            done=tally.answered,
            total=self.total,
            made=tally.made,
            known=tally.known,
            refused=tally.refused,
            pace=round(pace),
        )
        self.out.write(("\r" if self.out.isatty() else "") + words + ("\n" if last or not self.out.isatty() else ""))
        self.out.flush()


def summary(tally: Tally, total: int) -> str:
    """The final count, and the reasons of refusals, the most frequent first."""
    lines = [
        _("共 {total} 条：新建 {made}，已有 {known}，被拒 {refused}，没送到 {undelivered}").format(
            total=total,
            made=tally.made,
            known=tally.known,
            refused=tally.refused,
            undelivered=tally.undelivered,
        )
    ]
    if tally.cut:
        lines.append(_("其中 {cut} 条太长，只取前 {max} 字").format(cut=tally.cut, max=MAX_TEXT))
    lines += [f"  {count} × {code} {words}" for (code, words), count in tally.reasons.most_common(SHOWN_REASONS)]
    return "\n".join(lines)
