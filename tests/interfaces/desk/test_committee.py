"""换届 from the desk: paste, preview, confirm once; the hand-over list names every open matter with its clock."""

from __future__ import annotations

from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.foundation import people
from gezhi.foundation.db import count_queries
from gezhi.foundation.people.models import CommitteeChange, Person

BUDGET = 20


def address(world):
    return f"/desk/people/at/{world.places['lake']}/committee"


def preview(client, world, table, **more):
    response = client.post(address(world), {"do": "preview", "table": table, **more})
    assert response.status_code == 200
    return response


def test_preview_changes_nothing_and_confirming_does_what_it_showed(desk, world):
    client, old = desk.of("卢一舟"), world.people["赵兰"]
    case = world.open("下水道堵了。")
    page = preview(client, world, "书记\t龙新\t13900001111")
    html = page.content.decode()
    assert "龙新" in html and "赵○" in html and "账号停用" in html
    assert people.directory().holders(world.seats["secretary"]) == (old,)
    answer = client.post(
        address(world), {"do": "confirm", "table": "书记\t龙新\t13900001111", "seen": page.context["seen"]}
    )
    assert answer.status_code == 302
    (new,) = people.directory().holders(world.seats["secretary"])
    assert new != old and not Person.objects.get(pk=old).active
    html = client.get(answer.url).content.decode()
    assert case.number in html and "移交人" in html and "赵○" in html and "龙○" in html
    assert "龙新" not in html  # on paper as on screen the masked form; people sign by hand
    item = WorkItem.objects.get(case_id=case.id, state="open")
    assert people.directory().effective(item.owner_seat).persons == (new,)


def test_a_protected_matter_is_not_on_the_list(desk, world):
    client = desk.of("卢一舟")
    plain, protected = world.open("灯坏了。"), world.open("说干部的。")
    Case.objects.filter(pk=protected.pk).update(protected="named")
    page = preview(client, world, "书记, 秦英")
    answer = client.post(address(world), {"do": "confirm", "table": "书记, 秦英", "seen": page.context["seen"]})
    page = client.get(answer.url)
    assert plain.number in page.content.decode() and protected.number not in page.content.decode()
    assert page.context["total"] == 1


def test_confirming_an_old_preview_is_refused(desk, world):
    client = desk.of("卢一舟")
    seen = preview(client, world, "书记, 秦英").context["seen"]
    world.seat("village_mediator", "lake", "新来的")
    answer = client.post(address(world), {"do": "confirm", "table": "书记, 秦英", "seen": seen})
    assert answer.status_code == 409
    assert not CommitteeChange.objects.exists()
    answer = client.post(address(world), {"do": "confirm", "table": "书记, 秦英"})  # without any preview
    assert answer.status_code == 409


def test_rows_that_cannot_be_read_are_listed_and_nothing_can_be_confirmed(desk, world):
    client = desk.of("卢一舟")
    page = preview(client, world, "书记, 秦英\n村长, 谁")
    html = page.content.decode()
    assert "这里没有这个席位" in html and "确认换届" not in html
    answer = client.post(
        address(world), {"do": "confirm", "table": "书记, 秦英\n村长, 谁", "seen": page.context["seen"]}
    )
    assert answer.status_code == 422
    assert client.post(address(world), {"do": "preview", "table": " "}).status_code == 422


def test_nobody_else_gets_in_and_pages_keep_their_budget(desk, world):
    for n in range(5):
        world.open(f"第 {n} 件")
    client = desk.of("卢一舟")
    seen = preview(client, world, "书记, 秦英").context["seen"]
    answer = client.post(address(world), {"do": "confirm", "table": "书记, 秦英", "seen": seen})
    assert desk.of("赵兰").get(address(world)).status_code == 401  # her account ended with her seat
    for name in ("秦英", "周敏", "薛衡"):
        assert desk.of(name).get(address(world)).status_code == 403
        assert desk.of(name).get(answer.url).status_code == 403
    assert client.get("/desk/people/committees/999").status_code == 404
    for url in (address(world), answer.url):
        client.get(url)
        with count_queries() as counted:
            client.get(url)
        assert counted.total <= BUDGET, counted.statements


def test_what_waits_for_a_later_day_is_planned(desk, world):
    client = desk.of("卢一舟")
    page = preview(client, world, "书记, 秦英", at="2099-01-01")
    form = {"do": "confirm", "table": "书记, 秦英", "seen": page.context["seen"], "at": "2099-01-01"}
    assert client.post(address(world), form).status_code == 302
    assert people.directory().holders(world.seats["secretary"]) == (world.people["赵兰"],)
    assert Case.objects.count() == 0
