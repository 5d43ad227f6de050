"""A photo is shown with its case and with no other."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gezhi.foundation import files, people


@pytest.fixture
def pictured(world):
    """A case with one photo, and another without."""
    case, other = world.open("有照片的。"), world.open("没有照片的。")
    blob = io.BytesIO()
    Image.new("RGB", (40, 30), "#887766").save(blob, "JPEG")
    blob.seek(0)
    blob.name = "lamp.jpg"
    kept = files.keep(blob, stream=f"case:{case.id}", actor=people.resident(case.code))
    return case, other, kept.id


def test_a_photo_opens_under_its_own_case_only(desk, pictured):
    case, other, photo = pictured
    client = desk.of("赵兰")
    for size in ("", "?size=thumb"):
        shown = client.get(f"/desk/cases/{case.id}/photos/{photo}{size}")
        assert shown.status_code == 200
        assert shown.headers["Content-Type"].startswith("image/")
    assert client.get(f"/desk/cases/{other.id}/photos/{photo}").status_code == 404
    assert client.get(f"/desk/cases/{case.id}/photos/{photo + 1}").status_code == 404


def test_who_may_not_see_the_case_sees_no_photo(desk, pictured, client):
    case, _other, photo = pictured
    assert desk.of("钱立").get(f"/desk/cases/{case.id}/photos/{photo}").status_code == 404
    assert client.get(f"/desk/cases/{case.id}/photos/{photo}").status_code == 401
