"""M060 便民代办点·应急工具出借: each tool is in exactly one hand; the overdue are listed; reservations of one never meet."""

from __future__ import annotations

import pytest

from gezhi.engines.matching import lending
from gezhi.engines.matching.models import Loan
from gezhi.engines.matching.signing import Guest
from gezhi.foundation import events
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed
from tests.mechanisms import mechanism
from tests.mechanisms.matching import enter_all
from tests.mechanisms.meetings import at

pytestmark = mechanism("M060", file="packs/songxi/stores/tool_lending.yaml")
NAME = "tool_lending"


@pytest.fixture
def counter(county, at_ten):
    world = county("songxi")
    rows = [
        ("人字梯", "ladder", True),
        ("小推车", "cart", True),
        ("医疗箱", "medical", True),
        ("旧梯子", "ladder", False),
    ]
    made = enter_all(world, "tool", "asset", "lake", [(n, {"sort": s, "fit": f}) for n, s, f in rows])
    world.tools = {n: who.pk for (n, _s, _f), who in zip(rows, made, strict=True)}
    return world


def reserve(world, tool, who, since, until, by="赵兰", **more):
    return lending.reserve(
        NAME,
        world.places["lake"],
        world.tools[tool],
        Guest(who, "13800001234"),
        at(since),
        at(until),
        actor=world.actor(by),
        **more,
    )


def hands(world):
    """tool -> in whose hand it is."""
    found = lending.things(NAME, world.places["lake"], actor=world.actor("赵兰"))
    assert all(thing.shelf + thing.out + thing.gone == thing.stock == 1 for thing in found)
    return {thing.subject.label: thing.hands[0].label if thing.hands else "架上" for thing in found}


def test_a_tool_is_in_one_hand_and_reservations_never_meet(counter, at_ten):
    assert hands(counter) == {"人字梯": "架上", "小推车": "架上", "医疗箱": "架上"}  # the broken one is not lent
    first = reserve(counter, "人字梯", "柳一", "2026-11-19 09:00", "2026-11-20 09:00")
    for since, until in (("2026-11-18 12:00", "2026-11-19 09:01"), ("2026-11-19 12:00", "2026-11-19 13:00"), ("2026-11-20 08:59", "2026-11-21 09:00")):  # fmt: skip
        with pytest.raises(Conflict) as refused:
            reserve(counter, "人字梯", "柳二", since, until)
        assert refused.value.code == "store.taken"
    second = reserve(counter, "人字梯", "柳二", "2026-11-20 09:00", "2026-11-22 09:00")  # the moment it is free
    with pytest.raises(Invalid) as wrong:
        reserve(counter, "小推车", "柳三", "2026-11-19 09:00", "2026-11-22 09:01")  # three days at most
    assert set(wrong.value.field_errors) == {"until"} and reserve(counter, "小推车", "柳三", "2026-11-19 09:00", "2026-11-22 09:00")  # fmt: skip
    at_ten.move_to(at("2026-11-19 09:00"))
    lending.hand_out(first.pk, actor=counter.actor("赵兰"))
    assert hands(counter)["人字梯"] == "柳○"
    at_ten.move_to(at("2026-11-20 09:30"))
    with pytest.raises(Conflict) as refused:
        lending.hand_out(second.pk, actor=counter.actor("赵兰"))  # the first has not brought it back
    assert refused.value.code == "store.out"
    lending.bring_back(first.pk, actor=counter.actor("赵兰"))
    assert lending.hand_out(second.pk, actor=counter.actor("赵兰")).state == "out"
    with pytest.raises(NotAllowed):
        reserve(counter, "医疗箱", "柳四", "2026-11-20 10:00", "2026-11-20 12:00", by="秦英")
    assert Loan.objects.get(pk=first.pk).returned == 1 and events.verify().clean


def test_what_is_not_back_in_time_is_listed_first_and_blocks_the_next(counter, at_ten):
    actor, place = counter.actor("赵兰"), counter.places["lake"]
    one = reserve(counter, "医疗箱", "柳一", "2026-11-18 10:00", "2026-11-18 18:00", at_once=True)
    two = reserve(counter, "人字梯", "柳二", "2026-11-18 10:00", "2026-11-19 18:00", at_once=True)
    assert lending.overdue(NAME, place, actor=actor) == []
    at_ten.move_to(at("2026-11-19 19:00"))
    assert [loan.pk for loan in lending.overdue(NAME, place, actor=actor)] == [one.pk, two.pk]
    with pytest.raises(Conflict):
        reserve(counter, "医疗箱", "柳三", "2026-11-25 10:00", "2026-11-26 10:00")  # nobody knows when it comes back
    lending.bring_back(one.pk, actor=actor)
    assert [loan.pk for loan in lending.overdue(NAME, place, actor=actor)] == [two.pk]
    reserve(counter, "医疗箱", "柳三", "2026-11-25 10:00", "2026-11-26 10:00")
    lending.bring_back(two.pk, 0, actor=actor)  # lost: it is on no shelf and in no hand
    found = {t.subject.label: (t.shelf, t.out, t.gone) for t in lending.things(NAME, place, actor=actor)}
    assert found["人字梯"] == (0, 0, 1)
