"""M118 岗位在社区、培养在街道·后备库: where somebody was placed on each day; into the pool and out of it with a reason."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gezhi.engines.registers import lines
from gezhi.foundation import subjects
from gezhi.foundation.errors import Invalid
from gezhi.foundation.subjects import access
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago, person

pytestmark = [
    mechanism("M118", file="packs/mengzhou/workflows/reserve_pool.yaml"),
    mechanism("M118", file="packs/mengzhou/registers/reserve.yaml"),
]


def test_a_history_of_posts_and_reasons_in_and_out(county, at_ten):
    world = county("mengzhou")
    who = person(world, 1)
    lives = subjects.enter("resident", who.pk, {"residence": "here"}, actor=world.actor("赵兰"), since=ago(500))
    lake, hill, east = (world.places[n] for n in ("lake", "hill", "east"))
    case = world.open("后备力量提名。", place="lake", workflow="reserve_pool", by="赵兰", channel="counter")
    world.do(case, "put", "赵兰", who=lives.pk, why="做网格员三年。")
    into = {"community": lake, "street": east, "review_on": "2027-12-31", "why_in": "公开推选前三。"}
    with pytest.raises(Invalid) as refused:
        world.do(case, "take", "周敏", **{k: v for k, v in into.items() if k != "why_in"})
    assert list(refused.value.field_errors) == ["why_in"]
    case = world.do(case, "take", "周敏", **into)
    at_ten.shift(timedelta(days=100))
    with pytest.raises(Invalid):
        world.do(case, "moved", "周敏", community=hill)
    world.do(case, "moved", "周敏", community=hill, why_moved="坡上缺人。")
    at_ten.shift(timedelta(days=100))
    with pytest.raises(Invalid):
        world.do(case, "out", "周敏")
    assert world.do(case, "out", "周敏", why_out="当选社区副书记。").outcome == "done"

    def placed(day: date) -> list:
        return [r.values["community"] for r in subjects.as_of(world.actor("周敏"), "reserve", None, day).rows]

    assert [placed(date(2026, m, d)) for m, d in ((11, 17), (11, 18), (12, 31))] == [[], [lake], [lake]]
    assert [placed(date(2027, m, d)) for m, d in ((2, 25), (2, 26), (6, 5), (6, 6))] == [[lake], [hill], [hill], []]
    line, declared = access.entry_for(case.kept["line"], world.actor("周敏"))
    story = "".join(one.text for one in lines.history(line, declared))
    assert all(why in story for why in ("公开推选前三。", "坡上缺人。", "当选社区副书记。"))
