"""审计: is the log what it was, who looked at whose number, what left as a file or on paper, who signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.engines.workflows import guarding
from gezhi.engines.workflows.models import Case
from gezhi.foundation import events, exports, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.events import Block, Event
from gezhi.foundation.people import Actor
from gezhi.foundation.people.models import Reveal
from gezhi.interfaces.site.requests import Request

from ..names import person_name, seat_name
from ..page import show, staff

ROWS = 100
KEPT = "desk.verify"
SIGN_INS = ("person.signed_in", "person.sign_in_locked", "sign_in.locked", "person.unlocked")


@staff
@require_http_methods(["GET", "POST"])
def audit(request: Request) -> HttpResponse:
    """GET shows the last check of this session, the reveals and the sign-ins; POST checks the whole log now."""
    request.actor.need("audit.read")
    if request.method == "POST":
        report = events.verify()
        request.session[KEPT] = {
            "at": clock.now().isoformat(),
            "events": report.events,
            "blocks": report.blocks,
            "findings": [[f.code, f.stream, f.seq, str(f.words)] for f in report.findings[:ROWS]],
            "count": len(report.findings),
        }
    last = Block.objects.order_by("-position").first()
    context: dict[str, Any] = {
        "report": _report(request),
        "sealed": last,
        "root": bytes(last.root).hex()[:16] if last else "",
        "reveals": _reveals(request.actor),
        "signs": _signs(),
        "exports": _exports(),
    }
    return show(request, "desk/audit.html", context, here="audit")


def _report(request: Request) -> dict[str, Any] | None:
    kept = request.session.get(KEPT)
    return {**kept, "at": datetime.fromisoformat(kept["at"])} if kept else None


def _reveals(actor: Actor) -> list[dict[str, Any]]:
    rows = _shown(list(Reveal.objects.order_by("-at", "-id")[:ROWS]), actor)
    purposes = events.read_private([row.purpose_ref for row in rows])
    return [
        {
            "at": row.at,
            "who": person_name(row.person_id),
            "seat": seat_name(row.seat_id),
            "about": row.about,
            "case": int(row.about[5:]) if row.about.startswith("case:") else None,
            "field": _field(row.field),
            "purpose": purposes.get(row.purpose_ref) or _("（已依法删除）"),
            "stood_in": row.as_substitute,
        }
        for row in rows
    ]


def _shown(rows: list[Reveal], actor: Actor) -> list[Reveal]:
    """Without the looks at protected matters that the reader does not see: not even that they exist is told."""
    about = {row.id: int(row.about[5:]) for row in rows if row.about.startswith("case:")}
    kept = Case.objects.filter(pk__in=set(about.values()), protected__gt="")
    hidden = {case.id for case in kept} - {case.id for case in guarding.only_cases(kept, actor)}
    return [row for row in rows if about.get(row.id) not in hidden]


def _signs() -> list[dict[str, Any]]:
    directory = people.directory()
    words = {
        "person.signed_in": _("登录"),
        "person.sign_in_locked": _("输错多次，锁了 15 分钟"),
        "sign_in.locked": _("用不存在的名字试了多次，锁了 15 分钟"),
        "person.unlocked": _("解锁"),
    }
    rows = Event.objects.filter(kind__in=SIGN_INS).order_by("-id")[:ROWS]
    return [
        {
            "at": row.at,
            "what": words[row.kind],
            "bad": row.kind not in ("person.signed_in", "person.unlocked"),
            "who": directory.persons[row.actor_person].name_public if row.actor_person in directory.persons else "",
        }
        for row in rows
    ]


def _exports() -> list[dict[str, Any]]:
    """What left, with what narrowed it in words."""
    return [
        {
            "made": made,
            "form": {"print": _("打印"), "docx": "Word", "pdf": "PDF", "xlsx": "Excel"}.get(made.form, made.form),
            "filter": _("（已依法删除）")
            if made.filter is None
            else _("，").join(
                f"{name} {value}" for name, value in made.filter.items() if value not in (None, "", False)
            ),
            "case": int(made.about[5:]) if made.about.startswith("case:") else None,
        }
        for made in exports.recent()
    ]


def _field(name: str) -> str:
    return {"phone": _("电话"), "name": _("姓名")}.get(name, name)
