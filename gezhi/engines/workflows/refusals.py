"""Refusals of the writers of cases, in plain words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import register

register(
    "case.service_retired",
    422,
    _("“{title}”从 {since} 起不办了。"),
    _("这一项已经从清单里停办，页面上写着为什么。"),
    _("请看清单里改办的事项，或者直接把事情说出来。"),
)
register(
    "case.unfilled",
    409,
    _("“{method}”还不能用：{blanks}，本地还没有填。"),
    _("做法的来源只说了名字，没有说是什么；平台不替您编。"),
    _("请管理员在“管理 › 工作法”里把它们写明，批准以后就能用。"),
)
register(
    "case.stale",
    409,
    _("这件事刚刚变了。"),
    _("在您打开之后，{who}做了“{what_happened}”。"),
    _("请看一眼现在的情况再办，您写的内容还在。"),
)
register(
    "case.key_reused",
    409,
    _("这个编号的请求内容不一样。"),
    _("同一个 Idempotency-Key 只能对应同一份内容。"),
    _("新的事请换一个新的 Idempotency-Key。"),
)
register(
    "case.no_action",
    422,
    _("这一步不能这样办。"),
    _("“{action}”不在现在可以做的事里。"),
    _("请从现在可做的操作里选。"),
)
register(
    "case.used_up",
    422,
    _("次数用完了。"),
    _("“{counter}”最多 {max} 次。"),
    _("请联系社区或街道，由人来处理。"),
)
register("case.too_late", 422, _("过了可以重新提的时间。"), _("结案超过了期限。"), _("请作为一件新的事提出来。"))
register(
    "case.past_due",
    422,
    _("已经到期，不能再申请。"),
    _("延期要在到期之前申请。"),
    _("请尽快办结，或向督办人说明。"),
)
register(
    "case.no_consent",
    422,
    _("还没有本人的同意。"),
    _("替人代办要先有本人同意的记录。"),
    _("请写下本人是谁、怎么同意的，再开始。"),
)
register(
    "case.place_closed",
    422,
    _("这个地方现在不收事项。"),
    _("它已经撤并或还没有启用。"),
    _("请换一个地方，或打社区电话。"),
)
register(
    "case.place_unknown",
    422,
    _("没认出是哪里。"),
    _("地点不在这个县的村和社区里。"),
    _("请从列表里选一个村或社区。"),
)
register(
    "case.which_item",
    422,
    _("这件事有几路同时在办，没说清是哪一路。"),
    _("“{action}”在几路里都能做。"),
    _("请在案件页上从要办的那一路点进去。"),
)
