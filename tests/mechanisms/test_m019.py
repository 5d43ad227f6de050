"""M019 联谊会·夏令营: needs venue, host and partner; sign-ups never exceed seats; the waiting list keeps its order."""

from __future__ import annotations

from gezhi.engines.matching import minutes, planning, signing
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall, refused

pytestmark = mechanism("M019", file="packs/taoyuan-community/activities/joint_event.yaml")


def test_host_partner_venue_seats_and_the_line_in_order(county, at_ten):
    hall = meeting_hall(county, at_ten, "taoyuan-community")
    secretary = hall.world.actor("赵兰")
    hallroom = planning.open_venue("社区礼堂", hall.world.places["lake"], actor=secretary, capacity=3)
    event = hall.plan(
        "joint_event", when="2026-11-21 14:00", theme="matching", venue_id=hallroom.pk, roles={"host": "主持"}
    )
    assert event.seats == 3
    codes = {n: hall.guest(event, n) for n in range(6)}
    assert [codes[n].state for n in range(6)] == ["booked"] * 3 + ["waiting"] * 3
    for leaver, comes in ((0, 3), (3, 4), (1, 5)):
        signing.withdraw(event.pk, codes[leaver].number, actor=secretary)
        assert event.bookings.get(pk=codes[comes].pk).state == "booked"
        assert event.bookings.filter(state="booked").count() == 3
    with refused("session.venue_busy"):
        hall.plan("joint_event", when="2026-11-21 15:00", theme="other", venue_id=hallroom.pk)
    with refused("session.too_many"):
        hall.plan("joint_event", when="2026-11-22 14:00", theme="camp", seats=61)
    hall.held(event)
    with refused("session.unfinished") as wrong:  # no partner named
        minutes.close(event.pk, {}, actor=secretary)
    assert "合办单位" in str(wrong.value.why)
    planning.change(event.pk, actor=secretary, roles={"host": "主持", "partner": "县工会"})
    assert minutes.close(event.pk, {}, actor=secretary).state == "closed"
