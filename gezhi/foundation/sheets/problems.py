"""The words for what is wrong with a cell, by stable code. Rows keep code and facts, so the words come in the
reader's language and can be mended later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.forms import Refused

WORDS: dict[str, Any] = {
    "cell.empty": _("这一格必须填。"),
    "cell.formula": _("这一格是出错的公式（{cell}），请改成文字或数值。"),
    "cell.digits": _("编号太长，Excel 把后几位变成了 0 或科学计数法；请把这一列设成“文本”，从原系统重新粘贴。"),
    "cell.number": _("“{cell}”不是一个数。"),
    "cell.date": _("“{cell}”不像日期，请写成 2026-11-18 这样。"),
    "cell.moment": _("“{cell}”不像日期或时间，请写成 2026-11-18 15:30 这样。"),
    "cell.phone": _("这个号码不像电话，请填 11 位手机号，或带区号的座机。"),
    "cell.identity": _("这个身份证号不对：位数、出生日期或最后一位校验码有错。"),
    "cell.truth": _("“{cell}”看不出是“是”还是“否”。"),
    "cell.choice": _("“{cell}”不在对照表里。"),
    "cell.choice_of": _("“{cell}”认不出，请填这里面的一个：{known}。"),
    "form.long": _("太长了：最多 {max} 个字，现在 {count} 个。"),
    "form.bidi": _("里面有改变文字方向的隐藏字符，请删掉或重新输入。"),
    "form.control": _("里面有看不见的控制字符，请删掉或重新输入。"),
    "form.unreadable": _("里面有读不出来的字符，请重新输入。"),
    "row.twice": _("和第 {row} 行的编号一样，只导入那一行。"),
    "row.known": _("这个编号以前已经导入过，不重复立案。"),
}


def register(words: Mapping[str, Any]) -> None:
    """A target's own problems: code -> lazy words."""
    WORDS.update(words)


def wrong(code: str, **facts: Any) -> Refused:
    """The refusal of one cell, to be raised."""
    return Refused(code, WORDS[code], **facts)


def said(code: str, facts: Mapping[str, Any]) -> str:
    """The words in the active language; the bare code when an older version stored it."""
    words = WORDS.get(code)
    return str(words).format_map(dict(facts)) if words is not None else code
