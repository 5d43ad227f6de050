"""From an untrusted upload to two clean JPEG pictures. Pure: no database, no disk.

The type is read from the first bytes, never from a name or header. What leaves this module holds pixels
only: orientation is applied, colours are brought to sRGB, and no EXIF, GPS, ICC, XMP or comment survives
because the picture is encoded anew.
"""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass
from typing import Protocol

from PIL import Image, ImageCms, ImageFile, ImageOps

from gezhi.foundation.files.refusals import Broken, FakeType, Gif, Heic, TooLargePhoto, TooManyPixels

MAX_BYTES = 12 * 1024 * 1024  # of one photo; what a phone's camera writes is below
MAX_PHOTOS = 6
MAX_PIXELS = {"JPEG": 64_000_000, "PNG": 40_000_000, "WEBP": 40_000_000}  # JPEG decodes at a reduced scale
LONGEST = 2048
THUMB = 320

# Two pictures at a time in one process: decoding is what costs memory.
_decoding = threading.BoundedSemaphore(2)


class Readable(Protocol):
    """An upload: anything whose bytes can be taken piece by piece."""

    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A clean photo: JPEG bytes of at most 2048 px, of at most 320 px, and the size of the first in px."""

    full: bytes
    thumb: bytes
    width: int
    height: int


def sniff(head: bytes) -> str:
    """ "JPEG", "PNG" or "WEBP" by the first 32 bytes; refuses everything else by its own name."""
    if head[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        raise Gif()
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"):
        raise Heic()
    raise FakeType()


def megabytes(size: int) -> str:
    """Bytes as people say them: "12 MB"."""
    return f"{size / 1024 / 1024:.3g} MB"


def read_bounded(upload: Readable, limit: int = MAX_BYTES) -> bytes:
    """The upload's bytes; refuses a larger one by its declared size, or having read `limit` + 1 bytes."""
    declared = getattr(upload, "size", None)
    if isinstance(declared, int) and declared > limit:
        raise TooLargePhoto(limit=megabytes(limit))
    data = upload.read(limit + 1)
    if len(data) > limit:
        raise TooLargePhoto(limit=megabytes(limit))
    return data


def _srgb(image: Image.Image) -> Image.Image:
    """Colours of a wide-gamut phone in sRGB; an unreadable profile is ignored, the colours stay."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode not in ("RGB", "L"):
            image = image.convert("RGB")
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return converted if converted is not None else image


def _flat(image: Image.Image) -> Image.Image:
    """RGB without transparency: what shone through becomes white paper."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGB", layer.size, (255, 255, 255))
        paper.paste(layer, mask=layer.getchannel("A"))
        return paper
    return image.convert("RGB")


def _encode(image: Image.Image) -> bytes:
    out = io.BytesIO()
    # A fresh image of pixels alone: Pillow would otherwise carry `info` (EXIF, comments) along.
    bare = Image.frombytes("RGB", image.size, image.tobytes())
    bare.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()


def clean(upload: Readable) -> Picture:
    """Decode, turn upright, shrink and encode anew.

    Raises TooLargePhoto, FakeType, Heic, Gif, Broken or TooManyPixels; never anything of Pillow's.
    """
    data = read_bounded(upload)
    kind = sniff(data[:32])
    with _decoding:
        try:
            with warnings.catch_warnings():
                # Pillow remarks on damaged metadata, which we drop, and warns from half its own bound on;
                # ours is below and checked on the header.
                warnings.simplefilter("ignore", UserWarning)
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                # The printer's library turns this on for its whole process; a picture cut short is no picture here.
                ImageFile.LOAD_TRUNCATED_IMAGES = False
                image = Image.open(io.BytesIO(data), formats=(kind,))
                width, height = image.size
                if width * height > MAX_PIXELS[kind]:
                    raise TooManyPixels()
                image.draft("RGB", (LONGEST, LONGEST))
                image.load()
                upright = ImageOps.exif_transpose(image)
                flat = _flat(_srgb(upright))
                flat.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
                small = flat.copy()
                small.thumbnail((THUMB, THUMB), Image.Resampling.LANCZOS)
        except (Image.DecompressionBombError, MemoryError) as error:
            raise TooManyPixels() from error
        except (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError) as error:
            # Everything Pillow's decoders raise on damaged files.
            raise Broken() from error
        return Picture(_encode(flat), _encode(small), *flat.size)
