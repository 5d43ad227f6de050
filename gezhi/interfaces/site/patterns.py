"""`/patterns`: every shared component, live, in all its states, with fixed times so that pictures stay comparable."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from gezhi.engines.workflows import rules

from .clockbar import said
from .words import CHINA

NOW = datetime(2026, 11, 18, 15, 20, tzinfo=CHINA)


def _item(state: str, opened: float, due: float | None) -> dict[str, Any]:
    return {
        "clock_state": state,
        "opened_at": NOW - timedelta(hours=opened),
        "due_at": None if due is None else NOW + timedelta(hours=due),
    }


def clocks() -> list[tuple[str, dict[str, Any]]]:
    """The six faces, each with a sentence of what it means."""
    return [
        (_("还没开始走"), _item("waiting", 1, None)),
        (_("在时限内"), _item("running", 8, 30)),
        (_("过了提醒点"), _item("soon", 10, 2.67)),
        (_("过了时限"), _item("overdue", 72, -51)),
        (_("经批准停着"), _item("parked", 500, 300)),
        (_("办完并确认"), _item("done", 20, 5)),
    ]


SEATS = (gettext_lazy("平山园社区"), gettext_lazy("大定街道"), gettext_lazy("街道水务站"))


class Seats:
    """Names the made-up seats of this page; handed to the tag as it is, not called by the template."""

    do_not_call_in_templates = True

    def __call__(self, number: int | None) -> str:
        return str(SEATS[number or 0])


seat = Seats()


def bars() -> list[tuple[str, rules.Bar]]:
    """Clock bars of a case in time, near its promise, late and done; hours as (seat, length) pairs."""

    def bar(title: str, promise: float, spent: list[tuple[int, float]], closed: bool = False) -> tuple[str, rules.Bar]:
        start = moment = NOW - timedelta(hours=sum(length for _seat, length in spent))
        spells = []
        for place, (who, length) in enumerate(spent, start=1):
            end = moment + timedelta(hours=length)
            spells.append(rules.Spell(who, "", moment, end, running=place == len(spent)))
            moment = end
        due = start + timedelta(hours=promise)
        warn = start + timedelta(hours=promise * 0.8)
        closed_at = NOW if closed else None
        return title, rules.clock_bar(spells, opened_at=start, due_at=due, warn_at=warn, now=NOW, closed_at=closed_at)

    return [
        bar(_("在时限内"), 48, [(0, 2), (1, 1), (2, 14)]),
        bar(_("快到点"), 18, [(0, 0.7), (1, 0.4), (2, 14.2)]),
        bar(_("超时"), 60, [(0, 3), (1, 5), (2, 86)]),
        bar(_("办完"), 48, [(0, 2), (2, 20)], closed=True),
    ]


def fields() -> list[tuple[dict[str, Any], Any, str]]:
    """One declared field of each kind, one of them refused."""
    return [
        ({"id": "result", "title": _("办的结果"), "type": "long_text", "required": True, "max": 500}, "", ""),
        ({"id": "who", "title": _("联系人"), "type": "text"}, _("王○兰"), ""),
        ({"id": "hours", "title": _("要延多久（小时）"), "type": "number", "required": True}, _("三"), _("请填数字，比如 4")),
        (
            {
                "id": "ground", "title": _("退回的理由"), "type": "choice", "required": True,
                "choices": [("duty", _("不归我们管")), ("place", _("不在我们这儿")), ("unclear", _("说得不清楚"))],
            },
            "place", "",
        ),
        ({"id": "by", "title": _("哪天之前"), "type": "date"}, "", ""),
        ({"id": "seen", "title": _("我到现场看过"), "type": "truth"}, True, ""),
        ({"id": "photos", "title": _("照片"), "type": "photos"}, None, ""),
    ]  # fmt: skip


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The pattern page; it reads no database and shows no real matter."""
    context = {
        "now": NOW,
        "clocks": clocks(),
        "bars": [(t, b, said(b, NOW, seat)) for t, b in bars()],
        "seat": seat,
        "fields": fields(),
        "soon": NOW + timedelta(hours=26.67),
    }
    return render(request, "patterns.html", context)
