"""The doors every zone has: signing in, large type, language, refusals as pages."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.interfaces.portal.conftest import PASSWORD


def sign_in(client: Client, **more):
    return client.post("/signin", {"username": "fuxiaoman", "password": PASSWORD, **more})


def test_a_grid_worker_signs_in_and_lands_on_the_day(world):
    client = Client()
    answer = sign_in(client)
    assert answer["Location"] == "/field/"
    page = client.get("/field/").content.decode()
    assert "今天要办" in page
    client.post("/signout")
    assert client.get("/field/")["Location"].startswith("/signin?next=")


def test_signing_in_goes_back_to_where_one_wanted_to_be(world):
    assert sign_in(Client(), next="/field/report")["Location"] == "/field/report"
    assert sign_in(Client(), next="https://evil.example/")["Location"] == "/field/"


def test_after_five_wrong_passwords_the_door_stays_shut_for_a_while(world):
    client = Client()
    for _attempt in range(5):
        client.post("/signin", {"username": "fuxiaoman", "password": "wrong-password-1"})
    answer = sign_in(client)
    assert answer.status_code in (401, 403, 429)
    assert client.get("/field/").status_code == 302


def test_a_password_is_never_shown_back(world):
    answer = Client().post("/signin", {"username": "fuxiaoman", "password": "wrong-password-1"})
    assert "wrong-password-1" not in answer.content.decode()
    assert 'value="fuxiaoman"' in answer.content.decode()


def test_the_large_type_switch_is_remembered_and_marks_the_page(world):
    client = Client()
    assert 'class="phone no-js"' in client.get("/").content.decode()
    answer = client.get("/prefer?large=1&next=/find")
    assert answer["Location"] == "/find"
    assert 'class="phone large no-js"' in client.get("/find").content.decode()
    client.get("/prefer?large=0&next=/")
    assert 'class="phone no-js"' in client.get("/").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/x", "//evil.example", "javascript:alert(1)", "\\\\evil"])
def test_no_link_of_ours_sends_people_elsewhere(world, elsewhere):
    assert Client().get("/prefer", {"large": "1", "next": elsewhere})["Location"] == "/"


def test_english_is_chosen_and_kept(world):
    client = Client()
    assert '<html lang="en"' in client.get("/?lang=en").content.decode()
    assert '<html lang="en"' in client.get("/find").content.decode()
    assert '<html lang="zh-Hans"' in client.get("/?lang=zh-hans").content.decode()


def test_a_wrong_password_says_nothing_about_the_account(world):
    answers = [
        Client().post("/signin", {"username": name, "password": "wrong-password-1"}).content.decode()
        for name in ("fuxiaoman", "nobody-of-this-name")
    ]
    seen = [a.split('role="alert"')[1].split("</div>")[0] for a in answers]
    assert seen[0] == seen[1]


def test_a_page_that_does_not_exist_says_what_why_and_next(world):
    answer = Client().get("/nothing/here")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "接下来" in page
    assert "/find" in page


def test_pages_carry_the_strict_policy(world):
    policy = Client().get("/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
