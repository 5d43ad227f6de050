"""The doors of staff: sign in, list cases, look at one, act on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from gezhi.engines.workflows import access, actions, apart, queries, restoring
from gezhi.engines.workflows import views as case_views
from gezhi.foundation import errors, files, packs, people
from gezhi.foundation.files.models import StoredFile
from gezhi.foundation.forms.cleaning import Refused, clean_text
from gezhi.interfaces.api import asking, bodies, limits, numbers, placewords, refusals, schemas, views
from gezhi.interfaces.api.auth import actor_of, bearer
from gezhi.interfaces.api.documents import body, faults
from gezhi.interfaces.api.root import api
from gezhi.interfaces.site import callers

_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no", "")
_FILTERS = ("state", "place", "category", "owner", "overdue", "q", "cursor", "limit", "lang")


@api.post(
    "/session",
    response={201: schemas.SessionOut, **faults(400, 401, 413, 415, 422, 429)},
    openapi_extra=body("SessionIn"),
    tags=["staff"],
    summary="Sign in",
)
def sign_in(request: HttpRequest) -> HttpResponse:
    """A bearer token for twelve hours. Five wrong passwords or codes lock the account for fifteen minutes.

    `otp`: the code of the authenticator app, or a recovery code, for accounts with a second factor; without it they get
    401 sign_in.otp_needed.
    """
    limits.knock(request, "session", writes=True)
    asked = bodies.json_object(request)
    given = bodies.fields(asked, text=("username", "password", "otp"), needed=("username", "password"))
    ip = callers.client_ip(request)
    person = people.sign_in(given["username"][:80], given["password"][:200], ip=ip, otp=given.get("otp", "")[:40])
    token = people.issue_token(person, device=callers.device(request), ip=ip)
    actor = people.actor_for(person.id)
    return views.reply(views.session(actor, token.secret, token.expires_at), status=201)


@api.delete(
    "/session",
    auth=bearer,
    response={204: None, **faults(401)},
    tags=["staff"],
    summary="Sign out",
)
def sign_out(request: HttpRequest) -> HttpResponse:
    """Revoke the token of this request."""
    people.revoke_token(request.headers["Authorization"].split(" ", 1)[1].strip())
    return HttpResponse(status=204)


@api.get(
    "/cases",
    auth=bearer,
    response={200: schemas.CasePage, **faults(401, 422)},
    tags=["staff"],
    summary="Cases the caller may see",
)
def list_cases(
    request: HttpRequest,
    state: str = "",
    place: str = "",
    category: str = "",
    owner: str = "",
    overdue: str = "",
    q: str = "",
    cursor: str = "",
    limit: str = "50",
) -> HttpResponse:
    """Newest first, or longest overdue first with `overdue=true`. `cursor` is `next` of the page before.

    `state` open or closed; `place` an id, code or name; `category` a code or name; `owner` a seat id;
    `q` words, a case number or a code; `limit` 1 to 200.
    """
    wrong = asking.unknown(request, _FILTERS)
    if state not in ("", "open", "closed"):
        wrong["state"] = _("只能是 open 或 closed")
    if overdue.lower() not in (*_TRUE, *_FALSE):
        wrong["overdue"] = _("只能是 true 或 false")
    size = asking.size(limit, wrong)
    seat = numbers.whole(owner, 1, 2**63 - 1) if owner else None
    if owner and seat is None:
        wrong["owner"] = _("要填岗位编号")
    try:
        words = clean_text(q, max=100, lines=False)
    except Refused as refused:
        words, wrong["q"] = "", str(refused)
    found = packs.registry().categories.find(category) if category else None
    if category and found is None:
        wrong["category"] = _("没有这个类别")
    if wrong:
        raise refusals.ItemMalformed(field_errors=wrong)
    filters = queries.Filters(
        state=state or None,
        place=placewords.by_word(place) if place else None,
        category=found.code if found else None,
        owner=seat,
        overdue=overdue.lower() in _TRUE,
        q=words,
    )
    page = queries.page(actor_of(request), filters, cursor=cursor or None, size=size or 50)
    return views.reply({"items": [views.row(row) for row in page.rows], "next": page.next})


@api.get(
    "/cases/{case_id}",
    auth=bearer,
    response={200: schemas.CaseOut, **faults(401, 404)},
    tags=["staff"],
    summary="A case, its work items and what the caller can do",
)
def show_case(request: HttpRequest, case_id: str) -> HttpResponse:
    """`actions` lists each possible action with its form; send `item`, `seq` and the form's values back."""
    return views.reply(views.case(case_views.case_view(numbers.case_id(case_id), actor_of(request))))


