"""M053 全天候巡查: a leading officer and an officer for every hour with hand-over; grids day and night; gaps are listed."""

from __future__ import annotations

from datetime import date, timedelta

from gezhi.engines.duties import actions as duties
from gezhi.engines.duties import closing, queries
from gezhi.engines.duties.schema import rule
from gezhi.flows import visits
from gezhi.foundation import people
from gezhi.foundation.people import actions
from gezhi.foundation.people.duty_notes import Entry, notes_of
from gezhi.foundation.people.models import Shift
from gezhi.foundation.people.roster import on_duty, roster
from tests.foundation.people.county import SETUP
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import owed, publish
from tests.mechanisms.meetings import at

pytestmark = mechanism("M053", file="packs/songxi/duties/grid-patrol.yaml")
HOUR = timedelta(hours=1)
MONDAY, SUNDAY = date(2026, 11, 16), date(2026, 11, 22)


def test_every_hour_of_a_week_has_an_officer_and_a_leading_officer_who_hand_over(county, at_ten):
    at_ten.move_to(at("2026-11-15 12:00"))
    world = county("songxi")
    town = world.places["east"]
    seats = {post: world.seat(post, "east") for post in ("duty_leader", "duty_officer")}
    for post, names in (("duty_leader", "领甲 领乙 领丙"), ("duty_officer", "值甲 值乙 值丙")):
        persons = [world.person(n) for n in names.split()]
        actions.plan_rotation(seats[post], persons, MONDAY, SUNDAY, actor=SETUP)
    first = Shift.objects.filter(seat_id=seats["duty_officer"]).order_by("since")[:2]
    hours = [first[0].since + n * HOUR for n in range(7 * 24)]
    assert all(len(found := on_duty(town, h)) == 2 and all(d.shift for d in found) for h in hours)
    assert roster(town, MONDAY, SUNDAY).holes == ()
    # Hand-over: what one shift leaves, the next one reads.
    one, two = first
    at_ten.move_to(one.since + HOUR)
    name = {id: n for n, id in world.people.items()}
    note = actions.hand_over_shift(one.pk, [Entry("三号井盖松动，已围挡")], actor=world.actor(name[one.person_id]))
    at_ten.move_to(two.since)
    actions.take_over_note(note, actor=world.actor(name[two.person_id]))
    (read,) = notes_of(town, actor=world.actor(name[two.person_id]), since=one.since)
    assert (read.entries[0].text, read.taken_by) == ("三号井盖松动，已围挡", two.person_id)
    # An hour that nobody has is listed, with whom it falls to meanwhile.
    lost = Shift.objects.filter(seat_id=seats["duty_leader"], since__gt=two.since).order_by("since")[3]
    actions.cancel(lost.pk, actor=SETUP)
    assert roster(town, MONDAY, SUNDAY).holes == ((seats["duty_leader"], lost.since, lost.until),)
    assert [d.shift for d in on_duty(town, lost.since) if d.seat.id == seats["duty_leader"]] == [False]
    assert people.directory().effective(seats["duty_leader"], lost.since).seat_id == world.seats["street"]


def test_grids_are_walked_by_plan_in_three_parts_of_the_day_and_the_others_are_listed(county, at_ten):
    at_ten.move_to(at("2026-11-16 05:00"))
    world = county("songxi")
    world.seat("duty_leader", "east", "领甲")
    publish()
    known = rule("grid-patrol")
    parts = [p for p in known.periods(MONDAY, MONDAY) if p.opens >= at("2026-11-16 06:00")]
    edges = [(p.opens, p.closes) for p in parts]
    assert edges == [(at(f"2026-11-16 {a}"), at(f"{b}")) for a, b in
                     (("06:00", "2026-11-16 14:00"), ("14:00", "2026-11-16 22:00"), ("22:00", "2026-11-17 06:00"))]  # fmt: skip
    assert [s[1] - s[0] for s in edges] == [8 * HOUR] * 3
    walked = {(0, "秦英"), (0, "李禾"), (1, "秦英"), (2, "李禾")}
    for n, part in enumerate(parts):
        at_ten.move_to(part.opens + HOUR)
        for name in ("秦英", "李禾"):
            line = next(o for o in owed(world, name, "grid-patrol") if o.state == "open")
            if (n, name) in walked:
                duties.fulfil(
                    "grid-patrol", line.subject_id, line.period, {"found": "nothing"}, actor=world.actor(name)
                )
        at_ten.move_to(part.closes)
        closing.close_windows()
    lake = ("village", world.places["lake"])
    missed = [[o.subject_id for o in queries.behind(known, part, "missed", lake)] for part in parts]
    assert missed == [[], [world.places["lake2"]], [world.places["lake1"]]]
    shown = (
        Desk(world)
        .of("赵兰")
        .get(f"/desk/duties/grid-patrol/{parts[1].key.replace('#', '%23')}/missed?place={lake[1]}")
    )
    assert shown.status_code == 200 and "第 2 网格" in shown.content.decode()
    # What the night left out goes to the secretary within an hour, to the leading officer within eight.
    ladder = [(str(r.after), r.post) for r in known.climbs]
    assert ladder == [("1 urgent_hour", "village_secretary"), ("8 urgent_hour", "duty_leader")]
    at_ten.move_to(at("2026-11-17 07:00"))
    line = next(o for o in owed(world, "秦英", "grid-patrol") if o.state == "open")
    found = visits.visit("grid-patrol", line.subject_id, line.period, {"found": "hazard"}, actor=world.actor("秦英"))
    assert found.case is not None and found.case.workflow == "request"
