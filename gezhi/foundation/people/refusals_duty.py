"""Refusals about trees of organisations and the duty roster."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound

from .refusing import refusal

# Trees of organisations
NO_TREE = refusal(
    NotFound,
    "people.no_tree",
    _("没有“{tree}”这棵组织树。"),
    _("已装的工作包里没有它。"),
    _("请先装上含有它的工作包。"),
)
TREE_KIND = refusal(
    Invalid,
    "tree.kind",
    _("“{name}”不能挂在那里。"),
    _("工作包写明了哪一级在哪一级之下，根之上没有别的。"),
    _("请选上一级的组织，它要已经在这棵树里。"),
)
TREE_PLACE = refusal(
    Invalid,
    "tree.place",
    _("“{name}”所在的地方不对。"),
    _("下级组织的地方要在上级的地方之内，并且是这一级该在的地方。"),
    _("请核对它在哪个地方，或换一个上级。"),
)
TREE_ROOT_EXISTS = refusal(
    Conflict,
    "tree.root_exists",
    _("这里的“{tree}”已经有根了。"),
    _("一个地方的一棵组织树只有一个根。"),
    _("请挂到现有的根下面。"),
)
TREE_ELSEWHERE = refusal(
    Conflict,
    "tree.elsewhere",
    _("“{name}”已经挂在另一个组织下面。"),
    _("一个组织在一棵树里同一时间只有一个上级。"),
    _("请用“移到”，原来的隶属会留作记录。"),
)
TREE_HAS_BRANCHES = refusal(
    Conflict,
    "tree.has_branches",
    _("它下面还有组织，不能撤出。"),
    _("撤出以后下面的组织就没有上级了。"),
    _("请先把下面的组织移到别处。"),
)
NO_DUTY = refusal(
    NotFound,
    "people.no_duty",
    _("没有哪一级对这里承担“{duty}”。"),
    _("工作包没有这项职责，或者这个地方还没有那一级的组织。"),
    _("请核对职责，或先设立那一级的组织。"),
)
NO_COUNCIL = refusal(
    NotFound,
    "people.no_council",
    _("没有一个组织管得到议题涉及的所有地方。"),
    _("议题要在范围盖得住它的最低一级商议。"),
    _("请核对议题涉及的地方，或提到树外的上一级。"),
)
# The duty roster
DUTY_NOT_DUTY = refusal(
    Invalid,
    "duty.not_duty",
    _("“{seat}”不排班。"),
    _("只有值班岗位按值班表轮换。"),
    _("请选值班员或带班领导的岗位，其他岗位用任命。"),
)
DUTY_TIMES = refusal(
    Invalid,
    "duty.times",
    _("值班的起止时间不对。"),
    _("结束要晚于开始，一班最长 7 天，一次最多排 100 天，补录最多往前 31 天。"),
    _("请改好时间再排。"),
)
DUTY_NOBODY = refusal(
    Invalid, "duty.nobody", _("还没有选轮值的人。"), _("轮班至少要有一个人。"), _("请按轮值次序写上人选。")
)
DUTY_OVERLAP = refusal(
    Conflict,
    "duty.overlap",
    _("这个岗位在 {when} 已经有人值班。"),
    _("同一岗位的两班不能重叠。"),
    _("请先撤下原来的一班，或选“重排”。"),
)
DUTY_TWICE = refusal(
    Conflict,
    "duty.twice",
    _("有人在 {when} 被排了两个班。"),
    _("一个人同一时间只能值一个班。"),
    _("请换一个人，或改动时间。"),
)
DUTY_NO_SHIFT = refusal(
    NotFound, "duty.no_shift", _("没有这一班。"), _("它已经撤下，或者不存在。"), _("请刷新值班表再看。")
)
DUTY_BEGUN = refusal(
    Conflict,
    "duty.begun",
    _("有一班已经开始，不能对调。"),
    _("已经在值的班只能由别人接替，不能和以后的班对调。"),
    _("请用“换人”，接替这一班余下的时间。"),
)
DUTY_OVER = refusal(
    Conflict, "duty.over", _("这一班已经过去。"), _("过去的班留作记录，不再改动。"), _("请选还没结束的班。")
)
DUTY_NOTE_NEEDED = refusal(
    Invalid,
    "duty.note_needed",
    _("请写一句说明。"),
    _("换班要写原因，交班要写清还有什么没办完；最多 30 条，每条不超过 300 个字。"),
    _("请写好再交，不写病情等私事。"),
)
DUTY_NOT_YOURS = refusal(
    NotAllowed,
    "duty.not_yours",
    _("这一班不是您值的。"),
    _("交班由当班的人写，接班由下一班的人签收。"),
    _("请当班的同事办理。"),
)
USERNAME_WRONG = refusal(
    Invalid,
    "people.username_wrong",
    _("这个登录名不能用。"),
    _("登录名是 2 到 40 位的字母、数字、点、横线或汉字，以字母或汉字开头。"),
    _("请换一个登录名。"),
)
USERNAME_TAKEN = refusal(
    Conflict,
    "people.username_taken",
    _("这个登录名已经有人用了。"),
    _("每个登录名只属于一个人。"),
    _("请换一个登录名。"),
)
POSTS_FLAWED = refusal(
    Invalid, "people.posts_flawed", _("职务表有问题，没有装上。"), "{problems}", _("请改好工作包里的职务表再装。")
)
