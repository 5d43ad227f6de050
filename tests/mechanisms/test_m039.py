"""M039 集中学习: each branch has its due meeting per period; coverage = persons who attended of all cadres, with the absent."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import cadence, queries
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, refused

pytestmark = mechanism("M039", file="packs/yunhe-district/activities/joint_study.yaml")


def test_each_branch_is_due_each_month_and_coverage_names_the_absent(county, at_ten):
    hall = meeting_hall(county, at_ten, "yunhe-district")
    world = hall.world
    for n, place in enumerate(("lake", "lake", "hill")):
        world.seat("committee_member", place, f"委{n}", label=str(n))
    cadres = {world.people[name] for name in ("赵兰", "钱立", "委0", "委1", "委2")}
    lake = hall.plan("joint_study", when="2026-11-19 15:00")
    hill = hall.plan("joint_study", when="2026-11-20 15:00", place="hill", by="钱立")
    assert {b.person_id for b in lake.bookings.all()} == {world.people[n] for n in ("赵兰", "委0", "委1")}
    absent = lake.bookings.get(person_id=world.people["委1"]).number
    hall.held(lake, marks={absent: "absent"})
    from gezhi.engines.matching import minutes

    with refused("session.unfinished"):
        minutes.close(lake.pk, {}, actor=world.actor("赵兰"))
    minutes.close(lake.pk, {}, actor=world.actor("赵兰"), done=["study"])
    states = {d.unit: d.state for d in cadence.due("joint_study", date(2026, 11, 1), date(2026, 11, 30))}
    places = {name: f"place:{world.places[name]}" for name in ("lake", "hill", "ridge")}
    assert states == {places["lake"]: "done", places["hill"]: "open", places["ridge"]: "open"}
    hall.closed(hill, by="钱立", done=["study"])
    found = queries.coverage("joint_study", at("2026-11-01 00:00"), at("2026-12-01 00:00"))
    assert (found.expected, len(found.came), found.absent) == (cadres, 4, {world.people["委1"]})
    assert not found.full
    at_ten.move_to(at("2026-12-01 09:00"))
    states = {d.unit: d.state for d in cadence.due("joint_study", date(2026, 11, 1), date(2026, 11, 30))}
    assert states[places["ridge"]] == "missed" and states[places["hill"]] == "done"
    # Twice in one month does not stand for the next, and one person at both counts once.
    again = hall.plan("joint_study", when="2026-12-02 15:00")
    hall.closed(again, done=["study"])
    both = queries.coverage("joint_study", at("2026-11-01 00:00"), at("2027-01-01 00:00"))
    assert both.came == cadres and both.full
