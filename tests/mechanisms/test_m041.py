"""M041 云课堂: full coverage is true only if every village and every person, cadres posted there too, were there."""

from __future__ import annotations

from gezhi.engines.matching import queries
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall

pytestmark = mechanism("M041", file="packs/yunhe-district/activities/cloud_lecture.yaml")


def test_full_only_when_every_village_and_every_person_was_there(county, at_ten):
    hall = meeting_hall(county, at_ten, "yunhe-district")
    world = hall.world
    world.seat("training_office", "county", "训练")
    world.seat("village_secretary", "ridge", "岭书")
    for n, place in enumerate(("lake", "hill", "ridge")):
        world.seat("committee_member", place, f"委{n}")
    world.seat("resident_cadre", "hill", "驻一")
    since, until = at("2026-11-01 00:00"), at("2026-12-31 00:00")
    villages = {world.places[name] for name in ("lake", "hill", "ridge")}

    def covered():
        return queries.covered_places("cloud_lecture", "village", since, until)

    for number in range(5):
        day = 19 + number
        for place, by in (("lake", "赵兰"), ("hill", "钱立"), ("ridge", "岭书")):
            if number < 4 and place == "ridge":
                continue
            row = hall.plan("cloud_lecture", when=f"2026-11-{day} 15:00", place=place, by=by, roles={"speaker": "主讲"})
            away = row.bookings.filter(person_id=world.people["驻一"]).first()
            hall.held(row, by=by, marks={away.number: "absent"} if away and number < 4 else {})
        found = queries.coverage("cloud_lecture", since, until)
        assert (found.full, covered() == villages) == ((True, True) if number == 4 else (False, False))
        if number == 3:
            assert found.absent == {world.people[n] for n in ("岭书", "委2", "驻一")}
    assert len(queries.coverage("cloud_lecture", since, until).expected) == 3 + 3 + 1
