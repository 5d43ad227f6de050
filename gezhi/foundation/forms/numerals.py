"""Numbers and dates as people write them: full-width digits, 一百零五, 2024.3.5, 二〇二四年三月五日."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation

_DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {
    c: i for i, c in enumerate("零壹贰叁肆伍陆柒捌玖")
} | {"○": 0, "Ｏ": 0, "两": 2, "貳": 2, "參": 3, "陸": 6}  # fmt: skip
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_GROUPS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_PLAIN = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_DATE = re.compile(r"(\d{4})([-/.年])(\d{1,2})([-/.月])(\d{1,2})日?号?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")


def _ascii(written: str) -> str:
    """Full-width forms and other decimal digits as ASCII, spaces gone."""
    if written.isascii():
        return "".join(written.split())
    out = []
    for char in written.strip():
        if char.isspace():
            continue
        digit = unicodedata.decimal(char, None)
        if digit is not None:
            out.append(str(digit))
        elif "！" <= char <= "～":
            out.append(chr(ord(char) - 0xFEE0))
        elif char in "−—–":
            out.append("-")
        else:
            out.append(char)
    return "".join(out).replace("。", ".")


def chinese_integer(written: str) -> int | None:
    """The whole number that Chinese numerals stand for: 二〇二四 → 2024, 一千零五 → 1005, 三万二 → None
    (it may mean 32,000; nobody should have to guess). None when the text is no number."""
    if not written or any(c not in _DIGITS and c not in _UNITS and c not in _GROUPS for c in written):
        return None
    if all(c in _DIGITS for c in written):
        return int("".join(str(_DIGITS[c]) for c in written)) if len(written) <= 18 else None
    total = section = 0
    digit: int | None = None
    last = 10**12
    zero = False
    for char in written:
        if char in _DIGITS:
            if digit not in (None, 0):
                return None
            digit = _DIGITS[char]
            zero = zero or digit == 0
        elif char in _UNITS:
            unit = _UNITS[char]
            leading_ten = digit is None and unit == 10 and section == 0 and total == 0
            if unit >= last or (not digit and not leading_ten):
                return None
            section += (1 if digit is None else digit) * unit
            digit, last, zero = None, unit, False
        else:
            section += digit or 0
            if section == 0 or (total and _GROUPS[char] >= _smallest_group(total)):
                return None
            total += section * _GROUPS[char]
            section, digit, last, zero = 0, None, 10**12, False
    # A last digit right after 百, 千, 万 means tens, hundreds or thousands in speech: ambiguous, so no number.
    if digit and not zero and ((section and last > 10) or (total and not section)):
        return None
    return total + section + (digit or 0)


def _smallest_group(total: int) -> int:
    return 10**8 if total % 10**8 == 0 else 10**4


def read_number(written: str) -> Decimal | None:
    """The number a person wrote, or None: "１,２００", "3.5", "-2", "十二", "一百零五"."""
    plain = _ascii(written).replace("，", ",")
    if not plain or len(plain) > 30:
        return None
    if _PLAIN.fullmatch(plain):
        try:
            return Decimal(plain.replace(",", ""))
        except InvalidOperation:
            return None
    sign = -1 if plain.startswith("负") else 1
    whole = chinese_integer(plain.removeprefix("负"))
    return None if whole is None else Decimal(sign * whole)


def read_date(written: str) -> dt.date | None:
    """The day a person wrote, or None: 2024.3.5, 2024-03-05, 2024/3/5, 20240305, 2024年3月5日, 二〇二四年三月五日."""
    plain = _ascii(written)
    if len(plain) > 24:
        return None
    match = _DATE.fullmatch(plain)
    if match and (match[2] == match[4] or (match[2] == "年" and match[4] == "月")):
        parts: list[str] = [match[1], match[3], match[5]]
    elif compact := _COMPACT.fullmatch(plain):
        parts = list(compact.groups())
    else:
        found = re.fullmatch(r"(.{4})年(.{1,3})月(.{1,3})[日号]", plain)
        numbers = [chinese_integer(g) for g in found.groups()] if found else []
        if not numbers or any(n is None for n in numbers):
            return None
        parts = [str(n) for n in numbers]
    try:
        return dt.date(*(int(p) for p in parts))
    except ValueError:
        return None
