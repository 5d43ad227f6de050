"""M050 松溪县 14580 有事我帮您: one entry for residents whatever the channel; forces and services are data."""

from __future__ import annotations

import pytest
import time_machine

from gezhi.foundation import packs
from tests.mechanisms import mechanism
from tests.world import World


@pytest.fixture
def world(db):
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False):
        yield World("songxi")


@pytest.fixture
def mechanism_14580(world):
    return packs.registry().services["songxi"]


@mechanism("M050", file="packs/songxi/services.yaml")
def test_any_channel_lands_in_the_same_process(world, mechanism_14580):
    assert mechanism_14580["brand"] == "14580"
    cases = [
        world.open(
            f"楼道灯坏了，从{channel['title']['zh']}来。", workflow=channel["workflow"], channel=channel["channel"]
        )
        for channel in mechanism_14580["channels"]
    ]
    assert [c.channel for c in cases] == [c["channel"] for c in mechanism_14580["channels"]]
    assert len({c.channel for c in cases}) >= 4
    # The same workflow, version, first stage, owner and promise: only the channel differs.
    assert len({(c.workflow, c.version, c.stage, c.owner_seat, c.due_at) for c in cases}) == 1


@mechanism("M050", file="packs/songxi/services.yaml")
def test_four_forces_five_services_eight_neighbours_are_data(world, mechanism_14580):
    assert [len(mechanism_14580[part]) for part in ("forces", "services", "neighbours")] == [4, 5, 8]
    assert [f["title"]["zh"] for f in mechanism_14580["services"]] == [
        "健康服务",
        "便民服务",
        "关爱服务",
        "平安服务",
        "就业服务",
    ]
    for service in mechanism_14580["services"]:
        category = packs.registry().categories.get(service["category"])
        case = world.open(f"想问{service['title']['zh']}", workflow=service["workflow"], category=category.code)
        assert (case.category, case.state) == (category.code, "open")
        assert case.due_at > case.opened_at


@mechanism("M050", file="packs/songxi/services.yaml")
def test_another_place_has_its_own_or_none(db):
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False):
        World()
        assert packs.registry().services == {}
