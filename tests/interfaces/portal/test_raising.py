"""Raising a matter: one sentence becomes exactly one case, and nothing typed is lost when it does not."""

from __future__ import annotations

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.engines.workflows import rules, views
from gezhi.engines.workflows.models import Case
from gezhi.foundation import db, files, places
from gezhi.foundation.db import count_queries
from gezhi.interfaces.api import limits
from tests.foundation.files.pictures import SECRET, jpeg
from tests.interfaces.portal.conftest import SCRIPT

SENTENCE = "三楼楼道灯坏了一周，晚上看不清。"


def photo(name: str = "a.jpg", data: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data or jpeg(), "image/jpeg")


def test_a_sentence_becomes_a_case_and_the_receipt_shows_code_and_promise(resident, only_case):
    answer = resident.raises()
    case = only_case()
    assert answer.status_code == 303
    assert answer["Location"] == f"/r/{rules.show_code(case.code)}/receipt"
    page = resident.client.get(answer["Location"]).content.decode()
    assert rules.show_code(case.code) in page
    assert SENTENCE in page
    assert case.village_id == resident.world.places["lake"]
    assert case.channel == "portal"
    assert case.owner_seat == resident.world.seats["secretary"]


def test_the_door_plate_brings_its_place_and_channel(resident, only_case):
    url = resident.plate()
    page = resident.client.get(url).content.decode()
    assert "7 号楼" in page
    assert "湖滨社区" in page
    assert "交给湖滨社区办" in page
    resident.raises(url=url, place=resident.world.places["block7"])
    assert (only_case().channel, only_case().place_id) == ("scan", resident.world.places["block7"])


def test_an_unknown_plate_says_what_to_do(resident):
    answer = resident.client.get("/b/nosuchplate")
    assert answer.status_code == 404
    assert "没有这块门牌" in answer.content.decode()


def test_two_taps_and_a_repeated_sending_create_once(resident, only_case):
    first, second = resident.raises(), resident.raises()
    assert first["Location"] == second["Location"]
    assert only_case()


def test_the_same_key_for_other_words_is_a_conflict_and_gives_the_words_back(resident, only_case):
    resident.raises()
    answer = resident.raises(text="另一件事：井盖响。")
    assert answer.status_code == 409
    assert "另一件事：井盖响。" in answer.content.decode()
    assert only_case()


def test_each_shown_form_has_its_own_key(resident):
    assert resident.key("/") != resident.key("/")


def test_the_script_is_told_the_address_in_json(resident):
    answer = resident.client.post("/", resident.form(), headers=SCRIPT)
    assert answer.status_code == 200
    assert answer.json()["url"].startswith("/r/")
    assert rules.tidy_code(answer.json()["code"])


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "   \n "}, "text"),
        ({"text": "很" * 2001}, "text"),
        ({"text": "改变方向\u202e的字"}, "text"),
        ({"text": "控制\x07字符"}, "text"),
        ({"place": ""}, "place"),
        ({"place": "999999999"}, "place"),
        ({"place": "湖滨"}, "place"),
        ({"place": "１２"}, "place"),
        ({"contact": "phone", "contact_phone": "12ab"}, "contact_phone"),
        ({"category": "没有这个"}, "category"),
    ],
)
def test_bad_input_is_refused_at_its_field_and_nothing_is_half_written(resident, more, field):
    sent = resident.form(**more)
    answer = resident.client.post("/", sent, headers=SCRIPT)
    assert answer.status_code == 422
    assert field in answer.json()["error"]["fields"]
    assert Case.objects.count() == 0
    page = resident.client.post("/", sent)
    assert page.status_code == 422
    assert "还差一点" in page.content.decode() or field == "category"


def test_what_was_typed_comes_back_with_the_same_key(resident):
    page = resident.raises(place="").content.decode()
    assert SENTENCE in page
    assert 'value="key-0001"' in page


def test_script_in_a_sentence_is_only_text(resident, only_case):
    resident.raises(text="<script>alert(1)</script>'; DROP TABLE workflows_case;--")
    page = resident.client.get(f"/r/{only_case().code}").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_emoji_stay(resident, only_case):
    resident.raises(text="灯坏了😀")
    assert views.public_view(only_case().code).words.text == "灯坏了😀"


def test_without_a_name_nothing_personal_is_kept(resident, only_case):
    resident.raises(contact="none", contact_phone="13800000000", contact_name="王某")
    assert only_case().contact_ref is None
    assert only_case().contact_hash is None


