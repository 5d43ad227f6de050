"""Who somebody is: facts cleaned, sealed as one text, and what may stand in the open (masked label, blind indexes)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext

from gezhi.foundation import events
from gezhi.foundation.forms.numerals import read_date
from gezhi.foundation.people import crypto
from gezhi.foundation.people.personal import (
    mask_identity,
    mask_name,
    mask_phone,
    normalise_identity,
    normalise_name,
    normalise_phone,
)

from . import refusals
from .definitions import Kind

NAMES = ("name", "id_number", "phone", "sex", "born", "code")
SEXES = {"男": "m", "m": "m", "male": "m", "1": "m", "女": "f", "f": "f", "female": "f", "2": "f", "": ""}
NAME_MAX = 80
ERASED = "已删除"


@dataclass(frozen=True)
class Identity:
    """Cleaned facts of one subject. `sealed`: JSON of what is personal, "" when nothing is."""

    label: str
    code: str
    sealed: str
    ident_hash: bytes | None
    phone_hash: bytes | None
    sex: str
    born: date | None


def identity(kind: Kind, facts: Mapping[str, Any]) -> Identity:
    """What to keep of these facts. Raises Invalid subject.facts with the field's own reason."""
    said = {name: _plain(facts.get(name)) for name in NAMES}
    errors: dict[str, str] = {}
    for name in facts:
        if name not in NAMES:
            errors[str(name)[:40]] = gettext("没有这一项。")
    name = normalise_name(said["name"])
    if not name or len(name) > NAME_MAX or any(ord(c) < 32 for c in name):
        errors["name"] = gettext("请填名称，最多 {max} 个字。").format(max=NAME_MAX)
    if not kind.personal:
        if errors:
            raise refusals.FACTS(field_errors=errors)
        code = said["code"].upper()[:40]
        ident = crypto.blind(f"subject/{kind.name}", code) if code else None
        phone = _checked("phone", said["phone"], errors)
        if errors:
            raise refusals.FACTS(field_errors=errors)
        sealed = json.dumps({"phone": phone}, ensure_ascii=False) if phone else ""
        return Identity(name, code, sealed, ident, crypto.blind("phone", phone) if phone else None, "", None)
    number = _checked("id_number", said["id_number"], errors)
    phone = _checked("phone", said["phone"], errors)
    sex = SEXES.get(said["sex"].lower())
    born = _day(facts.get("born"))
    if sex is None:
        errors["sex"] = gettext("请填男或女。")
    if said["born"] and born is None:
        errors["born"] = gettext("出生日期不对，请填如 1950-03-05。")
    if number:
        from_number = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        own = "m" if int(number[16]) % 2 else "f"
        if born is not None and born != from_number:
            errors["born"] = gettext("和身份证号里的出生日期不一样。")
        if sex and sex != own:
            errors["sex"] = gettext("和身份证号里的性别不一样。")
        born, sex = from_number, own
    if errors:
        raise refusals.FACTS(field_errors=errors)
    kept = {"name": name, "id_number": number, "phone": phone, "sex": sex, "born": born and born.isoformat()}
    return Identity(
        label=masked(kind, name),
        code="",
        sealed=json.dumps({k: v for k, v in kept.items() if v}, ensure_ascii=False, sort_keys=True),
        ident_hash=crypto.blind("identity", number) if number else None,
        phone_hash=crypto.blind("phone", phone) if phone else None,
        sex=sex or "",
        born=born,
    )


def masked(kind: Kind, name: str) -> str:
    """The name as it may stand in a list: 秦○ for a person, 秦○户 for a household."""
    if not kind.personal:
        return name
    if name.endswith("户") and len(name) > 2:
        return f"{mask_name(name[:-1])}户"
    return mask_name(name)


def opened(refs: Collection[int]) -> dict[int, dict[str, Any]]:
    """The sealed facts of subjects by their reference; an erased one is empty. One query."""
    texts = events.read_private(refs)
    return {ref: json.loads(text) if text else {} for ref, text in texts.items()}


MASKS = {"id_number": mask_identity, "phone": mask_phone, "name": mask_name}


def shown(name: str, value: Any) -> str:
    """A personal value as it may be shown without asking: masked by its kind."""
    if not value:
        return ""
    return MASKS[name](str(value)) if name in MASKS else "****"


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value).strip()


def _day(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    found = read_date(str(value)) if value else None
    return found if found is not None and 1870 <= found.year <= 2200 else None


_WORDS = {"id_number": normalise_identity, "phone": normalise_phone}


def _checked(name: str, value: str, errors: dict[str, str]) -> str:
    if not value:
        return ""
    try:
        return _WORDS[name](value)
    except ValueError:
        errors[name] = (
            gettext("身份证号不对，请逐位核对，末位可以是 X。")
            if name == "id_number"
            else gettext("电话号码不对，请逐位核对。")
        )
        return ""


@events.on_erase
def forget(stream: str, names: tuple[str, ...]) -> None:
    """What an erasure of `subject:<id>` leaves in the row: nothing that points to the person."""
    from .models import Subject

    prefix, _colon, number = stream.partition(":")
    if prefix == "subject":
        Subject.objects.filter(pk=int(number)).update(label=ERASED, ident_hash=None, phone_hash=None, sex="", born=None)
