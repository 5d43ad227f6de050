"""知识测试: where one stands, the paper with its questions, and the score. The key is never in a page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.engines.matching import examining
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict
from gezhi.interfaces.site.requests import Request

from ..page import show, staff, tell, whole


@staff
@require_http_methods(["GET", "POST"])
def test(request: Request, name: str) -> HttpResponse:
    """POST `do=begin` draws a paper, `do=hand_in` with `paper` and `q<number>` grades it."""
    kind, asked = examining.says(name)
    actor, refusal = request.actor, None
    if request.method == "POST":
        try:
            if request.POST.get("do") == "hand_in":
                answers = {
                    int(key[1:]): str(value)
                    for key, value in request.POST.items()
                    if key[:1] == "q" and key[1:].isascii() and key[1:].isdecimal() and len(key) < 20
                }
                score = examining.hand_in(name, whole(request.POST.get("paper")) or 0, answers, actor=actor)
                tell(request, _("得了 {score} 分。").format(score=score), "" if score < asked["pass"] else _("合格。"))
            else:
                examining.begin(name, actor=actor)
            return redirect("desk:course_test", name=name)
        except Conflict as refused:
            refusal = refused
    stands = examining.standing(name, actor=actor)
    context: dict[str, Any] = {
        "title": kind.title,
        "asked": asked,
        "stands": stands,
        "questions": examining.questions(stands.paper) if stands.paper is not None else [],
        "may": stands.paper is None
        and not stands.passed
        and stands.from_day is not None
        and stands.from_day <= clock.today(),
        "refusal": refusal,
    }
    return show(request, "desk/course_test.html", context, here="activities", status=refusal.http if refusal else 200)
