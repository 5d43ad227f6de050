"""One sent action form → one engine call, for every face.

A form of an action carries its control values with a leading underscore (`_item`, `_seq`, `_key`), the declared
fields under their own names and photos as files. Whether the action may be done is the engine's to say.
"""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from django.http import HttpRequest

from gezhi.engines.workflows import actions
from gezhi.engines.workflows.models import Case
from gezhi.foundation import files
from gezhi.foundation.files.refusals import TooManyPhotos
from gezhi.foundation.people import Actor
from gezhi.interfaces.site.answers import KEY, new_key


def whole(text: str | None) -> int | None:
    """A whole number that was sent, or None."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def sent_data(request: HttpRequest) -> dict[str, Any]:
    """The declared fields of a sent form, without controls and tokens; empty ones left out.

    A field that the form names under `_many` is a list; one under `_asked` is "false" when it was not ticked.
    """
    several = set(request.POST.getlist("_many"))
    sent: dict[str, Any] = {
        name: value
        for name in request.POST
        if not name.startswith("_") and name != "csrfmiddlewaretoken" and (value := request.POST[name]).strip()
    }
    unticked = {name: "false" for name in request.POST.getlist("_asked") if name and name not in request.POST}
    return sent | unticked | {name: request.POST.getlist(name) for name in several if name in sent}


def act(request: HttpRequest, case_id: int, action: str, *, actor: Actor) -> Case:
    """Do `action` on the case with what was sent. Raises what `actions.fire` and the photo room raise."""
    written = request.POST.get("_key", "")
    key = written if KEY.fullmatch(written) else new_key()
    data = sent_data(request)
    kept: list[int] = []
    for name in request.FILES:
        uploads = request.FILES.getlist(name)
        if len(uploads) > files.MAX_PHOTOS:
            raise TooManyPhotos(limit=files.MAX_PHOTOS, count=len(uploads))
        data[name] = [files.stage(cast(BinaryIO, upload), actor=actor, key=key).id for upload in uploads]
        kept += data[name]
    case = actions.fire(
        case_id,
        action,
        item=whole(request.POST.get("_item")),
        expected_seq=whole(request.POST.get("_seq")),
        actor=actor,
        data=data,
        key=key,
    )
    # After the action, not around it: a repeated key ends the engine's own transaction. Cut off in between, the
    # sender repeats with the same key and the photos are bound then.
    files.attach(kept, stream=f"case:{case.id}")
    return case
