"""What the demo's people write about has its place in the catalogue and a unit that exists."""

from gezhi.foundation import packs
from gezhi.interfaces.demo import life, matters
from tests.world import World


def test_every_matter_has_a_category_and_a_unit(db):
    World()
    units = {o["code"] for o in packs.registry().body("posts", "standard-county")["organisations"]} | {
        "village",
        "grid",
    }
    for matter in matters.MATTERS:
        assert life.category_code(matter), matter.category
        assert matter.unit in units, matter.unit
        assert matter.text.format(road="某路", b="某楼")


def test_names_and_phones_are_made_up_and_differ():
    numbers = range(1, 400)
    assert len({matters.phone_of(n) for n in numbers}) == 399
    assert all(matters.phone_of(n).startswith("1990") and len(matters.phone_of(n)) == 11 for n in numbers)
    assert len({matters.name_of(n) for n in numbers}) > 350
