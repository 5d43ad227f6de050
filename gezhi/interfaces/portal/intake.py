"""From the resident's sentence to a case: cleaned, placed, with its photos, once per key.

Used by the portal and by the field's "report what I found"; no rule lives here. What may be asked and how long a
text may be is said by the form below; where a matter goes and by when, by the workflow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import actions, protecting, talking
from gezhi.engines.workflows.models import Case
from gezhi.foundation import files, forms, places
from gezhi.foundation.errors import Invalid, register
from gezhi.foundation.files.refusals import TooManyPhotos
from gezhi.foundation.packs import service_items
from gezhi.foundation.people import Actor, crypto
from gezhi.interfaces.api import limits

WORKFLOW = "request"
MAX_TEXT = 2000

register(
    "raise.incomplete",
    422,
    _("还差一点，没有交出去。"),
    _("有的内容没有填，或者填得不对。"),
    _("请看看标红的地方，改好再交。写的字都还在。"),
)

#: What the page of raising asks. Long text is `text`; contact is personal and sealed by the engine.
FORM = forms.Form(
    (
        forms.Field("text", "long_text", {"zh": "什么事", "en": "What is the matter"}, required=True, max=MAX_TEXT),
        forms.Field("contact_name", "text", {"zh": "怎么称呼您", "en": "Your name"}, max=30, sensitive=True),
        forms.Field("contact_phone", "text", {"zh": "电话", "en": "Phone"}, max=30, sensitive=True),
        forms.Field("public_ok", "truth", {"zh": "可以公开我的原话", "en": "My words may be published"}),
        forms.Field("urgent", "truth", {"zh": "不能等", "en": "Must not wait"}),
        forms.Field("about", "text", {"zh": "说的是干部或单位", "en": "About an official or unit"}, max=40),
        forms.Field("category", "category", {"zh": "类别", "en": "Category"}),
    )
)
ASKED = frozenset(f.id for f in FORM.fields)


def point(given: Mapping[str, Any]) -> tuple[float, float] | None:
    """The (lon, lat) that was sent along, or None. Half a point or no number counts as none: it was optional."""
    try:
        return float(given.get("lon") or ""), float(given.get("lat") or "")
    except ValueError:
        return None


def place_of(given: Mapping[str, Any]) -> int:
    """The place that was chosen. Raises Invalid with a field error when none was, or it is closed."""
    directory = places.directory()
    written = str(given.get("place") or "").strip()
    place_id = int(written) if written.isascii() and written.isdigit() and len(written) < 19 else None
    if place_id is None:
        raise Invalid("raise.incomplete", field_errors={"place": _("请选您所在的村或社区。")})
    if not directory.open(place_id):
        raise Invalid("raise.incomplete", field_errors={"place": _("这个地方现在不收事项，请换一个。")})
    return place_id


def raise_matter(
    given: Mapping[str, Any],
    photos: Sequence[Any],
    *,
    actor: Actor,
    channel: str,
    key: str,
    service: service_items.ServiceItem | None = None,
) -> tuple[Case, bool]:
    """Open a case from a sent form; the same key again gives the first case back, and False.

    `given`: text, place (id), lon, lat, contact_name, contact_phone, public_ok, urgent, category. Raises Invalid with
    `field_errors`, Conflict (the key was used for other words), the refusals of photos and of points.
    `service`: the item of the list that is applied for; its workflow is taken and its name stands before the words.
    """
    if service is not None:
        said = str(given.get("text") or "").strip()
        given = {**{k: given.get(k) for k in given}, "text": "：".join(filter(None, [service.title, said]))}
    values, wrong = FORM.clean({k: v for k, v in given.items() if k in ASKED})
    if "text" in wrong and not str(given.get("text") or "").strip():
        wrong["text"] = str(_("请写一句是什么事。"))
    if given.get("contact") == "none":
        values["contact_name"] = values["contact_phone"] = None
        wrong.pop("contact_phone", None)
    elif values.get("contact_phone"):
        try:
            crypto.normalise_phone(values["contact_phone"])
        except ValueError:
            wrong["contact_phone"] = str(_("这个号码不像电话，请填 11 位手机号，或带区号的座机。"))
    if values.get("about") and values["about"] not in protecting.ABOUT:
        wrong["about"] = str(_("请从给出的几项里选。"))
    try:
        place_id = place_of(given)
    except Invalid as refusal:
        wrong.update(refusal.field_errors)
        place_id = 0
    if wrong:
        raise Invalid("raise.incomplete", field_errors=wrong)
    if len(photos) > files.MAX_PHOTOS:
        raise TooManyPhotos(limit=files.MAX_PHOTOS, count=len(photos))
    where = point(given)
    if where is not None:
        inside = places.find_place(*where)  # refuses points abroad, and swapped ones, in words
        if places.directory().is_within(inside, place_id):
            place_id = inside
    # Decoding pictures takes time: before the transaction. The key makes a repeated photo the one already kept.
    kept = [files.stage(photo, actor=actor, key=key).id for photo in photos]
    data = {k: v for k, v in values.items() if v not in (None, "", False)}
    if where is not None:
        data["lon"], data["lat"] = where
    data["photos"] = kept
    if service is not None:
        data["service"] = service.ref
    workflow = service.body["workflow"] if service is not None else WORKFLOW
    if service is None and given.get("talk") and not data.get("about"):
        workflow = talking.workflow() or WORKFLOW  # something to be settled together
    case, new = actions.open_case(workflow, data, actor=actor, place_id=place_id, channel=channel, key=key)
    # After opening, not around it: a repeated key ends the engine's own transaction. Cut off in between, the sender
    # repeats with the same key and the photos are bound then.
    files.attach(kept, stream=f"case:{case.id}")
    return case, new


def knock(request: HttpRequest) -> None:
    """Count one raising at the public door; raises TooMany, politely."""
    limits.knock(request, "raise", writes=True)
