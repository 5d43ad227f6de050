"""Messages go out through local fakes: signed, bundled, quiet at night, tried again, dropped when they must not go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from datetime import UTC, datetime, time, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import time_machine

from gezhi.engines.workflows.models import Case, ProtectedAgainst
from gezhi.foundation import events, notices, people
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Invalid, NotAllowed, Refusal
from gezhi.foundation.notices import channels, choosing, queries, rules, sending
from gezhi.foundation.notices.models import Choice, Delivery, Gateway, Notice
from gezhi.foundation.people import actions
from tests import environment
from tests.flows.conftest import catch_up
from tests.foundation.people.county import SETUP

from .conftest import ROOT

CHINA = ZoneInfo("Asia/Shanghai")

# Sealing sees committed transactions only, so on PostgreSQL each test commits.
pytestmark = pytest.mark.django_db(transaction=environment.POSTGRES)


@pytest.fixture(autouse=True)
def noon():
    """A Wednesday at noon: nobody sleeps, nothing rests."""
    with time_machine.travel(datetime(2027, 3, 17, 12, tzinfo=CHINA), tick=True) as moment:
        yield moment


def sent() -> None:
    catch_up()
    while sending.send_due():
        pass


def later(moment, by: timedelta) -> None:
    moment.shift(by)


def states() -> list[tuple[str, str]]:
    return list(Delivery.objects.order_by("id").values_list("state", "error"))


def test_dingtalk_is_signed_and_says_number_category_seat_and_link_only(world, fake, opened):
    opened("dingtalk")
    choosing.set_address("https://gezhi.example/", actor=ROOT)
    case = world.open("我家三楼王大爷楼道灯坏了，电话 13811112222", contact_phone="13811112222", contact_name="王大爷")
    sent()
    (came,) = fake.came
    text = came["body"]["text"]["content"]
    assert case.number in text and f"https://gezhi.example/desk/cases/{case.id}" in text
    assert "王" not in text and "13811112222" not in text and "三楼" not in text
    query = parse_qs(urlsplit(came["path"]).query)
    (stamp,), (sign,) = query["timestamp"], query["sign"]
    assert sign == base64.b64encode(hmac.digest(b"SEC1", f"{stamp}\nSEC1".encode(), hashlib.sha256)).decode()
    assert states() == [("sent", "")]


def test_feishu_is_signed_in_the_body_and_wecom_is_not_signed(world, fake, opened):
    opened("feishu")
    opened("wecom")
    world.open()
    sent()
    by = {"msg_type" in came["body"]: came["body"] for came in fake.came}
    feishu, wecom = by[True], by[False]
    key = f"{feishu['timestamp']}\nSEC1".encode()
    assert feishu["sign"] == base64.b64encode(hmac.digest(key, b"", hashlib.sha256)).decode()
    assert feishu["content"]["text"] and wecom["text"]["content"] and "sign" not in wecom


def test_a_robot_speaks_to_the_group_of_its_unit_once_however_many_sit_there(world, fake, opened):
    city = people.directory().seats[world.seats["city"]]
    opened("dingtalk", organisation_id=city.organisation_id, place_id=city.place_id)
    case = world.open()
    world.do(case, "pass_up", "赵兰", reason="要街道来定。")  # to a desk of two persons
    opened("wecom", place_id=people.directory().seats[world.seats["street"]].place_id)
    sent()
    assert Notice.objects.filter(template="given").count() == 3  # 赵兰, 周敏, 吕岩
    assert [came["body"]["msgtype"] for came in fake.came] == ["text"]
    assert Delivery.objects.get().gateway.channel == "wecom"


def test_a_resident_is_told_by_sms_with_a_template_and_may_decline(world, fake, opened):
    opened("sms")
    case = world.open(contact_phone="13811112222")
    sent()
    (came,) = fake.came
    assert came["body"]["phone"] == "13811112222" and came["body"]["template"] == "SMS_2"
    assert came["auth"] == "Bearer SEC1" and case.number in came["body"]["text"]
    choosing.decline(case.code)
    world.to_follow_up(case)
    sent()
    assert [c["body"]["phone"] for c in fake.came] == ["13811112222"]
    choosing.decline(case.code, declined=False)
    assert not choosing.has_declined(case.code)


def test_without_a_phone_or_with_a_landline_nothing_is_sent_to_a_resident(world, fake, opened):
    opened("sms")
    world.open()
    world.open(contact_phone="0391-8212345")
    sent()
    assert fake.came == [] and states() == [("dropped", "no_address")]


def test_an_erased_contact_is_not_written_to(world, fake, opened):
    opened("sms")
    case = world.open(contact_phone="13811112222")
    catch_up()
    assert Delivery.objects.count() == 1
    events.erase(f"case:{case.id}", None, actor=ROOT, ground="本人要求")
    assert not Delivery.objects.exists() and not Notice.objects.exists()
    while sending.send_due():
        pass
    assert fake.came == []


def test_at_night_ordinary_messages_wait_and_come_as_one_urgent_ones_pass(world, fake, opened, with_phone, noon):
    noon.move_to(datetime(2027, 3, 17, 23, 30, tzinfo=CHINA))
    opened("dingtalk")
    for _ in range(3):
        world.open()
    urgent = world.open(urgent=True)
    sent()
    assert [urgent.number in came["body"]["text"]["content"] for came in fake.came] == [True]
    noon.move_to(datetime(2027, 3, 18, 7, 1, tzinfo=CHINA))
    sent()
    assert len(fake.came) == 2
    assert "有 3 条提醒" in fake.came[1]["body"]["text"]["content"]
    assert {state for state, _e in states()} == {"sent"}


def test_a_resident_is_not_woken_by_an_urgent_matter(world, fake, opened, noon):
    noon.move_to(datetime(2027, 3, 17, 23, 30, tzinfo=CHINA))
    opened("sms")
    world.open(urgent=True, contact_phone="13811112222")
    sent()
    assert fake.came == []
    noon.move_to(datetime(2027, 3, 18, 7, 1, tzinfo=CHINA))
    sent()
    assert len(fake.came) == 1


def test_a_digest_is_one_message_in_the_morning_without_what_was_read(world, opened, with_phone, fake, noon):
    person = with_phone("马东")
    opened("sms")
    Choice.objects.create(person=person, digest=True)
    cases = [world.open() for _ in range(5)]
    for case in cases:
        world.to_handle(case)
        world.do(case, "finish", "马东", result="好了。")
        world.do(case, "pass", "秦英")
        world.do(case, "unsolved", why="没有。")  # reopened: by SMS to the handler
    catch_up()
    assert Delivery.objects.filter(person=person).count() == 5
    sent()
    assert fake.came == []
    line = Notice.objects.filter(person=person, template="reopened").first()
    choosing.mark_read([line.pk], actor=world.actor("马东"))
    noon.move_to(datetime(2027, 3, 18, 8, 1, tzinfo=CHINA))
    sent()
    (came,) = fake.came
    assert "有 4 条提醒" in came["body"]["text"]
    his = Delivery.objects.filter(person=person).values_list("state", "error")
    assert sorted(his) == [("dropped", "read")] + [("sent", "")] * 4


def test_whoever_may_no_longer_see_it_is_not_told_at_the_moment_of_sending(world, opened, with_phone, fake, noon):
    noon.move_to(datetime(2027, 3, 17, 23, 30, tzinfo=CHINA))
    person = with_phone("马东")
    opened("sms")
    case = world.to_follow_up(world.open())
    world.do(case, "unsolved", why="没有。")
    catch_up()
    assert Delivery.objects.filter(person=person).count() == 1
    # In the night he changes to another desk.
    actions.leave(person, actor=SETUP)
    noon.move_to(datetime(2027, 3, 18, 7, 1, tzinfo=CHINA))
    sent()
    assert fake.came == []
    assert ("dropped", "left") in states() or ("dropped", "unseen") in states()


def test_a_matter_that_becomes_protected_goes_to_no_group_and_is_hidden_from_whoever_is_named(
    world, opened, fake, noon
):
    noon.move_to(datetime(2027, 3, 17, 23, 30, tzinfo=CHINA))
    opened("dingtalk")
    case = world.open()
    catch_up()
    actor = world.actor("赵兰")
    assert len(notices.inbox(actor)[0]) == 1 and Delivery.objects.get().state == "waiting"
    # In the night somebody finds that it is about the secretary herself.
    Case.objects.filter(pk=case.id).update(protected="report")
    ProtectedAgainst.objects.create(
        case_id=case.id, number=1, source="staff", person_id=actor.person_id, seat_id=world.seats["secretary"]
    )
    assert notices.inbox(actor)[0] == []
    noon.move_to(datetime(2027, 3, 18, 7, 1, tzinfo=CHINA))
    sent()
    assert fake.came == [] and states() == [("dropped", "unseen")]
    # What happens to it from here on is told neither to her nor to any group.
    before = Notice.objects.filter(person=actor.person_id).count()
    world.do(case, "supervise", "方晓", demand="请核实。")
    catch_up()
    assert Notice.objects.filter(person=actor.person_id).count() == before
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    ("answer", "error", "final"),
    [
        ((500, {}), "http_500", False),
        ((429, {}), "http_429", False),
        ((404, {}), "http_404", True),
        ((302, {}), "http_302", True),
        ((200, {"errcode": 310000, "errmsg": "sign not match"}), "answer_310000", False),
    ],
)
def test_a_failing_gateway_is_tried_again_a_bounded_number_of_times_and_shown(
    world, fake, opened, noon, answer, error, final
):
    opened("dingtalk")
    fake.answer = lambda _body: answer
    world.open()
    sent()
    tries = 1
    while Delivery.objects.get().state == "waiting":
        assert Delivery.objects.get().error == error
        later(noon, timedelta(hours=4))
        sent()
        tries += 1
        assert tries < 20
    assert (len(fake.came), tries) == ((1, 1) if final else (rules.MAX_ATTEMPTS, rules.MAX_ATTEMPTS))
    (shown,) = queries.failures()
    assert shown.final and shown.who and shown.why and shown.attempts == tries
    with pytest.raises(NotAllowed):
        choosing.retry(shown.id, actor=world.actor("赵兰"))
    fake.answer = lambda _body: (200, {"errcode": 0})
    assert choosing.retry(shown.id, actor=ROOT) is True
    sent()
    assert states() == [("sent", "")] and queries.failures() == []


def test_a_gateway_that_does_not_answer_in_time_rests_and_the_others_wait_without_a_try(
    world, fake, opened, noon, monkeypatch
):
    monkeypatch.setattr(channels, "LIMIT", channels.httpx.Timeout(0.2))
    opened("dingtalk")
    fake.wait = 1.0
    for _ in range(4):
        world.open()
    catch_up()
    sending.send_due()
    assert len(fake.came) == 1
    tried = list(Delivery.objects.order_by("id").values_list("attempts", "error"))
    assert tried == [(1, "timeout"), (0, ""), (0, ""), (0, "")]
    fake.wait = 0.0
    later(noon, timedelta(minutes=2))
    sent()
    assert states() == [("sent", "")] * 4


def test_nobody_listening_is_a_refusal_and_shown_as_such(world, opened, noon):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        opened("dingtalk", url=f"http://127.0.0.1:{free.getsockname()[1]}/send")
    world.open()
    sent()
    assert states() == [("waiting", "refused")]
    (shown,) = queries.failures()
    assert not shown.final and shown.why == "连不上对方"


def test_a_worker_that_died_while_sending_is_followed_by_another_try_under_the_same_id(
    world, fake, opened, noon, monkeypatch
):
    opened("sms")
    world.open(contact_phone="13811112222")
    catch_up()

    def dies(*_args):
        raise SystemExit(9)

    monkeypatch.setattr(sending, "_send", dies)
    with pytest.raises(SystemExit):
        sending.send_due()
    monkeypatch.undo()
    assert sending.send_due() == 0  # leased: nobody else sends it meanwhile
    Delivery.objects.update(leased_until=0)  # the lease runs out
    sent()
    assert len({came["body"]["id"] for came in fake.came}) == 1
    assert Delivery.objects.get().attempts == 2


def test_email_goes_to_the_address_a_colleague_gave(world, opened, monkeypatch):
    letters = []

    class Server:
        def __init__(self, host, port, timeout, context=None):
            assert (host, port) == ("mail.example", 465) and timeout == channels.SMTP_SECONDS

        def __enter__(self):
            return self

        def __exit__(self, *args):
            pass

        def login(self, user, secret):
            assert (user, secret) == ("notices", "SEC1")

        def send_message(self, letter):
            letters.append(letter)

    monkeypatch.setattr(channels.smtplib, "SMTP_SSL", Server)
    opened("email", host="mail.example", port="465", user="notices", **{"from": "gezhi@mail.example"})
    choosing.choose(
        {"quiet_from": "22:00", "quiet_until": "07:00", "email": "zhao@mail.example"}, actor=world.actor("赵兰")
    )
    case = world.open()
    sent()
    (letter,) = letters
    assert letter["To"] == "zhao@mail.example" and case.number in letter.get_content()
    assert "zhao" not in str(bytes(Choice.objects.get().email))


def test_secrets_are_sealed_kept_when_left_empty_and_never_in_an_event(world, opened):
    id = opened("dingtalk")
    row = Gateway.objects.get(pk=id)
    assert b"SEC1" not in bytes(row.settings) and b"access_token" not in bytes(row.settings)
    choosing.set_gateway(id, {"title": "新名", "enabled": True}, actor=ROOT)
    row.refresh_from_db()
    settings = sending.settings_of(row)
    assert settings["secret"] == "SEC1" and "access_token=abc" in settings["url"] and row.title == "新名"
    told = "".join(str(event.patch) for event in events.history(f"gateway:{id}"))
    assert "SEC1" not in told and "http" not in told
    events.seal_now()
    assert [f for f in events.verify().findings if f.stream] == []
    for wrong in ({"url": "ftp://x"}, {"url": "javascript:alert(1)"}, {"channel": "pigeon"}):
        with pytest.raises(Invalid):
            opened(**wrong)
    with pytest.raises(NotAllowed):
        choosing.set_gateway(None, {"channel": "wecom", "url": "https://x.example"}, actor=world.actor("赵兰"))


def test_what_a_notice_says_is_sealed_in_its_row(world, fake, opened):
    opened("dingtalk")
    case = world.open()
    catch_up()
    for row in (Notice.objects.get(), Delivery.objects.get()):
        assert case.number.encode() not in bytes(row.words)


def test_the_bell_is_one_query_and_counts_no_further_than_99(world):
    with count_queries() as q:
        assert notices.unread(world.person("赵兰")) == 0
    assert q.total == 1
    Notice.objects.bulk_create(
        Notice(key=f"k{n}", person=1, template="given", stream="case:1", words=b"", at=datetime.now(UTC))
        for n in range(120)
    )
    assert notices.unread(1) == 100


def test_choices_are_checked(world):
    actor = world.actor("赵兰")
    choosing.choose({"quiet_from": "21:00", "quiet_until": "06:30", "off": ["sms"], "digest": "on"}, actor=actor)
    row = Choice.objects.get()
    assert (row.quiet_from, row.quiet_until, row.off, row.digest, row.rest_days) == (
        time(21),
        time(6, 30),
        ["sms"],
        True,
        False,
    )
    with pytest.raises(Invalid) as refusal:
        choosing.choose({"quiet_from": "25:00", "quiet_until": "06:30", "email": "x"}, actor=actor)
    assert set(refusal.value.field_errors) == {"quiet_from", "email"}


def test_a_way_out_is_tried_at_night_and_on_a_day_off_and_says_what_came_of_it(world, fake, opened, noon, with_phone):
    robot, text, mail, off = (
        opened("feishu"),
        opened("sms"),
        opened("email", host="mail.example", **{"from": "g@mail.example"}),
        opened("wecom"),
    )
    choosing.set_gateway(off, {"title": "wecom", "enabled": False}, actor=ROOT)
    noon.move_to(datetime(2027, 3, 20, 23, 30, tzinfo=CHINA))  # a Saturday night
    world.seat("admin", "county", "卢一舟")
    clerk = world.actor("卢一舟")
    with pytest.raises(NotAllowed):
        choosing.try_out(robot, actor=world.actor("赵兰"))
    for way, code in ((off, "notice.try_off"), (text, "notice.try_nowhere"), (mail, "notice.try_nowhere")):
        with pytest.raises(Refusal) as refused:
            choosing.try_out(way, actor=clerk)
        assert refused.value.code == code
    with_phone("卢一舟", "13900000009")
    choosing.try_out(robot, actor=clerk)
    choosing.try_out(text, actor=world.actor("卢一舟"))
    sent()
    assert [came["body"].get("phone") for came in fake.came] == [None, "13900000009"]
    assert "格治试发" in fake.came[0]["body"]["content"]["text"] and "格治试发" in fake.came[1]["body"]["text"]
    assert {id: row.state for id, row in queries.last_tried([robot, text, off]).items()} == {
        robot: "sent",
        text: "sent",
    }
    fake.answer = lambda _body: (404, {})
    choosing.try_out(robot, actor=clerk)
    sent()
    assert queries.last_tried([robot])[robot].error == "http_404"
    (shown,) = queries.failures()
    assert shown.final and shown.what == "试发" and shown.who == "feishu的群"
