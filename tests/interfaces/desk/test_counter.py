"""The counter: somebody's matter by another's hand, with consent; found again by code or phone; a receipt."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.rules import show_code


@pytest.fixture
def said(world):
    return {
        "text": "灶台的煤气味大，想请人看看。",
        "contact_name": "王桂兰",
        "contact_phone": "138 0000 2671",
        "place": world.places["lake"],
        "channel": "counter",
        "consent": "present",
        "_key": "counter-0001",
    }


def test_a_matter_is_registered_with_whose_it_is_by_whom_and_the_consent(desk, world, said):
    client = desk.of("赵兰")
    response = client.post("/desk/counter", said)
    case = Case.objects.get()
    assert response.headers["Location"] == f"/desk/cases/{case.id}/receipt"
    assert (case.on_behalf, case.channel, case.reporter_id) == (True, "counter", world.people["赵兰"])
    page = client.get(f"/desk/cases/{case.id}").content.decode()
    assert "代办" in page
    assert "本人同意已记录" in page
    receipt = client.get(f"/desk/cases/{case.id}/receipt").content.decode()
    assert show_code(case.code) in receipt
    assert "13800002671" not in receipt
    assert "<svg" in receipt


@pytest.mark.parametrize("consent", ["", "maybe"])
def test_without_consent_nothing_is_registered_and_nothing_typed_is_lost(desk, said, consent):
    response = desk.of("赵兰").post("/desk/counter", said | {"consent": consent})
    html = response.content.decode()
    assert response.status_code == 422
    assert "没有同意不能代为登记" in html
    assert said["text"] in html
    assert not Case.objects.exists()


def test_one_line_is_enough(desk, world):
    """M117: a walk-in by another's hand: a sentence, the place is known, the consent is one tap."""
    response = desk.of("赵兰").post(
        "/desk/counter", {"text": "停车老被罚，想问问政策。", "place": world.places["lake"], "consent": "present"}
    )
    assert response.status_code == 302
    assert Case.objects.get().channel == "counter"


def test_the_same_form_twice_registers_once_and_other_words_under_its_key_are_refused(desk, said):
    client = desk.of("赵兰")
    first, again = client.post("/desk/counter", said), client.post("/desk/counter", said)
    assert first.headers["Location"] == again.headers["Location"]
    assert Case.objects.count() == 1
    other = client.post("/desk/counter", said | {"text": "另一件事"})
    assert other.status_code == 409
    assert "另一件事" in other.content.decode()


def test_another_towns_matter_is_not_this_counters_to_register(desk, world, said):
    response = desk.of("赵兰").post("/desk/counter", said | {"place": world.places["hill"]})
    assert response.status_code == 403
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("contact_phone", "12"),
        ("text", ""),
        ("text", "字" * 2001),
        ("place", "99999999"),
        ("place", "x"),
        ("text", "改\u202e向"),
    ],
)
def test_wrong_answers_are_marked_where_they_stand(desk, said, field, wrong):
    response = desk.of("赵兰").post("/desk/counter", said | {field: wrong})
    assert response.status_code == 422
    assert "is-wrong" in response.content.decode()
    assert not Case.objects.exists()


def test_found_by_code_however_it_is_written_and_by_phone(desk, world, said):
    client = desk.of("赵兰")
    client.post("/desk/counter", said)
    case = Case.objects.get()
    for written in (case.code, case.code.lower(), show_code(case.code), "13800002671", "+86 138-0000-2671"):
        assert "灶台的煤气味大" in client.get("/desk/counter", {"find": written}).content.decode(), written


def test_what_this_counter_may_not_see_is_not_found_by_phone(desk, world, said):
    desk.of("赵兰").post("/desk/counter", said)
    html = desk.of("钱立").get("/desk/counter", {"find": "13800002671"}).content.decode()
    assert "灶台" not in html
    for nothing in ("13911112222", "AAAAA-AAAAA", "'; drop table"):
        assert (
            "没有查到" in (page := desk.of("赵兰").get("/desk/counter", {"find": nothing}).content.decode())
            or "不像电话" in page
        )
