"""The weekly summary and the monthly circular of duties write themselves; every number opens exactly its records."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
import time_machine

from gezhi.engines.duties import actions, closing
from gezhi.engines.duties.models import Done
from gezhi.engines.publishing.bulletins import paper, sealing
from gezhi.engines.publishing.bulletins import queries as bulletins
from gezhi.flows.visits import visit
from gezhi.foundation import people, subjects
from gezhi.foundation.db import count_queries
from gezhi.foundation.measures import parse_period
from tests.engines.duties.scene import SYSTEM, Village, publish
from tests.engines.duties.test_life_of_a_duty import READING
from tests.interfaces.desk.conftest import Desk, Offices

NOW = "2026-11-18T02:00:00+00:00"


@pytest.fixture
def village(db):
    with time_machine.travel(NOW, tick=False) as traveller:
        made = Village()
        made.clock = traveller
        yield made


def made(body, metric, when="now", only=()):
    (number,) = [
        n for n, kept in enumerate(body["numbers"])
        if kept["metric"] == metric and kept["when"] == when and kept["only"] == list(only) and not kept["day"]
    ]  # fmt: skip
    return number


def test_the_month_writes_itself_and_opens(village):
    lines = [village.elder(f"老{n}") for n in range(6)]
    village.clock.move_to(datetime(2026, 12, 1, 4, tzinfo=UTC))
    doctor, secretary = village.actor("韩竹"), village.actor("赵兰")
    visit("monthly-health", lines[0].subject_id, "2026-11", READING, actor=doctor)
    found = visit("monthly-health", lines[1].subject_id, "2026-11", READING, actor=doctor, note="腿肿", trouble=True)
    assert found.case is not None
    actions.waive("monthly-health", lines[2].subject_id, "2026-11", "hospital", actor=secretary)
    village.clock.move_to(datetime(2026, 12, 5, 4, tzinfo=UTC))
    closing.close_windows()
    actions.fulfil("monthly-health", lines[3].subject_id, "2026-11", READING, actor=doctor)  # late
    village.clock.move_to(datetime(2027, 1, 1, 4, tzinfo=UTC))
    closing.close_windows()
    lake = village.places["lake"]
    assert ("duties", lake) in {(name, id) for name, id, p in bulletins.due(date(2027, 1, 1)) if p.name == "2026-12"}
    row, _new = sealing.seal("duties", lake, parse_period("2026-12"), actor=people.system("bulletins"))
    body = json.loads(row.body)
    only = [["rule", ["monthly-health"]]]
    values = {}
    for metric in ("duties_due", "duties_done", "duties_missed", "duties_waived", "duties_open", "duties_cases"):
        number = made(body, metric, only=only)
        values[metric] = int(body["numbers"][number]["top"])
        behind = bulletins.rows_behind(row, number)
        assert len(behind) == values[metric]  # every number opens exactly its records
        assert set(Done.objects.filter(pk__in=behind).values_list("rule", flat=True)) <= {"monthly-health"}
    # December's own window (29 December to 2 January) still runs: what closed in December is November's.
    assert values == {
        "duties_due": 6,
        "duties_done": 3,
        "duties_missed": 2,
        "duties_waived": 1,
        "duties_open": 0,
        "duties_cases": 1,
    }
    total = {m: int(body["numbers"][made(body, m)]["top"]) for m in values}
    assert total["duties_due"] == sum(
        total[m] for m in ("duties_done", "duties_missed", "duties_waived", "duties_open")
    )
    persons = made(body, "duties_persons")
    assert body["numbers"][persons]["top"] == "3" and len(bulletins.rows_behind(row, persons)) == total["duties_done"]
    whole = json.dumps(paper.paper(body, sealed_on=date(2027, 1, 1)), ensure_ascii=False, default=str)
    assert "走访巡查通报" in whole and not any(f"老{n}" in whole for n in range(6)) and "○" not in whole
    # What is recorded later changes the next one, not this one.
    actions.fulfil("monthly-health", lines[4].subject_id, "2026-11", READING, actor=doctor)
    assert json.loads(sealing.seal("duties", lake, parse_period("2026-12"), actor=people.system("x"))[0].body) == body


def test_the_page_behind_a_number_shows_what_its_reader_may_see(db):
    with time_machine.travel(NOW, tick=False) as traveller:
        world = Offices()  # made then: whoever sits there since today would not have sat there
        desk = Desk(world)
        for number in range(6):
            facts = {"name": f"秦{number}", "born": "1944-03-05", "sex": "f"}
            who = subjects.add("person", facts, actor=SYSTEM, place_id=world.places["lake1"], synthetic=True)
            subjects.enter("lone_elder", who.pk, {"self_care": "able"}, actor=SYSTEM)
        publish()
        traveller.move_to(datetime(2026, 11, 30, 4, tzinfo=UTC))
        closing.close_windows()
        row, _new = sealing.seal("duties", world.places["lake"], parse_period("2026-W48"), actor=people.system("x"))
        number = made(json.loads(row.body), "duties_missed", only=[["rule", ["elder-visit"]]])
        address = f"/desk/bulletins/{row.pk}"
        reader = desk.of("赵兰")
        assert f"{address}/numbers/{number}" in reader.get(address).content.decode()
        with count_queries() as asked:
            page = reader.get(f"{address}/numbers/{number}").content.decode()
        assert page.count("没做到</td>") == 6 and "秦○" in page and "当时数的 6 次" in page
        assert asked.total <= 22, asked.statements
        traveller.move_to(datetime(2026, 12, 7, 4, tzinfo=UTC))
        closing.close_windows()
        after, _new = sealing.seal("duties", world.places["lake"], parse_period("2026-W49"), actor=people.system("x"))
        then = made(json.loads(after.body), "duties_missed", "before")
        reader = desk.of("赵兰")
        assert (
            f"/desk/bulletins/{after.pk}/numbers/{then}" in reader.get(f"/desk/bulletins/{after.pk}").content.decode()
        )
        page = reader.get(f"/desk/bulletins/{after.pk}/numbers/{then}").content.decode()
        assert parse_period("2026-W48").words in page and page.count("没做到</td>") >= 6
        paper_made = reader.post(f"{address}/take", {"form": "docx"})
        assert paper_made.status_code == 200 and paper_made.content[:2] == b"PK"


def test_the_days_add_up_and_what_it_is_compared_with_opens(village):
    for n in range(6):
        village.elder(f"老{n}")
    village.clock.move_to(datetime(2026, 11, 30, 4, tzinfo=UTC))
    closing.close_windows()
    village.clock.move_to(datetime(2026, 12, 7, 4, tzinfo=UTC))
    closing.close_windows()
    row, _new = sealing.seal("duties", village.places["lake"], parse_period("2026-W49"), actor=people.system("x"))
    body = json.loads(row.body)
    (days,) = [s["table"] for s in body["sections"] if s["id"] == "days"]
    tops = [[int(body["numbers"][n]["top"]) for n in line["cells"]] for line in days["rows"]]
    total = [int(body["numbers"][n]["top"]) for n in days["total"]]
    assert len(tops) == 7 and [sum(column) for column in zip(*tops, strict=True)] == total
    assert total[0] == sum(total[1:]) > 0 and len({tuple(line) for line in tops}) > 1
    for line in days["rows"]:  # each day opens its own records
        first = line["cells"][0]
        behind = Done.objects.filter(pk__in=bulletins.rows_behind(row, first))
        assert len(behind) == int(body["numbers"][first]["top"])
    then = made(body, "duties_due", "before")
    before = Done.objects.filter(pk__in=bulletins.rows_behind(row, then))
    week = parse_period("2026-W48")
    assert len(before) == int(body["numbers"][then]["top"]) > 0
    assert all(week.since < one.closes <= week.until for one in before)
    own = Done.objects.filter(pk__in=bulletins.rows_behind(row, made(body, "duties_due")))
    assert not set(own) & set(before)


def test_a_window_that_runs_belongs_to_no_finished_week(village):
    village.elder()
    village.clock.move_to(datetime(2026, 11, 30, 4, tzinfo=UTC))
    closing.close_windows()
    row, _new = sealing.seal(
        "duties", village.places["lake"], parse_period("2026-W48"), actor=people.system("bulletins")
    )
    assert "monthly-health" not in row.body and "elder-visit" not in row.body and "patrol" in row.body
