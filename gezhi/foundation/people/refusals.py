"""Every refusal of this room: `raise refusals.NO_SEAT(seat=7)`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    Refusal,
    SignInNeeded,
    TooMany,
    Unavailable,
    register,
)

_HTTP: dict[type[Refusal], int] = {
    Conflict: 409,
    Invalid: 422,
    NotAllowed: 403,
    NotFound: 404,
    SignInNeeded: 401,
    TooMany: 429,
    Unavailable: 503,
}


def _refusal(kind: type[Refusal], code: str, what: Any, why: Any, next: Any) -> Callable[..., Refusal]:
    return partial(kind, register(code, _HTTP[kind], what, why, next))


# Secrets
CIPHER_UNKNOWN = _refusal(
    Unavailable,
    "secret.cipher_unknown",
    _("加密方式“{name}”不认识。"),
    _("系统只会用这几种：{known}。"),
    _("请改好 GEZHI_CIPHER 后重新启动。"),
)
KEY_MISSING = _refusal(
    Unavailable,
    "secret.key_missing",
    _("这段内容现在打不开。"),
    _("加密它的密钥 {key} 不在密钥目录里。"),
    _("请管理员从密钥备份恢复这个密钥文件，不必重新启动。"),
)
SECRET_ALTERED = _refusal(
    Conflict,
    "secret.altered",
    _("这段内容打不开。"),
    _("密文与写入时不一致，可能被改动或损坏。"),
    _("请管理员运行 gezhi verify 查明，再从备份恢复。"),
)
PHONE_WRONG = _refusal(
    Invalid,
    "phone.wrong",
    _("这个电话号码不对。"),
    _("不是 11 位手机号，也不是带区号的座机。"),
    _("请核对后再填，例如 138 开头的 11 位数字或 0391-8234567。"),
)
IDENTITY_WRONG = _refusal(
    Invalid,
    "identity.wrong",
    _("这个身份证号码不对。"),
    _("位数、出生日期或最后一位校验码不符。"),
    _("请对照证件核对后再填。"),
)
NAME_WRONG = _refusal(Invalid, "name.wrong", _("请填写姓名。"), _("姓名为空或太长。"), _("请填 1 到 60 个字的姓名。"))
WRONG = {"phone": PHONE_WRONG, "identity": IDENTITY_WRONG, "name": NAME_WRONG}

# Seats and persons
NO_SEAT = _refusal(
    NotFound, "people.no_seat", _("没有这个岗位。"), _("编号 {seat} 不在名录里。"), _("请从岗位名录中选择。")
)
NO_POST = _refusal(
    NotFound,
    "people.no_post",
    _("没有“{post}”这个职务。"),
    _("已装的工作包里没有它。"),
    _("请先装上含有这个职务的工作包。"),
)
NO_PERSON = _refusal(
    NotFound, "people.no_person", _("没有这个人。"), _("编号 {person} 不在名录里。"), _("请从人员名录中选择。")
)
NO_ORGANISATION = _refusal(
    NotFound,
    "people.no_organisation",
    _("没有这个单位。"),
    _("编号 {organisation} 不在名录里。"),
    _("请从单位名录中选择。"),
)
NO_PLACE = _refusal(
    NotFound,
    "people.no_place",
    _("没有这个地方，或者它已经撤并。"),
    _("编号 {place} 不能设岗位。"),
    _("请从现有的地方中选择。"),
)
NO_TERM = _refusal(
    NotFound, "people.no_term", _("没有这段任期。"), _("它不存在，或者已经结束。"), _("请刷新名录再看。")
)
NO_ROOT = _refusal(
    Unavailable,
    "people.no_root",
    _("县级总岗还没有设立。"),
    _("没有它，空缺的岗位就无处可归。"),
    _("请管理员先设立县级总岗，并任命两位不同的人。"),
)
ROOT_EXISTS = _refusal(
    Conflict,
    "people.root_exists",
    _("县级总岗已经有了。"),
    _("一个系统只有一个总岗。"),
    _("请在现有的总岗上任命或更换人员。"),
)
ROOT_BY_TWO = _refusal(
    Conflict,
    "people.root_by_two",
    _("总岗不能这样设立。"),
    _("总岗从第一刻起就要有两位不同的人，才能保证办的人和查的人不是同一个人。"),
    _("请用“设立总岗”，同时写明两位人选。"),
)
ROOT_NEEDS_TWO = _refusal(
    Conflict,
    "people.root_needs_two",
    _("现在不能让总岗少于两个人。"),
    _("所有空缺的岗位最后都归总岗；只剩一个人时，他办的事就没有别人能核查。"),
    _("请先给总岗任命另一位长期任职的人，再办这一步。"),
)
ROOT_STAYS = _refusal(
    Conflict,
    "people.root_stays",
    _("总岗不能撤销。"),
    _("所有空缺的岗位最后都归它。"),
    _("可以更换总岗上的人，请先任命接替的人。"),
)
NOBODY_LEFT = _refusal(
    Conflict,
    "people.nobody_left",
    _("“{seat}”往上没有可以接手的人了。"),
    _("能接手的人都参与过这件事，或者那时还没有人任职。"),
    _("请给总岗或县级值守岗位再任命一位没有参与过的人。"),
)
SEAT_EXISTS = _refusal(
    Conflict,
    "people.seat_exists",
    _("这个岗位已经有了。"),
    _("同一地方、同一单位的同一职务只能设一个，除非编号不同。"),
    _("请直接任命人员，或换一个编号。"),
)
SEAT_CLOSED = _refusal(
    Conflict,
    "people.seat_closed",
    _("这个岗位已经撤销。"),
    _("撤销的岗位不能再任命人。"),
    _("请先重新设立，或选别的岗位。"),
)
WRONG_LEVEL = _refusal(
    Invalid,
    "people.wrong_level",
    _("“{post}”不能设在这一级。"),
    _("这个职务属于另一级地方。"),
    _("请选相应级别的地方。"),
)
ALREADY_SITS = _refusal(
    Conflict,
    "people.already_sits",
    _("这个人在这段时间已经在这个岗位上。"),
    _("同一个人的两段任期不能重叠。"),
    _("请先结束原来的一段，或改动起止时间。"),
)
NOT_ONESELF = _refusal(
    NotAllowed,
    "people.not_oneself",
    _("不能给自己任职或安排代班。"),
    _("任命要由另一个人来做。"),
    _("请另一位有人员管理权限的同事办理。"),
)
NOT_ACTIVE = _refusal(
    Conflict,
    "people.not_active",
    _("这个人已经停用。"),
    _("停用的人不能任职、代班或登录。"),
    _("请先恢复这个人，再办这一步。"),
)
TERM_WRONG = _refusal(
    Invalid,
    "people.term_wrong",
    _("起止时间不对。"),
    _("结束要晚于开始；代班要写明结束时间，最长一年；补录最多往前 31 天。"),
    _("请改好时间再办。"),
)
REASON_WRONG = _refusal(
    Invalid,
    "people.reason_wrong",
    _("请选一个代班原因。"),
    _("原因只能从列出的几项里选，不写病情等私事。"),
    _("请选择后再办。"),
)
# A committee replaced
NOT_HERE = _refusal(
    Invalid,
    "people.not_here",
    _("有席位不在这个地方。"),
    _("一次换届只换一个地方和它下面的席位。"),
    _("请选这个地方的席位；别处的另办一次。"),
)
SEEN_CHANGED = _refusal(
    Conflict,
    "people.seen_changed",
    _("预览以后人员有了变动，没有换届。"),
    _("为了做的就是看到的，预览过期就不再照办。"),
    _("请再预览一次，核对后确认。"),
)
TABLE_WRONG = _refusal(
    Invalid,
    "people.table_wrong",
    _("名单还有 {count} 行读不懂，没有换届。"),
    _("有一行不对，整份都不办。"),
    _("请按每行的提示改好，再预览一次。"),
)
TABLE_LONG = _refusal(
    Invalid, "people.table_long", _("名单太长。"), _("一次最多 {most} 行。"), _("请只贴这个地方新一届的名单。")
)
# Trees of organisations
NO_TREE = _refusal(
    NotFound,
    "people.no_tree",
    _("没有“{tree}”这棵组织树。"),
    _("已装的工作包里没有它。"),
    _("请先装上含有它的工作包。"),
)
TREE_KIND = _refusal(
    Invalid,
    "tree.kind",
    _("“{name}”不能挂在那里。"),
    _("工作包写明了哪一级在哪一级之下，根之上没有别的。"),
    _("请选上一级的组织，它要已经在这棵树里。"),
)
TREE_PLACE = _refusal(
    Invalid,
    "tree.place",
    _("“{name}”所在的地方不对。"),
    _("下级组织的地方要在上级的地方之内，并且是这一级该在的地方。"),
    _("请核对它在哪个地方，或换一个上级。"),
)
TREE_ROOT_EXISTS = _refusal(
    Conflict,
    "tree.root_exists",
    _("这里的“{tree}”已经有根了。"),
    _("一个地方的一棵组织树只有一个根。"),
    _("请挂到现有的根下面。"),
)
TREE_ELSEWHERE = _refusal(
    Conflict,
    "tree.elsewhere",
    _("“{name}”已经挂在另一个组织下面。"),
    _("一个组织在一棵树里同一时间只有一个上级。"),
    _("请用“移到”，原来的隶属会留作记录。"),
)
TREE_HAS_BRANCHES = _refusal(
    Conflict,
    "tree.has_branches",
    _("它下面还有组织，不能撤出。"),
    _("撤出以后下面的组织就没有上级了。"),
    _("请先把下面的组织移到别处。"),
)
NO_DUTY = _refusal(
    NotFound,
    "people.no_duty",
    _("没有哪一级对这里承担“{duty}”。"),
    _("工作包没有这项职责，或者这个地方还没有那一级的组织。"),
    _("请核对职责，或先设立那一级的组织。"),
)
NO_COUNCIL = _refusal(
    NotFound,
    "people.no_council",
    _("没有一个组织管得到议题涉及的所有地方。"),
    _("议题要在范围盖得住它的最低一级商议。"),
    _("请核对议题涉及的地方，或提到树外的上一级。"),
)
# The duty roster
DUTY_NOT_DUTY = _refusal(
    Invalid,
    "duty.not_duty",
    _("“{seat}”不排班。"),
    _("只有值班岗位按值班表轮换。"),
    _("请选值班员或带班领导的岗位，其他岗位用任命。"),
)
DUTY_TIMES = _refusal(
    Invalid,
    "duty.times",
    _("值班的起止时间不对。"),
    _("结束要晚于开始，一班最长 7 天，一次最多排 100 天，补录最多往前 31 天。"),
    _("请改好时间再排。"),
)
DUTY_NOBODY = _refusal(
    Invalid, "duty.nobody", _("还没有选轮值的人。"), _("轮班至少要有一个人。"), _("请按轮值次序写上人选。")
)
DUTY_OVERLAP = _refusal(
    Conflict,
    "duty.overlap",
    _("这个岗位在 {when} 已经有人值班。"),
    _("同一岗位的两班不能重叠。"),
    _("请先撤下原来的一班，或选“重排”。"),
)
DUTY_TWICE = _refusal(
    Conflict,
    "duty.twice",
    _("有人在 {when} 被排了两个班。"),
    _("一个人同一时间只能值一个班。"),
    _("请换一个人，或改动时间。"),
)
DUTY_NO_SHIFT = _refusal(
    NotFound, "duty.no_shift", _("没有这一班。"), _("它已经撤下，或者不存在。"), _("请刷新值班表再看。")
)
DUTY_BEGUN = _refusal(
    Conflict,
    "duty.begun",
    _("有一班已经开始，不能对调。"),
    _("已经在值的班只能由别人接替，不能和以后的班对调。"),
    _("请用“换人”，接替这一班余下的时间。"),
)
DUTY_OVER = _refusal(
    Conflict, "duty.over", _("这一班已经过去。"), _("过去的班留作记录，不再改动。"), _("请选还没结束的班。")
)
DUTY_NOTE_NEEDED = _refusal(
    Invalid,
    "duty.note_needed",
    _("请写一句说明。"),
    _("换班要写原因，交班要写清还有什么没办完；最多 30 条，每条不超过 300 个字。"),
    _("请写好再交，不写病情等私事。"),
)
DUTY_NOT_YOURS = _refusal(
    NotAllowed,
    "duty.not_yours",
    _("这一班不是您值的。"),
    _("交班由当班的人写，接班由下一班的人签收。"),
    _("请当班的同事办理。"),
)
USERNAME_WRONG = _refusal(
    Invalid,
    "people.username_wrong",
    _("这个登录名不能用。"),
    _("登录名是 2 到 40 位的字母、数字、点、横线或汉字，以字母或汉字开头。"),
    _("请换一个登录名。"),
)
USERNAME_TAKEN = _refusal(
    Conflict,
    "people.username_taken",
    _("这个登录名已经有人用了。"),
    _("每个登录名只属于一个人。"),
    _("请换一个登录名。"),
)
POSTS_FLAWED = _refusal(
    Invalid, "people.posts_flawed", _("职务表有问题，没有装上。"), "{problems}", _("请改好工作包里的职务表再装。")
)
# Signing in
WRONG_SIGN_IN = _refusal(
    SignInNeeded,
    "sign_in.wrong",
    _("登录名或密码不对。"),
    _("两者至少有一个与登记的不符，或者账号已停用。"),
    _("请核对后再试；想不起来时请找管理员重设密码。"),
)
LOCKED = _refusal(
    TooMany,
    "sign_in.locked",
    _("登录暂时锁住了。"),
    _("连续几次没有输对。"),
    _("请在 {minutes} 分钟后再试，或请管理员重设密码。"),
)
PASSWORD_WEAK = _refusal(
    Invalid,
    "password.weak",
    _("这个密码太容易被猜到。"),
    "{reason}",
    _("请换一个至少 10 位、别人猜不到的密码，例如几个不相干的词。"),
)
PASSWORD_SAME = _refusal(
    Invalid,
    "password.same",
    _("新密码和现在的一样。"),
    _("一次性密码别人见过，要换成只有您知道的。"),
    _("请换一个不同的密码。"),
)
PASSWORD_DIFFERS = _refusal(
    Invalid, "password.differs", _("两遍新密码不一样。"), _("可能有一遍输错了。"), _("请再输一次。")
)
MUST_CHANGE = _refusal(
    SignInNeeded,
    "password.must_change",
    _("请先换掉一次性密码。"),
    _("现在的密码是别人给的，换成自己的才能用。"),
    _("请在网页上登录一次，按提示换密码。"),
)
OTP_NEEDED = _refusal(
    SignInNeeded,
    "sign_in.otp_needed",
    _("还要一个验证码。"),
    _("这个账号开了二次验证，只有密码不能登录。"),
    _("请打开手机上的验证器，把六位数字填进 otp 再登录；手机不在身边时填一个恢复码。"),
)
OTP_WRONG = _refusal(
    SignInNeeded,
    "sign_in.otp_wrong",
    _("验证码不对。"),
    _("验证码 30 秒换一个，每个只能用一次；恢复码也只能用一次。"),
    _("请等下一个数字出来再填；总不对时，请核对手机的时间，或者用恢复码。"),
)
HALF_OVER = _refusal(
    SignInNeeded,
    "sign_in.half_over",
    _("请从头登录一次。"),
    _("输过密码以后等得太久，或者账号刚刚有了变动。"),
    _("请重新输入登录名和密码。"),
)
FACTOR_MUST_SET = _refusal(
    SignInNeeded,
    "factor.must_set",
    _("请先设好二次验证。"),
    _("您的岗位能看或能改要紧的东西，只有密码不够。"),
    _("请在网页上登录一次，按提示用手机扫码设好。"),
)
FACTOR_NOT_BEGUN = _refusal(
    Conflict,
    "factor.not_begun",
    _("二次验证还没有开始设，或者已经设好了。"),
    _("这一页可能放得太久，或者在别处已经办过。"),
    _("请刷新页面再看。"),
)
FACTOR_CODE_WRONG = _refusal(
    Invalid,
    "factor.code_wrong",
    _("验证码不对，还没有设好。"),
    _("它和手机上这一刻的数字不一样，或者手机的时间不准。"),
    _("请等下一个数字出来，再填一次。"),
)
FACTOR_NEEDED = _refusal(
    NotAllowed,
    "factor.needed",
    _("您的岗位不能关掉二次验证。"),
    _("能看或能改要紧东西的岗位都要有它。"),
    _("换手机时，请先关掉旧的再设；不在这个岗位以后可以关。"),
)
FACTOR_NONE = _refusal(
    Conflict,
    "factor.none",
    _("这个人没有开二次验证。"),
    _("没有可以重设的。"),
    _("请核对是不是选错了人。"),
)
FACTOR_REASON = _refusal(
    Invalid,
    "factor.reason",
    _("请选一个重设的原因。"),
    _("重设会记下来，也会告诉本人。"),
    _("请选择后再办。"),
)
FACTOR_NOT_ONESELF = _refusal(
    NotAllowed,
    "factor.not_oneself",
    _("不能重设自己的二次验证。"),
    _("否则拿到您密码的人可以替您关掉它。"),
    _("请用一个恢复码登录，或请另一位管理员重设。"),
)
NO_SITTING = _refusal(
    NotFound,
    "sign_in.no_session",
    _("没有这一次登录。"),
    _("它已经退出，或者不是您的。"),
    _("请刷新页面再看。"),
)
TWO_FOUNDERS = _refusal(
    Invalid,
    "people.two_founders",
    _("要写至少两位不同的人。"),
    _("总岗始终要有两个人，才能保证办的人和查的人不是同一个人。"),
    _("请用两个 --name 写明两位。"),
)
FOUNDED = _refusal(
    Conflict,
    "people.founded",
    _("这里已经有管理员，没有再建。"),
    _("首批管理员只在空的系统上设立一次。"),
    _("请由现有的管理员任命；密码忘了由另一位管理员重设。"),
)
TOKEN_WRONG = _refusal(
    SignInNeeded,
    "token.wrong",
    _("登录凭证无效或已过期。"),
    _("凭证 12 小时后失效，改密码或退出后也会失效。"),
    _("请重新登录取得新的凭证。"),
)
# Looking at masked values
REVEAL_NOT_ALLOWED = _refusal(
    NotAllowed,
    "reveal.not_allowed",
    _("您现在的岗位不能看全号。"),
    _("看全号需要专门的权限，并且在您的辖区之内。"),
    _("请找有这项权限的岗位代为联系。"),
)
PURPOSE_NEEDED = _refusal(
    Invalid,
    "reveal.purpose_needed",
    _("请写明为什么要看。"),
    _("当事人会看到是哪个岗位、什么时候、为了什么看了他的信息。"),
    _("请用 4 到 200 个字说明用途，例如“电话核实漏水位置”。"),
)
ERASED = _refusal(
    NotFound, "reveal.erased", _("这项信息已经依法删除。"), _("当事人要求删除，或保存期已满。"), _("不需要再办什么。")
)
