"""Pages of figures, gaps, partners and gathered records: as many statements for many lines as for few."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client

from gezhi.foundation.db import count_queries
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms.meetings import meeting_hall
from tests.mechanisms.partners import entered, event
from tests.world import World

#: address -> the most statements of one look, sitting and rights included.
BUDGET = {
    "/desk/registers/partner/figures?by=sort": 16,
    "/desk/registers/welfare_project/missing": 16,
    "/desk/activities/partners?activity=partner_event&period=2026-11": 18,
    "/desk/activities/gathered?period=2026-11": 18,
    "/desk/activities/new?activity=partner_event": 20,
    "/open": 6,
    "/open/service_squad": 8,
}


@pytest.fixture
def at_ten():
    """Wednesday 18 November 2026, 10:00 in Shanghai."""
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        yield traveller


def test_statements_do_not_grow_with_lines(db, at_ten):
    hall = meeting_hall(World, at_ten, "minzhu-street", "xinhua-street", "songxi")

    def more(n):
        shops = [entered(hall, "partner", f"第{n}{k}家", offers="义诊", sort="shop") for k in range(3)]
        for k in range(3):
            entered(hall, "incubated_group", f"第{n}{k}社", field="law", valid_to="2027-01-01")
            entered(hall, "service_squad", f"第{n}{k}队", pledge="上门", runs_to="2027-01-01")
        event(hall, "partner_event", f"2026-11-{19 + n} 09:00", shops, [n, n + 5], theme="clinic")

    def look():
        desk, found = Desk(hall.world).of("赵兰"), {}
        for url in BUDGET:
            client = Client() if url.startswith("/open") else desk
            client.get(url)
            with count_queries() as queries:
                assert client.get(url).status_code == 200, url
            found[url] = queries.total
        return found

    more(0)
    few = look()
    more(1)
    many = look()
    assert many == few
    assert {url: n for url, n in few.items() if n > BUDGET[url]} == {}
