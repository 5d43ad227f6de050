"""请您更正: the person a register speaks of says what is wrong in it; a request that names the line, and nothing is changed yet."""

from __future__ import annotations

from django.utils.translation import gettext as _

from gezhi.engines.workflows import actions
from gezhi.engines.workflows.models import Case
from gezhi.foundation import people, places
from gezhi.foundation.errors import Invalid
from gezhi.foundation.subjects.definitions import Register
from gezhi.foundation.subjects.models import Entry, Subject
from gezhi.foundation.subjects.personal import opened

WORKFLOW = "request"
MOST = 500


def ask(line: Entry, declared: Register, words: str, *, key: str) -> Case:
    """The case by which somebody asks that a line about them be set right, where the line lies; followed by its code.

    The caller has made sure who asks. Who they are goes along sealed, so that somebody can call back. The same key
    again gives the first case back. Raises Invalid with the field's reason, Conflict (the key was used for other words).
    """
    said = " ".join(words.split())
    if not said:
        raise Invalid("raise.incomplete", field_errors={"words": _("请写一句哪里不对、应该是什么。")})
    if len(said) > MOST:
        raise Invalid("raise.incomplete", field_errors={"words": _("最多 {max} 个字。").format(max=MOST)})
    who = Subject.objects.get(pk=line.subject_id)
    facts = opened([who.private_ref])[who.private_ref] if who.private_ref else {}
    text = _("请更正台账：{register}，登记号 {number}。{words}").format(
        register=declared.said, number=line.pk, words=said
    )
    data = {"text": text, "contact_name": facts.get("name"), "contact_phone": facts.get("phone")}
    place = line.place_id if places.directory().open(line.place_id) else line.village_id or line.place_id
    case, _new = actions.open_case(
        WORKFLOW,
        {k: v for k, v in data.items() if v},
        actor=people.resident(),
        place_id=place,
        channel="portal",
        key=key,
    )
    return case
