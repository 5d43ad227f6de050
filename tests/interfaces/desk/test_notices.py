"""The bell, the list, how I want to be told, the ways out and what failed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.foundation import people
from gezhi.foundation.db import count_queries
from gezhi.foundation.notices import choosing
from gezhi.foundation.notices.models import Choice, Declined, Delivery, Gateway, Notice
from tests import environment
from tests.flows.conftest import catch_up
from tests.interfaces.desk.test_acting import hidden

ROOT = people.system("test")

# Sealing sees committed transactions only, so on PostgreSQL each test commits.
pytestmark = pytest.mark.django_db(transaction=environment.POSTGRES)


@pytest.fixture
def told(world):
    """Three matters wait for the secretary."""
    catch_up()
    cases = [world.open(text) for text in ("路灯坏了", "水管漏了", "井盖没了")]
    catch_up()
    return cases


def page(client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:400]
    return answer.content.decode()


def test_the_bell_counts_and_a_line_opens_its_case_and_is_read(desk, told):
    client = desk.of("赵兰")
    assert ">3</i>" in page(client, "/desk/")
    text = page(client, "/desk/notices")
    assert all(case.number in text for case in told) and "3 条没看" in text and "路灯坏了" not in text
    line = Notice.objects.order_by("-id").first()
    answer = client.get(f"/desk/notices/{line.pk}")
    assert answer["Location"] == f"/desk/{line.stream.replace('case:', 'cases/')}"
    assert ">2</i>" in page(client, "/desk/notices")
    client.post("/desk/notices")
    assert (
        "都看过了" in page(client, "/desk/notices")
        and "</i>" not in page(client, "/desk/").split('class="bell')[1][:300]
    )


def test_a_line_is_nobody_elses(desk, world, told):
    line = Notice.objects.first()
    assert desk.of("马东").get(f"/desk/notices/{line.pk}").status_code == 404
    assert told[0].number not in page(desk.of("马东"), "/desk/notices")
    assert "还没有提醒" in page(desk.of("马东"), "/desk/notices")
    assert Notice.objects.filter(read_at__isnull=True).count() == 3


def test_the_list_reads_no_more_when_it_is_longer(desk, world, told):
    client = desk.of("赵兰")

    def queries() -> int:
        page(client, "/desk/notices")
        with count_queries() as q:
            page(client, "/desk/notices")
        return q.total

    few = queries()
    for _ in range(8):
        world.open()
    catch_up()
    assert queries() == few <= 20


def test_choices_are_kept_and_wrong_ones_come_back_as_typed(desk, world):
    client = desk.of("赵兰")
    assert 'value="22:00"' in page(client, "/desk/notices/choices")
    wrong = client.post("/desk/notices/choices", {"quiet_from": "9", "quiet_until": "06:00", "email": "nobody"})
    assert wrong.status_code == 422 and 'value="nobody"' in wrong.content.decode()
    given = {"quiet_from": "21:00", "quiet_until": "06:00", "by_email": "on", "email": "zhao@mail.example"}
    assert client.post("/desk/notices/choices", given).status_code == 302
    row = Choice.objects.get(person=world.person("赵兰"))
    assert (row.off, row.digest, row.rest_days) == (["sms"], False, False)
    assert 'value="zhao@mail.example"' in page(client, "/desk/notices/choices")


def test_a_gateway_is_opened_by_the_administrator_and_its_secrets_are_never_shown_again(desk, world):
    assert desk.of("赵兰").get("/desk/notices/gateways").status_code == 403
    client = desk.of("卢一舟")
    assert "还没有通道" in page(client, "/desk/notices/gateways")
    assert "加一个通道" in page(client, "/desk/notices/gateways?new=1")
    given = {
        "channel": "dingtalk", "title": "东街群", "url": "https://robot.example/send?access_token=the-robots-own-token", "secret": "the-robots-secret",
        "place": str(world.places["east"]), "enabled": "on",
    }  # fmt: skip
    assert client.post("/desk/notices/gateways", {**given, "url": "nowhere"}).status_code == 422
    assert client.post("/desk/notices/gateways", given).status_code == 302
    row = Gateway.objects.get()
    text = page(client, "/desk/notices/gateways") + page(client, f"/desk/notices/gateways/{row.pk}")
    assert "东街群" in text and "robots-own" not in text and "robots-secret" not in text
    assert row.place_id == world.places["east"]
    assert client.post("/desk/notices/gateways", {"address": "https://gezhi.example"}).status_code == 302
    assert 'value="https://gezhi.example"' in page(client, "/desk/notices/gateways")


def test_what_failed_is_shown_without_its_words_and_can_be_sent_again(desk, world, told):
    client = desk.of("卢一舟")
    choosing.set_gateway(None, {"channel": "wecom", "title": "群", "url": "https://robot.example/x"}, actor=ROOT)
    case = world.open()
    catch_up()
    Delivery.objects.update(state="failed", error="http_404", attempts=1, done_at=case.opened_at)
    text = page(client, "/desk/notices/gateways")
    assert "HTTP 404" in text and "交给您办" in text and case.number not in text
    row = Delivery.objects.get()
    assert desk.of("赵兰").post(f"/desk/notices/failed/{row.pk}/retry").status_code == 403
    assert client.post(f"/desk/notices/failed/{row.pk}/retry").status_code == 302
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("waiting", 0)
    assert "安静时间过了再发" not in page(client, "/desk/notices/gateways")
    Delivery.objects.update(
        run_at=row.run_at + timedelta(hours=14)
    )  # a day off: the group is left in peace until Monday
    assert "安静时间过了再发" in page(client, "/desk/notices/gateways")


def test_the_phone_has_the_same_lines(desk, world, told):
    case = world.to_verify(told[0])
    catch_up()
    client = desk.of("秦英")
    assert 'class="bell' in page(client, "/field/")
    assert case.number in page(client, "/field/notices")
    line = Notice.objects.get(person=world.person("秦英"))
    assert client.get(f"/field/notices/{line.pk}")["Location"] == f"/field/case/{case.id}"
    client.post("/field/notices")
    assert not Notice.objects.filter(person=world.person("秦英"), read_at__isnull=True).exists()


def test_a_resident_declines_on_the_page_of_their_matter_only_where_there_is_a_gateway(client, world):
    case = world.open(contact_phone="13811112222")
    address = f"/r/{case.code}"
    assert "短信" not in page(client, address)
    choosing.set_gateway(
        None, {"channel": "sms", "title": "短信", "url": "https://sms.example", "templates": "*=1"}, actor=ROOT
    )
    assert "不用发短信" in page(client, address)
    assert client.post(f"{address}/messages").status_code == 302
    assert Declined.objects.filter(code=case.code).exists() and "还是发短信吧" in page(client, address)
    client.post(f"{address}/messages", {"on": "1"})
    assert not Declined.objects.exists()
    assert "短信" not in page(client, f"/r/{world.open().code}")  # nothing was left to write to


def test_nothing_is_sent_inside_a_request(desk, world, told, monkeypatch):
    from gezhi.foundation.notices import channels

    def never(*_args):
        raise AssertionError("sent inside a request")

    for channel in list(channels.SEND):
        monkeypatch.setitem(channels.SEND, channel, never)
    choosing.set_gateway(None, {"channel": "wecom", "title": "群", "url": "https://robot.example/x"}, actor=ROOT)
    case = Case.objects.get(pk=told[0].pk)
    item = world.main(case)
    client = desk.of("赵兰")
    sheet = page(client, f"/desk/cases/{case.id}/do/dispatch?item={item.number}")
    form = hidden(sheet) | {"sort": "big", "unit": world.seats["city"]}
    assert client.post(f"/desk/cases/{case.id}/do/dispatch", form).status_code < 400
    assert Case.objects.get(pk=case.pk).stage == "sign"
    assert not Delivery.objects.exists()  # not even written down before the commit was read
    catch_up()
    assert Delivery.objects.get().state == "waiting"
