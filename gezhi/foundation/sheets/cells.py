"""One cell: what a person wrote, read as what the field wants, or the words for what is wrong with it. Pure.

Values are JSON: text, whole numbers and decimals as text, dates "2026-11-18", moments "2026-11-18T23:59:59+08:00".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from gezhi.foundation.calendar.lunar import read_lunar
from gezhi.foundation.forms import clean_text, read_date, read_number
from gezhi.foundation.people.personal import normalise_identity, normalise_name, normalise_phone

from .problems import wrong

CHINA = timezone(timedelta(hours=8))
TYPES = ("text", "long_text", "code", "number", "date", "moment", "phone", "identity", "name", "truth", "choice")
_SERIAL_FROM, _SERIAL_TO = 20_000, 80_000  # Excel's days since 1899-12-30: 1954 to 2119
#: As many words are worth saying in a cell's reason.
FEW = 8
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 what a sheet holds has no zone
_CLOCK = re.compile(
    r"T?(上午|中午|下午|晚上|凌晨|早上)?(\d{1,2})(?:[:时点](?:(\d{1,2})(?:[:分](\d{1,2})秒?|分)?|整)?)?(?:\.\d+)?(?:Z|\+08:?00)?$"
)
_WEEKDAY = re.compile(r"[（(]?(?:星期|周)[一二三四五六日天][）)]?")
_YES = frozenset({"是", "有", "对", "√", "✓", "y", "yes", "true", "1", "1.0", "已", "加急", "紧急"})
_NO = frozenset({"否", "无", "不", "×", "x", "n", "no", "false", "0", "0.0", "未", "一般", "普通", "/", "-"})


@dataclass(frozen=True)
class Field:
    """What a target takes from a sheet. `key`: the sender's own number, one row each. `day_ends`: a date without a
    time means its last second. `words`: how senders call the column; packs add theirs."""

    id: str
    title: Mapping[str, str]
    type: str = "text"
    required: bool = False
    key: bool = False
    max: int = 200
    sensitive: bool = False
    day_ends: bool = False
    words: tuple[str, ...] = ()


def read(field: Field, cell: Any, choices: Mapping[str, Any] | None = None) -> Any:
    """The value of a cell for a field; None when it is empty. `choices`: the sender's words -> our value.

    Raises Refused with a stable code ("cell.date") and words.
    """
    if cell is None:
        if field.required:
            raise wrong("cell.empty")
        return None
    if isinstance(cell, str) and cell[:1] == "#" and cell.rstrip("!?/0").upper() in _BROKEN_FORMULAS:
        raise wrong("cell.formula", cell=cell[:12])
    return _READERS[field.type](field, cell, choices or {})


_BROKEN_FORMULAS = {"#REF", "#N", "#N/A", "#VALUE", "#DIV", "#NAME", "#NUM", "#NULL"}


def written(cell: Any) -> str:
    """A cell as a person sees it: whole numbers without ".0", dates as dates."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d" if cell.time() == time() else "%Y-%m-%d %H:%M")
    return str(cell)


def _text(field: Field, cell: Any, _choices: Mapping[str, Any]) -> str:
    return clean_text(written(cell), max=field.max, lines=field.type == "long_text")


