"""Phones, identity numbers and names: one spelling each, and what may be shown of them.

Pure functions on text. A value is normalised before it is indexed, so that 138 0000 0000,
+86-138-0000-0000 and １３８００００００００ are one phone.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from operator import mul

# What is spelled right already is most of it: a sheet's number is read some eight times until it lies in the register.
_CLEAN_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_CLEAN_IDENTITY = re.compile(r"[1-9][0-9]{16}[0-9X]")
_CLEAN_NAME = re.compile(r"[\u3400-\u9fff]+")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"(0(?:10|2\d|[3-9]\d{2}))([2-9]\d{6,7})")
_SERVICE = re.compile(r"(?:400|800)\d{7}|9[56]\d{3,4}|12\d{3}")
_EXTENSION = re.compile(r"(?:转|分机|ext\.?|x|#)\s*(\d{1,6})$", re.IGNORECASE)
_FILLING = re.compile(r"[\s\-‐‑–—―()（）.·_/]+")

# Two-character surnames still in use; any other name is taken to begin with a one-character surname.
COMPOUND_SURNAMES = frozenset(
    {
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "令狐",
        "慕容",
        "司徒",
        "司空",
        "夏侯",
        "独孤",
        "南宫",
        "宇文",
        "长孙",
        "轩辕",
        "端木",
        "百里",
        "呼延",
        "东郭",
        "西门",
        "闻人",
        "澹台",
        "公冶",
        "宗政",
        "濮阳",
        "淳于",
        "单于",
        "太叔",
        "申屠",
        "仲孙",
        "钟离",
        "鲜于",
        "闾丘",
        "完颜",
        "拓跋",
        "纳兰",
        "赫连",
        "左丘",
        "东门",
        "第五",
        "万俟",
        "公羊",
        "梁丘",
        "谷梁",
        "段干",
        "羊舌",
        "微生",
        "南门",
        "耶律",
    }
)

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def normalise_phone(text: str) -> str:
    """One spelling of a phone: "13800000000", "0391-8234567", "0391-8234567-12", "12345".

    Accepts full-width digits, +86, 0086, spaces, dashes, brackets and extensions.
    Raises ValueError when it is no Chinese phone.
    """
    if _CLEAN_MOBILE.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKC", text).strip()
    extension = ""
    if match := _EXTENSION.search(plain):
        extension, plain = match[1], plain[: match.start()]
    elif match := re.fullmatch(r"(0\d{2,3}[-\s]+\d{7,8})-(\d{1,6})", plain):
        plain, extension = match[1], match[2]
    digits = _FILLING.sub("", plain)
    for prefix in ("+86", "0086"):
        if digits.startswith(prefix):
            digits = digits[len(prefix) :]
            # Abroad one writes +86 391 ...: the trunk zero comes back.
            if not _MOBILE.fullmatch(digits) and not digits.startswith("0") and len(digits) in (9, 10, 11):
                digits = "0" + digits
    if digits.startswith("86") and _MOBILE.fullmatch(digits[2:]):
        digits = digits[2:]
    if digits.startswith("0") and _MOBILE.fullmatch(digits[1:]):
        digits = digits[1:]  # the old habit of a zero before an out-of-town mobile
    if not digits.isascii() or not digits.isdigit():
        raise ValueError("not a phone")
    if _MOBILE.fullmatch(digits) or _SERVICE.fullmatch(digits):
        base = digits
    elif match := _LANDLINE.fullmatch(digits):
        base = f"{match[1]}-{match[2]}"
    else:
        raise ValueError("not a phone")
    return f"{base}-{extension}" if extension else base


def normalise_identity(text: str) -> str:
    """An 18-digit citizen identity number with a right check digit and a real birth date.

    Fifteen-digit numbers of before 1999 are completed. Raises ValueError.
    """
    plain = text
    if not _CLEAN_IDENTITY.fullmatch(plain):
        plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
        if re.fullmatch(r"[1-9]\d{14}", plain):
            plain = f"{plain[:6]}19{plain[6:]}"
            plain += identity_check(plain)
        if not re.fullmatch(r"[1-9]\d{16}[\dX]", plain):
            raise ValueError("not an identity number")
    date(int(plain[6:10]), int(plain[10:12]), int(plain[12:14]))
    if identity_check(plain[:17]) != plain[17]:
        raise ValueError("wrong check digit")
    return plain


def identity_check(first17: str) -> str:
    """The check character of GB 11643 for the first seventeen digits."""
    if len(first17) != len(_WEIGHTS):
        raise ValueError("not seventeen digits")
    return _CHECKS[sum(map(mul, _WEIGHTS, map(int, first17))) % 11]


def normalise_name(text: str) -> str:
    """A name without stray spaces; the dot between parts of a name is always ·."""
    if _CLEAN_NAME.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = re.sub(r"\s*[·•・‧∙.]\s*", "·", plain) if not plain.isascii() else plain
    if re.fullmatch(r"[\u3400-\u9fff\s]+", plain):
        return re.sub(r"\s+", "", plain)
    return re.sub(r"\s+", " ", plain)


def mask_phone(text: str) -> str:
    """138****0000, 0391-****567; anything unreadable becomes stars only."""
    try:
        phone = normalise_phone(text)
    except ValueError:
        return "****"
    if _MOBILE.fullmatch(phone[:11]):
        return f"{phone[:3]}****{phone[7:11]}"
    if "-" in phone and phone.startswith("0"):
        area, number = phone.split("-")[:2]
        return f"{area}-{'*' * (len(number) - 3)}{number[-3:]}"
    return phone.split("-")[0]  # a public service number is nobody's secret


def mask_name(text: str) -> str:
    """Surname and one circle, whatever the length: 秦○, 欧阳○, 阿○, S○. Empty stays empty."""
    name = normalise_name(text)
    if not name:
        return ""
    surname = name[:2] if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else name[0]
    return f"{surname}○"


def mask_identity(text: str) -> str:
    """The first four digits (which prefecture) and the last two; the birthday is not shown."""
    try:
        number = normalise_identity(text)
    except ValueError:
        return "****"
    return f"{number[:4]}{'*' * 12}{number[-2:]}"
