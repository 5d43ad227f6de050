"""What this room refuses, and in which words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import Invalid, register

register(
    "event.stale",
    409,
    _("这件事已经变了。"),
    _("记录 {stream} 在第 {seq} 条之后，已经有人先记了一条。"),
    _("请看一眼最新的情况再办。"),
)
register(
    "event.unfit",
    422,
    _("这条记录没有记下。"),
    _("{stream} 的 {kind} 里有存不了的内容：{detail}。"),
    _("请改好内容再试；如果还不行，请告诉系统管理员。"),
)
register(
    "private.unfit",
    422,
    _("这段文字没有存下。"),
    _("{stream} 的 {name} 里有存不了的字符。"),
    _("请删去看不见的特殊字符再试。"),
)
register(
    "private.unreadable",
    503,
    _("这段文字现在打不开。"),
    _("{stream} 的 {name} 与存入时不一致，可能被改动或损坏。"),
    _("请告诉系统管理员，运行 gezhi verify 查明。"),
)
register(
    "erase.nothing",
    404,
    _("没有可抹除的内容。"),
    _("{stream} 里没有您指的这段文字，或者早已抹除。"),
    _("请核对后再试。"),
)
register(
    "erase.ground",
    422,
    _("抹除要写明依据。"),
    _("抹除不可撤销，以后要能说清凭什么。"),
    _("请填写依据，例如当事人申请的文号，不超过 200 字。"),
)
register(
    "roots.ground",
    422,
    _("接受恢复后的数据要写明原因。"),
    _("区块根导出里会留下这一笔，以后要能说清为什么。"),
    _("请填写原因，例如从哪一份备份恢复，不超过 200 字。"),
)


def unfit(stream: str, kind: str, detail: str) -> Invalid:
    return Invalid("event.unfit", stream=stream, kind=kind, detail=detail)
