"""Which function does which job. Rooms fill this in their `jobs` module, found by the worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.module_loading import autodiscover_modules

if TYPE_CHECKING:
    from .claims import Claimed

Handler = Callable[["Claimed"], object]


@dataclass(frozen=True)
class Periodic:
    """`seconds` between the end of one run and the start of the next."""

    name: str
    seconds: float
    function: Callable[[], object]


BatchHandler = Callable[[list["Claimed"]], object]

HANDLERS: dict[str, Handler] = {}
BATCHES: dict[str, BatchHandler] = {}
PERIODIC: dict[str, Periodic] = {}
# Jobs that take seconds: the worker has a lane of their own for them, so that what takes an instant never waits behind one.
SLOW: set[str] = set()


def handler(name: str, *, slow: bool = False) -> Callable[[Handler], Handler]:
    """`@handler("text.index")` on `def index(job): ...`.

    The function receives the claimed job (`job.payload`, `job.key`, `job.attempts`). It may run more
    than once: after a crash, or when a lease ran out. For effects in our own database write them inside
    `with job.complete():`, which commits them together with the job's completion, so they happen
    exactly once. A function that never calls it is completed after it returns (at least once).
    `slow` is for what takes seconds (a bulletin counted, a workbook filled): it waits for its like only.
    """
    if slow:
        SLOW.add(name)

    def take(function: Handler) -> Handler:
        if HANDLERS.setdefault(name, function) is not function:
            raise ValueError(f"Two handlers for the job {name!r}.")
        return function

    return take


def batch_handler(name: str) -> Callable[[BatchHandler], BatchHandler]:
    """`@batch_handler("case.index")` on `def index(jobs): ...`: many small jobs of one kind in one transaction.

    The function receives what was claimed together and writes inside `with claims.complete_all(jobs) as mine:`, which
    gives those still held by this worker and completes them with the effects, exactly once. When it fails, each job
    is tried again by itself, so that one that cannot be done does not hold up the others.
    """

    def take(function: BatchHandler) -> BatchHandler:
        if BATCHES.setdefault(name, function) is not function:
            raise ValueError(f"Two handlers for the job {name!r}.")
        handler(name)(_one_by_one(function))
        return function

    return take


def _one_by_one(function: BatchHandler) -> Handler:
    def single(job: Claimed) -> object:
        return function([job])

    return single


def every(seconds: float, name: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """`@every(1, "events.seal")` on `def seal(): ...`: run again and again, by one worker at a time.

    Two runs may overlap for a moment when leadership changes hands: the function must stand that.
    """

    def take(function: Callable[[], object]) -> Callable[[], object]:
        task = PERIODIC.setdefault(name, Periodic(name, seconds, function))
        if task.function is not function:
            raise ValueError(f"Two periodic tasks are called {name!r}.")
        return function

    return take


def discover() -> None:
    """Import the `jobs` module of every installed app that has one."""
    autodiscover_modules("jobs")
