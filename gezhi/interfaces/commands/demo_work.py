"""`gezhi demo work`: synthetic staff handle the open cases over HTTP, as fast as the demo's clock can be moved.

Only with demo data. Delays of handling are drawn from a file of real replies (columns time, reply_time); without
one, from the log-normal that fits them: median 9.8 days, sigma 1.29. Draws depend on --seed and the case's number
alone. The story of each step is in `demo_play`; this module moves the clock and keeps the calendar.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from django.utils.translation import gettext as _

from gezhi.interfaces.commands.demo_play import Office, Outcome, Play
from gezhi.interfaces.commands.remote import GaveUp, Remote

LOG_MEAN, LOG_SIGMA = 2.28, 1.286  # of days from message to reply, fitted to the 2,816 replies
SLOT = timedelta(minutes=30)  # events are done in slots: fewer moves of the clock, nothing else changes
LONGEST = 60.0  # days; a longer reply is drawn as this
SAY_EVERY = 10.0  # real seconds after which a long slot says how far it is
LOOK_EVERY = 5.0  # real seconds between two looks at what waits for the worker
PATIENCE = 180.0  # real seconds without any of them moving after which the rest is stuck


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", required=True, help="the demo server, for example http://127.0.0.1:8000")
    parser.add_argument("--replies", type=Path, default=None, help="CSV with columns time and reply_time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=float, default=120.0, help="demo days to work through at most (default 120)")
    parser.add_argument("--pace", type=float, default=1.0, help="factor on the drawn delays (default 1)")
    parser.add_argument("--jobs", type=int, default=4, help="people working at the same moment (default 4)")
    parser.add_argument("--admin", default="admin", help="who may move the demo's clock")
    parser.add_argument("--password", default="gezhi-demo")


def work(args: argparse.Namespace) -> int:
    """Work until every case is closed or justly open; prints counts. Exit code 1 when something is stuck."""
    try:
        delays = Delays.read(args.replies, args.pace) if args.replies else Delays((), args.pace)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    remote = Remote(args.url)
    try:
        office = Office(remote, admin=args.admin, password=args.password)
        run = Run(office, delays, seed=args.seed, days=args.days, jobs=args.jobs)
        run.go(progress=sys.stderr)
        print(run.summary())
    except GaveUp as error:
        print(_("服务器没有应答：{seen}").format(seen=error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(_("停下了。办到哪里都在服务器上；再运行一次，就从那里接着办。"), file=sys.stderr)
        return 130
    finally:
        remote.close()
    return 1 if run.stuck else 0


@dataclass(frozen=True)
class Delays:
    """Days from message to reply: the empirical ones when there are any, else the fitted log-normal."""

    days: tuple[float, ...]
    pace: float = 1.0

    @classmethod
    def read(cls, path: Path, pace: float = 1.0) -> Delays:
        """Raises OSError, and ValueError when the file has no such columns or no usable row."""
        with path.open(encoding="utf-8-sig", newline="") as handle:
            found = [_days(row.get("time", ""), row.get("reply_time", "")) for row in csv.DictReader(handle)]
        days = tuple(sorted(one for one in found if one is not None))
        if not days:
            raise ValueError(_("{file}: 没有可用的 time 和 reply_time").format(file=path.name))
        return cls(days, pace)

    def draw(self, rng: random.Random) -> timedelta:
        """One delay, bounded by 60 days before the pace is applied."""
        days = rng.choice(self.days) if self.days else math.exp(rng.gauss(LOG_MEAN, LOG_SIGMA))
        return timedelta(days=min(days, LONGEST) * self.pace)


def _days(start: str, end: str) -> float | None:
    times = []
    for text in (start, end):
        for shape in ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S"):
            try:
                # Only the difference counts, so any one zone will do.
                times.append(datetime.strptime(text.strip(), shape).replace(tzinfo=UTC).timestamp())
                break
            except ValueError:
                continue
    return (times[1] - times[0]) / 86400 if len(times) == 2 and times[1] > times[0] else None


def office_hour(at: datetime) -> datetime:
    """The first moment from `at` on at which an office is staffed: weekdays 8:00 to 18:00, local time."""
    while True:
        if at.weekday() >= 5 or at.hour >= 18:
            at = (at + timedelta(days=1)).replace(hour=8, minute=0, second=0, microsecond=0)
        elif at.hour < 8:
            at = at.replace(hour=8, minute=0, second=0, microsecond=0)
        else:
            return at


def slot(at: datetime) -> datetime:
    """The end of the slot that holds `at`."""
    start = at.replace(minute=0, second=0, microsecond=0)
    return start + math.ceil((at - start) / SLOT) * SLOT


@dataclass(order=True)
class _Due:
    at: datetime
    number: str
    play: Play = field(compare=False)


class Run:
    """One simulation: a calendar of next steps, done slot by slot.

    The demo's clock can be moved faster than the server's worker follows: what waits for the system is looked at again
    in real time (`pause`) until the worker has caught up.
    """

    def __init__(
        self,
        office: Office,
        delays: Delays,
        *,
        seed: int,
        days: float,
        jobs: int,
        pause: Callable[[float], object] = time.sleep,
        since: Callable[[], float] = time.monotonic,
    ) -> None:
        self.office, self.delays, self.seed, self.jobs = office, delays, seed, max(1, jobs)
        self.now = office.clock()
        self.end = self.now + timedelta(days=days)
        self.calendar: list[_Due] = []
        self.steps: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.stuck: list[Play] = []
        self.pause, self.since = pause, since
        self.left: list[_Due] = []

    def go(self, progress: TextIO | None = None) -> None:
        """Until the calendar is empty or the days are over; one line of progress for each demo day."""
        for case in self.office.open_cases():
            rng = random.Random(f"{self.seed}:{case['number']}")
            self._plan(Play(case, rng, self.delays.draw(rng)), Outcome("start"))
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="demo") as pool:
            self._work_through(pool, progress)
            while self.stuck and self._worker_moved_some():
                self._work_through(pool, progress)
        self.left = sorted(self.calendar)

    def _work_through(self, pool: ThreadPoolExecutor, progress: TextIO | None) -> None:
        """Slot by slot. A line a demo day, and one every SAY_EVERY: thousands of matters may wait for one morning."""
        day, said = "", 0.0
        while self.calendar and self.calendar[0].at <= self.end:
            at = self.calendar[0].at
            batch = []
            while self.calendar and self.calendar[0].at <= at:
                batch.append(heapq.heappop(self.calendar).play)
            self.now = self.office.travel(at)
            outcomes = pool.map(self.office.step, batch) if self.jobs > 1 else map(self.office.step, batch)
            for worked, (play, outcome) in enumerate(zip(batch, outcomes, strict=True)):
                if progress is not None and (day != f"{self.now:%Y-%m-%d}" or self.since() - said > SAY_EVERY):
                    day, said = f"{self.now:%Y-%m-%d}", self.since()
                    self._say(progress, day, len(self.calendar) + len(batch) - worked)
                self._plan(play, outcome)

    def _say(self, progress: TextIO, day: str, left: int) -> None:
        done = sum(self.steps.values()) - self.steps["start"]
        words = _("演示时间 {day}：办了 {done} 步，还有 {left} 件在办").format(day=day, done=done, left=left)
        print(words, file=progress, flush=True)

    def _worker_moved_some(self) -> bool:
        """Wait in real time for what is stuck; those that moved are planned anew. False: none did for PATIENCE."""
        for _look in range(int(PATIENCE / LOOK_EVERY)):
            self.pause(LOOK_EVERY)
            stuck, self.stuck, moved = self.stuck, [], False
            self.now = self.office.clock()
            for play in stuck:
                before = play.seen
                play.case = self.office.look(play.id)
                if play.seen == before:
                    self.stuck.append(play)
                    continue
                play.looks = play.refusals = 0
                self._plan(play, Outcome("look"))
                moved = True
            if moved:
                return True
        return False

    def _plan(self, play: Play, outcome: Outcome) -> None:
        self.steps[outcome.did] += 1
        if outcome.refused:
            self.refused[outcome.refused] += 1
        wait = self.office.wait(play)
        if wait is None:
            if play.open:
                self.stuck.append(play)
            return
        at = slot(max(office_hour(self.now + wait), self.now + timedelta(seconds=1)))
        heapq.heappush(self.calendar, _Due(at, play.number, play))

    def summary(self) -> str:
        """Counts of cases by state and reason, and of what was done on the way."""
        lines = [_("演示时间到 {now}").format(now=f"{self.now:%Y-%m-%d %H:%M}")]
        for (state, why), count in sorted(self.office.census().items()):
            lines.append(f"  {state}  {why}  {count}")
        if self.left:
            lines.append(
                _("还在等的 {count} 件，下一步在 {at}").format(count=len(self.left), at=f"{self.left[0].at:%Y-%m-%d}")
            )
        done = "，".join(f"{name} {count}" for name, count in sorted(self.steps.items()) if name != "start")
        lines.append(_("做过：{done}").format(done=done or "—"))
        if self.refused:
            lines.append(
                _("被拒：{codes}").format(codes="，".join(f"{c} {n}" for c, n in sorted(self.refused.items())))
            )
        if self.stuck:
            some = "，".join(f"{play.number} {play.stage}" for play in self.stuck[:20])
            lines.append(_("卡住 {count} 件：{cases}").format(count=len(self.stuck), cases=some))
        return "\n".join(lines)
