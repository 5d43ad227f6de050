"""Kinds of events about accounts and seats, in words: for one's own account page and for the auditor."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

ACCOUNT: dict[str, Any] = {
    "person.signed_in": _("登录"),
    "person.signed_out": _("退出"),
    "person.sign_in_locked": _("输错多次，锁了 15 分钟"),
    "sign_in.locked": _("用不存在的名字试了多次，锁了 15 分钟"),
    "person.unlocked": _("解锁"),
    "person.password_set": _("换密码"),
    "person.sign_in_changed": _("改登录名"),
    "person.session_ended": _("结束了一处登录"),
    "person.sessions_ended": _("在所有设备上退出"),
    "person.token_revoked": _("收回了一个接口凭证"),
    "person.factor_set": _("设好二次验证"),
    "person.factor_removed": _("关掉二次验证"),
    "person.factor_reset": _("重设二次验证"),
    "person.recovery_renewed": _("换了一套恢复码"),
}
SIGN_INS = ("person.signed_in", "person.signed_out", "person.sign_in_locked", "sign_in.locked", "person.unlocked")
BAD = frozenset({"person.sign_in_locked", "sign_in.locked"})
OTHERS: dict[str, Any] = {
    "person.created": _("登记人员"),
    "person.contact_set": _("改姓名或电话"),
    "person.language_set": _("改语言"),
    "person.deactivated": _("停用人员"),
    "person.reactivated": _("恢复人员"),
    "holding.began": _("任命"),
    "holding.ended": _("离任"),
    "substitute.began": _("安排代班"),
    "substitute.ended": _("代班结束"),
    "seat.opened": _("设席位"),
    "seat.closed": _("撤席位"),
    "organisation.opened": _("设单位"),
    "organisation.renamed": _("单位改名"),
    "organisation_edge.began": _("挂进组织树"),
    "organisation_edge.ended": _("移出组织树"),
    "post.added": _("装上职务"),
    "post.changed": _("改职务"),
    "committee.changed": _("换届"),
    "committee.done": _("换届后收尾"),
    "shift.planned": _("排班"),
    "shift.swapped": _("换班"),
    "shift.relieved": _("接替值班"),
    "shift.cancelled": _("撤班"),
    "shift.ended": _("值班结束"),
    "duty_note.written": _("交班"),
    "duty_note.taken": _("接班"),
    "place.opened": _("设地方"),
    "place.closed": _("撤地方"),
    "place.renamed": _("地方改名"),
    "place.moved": _("地方改隶属"),
    "place.coded": _("改区划代码"),
    "place.drawn": _("改边界"),
    "place.imported": _("导入地方"),
    "placechange.decided": _("决定区划变动"),
    "placechange.done": _("区划变动"),
    "site.founded": _("设立管理员"),
    "export.made": _("导出"),
    "personal.revealed": _("看全号"),
    "erased": _("依法删除"),
}
# What changes who sits where and what lies where: all of it but exports, looks and erasures.
CHANGES: dict[str, Any] = {
    kind: words for kind, words in OTHERS.items() if kind not in ("export.made", "personal.revealed", "erased")
}
# A stream's kind, the part before the colon.
STREAMS: dict[str, Any] = {
    "case": _("案件"),
    "person": _("人员"),
    "sign-in": _("登录"),
    "seat": _("席位"),
    "holding": _("任职"),
    "substitute": _("代班"),
    "shift": _("值班"),
    "duty_note": _("交接班"),
    "organisation": _("单位"),
    "organisation_edge": _("组织树"),
    "post": _("职务"),
    "committee": _("换届"),
    "place": _("地方"),
    "placechange": _("区划变动"),
    "document": _("公文"),
    "bulletin": _("通报"),
    "export": _("导出"),
    "reveal": _("看全号"),
    "import": _("导入"),
    "pack": _("工作包"),
    "calendar": _("日历"),
    "site": _("系统"),
}


def said(kind: str) -> str:
    """An event's kind in words; the kind itself where nothing is written for it."""
    return str(ACCOUNT.get(kind) or OTHERS.get(kind) or kind)


def stream_said(stream: str) -> str:
    """ "seat:12" as 席位 12."""
    family, _colon, number = stream.partition(":")
    shown = number if number.isdecimal() else ""
    return f"{STREAMS.get(family, family)} {shown}".strip()
