"""Fill an empty home with the demo county in mid-life."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random

from django.conf import settings

from gezhi.foundation import db, packs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.interfaces.demo import gatherings, households, lent, life, matters, partners, rounds, staff, stories

log = logging.getLogger("gezhi.demo")
WEEKS = 8
CASES = 520
# The county's own places, and the working methods of the pages that run on the engines there are.
MARK = "demo.seed"  # in revisions: BEGUN from the first write on, DONE when all is in
BEGUN, DONE = 1, 2
PACKS = (
    "mengzhou", "yueshi-village", "xincheng-street", "xinhua-street", "minzhu-street", "qinnan-transport", "yongxingtun-village",
)  # fmt: skip
RARELY = 50_000  # objects made before Python looks for rubbish again


def fill(*, cases: int = CASES, weeks: int = WEEKS, seed: int = 7) -> None:
    """Places, seats, people, then `weeks` of matters up to now. The home must hold no people yet.

    The demo clock is set back once, before anything is written, and ends where real time is.
    """
    with _rarely_looked_through():
        _fill(cases, weeks, seed)


@contextmanager
def _rarely_looked_through() -> Iterator[None]:
    """Filling makes pictures of the whole county by the dozen: looking for rubbish in them every 700 objects, as Python
    does by itself, takes a third of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(RARELY, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _fill(cases: int, weeks: int, seed: int) -> None:
    real_now = clock.now()
    since = real_now - timedelta(weeks=weeks)
    with db.write():
        revisions.assign(MARK, BEGUN)
        revisions.assign(clock.OFFSET, -int(timedelta(weeks=weeks).total_seconds()))
    for root in settings.GEZHI_PACKS:
        for pack in sorted(folder.parent for folder in root.glob("*/pack.yaml") if folder.parent.name in PACKS):
            packs.install(pack, actor=people.system("setup"))
    places.load_pack(packs.registry().body("places", "mengzhou"), actor=people.system("setup"))
    log.info("places are in")
    staff.fill(since)
    log.info("seats and people are in")
    run = life.Life(until=real_now - timedelta(minutes=4), seed=seed, photos=None)
    rng = Random(seed)
    for number, moment in enumerate(life.arrivals(rng, since + timedelta(hours=1), run.until, cases)):
        matter = rng.choice(matters.MATTERS)
        run.at(moment, run.raise_matter(matter, life.where(rng, number), number))
    _todays_list(run)
    gatherings.schedule(run.at, run.until)
    rounds.schedule(run)
    lent.schedule(run)
    stories.schedule(run)
    happened = run.run()
    households.fill(seed)
    partners.fill()
    log.info("households and registers are in")
    with db.write():
        revisions.assign(clock.OFFSET, 0)
        revisions.assign(MARK, DONE)
    log.info("the demo county lives: %s cases, %s steps", cases, happened)


def half_done() -> bool:
    """Whether a filling of this home began and never ended: its clock stands weeks ago, some of its people are missing."""
    return revisions.current().get(MARK, 0) == BEGUN


def _todays_list(run: life.Life) -> None:
    """A few matters of the demo grid that wait for its worker: to handle, and to verify what others handled."""
    grid = staff.demo_place("grid")
    own = [m for m in matters.MATTERS if m.unit == "grid"]
    others = [m for m in matters.MATTERS if m.unit in ("village", "town_city_management")]
    waits = [(own[0], "handle", 9), (others[0], "verify", 6), (own[1], "handle", 5), (others[2], "verify", 4)]
    waits += [(own[2], "handle", 2), (others[4], "verify", 3)]
    for n, (matter, stage, days) in enumerate(waits):
        moment = life.working(run.until - timedelta(days=days, hours=n))
        run.at(moment, run.raise_matter(matter, grid, 900_000 + n, wait_at=stage))
