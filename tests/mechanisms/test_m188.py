"""M188 村史馆 图书室 儿童之家: rooms have opening hours, a book has one reader at a time, bookings never overlap."""

from __future__ import annotations

from datetime import time

import pytest

from gezhi.engines.matching import planning, queries
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import owed, publish
from tests.mechanisms.meetings import HOUR, at, meeting_hall, refused
from tests.mechanisms.roll import thing

pytestmark = mechanism("M188", file="packs/encun-third-street/registers/room_book.yaml")


def test_rooms_are_booked_within_their_hours_and_never_twice(county, at_ten):
    hall = meeting_hall(county, at_ten, "encun-third-street")
    secretary, lake = hall.world.actor("赵兰"), hall.world.places["lake"]
    museum, library = (
        planning.open_venue(name, lake, actor=secretary, kind=name, opens=time(9), closes=time(18), capacity=30)
        for name in ("村史馆", "图书室")
    )
    for theme, room in (("museum", museum), ("library", library)):
        hall.plan("open_room", when="2026-11-20 09:00", hours=2, theme=theme, venue_id=room.pk)
    hall.plan("open_room", when="2026-11-20 11:00", hours=1, theme="museum", venue_id=museum.pk)  # as one ends
    with refused("session.venue_busy"):
        hall.plan("open_room", when="2026-11-20 10:30", hours=1, theme="children", venue_id=museum.pk)
    for when in ("2026-11-21 08:30", "2026-11-21 17:30"):
        with refused("session.venue_closed"):
            hall.plan("open_room", when=when, hours=1, theme="museum", venue_id=museum.pk)
    with refused("session.invalid"):
        hall.plan("open_room", when="2026-11-21 10:00", hours=1, theme="shop", venue_id=museum.pk)
    assert {v.name: n for v, n in queries.venue_use(lake, at("2026-11-01 00:00"), at("2026-12-01 00:00"))} == {
        "村史馆": 2, "图书室": 1,
    }  # fmt: skip
    assert museum not in queries.free_venues(lake, at("2026-11-20 09:00"), at("2026-11-20 09:00") + HOUR)


def test_a_book_has_one_reader_and_is_asked_for_when_it_is_late(county, at_ten):
    world = county("encun-third-street")
    publish()
    actor, book = world.actor("赵兰"), thing(world, "asset", "乡土志", place="lake")
    line = subjects.enter("room_book", book.pk, {"reader": "柳一", "back_by": "2026-11-20"}, actor=actor)
    with pytest.raises(Conflict) as wrong:
        subjects.enter("room_book", book.pk, {"reader": "柳二", "back_by": "2026-11-25"}, actor=actor)
    assert wrong.value.code == "subject.one_only"
    assert owed(world, "赵兰", "book-reminder") == []
    at_ten.move_to(at("2026-11-21 09:00"))
    (due,) = owed(world, "赵兰", "book-reminder")
    assert due.subject_id == book.pk and due.closes == at("2026-11-24 00:00")
    subjects.restate("room_book", actor=actor)
    page = Desk(world).of("赵兰").get("/desk/registers/room_book?state=overdue").content.decode()
    assert "乡土志" in page and "柳一" not in page  # who reads what is not shown in a list
    subjects.end(line.pk, actor=actor)
    assert owed(world, "赵兰", "book-reminder") == []
    again = subjects.enter("room_book", book.pk, {"reader": "柳二", "back_by": "2026-12-01"}, actor=actor)
    assert again.state == "out"
