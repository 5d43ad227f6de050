"""Around every request: language, headers, refusals in words."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from django.test import Client
from django.urls import path
from django.utils.translation import get_language, gettext

from gezhi.foundation.errors import Invalid, TooMany
from gezhi.interfaces.site import faults
from gezhi.interfaces.site import urls as site_urls

RAISED = {
    "invalid": lambda: Invalid(field_errors={"text": "请写点什么。"}),
    "toomany": lambda: TooMany(retry_after=7),
    "gone": Http404,
    "odd": lambda: SuspiciousOperation("odd"),
    "database": lambda: OperationalError("connection refused"),
    "fault": lambda: ZeroDivisionError("secret 13800000000"),
}


def raising(request, name):
    raise RAISED[name]()


def said(request):
    return JsonResponse({"language": get_language(), "actor": request.actor.kind, "word": gettext("没有找到。")})


urlpatterns = [
    path("raise/<name>", raising),
    path("api/v1/raise/<name>", raising),
    path("said", said),
    path("form", lambda request: HttpResponse("taken")),
    *site_urls.urlpatterns,  # the error page links to real pages
]
handler404, handler500 = faults.not_found, faults.server_error

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("invalid", 422, "invalid"),
        ("toomany", 429, "too_many"),
        ("gone", 404, "not_found"),
        ("odd", 400, "request.malformed"),
        ("database", 503, "unavailable"),
        ("fault", 500, "server.fault"),
    ],
)
def test_under_api_every_refusal_is_json(client, name, status, code):
    response = client.get(f"/api/v1/raise/{name}")
    body = json.loads(response.content)
    assert response.status_code == status
    assert body["error"]["code"] == code
    assert body["error"]["what"]
    assert body["request_id"] == response["X-Request-ID"]
    assert "13800000000" not in response.content.decode()


@pytest.mark.parametrize(("name", "status"), [("invalid", 422), ("gone", 404), ("database", 503), ("fault", 500)])
def test_elsewhere_it_is_a_page_with_the_request_id(client, name, status):
    response = client.get(f"/raise/{name}")
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    assert response["X-Request-ID"] in response.content.decode()


def test_a_broken_error_page_still_says_the_words(client, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(faults, "render_to_string", broken)
    response = client.get("/raise/gone")
    assert response.status_code == 404
    assert "没有找到。" in response.content.decode()


def test_an_address_that_is_not_there(client):
    assert client.get("/nowhere").status_code == 404
    assert json.loads(client.get("/api/nowhere").content)["error"]["code"] == "not_found"


def test_too_many_carries_retry_after(client):
    assert client.get("/api/v1/raise/toomany")["Retry-After"] == "7"


def test_a_refused_form_gives_back_what_was_typed_but_no_secret(client):
    page = client.post("/raise/invalid", {"text": "路灯坏了", "password": "hunter-2-hunter"}).content.decode()
    assert "路灯坏了" in page
    assert "hunter-2-hunter" not in page


def test_typed_markup_is_text(client):
    page = client.post("/raise/invalid", {"text": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert(1)" not in page


def test_a_form_without_its_token_is_refused_in_words():
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/form", {"text": "x"}, headers={"accept": "application/json"})
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "request.expired_form"


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "language"),
    [
        ("", "", "", "zh-hans"),
        ("", "", "en-US,en;q=0.9", "en"),
        ("", "", "en-US,en;q=0.9,zh-CN;q=0.8", "zh-hans"),
        ("", "", "fr", "zh-hans"),
        ("", "en", "zh-CN", "en"),
        ("?lang=en", "zh-hans", "zh-CN", "en"),
        ("?lang=zh-hans", "en", "en", "zh-hans"),
        ("?lang=xx", "", "en", "en"),
        ("", "../../etc", "", "zh-hans"),
    ],
)
def test_language(client, query, cookie, accept, language):
    if cookie:
        client.cookies["lang"] = cookie
    response = client.get(f"/said{query}", headers={"accept-language": accept} if accept else None)
    assert response.json()["language"] == language
    assert response["Content-Language"] == language


def test_a_chosen_language_is_kept(client):
    client.get("/said?lang=en")
    assert client.get("/said").json()["language"] == "en"


def test_errors_are_said_in_the_callers_language(client):
    chinese = client.get("/api/v1/raise/gone").json()["error"]["what"]
    english = client.get("/api/v1/raise/gone", headers={"accept-language": "en"}).json()["error"]["what"]
    assert chinese == "没有找到。"
    assert english != chinese


def test_a_stranger_is_a_resident(client):
    assert client.get("/said").json()["actor"] == "resident"


def test_pages_may_not_run_inline_scripts_nor_be_framed(client):
    response = client.get("/said")
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
