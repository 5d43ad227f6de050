"""M061 4点半课堂·暑期班: a child is brought and fetched by named adults; one volunteer to eight children, whoever comes or goes."""

from __future__ import annotations

import pytest

from gezhi.engines.matching import care, planning
from gezhi.engines.matching.models import Stay
from gezhi.foundation import events
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.matching import enter_all
from tests.mechanisms.meetings import at, meeting_hall, refused

pytestmark = mechanism("M061", file="packs/songxi/activities/half_past_four.yaml")


@pytest.fixture
def hall(county, at_ten):
    hall = meeting_hall(county, at_ten, "songxi")
    made = enter_all(
        hall.world, "volunteer", "person", "lake", [(n, {"team": "帮邻"}) for n in ("志甲", "志乙", "志丙")]
    )
    hall.volunteers = [who.pk for who in made]
    return hall


def plan(hall, helpers, **more):
    return hall.plan("half_past_four", "2026-11-20 16:30", theme="term", partners=hall.volunteers[:helpers], **more)


def test_the_ratio_bounds_what_is_promised_and_who_is_there(hall):
    actor = hall.world.actor("赵兰")
    with refused("care.ratio"):
        plan(hall, 2, seats=17)
    with refused("session.invalid"):
        plan(hall, 0)
    row = plan(hall, 2)
    assert row.seats == 16
    states = [hall.guest(row, n).state for n in range(18)]
    assert states == ["booked"] * 16 + ["waiting"] * 2
    with refused("care.ratio"):  # sixteen are promised: nobody may stay away without another
        care.away(row.pk, hall.volunteers[0], actor=actor)
    with refused("care.ratio"):
        planning.change(row.pk, actor=actor, seats=17)
    care.away(row.pk, hall.volunteers[0], instead=hall.volunteers[2], actor=actor)
    hall.until(at("2026-11-20 15:29"))
    with refused("session.not_yet"):
        care.arrive(row.pk, 1, "柳妈", actor=actor)
    hall.until(at("2026-11-20 16:20"))
    for n in range(1, 10):
        care.arrive(row.pk, n, f"家长{n}", actor=actor)
    hall.until(at("2026-11-20 16:40"))
    with refused("care.ratio"):  # nine are there: one helper is too few
        care.away(row.pk, hall.volunteers[1], actor=actor)
    care.leave(row.pk, 1, "家长1", actor=actor)
    care.away(row.pk, hall.volunteers[1], actor=actor)
    with refused("care.ratio"):
        care.arrive(row.pk, 10, "家长10", actor=actor)
    care.leave(row.pk, 2, "家长2", actor=actor)
    care.arrive(row.pk, 10, "家长10", actor=actor)
    row.refresh_from_db()
    assert Stay.objects.filter(left_at=None).count() == 8 and row.attended == 10 and events.verify().clean


def test_a_child_goes_only_with_an_adult_who_was_named_and_none_is_left_behind(hall):
    actor, row = hall.world.actor("赵兰"), plan(hall, 1)
    for n in range(2):
        hall.guest(row, n)
    hall.until(at("2026-11-20 16:35"))
    desk, url = Desk(hall.world).of("赵兰"), f"/desk/activities/{row.pk}"
    sent = {"number": 1, "adult": "柳妈", "fetchers": "柳爸、柳姥姥"}
    assert desk.post(f"{url}/do/arrive", sent | {"adult": ""}).status_code == 422
    assert desk.post(f"{url}/do/arrive", sent).status_code == 302
    with refused("care.twice"):
        care.arrive(row.pk, 1, "柳妈", actor=actor)
    with pytest.raises((NotAllowed, NotFound)):
        care.leave(row.pk, 1, "柳爸", actor=hall.world.actor("孙田"))
    with refused("care.not_named"):
        care.leave(row.pk, 1, "邻居", actor=actor)
    with refused("care.not_here"):
        care.leave(row.pk, 2, "柳爸", actor=actor)
    hall.until(at("2026-11-20 19:00"))
    with pytest.raises(Conflict) as still:
        hall.closed(row)
    assert still.value.code == "care.still_here"
    page = desk.get(url).content.decode()
    assert "现在有 1 个孩子，最多 8 个" in page and "柳妈" not in page  # names of adults are nobody's reading
    with refused("session.invalid"):
        care.also(row.pk, 1, "邻居", "", actor=actor)
    desk.post(f"{url}/do/also", {"number": 1, "adult": "邻居", "reason": "柳妈电话同意"})
    assert desk.post(f"{url}/do/leave", {"number": 1, "adult": "邻居"}).status_code == 302
    stay = Stay.objects.get()
    patches = [e.patch for e in events.history(f"session:{row.pk}")]
    assert stay.left_at is not None and "柳" not in str(patches) and "邻居" not in str(patches)
    assert hall.closed(row).state == "closed" and events.verify().clean
