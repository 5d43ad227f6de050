"""E-mail to a server that really listens: taken, tried again, refused for good, and never sent without the TLS asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from gezhi.foundation.notices import channels, choosing, queries, sending
from gezhi.foundation.notices.models import Delivery
from tests import environment
from tests.flows.conftest import catch_up

from .mailbox import certificate, mail_server

pytestmark = pytest.mark.django_db(transaction=environment.POSTGRES)
LETTER = channels.Message(id="n-1", text="2026-1 等您分派。", subject="格治提醒", to="zhao@mail.example")


@pytest.fixture
def keys(tmp_path, monkeypatch):
    """A certificate this process trusts."""
    made = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made[0]))
    return made


def settings(box, **more):
    return {"host": "localhost", "port": box.port, "from": "gezhi@mail.example", "user": "", "secret": "", **more}


def refused(box, **more) -> channels.Failed:
    with pytest.raises(channels.Failed) as failed:
        channels.email(settings(box, **more), LETTER)
    assert box.letters == []
    return failed.value


def test_a_letter_goes_out_over_tls_with_name_and_password(keys):
    with mail_server(keys) as box:
        channels.email(settings(box, user="notices", secret="SEC1"), LETTER)
    ((sender, receivers, tls, letter),) = box.letters
    assert (sender, receivers, tls) == ("gezhi@mail.example", ["zhao@mail.example"], True)
    assert letter["Subject"] == "格治提醒" and letter.get_content().strip() == LETTER.text
    assert box.logins == ["notices SEC1"]


def test_an_inner_relay_is_spoken_to_in_clear_only_when_that_was_chosen():
    with mail_server() as box:
        failed = refused(box)
        assert (failed.code, failed.final) == ("tls_missing", False)  # it waits; it does not go in clear
        channels.email(settings(box, security="none"), LETTER)
    assert [tls for _s, _r, tls, _l in box.letters] == [False]


def test_a_certificate_nobody_vouches_for_is_not_believed(tmp_path):
    with mail_server(certificate(tmp_path)) as box:
        assert refused(box).code == "tls_untrusted"


def test_a_server_that_will_not_begin_tls_is_not_spoken_to_in_clear(keys):
    with mail_server(keys) as box:
        box.answers["STARTTLS"] = ["454 TLS not available"]
        assert refused(box, user="notices", secret="SEC1").code == "smtp_454"
        assert box.logins == []  # the password was not said either


@pytest.mark.parametrize(
    ("command", "answer", "code", "final"),
    [
        ("RCPT", "550 no such user", "address_refused", True), ("AUTH", "535 wrong password", "login_refused", True),
        ("AUTH", "454 try later", "login_refused", False), ("MAIL", "451 try later", "smtp_451", False),
        (".", "554 it looks like spam", "smtp_554", True),
    ],
)  # fmt: skip
def test_what_the_server_says_decides_whether_it_is_tried_again(keys, command, answer, code, final):
    with mail_server(keys) as box:
        box.answers[command] = [answer] * 3
        failed = refused(box, user="notices", secret="SEC1")
    assert (failed.code, failed.final) == (code, final)
    assert queries.why(code) != code  # said in words


def test_nobody_listens():
    with mail_server() as box:
        pass
    failed = refused(box, security="none")
    assert (failed.code, failed.away) == ("refused", True)


@pytest.fixture
def noon():
    """A Wednesday's, asked for before the county is made: people hold their seats from then on, whenever the test runs."""
    with time_machine.travel(datetime(2027, 3, 17, 12, tzinfo=ZoneInfo("Asia/Shanghai")), tick=True) as moment:
        yield moment


def test_a_letter_put_off_is_sent_once_and_one_refused_stands_on_the_page(noon, world, opened, keys):
    with mail_server(keys) as box:
        opened("email", host="localhost", port=str(box.port), user="notices", **{"from": "gezhi@mail.example"})
        choosing.choose(
            {"quiet_from": "22:00", "quiet_until": "07:00", "email": "zhao@mail.example"}, actor=world.actor("赵兰")
        )
        box.answers["MAIL"] = ["451 try later"]
        case = world.open()
        catch_up()
        sending.send_due()
        assert box.letters == [] and Delivery.objects.get().error == "smtp_451"
        noon.shift(timedelta(hours=1))
        while sending.send_due():
            pass
        ((_s, receivers, tls, letter),) = box.letters
        assert receivers == ["zhao@mail.example"] and tls and case.number in letter.get_content()
        assert Delivery.objects.get().state == "sent"
        box.answers["RCPT"] = ["550 no such user"]
        world.open()
        catch_up()
        while sending.send_due():
            pass
    (failure,) = queries.failures()
    assert failure.final and failure.why == "对方说没有这个收件人" and len(box.letters) == 1
