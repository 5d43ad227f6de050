"""M068 每日巡查、每周汇总、每月通报 (loop half): the week is the sum of its days; the month is sealed and re-renders the same."""

from __future__ import annotations

import json
from datetime import timedelta

from django.test import Client

from gezhi.engines.publishing.bulletins import queries
from gezhi.foundation import people
from tests.engines.publishing.bulletins.reading import number, sealed
from tests.mechanisms import mechanism

pytestmark = mechanism("M068", file="packs/yueshi-village/bulletins/rounds.yaml")


def patrol(world, at_ten, days):
    for n in range(days):
        for m in range(n % 3):
            world.open(f"巡查第 {n} 天第 {m} 件", by="秦英", channel="field")
        at_ten.shift(timedelta(days=1))


def by_day(row):
    body = json.loads(row.body)
    (table,) = [s["table"] for s in body["sections"] if s["id"] == "days"]
    cells = [[int(body["numbers"][n]["top"]) for n in line["cells"]] for line in table["rows"]]
    return cells, [int(body["numbers"][n]["top"]) for n in table["total"]]


def test_the_week_is_the_sum_of_its_days(county, at_ten):
    at_ten.move_to("2026-10-12T02:00:00+00:00")  # a Monday
    world = county("yueshi-village")
    world.open("网页上提的，不是巡查", channel="portal")
    patrol(world, at_ten, 7)
    week = sealed(world.places["lake"], "2026-W42", "rounds")
    days, total = by_day(week)
    assert [reported for reported, _closed in days] == [0, 1, 2, 0, 1, 2, 0]
    assert [sum(column) for column in zip(*days, strict=True)] == total
    assert total[0] == 6
    index, _kept = number(week, "reported", channel=["field"])
    assert len(queries.rows_behind(week, index)) == 6


def test_the_month_is_the_sum_of_its_days_sealed_and_the_same_for_ever(county, at_ten):
    at_ten.move_to("2026-10-01T02:00:00+00:00")
    world = county("yueshi-village")
    patrol(world, at_ten, 31)
    at_ten.move_to("2026-11-01T02:00:00+00:00")
    month = sealed(world.places["lake"], "2026-10", "rounds")
    days, total = by_day(month)
    assert len(days) == 31
    assert [sum(column) for column in zip(*days, strict=True)] == total == [30, 0]
    client = Client()
    person = people.directory().person(world.people["赵兰"])
    session = client.session
    session["person"], session["person_epoch"] = person.id, person.session_epoch
    session.save()
    client.cookies["sessionid"] = session.session_key
    taken = [client.post(f"/desk/bulletins/{month.pk}/take", {"form": "docx"}).content]
    world.open("补记的一件", by="秦英", channel="field")
    at_ten.shift(timedelta(minutes=5))
    taken.append(client.post(f"/desk/bulletins/{month.pk}/take", {"form": "docx"}).content)
    assert taken[0][:2] == b"PK"
    assert taken[0] == taken[1]
