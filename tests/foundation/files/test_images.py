"""What leaves the room is pixels and nothing else; what is no photo never gets in."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from gezhi.foundation import errors
from gezhi.foundation.files import images, refusals
from tests.foundation.files import pictures


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("made", [pictures.jpeg(), pictures.png(), pictures.webp()], ids=["jpeg", "png", "webp"])
def test_no_metadata_survives(made):
    assert pictures.SECRET in made
    picture = images.clean(io.BytesIO(made))
    for kept in (picture.full, picture.thumb):
        image = opened(kept)
        assert image.format == "JPEG"
        assert not image.getexif() and not {"exif", "icc_profile", "comment", "xmp"} & set(image.info)
        for mark in (pictures.SECRET, b"Exif", b"ICC_PROFILE", b"GPS", b"http", b"Photoshop"):
            assert mark not in kept


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (600, 400), (10, 10)),
        (2, (600, 400), (590, 10)),
        (3, (600, 400), (590, 390)),
        (4, (600, 400), (10, 390)),
        (5, (400, 600), (10, 10)),
        (6, (400, 600), (390, 10)),
        (7, (400, 600), (390, 590)),
        (8, (400, 600), (10, 590)),
    ],
)
def test_photos_stand_upright(orientation, size, red_at):
    picture = images.clean(io.BytesIO(pictures.jpeg(orientation=orientation)))
    image = opened(picture.full)
    assert image.size == size == (picture.width, picture.height)
    red, _green, blue = image.getpixel(red_at)
    assert red > 120 > blue


@pytest.mark.parametrize(("width", "height"), [(5000, 3000), (3000, 5000), (9000, 100), (2048, 2048), (1, 1)])
def test_sizes_are_bounded_and_never_enlarged(width, height):
    picture = images.clean(io.BytesIO(pictures.jpeg(width, height)))
    full, thumb = opened(picture.full), opened(picture.thumb)
    assert max(full.size) == min(max(width, height), images.LONGEST)
    assert max(thumb.size) == min(max(width, height), images.THUMB)


def test_transparency_becomes_paper():
    picture = images.clean(io.BytesIO(pictures.png()))
    assert min(opened(picture.full).getpixel((5, 5))) > 245


@pytest.mark.parametrize("made", pictures.FAKES.values(), ids=pictures.FAKES)
def test_fakes_are_refused(made):
    with pytest.raises(refusals.FakeType) as caught:
        images.clean(io.BytesIO(made))
    assert caught.value.code == "file.not_a_photo"


@pytest.mark.parametrize(
    ("made", "refusal"),
    [
        (pictures.heic(), refusals.Heic),
        (pictures.gif(), refusals.Gif),
        (pictures.bomb(), refusals.TooManyPixels),
        (pictures.bomb(8000, 4999), refusals.Broken),  # few enough pixels, but most are missing
        (pictures.jpeg()[:300], refusals.Broken),
        (b"\xff\xd8\xff" + b"\x00" * 500, refusals.Broken),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 500, refusals.Broken),
        (b"RIFF\xff\xff\xff\xffWEBPVP8 " + b"\x00" * 50, refusals.Broken),
    ],
)
def test_each_wrong_picture_has_its_words(made, refusal):
    with pytest.raises(refusal) as caught:
        images.clean(io.BytesIO(made))
    assert caught.value.what and caught.value.next


class Endless(io.RawIOBase):
    """An upload that would never end; it counts what was taken from it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "somebody tried to read all of it"
        self.taken += size
        return b"\xff\xd8\xff" + b"\x00" * (size - 3)


def test_an_endless_upload_is_left_after_the_limit():
    upload = Endless()
    with pytest.raises(refusals.TooLargePhoto) as caught:
        images.clean(upload)
    assert caught.value.http == 413 and upload.taken == images.MAX_BYTES + 1


def test_a_declared_size_is_enough_to_refuse():
    upload = Endless()
    upload.size = 20 * 1024 * 1024
    with pytest.raises(refusals.TooLargePhoto) as caught:
        images.clean(upload)
    assert "12 MB" in caught.value.what and upload.taken == 0


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_photos_raise_refusals_and_nothing_else(data):
    made = bytearray(data.draw(st.sampled_from([pictures.jpeg(90, 60), pictures.png(), pictures.webp()])))
    for _ in range(data.draw(st.integers(1, 8))):
        made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    try:
        picture = images.clean(io.BytesIO(bytes(made)))
    except errors.Refusal:
        return
    assert opened(picture.full).format == "JPEG"


def test_a_picture_cut_short_stays_refused_where_the_printer_was_loaded(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # as WeasyPrint does for its whole process
    with pytest.raises(refusals.Broken):
        images.clean(io.BytesIO(pictures.bomb(8000, 4999)))
