"""The duty roster from the desk: plan a month, swap, see who is on now, hand over; phones only with a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from gezhi.foundation import events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.people.models import DutyNote, Reveal, Shift

BUDGET = 20


@pytest.fixture(autouse=True)
def at_ten():
    """Wednesday 18 November 2026, 10:00 in Shanghai: a plain working day, in the middle of a shift."""
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        yield traveller


@pytest.fixture
def street(at_ten, world):
    world.leader = world.seat("duty_leader", "east")
    world.officer = world.seat("duty_officer", "east")
    for number, name in enumerate(("郝一", "郝二", "郝三", "郝带")):
        world.person(name, phone=f"1390000111{number}")
    world.page = f"/desk/duty/{world.places['east']}"
    return world


def plan(client, world, names="郝一\n郝二、13900001112", days=20, **more):
    first = clock.today()
    form = {
        "do": "rotate", "seat": world.officer, "persons": names,
        "first": first.isoformat(), "last": (first + timedelta(days=days)).isoformat(), **more,
    }  # fmt: skip
    return client.post(world.page, form)


def test_a_rotation_is_planned_and_stands_in_the_calendar(desk, street):
    client = desk.of("周敏")
    assert plan(client, street).status_code == 302
    assert Shift.objects.count() >= 21
    html = client.get(street.page).content.decode()
    assert html.count("郝○") >= 2 and "郝一" not in html
    assert client.get(f"{street.page}?month=2026-13").status_code == 200
    assert "duty.overlap" not in html
    again = plan(client, street)
    assert again.status_code == 409 and "已经有人值班" in again.content.decode()
    assert plan(client, street, replace="1").status_code == 302


def test_what_cannot_be_planned_is_said(desk, street):
    client = desk.of("周敏")
    assert plan(client, street, names="").status_code == 422
    assert plan(client, street, names="没有这人").status_code == 422
    assert plan(client, street, days=-3).status_code == 422
    assert plan(client, street, first="大后天").status_code == 422
    assert plan(client, street, seat=street.seats["street"]).status_code == 404
    assert client.post(street.page, {"do": "dance"}).status_code == 404
    assert not Shift.objects.exists()


def test_now_on_duty_or_who_it_falls_to(desk, street):
    client = desk.of("周敏")
    html = client.get(street.page).content.decode()
    assert "没有排班" in html and "综治中心值守" in html
    plan(client, street)
    html = client.get(street.page).content.decode()
    assert html.count("没有排班") == 1  # the leading officer has no roster yet


def test_a_phone_number_needs_the_power_and_a_purpose_and_is_logged(desk, street):
    plan(desk.of("周敏"), street)
    (person,) = people.directory().holders(street.officer)
    url = f"{street.page}/phone/{person}"
    client = desk.of("周敏")
    assert "139000" not in client.get(url).content.decode()
    assert client.post(url, {"purpose": " "}).status_code == 422
    assert "1390000111" in client.post(url, {"purpose": "水管爆了请到场"}).content.decode()
    assert Reveal.objects.get().about == f"person:{person}"
    other = next(p for p in street.persons("郝一", "郝二", "郝三") if p != person)
    assert client.get(f"{street.page}/phone/{other}").status_code == 404  # not on duty now
    street.seat("town_secretary", "east", "丁书")  # draws up rosters, but has no power to see numbers
    assert desk.of("丁书").post(url, {"purpose": "水管爆了请到场"}).status_code == 403


def test_swapping_relieving_and_taking_off(desk, street):
    client = desk.of("周敏")
    plan(client, street)
    one, other = list(Shift.objects.filter(since__gt=clock.now()).order_by("since")[:2])
    url = f"/desk/duty/shifts/{one.pk}"
    assert "对调" in client.get(url).content.decode()
    assert client.post(url, {"do": "swap", "other": other.pk, "note": ""}).status_code == 422
    assert client.post(url, {"do": "swap", "other": other.pk, "note": "两人说好"}).status_code == 302
    assert Shift.objects.get(pk=one.pk).person_id == other.person_id
    assert client.post(url, {"do": "relieve", "name": "郝带", "note": "临时顶班"}).status_code == 302
    assert Shift.objects.get(pk=one.pk).person_id == street.people["郝带"]
    assert client.post(url, {"do": "cancel"}).status_code == 302
    assert client.get(url).status_code == 404
    html = client.get(f"{street.page}?month={one.since:%Y-%m}").content.decode()
    assert "没有人值班" in html
    assert events.verify().clean


def test_handing_over_and_taking(desk, street):
    plan(desk.of("周敏"), street)
    (person,) = people.directory().holders(street.officer)
    name = next(name for name, id_ in street.people.items() if id_ == person)
    client = desk.of(name)
    shift = client.get(street.page).context["mine"]
    assert (
        client.post(street.page, {"do": "note", "shift": shift, "entries": "水还没停\n钥匙在抽屉"}).status_code == 302
    )
    html = client.get(street.page).content.decode()
    assert "水还没停" in html and "我已看过" not in html
    note = DutyNote.objects.get()
    assert client.post(street.page, {"do": "taken", "note": note.pk}).status_code == 403


def test_who_has_nothing_to_do_with_it_sees_nothing(desk, street):
    shift_url = f"/desk/duty/shifts/{_any_shift(desk, street)}"
    for name in ("秦英", "马东", "何苗"):  # a grid worker, a department, the duty desk of another town
        assert desk.of(name).get(street.page).status_code == 403
        assert desk.of(name).get(shift_url).status_code == 403
    assert desk.of("方晓").get(street.page).status_code == 200  # the county supervises
    assert desk.of("方晓").post(shift_url, {"do": "cancel"}).status_code == 403
    assert desk.of("周敏").get("/desk/duty/999999").status_code == 404


def _any_shift(desk, street):
    plan(desk.of("周敏"), street)
    return Shift.objects.order_by("since").first().pk


def test_the_page_of_a_full_month_keeps_its_budget(desk, street):
    client = desk.of("周敏")
    plan(client, street, days=40)
    client.get(street.page)
    with count_queries() as counted:
        assert client.get(street.page).status_code == 200
    assert counted.total <= BUDGET, counted.statements
