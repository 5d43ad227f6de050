"""Texts that must be something: numbers of people, firms and vehicles, each in one spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

from .cleaning import Refused

_PLATE = re.compile(r"[\u4e00-\u9fff][A-Z][A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]")
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def _plain(text: str) -> str:
    return re.sub(r"[\s·•\-]+", "", unicodedata.normalize("NFKC", text)).upper()


def _plate(text: str) -> str:
    said = _plain(text)
    if not _PLATE.fullmatch(said):
        raise ValueError("not a plate")
    return said


def _credit_code(text: str) -> str:
    """GB 32100: 18 characters of which the last is a check over the others."""
    said = _plain(text)
    if len(said) != 18 or any(c not in _CREDIT for c in said):
        raise ValueError("not a credit code")
    total = sum(_CREDIT.index(c) * pow(3, i, 31) for i, c in enumerate(said[:17]))
    if _CREDIT[(31 - total % 31) % 31] != said[17]:
        raise ValueError("wrong check character")
    return said


def _id_number(text: str) -> str:
    from gezhi.foundation.people.personal import normalise_identity

    return normalise_identity(text)


def _phone(text: str) -> str:
    from gezhi.foundation.people.personal import normalise_phone

    return normalise_phone(text)


CHECKS: dict[str, tuple[Callable[[str], str], object]] = {
    "id_number": (_id_number, _("身份证号不对，请逐位核对，末位可以是 X。")),
    "phone": (_phone, _("电话号码不对，请逐位核对。")),
    "plate": (_plate, _("车牌号不对，请填如 豫H12345。")),
    "credit_code": (_credit_code, _("统一社会信用代码不对，请逐位核对（18 位，不含 I、O、S、V、Z）。")),
}


def offer(check: str, normal: Callable[[str], str], words: object) -> None:
    """A check that another room answers: `normal` gives the one spelling or raises ValueError."""
    CHECKS[check] = (normal, words)


def checked(check: str, text: str) -> str:
    """The text in its one spelling. Raises Refused with the check's own words."""
    normal, words = CHECKS[check]
    try:
        return normal(text)
    except ValueError:
        raise Refused(f"form.{check}", words) from None
