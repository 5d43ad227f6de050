"""What the worker does for duties: put rules in force, close windows, climb, and look each day at what time changes."""

from __future__ import annotations

from gezhi.engines.duties import climbing, closing, publishing
from gezhi.engines.duties.schema import rules
from gezhi.foundation import db, jobs
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.jobs.claims import Claimed

#: The day (ordinal) looked at last, and the people and places revisions that seats were found by.
CHECKED, SEATED, GROUND = "duties.checked", "duties.seated", "duties.ground"


@jobs.handler("duties.publish")
def publish(job: Claimed) -> None:
    """One rule over all its subjects; it may be begun again where it stopped."""
    publishing.publish(job.payload["rule"])
    with job.complete():
        pass


@jobs.every(60, "duties.rules")
def follow_rules() -> None:
    """Rules that came with a pack and are not in force yet are put in force in the background."""
    ask_to_publish()


def ask_to_publish() -> int:
    """Enqueue the publication of every rule whose newest version is not in force; returns how many."""
    from gezhi.engines.duties.models import Publication

    there = dict(Publication.objects.filter(finished=True).values_list("rule", "hash"))
    wanted = [rule for rule in rules() if there.get(rule.name) != rule.hash]
    if wanted:
        with db.write():
            jobs.enqueue_many(
                [
                    ("duties.publish", f"{rule.name}:{rule.version}:{rule.hash[:12]}", {"rule": rule.name})
                    for rule in wanted
                ]
            )
    return len(wanted)


@jobs.every(60, "duties.close")
def close() -> None:
    """Windows that are over, then the rungs that are due."""
    with revisions.scope():
        closing.close_windows()
    while climbing.climb() == climbing.BATCH:
        pass


@jobs.every(300, "duties.check")
def check() -> None:
    """Once a day: birthdays and conditions over today. Whenever people or places have changed: whose each duty is."""
    known = revisions.current()
    today = clock.today()
    last = known.get(CHECKED, 0)
    if last < today.toordinal():
        if last:
            publishing.recheck(type(today).fromordinal(last), today)
        with db.write():
            revisions.assign(CHECKED, today.toordinal())
    now = (known.get("people", 0), known.get("places", 0))
    if (known.get(SEATED, 0), known.get(GROUND, 0)) != now:
        publishing.reseat()
        with db.write():
            revisions.assign(SEATED, now[0])
            revisions.assign(GROUND, now[1])
