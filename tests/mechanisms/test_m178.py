"""M178 闲置宅基地改造: the register says another use only with the written consent of who holds the plot."""

from __future__ import annotations

import pytest

from gezhi.foundation import subjects
from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.works import asset, line, photo

pytestmark = [
    mechanism("M178", file="packs/guanwangmiao-village/workflows/plot_reuse.yaml"),
    mechanism("M178", file="packs/guanwangmiao-village/registers/homestead.yaml"),
]


def test_the_state_of_the_plot_changes_with_consent_and_not_before(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county("guanwangmiao-village")
    plots = [asset(world, "homestead", f"{n}号宅基地", use="idle") for n in (1, 2)]
    with pytest.raises(Invalid):  # not past the form either: a common use needs its day of consent
        subjects.change(plots[0].pk, {"use": "parking"}, actor=world.actor("赵兰"))
    case, other = (world.open("空宅基地长草。", workflow="plot_reuse") for _n in range(2))
    world.do(case, "this", "赵兰", plot=plots[0].pk, new_use="parking")
    with pytest.raises(Invalid) as refused:
        world.do(case, "yes", "赵兰", consents=False, consent_on="2026-11-17", paper=photo(world, "赵兰", "c0"))
    assert list(refused.value.field_errors) == ["consents"]
    world.do(case, "yes", "赵兰", consents=True, consent_on="2026-11-17", paper=photo(world, "赵兰", "c1"))
    world.do(case, "built", "赵兰", after=photo(world, "赵兰", "c2"))
    assert line(world, "homestead", plots[0].pk).state == "idle"
    assert world.do(case, "right", "周敏", seen="划了八个车位。").outcome == "done"
    shown = line(world, "homestead", plots[0].pk)
    assert (shown.state, shown.values["use"], str(shown.values["consent_on"])) == ("common", "parking", "2026-11-17")
    world.do(other, "this", "赵兰", plot=plots[1].pk, new_use="garden")
    assert world.do(other, "no", "赵兰", why="儿子要回来住。").outcome == "declined"
    assert line(world, "homestead", plots[1].pk).state == "idle"
