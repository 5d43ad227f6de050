"""Kept encrypted, served to those who may, gone when discarded."""

from __future__ import annotations

import io
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from gezhi.foundation import db, errors, events, files, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.files import refusals, uploads
from gezhi.foundation.files.models import StoredFile
from tests.foundation.files import pictures

pytestmark = pytest.mark.django_db(transaction=True)
RESIDENT = people.resident("")


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.GEZHI_HOME = tmp_path / "home"
    return settings.GEZHI_HOME


def on_disk(home: Path) -> list[Path]:
    return sorted(p for p in (home / "files").rglob("*") if p.is_file() and p.name != ".now")


def keep(stream: str = "case:5") -> StoredFile:
    return files.keep(io.BytesIO(pictures.jpeg()), stream=stream, actor=RESIDENT)


def nobody(stored: StoredFile) -> None:
    raise errors.NotAllowed()


def everybody(stored: StoredFile) -> None:
    assert stored.stream


def test_nothing_readable_lies_on_the_disk(home):
    stored = keep()
    paths = on_disk(home)
    assert len(paths) == 2
    for path in paths:
        data = path.read_bytes()
        assert re.fullmatch(r"[0-9a-f]{13}\.(full|thumb)", path.name)
        assert path.stat().st_mode & 0o077 == 0
        for mark in (b"JFIF", b"\xff\xd8\xff", pictures.SECRET, b"Exif", b"GPS"):
            assert mark not in data
    assert files.open(stored.id)[:3] == files.open(stored.id, "thumb")[:3] == b"\xff\xd8\xff"
    assert pictures.SECRET not in files.open(stored.id)


def test_a_swapped_file_is_noticed(home):
    first, second = keep(), keep()
    one, two = (next(p for p in on_disk(home) if p.name == f"{s.id:013x}.full") for s in (first, second))
    one.replace(two)
    with pytest.raises(errors.Refusal) as caught:
        files.open(second.id)
    assert caught.value.code == "secret.altered"


def test_serving_asks_every_time_and_stays_private():
    stored = keep()
    answer = files.serve(stored.id, everybody)
    assert answer["Content-Type"] == "image/jpeg" and answer.content[:3] == b"\xff\xd8\xff"
    assert answer["Cache-Control"].startswith("private")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert len(files.serve(stored.id, everybody, "thumb").content) < len(answer.content)
    with pytest.raises(errors.NotAllowed):
        files.serve(stored.id, nobody)


@pytest.mark.parametrize("id", [0, 1, -5, 1 << 52, 1 << 70])
def test_forged_numbers_open_nothing(id):
    keep()
    with pytest.raises(refusals.NoSuchFile):
        files.serve(id, everybody)
    with pytest.raises(refusals.NoSuchFile):
        files.open(id)
    with pytest.raises(refusals.NoSuchFile):
        files.open(keep().id, "../full")


def test_discarding_leaves_no_byte(home):
    keep("case:5"), keep("case:5")
    other = keep("case:6")
    assert files.discard("case:5") == 2
    assert [p.name.split(".")[0] for p in on_disk(home)] == [f"{other.id:013x}"] * 2
    assert files.discard("case:5") == files.discard("") == 0


def test_a_rolled_back_discard_keeps_the_photo(home):
    stored = keep()
    with pytest.raises(KeyError), db.write():
        files.discard("case:5")
        raise KeyError
    assert files.open(stored.id)


@pytest.mark.parametrize(("names", "left"), [(None, 0), (["text"], 0), (["contact"], 2)])
def test_photos_go_with_the_words_and_stay_when_a_contact_goes(home, names, left):
    with db.write():
        refs = events.keep("case:5", {"text": "路灯不亮", "contact": "秦一"})
        events.record(
            "case:5", "case.opened", actor=people.system("test"), head=events.GENESIS,
            patch={name: ref.as_json() for name, ref in refs.items()},
        )  # fmt: skip
    keep("case:5")
    events.erase("case:5", names, actor=people.system("test"), ground="本人要求")
    assert len(on_disk(home)) == left and StoredFile.objects.count() == left // 2


def test_staged_photos_are_bound_once():
    stored = files.stage(io.BytesIO(pictures.jpeg()), actor=RESIDENT)
    assert files.attach([stored.id], stream="case:1") == 1
    assert files.attach([stored.id], stream="case:2") == 0, "somebody else's case cannot pull it over"
    assert [f.id for f in files.of("case:1")] == [stored.id]
    assert files.of("case:2") == []


def test_the_same_photo_under_the_same_key_is_kept_once(home):
    made = pictures.jpeg()
    first = files.stage(io.BytesIO(made), actor=RESIDENT, key="k1")
    again = files.stage(io.BytesIO(made), actor=RESIDENT, key="k1")
    other = files.stage(io.BytesIO(made), actor=RESIDENT, key="k2")
    assert first.id == again.id != other.id
    assert len(on_disk(home)) == 4


def test_sweeping_removes_what_nobody_sent_and_what_lost_its_row(home):
    bound = keep()
    files.stage(io.BytesIO(pictures.jpeg()), actor=RESIDENT)
    orphan = home / "files" / "ab" / "ab00000000000.full"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"x")
    fresh = home / "files" / "ab" / "ab11111111111.full.part"
    fresh.write_bytes(b"x")
    os.utime(orphan, (1_600_000_000, 1_600_000_000))
    assert files.sweep() == 1, "the staged photo is young, the orphan is old"
    with time_machine.travel(clock.now() + timedelta(hours=25), tick=False):
        assert files.sweep() == 1
    assert fresh.exists() and files.open(bound.id)
    assert len(on_disk(home)) == 3


def multipart(size: int, name: str = "photos") -> tuple[bytes, str]:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a.jpg"\r\n\r\n'.encode()
    return head + b"\xff" * size + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


def test_a_large_file_stops_the_request_while_it_arrives():
    body, kind = multipart(files.MAX_BYTES + 1)
    request = RequestFactory().post("/x", data=body, content_type=kind)
    request.upload_handlers = [uploads.PhotoUploads(request)]
    with pytest.raises(refusals.TooLargePhoto):
        request.FILES.get("photos")


def test_a_huge_request_is_refused_by_its_length():
    request = RequestFactory().post("/x", data=b"x", content_type="multipart/form-data; boundary=x")
    request.META["CONTENT_LENGTH"] = str(uploads.MAX_REQUEST + 1)
    with pytest.raises(refusals.TooLargeRequest):
        uploads.check_length(request)
    request.upload_handlers = [uploads.PhotoUploads(request)]
    with pytest.raises(refusals.TooLargeRequest):
        request.FILES.get("photos")


def test_uploads_never_touch_the_disk_in_the_clear():
    request = RequestFactory().post(
        "/x", {"photos": SimpleUploadedFile("a.jpg", pictures.jpeg(3000, 3000, quality=100)), "text": "路灯"}
    )
    request.upload_handlers = [uploads.PhotoUploads(request)]
    upload = request.FILES["photos"]
    assert isinstance(upload.file, io.BytesIO) and not hasattr(upload, "temporary_file_path")
    assert request.POST["text"] == "路灯"
