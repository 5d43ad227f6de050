"""People, seats and places from the desk: who sits where changes by forms, with refusals in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.jobs import claims, registry


def test_a_vacancy_is_listed_and_says_who_carries_on(desk, world):
    client = desk.of("卢一舟")
    seat = world.seats["grid2"]
    client.post(f"/desk/people/seats/{seat}", {"do": "vacate", "person": world.people["李禾"]})
    page = client.get(f"/desk/people/at/{world.places['county']}?vacant=1").content.decode()
    assert people.directory().seat(seat).label in page
    assert "空缺" in page
    assert "接着" in client.get(f"/desk/people/seats/{seat}").content.decode()


def test_appointing_by_name_and_by_phone(desk, world):
    world.person("石青", phone="13900001111")
    client = desk.of("卢一舟")
    seat = world.seats["grid2"]
    assert client.post(f"/desk/people/seats/{seat}", {"do": "appoint", "name": "石青"}).status_code == 302
    assert world.people["石青"] in people.directory().holders(seat)
    other = world.seats["hill_grid"]
    assert client.post(f"/desk/people/seats/{other}", {"do": "appoint", "phone": "139 0000 1111"}).status_code == 302
    assert world.people["石青"] in people.directory().holders(other)


@pytest.mark.parametrize(
    "form",
    [
        {"do": "appoint", "name": "没有这人"},
        {"do": "appoint"},
        {"do": "appoint", "name": "秦英", "since": "昨天吧"},
        {"do": "substitute", "name": "秦英", "until": "2020-01-01"},
        {"do": "dance"},
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(desk, world, form):
    seat = world.seats["grid2"]
    before = people.directory().holders(seat)
    response = desk.of("卢一舟").post(f"/desk/people/seats/{seat}", form)
    assert response.status_code in (404, 409, 422)
    assert people.directory().holders(seat) == before


def test_a_substitute_for_some_days_does_the_work_of_the_seat(desk, world):
    seat = world.seats["secretary"]
    until = (clock.today() + timedelta(days=3)).isoformat()
    response = desk.of("卢一舟").post(
        f"/desk/people/seats/{seat}", {"do": "substitute", "name": "周敏", "until": until, "reason": "training"}
    )
    assert response.status_code == 302
    assert world.people["周敏"] in people.directory().holders(seat)
    assert "代班" in desk.of("卢一舟").get(f"/desk/people/seats/{seat}").content.decode()


def test_the_root_seat_cannot_be_left_with_one(desk, world):
    response = desk.of("卢一舟").post(
        f"/desk/people/seats/{people.directory().root}", {"do": "vacate", "person": world.people["于沐阳"]}
    )
    assert response.status_code == 409
    assert len(people.directory().holders(people.directory().root)) == 2


def test_leaving_hands_over_what_was_drawn_and_prints_a_list(desk, world):
    case = world.to_handle(world.open("要交接的。"))
    item = WorkItem.objects.get(case_id=case.id, state="open")
    assert item.person_id == world.people["马东"]
    client = desk.of("卢一舟")
    page = client.get(f"/desk/people/{world.people['马东']}/hand-over").content.decode()
    assert case.number in page
    assert "县城管局" in page
    assert "移交人" in page
    client.post(f"/desk/people/{world.people['马东']}/leave")
    item.refresh_from_db()
    assert item.person_id != world.people["马东"]
    assert people.directory().held(world.people["马东"]) == ()


def test_nobody_without_the_power_changes_a_seat(desk, world):
    for name in ("赵兰", "周敏", "薛衡"):
        seat = world.seats["grid2"]
        assert desk.of(name).post(f"/desk/people/seats/{seat}", {"do": "vacate", "person": 1}).status_code == 403
        assert desk.of(name).get(f"/desk/people/{world.people['马东']}/hand-over").status_code == 403


def test_names_are_masked_everywhere(desk, world):
    world.to_handle(world.open())
    for name, address in (
        ("卢一舟", "/desk/people"),
        ("周敏", "/desk/supervise?sort=late"),
        ("薛衡", "/desk/audit"),
        ("卢一舟", f"/desk/people/seats/{world.seats['city']}"),
    ):
        html = desk.of(name).get(address).content.decode()
        assert "马东" not in html
        assert "欧阳澄" not in html


def test_counts_by_post_count_a_person_once(desk, world):
    seat = world.seat("grid_member", "lake1", "秦英")
    html = desk.of("卢一舟").get(f"/desk/people/at/{world.places['lake']}").content.decode()
    assert people.directory().seat(seat).title in html
    roles = people.roles_at(world.places["lake"])
    assert f'<td class="n">{roles.persons}</td>' in html
    assert roles.persons < sum(line.persons for line in roles.posts)


def test_places_show_their_seats_and_the_check_of_borders(desk, world):
    client = desk.of("卢一舟")
    page = client.get(f"/desk/places/{world.places['lake']}?check=1").content.decode()
    assert "第 1 网格" in page
    assert "恰好属于一个上级" in page or "重叠、漏空或无主" in page


def test_the_auditor_checks_the_log_and_sees_who_looked(desk, world):
    case = world.open(contact_name="王桂兰", contact_phone="13800002671")
    desk.of("赵兰").post(f"/desk/cases/{case.id}/reveal", {"purpose": "约上门时间看看"})
    client = desk.of("薛衡")
    registry.discover()
    assert client.post("/desk/audit").status_code == 302
    claims.drain()
    page = client.get("/desk/audit").content.decode()
    assert "没有一条被改" in page
    assert "约上门时间看看" in page
    assert "13800002671" not in page


def test_the_auditor_is_told_what_was_changed(desk, world):
    case = world.open()
    Case.objects.filter(pk=case.pk).update(outcome="solved")
    client = desk.of("薛衡")
    registry.discover()
    client.post("/desk/audit")
    claims.drain()
    page = client.get("/desk/audit").content.decode()
    assert f"case:{case.id}" in page
    assert "处不符" in page
