"""M187 老人每月生活费: men from 60, women from 55, 100 yuan a month; once a month; last for the month of a death."""

from __future__ import annotations

from datetime import UTC, date, datetime

from gezhi.engines.ledger import payouts
from gezhi.engines.ledger.schema import ledger
from gezhi.foundation import events, subjects
from tests.engines.matching.conftest import refused
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.books import SYSTEM, balance, drawn, entered_by_two, paid, posted

BOOK, LIST, SINCE = "elder_living", "living", date(2026, 1, 1)


@mechanism("M187", file="packs/encun-third-street/ledgers/elder_living.yaml")
@mechanism("M187", file="packs/encun-third-street/registers/street_villager.yaml")
def test_who_is_old_enough_on_the_last_day_is_paid_once_a_month_and_not_after_the_month_of_a_death(county, at_ten):
    world = county("encun-third-street")
    lake, zhao = world.places["lake"], world.actor("赵兰")

    def villager(born: str, sex: str, ours: bool = True) -> str:
        who = subjects.add(
            "person",
            {"name": "某某", "born": born, "sex": sex},
            actor=SYSTEM,
            place_id=lake,
            since=SINCE,
            synthetic=True,
        )
        subjects.enter("street_villager", who.pk, {"ours": ours}, actor=SYSTEM, since=SINCE)
        return f"subject:{who.pk}"

    def on(day: str) -> None:
        at_ten.move_to(datetime.fromisoformat(f"{day}T02:00:00").replace(tzinfo=UTC))

    man, young_man = villager("1966-11-30", "m"), villager("1966-12-01", "m")
    woman, young_woman = villager("1971-11-30", "f"), villager("1971-12-01", "f")
    leap, other = villager("1972-02-29", "f"), villager("1950-01-01", "m", ours=False)
    gone = villager("1940-05-05", "f")
    with refused("payout.early"):  # the day that counts is the month's last
        drawn(world, BOOK, LIST, "2026-11")
    subjects.end_subject(int(gone[8:]), "died", actor=SYSTEM, on=date(2026, 11, 10))
    on("2026-11-30")
    hundred = 100_00
    assert drawn(world, BOOK, LIST, "2026-11") == dict.fromkeys((man, woman, gone), hundred)
    entered_by_two(world, BOOK, "set_aside", 1000)
    row = paid(world, BOOK, LIST, "2026-11")
    assert (row.count, row.total, balance(BOOK, "elder")) == (3, 300_00, 300_00)
    on("2026-12-31")
    assert drawn(world, BOOK, LIST, "2026-12") == dict.fromkeys((man, young_man, woman, young_woman), hundred)
    assert other not in drawn(world, BOOK, LIST, "2026-12")
    paid(world, BOOK, LIST, "2026-12")
    # Born on 29 February: 55 on 28 February of a year that has no 29th.
    on("2027-02-28")
    assert leap in drawn(world, BOOK, LIST, "2027-02") and posted(BOOK) == 1 + 3 + 4
    on("2027-01-31")
    assert leap not in drawn(world, BOOK, LIST, "2027-01")
    # No second list can name whom another one of the month has named, and each book is the village's own.
    with refused("ledger.not_yours"):
        payouts.preview(BOOK, LIST, world.places["hill"], "2026-12", actor=zhao)
    page = Desk(world).of("赵兰").get(f"/desk/ledgers/payouts/{row.pk}").content.decode()
    assert "300.00 元" in page and "每月生活费" in page
    assert ledger(BOOK).payouts[LIST].every == "month" and events.verify().clean
