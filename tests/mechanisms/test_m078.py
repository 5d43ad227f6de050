"""M078 办实事清单: a benefit from 70 on and a subsidy for the insured, by the register of the cut-off day, each paid once a year."""

from __future__ import annotations

from datetime import date

from gezhi.foundation import events, subjects
from gezhi.foundation.subjects.models import Entry
from tests.engines.matching.conftest import refused
from tests.mechanisms import mechanism
from tests.mechanisms.books import SYSTEM, balance, drawn, entered_by_two, paid

BOOK, SINCE = "village_benefit", date(2026, 1, 1)


@mechanism("M078", file="packs/yueshi-village/ledgers/village_benefit.yaml")
@mechanism("M078", file="packs/yueshi-village/registers/yueshi_villager.yaml")
def test_seventy_on_the_birthday_by_the_register_of_the_day_once_a_year(county):
    world = county("yueshi-village")
    lake = world.places["lake"]

    def villager(born: str, since: date = SINCE, **values: bool) -> str:
        who = subjects.add(
            "person",
            {"name": "某某", "born": born, "sex": "f"},
            actor=SYSTEM,
            place_id=lake,
            since=since,
            synthetic=True,
        )
        subjects.enter("yueshi_villager", who.pk, {"ours": True, **values}, actor=SYSTEM, since=since)
        return f"subject:{who.pk}"

    today70, tomorrow70 = villager("1956-10-01"), villager("1956-10-02")
    late = villager("1940-01-01", since=date(2026, 10, 2), insured=True)  # came after the day
    insured = villager("1990-01-01", insured=True)
    stranger = villager("1940-01-01", ours=False, insured=True)
    assert drawn(world, BOOK, "elders", "2026") == {today70: 300_00}
    assert drawn(world, BOOK, "insurance", "2026") == {insured: 100_00}
    # What is changed afterwards changes nothing of the day.
    line = Entry.objects.get(subject_id=int(tomorrow70[8:]))
    subjects.change(line.pk, {"insured": True}, actor=SYSTEM, on=date(2026, 11, 1))
    assert drawn(world, BOOK, "insurance", "2026") == {insured: 100_00}
    subjects.change(
        Entry.objects.get(subject_id=int(insured[8:])).pk, {"insured": False}, actor=SYSTEM, on=date(2026, 11, 1)
    )
    entered_by_two(world, BOOK, "set_aside", 350)
    assert paid(world, BOOK, "elders", "2026").total == 300_00
    with refused("ledger.short"):  # never beyond what was set aside, and then nobody
        paid(world, BOOK, "insurance", "2026")
    assert (balance(BOOK, "budget"), balance(BOOK, "villager")) == (50_00, 300_00)
    assert {late, stranger} & set(drawn(world, BOOK, "elders", "2026")) == set() and events.verify().clean
