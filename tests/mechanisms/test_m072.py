"""M072 上报村委当天维修: due at the end of the reporting day; overdue climbs next morning."""

from datetime import timedelta

from gezhi.engines.workflows import ticking
from gezhi.foundation import events
from gezhi.foundation.calendar import clock
from tests.mechanisms import mechanism

pytestmark = mechanism("M072", file="packs/yueshi-village/workflows/repair.yaml")


def test_due_is_the_end_of_the_reporting_day(county):
    world = county("yueshi-village")
    case = world.open("广场的灯坏了", place="hill1", by="孙田", channel="field", workflow="repair")
    assert world.main(case).due_at == case.due_at  # “迅速” is no number of hours: the check has the day, too
    assert clock.local(case.due_at).strftime("%m-%d %H:%M") == "11-19 00:00"
    world.do(case, "report", "孙田", finding="灯头烧了")
    assert world.main(case).due_at == case.due_at
    assert world.main(case).owner_seat == world.seats["hill_secretary"]


def test_what_is_not_repaired_climbs_next_morning_once(county, at_ten):
    world = county("yueshi-village")
    case = world.open("广场的灯坏了", place="hill1", by="孙田", channel="field", workflow="repair")
    world.do(case, "report", "孙田", finding="灯头烧了")
    at_ten.move_to(case.due_at + timedelta(minutes=5))
    ticking.tick()
    case.refresh_from_db()
    assert case.supervised_by is None  # nobody is woken at night
    at_ten.move_to(case.due_at + timedelta(hours=9, minutes=1))  # 9:01, one working hour into the morning
    for _n in range(3):
        ticking.tick()
    case.refresh_from_db()
    assert case.supervised_by == world.seats["west_street"]
    kinds = [e.kind for e in events.history(f"case:{case.id}")]
    assert kinds.count("item.escalated") == 1 and kinds.count("item.breached") == 1


def test_repaired_the_same_day_and_looked_at_by_another(county):
    world = county("yueshi-village")
    case = world.open("广场的灯坏了", place="hill1", by="孙田", channel="field", workflow="repair")
    world.do(case, "report", "孙田", finding="灯头烧了")
    world.do(case, "done", "钱立", result="换了灯头")
    item = world.main(case)
    # 孙田 checked and 钱立 repaired: neither of them looks again, the street does.
    assert item.stage == "look" and item.owner_seat == world.seats["west_street"]
    assert world.do(case, "good", "何苗").outcome == "done"
