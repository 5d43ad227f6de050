"""审计: is the log what it was, who looked at whose number, what left as a file or on paper, who signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.workflows import guarding
from gezhi.engines.workflows.models import Case
from gezhi.foundation import events, exports
from gezhi.foundation.events import Block, Event, runs
from gezhi.foundation.people import Actor, second_factor
from gezhi.foundation.people.models import Reveal
from gezhi.interfaces.site import happenings
from gezhi.interfaces.site.happenings import SIGN_INS
from gezhi.interfaces.site.requests import Request

from ..names import person_name, seat_name
from ..page import part, show, staff, wants_part

ROWS = 20
TRAILS = {
    "events": gettext_lazy("全部记录"),
    "reveals": gettext_lazy("看全号"),
    "exports": gettext_lazy("导出和打印"),
    "signs": gettext_lazy("登录和账号"),
    "changes": gettext_lazy("人和地方的变动"),
}


@staff
@require_http_methods(["GET", "POST"])
def audit(request: Request) -> HttpResponse:
    """GET: the last checks of the log and the newest of each list; POST has the whole log checked by the worker."""
    request.actor.need("audit.read")
    if request.method == "POST":
        runs.ask(request.actor.person_id)
        return redirect("desk:audit")
    last = Block.objects.order_by("-position").first()
    context: dict[str, Any] = {
        **_checks(),
        "trails": TRAILS.items(),
        "sealed": last,
        "root": bytes(last.root).hex()[:16] if last else "",
        "reveals": revealed(list(Reveal.objects.order_by("-id")[:ROWS]), request.actor),
        "signs": signed(list(Event.objects.filter(kind__in=SIGN_INS).order_by("-id")[:ROWS])),
        "exports": exported(exports.recent(ROWS), request.actor),
    }
    return show(request, "desk/audit.html", context, here="audit")


@staff
@require_safe
def progress(request: Request) -> HttpResponse:
    """How far the running check is; when it is over htmx is told to load the page anew."""
    request.actor.need("audit.read")
    context = _checks()
    answer = part(request, "desk/parts/verify_progress.html", context)
    if context["running"] is None and wants_part(request):
        answer["HX-Refresh"] = "true"
    return answer


def _checks() -> dict[str, Any]:
    kept = runs.latest()
    done = [run for run in kept if run.finished_at is not None]
    return {
        "running": next((run for run in kept if run.finished_at is None), None),
        "runs": [{"run": run, "by": person_name(run.asked_by)} for run in done],
        "report": done[0] if done else None,
        "findings": runs.said(done[0]) if done else [],
    }


def revealed(rows: list[Reveal], actor: Actor) -> list[dict[str, Any]]:
    """Looks at masked values as lines."""
    rows = _shown(rows, actor)
    purposes = events.read_private([row.purpose_ref for row in rows])
    return [
        {
            "at": row.at,
            "who": person_name(row.person_id),
            "seat": seat_name(row.seat_id),
            "about": row.about,
            "case": int(row.about[5:]) if row.about.startswith("case:") else None,
            "field": field_name(row.field),
            "purpose": purposes.get(row.purpose_ref) or _("（已依法删除）"),
            "stood_in": row.as_substitute,
        }
        for row in rows
    ]


def _shown(rows: list[Reveal], actor: Actor) -> list[Reveal]:
    """Without the looks at protected matters that the reader does not see: not even that they exist is told."""
    hidden = hidden_streams({row.about for row in rows}, actor)
    return [row for row in rows if row.about not in hidden]


def hidden_streams(streams: set[str], actor: Actor) -> set[str]:
    """Those of the streams that are protected matters the reader does not see (two queries, none without cases)."""
    cases = {int(stream[5:]) for stream in streams if stream.startswith("case:")}
    if not cases:
        return set()
    kept = list(Case.objects.filter(pk__in=cases, protected__gt=""))
    seen = {case.id for case in guarding.only_cases(kept, actor)}
    return {f"case:{case.id}" for case in kept if case.id not in seen}


def signed(rows: list[Event]) -> list[dict[str, Any]]:
    """Signings in and out, locks and changes of accounts as lines; whose account it was, and who did it if another."""
    lines = []
    for row in rows:
        owner = int(row.stream[7:]) if row.stream.startswith("person:") else None
        by = person_name(row.actor_person) if row.actor_person not in (None, owner) else row.actor_name
        with_ = {"app": _("验证码"), "recovery": _("恢复码")}.get(row.patch.get("@with", ""), "")
        why = second_factor.REASONS.get(row.patch.get("@why", ""), "")
        lines.append(
            {
                "at": row.at,
                "what": happenings.said(row.kind),
                "bad": row.kind in happenings.BAD,
                "who": person_name(owner),
                "by": "" if by == "sign-in" else by,
                "more": " ".join(str(part) for part in (with_, why) if part),
                # Never the address itself: a mark by which two tries from one place can be told to be that.
                "origin": str(row.patch.get("@from", ""))[:6],
            }
        )
    return lines


def exported(rows: list[exports.Made], actor: Actor) -> list[dict[str, Any]]:
    """What left, with what narrowed it in words."""
    hidden = hidden_streams({made.about for made in rows}, actor)
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
        for made in rows
        if made.about not in hidden
    ]


def field_name(name: str) -> str:
    """电话, 姓名; another by its own name."""
    return {"phone": _("电话"), "name": _("姓名")}.get(name, name)
