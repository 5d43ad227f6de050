"""Fill the home of this process's environment with one village, 岳师村, on a Monday morning: `python -m tests.browser.village`.

Six grids with a worker each, a secretary, a village doctor, two helpers, a neighbouring village's secretary, an
administrator; nobody on any register yet. `over` instead closes the windows that are over, `late` asks what bulletins are due. The clock stands at 23 November 2026, 8 o'clock, and goes on from there.
Sign-ins (the demo's password): secretary doctor worker1 … worker6 helper1 helper2 neighbour admin.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime

import django

MONDAY = datetime(2026, 11, 23, 0, tzinfo=UTC)
GRIDS = 6
HELPERS = ("程前进", "温如玉")


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gezhi.interfaces.site.settings")
    django.setup()
    from gezhi.engines.duties import jobs as duties
    from gezhi.engines.publishing import jobs
    from gezhi.foundation import db
    from gezhi.foundation.calendar import clock
    from gezhi.foundation.db import revisions
    from gezhi.interfaces.jobs import steps
    from tests.browser.fill import in_haste

    if "over" in sys.argv:  # what the worker does by itself every minute of real time
        duties.close()
        return 0
    if "late" in sys.argv:  # and every quarter of an hour
        jobs.seal_due()
        return 0

    in_haste()
    steps.migrate()
    with db.write():
        revisions.assign(clock.OFFSET, int((MONDAY - datetime.now(UTC)).total_seconds()))
    steps.install_packs()
    _village()
    return 0


def _village() -> None:
    from gezhi.engines.duties import publishing
    from gezhi.engines.duties.schema import rules
    from gezhi.foundation import packs, people, places, subjects
    from gezhi.foundation.people import actions
    from gezhi.interfaces.demo.staff import PASSWORD

    setup = people.system("setup")
    packs.install(next(iter(_packs("yueshi-village"))), actor=setup)
    for name in packs.registry().names("posts"):
        people.sync_posts(packs.registry().body("posts", name))
    above = None
    for kind, name in (("province", "某省"), ("city", "某市"), ("county", "清河县"), ("town", "西山镇")):
        above = places.open_place(kind, name, actor=setup, parent=above, on=date(2020, 1, 1))
        if kind == "county":
            county = above
    villages = [
        places.open_place("village", f"{name}村民委员会", actor=setup, parent=above, on=date(2020, 1, 1))
        for name in ("岳师村", "南岗村")
    ]
    grids = [
        places.open_place("grid1", f"第 {n} 网格", actor=setup, parent=villages[0], on=date(2020, 1, 1))
        for n in range(1, GRIDS + 1)
    ]

    def sits(username: str, name: str, post: str, place: int) -> int:
        who = actions.create_person(name, actor=setup, synthetic=True)
        if username:
            actions.set_username(who, username, actor=setup)
            actions.set_password(who, PASSWORD, actor=setup)
        seat = actions.open_root(post, place, [who, _second()], actor=setup) if post == "county_director" else 0
        if not seat:
            actions.appoint(actions.open_seat(post, place, actor=setup), who, actor=setup)
        return who

    def _second() -> int:
        return actions.create_person("欧阳澄", actor=setup, synthetic=True)

    sits("director", "于沐阳", "county_director", county)
    sits("admin", "卢一舟", "admin", county)
    sits("street", "何苗", "street_officer", above)
    sits("secretary", "赵兰", "village_secretary", villages[0])
    sits("neighbour", "钱立", "village_secretary", villages[1])
    sits("doctor", "韩竹", "village_doctor", villages[0])
    for n, (grid, name) in enumerate(
        zip(grids, ["秦英", "李禾", "孙田", "周敏", "吕岩", "方晓"], strict=True), start=1
    ):
        sits(f"worker{n}", name, "grid_worker", grid)
    for n, name in enumerate(HELPERS, start=1):
        colleague = sits(f"helper{n}", name, "grid_head", grids[n])
        subjects.add("person", {"name": name}, actor=setup, place_id=villages[0], person_id=colleague, synthetic=True)
    for rule in rules():
        publishing.publish(rule.name)


def _packs(name: str):
    from django.conf import settings

    for root in settings.GEZHI_PACKS:
        if (root / name / "pack.yaml").exists():
            yield root / name


if __name__ == "__main__":
    sys.exit(main())
