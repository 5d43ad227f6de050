"""M189 恩村三街 安置小区: each household resettled once; totals by estate."""

import pytest

from gezhi.engines.registers import files
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago


@mechanism("M189", file="packs/encun-third-street/registers/resettlement.yaml")
def test_each_household_once_and_the_totals_by_estate_open(county):
    world = county("encun-third-street")
    actor = world.actor("赵兰")
    # 1,320 and 308 households, at a twentieth and a quarter of their size: 66 and 77.
    rows = [({"name": f"柳{n}户"}, world.places["lake"], ago(90)) for n in range(66 + 77)]
    found = subjects.add_many("registered_household", rows, actor=actor, synthetic=True)
    lines = [
        (row.pk, {"estate": "first" if n < 66 else "second", "flats": "1"}, ago(60)) for n, row in enumerate(found)
    ]
    subjects.enter_many("resettlement", lines, actor=actor)
    assert files.totals(actor, "resettlement", "estate") == {"first": (66, 66), "second": (77, 77)}
    with pytest.raises(Conflict):
        subjects.enter("resettlement", found[0].pk, {"estate": "second"}, actor=actor)
    subjects.change(
        subjects.entries(actor, "resettlement", {"subject": [found[0].pk]}).rows[0].entry_id,
        {"estate": "second"},
        actor=actor,
    )
    assert files.totals(actor, "resettlement", "estate") == {"first": (65, 65), "second": (78, 78)}
    opened = subjects.entries(actor, "resettlement", {"values": {"estate": "first"}}, size=200)
    assert len(opened.rows) == 65
