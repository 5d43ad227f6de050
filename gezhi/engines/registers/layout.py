"""How a register looks as a sheet: its columns with the headers people use, for reading one and for writing one.

Every register is also a layout of foundation.sheets under the name "register:<name>". `number` is the line's own number
on a sheet that went out from here; such a row needs nothing else, and says 无变化 unless somebody changed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gezhi.foundation import packs
from gezhi.foundation.forms import Field as Asked
from gezhi.foundation.sheets.cells import Field, plain
from gezhi.foundation.sheets.layouts import Layout
from gezhi.foundation.subjects import definitions
from gezhi.foundation.subjects.definitions import Register

PREFIX = "register:"
NUMBER, CHANGED = "number", "changed"
NO_CHANGE = "无变化"

_COMMON = (
    Field(NUMBER, {"zh": "登记号", "en": "Entry no."}, "code", max=20, words=("登记号", "本系统登记号")),
    Field(CHANGED, {"zh": "有无变化", "en": "Any change"}, "text", max=40, words=("有无变化", "是否变化", "核对结果")),
)
_PERSON = (
    Field("name", {"zh": "姓名", "en": "Name"}, "name", max=80, sensitive=True, words=("姓名", "名字", "本人姓名")),
    Field(
        "id_number", {"zh": "身份证号", "en": "Identity number"}, "identity", max=40, sensitive=True,
        words=("身份证号", "身份证号码", "公民身份号码", "身份证", "证件号码"),
    ),
    Field("phone", {"zh": "电话", "en": "Phone"}, "phone", max=40, sensitive=True, words=("电话", "联系电话", "手机号", "联系方式")),
    Field("sex", {"zh": "性别", "en": "Sex"}, "text", max=10, words=("性别",)),
    Field("born", {"zh": "出生日期", "en": "Born"}, "date", max=20, sensitive=True, words=("出生日期", "出生年月", "生日")),
)  # fmt: skip
_THING = (
    Field("name", {"zh": "名称", "en": "Name"}, "text", max=80, words=("名称", "单位名称", "项目", "事项")),
    Field("code", {"zh": "编号", "en": "Code"}, "code", max=40, words=("编号", "代码", "统一社会信用代码")),
    Field("phone", {"zh": "电话", "en": "Phone"}, "phone", max=40, sensitive=True, words=("电话", "联系电话")),
)
_LAST = (
    Field("place", {"zh": "所在地", "en": "Place"}, "text", max=80, words=("所在地", "网格", "村组", "所属村", "村（社区）", "地址", "住址")),
    Field("since", {"zh": "登记日期", "en": "Since"}, "date", max=20, words=("登记日期", "录入时间", "起始日期", "建档时间")),
)  # fmt: skip
FACTS = ("name", "id_number", "phone", "sex", "born", "code")
_TYPES = {"long_text": "long_text", "number": "number", "truth": "truth", "date": "date", "choice": "choice"}
_CHECKS = {"phone": "phone", "id_number": "identity"}


def layout(name: str) -> Layout | None:
    """The layout behind "register:<name>"; None for any other name."""
    if not name.startswith(PREFIX) or name[len(PREFIX) :] not in packs.registry().names("register"):
        return None
    declared = definitions.register(name[len(PREFIX) :])
    return _layout(declared.name, declared.version, _Pinned(declared))


class _Pinned:
    """A register as an argument the cache does not look into; name and version say which it is."""

    def __init__(self, register: Register) -> None:
        self.register = register

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pinned) and other.register == self.register


@lru_cache(maxsize=256)
def _layout(name: str, version: int, pinned: _Pinned) -> Layout:
    declared = pinned.register
    choices: dict[str, Mapping[str, Any]] = {}
    for asked in declared.form:
        if asked.type == "choice":
            choices[asked.id] = {
                plain(word): option.value
                for option in asked.choices
                # Chinese first, by name: PostgreSQL keeps the languages of a title in an order of its own.
                for word in (option.value, option.title.get("zh"), option.title.get("en"))
                if word
            }
    return Layout(
        name=f"{PREFIX}{name}",
        version=version,
        code=f"{PREFIX}{name}",
        title=declared.title,
        target="registers",
        fields=fields(declared),
        choices=choices,
        options={"register": name},
        reply=(),
    )


def fields(declared: Register) -> tuple[Field, ...]:
    """The columns of the register's sheet, in the order they are written out."""
    personal = definitions.kind(declared.of).personal
    about = _PERSON if personal else _THING
    own = [_asked(asked, declared) for asked in declared.form if asked.type in ("text", *_TYPES)]
    found = []
    for field in (*_COMMON, *about, *own, *_LAST):
        words = declared.sheet.get(field.id, ())
        titles = tuple(t for t in field.title.values() if t)
        found.append(
            Field(
                field.id, field.title, field.type, max=field.max, sensitive=field.sensitive,
                words=tuple(dict.fromkeys((*words, *titles, *field.words))),
            )
        )  # fmt: skip
    return tuple(found)


def _asked(asked: Asked, declared: Register) -> Field:
    kind = _CHECKS.get(asked.check or "", "text") if asked.type == "text" else _TYPES[asked.type]
    return Field(
        asked.id, dict(asked.title), kind, max=max(asked.limit, 40), sensitive=asked.id in declared.sensitive,
        words=tuple(t for t in asked.title.values() if t),
    )  # fmt: skip
