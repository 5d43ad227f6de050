"""Synthetic photos and things that only look like photos."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, ImageCms, PngImagePlugin

SECRET = b"SECRET-CAMERA-4711"
# Made once: a profile carries the second it was made in, and the same photo must be the same bytes.
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def jpeg(width: int = 600, height: int = 400, *, orientation: int = 1, quality: int = 80) -> bytes:
    """A photo with everything a phone writes beside the pixels; its left half is red, its right half blue."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (width // 2, 0, width, height))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = SECRET.decode()
    exif[0x9286] = SECRET.decode()
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (34.0, 54.0, 36.5), "E", (112.0, 47.0, 24.5)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, exif=exif, comment=SECRET, icc_profile=PROFILE)
    return out.getvalue()


def png(width: int = 50, height: int = 40) -> bytes:
    """A picture with transparency and text chunks."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET.decode())
    out = io.BytesIO()
    Image.new("RGBA", (width, height), (10, 200, 10, 0)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def webp() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = SECRET.decode()
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (1, 2, 3)).save(out, "WEBP", exif=exif)
    return out.getvalue()


def gif() -> bytes:
    out = io.BytesIO()
    Image.new("P", (4, 4)).save(out, "GIF")
    return out.getvalue()


def heic() -> bytes:
    return b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 64


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A valid PNG of some kilobytes that would unfold into gigabytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compressobj(9)
    data = rows.compress(b"\x00" * 4_000_000) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


FAKES = {
    "a page": b"<html><script>alert(1)</script></html>",
    "a program": b"MZ\x90\x00" + b"\x00" * 100,
    "a drawing with script": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>",
    "a document": b"%PDF-1.7\n",
    "nothing": b"",
    "one byte": b"\xff",
    "a sound in the same box": b"RIFF\x00\x00\x00\x00WAVEfmt ",
}
