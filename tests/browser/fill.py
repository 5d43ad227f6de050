"""Fill the home of this process's environment with a small demo county, on a Sunday afternoon: `python -m tests.browser.fill CASES [WEEKS]`.

Beside the demo sign-ins there are three more, with the same password: `power` and `water`, the county's power and
water companies, and `relief`, a person without a seat whom an administrator may appoint or a roster may put on duty.
"""

from __future__ import annotations

import gc
import math
import os
import sys
from datetime import UTC, datetime

import django
import time_machine

#: When the county's present is, whenever the test runs: a Sunday, so that the stories' working days are those of one week,
#: far from midnight and from the end of a month.
SUNDAY = datetime(2026, 11, 22, 6, tzinfo=UTC)
RELIEF = ("程立新", "19900090001")


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gezhi.interfaces.site.settings")
    django.setup()
    in_haste()
    from gezhi.foundation import db
    from gezhi.foundation.calendar import clock
    from gezhi.foundation.db import revisions
    from gezhi.interfaces.demo import seed
    from gezhi.interfaces.jobs import steps

    real = datetime.now(UTC)
    with time_machine.travel(SUNDAY, tick=True):
        steps.migrate()
        steps.install_packs()
        seed.fill(cases=int(sys.argv[1]), weeks=int(sys.argv[2]) if len(sys.argv) > 2 else seed.WEEKS)
        more_sign_ins()
        steps.install_packs()  # reads nothing new: that all of them were read is noted
        caught_up()
    with db.write():
        revisions.assign(clock.OFFSET, math.ceil((SUNDAY - real).total_seconds()))
    return 0


def caught_up() -> None:
    """What the worker would do first in every copy of this home: duties that were missed are told upwards, the log is
    sealed and followed, last weeks' bulletins are counted."""
    from gezhi.engines.duties import jobs as duties
    from gezhi.engines.publishing import jobs as publishing
    from gezhi.flows import following
    from gezhi.foundation import events
    from gezhi.foundation.jobs import claims, registry

    registry.discover()
    duties.close()
    publishing.seal_due()
    while events.seal_now() is not None:
        pass
    while following.follow():
        pass
    claims.drain("fill")


def in_haste() -> None:
    """A home that is still being filled need not survive a power cut; the server that opens it later is careful again."""
    from gezhi.foundation.db.sqlite import base, syncing

    gc.set_threshold(50_000, 50, 100)
    syncing.careful = False
    base._PRAGMAS = (*base._PRAGMAS, "PRAGMA synchronous = OFF")


def more_sign_ins() -> None:
    """Two more units and the relief."""
    from gezhi.foundation import people
    from gezhi.foundation.people import actions
    from gezhi.interfaces.demo.staff import PASSWORD, demo_place

    directory, setup = people.directory(), people.system("setup")

    def of_unit(code: str) -> int:
        company = directory.organisation(code, demo_place("county"))
        assert company is not None
        seats = directory.seats_at(company.place_id, "department")
        return directory.holders(next(s.id for s in seats if s.organisation_id == company.id))[0]

    for person, username in (
        (of_unit("power"), "power"),
        (of_unit("tap_water"), "water"),
        (actions.create_person(RELIEF[0], phone=RELIEF[1], actor=setup, synthetic=True), "relief"),
    ):
        actions.set_username(person, username, actor=setup)
        actions.set_password(person, PASSWORD, actor=setup)


if __name__ == "__main__":
    sys.exit(main())
