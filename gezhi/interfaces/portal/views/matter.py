"""My matter: finding it by code, its plain steps, saying solved or not, adding a sentence, the receipt."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gezhi.engines.workflows import guarding, rules, talking, views
from gezhi.engines.workflows.timeline import Entry
from gezhi.foundation import files, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal, register
from gezhi.foundation.notices import choosing
from gezhi.interfaces.api import limits
from gezhi.interfaces.site import words
from gezhi.interfaces.site.acting import act
from gezhi.interfaces.site.answers import go, new_key
from gezhi.interfaces.site.faults import wants_json

register(
    "code.mistyped",
    404,
    gettext_lazy("这个编号不对。"),
    gettext_lazy("可能抄错了一个字，或者漏了一个字。"),
    gettext_lazy("编号有十个字，不分大小写，没有 0、1、I、L、O，请对照回执再看一遍。"),
)
register(
    "code.unknown",
    404,
    gettext_lazy("没有查到这件事。"),
    gettext_lazy("编号写法是对的，但是没有这件事，或者已经依法删除。"),
    gettext_lazy("请对照回执再看一遍，或者到村（社区）服务台查。"),
)

#: What the page says after an action of the resident.
SAID = {
    "solved": (gettext_lazy("谢谢您回话"), gettext_lazy("这件事办结了。如果又不行，一个月内可以在这里重新提。")),
    "unsolved": (gettext_lazy("交回去了，重新办"), gettext_lazy("新的日期在下面。")),
    "reopen": (gettext_lazy("交回去了，重新办"), gettext_lazy("新的日期在下面。")),
    "add": (gettext_lazy("补充的话已经交给办事的人"), ""),
}


def opened(request: HttpRequest, code: str) -> views.PublicView:
    """The matter of a written code. Raises NotFound code.mistyped, code.unknown; TooMany after many wrong ones."""
    tidy = rules.tidy_code(code)
    if tidy is None:
        raise NotFound("code.mistyped")
    limits.knock(request, "read", writes=False)
    try:
        return views.public_view(tidy)
    except NotFound:
        limits.wrong_code(request)
        raise NotFound("code.unknown") from None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """`/find`: by code; what was typed stays in the box when it was wrong."""
    written = request.POST.get("code", "").strip() if request.method == "POST" else ""
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            view = opened(request, written)
            return redirect("matter", code=rules.show_code(view.case.code))
        except NotFound as wrong:
            refusal = wrong
    context = {
        "code": written[:40],
        "refusal": refusal,
        "where": _("查进度"),
        "empty": request.method == "POST" and not written,
    }
    return render(request, "portal/find.html", context, status=refusal.http if refusal else 200)


@never_cache
@require_safe
def matter(request: HttpRequest, code: str) -> HttpResponse:
    """`/r/<code>`: my matter."""
    return _page(request, opened(request, code))


def _page(
    request: HttpRequest, view: views.PublicView, refusal: Refusal | None = None, tried: str = ""
) -> HttpResponse:
    now = clock.now()
    possible = {p.action: p for p in view.possible}
    said = SAID.get(request.GET.get("said", ""))
    context: dict[str, Any] = {
        "view": view,
        "case": view.case,
        "stands": view.stands,
        "code": rules.show_code(view.case.code),
        "now": now,
        "possible": possible,
        "refusal": refusal,
        "say": tried or request.GET.get("say", ""),
        "typed": request.POST,
        "key": new_key(),
        "notice": {"what": said[0], "next": said[1]} if said else None,
        "ahead": _ahead(view),
        "answers": _answers(view),
        "case_clock": {
            "clock_state": "overdue" if now > view.case.due_at else "running",
            "opened_at": view.case.opened_at,
            "due_at": view.case.due_at,
        },
        "last_photo": view.after[-1] if view.after else 0,
        "more_photos": [*view.before[1:], *view.after[:-1]],
        "reveals": people.reveals(f"case:{view.case.id}"),
        "back": possible.get("unsolved") or possible.get("reopen"),
        "messages": choosing.messages_of(view.case.code) if view.contact.get("phone") else None,
        "talk": talking.to_read(view.case),
        "kept_by": _receiver(view) if view.case.protected else "",
    }
    return render(request, "portal/matter.html", context, status=refusal.http if refusal else 200)


def _receiver(view: views.PublicView) -> str:
    return people.directory().seat(guarding.receiver(view.case)).label


def _ahead(view: views.PublicView) -> str:
    """By how much the promise was kept or missed, once the matter was handled; else nothing."""
    handled = view.stands.handled_at
    return "" if handled is None else words.span(view.case.due_at - handled, fine=False)


def _answers(view: views.PublicView) -> list[Entry]:
    """Public words that no plain step shows already: progress, questions, earlier rounds."""
    shown = {step.words for step in view.steps if step.words}
    return [e for e in view.answers if " ".join(e.said.get(f, "") for f in e.public).strip() not in shown]


@require_POST
def say(request: HttpRequest, code: str, action: str) -> HttpResponse:
    """`/r/<code>/<action>`: solved, unsolved, reopen, add, as the engine allows."""
    limits.knock(request, "say", writes=True)
    view = opened(request, code)
    shown = rules.show_code(view.case.code)
    try:
        act(request, view.case.id, action, actor=people.resident(view.case.code))
    except (Invalid, Conflict) as refusal:
        if wants_json(request):
            raise
        return _page(request, opened(request, code), refusal, tried=action)
    return go(request, reverse("matter", args=[shown]) + f"?said={action}")


@require_POST
def messages(request: HttpRequest, code: str) -> HttpResponse:
    """`/r/<code>/messages`: no more text messages about this matter, or again (`on=1`)."""
    limits.knock(request, "say", writes=True)
    view = opened(request, code)
    choosing.decline(view.case.code, declined=request.POST.get("on") != "1")
    return redirect("matter", code=rules.show_code(view.case.code))


@never_cache
@require_safe
def receipt(request: HttpRequest, code: str) -> HttpResponse:
    """`/r/<code>/receipt`: the code big, the promised date, a way to keep it; prints on one page."""
    view = opened(request, code)
    shown = rules.show_code(view.case.code)
    now = clock.now()
    address = request.build_absolute_uri(reverse("matter", args=[shown]))
    context = {
        "view": view, "case": view.case, "code": shown, "address": address,
        "qr": SafeString(places.qr_svg(address)), "now": now,
        "due_words": words.before_dated(view.case.due_at, now), "raised_words": words.dated(view.case.opened_at, now),
    }  # fmt: skip
    return render(request, "portal/receipt.html", context)


@require_safe
def photo(request: HttpRequest, code: str, id: int) -> HttpResponse:
    """`/r/<code>/photo/<id>`: a picture of this matter, for whoever has its code."""
    view = opened(request, code)
    shown = {*view.before, *view.after}

    def may(stored: Any) -> None:
        # Only what the page itself shows: a staff member's working photo stays inside.
        if stored.stream != f"case:{view.case.id}" or stored.id not in shown:
            raise NotFound("code.unknown")

    return files.serve(id, may, "thumb" if request.GET.get("size") == "thumb" else "full")


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """`/mine?codes=A,B`: the rows of matters raised on this phone, as a fragment; unknown codes are left out."""
    found = []
    for written in request.GET.get("codes", "").split(",")[:5]:
        try:
            found.append(opened(request, written))
        except NotFound:
            continue
    rows = [{"view": view, "code": rules.show_code(view.case.code)} for view in found]
    return render(request, "portal/_mine.html", {"rows": rows, "now": clock.now()})
