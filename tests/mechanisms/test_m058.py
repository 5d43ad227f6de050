"""M058 五类服务: every record has exactly one of five kinds; the five make the whole, and each opens its records."""

from __future__ import annotations

import pytest

from gezhi.engines.registers import figures, files
from gezhi.foundation import subjects
from gezhi.foundation.errors import Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, enter, person

pytestmark = mechanism("M058", file="packs/songxi/registers/five_services.yaml")
GIVEN = {"health": 4, "convenience": 3, "care": 1, "safety": 2, "jobs": 5}


def test_one_of_five_kinds_each_and_five_totals_make_the_whole(county, at_ten):
    world = county("songxi")
    people = [person(world, f"人{n}", "1960-01-01") for n in range(4)]
    kinds = [kind for kind, n in GIVEN.items() for _each in range(n)]
    for n, kind in enumerate(kinds):
        enter("five_services", people[n % 4], service=kind, what="做了一次")
    actor = world.actor("赵兰")
    found = figures.figures(actor, "five_services", "service")
    assert {cut.value: cut.lines for cut in found.cuts} == GIVEN  # in the order of the pack, none beside the five
    assert sum(cut.lines for cut in found.cuts) == found.whole.lines == 15 and len(found.whole.subjects) == 4
    assert {k: v[0] for k, v in files.totals(actor, "five_services", "service").items()} == GIVEN
    desk = Desk(world).of("赵兰")
    page = desk.get("/desk/registers/five_services/figures?by=service").content.decode()
    assert "cut=service%3Acare" in page and "没有写" not in page
    opened = desk.get("/desk/registers/five_services?cut=service:safety").content.decode()
    assert opened.count("<tr data-row>") == 2


@pytest.mark.parametrize("values", [{}, {"service": ""}, {"service": "travel"}, {"service": "health,care"}])
def test_no_record_without_exactly_one_of_the_five(county, at_ten, values):
    world = county("songxi")
    who = person(world, "人甲")
    with pytest.raises(Invalid) as refused:
        subjects.enter("five_services", who.pk, {"what": "量血压", **values}, actor=SYSTEM)
    assert set(refused.value.field_errors) == {"service"}
