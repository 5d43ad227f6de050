"""One field of a form: what it holds, how it is read, how it is stored, how it is shown to a program."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import expressions as ex

from .checks import checked
from .cleaning import Refused, clean_text
from .numerals import read_date, read_number

TYPES = (
    "text", "long_text", "number", "truth", "date", "choice", "seat", "place", "category", "photos", "limit", "seats",
    "places", "entry",
)  # fmt: skip
LISTS = frozenset({"photos", "seats", "places"})
# Greatest length, greatest number, or greatest count when the field does not say.
DEFAULT_MAX = {"text": 200, "long_text": 5_000, "photos": 6, "seats": 20, "places": 200}
HARD_MAX = {"text": 2_000, "long_text": 20_000, "photos": 20, "seats": 60, "places": 1_000}
YES = frozenset({"true", "1", "on", "yes", "y", "是", "对", "有", "真", "同意"})
NO = frozenset({"false", "0", "off", "no", "n", "否", "不", "不是", "没有", "无", "假", "不同意"})


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a choice with its title in both languages."""

    value: str
    title: Mapping[str, str]

    @property
    def label(self) -> str:
        """The title in the active language."""
        return _localised(self.title) or self.value


@dataclass(frozen=True, slots=True)
class Field:
    """A question of a form.

    `max`: characters of a text, greatest number, or count of photos; `min`: smallest number; `required`: always to
    be answered; `required_when`: to be answered if this condition over the fields above holds; `when`: asked only
    if this condition holds (None: always); `default`: what a page shows first, never filled in silently;
    `sensitive`: personal, must be kept as private text; `public`: the answer is shown to the resident; `unit`: what a
    number counts ("亩"); `check`: what a text must be ("id_number", "phone", "plate", "credit_code").
    """

    id: str
    type: str
    title: Mapping[str, str]
    required: bool = False
    required_when: str | None = None
    max: int | None = None
    min: int | None = None
    choices: tuple[Option, ...] = ()
    sensitive: bool = False
    public: bool = False
    when: str | None = None
    default: str | int | bool | None = None
    hint: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    check: str | None = None
    register: str | None = None  # of an entry: the register whose lines may be chosen

    @property
    def label(self) -> str:
        """The title in the active language."""
        return _localised(self.title) or self.id

    @property
    def help(self) -> str:
        """The hint in the active language, or an empty text."""
        return _localised(self.hint)

    @property
    def limit(self) -> int:
        """The greatest length or count in force."""
        return self.max if self.max is not None else DEFAULT_MAX.get(self.type, 0)

    def expression_type(self) -> ex.Type:
        """How conditions see this field."""
        if self.type == "choice":
            labels = {t: o.value for o in self.choices for t in o.title.values() if t}
            return ex.Choice([o.value for o in self.choices], labels)
        return _EXPRESSION[self.type]


_EXPRESSION: dict[str, ex.Type] = {
    "text": ex.Text, "long_text": ex.Text, "number": ex.Number, "truth": ex.Truth, "date": ex.Date,
    "seat": ex.Number, "place": ex.Number, "category": ex.Text, "photos": ex.ListOf(ex.Text), "limit": ex.Text,
    "seats": ex.ListOf(ex.Number), "places": ex.ListOf(ex.Number), "entry": ex.Number,
}  # fmt: skip


def _localised(title: Mapping[str, str]) -> str:
    from gezhi.foundation.packs.reading import localised

    return localised(title)


def is_empty(value: Any) -> bool:
    """Whether nothing was filled in."""
    return value is None or value in ("", [], ()) or (isinstance(value, str) and not value.strip())


def clean_value(asked: Field, value: Any) -> Any:
    """The value of one field as the product keeps it (None when empty); Refused says why not.

    text and long_text `str`, number `Decimal`, truth `bool`, date `date`, choice and category `str` code,
    seat and place `int` id, photos `list` of stored file ids, seats and places `list` of ids, limit `str` such as "4 work_hour".
    """
    if is_empty(value):
        return None
    return _CLEAN[asked.type](asked, value)


def _as_text(value: Any, max: int, lines: bool = False) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Refused("form.type", _("这里要填文字。"))
    return clean_text(str(value), max=max, lines=lines)


def _text(asked: Field, value: Any) -> str | None:
    said = _as_text(value, asked.limit, lines=asked.type == "long_text") or None
    return checked(asked.check, said) if said and asked.check else said


