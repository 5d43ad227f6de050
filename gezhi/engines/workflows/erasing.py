"""A person's data in a case is erased for good, by law or at their wish; what was done, and when, stays.

Gone afterwards: the resident's words, contact and everything anybody wrote on the case, photos, search words, the
blind index of the phone, the hashes of what was sent, and the purposes written when somebody looked at the
contact. Left: numbers, places, times, who acted. docs/rules/events.md tells what verify says then.
"""

from __future__ import annotations

import json

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import access
from gezhi.engines.workflows.models import ActionKey, Case, Sketch
from gezhi.foundation import db, events, files, jobs
from gezhi.foundation.errors import Invalid, NotFound, register
from gezhi.foundation.people import Actor
from gezhi.foundation.people.models import Reveal

register(
    "case.erase_names",
    422,
    _("依据里写了当事人的信息，没有抹除。"),
    _("依据会长期留在记录里，不能有姓名、电话。"),
    _("请只写法律依据或申请书编号，例如“个人信息保护法第四十七条，申请 2026-12”。"),
)


def erase_case(case_id: int, *, actor: Actor, ground: str) -> Case:
    """Erase what persons left in a case; the case itself goes on, or stays closed, as it was.

    `ground`: law or number of the application, 2 to 200 characters, kept for ever. Two events: `case.cleared`
    tells what went beside the texts, `erased` which texts. Raises NotFound case.not_found, erase.nothing
    (a second time), NotAllowed, Invalid erase.ground, case.erase_names.
    """
    stream = f"case:{case_id}"
    with db.write():
        case, _items = access.case_to_change(case_id)
        actor.need("people.manage", access.path_of(case))
        _refuse_names(case, ground)
        if not events.Private.objects.filter(stream=stream).exists():
            raise NotFound("erase.nothing", stream=stream)
        looks = _purposes_of(stream)
        head = events.record(
            stream,
            "case.cleared",
            actor=actor,
            head=events.Head(case.event_seq, bytes(case.event_hash)),
            patch={
                "act": {
                    "action": "case.cleared",
                    "stage": case.stage,
                    "item": None,
                    "photos_gone": len(files.of(stream)),
                    "purposes_gone": len(looks),
                }
            },
        )
        Case.objects.filter(pk=case_id).update(event_seq=head.seq, event_hash=head.hash)
        for look in looks:
            events.erase(look, None, actor=actor, ground=ground)
        head = events.erase(stream, None, actor=actor, ground=ground)
        # Found by its number it stays.
        jobs.enqueue("case.index", f"{case_id}:{head.seq}", {"case": case_id})
        case.refresh_from_db()
    return case


def forget_traces(stream: str, names: tuple[str, ...]) -> None:
    """Hook of `events.on_erase`: what else a case's row, keys and files know of an erased text.

    Called as well when an erasure is done again after a restore.
    """
    prefix, _colon, case_id = stream.partition(":")
    if prefix != "case":
        return
    if "contact" in names:
        Case.objects.filter(pk=case_id).update(contact_hash=None)
    if "text" in names:
        # A hash of words and phone together would let somebody confirm a guess. The key itself stays: what
        # was erased must not come back when an old request is sent once more.
        Case.objects.filter(pk=case_id, open_key__isnull=False).update(open_body=b"")
        files.discard(stream)
        Sketch.objects.filter(pk=case_id).delete()
    if "said" in names:
        ActionKey.objects.filter(case_id=case_id).update(body=b"")


def _refuse_names(case: Case, ground: str) -> None:
    raw = events.read_private([case.contact_ref])[case.contact_ref] if case.contact_ref else None
    contact = json.loads(raw) if raw else {}
    if any(contact.get(part) and contact[part] in ground for part in ("name", "phone")):
        raise Invalid("case.erase_names")


def _purposes_of(stream: str) -> list[str]:
    """Streams of the looks at this case's contact whose purpose is still held."""
    looks = [f"reveal:{look}" for look in Reveal.objects.filter(about=stream).values_list("id", flat=True)]
    held = set(events.Private.objects.filter(stream__in=looks).values_list("stream", flat=True))
    return [look for look in looks if look in held]
