"""Raising a matter: keys that make it once, words for places, photos, and what it costs."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from gezhi.engines.workflows.models import Case
from gezhi.foundation import db, events, files, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.files.models import StoredFile
from gezhi.foundation.places.models import Place
from gezhi.interfaces.api import public
from tests.foundation.files import pictures
from tests.interfaces.api.world import SETUP

pytestmark = pytest.mark.django_db
TEXT = "迎秀社区 3 号楼前的路灯三天不亮了"


def test_the_same_key_makes_one_matter(world):
    body = {"text": TEXT, "place": "990101100001", "contact_phone": "13800138000"}
    first = world.post("/requests", body, key="k-1")
    again = world.post("/requests", body, key="k-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert Case.objects.count() == 1


def test_the_first_answer_is_given_again_however_far_the_matter_is(world):
    body = {"text": TEXT, "place": str(world.place["第 1 网格"])}
    first = world.post("/requests", body, key="k-1")
    id = first.json()["id"]
    world.act("secretary", id, "dispatch", {"sort": "big", "unit": world.seat["department"], "urgent": True})
    with db.write():
        Case.objects.filter(pk=id).update(due_at=clock.now() + timedelta(days=30))
    again = world.post("/requests", body, key="k-1")
    assert again.status_code == 200 and again.content == first.content


@pytest.mark.parametrize(
    "other", [{"text": TEXT + "。"}, {"place": "990101100200"}, {"contact_name": "秦二"}, {"lat": 34.2, "lon": 112.1}]
)
def test_the_same_key_with_another_body_is_refused(world, other):
    body = {"text": TEXT, "place": "990101100001"}
    world.post("/requests", body, key="k-1")
    answer = world.post("/requests", {**body, **other}, key="k-1")
    assert answer.status_code == 409 and answer.json()["error"]["code"] == "case.key_reused"
    assert Case.objects.count() == 1


def test_without_a_key_two_posts_are_two_matters(world):
    assert world.raise_matter()["id"] != world.raise_matter()["id"]


@pytest.mark.parametrize("key", ["", "中文", "a b", "a" * 201, "\x7f", "a\tb"])
def test_malformed_keys_are_refused_and_nothing_is_made(world, key):
    answer = world.client.post(
        "/api/v1/requests", data=b'{"text": "x"}', content_type="application/json", HTTP_IDEMPOTENCY_KEY=key
    )
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "key.malformed"
    assert not Case.objects.exists()


@pytest.mark.parametrize("key", ["a", "a" * 200, "!~", "0b6d1f0e-6a3f-4a4e-9a54-3f1f9f0b6a11"])
def test_keys_up_to_200_visible_characters_are_good(world, key):
    assert world.post("/requests", {"text": TEXT}, key=key).status_code == 201


def test_every_way_to_name_a_place(world):
    village = world.place["迎秀社区居委会"]
    for word, place_id in [
        (str(village), village),
        ("990101100001", village),
        ("迎秀社区居委会", village),
        ("迎秀社区", village),
        (world.qr, world.place["3 号楼"]),
        ("柳林镇", world.place["柳林镇"]),
        (None, world.place["清河县"]),
    ]:
        made = world.post("/requests", {"text": TEXT, "place": word})
        assert made.status_code == 201, (word, made.content)
        assert Case.objects.get(pk=made.json()["id"]).place_id == place_id, word


def test_a_point_finds_its_grid_and_makes_a_word_finer(world):
    grid = world.place["第 1 网格"]
    for body in ({}, {"place": "迎秀社区"}):
        made = world.post("/requests", {"text": TEXT, "lat": 34.2, "lon": "112.1", **body})
        case = Case.objects.get(pk=made.json()["id"])
        assert (case.place_id, case.grid_id, case.lat, case.lon) == (grid, grid, 34.2, 112.1)
    elsewhere = world.post("/requests", {"text": TEXT, "lat": 34.2, "lon": 112.1, "place": "马桥村"})
    assert Case.objects.get(pk=elsewhere.json()["id"]).village_id == world.place["马桥村委会"]


def test_names_that_two_places_bear_are_asked_about(world):
    places.open_place("village", "马桥村委会", actor=SETUP, parent=world.place["柳林镇"])
    answer = world.post("/requests", {"text": TEXT, "place": "马桥村"})
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "place.ambiguous"


def test_a_category_by_code_and_by_name(world):
    some = next(iter(world.get("/categories").json()["items"]))
    for word in (some["code"], some["name"]):
        made = world.post("/requests", {"text": TEXT, "category": word})
        assert Case.objects.get(pk=made.json()["id"]).category == some["code"]


def test_an_unknown_category_gets_the_nearest(world):
    name = next(c["name"].rsplit("/", 1)[1] for c in world.get("/categories?q=路灯").json()["items"])
    error = world.post("/requests", {"text": TEXT, "category": name + "吗"}).json()["error"]
    assert error["code"] == "category.unknown" and name in error["next"] and "category" in error["fields"]


def test_contact_is_kept_encrypted_and_shown_masked(world):
    made = world.raise_matter(contact_name="欧阳小明", contact_phone="138 0013 8000")
    assert "13800138000" not in world.get(f"/requests/{made['code']}").content.decode()
    case = world.get(f"/cases/{made['id']}", by="secretary")
    assert "8000" not in case.json()["contact"]["phone"].removesuffix("8000") and "小明" not in case.content.decode()
    stored = json.dumps([e.patch for e in events.history(f"case:{made['id']}")], ensure_ascii=False)
    assert "13800138000" not in stored and "欧阳" not in stored and TEXT not in stored


def photo(**more) -> SimpleUploadedFile:
    return SimpleUploadedFile("路灯.jpg", pictures.jpeg(**more), content_type="text/plain")


def multipart(world, photos, key="", **fields):
    headers = {"Idempotency-Key": key} if key else {}
    return world.client.post("/api/v1/requests", {"text": TEXT, **fields, "photos": photos}, headers=headers)


def test_photos_come_along_without_their_metadata(world):
    made = multipart(world, [photo(), photo(orientation=6)], place="990101100001", contact_phone="13800138000")
    assert made.status_code == 201, made.content
    kept = files.of(f"case:{made.json()['id']}")
    assert len(kept) == 2
    for stored in kept:
        data = files.open(stored.id)
        assert pictures.SECRET not in data and b"Exif" not in data
    case = world.get(f"/cases/{made.json()['id']}", by="secretary").json()
    assert sorted(case["timeline"][0]["photos"]) == sorted(s.id for s in kept)
    seen = world.get(f"/photos/{kept[0].id}?size=thumb", by="secretary")
    assert seen.status_code == 200 and Image.open(io.BytesIO(seen.content)).size <= (320, 320)
    assert world.get(f"/photos/{kept[0].id}", by="neighbour").status_code == 404
    assert world.get(f"/photos/{kept[0].id}").status_code == 401


def test_a_key_covers_the_photos_too(world):
    first = multipart(world, [photo()], key="k-1")
    again = multipart(world, [photo()], key="k-1")
    other = multipart(world, [photo(orientation=3)], key="k-1")
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.content == again.content
    assert StoredFile.objects.filter(stream=f"case:{first.json()['id']}").count() == 1


@pytest.mark.parametrize(
    ("name", "made", "status", "code"),
    [
        ("photos", pictures.heic(), 422, "file.heic"),
        ("photos", pictures.gif(), 422, "file.gif"),
        ("photos", b"<svg/>", 422, "file.not_a_photo"),
        ("photos", b"", 422, "file.not_a_photo"),
        ("photos", pictures.bomb(), 422, "file.too_many_pixels"),
        ("photos", pictures.jpeg()[:500], 422, "file.broken"),
        ("photos", b"\xff\xd8\xff" + b"\x00" * (20 * 1024 * 1024), 413, "file.too_large"),
        ("video", pictures.jpeg(), 422, "request.fields"),
    ],
    ids=["heic", "gif", "fake", "empty", "bomb", "cut", "20 MB", "another field"],
)
def test_wrong_photos_are_refused_and_nothing_is_left(world, name, made, status, code):
    before = StoredFile.objects.count()
    upload = SimpleUploadedFile("a.jpg", made, content_type="image/jpeg")
    answer = world.client.post("/api/v1/requests", {"text": TEXT, name: upload})
    assert answer.status_code == status, answer.content
    assert answer.json()["error"]["code"] == code
    assert not Case.objects.exists() and StoredFile.objects.count() == before


def test_too_many_photos(world):
    answer = multipart(world, [photo(width=9, height=9) for _ in range(files.MAX_PHOTOS + 1)])
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "file.too_many"


def test_raising_costs_eight_queries_at_most(world):
    world.raise_matter()
    with db.count_queries() as counted:
        world.raise_matter(contact_name="秦一", contact_phone="13800138000")
    assert counted.total <= 8, counted.statements


def test_what_must_not_wait_is_said_with_a_truth(world):
    made = world.post("/requests", {"text": "水管爆了", "place": "990101100001", "urgent": True}, key="u-1")
    assert made.status_code == 201 and Case.objects.get().urgent
    plain = world.post("/requests", {"text": "水管爆了", "place": "990101100001", "urgent": False}, key="u-2")
    assert plain.status_code == 201 and Case.objects.filter(urgent=True).count() == 1
    for wrong in ("yes", 1, [True]):
        answer = world.post("/requests", {"text": "水管爆了", "urgent": wrong}, key="u-3")
        assert answer.status_code == 422 and "urgent" in answer.json()["error"]["fields"]


@pytest.fixture
def elsewhere(world):
    """What another process does: our own has read the numbers and the places before it and is told nothing."""

    def act(change):
        places.directory()
        before = revisions.current()
        with db.write():
            change()
            revisions.bump("places")
        revisions._last = before

    return act


def test_a_place_closed_by_another_process_takes_nothing_and_one_opened_again_does(world, elsewhere):
    grid = world.place["第 1 网格"]
    raised = {"text": TEXT, "place": str(grid)}
    elsewhere(lambda: Place.objects.filter(pk=grid).update(closed_on=clock.today()))
    answer = world.post("/requests", raised, key="k-closed")
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "place.closed_now"
    assert Case.objects.count() == 0
    elsewhere(lambda: Place.objects.filter(pk=grid).update(closed_on=None))
    assert world.post("/requests", raised, key="k-open").status_code == 201
    assert Case.objects.count() == 1


def test_what_another_process_changed_between_is_decided_on(world, elsewhere, monkeypatch):
    """Places unchanged, numbers moved: the first try finds it inside the lock and leaves nothing behind."""

    elsewhere(lambda: None)
    tries = []
    first = public._raised
    monkeypatch.setattr(public, "_raised", lambda *given: tries.append(revisions.assumed()) or first(*given))
    answer = world.post("/requests", {"text": TEXT, "place": str(world.place["第 1 网格"])}, key="k-moved")
    assert answer.status_code == 201 and tries == [True, False] and Case.objects.count() == 1
