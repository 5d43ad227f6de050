"""M149 山阳区教育工委 示范点: an honour has issuer, date and proof, and is entered once."""

import pytest

from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago, thing


@mechanism("M149", file="packs/shanyang-education/registers/honour.yaml")
def test_seven_model_schools_each_with_issuer_date_and_proof(county):
    world = county("shanyang-education")
    actor = world.actor("赵兰")
    schools = [thing(world, "school", f"第{n}小学") for n in range(7)]
    whole = {"honour": "示范校", "issuer": "市教育局", "issued_on": ago(30), "proof": "教〔2026〕1 号"}
    for left_out in ("issuer", "issued_on", "proof"):
        with pytest.raises(Invalid) as wrong:
            subjects.enter("honour", schools[0].pk, {k: v for k, v in whole.items() if k != left_out}, actor=actor)
        assert set(wrong.value.field_errors) == {left_out}
    for n, school in enumerate(schools):
        subjects.enter("honour", school.pk, whole | {"proof": f"教〔2026〕{n} 号"}, actor=actor)
    with pytest.raises(Conflict):  # the same paper cannot honour twice
        subjects.enter("honour", schools[0].pk, whole | {"proof": "教〔2026〕1 号"}, actor=actor)
    rows = subjects.entries(actor, "honour").rows
    assert len(rows) == 7 and all(set(row.values) == set(whole) for row in rows)
