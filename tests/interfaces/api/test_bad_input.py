"""Bad input at the public doors: a clear refusal with a stable code in the caller's language, nothing half-written."""

from __future__ import annotations

import json

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.foundation import events
from gezhi.foundation.events.models import Event, Private
from gezhi.foundation.jobs.models import Job

pytestmark = pytest.mark.django_db
TEXT = "迎秀社区 3 号楼前的路灯三天不亮了"
NUL, ESC, BIDI, HALF = "a\x00b", "a\x1bb", "a\u202egnp.exe", "\ud83c"


def rows() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Case, Event, Private, Job))


def refused(world, body, status: int, code: str, field: str | None = None, **more) -> dict:
    """The request is refused in both languages with the same code, and writes nothing."""
    before = rows()
    answers = [world.post("/requests", body, lang=lang, **more) for lang in ("zh-Hans", "en")]
    for answer in answers:
        assert answer.status_code == status, answer.content
        error = answer.json()["error"]
        assert error["code"] == code, error
        assert error["what"] and error["why"] and error["next"]
        if field is not None:
            assert error["fields"].get(field), error
    assert rows() == before
    return answers[0].json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"12",
        b"{'text': 'x'}",
        b'{"text": "x",}',
        b'{"text": NaN}',
        b'{"lat": Infinity, "text": "x"}',
        b"\xff\xfe\x00",
        '{"text": "路灯"}'.encode("gb18030"),
        b'{"text": "\\ud83c"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"--x\r\nContent-Disposition: form-data",
        b"text=abc",
    ],
    ids=range(16),
)
def test_malformed_json(world, body):
    refused(world, body, 400, "request.malformed")
    assert not Case.objects.exists()


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "image/jpeg"])
def test_other_media_types(world, kind):
    refused(world, b"text=abc", 415, "request.media_type", content_type=kind)
    assert not Case.objects.exists()


def test_a_broken_multipart_body(world):
    for kind in ("multipart/form-data", "multipart/form-data; boundary=\xff", "multipart/form-data; boundary="):
        answer = world.client.generic("POST", "/api/v1/requests", b"--x\r\n\r\n", content_type=kind)
        assert answer.status_code in (400, 422) and answer.json()["error"]["what"]
    assert not Case.objects.exists()


def test_a_body_too_large_is_refused_by_its_length(world):
    refused(world, json.dumps({"text": "长" * 100_000}).encode(), 413, "request.too_large")
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "request.fields"),
        ("", "request.fields"),
        ("   \n\t ", "invalid"),
        ("\u200b\u200b\ufeff", "invalid"),
        ("字" * 5001, "invalid"),
        ("字" * 30_000, "invalid"),
        (NUL, "invalid"),
        (ESC, "invalid"),
        (BIDI, "invalid"),
        ("Z" + "\u0301" * 40, "invalid"),
        (["text"], "request.fields"),
        ({"a": 1}, "request.fields"),
        (True, "request.fields"),
        (5, "request.fields"),
    ],
    ids=[
        "null",
        "empty",
        "blank",
        "zero-width",
        "5001",
        "30000",
        "nul",
        "escape",
        "bidi",
        "zalgo",
        "list",
        "map",
        "true",
        "number",
    ],
)
def test_empty_endless_and_hidden_text(world, text, code):
    refused(world, {"text": text}, 422, code, "text")
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "路灯不亮🌃👨‍👩‍👧",
        "字" * 5000,
        "a",
        "line\r\nline",
        "e\u0301",
        "مرحبا",
        "'; DROP TABLE workflows_case; --",
        "<script>alert(1)</script>",
        "{{7*7}}${7*7}%s%n",
        "\\u0000",
    ],
)
def test_unusual_text_is_kept_as_it_was_said(world, text):
    made = world.post("/requests", {"text": text, "place": "迎秀社区"})
    assert made.status_code == 201, made.content
    case = world.get(f"/cases/{made.json()['id']}", by="secretary").json()
    assert case["text"] == text.replace("\r\n", "\n").replace("e\u0301", "é")


