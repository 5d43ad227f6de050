"""What the demo's village lends, plans and is owed: entered, and every page of it opened by its secretary."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from gezhi.engines.matching.models import Certificate, Loan, Session, Turn, Venue
from gezhi.foundation import events
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.subjects.models import Entry, Subject
from gezhi.interfaces.demo import lent, life, staff
from tests.interfaces.desk.conftest import Desk
from tests.world import World


@pytest.fixture
def village(db, monkeypatch):
    with time_machine.travel("2026-11-08T02:00:00+00:00", tick=False):
        world = World("yueshi-village", "yongxingtun-village", "mengzhou")
        monkeypatch.setattr(staff, "demo_place", lambda kind: world.places["lake"])
        run = life.Life(until=clock.now() + timedelta(days=10))
        lent.schedule(run)
        assert (run.run(), run.refused) == (3, 0)
        yield world


def test_all_of_it_is_there_and_every_page_opens_on_it_in_few_queries(village):
    assert Venue.objects.count() == len(lent.ROOMS) and Session.objects.filter(venue_id__gt=0).count() == 2
    assert sorted(Loan.objects.values_list("state", "returned")) == [
        ("back", 12), ("back", 420), ("out", None), ("out", None), ("reserved", None),
    ]  # fmt: skip
    assert set(Turn.objects.values_list("rota__roster", flat=True)) == {"after_school", "dyke_patrol"}
    assert Certificate.objects.exists() and not Subject.objects.filter(synthetic=False).exists()
    assert events.verify().clean
    secretary = Desk(village).of("赵兰")
    contract = Entry.objects.filter(register="income_contract").order_by("pk").last()
    # page, what it must say, how many queries it may cost
    for url, words, most in (
        ("/desk/stores/flood_store", ("编织袋", "180", "过了时间还没还"), 26),
        ("/desk/rosters/after_school", ("名单上 4 人", "16:30"), 32),
        ("/desk/rosters/dyke_patrol", ("名单上 6 人", "08:00"), 32),
        ("/desk/matches/jobs", ("服装厂缝纫工", "没有会做的岗位"), 40),
        ("/desk/venues", ("党群服务中心二楼", "文化广场舞台"), 16),
        ("/desk/certificates", ("社会工作者职业资格",), 16),
        ("/desk/registers/income_contract", ("机-02", "南坡果园"), 24),
        (f"/desk/registers/entries/{contract.pk}", ("拖欠",), 16),
    ):
        with count_queries() as asked:
            page = secretary.get(url).content.decode()
        missing = [word for word in words if word not in page]
        assert "班缺人" not in page, url
        assert not missing and asked.total <= most, (url, missing, asked.total)
