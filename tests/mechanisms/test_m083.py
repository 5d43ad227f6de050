"""M083 困难村民联系岗位: a match respects skill, distance and hours; each offer is answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import CLOSED, OPEN, Case
from gezhi.foundation.calendar import clock
from tests.mechanisms import mechanism
from tests.mechanisms.matching import adopt, enter_all, propose

pytestmark = mechanism("M083", file="packs/yueshi-village/matches/jobs.yaml")
SEEKERS = {  # skill, reach, hours, hardship
    "甲": ("cleaning", 10, "day", 1), "乙": ("cleaning", 10, "day", 4), "丙": ("sewing", 3, "half", 2),
    "丁": ("cooking", 30, "night", 2), "戊": ("guard", 30, "day", 2), "己": ("sewing", 20, "half", 0),
}  # fmt: skip
OPENINGS = [("保洁", "cleaning", 8, "day", 1, 30), ("缝纫", "sewing", 12, "half", 2, 30), ("做饭", "cooking", 5, "day", 3, 30),
            ("看护", "guard", 5, "day", 3, -1)]  # fmt: skip


@pytest.fixture
def village(county):
    world = county("yueshi-village")
    today = clock.today()
    keys = ("skill", "reach", "hours", "hardship")
    rows = [(n, dict(zip(keys, v, strict=True))) for n, v in SEEKERS.items()]
    world.seekers = dict(zip(SEEKERS, enter_all(world, "job_seeker", "person", "lake1", rows), strict=True))
    rows = [
        (n, {"company": "厂", "skill": s, "km": km, "hours": h, "places": p, "ends_on": (today + timedelta(days=d)).isoformat()})
        for n, s, km, h, p, d in OPENINGS
    ]  # fmt: skip
    world.openings = dict(
        zip([o[0] for o in OPENINGS], enter_all(world, "job_opening", "matter", "lake", rows), strict=True)
    )
    return world


def test_skill_distance_and_hours_fit_and_whoever_got_nothing_knows_why(village):
    found = propose(village, "jobs", "lake", "赵兰")
    names = {s.pk: n for n, s in (*village.seekers.items(), *village.openings.items())}
    assert {names[n]: names[o] for n, o in found.pairs} == {
        "乙": "保洁",
        "己": "缝纫",
    }  # 乙 is in greater hardship than 甲
    why = {names[n]: found.why(n) for n in found.left}
    # 戊's opening is over, so that those still open are held against what he can do.
    assert why == {"甲": "合适的都给了更急的", "丙": "合适的都太远", "丁": "时间对不上", "戊": "没有会做的岗位"}


def test_each_offer_is_answered_or_climbs(village, at_ten):
    row = adopt(village, "jobs", "lake", "赵兰")
    cases = {pair["need"]: Case.objects.get(pk=pair["case"]) for pair in row.pairs}
    first, second = (cases[village.seekers[n].pk] for n in ("乙", "己"))
    assert {c.workflow for c in cases.values()} == {"job_offer"} and village.main(first).owner_seat == village.seats[
        "grid"
    ]
    village.do(first, "goes", "秦英")
    assert village.do(first, "hired", "赵兰", day="2026-11-25").outcome == "done"
    at_ten.shift(timedelta(days=7))
    while ticking.tick():
        pass
    second.refresh_from_db()
    assert (second.state, village.main(second).rung) == (OPEN, 1)  # nobody has answered it: it climbs
    assert village.do(second, "declines", "秦英", why="孩子没人接").state == CLOSED
