"""M070 半小时就能解决: the median and the share within 30 minutes of what was settled on the spot are told, and held against nobody."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.test import Client

from gezhi.engines.workflows.models import WorkItem
from gezhi.foundation import measures, people
from gezhi.foundation.calendar import clock
from tests.engines.publishing.bulletins.reading import number, sealed, text_of
from tests.mechanisms import mechanism

pytestmark = mechanism("M070", file="packs/yueshi-village/bulletins/rounds.yaml")

#: Minutes each took: two within half an hour (the last of them exactly), two that took longer.
TOOK = (5, 30, 31, 180)


def settled(world, at_ten):
    cases = []
    for minutes in TOOK:
        case = world.open(f"借梯子 {minutes}", by="秦英", channel="field")
        at_ten.shift(timedelta(minutes=minutes))
        cases.append(world.do(case, "settle", "赵兰", result="当面办好了"))
    return cases


def page(world, url):
    client = Client()
    person = people.directory().person(world.people["赵兰"])
    session = client.session
    session["person"], session["person_epoch"] = person.id, person.session_epoch
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client.get(url).content.decode()


def test_median_and_share_are_told_on_the_bulletin_and_on_the_methods_page(county, at_ten):
    world = county("yueshi-village")
    settled(world, at_ten)
    world.open("还没办的一件", by="秦英", channel="field")
    lake = world.places["lake"]
    week = measures.week_of(clock.today())
    share = measures.measure(["half_hour_rate"], period=week, place=lake)["half_hour_rate"]
    assert (share.value, share.numerator, share.denominator) == (Decimal("0.5"), 2, 4)
    spread = measures.spot_time(period=week, place=lake)
    assert (spread.count, spread.median) == (4, timedelta(minutes=30, seconds=30))
    for url in (f"/desk/bulletin/{lake}/week/{week.name}", "/desk/methods/request"):
        said = page(world, url)
        assert "半小时内办好的" in said and "50.0%" in said, url
        assert "measure=half_hour_rate" in said and '<b><span class="nb">30 分钟</span></b>' in said, url
    at_ten.shift(timedelta(days=7))
    row = sealed(lake, week.name, "rounds")
    assert "当场办结 4 件，半小时内办好的占 50.0%。" in text_of(row)
    _index, kept = number(row, "half_hour_rate")
    assert (kept["top"], kept["bottom"]) == ("2", 4)


def test_a_village_where_nothing_was_settled_on_the_spot_says_nothing(county, at_ten):
    world = county("yueshi-village")
    world.open("还没办的一件", by="秦英", channel="field")
    lake = world.places["lake"]
    week = measures.week_of(clock.today())
    assert measures.spot_time(period=week, place=lake) is None
    assert "半小时" not in page(world, "/desk/methods/request").split("record")[-1]
    at_ten.shift(timedelta(days=7))
    assert "当场办结 " not in text_of(sealed(lake, week.name, "rounds"))


def test_nobody_is_held_to_it(county, at_ten):
    """What took three hours is neither late nor warned of, and no metric of lateness reads it."""
    world = county("yueshi-village")
    case = settled(world, at_ten)[-1]
    slow = WorkItem.objects.filter(case_id=case.pk, stage="triage").get()
    assert slow.breached_at is None and slow.rung == 0
    week = measures.week_of(clock.today())
    late = measures.measure(["handled_late", "late"], period=week, place=world.places["lake"])
    assert [figure.value for figure in late.values()] == [0, 0]
    assert measures.METRICS["half_hour_rate"].better == ""
