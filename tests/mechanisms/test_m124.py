"""M124 太阳能灯: one report opens a sweep of like places; every site has its residents' opinions; days are a median only."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows import jobs as _jobs  # noqa: F401  (sub-cases are opened by it)
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import measures
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid
from gezhi.foundation.jobs import claims
from tests.mechanisms import mechanism

pytestmark = mechanism("M124", file="packs/mengzhou/workflows/lamps.yaml")
SITES = ("lake1", "lake2", "lake", "hill1", "hill", "block7")


@pytest.fixture
def dark(county, at_ten):
    world = county("mengzhou")
    world.seat("grid_head", "lake1", "格新")
    case = world.open("桥头晚上没灯。", workflow="lamps")
    world.do(case, "found", "秦英", places=[world.places[name] for name in SITES])
    claims.drain()
    return world, case, list(Case.objects.filter(parent_id=case.pk).order_by("id"))


def light(world, site):
    item = world.main(site)
    worker = {"lake1": "秦英", "lake2": "李禾"}.get(next(n for n, p in world.places.items() if p == site.place_id))
    from gezhi.engines.workflows import actions
    from gezhi.foundation import people

    for action, data in (
        ("settled", {"asked": 4, "opinions": "放桥头，别照窗。", "spot": "桥头东侧"}),
        ("up", {"on": "2026-11-20"}),
    ):
        item = world.main(site)
        doer = people.directory().effective(item.owner_seat, unlike=frozenset(item.barred)).persons[0]
        actor = world.actor(worker) if worker and action == "settled" else people.actor_for(doer)
        actions.fire(site.pk, action, item=item.number, expected_seq=None, actor=actor, data=data)
    claims.drain()


def test_one_report_opens_a_case_for_each_place_and_six_lamps_burn(dark, at_ten):
    world, case, sites = dark
    assert len(sites) == 6 and {s.place_id for s in sites} == {world.places[name] for name in SITES}
    at_ten.shift(timedelta(days=2))
    for site in sites:
        case.refresh_from_db()
        assert case.stage == "sites"
        light(world, site)
    case.refresh_from_db()
    assert case.stage == "look"
    case = world.do(case, "bright", "格新", lamps=6)
    assert (case.outcome, case.kept["lamps"]) == ("done", "6")


def test_no_lamp_goes_up_without_the_residents_opinions(dark):
    world, _case, sites = dark
    site = next(s for s in sites if s.place_id == world.places["lake1"])
    with pytest.raises(Invalid) as refused:
        world.do(site, "settled", "秦英", asked=4, spot="桥头")
    assert set(refused.value.field_errors) == {"opinions"}
    flow = definition("lamp_site")[0]
    into = {(s.id, a.id) for s in flow.stages.values() for a in s.actions.values() if a.to == "install"}
    assert into == {("opinions", "settled")}


def test_the_days_it_took_are_a_median_and_no_limit(dark, at_ten):
    world, _case, sites = dark
    at_ten.shift(timedelta(days=1))
    light(world, sites[0])
    at_ten.shift(timedelta(minutes=1))
    now = clock.now()
    spread = measures.durations(by="stage", since=now - timedelta(days=9), until=now, where={"workflow": "lamp_site"})
    assert spread["opinions"].median == timedelta(days=1)
    assert definition("lamps")[0].stages["sites"].clock.limit == "promise"
