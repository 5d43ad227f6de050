"""The worker process: does due jobs, runs the periodic work while it leads, and says that it is alive."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable

from django.db import DatabaseError, connection

from gezhi.foundation.db import revisions
from gezhi.foundation.jobs import claims, registry, workers

log = logging.getLogger("gezhi.worker")

IDLE_SECONDS = 0.3
# Jobs in one transaction; fewer on PostgreSQL, where the seal waits for the oldest one that runs.
BATCH = {False: 50, True: 20}
# After a batch a lane rests this many times as long as it was kept waiting, and never longer than LONGEST_YIELD seconds.
YIELD, LONGEST_YIELD = 2.0, 1.0


class Worker:
    """`run()` returns after `stop()`, when the work in hand is finished.

    `name` must belong to this process alone. Give `inherits=True` when the process that last had the
    name is known to be dead: its leases are given back at once instead of running out.
    `lane`: "quick" leaves slow jobs (`registry.handler`) to a process of their own, which with "slow" does nothing else:
    counting a county's bulletin must not hold up the clocks and the seal.
    """

    def __init__(self, name: str | None = None, *, inherits: bool = False, threads: int = 1, lane: str = "all") -> None:
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        if lane == "slow" and not self.name.endswith(workers.SLOW_NAME):
            self.name += workers.SLOW_NAME
        self._lane_name = lane
        self._inherits = inherits
        self._threads = threads
        self._stop = threading.Event()
        self._in_hand: dict[int, claims.Claimed] = {}
        self._hand = threading.Lock()
        self._leads_until = 0.0

    def stop(self) -> None:
        self._stop.set()

    @property
    def leads(self) -> bool:
        return time.monotonic() < self._leads_until

    def run(self) -> None:
        registry.discover()
        if self._inherits:
            claims.release_all(self.name)
        self._beat()
        lanes = [] if self._lane_name == "slow" else [self._lane(slow=False)] * self._threads
        if self._lane_name != "quick":
            lanes.append(self._lane(slow=True))
        loops = [threading.Thread(target=self._loop, args=(lane, IDLE_SECONDS)) for lane in lanes]
        loops += [
            threading.Thread(target=self._loop, args=(self._when_leading(task.function), task.seconds), name=task.name)
            for task in registry.PERIODIC.values()
            if self._lane_name != "slow"
        ]
        for loop in loops:
            loop.start()
        log.info("worker %s: %d handlers, %d periodic tasks", self.name, len(registry.HANDLERS), len(registry.PERIODIC))
        self._rest()
        while not self._stop.wait(workers.BEAT_SECONDS):
            self._guarded(self._beat)
            self._rest()
        for loop in loops:  # the heart beats on until the work in hand is finished
            while loop.is_alive():
                loop.join(timeout=workers.BEAT_SECONDS)
                self._guarded(self._beat)
        workers.leave(self.name)
        connection.close()

    def _loop(self, step: Callable[[], bool | None], pause: float) -> None:
        """Run `step` until the worker stops; at once again while it returns True."""
        while not self._stop.is_set():
            begun, worked = time.monotonic(), time.thread_time()
            more = self._guarded(step)
            kept_waiting = time.monotonic() - begun - (time.thread_time() - worked)
            if more:
                # A machine that keeps us waiting has people to serve: their pages first, the backlog afterwards.
                self._stop.wait(min(YIELD * kept_waiting, LONGEST_YIELD))
            else:
                self._rest()
                self._stop.wait(pause)
        connection.close()

    def _rest(self) -> None:
        """Give a pooled connection back before a pause: there are more loops than the pool has connections."""
        if connection.vendor == "postgresql":
            connection.close()

    def _guarded(self, step: Callable[[], bool | None]) -> bool:
        """One `step`; a failure is logged, and the loop it belongs to goes on after its pause."""
        try:
            with revisions.scope():
                return bool(step())
        except DatabaseError:
            log.exception("worker %s: the database did not answer; trying again", self.name)
            connection.close()
        except Exception:
            log.exception("worker %s: %s failed; it will run again", self.name, threading.current_thread().name)
        return False

    def _lane(self, *, slow: bool) -> Callable[[], bool]:
        """What takes seconds has a thread of its own and is taken one at a time; the rest never waits behind it."""
        return lambda: self._do_jobs(
            claims.claim(self.name, limit=1 if slow else BATCH[connection.vendor == "postgresql"], slow=slow)
        )

    def _do_jobs(self, jobs: list[claims.Claimed]) -> bool:
        with self._hand:
            self._in_hand.update((job.id, job) for job in jobs)
        try:
            runs = claims.by_kind(jobs)
            for number, run in enumerate(runs):
                if self._stop.is_set():
                    claims.release([job for later in runs[number:] for job in later])
                    break
                revisions.forget()
                claims.perform_all(run)
                with self._hand:
                    for job in run:
                        self._in_hand.pop(job.id, None)
        finally:
            with self._hand:
                for job in jobs:
                    self._in_hand.pop(job.id, None)
        return bool(jobs)

    def _when_leading(self, function: Callable[[], object]) -> Callable[[], None]:
        def step() -> None:
            if self.leads:
                function()

        return step

    def _beat(self) -> None:
        begun = time.monotonic()
        leads = workers.beat(self.name)
        self._leads_until = begun + workers.LEAD_MS / 1000 if leads else 0.0
        with self._hand:
            jobs = list(self._in_hand.values())
        claims.extend(jobs)