@pytest.mark.parametrize(
    ("point", "code"),
    [
        ({"lat": 112.1, "lon": 34.2}, "place.swapped"),
        ({"lat": 40.0, "lon": 116.4}, "place.outside"),
        ({"lat": 0, "lon": 0}, "place.outside"),
        ({"lat": 91, "lon": 181}, "place.coordinates"),
        ({"lat": 34.2}, "place.half_point"),
        ({"lon": 112.1}, "place.half_point"),
        ({"lat": "north", "lon": 112.1}, "request.fields"),
        ({"lat": "34,2", "lon": 112.1}, "request.fields"),
        ({"lat": [34.2], "lon": 112.1}, "request.fields"),
        ({"lat": True, "lon": 112.1}, "request.fields"),
        ({"lat": 1e308, "lon": 1e308}, "request.fields"),
        ({"lat": "１２", "lon": 112.1}, "request.fields"),
        ({"lat": "1e5", "lon": 112.1}, "request.fields"),
    ],
)
def test_coordinates_outside_swapped_and_senseless(world, point, code):
    refused(world, {"text": TEXT, **point}, 422, code)
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("没有这个村", "place.unknown_word"),
        ("999999", "place.unknown_word"),
        ("9" * 18, "place.unknown_word"),
        ("-1", "place.unknown_word"),
        ("0", "place.unknown_word"),
        ("٣", "place.unknown_word"),
        ("1' OR '1'='1", "place.unknown_word"),
        ("<script>", "place.unknown_word"),
        ("a" * 16, "place.unknown_word"),
        (NUL, "invalid"),
        ("村" * 200, "invalid"),
        ({"id": 1}, "request.fields"),
        (1.5, "request.fields"),
    ],
)
def test_unknown_places_and_forged_tokens(world, place, code):
    refused(world, {"text": TEXT, "place": place}, 422, code, "place")
    assert not Case.objects.exists()


def test_a_closed_place(world):
    error = refused(world, {"text": TEXT, "place": str(world.place["旧庄村委会"])}, 422, "place.closed_now", "place")
    assert str(world.place["旧庄村委会"]) in error["what"]


@pytest.mark.parametrize("phone", ["123", "1380013800a", "abc", "+86 1", "0" * 40, NUL, "' OR 1=1"])
def test_wrong_phones(world, phone):
    refused(world, {"text": TEXT, "contact_phone": phone}, 422, "invalid", "contact_phone")
    assert not Case.objects.exists()


@pytest.mark.parametrize("name", ["名" * 41, BIDI, ESC])
def test_wrong_names(world, name):
    refused(world, {"text": TEXT, "contact_name": name}, 422, "invalid", "contact_name")
    assert not Case.objects.exists()


def test_every_wrong_field_is_named_at_once(world):
    error = refused(world, {"text": "", "lat": "x", "colour": 1, "photos": ["a"]}, 422, "request.fields")
    assert set(error["fields"]) == {"text", "lat", "colour", "photos"}


def test_sql_and_script_in_every_field(world):
    nasty = "x'); DROP TABLE workflows_case; --<script>alert(1)</script>"
    for field in ("place", "category", "contact_phone", "lat"):
        answer = world.post("/requests", {"text": TEXT, field: nasty})
        assert answer.status_code == 422 and answer["Content-Type"].startswith("application/json")
    made = world.post("/requests", {"text": nasty, "contact_name": nasty[:40], "place": "迎秀社区"}, key="x');--")
    assert made.status_code == 201 and Case.objects.count() == 1


# --- codes, methods, addresses -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "code", ["1", "NOPE", "2222222222", "' OR 1=1 --", "%00", "ＡＢＣ", "a" * 500, "<script>", "..%2f..%2fetc", "🌃"]
)
def test_forged_codes(world, code):
    for path, method in ((f"/requests/{code}", "get"), (f"/requests/{code}/rating", "post")):
        answer = world.get(path) if method == "get" else world.post(path, {"solved": "yes"})
        assert answer.status_code == 404, answer.content
        assert answer.json()["error"]["code"] in ("case.code_unknown", "not_found")


