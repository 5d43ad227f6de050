"""The counter's form: somebody's matter written down by another's hand, with whose it is, by whom, and the consent.

One entry whatever the channel (M050); a walk-in is one line (M117); nothing starts on a person's behalf without
consent on file (M029).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from gezhi.engines.workflows import actions, protecting
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.schema import definition, definition_at
from gezhi.foundation import forms, packs, places
from gezhi.foundation.errors import Invalid, register
from gezhi.foundation.people import Actor, crypto

register(
    "counter.incomplete", 422, gettext_lazy("还差一点，没有登记。"), gettext_lazy("有的内容没有填，或者填得不对。"),
    gettext_lazy("请看标出的地方，改好再登记，已填的还在。"),
)  # fmt: skip

#: How the person was heard. The words go into the sealed contact, beside the name.
CONSENTS = {
    "present": gettext_lazy("本人当面说的，同意登记"),
    "phone": gettext_lazy("本人电话里说的，同意登记"),
    "family": gettext_lazy("家里人代说，本人知道并同意"),
}
CHANNELS = {
    "counter": gettext_lazy("来柜台"),
    "phone": pgettext_lazy("channel", "打电话"),
    "hotline": gettext_lazy("12345 转来"),
}

FORM = forms.Form((
    forms.Field("text", "long_text", {"zh": "什么事（按本人的话记）", "en": "The matter, in their own words"}, required=True,
                max=2000),
    forms.Field("contact_name", "text", {"zh": "谁的事", "en": "Whose matter"}, max=30, sensitive=True),
    forms.Field("contact_phone", "text", {"zh": "电话", "en": "Phone"}, max=30, sensitive=True),
    forms.Field("category", "category", {"zh": "类别", "en": "Category"}),
    forms.Field("about", "text", {"zh": "说的是干部或单位", "en": "About an official or unit"}, max=40),
    forms.Field("urgent", "truth", {"zh": "不能等", "en": "Must not wait"}),
))  # fmt: skip


ORDINARY = "request"


def methods() -> list[tuple[str, str]]:
    """(name, title) of every method that somebody at a desk may begin, the ordinary one first.

    Not those that begin in their own way: for protected matters, for items of a list of services, out of a meeting, and as
    sub-cases of another.
    """
    registry = packs.registry()
    flows = [
        definition(e.name, e.version)[0] for e in (registry.get("workflow", n) for n in registry.names("workflow"))
    ]
    below = {s.workflow for flow in flows for s in flow.stages.values() if s.kind == "children"}
    open_ones = [
        f for f in flows if not (f.services or f.assigned or f.name in below or f.name == protecting.process())
    ]
    return [(f.name, packs.say(f.title)) for f in sorted(open_ones, key=lambda f: f.name != ORDINARY)]


def register_matter(given: Mapping[str, Any], *, actor: Actor, key: str) -> tuple[Case, bool]:
    """Open the case; the same key again gives the first one and False.

    `given`: text, contact_name, contact_phone, category, urgent, place, channel, consent, workflow (one of `methods`; the
    ordinary one when left out). What an office begins by itself, by another method and for nobody, needs no consent.
    Raises Invalid counter.incomplete with field errors, NotAllowed without the power case.raise_for at the place.
    """
    workflow = str(given.get("workflow") or ORDINARY)
    asked = {f.id for f in FORM.fields}
    values, wrong = FORM.clean({k: v for k, v in given.items() if k in asked and v not in ("", None)})
    if values.get("contact_phone"):
        try:
            values["contact_phone"] = crypto.normalise_phone(values["contact_phone"])
        except ValueError:
            wrong["contact_phone"] = _("这个号码不像电话，请填 11 位手机号，或带区号的座机。")
    if values.get("about") and values["about"] not in protecting.ABOUT:
        wrong["about"] = _("请从给出的几项里选。")
    if workflow != ORDINARY and workflow not in dict(methods()):
        wrong["workflow"] = _("没有这种工作法，或者不从这里开始。")
        workflow = ORDINARY
    place = str(given.get("place", ""))
    directory = places.directory()
    place_id = int(place) if place.isascii() and place.isdigit() and len(place) < 19 else None
    if place_id is None or not directory.open(place_id):
        wrong["place"] = _("请选是哪个村或社区的事。")
    consent = str(given.get("consent", ""))
    for_nobody = workflow != ORDINARY and not (values.get("contact_name") or values.get("contact_phone"))
    if for_nobody and place_id is not None and not wrong:
        for_nobody = not definition_at(workflow, place_id)[0].consent
    if consent not in CONSENTS and not (for_nobody and not consent):
        wrong["consent"] = _("请选本人怎么同意的；没有同意不能代为登记。")
    if wrong or place_id is None:
        raise Invalid("counter.incomplete", field_errors=wrong)
    actor.need("case.raise_for", directory.path(place_id))
    channel = str(given.get("channel", "counter"))
    data = {k: v for k, v in values.items() if v not in (None, "", False)}
    data |= {"on_behalf": True, "consent": consent} if consent else {}
    return actions.open_case(
        workflow, data, actor=actor, place_id=place_id, channel=channel if channel in CHANNELS else "counter", key=key
    )


def known_phone(written: str, *, actor: Actor) -> bytes:
    """The blind index of a phone, for looking up what was raised with it. Raises Invalid, NotAllowed."""
    actor.need("case.raise_for")
    try:
        return crypto.blind("phone", crypto.normalise_phone(written))
    except ValueError:
        raise Invalid("counter.incomplete", field_errors={"find": _("这不是编号，也不像电话。")}) from None
