"""One's own account and a colleague's, through the pages: the code at signing in, sessions one by one, help by another."""

from __future__ import annotations

import re

import pytest
import time_machine
from django.test import Client

from gezhi.foundation import db, events, people
from gezhi.foundation.people import actions, second_factor, signin, sittings, totp
from gezhi.foundation.people.models import SecondFactor, Sitting
from gezhi.interfaces.commands import main

GOOD = "柳树 铁桥 星期三晚上"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"


@pytest.fixture(autouse=True)
def standing_clock():
    """A code is another one half a minute later: no test is to meet that by chance."""
    with time_machine.travel("2026-11-18T02:00:10+00:00", tick=False):
        yield


@pytest.fixture(autouse=True)
def quick_hashing(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def auditor(world):
    """A colleague who is not made up for a demonstration, in a post that must have the factor."""
    id = actions.create_person("苏真", actor=people.system("setup"), username="suzhen", password=GOOD)
    world.people["苏真"] = id
    actions.appoint(world.seats["auditor"], id, actor=people.system("setup"))
    return id


@pytest.fixture
def clerk(world):
    world.people["安宁"] = id = world.person("安宁", username="anning", password=GOOD)
    actions.appoint(world.seats["grid2"], id, actor=people.system("setup"))
    return id


def code(person: int, steps: int = 0) -> str:
    secret = second_factor._opened(SecondFactor.objects.get(person_id=person))
    return totp.code(secret, totp.step_at(signin._real_now()) + steps)


def sign_in(name: str, client: Client | None = None, **more):
    client = client or Client(headers={"User-Agent": PHONE})
    return client, client.post("/signin", {"username": name, "password": GOOD, **more})


def set_up(client: Client, person: int) -> list[str]:
    assert client.post("/second-factor", {"do": "begin"}).status_code == 302
    page = client.get("/second-factor").content.decode()
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in page and "<script>" not in page
    wrong = client.post("/second-factor", {"do": "confirm", "otp": "000000"})
    assert wrong.status_code == 422 and "还没有设好" in wrong.content.decode()
    page = client.post("/second-factor", {"do": "confirm", "otp": code(person, -1)}).content.decode()
    return re.findall(r'class="mono">([a-z0-9]{5}-[a-z0-9]{5})<', page)


def test_a_post_that_must_have_it_opens_nothing_before(auditor):
    client, answer = sign_in("suzhen", next="/desk/audit")
    assert answer.url == "/second-factor"
    assert client.get("/desk/audit").status_code == client.get("/desk/").status_code == 401
    assert client.get("/account").url == "/second-factor"
    codes = set_up(client, auditor)
    assert len(codes) == 10
    assert client.get("/desk/audit").status_code == 200
    assert not any(word in client.get("/second-factor").content.decode() for word in codes)  # shown once
    client, answer = sign_in("suzhen", next="/desk/audit")
    assert answer.url == "/signin/code?next=%2Fdesk%2Faudit"
    assert client.get("/desk/audit").status_code == 401 and client.get("/account").url == "/signin"
    wrong = client.post("/signin/code", {"otp": "000000"})
    assert wrong.status_code == 401 and "000000" not in wrong.content.decode()
    answer = client.post("/signin/code", {"otp": code(auditor), "next": "/desk/audit"})
    assert answer.url == "/desk/audit" and client.get("/desk/audit").status_code == 200
    client, _answer = sign_in("suzhen")
    assert client.post("/signin/code", {"otp": codes[0]}).url == "/account"
    assert "还剩 9 个恢复码" in client.get("/account").content.decode()
    assert client.post("/second-factor", {"do": "off", "otp": codes[1]}).status_code == 403


def test_half_signed_in_is_nobody_and_does_not_last(clerk, monkeypatch):
    client, _answer = sign_in("anning")
    set_up(client, clerk)
    client, answer = sign_in("anning")
    assert answer.url == "/signin/code" and client.get("/desk/").status_code == 401
    now = signin._real_now()
    monkeypatch.setattr(signin, "_real_now", lambda: now + 601)
    late = client.post("/signin/code", {"otp": code(clerk)})
    assert late.status_code == 401 and "从头登录" in late.content.decode()
    assert Client().get("/signin/code").status_code == 401


def test_the_api_takes_the_code_in_one_call(clerk, settings):
    client, _answer = sign_in("anning")
    set_up(client, clerk)
    body = {"username": "anning", "password": GOOD}

    def ask(**more):
        return Client().post("/api/v1/session", body | more, content_type="application/json")

    assert (ask().status_code, ask().json()["error"]["code"]) == (401, "sign_in.otp_needed")
    assert ask(otp="1").json()["error"]["code"] == "sign_in.otp_wrong"
    token = ask(otp=code(clerk)).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/v1/cases", headers=headers).status_code == 200
    client, _answer = sign_in("anning")
    client.post("/signin/code", {"otp": code(clerk, 1)})
    page = client.get("/account").content.decode()
    (number,) = re.findall(r"/account/tokens/(\d+)/end", page)
    assert client.post(f"/account/tokens/{number}/end").url == "/account"
    assert Client().get("/api/v1/cases", headers=headers).status_code == 401
    assert client.post(f"/account/tokens/{number}/end").status_code == 404


def test_sessions_are_listed_masked_and_ended_one_by_one(clerk, desk):
    one, _answer = sign_in("anning", Client(REMOTE_ADDR="10.20.30.40", headers={"User-Agent": PHONE}))
    other, _answer = sign_in("anning", Client(REMOTE_ADDR="2001:db8:7::9"))
    page = one.get("/account").content.decode()
    assert "10.20.30.*" in page and "2001:db8:7:*" in page and "10.20.30.40" not in page
    assert "Chrome · Android" in page and page.count("/account/sessions/") == 1
    (number,) = re.findall(r"/account/sessions/(\d+)/end", page)
    assert desk.of("赵兰").post(f"/account/sessions/{number}/end").status_code == 404
    assert other.get("/desk/").status_code == 200
    assert one.post(f"/account/sessions/{number}/end").url == "/account"
    assert other.get("/desk/").status_code == 401 and one.get("/desk/").status_code == 200
    assert "那一处已经退出" in one.get("/account").content.decode()
    one.post("/signout")
    assert not Sitting.objects.exists()


def test_the_account_page_asks_a_bounded_number_of_questions(clerk):
    client, _answer = sign_in("anning")
    for _ in range(4):
        sign_in("anning")
    with db.count_queries() as asked:
        assert client.get("/account").content.decode().count("Chrome · Android") == 5
    assert asked.total <= 9, asked.statements


def test_another_helps_with_reasons_and_the_owner_reads_it(clerk, desk, world):
    client, _answer = sign_in("anning")
    set_up(client, clerk)
    admin, page = desk.of("卢一舟"), f"/desk/people/{clerk}/account"
    assert desk.of("赵兰").get(page).status_code == 403
    assert admin.post(page, {"do": "factor"}).status_code == 422
    assert admin.post(page, {"do": "factor", "reason": "lost"}).status_code == 302
    assert client.get("/desk/").status_code == 401
    client, answer = sign_in("anning", next="/desk/cases")
    assert answer.url == "/account"
    told = client.get("/account").content.decode()
    assert "重设二次验证" in told and "由 卢○ 办" in told and "手机丢了或坏了" in told
    assert sign_in("anning", next="/desk/cases")[1].url == "/desk/cases"  # said once
    word = re.search(r'class="mono">([a-z0-9-]{23})<', admin.post(page, {"do": "password"}).content.decode())
    assert word and client.get("/desk/").status_code == 401
    assert Client().post("/signin", {"username": "anning", "password": word[1]}).url == "/password"
    own = f"/desk/people/{world.people['卢一舟']}/account"
    assert admin.post(own, {"do": "factor", "reason": "lost"}).status_code == 403
    assert admin.post(own, {"do": "password"}).status_code == 400


def test_the_first_sign_in_leads_to_the_day_and_not_to_how_the_account_was_set_up(clerk):
    actions.set_username(clerk, "anning2", actor=people.system("setup"))
    actions.set_password(clerk, GOOD, actor=people.system("setup"))
    assert sign_in("anning2")[1].url in {"/desk/", "/field/"}
    actions.set_password(clerk, GOOD, actor=people.system("setup"))  # later it is news
    assert sign_in("anning2")[1].url == "/account"


def test_a_person_is_entered_and_starts_with_a_one_time_password(desk):
    admin = desk.of("卢一舟")
    page = admin.post(
        "/desk/people/accounts", {"do": "enter", "name": "程新", "phone": "13900002222", "username": "chengxin"}
    ).content.decode()
    word = re.search(r'class="mono">([a-z0-9-]{23})<', page)
    assert word and Client().post("/signin", {"username": "chengxin", "password": word[1]}).url == "/password"
    found = admin.post("/desk/people/accounts", {"do": "find", "phone": "13900002222"})
    assert found.status_code == 302 and "chengxin" in admin.get(found.url).content.decode()
    assert admin.post("/desk/people/accounts", {"do": "enter", "name": ""}).status_code == 422
    assert desk.of("周敏").get("/desk/people/accounts").status_code == 403


def test_the_operator_resets_where_no_colleague_can(clerk, capsys):
    client, _answer = sign_in("anning")
    set_up(client, clerk)
    assert main.main(["admin", "reset-factor", "--username", "anning"]) == 0
    assert sign_in("anning")[1].url == "/account"
    assert main.main(["admin", "reset-factor", "--username", "nobody"]) != 0
    assert events.history(f"person:{clerk}")[-2].kind == "person.factor_reset"


def test_a_long_open_session_gives_the_password_before_it_begins(clerk, monkeypatch):
    client, _answer = sign_in("anning")
    now = signin._real_now()
    monkeypatch.setattr(signin, "_real_now", lambda: now + 700)
    assert client.post("/second-factor", {"do": "begin"}).status_code == 401
    assert client.post("/second-factor", {"do": "begin", "password": GOOD}).status_code == 302


@pytest.mark.parametrize(
    ("ip", "masked"), [("10.0.3.7", "10.0.3.*"), ("::ffff:10.0.3.7", "10.0.3.*"), ("::1", "0:0:0:*"), ("x", "")]
)
def test_addresses_are_masked_before_they_are_kept(ip, masked):
    assert sittings.mask_address(ip) == masked