def test_codes_forgive_case_spaces_and_dashes(world):
    code = world.raise_matter()["code"]
    for typed in (code.lower(), f"{code[:5]}-{code[5:]}", f" {code[:5]} {code[5:]} "):
        assert world.get(f"/requests/{typed}").json()["code"] == code


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        ("rating", {}, 422, "request.fields", "solved"),
        ("rating", {"solved": "maybe"}, 422, "request.fields", "solved"),
        ("rating", {"solved": ["yes"]}, 422, "request.fields", "solved"),
        ("rating", {"solved": "yes", "stars": 5}, 422, "request.fields", "stars"),
        ("rating", {"solved": "yes", "why": "x"}, 422, "request.fields", "why"),
        ("rating", {"solved": "yes", "rating": "11"}, 422, "invalid", "rating"),
        ("rating", {"solved": "no"}, 422, "invalid", "why"),
        ("rating", {"solved": "no", "why": "字" * 501}, 422, "invalid", "why"),
        ("rating", {"solved": "no", "why": BIDI}, 422, "invalid", "why"),
        ("rating", b"{", 400, "request.malformed", None),
        ("reopen", {}, 422, "invalid", "why"),
        ("reopen", {"why": " "}, 422, "invalid", "why"),
        ("reopen", {"reason": "x"}, 422, "request.fields", "reason"),
    ],
)
def test_wrong_words_at_the_end(world, path, body, status, code, field):
    made = world.raise_matter()
    world.act("secretary", made["id"], "settle", {"result": "换了灯泡"})
    before = rows()
    answer = world.post(f"/requests/{made['code']}/{path}", body)
    assert answer.status_code == status, answer.content
    error = answer.json()["error"]
    assert error["code"] == code and (field is None or field in error["fields"]), error
    assert rows() == before


def test_rating_before_the_work_is_done_and_reopening_what_is_open(world):
    code = world.raise_matter()["code"]
    for path, body in (("rating", {"solved": "yes"}), ("reopen", {"why": "还不亮"})):
        answer = world.post(f"/requests/{code}/{path}", body)
        assert answer.status_code == 422 and answer.json()["error"]["code"] == "case.no_action"


def test_not_solved_starts_the_work_again_and_twice_is_once(world):
    made = world.raise_matter()
    world.act("secretary", made["id"], "settle", {"result": "换了灯泡"})
    body = {"solved": "no", "why": "晚上还是不亮", "rating": "no"}
    first = world.post(f"/requests/{made['code']}/rating", body, key="r")
    again = world.post(f"/requests/{made['code']}/rating", body, key="r")
    assert first.status_code == again.status_code == 200
    assert first.json()["status"] == "received" and Case.objects.get(pk=made["id"]).reopenings == 1


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/requests", 405, "request.method"),
        ("PUT", "/api/v1/requests", 405, "request.method"),
        ("DELETE", "/api/v1/requests/ABC", 405, "request.method"),
        ("PATCH", "/api/v1/cases", 405, "request.method"),
        ("GET", "/api/v1/session", 405, "request.method"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("POST", "/api/v1/", 404, "not_found"),
        ("GET", "/api/v1/requests/", 404, None),
        ("GET", "/api/v2/requests", 404, "not_found"),
        ("GET", "/api/v1/docs", 404, "not_found"),
    ],
)
@pytest.mark.parametrize("lang", ["zh-Hans", "en"])
def test_wrong_methods_and_addresses_speak_the_same_shape(world, method, path, status, code, lang):
    answer = world.client.generic(method, path, headers={"Accept-Language": lang})
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"code", "what", "why", "next", "fields"} and code in (None, error["code"])
    assert answer["Content-Language"] == ("en" if lang == "en" else "zh-hans")
    if status == 405:
        assert answer["Allow"]


def test_errors_are_never_cached_and_carry_the_request_s_number(world):
    answer = world.get("/requests/NOPE")
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["request_id"] == answer["X-Request-ID"]


@pytest.mark.parametrize(
    ("query", "field"), [("kind=planet", "kind"), ("kind=building", "kind"), ("within=没有这里", "place")]
)
def test_wrong_place_lists(world, query, field):
    answer = world.get(f"/places?{query}")
    assert answer.status_code == 422 and field in answer.json()["error"]["fields"]


def test_the_log_keeps_no_personal_word(world, caplog):
    with caplog.at_level("DEBUG"):
        world.post("/requests", {"text": TEXT, "contact_phone": "123456"})
        made = world.raise_matter(contact_name="欧阳小明", contact_phone="13800138000")
    said = caplog.text
    assert "13800138000" not in said and "欧阳小明" not in said and TEXT not in said
    stored = json.dumps([e.patch for e in events.history(f"case:{made['id']}")], ensure_ascii=False)
    assert "路灯" not in stored
