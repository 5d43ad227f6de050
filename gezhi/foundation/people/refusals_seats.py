"""Refusals about persons, seats, whole committees and their hand-over."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable

from .refusing import refusal

# Seats and persons
NO_SEAT = refusal(
    NotFound, "people.no_seat", _("没有这个岗位。"), _("编号 {seat} 不在名录里。"), _("请从岗位名录中选择。")
)
NO_POST = refusal(
    NotFound,
    "people.no_post",
    _("没有“{post}”这个职务。"),
    _("已装的工作包里没有它。"),
    _("请先装上含有这个职务的工作包。"),
)
NO_PERSON = refusal(
    NotFound, "people.no_person", _("没有这个人。"), _("编号 {person} 不在名录里。"), _("请从人员名录中选择。")
)
NO_ORGANISATION = refusal(
    NotFound,
    "people.no_organisation",
    _("没有这个单位。"),
    _("编号 {organisation} 不在名录里。"),
    _("请从单位名录中选择。"),
)
NO_PLACE = refusal(
    NotFound,
    "people.no_place",
    _("没有这个地方，或者它已经撤并。"),
    _("编号 {place} 不能设岗位。"),
    _("请从现有的地方中选择。"),
)
NO_TERM = refusal(NotFound, "people.no_term", _("没有这段任期。"), _("它不存在，或者已经结束。"), _("请刷新名录再看。"))
NO_ROOT = refusal(
    Unavailable,
    "people.no_root",
    _("县级总岗还没有设立。"),
    _("没有它，空缺的岗位就无处可归。"),
    _("请管理员先设立县级总岗，并任命两位不同的人。"),
)
ROOT_EXISTS = refusal(
    Conflict,
    "people.root_exists",
    _("县级总岗已经有了。"),
    _("一个系统只有一个总岗。"),
    _("请在现有的总岗上任命或更换人员。"),
)
ROOT_BY_TWO = refusal(
    Conflict,
    "people.root_by_two",
    _("总岗不能这样设立。"),
    _("总岗从第一刻起就要有两位不同的人，才能保证办的人和查的人不是同一个人。"),
    _("请用“设立总岗”，同时写明两位人选。"),
)
ROOT_NEEDS_TWO = refusal(
    Conflict,
    "people.root_needs_two",
    _("现在不能让总岗少于两个人。"),
    _("所有空缺的岗位最后都归总岗；只剩一个人时，他办的事就没有别人能核查。"),
    _("请先给总岗任命另一位长期任职的人，再办这一步。"),
)
ROOT_STAYS = refusal(
    Conflict,
    "people.root_stays",
    _("总岗不能撤销。"),
    _("所有空缺的岗位最后都归它。"),
    _("可以更换总岗上的人，请先任命接替的人。"),
)
NOBODY_LEFT = refusal(
    Conflict,
    "people.nobody_left",
    _("“{seat}”往上没有可以接手的人了。"),
    _("能接手的人都参与过这件事，或者那时还没有人任职。"),
    _("请给总岗或县级值守岗位再任命一位没有参与过的人。"),
)
SEAT_EXISTS = refusal(
    Conflict,
    "people.seat_exists",
    _("这个岗位已经有了。"),
    _("同一地方、同一单位的同一职务只能设一个，除非编号不同。"),
    _("请直接任命人员，或换一个编号。"),
)
SEAT_CLOSED = refusal(
    Conflict,
    "people.seat_closed",
    _("这个岗位已经撤销。"),
    _("撤销的岗位不能再任命人。"),
    _("请先重新设立，或选别的岗位。"),
)
WRONG_LEVEL = refusal(
    Invalid,
    "people.wrong_level",
    _("“{post}”不能设在这一级。"),
    _("这个职务属于另一级地方。"),
    _("请选相应级别的地方。"),
)
ALREADY_SITS = refusal(
    Conflict,
    "people.already_sits",
    _("这个人在这段时间已经在这个岗位上。"),
    _("同一个人的两段任期不能重叠。"),
    _("请先结束原来的一段，或改动起止时间。"),
)
NOT_ONESELF = refusal(
    NotAllowed,
    "people.not_oneself",
    _("不能给自己任职或安排代班。"),
    _("任命要由另一个人来做。"),
    _("请另一位有人员管理权限的同事办理。"),
)
NOT_ACTIVE = refusal(
    Conflict,
    "people.not_active",
    _("这个人已经停用。"),
    _("停用的人不能任职、代班或登录。"),
    _("请先恢复这个人，再办这一步。"),
)
TERM_WRONG = refusal(
    Invalid,
    "people.term_wrong",
    _("起止时间不对。"),
    _("结束要晚于开始；代班要写明结束时间，最长一年；补录最多往前 31 天。"),
    _("请改好时间再办。"),
)
REASON_WRONG = refusal(
    Invalid,
    "people.reason_wrong",
    _("请选一个代班原因。"),
    _("原因只能从列出的几项里选，不写病情等私事。"),
    _("请选择后再办。"),
)
# A committee replaced
NOT_HERE = refusal(
    Invalid,
    "people.not_here",
    _("有席位不在这个地方。"),
    _("一次换届只换一个地方和它下面的席位。"),
    _("请选这个地方的席位；别处的另办一次。"),
)
SEEN_CHANGED = refusal(
    Conflict,
    "people.seen_changed",
    _("预览以后人员有了变动，没有换届。"),
    _("为了做的就是看到的，预览过期就不再照办。"),
    _("请再预览一次，核对后确认。"),
)
TABLE_WRONG = refusal(
    Invalid,
    "people.table_wrong",
    _("名单还有 {count} 行读不懂，没有换届。"),
    _("有一行不对，整份都不办。"),
    _("请按每行的提示改好，再预览一次。"),
)
TABLE_LONG = refusal(
    Invalid, "people.table_long", _("名单太长。"), _("一次最多 {most} 行。"), _("请只贴这个地方新一届的名单。")
)
