"""From raw requests to plain dictionaries: JSON or multipart, bounded, refused in words."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from gezhi.foundation import errors
from gezhi.foundation.files import images
from gezhi.foundation.files.refusals import TooManyPhotos
from gezhi.foundation.files.uploads import PhotoUploads, check_length
from gezhi.interfaces.api import refusals

MAX_JSON = 256 * 1024
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def idempotency_key(request: HttpRequest) -> str:
    """The Idempotency-Key header, "" when absent. Raises KeyMalformed, also for an empty one: the server hands on a value
    that is not ASCII as nothing at all, and whoever sent it counts on being recognised."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise refusals.KeyMalformed()
    return key


def json_object(request: HttpRequest) -> dict[str, Any]:
    """The body as a JSON object; an empty body is {}. Raises 400, 413, 415."""
    kind = request.content_type or ""
    if kind not in ("application/json", "") and request.META.get("CONTENT_LENGTH") not in (None, "", "0"):
        raise refusals.MediaType(given=kind[:60])
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdigit() and int(declared) > MAX_JSON:
        raise refusals.BodyTooLarge(limit="256 KB")
    raw = request.read(MAX_JSON + 1)
    if len(raw) > MAX_JSON:
        raise refusals.BodyTooLarge(limit="256 KB")
    return parse_object(raw)


def parse_object(raw: bytes) -> dict[str, Any]:
    """Strict JSON (UTF-8, no NaN, no lone surrogates, an object at the top). Raises 400 request.malformed."""
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half an emoji is not text
    except (ValueError, RecursionError) as error:
        raise errors.Refusal(refusals.MALFORMED) from error
    if not isinstance(value, dict):
        raise errors.Refusal(refusals.MALFORMED)
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def form_or_json(request: HttpRequest) -> tuple[dict[str, Any], list[UploadedFile]]:
    """Fields and photos of a request body, JSON or multipart. Nothing is written to disk.

    Raises MediaType, BodyTooLarge, the photo refusals, request.malformed.
    """
    kind = request.content_type or ""
    if kind == "multipart/form-data":
        check_length(request)
        request.upload_handlers = [PhotoUploads(request)]
        photos = request.FILES.getlist("photos")  # reads the body, within the bounds above
        odd = [name for name in request.FILES if name != "photos"]
        if odd:
            raise refusals.ItemMalformed(field_errors={odd[0]: _("照片请放在 photos 里")})
        if len(photos) > images.MAX_PHOTOS:
            raise TooManyPhotos(limit=images.MAX_PHOTOS, count=len(photos))
        fields: dict[str, Any] = {name: request.POST[name] for name in request.POST}
        return fields, photos
    if kind == "application/x-www-form-urlencoded":
        raise refusals.MediaType(given=kind)
    return json_object(request), []


def fields(
    given: dict[str, Any],
    *,
    text: tuple[str, ...] = (),
    number: tuple[str, ...] = (),
    truth: tuple[str, ...] = (),
    needed: tuple[str, ...] = (),
    said: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Check names and types; every wrong one is named. Empty text counts as absent, except where `needed`.

    `text` fields come back as NFC strings (a code or a phone may come as a whole number, what somebody has `said` may not),
    `number` fields as int or float (numerals in text are accepted, because multipart knows nothing else), `truth` fields as
    bool ("true" and "false" likewise). Raises ItemMalformed with one entry per field.
    """
    wrong: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in text and name not in number and name not in truth:
            wrong[name[:60]] = _("没有这一项")
        elif value is None or value == "":
            continue
        elif name in number:
            amount = _amount(value)
            if amount is None:
                wrong[name] = _("要填数字")
            else:
                found[name] = amount
        elif name in truth:
            if isinstance(value, bool) or value in ("true", "false"):
                found[name] = value is True or value == "true"
            else:
                wrong[name] = _("要填 true 或 false")
        elif isinstance(value, str):
            found[name] = unicodedata.normalize("NFC", value)
        elif isinstance(value, int) and not isinstance(value, bool) and name not in said:
            found[name] = str(value)
        else:
            wrong[name] = _("要填文字")
    for name in needed:
        if name not in found and name not in wrong:
            wrong[name] = _("这一项要填")
    if wrong:
        raise refusals.ItemMalformed(field_errors=wrong)
    return found


def _amount(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e300 else None
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,12}(\.\d{1,18})?\s*", value, re.ASCII):
        return float(value)
    return None
