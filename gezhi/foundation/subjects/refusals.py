"""Every refusal of this room: `raise refusals.ENDED(label="秦○")`. None names what the asker may not see."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal, register

_HTTP: dict[type[Refusal], int] = {Conflict: 409, Invalid: 422, NotAllowed: 403, NotFound: 404}


def _refusal(kind: type[Refusal], code: str, what: Any, why: Any, next: Any) -> Callable[..., Refusal]:
    return partial(kind, register(code, _HTTP[kind], what, why, next))


NO_SUBJECT = _refusal(
    NotFound,
    "subject.none",
    _("没有找到这个对象。"),
    _("它不在您能查看的范围里，或者从来没有登记过。"),
    _("请核对后再找；确实应当看得到的，请联系所在镇街。"),
)
NO_ENTRY = _refusal(
    NotFound,
    "subject.no_entry",
    _("没有找到这一条登记。"),
    _("它不在您能查看的范围里，或者从来没有登记过。"),
    _("请回到台账里重新打开。"),
)
NO_REGISTER = _refusal(
    NotFound,
    "subject.no_register",
    _("没有“{name}”这本台账。"),
    _("现在的工作包里没有它，或者它不在您能查看的范围里。"),
    _("请从台账目录里重新打开。"),
)
NO_KIND = _refusal(
    NotFound,
    "subject.no_kind",
    _("没有“{name}”这一类。"),
    _("现在的工作包里没有这一类对象或关系。"),
    _("请先装上含有它的工作包。"),
)
NOT_HERE = _refusal(
    NotAllowed,
    "subject.not_here",
    _("不能在这里登记。"),
    _("您的岗位管不到这个地方，或者不能改这本台账。"),
    _("请交给管这里的同事登记。"),
)
NO_PLACE = _refusal(
    Invalid,
    "subject.no_place",
    _("请选所在的地方。"),
    _("没有这个地方，或者它已经撤并。"),
    _("请从列表里选现在的村、社区或网格。"),
)
FACTS = _refusal(
    Invalid,
    "subject.facts",
    _("有几项没有填对，没有登记。"),
    _("标红的各项里写了原因。"),
    _("请改好后再存。"),
)
VALUES = _refusal(
    Invalid,
    "subject.values",
    _("有几项没有填对，没有登记。"),
    _("标红的各项里写了原因。"),
    _("请改好后再存。"),
)
DAY = _refusal(
    Invalid,
    "subject.day",
    _("日期不对，没有登记。"),
    _("日期不能晚于今天，也不能早于 1900 年；已经结束的，不能早于开始的那天。"),
    _("请改成事情真正发生的那天。"),
)
EARLIER = _refusal(
    Invalid,
    "subject.earlier",
    _("不能补在 {day} 之前。"),
    _("那以后已经有更晚的变动，插进去会改掉别人登记过的事。"),
    _("请写 {day} 或以后的日期；以前记错的，请在备注里说明。"),
)
ENDED = _refusal(
    Conflict,
    "subject.ended",
    _("{label}已经结束登记。"),
    _("迁出、去世、注销或合并以后，不能再添新的登记。"),
    _("如果当时记错了，请先撤回那一步。"),
)
ENTRY_ENDED = _refusal(
    Conflict,
    "subject.entry_ended",
    _("这一条已经结束。"),
    _("结束以后的登记只能看，不能改。"),
    _("如果又有了，请另起一条。"),
)
WRONG_KIND = _refusal(
    Invalid,
    "subject.wrong_kind",
    _("这本台账登记的是{wanted}，不是{given}。"),
    _("每本台账只登记一类对象。"),
    _("请选对台账，或者先登记对应的对象。"),
)
KNOWN = _refusal(
    Conflict,
    "subject.known",
    _("这个号码已经登记过：{label}。"),
    _("同一个人只登记一次，各本台账都指向那一次。"),
    _("请打开已有的那一位，在那里接着登记。"),
)
KNOWN_IN_VILLAGE = _refusal(
    Conflict,
    "subject.known_in_village",
    _("这个村（社区）已经登记过这个号码。"),
    _("同一个村里一个号码只登记一次。"),
    _("请先按号码查找；查不到的，请联系村（社区）。"),
)
ONE_ONLY = _refusal(
    Conflict,
    "subject.one_only",
    _("“{register}”里同一时间只能有一条。"),
    _("这些日子里已经有一条，再登记一条就说不清哪条是真的。"),
    _("请打开已有的那条来改，或者先结束它。"),
)
NO_PHOTO = _refusal(
    Invalid,
    "subject.no_photo",
    _("还没有选照片。"),
    _("一张也没有收到。"),
    _("请选一张或几张照片再放。"),
)
TOO_MANY_PHOTOS = _refusal(
    Invalid,
    "subject.too_many_photos",
    _("一条登记最多放 {max} 张照片。"),
    _("放得太多，要找的那张就难找了。"),
    _("请先去掉用不着的，再放新的。"),
)
STALE = _refusal(
    Conflict,
    "subject.stale",
    _("这一条刚刚被别人改过，您的改动没有存。"),
    _("您打开以后，有同事先存了。"),
    _("请看过现在的内容，再改一次。"),
)
NO_ENDING = _refusal(
    Invalid,
    "subject.no_ending",
    _("请说明怎么结束的。"),
    _("能写的是：去世、迁出、注销。"),
    _("请选一种。"),
)
RELATION_WRONG = _refusal(
    Invalid,
    "subject.relation_wrong",
    _("这两个对象不能这样联系起来。"),
    _("“{kind}”一边是{one}，另一边是{other}，而且不能是自己。"),
    _("请重新选。"),
)
RELATION_ONE_ONLY = _refusal(
    Conflict,
    "subject.relation_one_only",
    _("“{kind}”同一时间只能有一个。"),
    _("已经有一个还没有结束。"),
    _("请换成新的（原来的当天结束），或者先结束原来的。"),
)
RELATION_ONCE = _refusal(
    Conflict,
    "subject.relation_once",
    _("这两个对象已经这样联系着。"),
    _("同一种关系只记一次。"),
    _("不用再登记。"),
)
NOT_SAME = _refusal(
    Invalid,
    "subject.not_same",
    _("这两份不能合并。"),
    _("合并的两份要是同一类，都还没有结束，而且不能是同一份。"),
    _("请重新选两份。"),
)
MERGE_CHOOSE = _refusal(
    Conflict,
    "subject.merge_choose",
    _("合并前要先选一条：{registers}。"),
    _("两份在同一本台账里各有一条，而那里只能有一条。"),
    _("请选留下哪一条；另一条当天结束，历史都还在。"),
)
NOT_MERGED = _refusal(
    Conflict,
    "subject.not_merged",
    _("这次合并不能拆开。"),
    _("它已经拆开过，或者合并后的那一份又并进了别的。"),
    _("请先拆开后来的那次合并。"),
)
NOT_RESTORED = _refusal(
    Conflict,
    "subject.not_restored",
    _("不能撤回这次结束。"),
    _("结束以后，那里已经有了别的登记。"),
    _("请先结束后来的那条，再撤回。"),
)
CURSOR = _refusal(
    Invalid,
    "subject.cursor",
    _("翻页的位置不对。"),
    _("地址里的位置不是这里给出的。"),
    _("请从第一页看起。"),
)
NOT_MEANT = _refusal(
    Conflict,
    "subject.not_meant",
    _("{label}不能登记进“{register}”。"),
    _("这本台账只给“{other}”里符合条件的登记；不在里面、已经到期或者条件不符的不能登记。"),
    _("请先到“{other}”里核对、更新，再来登记。"),
)
NOT_TO_END = _refusal(
    Conflict,
    "subject.not_to_end",
    _("{label}在“{register}”里的这一条还不能结束。"),
    _("这本台账写明了结束的条件，这一条还没有做到。"),
    _("请先把该做的登记上，再结束；登记错了的请撤回导入或改正。"),
)
TOO_MANY = _refusal(
    Conflict,
    "subject.too_many",
    _("“{register}”里{label}已经有 {most} 条，不能再加。"),
    _("这本台账规定同时最多 {most} 条。"),
    _("请先把办完的那一条结束，或者用“办完了，换上新的”。"),
)
TOO_FEW = _refusal(
    Conflict,
    "subject.too_few",
    _("这一条结束以后就不足 {least} 条了。"),
    _("这本台账规定同时至少 {least} 条，少了要写明为什么；不能凑数。"),
    _("请换上一条新的，或者先在“{field}”里写明理由再结束。"),
)
