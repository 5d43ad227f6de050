"""The doors of residents: raise a matter, follow it by its code, say whether it is solved."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from gezhi.engines.workflows import access, actions, protecting, rules
from gezhi.engines.workflows import views as case_views
from gezhi.engines.workflows.models import Case
from gezhi.foundation import errors, files, packs, people, places
from gezhi.foundation.db import revisions
from gezhi.foundation.forms.cleaning import Refused, clean_text
from gezhi.foundation.people import crypto
from gezhi.interfaces.api import bodies, limits, placewords, refusals, schemas, views
from gezhi.interfaces.api.documents import bodies as document
from gezhi.interfaces.api.documents import body, faults
from gezhi.interfaces.api.root import api

WORKFLOW = "request"
_TEXTS = {"text": actions.MAX_TEXT, "category": 80, "about": 40, "contact_name": 40, "contact_phone": 30, "place": 80}
_FAULTS = faults(400, 404, 409, 413, 415, 422, 429, 503)


@api.post(
    "/requests",
    response={201: schemas.RequestMade, 200: schemas.RequestMade, **_FAULTS},
    openapi_extra=document({"application/json": "RequestIn", "multipart/form-data": "RequestForm"}, idempotent=True),
    tags=["public"],
    summary="Raise a matter",
)
def raise_request(request: HttpRequest) -> HttpResponse:
    """201 with a code that follows the matter; 200 and the same body when the key was used before."""
    limits.knock(request, "raise", writes=True)
    key = bodies.idempotency_key(request)
    given, photos = bodies.form_or_json(request)
    made = None
    # Photos are stored first, by a write of their own, after which nothing is assumed any more.
    with suppress(errors.Refusal, revisions.Moved), revisions.assuming() as guessed:
        if guessed and not photos:
            made = _raised(given, photos, key)
    case, new = made or _raised(given, photos, key)
    return views.reply(views.made(request, case, new=new), status=201 if new else 200)


def _raised(given: dict[str, Any], photos: list[UploadedFile], key: str) -> tuple[Case, bool]:
    place_id, data = _intake(given)
    if photos:
        # The photos' own hashes are part of what the key stands for; their ids follow from both.
        data["photo_hashes"] = [_sha256(photo) for photo in photos]
        data["photos"] = [files.stage(photo, actor=people.resident(), key=key).id for photo in photos]
    return actions.open_case(WORKFLOW, data, actor=people.resident(), place_id=place_id, channel="api", key=key or None)


def _sha256(photo: UploadedFile) -> str:
    digest = hashlib.sha256(photo.read()).hexdigest()
    photo.seek(0)
    return digest


def _intake(given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """(place id, clean data) of what a resident sent; every wrong field is named at once."""
    found = bodies.fields(
        given,
        text=tuple(_TEXTS),
        number=("lat", "lon"),
        truth=("urgent",),
        needed=("text",),
        said=("text", "about", "contact_name"),
    )
    wrong: dict[str, Any] = {}
    clean: dict[str, Any] = {}
    for name, limit in _TEXTS.items():
        if name in found:
            try:
                clean[name] = clean_text(found[name], max=limit, lines=name == "text")
            except Refused as refused:
                wrong[name] = str(refused)
    if not wrong and not clean.get("text"):
        wrong["text"] = _("请写一句话，说说是什么事")
    if "contact_phone" in clean and "contact_phone" not in wrong:
        try:
            crypto.normalise_phone(clean["contact_phone"])
        except ValueError:
            wrong["contact_phone"] = _("电话号码不对，请填 11 位手机号或带区号的座机，也可以不填")
    if clean.get("about") and clean["about"] not in protecting.ABOUT:
        wrong["about"] = _("只能是：{choices}").format(choices="、".join(protecting.ABOUT))
    if wrong:
        raise errors.Invalid(field_errors=wrong)
    place_id = placewords.find(clean.pop("place", None), found.get("lon"), found.get("lat"))
    if clean.get("category"):
        clean["category"] = _category(clean["category"])
    data = {name: value for name, value in clean.items() if value}
    if found.get("urgent"):
        data["urgent"] = True
    if "lat" in found:
        data |= {"lat": found["lat"], "lon": found["lon"]}
    return place_id, data


def _category(word: str) -> str:
    categories = packs.registry().categories
    category = categories.find(word)
    if category is None:
        near = categories.nearest(word)
        refusal = refusals.CategoryUnknown(
            given=word[:40], nearest=_("，最接近的是 {name}").format(name=near.name) if near else ""
        )
        refusal.field_errors["category"] = refusal.what
        raise refusal
    return category.code


def _case_of(request: HttpRequest, code: str) -> Case:
    """The case of a code as typed. Unknown codes are counted: guessing is slow by design."""
    tidy = rules.tidy_code(code[:40])
    try:
        if tidy is not None:
            return access.case_by_code(tidy)
    except errors.NotFound:
        tidy = None
    limits.wrong_code(request)
    raise refusals.CodeUnknown()


@api.get(
    "/requests/{code}",
    response={200: schemas.RequestOut, **_FAULTS},
    tags=["public"],
    summary="Follow a matter by its code",
)
def follow_request(request: HttpRequest, code: str) -> HttpResponse:
    """Where the matter stands, what was answered, and what its reporter can do now."""
    limits.knock(request, "follow", writes=False)
    case = _case_of(request, code)
    return views.reply(views.matter(request, case_views.public_view(case.code)))


@api.post(
    "/requests/{code}/rating",
    response={200: schemas.RequestOut, **_FAULTS},
    openapi_extra=body("RatingIn", idempotent=True),
    tags=["public"],
    summary="Say whether it is solved",
)
def rate_request(request: HttpRequest, code: str) -> HttpResponse:
    """Possible once the work is done (`may` holds "rating"). "no" starts the work again."""
    limits.knock(request, "rate", writes=True)
    case = _case_of(request, code)
    given = bodies.fields(
        bodies.json_object(request), text=("solved", "rating", "why"), needed=("solved",), said=("why",)
    )
    solved = given.pop("solved")
    if solved not in ("yes", "no"):
        raise refusals.ItemMalformed(field_errors={"solved": _("只能是 yes 或 no")})
    if solved == "yes" and given.pop("why", None):
        raise refusals.ItemMalformed(field_errors={"why": _("已经解决就不用填；还有话可以用“补充一句”")})
    return _fire(request, case, "solved" if solved == "yes" else "unsolved", given)


@api.post(
    "/requests/{code}/reopen",
    response={200: schemas.RequestOut, **_FAULTS},
    openapi_extra=body("ReopenIn", idempotent=True),
    tags=["public"],
    summary="Not solved after all: start again",
)
def reopen_request(request: HttpRequest, code: str) -> HttpResponse:
    """Possible for a while after closing (`may` holds "reopen"), a bounded number of times."""
    limits.knock(request, "reopen", writes=True)
    case = _case_of(request, code)
    given = bodies.fields(bodies.json_object(request), text=("why",), said=("why",))
    # While we still wait for the resident's word, "start again" is that word.
    return _fire(request, case, "reopen" if case.state == "closed" else "unsolved", given)


def _fire(request: HttpRequest, case: Case, action: str, data: dict[str, Any]) -> HttpResponse:
    actions.fire(
        case.id,
        action,
        item=None,
        expected_seq=None,
        actor=people.resident(case.code),
        data=data,
        key=bodies.idempotency_key(request) or None,
    )
    return views.reply(views.matter(request, case_views.public_view(case.code)))


@api.get(
    "/places",
    response={200: schemas.PlaceList, **_FAULTS},
    tags=["public"],
    summary="Where a matter can be raised",
)
def list_places(request: HttpRequest, kind: str = "village", within: str = "") -> HttpResponse:
    """Open places of a kind (county, town, village, grid1 …), by code; `within` is written like `place`."""
    limits.knock(request, "places", writes=False)
    if kind not in places.KINDS or kind == "building":  # a door plate is scanned, not listed
        choices = "、".join(k for k in places.KINDS if k != "building")
        raise refusals.ItemMalformed(field_errors={"kind": _("只能是：{choices}").format(choices=choices)})
    directory = places.directory()
    container = placewords.by_word(within) if within else None
    found = [p for p in directory.of_kind(kind) if container is None or directory.is_within(p, container)]
    return views.reply({"items": [views.place(place_id) for place_id in found]})


@api.get(
    "/categories",
    response={200: schemas.CategoryList, **_FAULTS},
    tags=["public"],
    summary="What a matter can be about",
)
def list_categories(request: HttpRequest, q: str = "") -> HttpResponse:
    """All categories of requests, or those that hold the words of `q`, best first."""
    limits.knock(request, "categories", writes=False)
    categories = packs.registry().categories
    found = categories.search(q[:80], limit=50) if q.strip() else [c for c in categories if c.scheme == "request"]
    return views.reply({"items": [{"code": c.code, "name": c.path} for c in found]})
