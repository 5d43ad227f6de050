"""M064 就业信息公示·服务集市·招聘会: vacancies expire; what is suggested meets every hard condition; hires are recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from gezhi.engines.workflows.models import Case
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.matching import adopt, enter_all, propose

pytestmark = mechanism("M064", file="packs/songxi/matches/job_market.yaml")
POSTS = [("做竹", "wood", 4000, False, 1, 20), ("夜班竹", "wood", 6000, True, 5, 20), ("采茶", "tea", 3000, False, 2, 0), ("开车", "driver", 9000, False, 2, -1)]  # fmt: skip
SEEKERS = {"甲": ("wood", 3500, False), "乙": ("wood", 3500, True), "丙": ("wood", 7000, True), "丁": ("driver", 1, True), "戊": ("tea", 3000, False), "己": ("home", 1, True)}  # fmt: skip


def test_posts_expire_suggestions_fit_and_hires_are_recorded(county, at_ten):
    world = county("songxi")
    keys = ("trade", "pay", "nights", "places")
    rows = [
        (n, dict(zip(keys, v, strict=True)) | {"company": "厂", "ends_on": (clock.today() + timedelta(days=d)).isoformat()})
        for n, *v, d in POSTS
    ]  # fmt: skip
    posts = dict(zip([p[0] for p in POSTS], enter_all(world, "job_post", "matter", "lake", rows), strict=True))
    rows = [(n, {"trade": t, "least": p, "nights": g}) for n, (t, p, g) in SEEKERS.items()]
    seekers = dict(zip(SEEKERS, enter_all(world, "job_hunter", "person", "lake1", rows), strict=True))

    def shown():
        page = Client().get("/open/job_post").content.decode()
        return {name for name in posts if f">{name}<" in page or f" {name}" in page or name in page}

    assert "开车" not in shown() and {"采茶", "夜班竹"} <= shown()  # its last day still counts
    names = {s.pk: n for n, s in (*seekers.items(), *posts.items())}
    found = propose(world, "job_market", "lake", "赵兰")
    given = {names[n]: names[o] for n, o in found.pairs}
    assert given == {"甲": "做竹", "乙": "夜班竹", "戊": "采茶"}
    why = {names[n]: found.why(n) for n in found.left}
    assert why == {"丙": "工资都不够", "丁": "没有想做的", "己": "没有想做的"}
    row = adopt(world, "job_market", "lake", "赵兰")
    cases = {names[p["need"]]: Case.objects.get(pk=p["case"]) for p in row.pairs}
    world.do(cases["甲"], "goes", "秦英")
    with pytest.raises(Invalid):
        world.do(cases["甲"], "hired", "赵兰")  # not without the day
    hired = world.do(cases["甲"], "hired", "赵兰", day="2026-11-25")
    assert (hired.outcome, hired.solved, hired.workflow) == ("done", "yes", "hire")
    with pytest.raises(Invalid):
        world.do(cases["乙"], "declines", "秦英")
    assert world.do(cases["乙"], "declines", "秦英", why="太远").outcome == "withdrawn"
    at_ten.shift(timedelta(days=1))
    assert "采茶" not in shown() and "夜班竹" in shown()
    at_ten.shift(timedelta(days=20))
    assert shown() == set()
