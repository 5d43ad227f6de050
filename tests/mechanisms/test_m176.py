"""M176 入户走访建账: coverage = households visited / all; what was found stands by kind."""

from collections import Counter

from gezhi.engines.duties import actions, queries
from gezhi.engines.duties.models import Done, Enrolment
from gezhi.foundation import subjects
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, enter, owed, publish

pytestmark = mechanism("M176", file="packs/guanwangmiao-village/duties/canvass.yaml")
FOUND = ("none", "livelihood", "dispute", "livelihood")


def test_every_household_once_and_problems_by_kind(county, at_ten):
    world = county("guanwangmiao-village")
    publish()
    homes = []
    for number in range(6):
        home = subjects.add(
            "living_household", {"name": f"{number} 户"}, actor=SYSTEM, place_id=world.places["lake1"], synthetic=True
        )
        enter("canvassed_household", home)
        homes.append(home)
    lines = owed(world, "秦英", "canvass")
    assert len(lines) == 6 and {(o.closes - o.opens).days for o in lines} == {31}  # to the end of the thirtieth day
    for home, kind in zip(homes, FOUND, strict=False):
        actions.fulfil("canvass", home.pk, "2026-11-18", {"problem": kind}, actor=world.actor("秦英"))
    assert len(owed(world, "秦英", "canvass")) == 2
    visited = Done.objects.filter(rule="canvass", state="done").count()
    assert (visited, Enrolment.objects.filter(rule="canvass", until=None).count()) == (4, 6)  # coverage 4 of 6
    kinds = Counter(
        e.values["problem"]
        for e in subjects.Entry.objects.filter(register="canvassed_household")
        if e.values.get("problem")
    )
    assert kinds == Counter(FOUND)
    assert queries.one("canvass", homes[0].pk, "2026-11-18", world.actor("秦英")).state == "done"
