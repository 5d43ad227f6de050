"""What can be wrong with the settings of notices, in plain words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import register

GATEWAY_WRONG = register(
    "notice.gateway",
    422,
    _("这个通道没有存下来。"),
    _("有的设置没有填，或者填得不对。"),
    _("请看看标红的地方，改好再存。"),
)
NOT_FOUND = register(
    "notice.not_found",
    404,
    _("没有这条提醒。"),
    _("它不是给您的，或者已经撤回。"),
    _("请从提醒列表里打开。"),
)
TRY_OFF = register(
    "notice.try_off",
    409,
    _("没有试发。"),
    _("这个通道关着。"),
    _("请先把它打开，存下，再试发。"),
)
TRY_NOWHERE = register(
    "notice.try_nowhere",
    422,
    _("没有试发。"),
    _("试发是发给您自己的，系统里没有您的手机号或邮箱。"),
    _("邮箱请在“提醒 › 怎么告诉我”里填；手机号请管人员的同事登记。"),
)
CHOICE_WRONG = register(
    "notice.choice",
    422,
    _("您的选择没有存下来。"),
    _("时间或邮箱写得不对。"),
    _("时间请写成 22:00 的样子，邮箱请写完整。"),
)