def test_a_phone_is_shown_masked_only(resident, only_case):
    resident.raises(contact="phone", contact_phone="138 0000 0000", contact_name="王某兰")
    page = resident.client.get(f"/r/{only_case().code}").content.decode()
    assert "138****0000" in page
    assert "13800000000" not in page
    assert "王某兰" not in page


def test_photos_are_cleaned_and_kept_with_the_case_once(resident, only_case):
    large, small = jpeg(), jpeg(300, 300)
    for _sending in range(2):
        resident.raises(photos=[photo("a.jpg", large), photo("b.jpg", small)])
    case = only_case()
    kept = files.of(f"case:{case.id}")
    assert len(kept) == 2
    answer = resident.client.get(f"/r/{case.code}/photo/{kept[0].id}")
    assert answer["Content-Type"] == "image/jpeg"
    assert SECRET not in answer.content


@pytest.mark.parametrize(
    ("upload", "status"),
    [
        (lambda: photo("x.jpg", b"<html>not a photo</html>" * 50), 422),
        (lambda: photo("big.jpg", jpeg() + b"\0" * (21 * 1024 * 1024)), 413),
    ],
    ids=["fake type", "over 20 MB"],
)
def test_a_bad_photo_is_refused_politely_and_the_words_come_back(resident, upload, status):
    answer = resident.raises(photos=[upload()])
    assert answer.status_code == status
    assert Case.objects.count() == 0


def test_a_photo_of_one_case_is_not_opened_by_the_code_of_another(resident):
    resident.raises(photos=[photo()])
    mine = Case.objects.get()
    resident.raises(key="key-0002", text="另一件事。")
    other = Case.objects.exclude(pk=mine.pk).get()
    kept = files.of(f"case:{mine.id}")[0]
    assert resident.client.get(f"/r/{other.code}/photo/{kept.id}").status_code == 404
    assert resident.client.get(f"/r/{mine.code}/photo/{kept.id}").status_code == 200


@pytest.mark.parametrize(("lon", "lat"), [("999", "35"), ("nan", "35"), ("-58.4", "-34.6")])
def test_a_point_elsewhere_is_refused_in_words(resident, lon, lat):
    answer = resident.client.post("/where", {"lon": lon, "lat": lat}, headers=SCRIPT)
    assert answer.status_code == 422
    assert answer.json()["error"]["what"]


def test_a_closed_village_takes_nothing(resident):
    from datetime import timedelta

    from gezhi.foundation.calendar import clock
    from tests.foundation.people.county import SETUP

    ridge = resident.world.places["ridge"]
    places.close(ridge, actor=SETUP, on=clock.today() - timedelta(days=1))
    db.revisions.forget()
    answer = resident.client.post("/", resident.form(place=ridge), headers=SCRIPT)
    assert answer.status_code == 422
    assert "place" in answer.json()["error"]["fields"]


def test_too_many_raisings_are_slowed_politely(resident, settings):
    settings.GEZHI_RATE = "2/m"
    limits.buckets.clear()
    answers = [resident.raises(key=f"key-000{n}").status_code for n in range(3)]
    assert answers == [303, 303, 429]
    refused = resident.raises(key="key-0009")
    assert int(refused["Retry-After"]) > 0
    assert SENTENCE in refused.content.decode()


def test_the_promise_under_the_button_is_the_rule_of_the_first_step(resident):
    # Wednesday 10:00 + 4 work hours (8-12, 14-18) = 16:00 the same day.
    assert "今天 16:00 前" in resident.client.get("/").content.decode()


def test_the_page_costs_few_queries_and_raising_a_bounded_number(resident):
    resident.client.get("/")
    with count_queries() as shown:
        resident.client.get(resident.plate())
    with count_queries() as raised:
        resident.raises()
    assert shown.total <= 6, shown.statements
    assert raised.total <= 14, raised.statements


@pytest.mark.parametrize(
    ("at", "urgent", "stage"),
    [
        ("2026-11-21T22:10:00+08:00", "true", "duty"),
        ("2026-11-21T22:10:00+08:00", "", "triage"),
        ("2026-11-20T10:10:00+08:00", "true", "triage"),
    ],
)
def test_what_must_not_wait_goes_at_night_to_whoever_is_on_duty(resident, only_case, at, urgent, stage):
    with time_machine.travel(at, tick=False):
        assert "不能等" in resident.client.get("/").content.decode()
        resident.raises(urgent=urgent)
        case = only_case()
    assert (case.stage, case.urgent) == (stage, bool(urgent))
