"""台账 on the phone: a worker finds a person, says that nothing changed, corrects a fact; another grid's worker finds nothing."""

import pytest

from gezhi.foundation import subjects
from gezhi.foundation.jobs import claims, registry
from tests.foundation.subjects.test_subjects import ago, elder
from tests.interfaces.desk.conftest import Desk
from tests.world import World

pytestmark = pytest.mark.django_db


def test_a_worker_finds_somebody_and_corrects_a_fact():
    world = World()
    desk = Desk(world)
    registry.discover()
    row = elder(world)
    line = subjects.enter("lone_elder", row.pk, {"self_care": "able", "contact": "柳大"}, actor=world.actor("秦英"))
    claims.drain()  # names become findable
    subjects.Entry.objects.update(confirmed_on=ago(200))
    worker, other = desk.of("秦英"), desk.of("李禾")
    assert "独居老人" in worker.get("/field/registers").content.decode()
    for words in ("柳青山", "13800000001"):
        page = worker.get("/field/registers", {"q": words}).content.decode()
        assert f"/field/subjects/{row.pk}" in page
        assert f"/field/subjects/{row.pk}" not in other.get("/field/registers", {"q": words}).content.decode()
    page = worker.get(f"/field/subjects/{row.pk}").content.decode()
    assert "柳○" in page and "柳青山" not in page and "柳大" not in page
    address = f"/field/entries/{line.pk}"
    assert worker.post(address, {"do": "confirm"}).status_code == 302
    line.refresh_from_db()
    assert line.confirmed_on == ago(0)
    assert worker.post(address, {"self_care": "partly", "_seq": line.event_seq}).status_code == 302
    assert worker.post(address, {"self_care": "unable", "_seq": line.event_seq}).status_code == 409
    line.refresh_from_db()
    assert line.values["self_care"] == "partly" and line.private_ref is not None
    assert other.get(address).status_code == 404
