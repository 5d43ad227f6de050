"""M055 服务小分队 亮承诺: a pledge is published for everybody to read, and falls due to be checked every month."""

from __future__ import annotations

import pytest
from django.test import Client

from gezhi.engines.duties import actions as duty
from gezhi.engines.duties import jobs
from gezhi.foundation import subjects
from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, owed, publish
from tests.mechanisms.meetings import at
from tests.mechanisms.roll import thing

pytestmark = mechanism("M055", file="packs/songxi/registers/service_squad.yaml")


@pytest.fixture
def squad(county, at_ten):
    world = county("songxi")
    publish()
    jobs.check()
    row = thing(world, "organisation", "银杏小分队")
    said = {"pledge": "每周帮独居老人买一次菜", "runs_to": "2026-12-15"}
    return world, row, subjects.enter("service_squad", row.pk, said, actor=world.actor("赵兰"))


def test_a_pledge_is_public_until_it_is_taken_off_and_no_other_register_is(squad):
    world, row, line = squad
    assert "服务小分队承诺" in Client().get("/open").content.decode()

    def read() -> str:
        return Client().get("/open/service_squad").content.decode()

    assert "银杏小分队" in read() and "每周帮独居老人买一次菜" in read() and "承诺中" in read()
    assert "银杏小分队" not in Client().get(f"/open/service_squad?place={world.places['hill']}").content.decode()
    assert Client().get("/open/care_group").status_code == 404 == Client().get("/open/nothing").status_code
    with pytest.raises(Invalid):
        subjects.enter(
            "service_squad", thing(world, "organisation", "没承诺").pk, {"runs_to": "2027-01-01"}, actor=SYSTEM
        )
    subjects.end(line.pk, actor=world.actor("赵兰"))
    assert "银杏小分队" not in read()


def test_every_month_somebody_looks_whether_it_is_kept_while_it_runs(squad, at_ten):
    world, row, line = squad
    (due,) = owed(world, "赵兰", "pledge-check")
    assert (due.subject_id, due.period) == (row.pk, "2026-11")
    duty.fulfil("pledge-check", row.pk, "2026-11", {"kept": "false"}, actor=world.actor("赵兰"))
    assert owed(world, "赵兰", "pledge-check") == [] and subjects.Entry.objects.get(pk=line.pk).state == "broken"
    assert "没有做到" in Client().get("/open/service_squad").content.decode()
    at_ten.move_to(at("2026-12-02 09:00"))
    assert [o.period for o in owed(world, "赵兰", "pledge-check")] == ["2026-12"]
    at_ten.move_to(at("2027-01-04 09:00"))
    jobs.check()  # what the worker does once a day
    assert not [o for o in owed(world, "赵兰", "pledge-check") if o.state == "open"]
