"""Refusals about signing in, secrets and looking at masked values."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, SignInNeeded, TooMany, Unavailable

from .refusing import refusal

# Signing in
WRONG_SIGN_IN = refusal(
    SignInNeeded,
    "sign_in.wrong",
    _("登录名或密码不对。"),
    _("两者至少有一个与登记的不符，或者账号已停用。"),
    _("请核对后再试；想不起来时请找管理员重设密码。"),
)
LOCKED = refusal(
    TooMany,
    "sign_in.locked",
    _("登录暂时锁住了。"),
    _("连续几次没有输对。"),
    _("请在 {minutes} 分钟后再试，或请管理员重设密码。"),
)
PASSWORD_WEAK = refusal(
    Invalid,
    "password.weak",
    _("这个密码太容易被猜到。"),
    "{reason}",
    _("请换一个至少 10 位、别人猜不到的密码，例如几个不相干的词。"),
)
PASSWORD_SAME = refusal(
    Invalid,
    "password.same",
    _("新密码和现在的一样。"),
    _("一次性密码别人见过，要换成只有您知道的。"),
    _("请换一个不同的密码。"),
)
PASSWORD_DIFFERS = refusal(
    Invalid, "password.differs", _("两遍新密码不一样。"), _("可能有一遍输错了。"), _("请再输一次。")
)
MUST_CHANGE = refusal(
    SignInNeeded,
    "password.must_change",
    _("请先换掉一次性密码。"),
    _("现在的密码是别人给的，换成自己的才能用。"),
    _("请在网页上登录一次，按提示换密码。"),
)
OTP_NEEDED = refusal(
    SignInNeeded,
    "sign_in.otp_needed",
    _("还要一个验证码。"),
    _("这个账号开了二次验证，只有密码不能登录。"),
    _("请打开手机上的验证器，把六位数字填进 otp 再登录；手机不在身边时填一个恢复码。"),
)
OTP_WRONG = refusal(
    SignInNeeded,
    "sign_in.otp_wrong",
    _("验证码不对。"),
    _("验证码 30 秒换一个，每个只能用一次；恢复码也只能用一次。"),
    _("请等下一个数字出来再填；总不对时，请核对手机的时间，或者用恢复码。"),
)
HALF_OVER = refusal(
    SignInNeeded,
    "sign_in.half_over",
    _("请从头登录一次。"),
    _("输过密码以后等得太久，或者账号刚刚有了变动。"),
    _("请重新输入登录名和密码。"),
)
FACTOR_MUST_SET = refusal(
    SignInNeeded,
    "factor.must_set",
    _("请先设好二次验证。"),
    _("您的岗位能看或能改要紧的东西，只有密码不够。"),
    _("请在网页上登录一次，按提示用手机扫码设好。"),
)
FACTOR_NOT_BEGUN = refusal(
    Conflict,
    "factor.not_begun",
    _("二次验证还没有开始设，或者已经设好了。"),
    _("这一页可能放得太久，或者在别处已经办过。"),
    _("请刷新页面再看。"),
)
FACTOR_CODE_WRONG = refusal(
    Invalid,
    "factor.code_wrong",
    _("验证码不对，还没有设好。"),
    _("它和手机上这一刻的数字不一样，或者手机的时间不准。"),
    _("请等下一个数字出来，再填一次。"),
)
FACTOR_NEEDED = refusal(
    NotAllowed,
    "factor.needed",
    _("您的岗位不能关掉二次验证。"),
    _("能看或能改要紧东西的岗位都要有它。"),
    _("换手机时，请先关掉旧的再设；不在这个岗位以后可以关。"),
)
FACTOR_NONE = refusal(
    Conflict,
    "factor.none",
    _("这个人没有开二次验证。"),
    _("没有可以重设的。"),
    _("请核对是不是选错了人。"),
)
FACTOR_REASON = refusal(
    Invalid,
    "factor.reason",
    _("请选一个重设的原因。"),
    _("重设会记下来，也会告诉本人。"),
    _("请选择后再办。"),
)
FACTOR_NOT_ONESELF = refusal(
    NotAllowed,
    "factor.not_oneself",
    _("不能重设自己的二次验证。"),
    _("否则拿到您密码的人可以替您关掉它。"),
    _("请用一个恢复码登录，或请另一位管理员重设。"),
)
NO_SITTING = refusal(
    NotFound,
    "sign_in.no_session",
    _("没有这一次登录。"),
    _("它已经退出，或者不是您的。"),
    _("请刷新页面再看。"),
)
TWO_FOUNDERS = refusal(
    Invalid,
    "people.two_founders",
    _("要写至少两位不同的人。"),
    _("总岗始终要有两个人，才能保证办的人和查的人不是同一个人。"),
    _("请用两个 --name 写明两位。"),
)
FOUNDED = refusal(
    Conflict,
    "people.founded",
    _("这里已经有管理员，没有再建。"),
    _("首批管理员只在空的系统上设立一次。"),
    _("请由现有的管理员任命；密码忘了由另一位管理员重设。"),
)
TOKEN_WRONG = refusal(
    SignInNeeded,
    "token.wrong",
    _("登录凭证无效或已过期。"),
    _("凭证 12 小时后失效，改密码或退出后也会失效。"),
    _("请重新登录取得新的凭证。"),
)
# Secrets
CIPHER_UNKNOWN = refusal(
    Unavailable,
    "secret.cipher_unknown",
    _("加密方式“{name}”不认识。"),
    _("系统只会用这几种：{known}。"),
    _("请改好 GEZHI_CIPHER 后重新启动。"),
)
KEY_MISSING = refusal(
    Unavailable,
    "secret.key_missing",
    _("这段内容现在打不开。"),
    _("加密它的密钥 {key} 不在密钥目录里。"),
    _("请管理员从密钥备份恢复这个密钥文件，不必重新启动。"),
)
SECRET_ALTERED = refusal(
    Conflict,
    "secret.altered",
    _("这段内容打不开。"),
    _("密文与写入时不一致，可能被改动或损坏。"),
    _("请管理员运行 gezhi verify 查明，再从备份恢复。"),
)
PHONE_WRONG = refusal(
    Invalid,
    "phone.wrong",
    _("这个电话号码不对。"),
    _("不是 11 位手机号，也不是带区号的座机。"),
    _("请核对后再填，例如 138 开头的 11 位数字或 0391-8234567。"),
)
IDENTITY_WRONG = refusal(
    Invalid,
    "identity.wrong",
    _("这个身份证号码不对。"),
    _("位数、出生日期或最后一位校验码不符。"),
    _("请对照证件核对后再填。"),
)
NAME_WRONG = refusal(Invalid, "name.wrong", _("请填写姓名。"), _("姓名为空或太长。"), _("请填 1 到 60 个字的姓名。"))
WRONG = {"phone": PHONE_WRONG, "identity": IDENTITY_WRONG, "name": NAME_WRONG}

# Looking at masked values
REVEAL_NOT_ALLOWED = refusal(
    NotAllowed,
    "reveal.not_allowed",
    _("您现在的岗位不能看全号。"),
    _("看全号需要专门的权限，并且在您的辖区之内。"),
    _("请找有这项权限的岗位代为联系。"),
)
PURPOSE_NEEDED = refusal(
    Invalid,
    "reveal.purpose_needed",
    _("请写明为什么要看。"),
    _("当事人会看到是哪个岗位、什么时候、为了什么看了他的信息。"),
    _("请用 4 到 200 个字说明用途，例如“电话核实漏水位置”。"),
)
ERASED = refusal(
    NotFound, "reveal.erased", _("这项信息已经依法删除。"), _("当事人要求删除，或保存期已满。"), _("不需要再办什么。")
)