@api.post(
    "/cases/{case_id}/actions/{action}",
    auth=bearer,
    response={200: schemas.CaseOut, 409: schemas.StaleOut, **faults(400, 401, 403, 404, 413, 415, 422)},
    openapi_extra=body("ActionIn", idempotent=True),
    tags=["staff"],
    summary="Act on a case",
)
def act(request: HttpRequest, case_id: str, action: str) -> HttpResponse:
    """The case as it stands afterwards. 409 case.stale carries the fresh case, so that nothing typed is lost."""
    actor, number = actor_of(request), numbers.case_id(case_id)
    key = bodies.idempotency_key(request)
    given = bodies.json_object(request)
    data = given.pop("data", {})
    seen = bodies.fields(given, number=("item", "expected_seq"))
    wrong = {name: _("要填整数") for name, value in seen.items() if value != int(value)}
    if not isinstance(data, dict):
        wrong["data"] = _("要填一张表")
    if wrong:
        raise refusals.ItemMalformed(field_errors=wrong)
    item, expected = (int(seen[name]) if name in seen else None for name in ("item", "expected_seq"))
    try:
        actions.fire(number, action, item=item, expected_seq=expected, actor=actor, data=data, key=key or None)
    except errors.NotAllowed:
        access.case_to_see(number, actor=actor)  # NotFound: whether it exists is not told to outsiders
        raise
    except errors.Conflict as refusal:
        if refusal.code != "case.stale":
            raise
        return _stale(request, number, refusal)
    return views.reply(views.case(_view_after(number, actor)))


@api.post(
    "/cases/{case_id}/protect",
    auth=bearer,
    response={200: schemas.KeptApartOut, **faults(400, 401, 403, 404, 409, 413, 415, 422)},
    openapi_extra=body("ProtectIn", idempotent=True),
    tags=["staff"],
    summary="Keep a case apart as a protected matter",
)
def protect(request: HttpRequest, case_id: str) -> HttpResponse:
    """It complains about an official or a unit: from now on it is received one level above whoever it names."""
    actor, number = actor_of(request), numbers.case_id(case_id)
    key = bodies.idempotency_key(request)
    given = bodies.fields(bodies.json_object(request), text=("about", "ground"), number=("expected_seq",))
    case = apart.protect(
        number, given.get("about", ""), given.get("ground", ""), actor=actor, expected_seq=_seen(given), key=key or None
    )
    return views.reply({"number": case.number, "sees": access.sees(case, actor)})


@api.post(
    "/cases/{case_id}/restore",
    auth=bearer,
    response={200: schemas.KeptApartOut, **faults(400, 401, 403, 404, 409, 413, 415, 422)},
    openapi_extra=body("RestoreIn", idempotent=True),
    tags=["staff"],
    summary="Bring a case kept apart midway back to where it was",
)
def restore(request: HttpRequest, case_id: str) -> HttpResponse:
    """It complains about nobody after all: an ordinary matter again, at the step from which it was taken."""
    actor, number = actor_of(request), numbers.case_id(case_id)
    key = bodies.idempotency_key(request)
    given = bodies.fields(bodies.json_object(request), text=("reason",), number=("expected_seq",))
    case = restoring.restore(number, given.get("reason", ""), actor=actor, expected_seq=_seen(given), key=key or None)
    return views.reply({"number": case.number, "sees": access.sees(case, actor)})


def _seen(given: Mapping[str, Any]) -> int | None:
    """The `expected_seq` of a body; a fraction is refused at the field."""
    seen = given.get("expected_seq")
    if seen is not None and seen != int(seen):
        raise refusals.ItemMalformed(field_errors={"expected_seq": _("要填整数")})
    return None if seen is None else int(seen)


def _view_after(number: int, actor: Any) -> case_views.CaseView:
    """The case just acted on, though the action may have carried it out of the actor's sight."""
    try:
        return case_views.case_view(number, actor)
    except errors.NotFound:
        after = case_views.case_view(number, people.system("api"))
        if after.case.protected:  # also an old call sent again, whose case has been kept apart since
            raise
        return after


def _stale(request: HttpRequest, number: int, refusal: errors.Conflict) -> HttpResponse:
    fresh = views.case(case_views.case_view(number, actor_of(request)))
    body = errors.as_json(refusal) | {"request_id": getattr(request, "id", ""), "case": fresh}
    answer = views.reply(body, status=409)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@api.post(
    "/photos",
    auth=bearer,
    response={201: schemas.PhotoOut, **faults(400, 401, 413, 415, 422)},
    openapi_extra=body("PhotoForm", kind="multipart/form-data", idempotent=True),
    tags=["staff"],
    summary="Keep a photo for an action",
)
def keep_photo(request: HttpRequest) -> HttpResponse:
    """The id goes into the `photos` of an action's form within 24 hours; otherwise the photo is removed."""
    key = bodies.idempotency_key(request)
    _fields, photos = bodies.form_or_json(request)
    if len(photos) != 1:
        raise refusals.ItemMalformed(field_errors={"photos": _("一次传一张照片")})
    actor = actor_of(request)
    stored = files.stage(photos[0], actor=actor, key=f"{actor.person_id}:{key}" if key else "")
    return views.reply({"id": stored.id, "width": stored.width, "height": stored.height}, status=201)


@api.get(
    "/photos/{photo_id}",
    auth=bearer,
    response={200: None, **faults(401, 404)},
    tags=["staff"],
    summary="A photo of a case the caller may see (JPEG)",
)
def show_photo(request: HttpRequest, photo_id: str, size: str = "full") -> HttpResponse:
    """`size` full (at most 2,048 px) or thumb (at most 320 px)."""
    actor = actor_of(request)

    def may(stored: StoredFile) -> None:
        kind, _colon, number = stored.stream.partition(":")
        if kind == "case":
            case_views.case_of_photo(int(number), stored.id, actor)  # NotFound unless it is theirs to see
        elif stored.kept_by != actor.person_id:
            raise errors.NotFound("file.unknown")

    return files.serve(numbers.whole(photo_id, 1, 2**52 - 1) or 0, may, "thumb" if size == "thumb" else "full")
