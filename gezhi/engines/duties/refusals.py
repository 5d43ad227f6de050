"""What this room refuses, in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import register

register(
    "duties.not_owed",
    404,
    _("这件事现在不用做。"),
    _("对象不在这项规定的名单里，或者没有“{period}”这一期。"),
    _("请刷新今天要办，再看一眼。"),
)
register(
    "duties.not_yours",
    403,
    _("这件事不归您记。"),
    _("它由 {seat} 来做。"),
    _("请告诉这个岗位上的人，或请上级安排代岗。"),
)
register(
    "duties.too_early",
    409,
    _("这一期还没到时候。"),
    _("{opens} 起才能记这一期。"),
    _("到时候再记；现在发现有事，请直接报一件。"),
)
register(
    "duties.settled",
    409,
    _("这一期已经有记录了。"),
    _("{who} 在 {at} 记过。"),
    _("您看到的情况如果不同，请直接报一件，两边都会留着。"),
)
register(
    "duties.waived",
    409,
    _("这一期已经免了。"),
    _("免做的理由已经记下。"),
    _("去看了、发现有事的话，请直接报一件。"),
)
register(
    "duties.no_ground",
    422,
    _("请选一个免做的理由。"),
    _("这项规定可以用的理由是：{known}。"),
    _("没有合适的理由就照常去做，或记成没做到。"),
)
register(
    "duties.nothing_to_take_back",
    409,
    _("这条记录不能撤回。"),
    _("只能由记的人在 {minutes} 分钟内撤回，而且没有因此报出事情。"),
    _("请补一条新的情况，原来的记录会留着。"),
)
register(
    "duties.claimed_ahead",
    422,
    _("走访的时间比现在还晚。"),
    _("手机给的时间是 {at}。"),
    _("请看一下手机的时间对不对，再记一次。"),
)