def _number(asked: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise Refused("form.number", _("这里要填数字。"))
    number = read_number(repr(value) if isinstance(value, float) else str(value))
    if number is None or len(number.as_tuple().digits) > 20:
        raise Refused("form.number", _("“{value}”不是数字，请填如 12 或 3.5。"), value=str(value)[:40])
    if asked.max is not None and number > asked.max:
        raise Refused("form.high", _("最大填 {max}。"), max=asked.max)
    if asked.min is not None and number < asked.min:
        raise Refused("form.low", _("最小填 {min}。"), min=asked.min)
    return number


def _truth(asked: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    said = str(value).strip().lower()
    if said in YES:
        return True
    if said in NO:
        return False
    raise Refused("form.truth", _("请选“是”或“否”。"))


def _date(asked: Field, value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        value = value.date()
    day = value if isinstance(value, dt.date) else read_date(value) if isinstance(value, str) else None
    if day is None or not 1900 <= day.year <= 2200:
        raise Refused("form.date", _("“{value}”不是日期，请填如 2026-03-05 或 2026年3月5日。"), value=str(value)[:40])
    return day


def _choice(asked: Field, value: Any) -> str:
    said = _as_text(value, 200)
    for option in asked.choices:
        if said == option.value or said in option.title.values():
            return option.value
    raise Refused(
        "form.choice", _("请从列出的选项里选一个：{choices}。"), choices="、".join(o.label for o in asked.choices[:12])
    )


def _id(words: Any) -> Callable[[Field, Any], int]:
    def clean(asked: Field, value: Any) -> int:
        number = read_number(str(value)) if not isinstance(value, bool) and isinstance(value, int | str) else None
        if number is None or number != number.to_integral_value() or not 0 < number < 2**63:
            raise Refused("form.choice_of_" + asked.type.removesuffix("s"), words)
        return int(number)

    return clean


def _seat(asked: Field, value: Any) -> int:
    from gezhi.foundation import people

    words = _("没有这个岗位，请从列表里选。")
    seat = people.directory().seats.get(_id(words)(asked, value))
    if seat is None or seat.closed_at is not None:
        raise Refused("form.choice_of_seat", words)
    return seat.id


def _place(asked: Field, value: Any) -> int:
    from gezhi.foundation import places

    words = _("没有这个地方，请从列表里选。")
    place = _id(words)(asked, value)
    if places.directory().get(place) is None:
        raise Refused("form.choice_of_place", words)
    if not places.directory().open(place):
        raise Refused("form.closed_place", _("这个地方已经撤并，请选现在的地方。"))
    return place


def _entry(asked: Field, value: Any) -> int:
    from gezhi.foundation.subjects.models import Entry

    words = _("台账里没有这一条，请从列表里选。")
    id = _id(words)(asked, value)
    # Also one that has ended since: what was answered then is read again when a record is replayed.
    if not Entry.objects.filter(pk=id, register=asked.register).exists():
        raise Refused("form.choice_of_entry", words)
    return id


def _category(asked: Field, value: Any) -> str:
    from gezhi.foundation import packs

    said = _as_text(value, 80)
    category = packs.registry().categories.find(said)
    if category is None:
        near = packs.registry().categories.nearest(said)
        if near is None:
            raise Refused("form.category", _("没有“{value}”这个类别。"), value=said)
        raise Refused("form.category", _("没有“{value}”这个类别，您是要选“{near}”吗？"), value=said, near=near.name)
    return category.code


def _photos(asked: Field, value: Any) -> list[Any]:
    items = list(value) if isinstance(value, list | tuple) else [value]
    if len(items) > asked.limit:
        raise Refused("form.many", _("最多放 {max} 张照片，现在 {count} 张。"), max=asked.limit, count=len(items))
    whole = _id(_("照片没有收到，请重新选。"))
    # An upload has not been stored yet: the face stores it, then hands over the id.
    return [item if hasattr(item, "read") else whole(asked, item) for item in items]


def _several(one: Callable[[Field, Any], int]) -> Callable[[Field, Any], list[int]]:
    """A list of `one`s, each once, in the order given; a text of ids parted by commas is read as well."""

    def clean(asked: Field, value: Any) -> list[int]:
        if isinstance(value, str):
            value = [part for part in re.split(r"[,，\s]+", value) if part]
        items = list(value) if isinstance(value, list | tuple) else [value]
        items = [item for item in items if not is_empty(item)]
        if len(items) > asked.limit:
            raise Refused("form.many", _("最多选 {max} 个，现在 {count} 个。"), max=asked.limit, count=len(items))
        return list(dict.fromkeys(one(asked, item) for item in items))

    return clean


_LIMIT = re.compile(r"(.+?)\s*个?\s*([a-z]+_[a-z]+|紧急工作[时日]|工作[时日]|自然日)")
_LIMIT_WORDS = _("“{value}”不是时限，请填如 4 工作时 或 3 工作日。")


def _limit(asked: Field, value: Any) -> str:
    from gezhi.foundation.calendar import parse_limit
    from gezhi.foundation.errors import Invalid

    if isinstance(value, Mapping):
        value = f"{value.get('value', '')} {value.get('unit', '')}"
    said = _as_text(value, 40)
    parts = _LIMIT.fullmatch(said)
    number = read_number(parts[1]) if parts else None
    try:
        if parts is None or number is None:
            raise Refused("form.limit", _LIMIT_WORDS, value=said)
        return str(parse_limit(f"{number} {parts[2]}"))
    except Invalid:
        raise Refused("form.limit", _LIMIT_WORDS, value=said) from None


_CLEAN: dict[str, Callable[[Field, Any], Any]] = {
    "text": _text, "long_text": _text, "number": _number, "truth": _truth, "date": _date, "choice": _choice,
    "seat": _seat, "place": _place, "category": _category, "photos": _photos, "limit": _limit,
    "seats": _several(_seat), "places": _several(_place), "entry": _entry,
}  # fmt: skip


def dump_value(value: Any) -> Any:
    """The JSON form of a kept value: decimals and dates as text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def load_value(asked: Field, value: Any) -> Any:
    """The kept value from its JSON form (the inverse of `dump_value`)."""
    if value is None:
        return None
    if asked.type == "number":
        return Decimal(value)
    if asked.type == "date":
        return dt.date.fromisoformat(value)
    return value
