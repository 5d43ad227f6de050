"""Pure rules of the workflow engine: ids, codes, the state of a clock, where the time went.

Nothing here reads a database or the wall clock; everything is given. docs/rules/clocks.md has worked examples.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 O 1 I L: read aloud, written on paper
BASE = len(ALPHABET)
CODE_LENGTH = 9  # 31^9 ≈ 2.6·10^13 codes, one check character follows


class Ids:
    """63-bit ids in the order of time: 43 bits of milliseconds since 2020, 20 random bits.

    One process gives tens of thousands in one millisecond without meeting itself; two processes that meet in one are
    told apart by chance, and by the unique key behind it: whoever loses there asks again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = (-1, 0)

    def take(self, at: datetime) -> int:
        """The next id of the millisecond of `at`."""
        milliseconds = int((at - EPOCH) / timedelta(milliseconds=1))
        with self._lock:
            before, low = self._last
            low = low + 1 + secrets.randbelow(16) if before == milliseconds else 1 << 20
            if (
                low >= 1 << 20
            ):  # the first of a millisecond: anywhere in the lower half, which leaves its followers room
                low = secrets.randbits(19)
            self._last = (milliseconds, low)
        return (milliseconds << 20) | low


new_id = Ids().take


def first_id(at: datetime) -> int:
    """The smallest id a case opened at or after `at` can have: turns a period into an id range."""
    return max(0, int((at - EPOCH) / timedelta(milliseconds=1))) << 20


def _check(body: str) -> str:
    # The alphabet has 31 letters, a prime: distinct weights find every single wrong character and every
    # swap of two.
    return ALPHABET[sum(place * ALPHABET.index(c) for place, c in enumerate(body, start=1)) % BASE]


def new_code() -> str:
    """A resident's short code: unguessable, easy to say, with a check character. Ten characters."""
    number = secrets.randbelow(BASE**CODE_LENGTH)
    letters = []
    for _ in range(CODE_LENGTH):
        number, at = divmod(number, BASE)
        letters.append(ALPHABET[at])
    return with_check("".join(letters))


def with_check(body: str) -> str:
    """The letters of a code with the one that finds slips behind them."""
    return body + _check(body)


def tidy_code(text: str) -> str | None:
    """What a person typed as a code, or None when it cannot be one (wrong length or check character).

    Spaces, dashes, lower case and full-width letters do not matter.
    """
    folded = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text)
    plain = folded.upper().replace(" ", "").replace("-", "").replace("—", "")
    if len(plain) != CODE_LENGTH + 1 or any(c not in ALPHABET for c in plain):
        return None
    return plain if _check(plain[:-1]) == plain[-1] else None


def show_code(code: str) -> str:
    """A code as printed: two groups of five."""
    return f"{code[:5]}-{code[5:]}"


def draw(case_id: int, cycle: int) -> int:
    """A number from 0 to 99, the same for a case for ever: which silent closings are sampled."""
    return int.from_bytes(hashlib.sha256(f"draw:{case_id}:{cycle}".encode()).digest()[:4], "big") % 100


def clock_state(*, state: str, due_at: datetime, warn_at: datetime | None, now: datetime, parked: bool = False) -> str:
    """waiting | running | soon | overdue | done | parked: the five hues of a clock, by words."""
    if state in ("done", "closed"):
        return "done"
    if state == "cancelled":
        return "waiting"
    if parked:
        return "parked"
    if now > due_at:
        return "overdue"
    if warn_at is not None and now >= warn_at:
        return "soon"
    return "running"


def warn_time(opened_at: datetime, due_at: datetime, share: float) -> datetime | None:
    """When `share` (0..1) of the way to the deadline is gone; None when there is no way to go."""
    if due_at <= opened_at:
        return None
    return opened_at + (due_at - opened_at) * share


def next_instant(instants: Iterable[datetime | None]) -> datetime | None:
    """The earliest of the instants that are set: when the clock job must look again."""
    known = [i for i in instants if i is not None]
    return min(known) if known else None


@dataclass(frozen=True)
class Spell:
    """A stretch of time one seat spent on a case."""

    seat_id: int | None
    stage: str
    start: datetime
    end: datetime
    running: bool
    parked: bool = False  # a bounded, approved pause: nobody is late in it


@dataclass(frozen=True)
class Segment:
    """A piece of the clock bar 时条. `share` of its full width (0..1), `hue` spent|running|soon|overdue|parked|done|left."""

    share: float
    hue: str
    seat_id: int | None
    seconds: int
    stage: str = ""


@dataclass(frozen=True)
class Bar:
    """The clock bar: segments from opening to now or the promise, whichever is later; the tick is the promise."""

    segments: tuple[Segment, ...]
    tick: float
    warn: float | None
    opened_at: datetime
    due_at: datetime


def clock_bar(
    spells: Sequence[Spell],
    *,
    opened_at: datetime,
    due_at: datetime,
    warn_at: datetime | None,
    now: datetime,
    closed_at: datetime | None,
) -> Bar:
    """Where the time went, against the promise. A spell that crosses the promise is cut there.

    The bar spans opening to max(promise, end), where end is the closing or now; what lies past the
    promise is `overdue` (hatched on the page), what is still left before it is `left`.
    """
    end = closed_at or now
    span = max((max(end, due_at) - opened_at).total_seconds(), 1.0)
    pieces: list[Segment] = []

    def add(start: datetime, stop: datetime, hue: str, spell: Spell | None) -> None:
        seconds = (stop - start).total_seconds()
        if seconds > 0:
            pieces.append(
                Segment(
                    seconds / span,
                    hue,
                    spell.seat_id if spell else None,
                    int(seconds),
                    spell.stage if spell else "",
                )
            )

    for spell in spells:
        start, stop = max(spell.start, opened_at), min(spell.end, end)
        hue = "spent"
        if spell.running and closed_at is None:
            hue = "soon" if warn_at is not None and now >= warn_at else "running"
        elif closed_at is not None:
            hue = "done"
        if spell.parked:
            add(start, stop, "parked", spell)
        elif stop <= due_at:
            add(start, stop, hue, spell)
        elif start >= due_at:
            add(start, stop, "overdue", spell)
        else:
            add(start, due_at, hue, spell)
            add(due_at, stop, "overdue", spell)
    if closed_at is None and due_at > now:
        add(now, due_at, "left", None)
    tick = (due_at - opened_at).total_seconds() / span
    warn = (warn_at - opened_at).total_seconds() / span if warn_at and warn_at > opened_at else None
    return Bar(tuple(pieces), min(max(tick, 0.0), 1.0), warn, opened_at, due_at)


def headline(text: str, limit: int = 28) -> str:
    """A matter's title: its first sentence, cut at punctuation where one is near, never longer than `limit`."""
    line = " ".join(text.split())
    for mark in "。！？；!?;\n":
        cut = line.find(mark)
        if 4 <= cut <= limit:
            return line[:cut]
    if len(line) <= limit:
        return line.rstrip("。.!！")
    for mark in "，,、 ":
        cut = line.rfind(mark, 6, limit)
        if cut > 0:
            return line[:cut]
    return line[: limit - 1] + "…"


def fingerprint(*parts: object) -> bytes:
    """32 bytes that are equal exactly when the parts are: keys and bodies of idempotent calls."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return digest.digest()
