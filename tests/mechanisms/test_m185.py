"""M185 老刘理发角: sessions every week and on the second of the second lunar month (21 February 2023); hours posted."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching.schema import activity
from gezhi.foundation.calendar import lunar_festivals
from tests.engines.matching.conftest import at, refused
from tests.mechanisms import mechanism
from tests.mechanisms.books import balance, entered, posted, served, somebody, work

pytestmark = mechanism("M185", file="packs/huochezhan-community/ledgers/haircut_hours.yaml")
BOOK = "haircut_hours"


def test_the_barber_has_the_time_of_every_session_and_the_dragon_day_is_the_lunar_one(county, at_ten):
    world = county("huochezhan-community")
    old = somebody(world, "刘某", "lake", "barber", {"since_year": 1981})
    assert lunar_festivals(2023)["龙抬头"] == date(2023, 2, 21)
    weekly, dragon = activity("haircut_corner"), activity("haircut_dragon")
    assert (weekly.rhythm["every"], dragon.body["festival"]) == ("week", "龙抬头")
    entered(served(world, "haircut_corner", "2026-11-20 08:30", 150, [old]), world, at_ten)
    work()
    assert balance(BOOK, old) == 150
    at_ten.move_to(at("2027-03-01 09:00"))
    with refused("session.invalid"):  # in 2027 it falls on 9 March
        served(world, "haircut_dragon", "2027-03-08 09:00", 120, [old])
    entered(served(world, "haircut_dragon", "2027-03-09 09:00", 120, [old]), world, at_ten)
    work()
    assert (balance(BOOK, old), balance(BOOK, "served"), posted(BOOK)) == (270, -270, 2)
