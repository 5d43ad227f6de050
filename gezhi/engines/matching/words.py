"""Words of states, kinds and roles, said the same on every page."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

KINDS = {
    "meeting": _("会议"),
    "party": _("组织生活"),
    "lecture": _("讲座"),
    "class": _("课"),
    "tour": _("观摩"),
    "fair": _("集市"),
    "rehearsal": _("排练演出"),
    "service": _("服务"),
}
STATES = {"planned": _("已安排"), "held": _("开过，待整理"), "closed": _("整理完"), "cancelled": _("取消了")}
BOOKINGS = {
    "booked": _("报上了"),
    "waiting": _("候补"),
    "attended": _("到了"),
    "absent": _("没到"),
    "deputy": _("由人代会"),
    "withdrawn": _("退出了"),
}
ITEMS = {"agenda": _("议题"), "question": _("问题"), "decision": _("决定"), "assignment": _("交办")}
ITEM_STATES = {
    "open": _("还没有结果"),
    "done": _("已定"),
    "answered": _("当场答复"),
    "carried": _("转下一场"),
    "case": _("已成案"),
}
ROLES = {
    "host": _("主持人"),
    "speaker": _("主讲人"),
    "teacher": _("老师"),
    "partner": _("合办单位"),
    "guest": _("特邀"),
    "recorder": _("记录人"),
    "lead": _("带队"),
}
EVERY = {
    "week": _("每周"),
    "month": _("每月"),
    "two_months": _("每两月"),
    "quarter": _("每季度"),
    "half_year": _("每半年"),
    "year": _("每年"),
}
SLOTS = {"done": _("开了"), "open": _("该开了"), "missed": _("缺了"), "ahead": _("还没到")}
CERTIFICATES = {
    "valid": _("有效"),
    "soon": _("快到期"),
    "expired": _("过期了"),
    "renewed": _("已换新证"),
    "revoked": _("收回了"),
}