def _code(field: Field, cell: Any, _choices: Mapping[str, Any]) -> str:
    """A number that names something: its digits must be all there."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= 1e15:
        raise wrong("cell.digits")
    text = unicodedata.normalize("NFKC", written(cell))
    if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", text):
        raise wrong("cell.digits")
    return clean_text("".join(text.split()), max=field.max, lines=False)


def _number(field: Field, cell: Any, _choices: Mapping[str, Any]) -> str:
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        return format(Decimal(repr(cell)), "f")
    found = read_number(written(cell))
    if found is None:
        raise wrong("cell.number", cell=written(cell)[:20])
    return format(found, "f")


def as_moment(cell: Any) -> tuple[date, time | None] | None:
    """(day, time or None when only the day is written), or None when it is neither."""
    if isinstance(cell, datetime):
        return cell.date(), None if cell.time() == time() else cell.time().replace(microsecond=0)
    if isinstance(cell, date):
        return cell, None
    if isinstance(cell, int | float) and not isinstance(cell, bool) and _SERIAL_FROM <= cell <= _SERIAL_TO:
        return as_moment((_EPOCH + timedelta(days=float(cell))).replace(microsecond=0))
    text = unicodedata.normalize("NFKC", written(cell)).strip()
    if len(text) > 60:
        return None
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and _SERIAL_FROM <= float(text) <= _SERIAL_TO:
        return as_moment(float(text))
    text = _WEEKDAY.sub(" ", text)
    day = _day(text)
    if day is not None:
        return day, None
    plain = re.sub(r"\s+", "T", text)
    # The day may end anywhere before the clock; the longest day that leaves a clock is meant.
    for cut in range(len(plain) - 1, 3, -1):
        clock = _CLOCK.fullmatch(plain[cut:].replace("：", ":"))
        if clock is None or (plain[cut - 1].isdigit() and plain[cut].isdigit()):
            continue
        day = _day(plain[:cut].rstrip("T"))
        if day is not None and (at := _clock(clock)) is not None:
            return day, at
    return None


def _day(text: str) -> date | None:
    found = read_date(text) or read_lunar(text)
    return found if found is not None and 1900 <= found.year <= 2100 else None


def _clock(found: re.Match[str]) -> time | None:
    hour, minute, second = int(found[2]), int(found[3] or 0), int(found[4] or 0)
    if found[1] in ("下午", "晚上") and hour < 12:
        hour += 12
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def _date(_field: Field, cell: Any, _choices: Mapping[str, Any]) -> str:
    found = as_moment(cell)
    if found is None:
        raise wrong("cell.date", cell=written(cell)[:20])
    return found[0].isoformat()


def _moment(field: Field, cell: Any, _choices: Mapping[str, Any]) -> str:
    found = as_moment(cell)
    if found is None:
        raise wrong("cell.moment", cell=written(cell)[:20])
    day, at = found
    at = at or (time(23, 59, 59) if field.day_ends else time())
    return datetime.combine(day, at, CHINA).isoformat()


def _phone(_field: Field, cell: Any, _choices: Mapping[str, Any]) -> str | None:
    text = written(cell)
    if text in ("无", "/", "-", "—", "匿名", "保密"):
        return None
    try:
        return normalise_phone(text)
    except ValueError:
        raise wrong("cell.phone") from None


def _identity(_field: Field, cell: Any, _choices: Mapping[str, Any]) -> str:
    if isinstance(cell, int | float):
        raise wrong("cell.digits")
    try:
        return normalise_identity(written(cell))
    except ValueError:
        raise wrong("cell.identity") from None


def _name(field: Field, cell: Any, _choices: Mapping[str, Any]) -> str:
    return clean_text(normalise_name(written(cell)), max=field.max, lines=False)


def _truth(_field: Field, cell: Any, choices: Mapping[str, Any]) -> bool:
    word = unicodedata.normalize("NFKC", written(cell)).strip().lower()
    if word in choices:
        return bool(choices[word])
    if isinstance(cell, bool):
        return cell
    if word in _YES or word in _NO:
        return word in _YES
    raise wrong("cell.truth", cell=written(cell)[:20])


def _choice(_field: Field, cell: Any, choices: Mapping[str, Any]) -> Any:
    word = plain(written(cell))
    if word in choices:
        return choices[word]
    known: dict[str, str] = {}  # for each value the Chinese word that people write, not its code
    for said, value in choices.items():
        if str(value) not in known or (known[str(value)].isascii() and not said.isascii()):
            known[str(value)] = said
    if 0 < len(known) <= FEW:
        raise wrong("cell.choice_of", cell=written(cell)[:20], known="、".join(known.values()))
    raise wrong("cell.choice", cell=written(cell)[:20])


def plain(word: str) -> str:
    """A word for comparing: full-width as half, without spaces and case."""
    return "".join(unicodedata.normalize("NFKC", word).split()).lower()


_READERS: dict[str, Callable[[Field, Any, Mapping[str, Any]], Any]] = {
    "text": _text, "long_text": _text, "code": _code, "number": _number, "date": _date, "moment": _moment,
    "phone": _phone, "identity": _identity, "name": _name, "truth": _truth, "choice": _choice,
}  # fmt: skip
