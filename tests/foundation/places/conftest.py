"""A small county of our own: one town, two villages, three grids each, drawn as squares of a hundredth degree."""

from datetime import date
from types import SimpleNamespace

import pytest
from shapely import box

from gezhi.foundation import people, places
from gezhi.foundation.places.divisions import KNOWN_SINCE

DIVISIONS = [
    {"code": "99", "name": "试省", "parent": "", "level": "province"},
    {"code": "9901", "name": "试市", "parent": "99", "level": "city"},
    {"code": "990101", "name": "试县", "parent": "9901", "level": "county"},
    {"code": "990101001", "name": "东街道", "parent": "990101", "level": "town"},
    {"code": "990101100", "name": "西镇", "parent": "990101", "level": "town"},
    {"code": "990101001001", "name": "柳树居民委员会", "parent": "990101001", "level": "village"},
    {"code": "990101001201", "name": "河湾村民委员会", "parent": "990101001", "level": "village"},
]
OPENED = date(2024, 1, 1)


@pytest.fixture
def actor():
    return people.system("places")


@pytest.fixture
def county(db, actor):
    """Ids by name: willow and bend (villages), w1..w3 and b1..b3 (their grids), town, west, county."""
    places.import_divisions(actor=actor, rows=DIVISIONS)
    known = places.directory()
    ids = SimpleNamespace(
        county=known.by_code("990101"),
        town=known.by_code("990101001"),
        west=known.by_code("990101100"),
        willow=known.by_code("990101001001"),
        bend=known.by_code("990101001201"),
    )
    for column, (village, letter) in enumerate([(ids.willow, "w"), (ids.bend, "b")]):
        places.set_shape(village, box(110 + column * 0.01, 35, 110.01 + column * 0.01, 35.03), actor=actor)
        for number in (1, 2, 3):
            low = 35 + (number - 1) * 0.01
            square = box(110 + column * 0.01, low, 110.01 + column * 0.01, low + 0.01)
            grid = places.open_place(
                "grid1",
                f"第 {number} 网格",
                actor=actor,
                parent=village,
                on=OPENED,
                codes={"grid": f"{known.get(village).code}{number:03d}"},
                geometry=square,
            )
            setattr(ids, f"{letter}{number}", grid)
    ids.since = KNOWN_SINCE
    return ids
