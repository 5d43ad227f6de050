"""The desk's registers: entered, looked at as of a day, changed, filed; and nothing for whom it is not."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.foundation import events, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Invalid
from gezhi.foundation.packs import service_items
from gezhi.foundation.people.models import Reveal
from gezhi.foundation.subjects import attaching
from gezhi.foundation.subjects.models import Entry, Subject
from tests.foundation.files.pictures import jpeg
from tests.foundation.subjects.test_subjects import ago, number
from tests.interfaces.desk.conftest import Desk
from tests.world import World

pytestmark = pytest.mark.django_db


def enter(desk, world, by="秦英", **typed):
    sent = {
        "name": "柳青山", "id_number": number("19400305"), "phone": "13800000001", "place": world.places["lake1"],
        "self_care": "able", "contact_phone": "13800000009", "since": ago(30).isoformat(),
    } | typed  # fmt: skip
    return desk.of(by).post("/desk/registers/lone_elder/new", sent)


def test_a_clerk_enters_somebody_looks_at_the_list_and_at_the_file(world, desk):
    answer = enter(desk, world)
    line = Entry.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/desk/registers/entries/{line.pk}"
    client = desk.of("赵兰")
    page = client.get("/desk/registers").content.decode()
    assert "独居老人" in page and "?gap=relation" in page
    page = client.get("/desk/registers/lone_elder").content.decode()
    assert "柳○" in page and "柳青山" not in page and "重点看望" in page
    file = client.get(f"/desk/subjects/{line.subject_id}").content.decode()
    assert "柳○" in file and "138****0001" in file and "13800000001" not in file and "登记到独居老人" in file
    assert "13800000009" not in client.get(f"/desk/registers/entries/{line.pk}").content.decode()
    before = client.get("/desk/registers/lone_elder", {"on": ago(31).isoformat()}).content.decode()
    assert "柳○" not in before and "没有符合的登记" in before


def test_a_wrong_form_is_shown_again_with_reasons_and_nothing_is_half_written(world, desk):
    answer = enter(desk, world, contact_phone="12", id_number="")
    assert answer.status_code == 422 and "电话号码不对" in answer.content.decode()
    assert not Subject.objects.exists()
    enter(desk, world)
    again = enter(desk, world)
    assert again.status_code == 409 and "就登记那一位" in again.content.decode()


def test_others_find_nothing(world, desk):
    enter(desk, world)
    line = Entry.objects.get()
    client = desk.of("孙田")
    assert "柳○" not in client.get("/desk/registers/lone_elder").content.decode()
    for address in (
        f"/desk/registers/entries/{line.pk}",
        f"/desk/subjects/{line.subject_id}",
        f"/desk/subjects/{line.subject_id}/look",
    ):
        assert client.get(address).status_code == 404
    assert client.post("/desk/registers/lone_elder/take", {"form": "list"}).status_code == 200
    assert desk.of("马东").get("/desk/registers/lone_elder").status_code == 404


def test_a_change_from_an_old_page_is_refused_and_a_confirmation_needs_one_tap(world, desk):
    enter(desk, world)
    line = Entry.objects.get()
    client = desk.of("赵兰")
    address = f"/desk/registers/entries/{line.pk}"
    sent = {"do": "change", "self_care": "partly", "_seq": 1, "on": clock.today().isoformat(), "contact_phone": ""}
    assert client.post(address, sent).status_code == 302
    assert client.post(address, sent | {"self_care": "unable"}).status_code == 409
    line.refresh_from_db()
    assert line.values["self_care"] == "partly" and line.private_ref is not None
    Entry.objects.update(confirmed_on=ago(200))
    assert "该核实了" in client.get("/desk/registers/lone_elder?gap=stale").content.decode()
    assert client.post(address, {"do": "confirm"}).status_code == 302
    assert "该核实了</span>" not in client.get("/desk/registers/lone_elder").content.decode()


def test_the_full_name_needs_a_reason_and_is_logged(world, desk):
    enter(desk, world)
    row = Subject.objects.get()
    client = desk.of("秦英")
    assert client.post(f"/desk/subjects/{row.pk}/look", {"purpose": ""}).status_code == 422
    page = client.post(f"/desk/subjects/{row.pk}/look", {"purpose": "约好上门看望"}).content.decode()
    assert "柳青山" in page and Reveal.objects.get().about == f"subject:{row.pk}"
    assert "约好上门看望" in client.get(f"/desk/subjects/{row.pk}").content.decode()


def test_end_restore_move_merge_and_split_from_the_file(world, desk):
    enter(desk, world)
    enter(desk, world, id_number="", phone="13800000002", since="")
    first, second = Subject.objects.order_by("pk")
    client = desk.of("赵兰")
    page = client.post(f"/desk/subjects/{first.pk}", {"do": "merge", "into": second.pk})
    assert page.status_code == 409 and "照这样合并" in page.content.decode()
    keep = Entry.objects.get(subject_id=first.pk).pk
    client.post(f"/desk/subjects/{first.pk}", {"do": "merge", "into": second.pk, "keep-lone_elder": keep})
    assert Entry.objects.get(pk=keep).subject_id == second.pk
    gone = client.get(f"/desk/subjects/{first.pk}").content.decode()
    assert re.search(rf'href="/desk/subjects/{second.pk}">[^<]*并到另一份', gone)  # where everything is now
    client.post(f"/desk/subjects/{second.pk}", {"do": "split", "gone": first.pk})
    assert Entry.objects.get(pk=keep).subject_id == first.pk
    client.post(f"/desk/subjects/{second.pk}", {"do": "end", "how": "died", "on": clock.today().isoformat()})
    assert Subject.objects.get(pk=second.pk).ended == "died"
    client.post(f"/desk/subjects/{second.pk}", {"do": "restore"})
    client.post(f"/desk/subjects/{second.pk}", {"do": "move", "place": world.places["lake2"]})
    row = Subject.objects.get(pk=second.pk)
    assert (row.ended, row.grid_id) == ("", world.places["lake2"])


def test_the_list_costs_the_same_whatever_stands_in_it(world, desk):
    enter(desk, world)
    client = desk.of("赵兰")
    client.get("/desk/registers/lone_elder")
    with count_queries() as few:
        client.get("/desk/registers/lone_elder")
    for n in range(2, 12):
        person = subjects.add(
            "person",
            {"name": "高原", "id_number": number("19500101", n)},
            actor=world.actor("秦英"),
            place_id=world.places["lake1"],
        )
        subjects.enter("lone_elder", person.pk, {"self_care": "able"}, actor=world.actor("秦英"))
    with count_queries() as many:
        client.get("/desk/registers/lone_elder")
    assert many.total <= few.total and many.total <= 14, many.statements


def test_pictures_of_a_line_are_seen_by_who_sees_the_line_and_go_when_taken_away(world, desk, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    enter(desk, world)
    line = Entry.objects.get()
    client, address = desk.of("赵兰"), f"/desk/registers/entries/{line.pk}"
    assert client.post(address, {"do": "attach"}).status_code == 422
    wrong = SimpleUploadedFile("协议.jpg", b"MZ not a picture", "image/jpeg")
    assert client.post(address, {"do": "attach", "photos": wrong}).status_code == 422
    assert client.post(address, {"do": "attach", "photos": [_photo(1), _photo(2)]}).status_code == 302
    first, second = attaching.pictures([line.pk])[line.pk]
    page = client.get(address).content.decode()
    assert f"{address}/photo/{first}?size=thumb" in page and "附上 2 份照片或扫描件" in page
    picture = client.get(f"{address}/photo/{first}")
    assert picture.status_code == 200 and picture["Content-Type"] == "image/jpeg"
    for name in ("孙田", "李禾", "马东"):
        assert desk.of(name).get(f"{address}/photo/{first}").status_code == 404
    other = subjects.add("person", {"name": "高原"}, actor=world.actor("赵兰"), place_id=world.places["lake1"])
    foreign = subjects.enter("lone_elder", other.pk, {"self_care": "able"}, actor=world.actor("赵兰"))
    assert client.get(f"/desk/registers/entries/{foreign.pk}/photo/{first}").status_code == 404
    assert client.post(f"/desk/registers/entries/{foreign.pk}", {"do": "detach", "photo": first}).status_code == 404
    assert client.post(address, {"do": "detach", "photo": first}).status_code == 302
    assert client.get(f"{address}/photo/{first}").status_code == 404
    assert attaching.pictures([line.pk]) == {line.pk: [second]} and events.verify().findings == []
    with pytest.raises(Invalid):
        subjects.attach(line.pk, range(1, 13), actor=world.actor("赵兰"))


def _photo(seed: int) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{seed}.jpg", jpeg(40 + seed, 30), "image/jpeg")


def test_a_household_tells_what_befell_its_members_while_they_belonged_to_it_and_how_it_stood_on_a_day(world, desk):
    clerk, here = world.actor("赵兰"), world.places["lake1"]
    home = subjects.add("living_household", {"name": "柳青山户"}, actor=clerk, place_id=here, since=ago(90))
    one = subjects.add("person", {"name": "柳青山"}, actor=clerk, place_id=here, since=ago(90))
    tie = subjects.relate("household_member", one.pk, home.pk, actor=clerk, since=ago(80))
    line = subjects.enter("lone_elder", one.pk, {"self_care": "able"}, actor=clerk, since=ago(60))
    subjects.enter("household", home.pk, {"people": 2, "tenure": "own"}, actor=clerk, since=ago(70))
    subjects.change(line.pk, {"self_care": "partly"}, actor=clerk, on=ago(10))
    subjects.unrelate(tie.pk, actor=clerk, on=ago(20))
    client = desk.of("赵兰")
    page = client.get(f"/desk/subjects/{home.pk}").content.decode()
    assert "柳○：登记到独居老人" in page and "登记到居住户" in page
    assert "能自理 → 半自理" not in page  # by then she lived elsewhere
    assert "能自理 → 半自理" in client.get(f"/desk/subjects/{one.pk}").content.decode()
    then = client.get(f"/desk/subjects/{one.pk}", {"on": ago(30).isoformat()}).content.decode()
    assert "能自理" in then and "半自理" not in then and "只能看" in then and "结束登记" not in then
    assert "登记到独居老人" not in client.get(f"/desk/subjects/{one.pk}", {"on": ago(75).isoformat()}).content.decode()


def test_a_village_is_one_volume_on_any_day_and_its_numbers_open(world, desk):
    enter(desk, world)
    world.open("路灯不亮，晚上看不清。", by="赵兰", channel="counter")
    line = Entry.objects.get()
    client, address = desk.of("赵兰"), f"/desk/registers/at/{world.places['lake']}"
    with count_queries() as spent:
        page = client.get(address).content.decode()
    assert spent.total <= 70, spent.statements
    assert (
        "独居老人" in page and "重点看望 1" in page and f"?place={world.places['lake']}" in page and "路灯不亮" in page
    )
    assert f"on={ago(30).isoformat()}" not in page  # what was entered thirty days ago is out of the month
    before = client.get(address, {"on": ago(31).isoformat()}).content.decode()
    assert "重点看望" not in before and "路灯不亮" not in before
    on = client.get(address, {"on": ago(29).isoformat()}).content.decode()
    assert "重点看望 1" in on and "登记 1" in on
    subjects.change(line.pk, {"self_care": "unable"}, actor=world.actor("赵兰"), on=clock.today())
    assert "重点看望 1" in client.get(address, {"on": ago(29).isoformat()}).content.decode()
    for name, status in (("孙田", 403), ("钱立", 403), ("马东", 403), ("周敏", 200)):
        assert desk.of(name).get(address).status_code == status, name


def test_the_list_of_services_stands_on_the_desk(db):
    world = World("xinxing-community")
    client = Desk(world).of("赵兰")
    item = service_items.items()[0]
    with count_queries() as spent:
        page = client.get("/desk/registers/services").content.decode()
    assert spent.total <= 14, spent.statements
    assert item.title in page and item.papers[0] in page and item.basis in page
    assert item.title not in client.get("/desk/registers/services", {"q": "没有这样的事项"}).content.decode()
    assert "/desk/registers/services" in client.get("/desk/registers").content.decode()
