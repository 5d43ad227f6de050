"""Refusals of those who change methods, in plain words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import register

WORDS: dict[str, Any] = {
    "draft.name": _("这份办法叫“{name}”，workflow 一行请不要改；要另起一个名字，请从工作法页另起一份。"),
}
register(
    "draft.not_found",
    404,
    _("没有这份草稿。"),
    _("它已经发布、作废，或者从来没有过。"),
    _("请从工作法页打开要改的办法。"),
)
register(
    "draft.stale",
    409,
    _("这份草稿刚刚被别人改过。"),
    _("您打开之后，又存了一步新的改动，所以您这一步没有存。"),
    _("请看一眼现在的样子，再改一次。"),
)
register(
    "draft.closed",
    409,
    _("这份草稿现在不能改。"),
    _("它正在等批准，或者已经有了结果。"),
    _("等批准的可以先撤回来再改；已发布的请另起一份。"),
)
register(
    "draft.edit",
    422,
    _("这一步改动没有做。"),
    _("照这样改，办法就走不通了。"),
    _("请看标出的地方，换一个写法。"),
)
register(
    "draft.nothing_back",
    409,
    _("没有可以退回的改动。"),
    _("已经回到最初（或最新）的样子。"),
    _("请接着改。"),
)
register(
    "draft.flawed",
    422,
    _("办法还有 {count} 处问题，不能提交。"),
    _("有问题的办法一办起来就会卡住，所以不能发布。"),
    _("请照列出的地方一处一处改好再交。"),
)
register(
    "draft.same",
    422,
    _("和现在用的一模一样。"),
    _("没有改动，发布出来也只是同一个办法。"),
    _("请先改，再提交。"),
)
register(
    "draft.own_approval",
    403,
    _("自己改的办法不能自己批准。"),
    _("发布要由没有动手改过这份草稿的另一个人批准。"),
    _("请另一位管理工作包的同事来看。"),
)
register(
    "draft.above",
    403,
    _("这份办法不由您批准。"),
    _("一个地方自己的版本，由上一级（督办这里的席位）或者管理工作包的人批准。"),
    _("请上一级的同事来看。"),
)
register(
    "draft.place",
    422,
    _("这个地方不能有自己的版本。"),
    _("自己的版本可以定给一个县、一个乡镇街道，或者一个村、社区；撤并了的地方不行。"),
    _("请换一个地方，或者定给所有地方。"),
)
register(
    "draft.place_protected",
    422,
    _("这种办法不能只改一个地方的。"),
    _("它管的是举报、信访一类保密的事；被反映的地方不能自己定怎么受理。"),
    _("要改，请从所有地方通用的版本改起，由管理工作包的人批准。"),
)
register(
    "draft.name_taken",
    422,
    _("这个名字用不了。"),
    _("名字只用小写字母、数字和下划线，以字母开头，并且没有别的办法在用。"),
    _("请换一个名字。"),
)
