"""What every desk view shares: only staff come in, the frame around a page, and where one came from."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import SignInNeeded
from gezhi.interfaces.site.requests import Request

from .menu import menu, sections

View = Callable[..., HttpResponse]


def whole(text: str | None) -> int | None:
    """A whole number as it stands in an address; None for anything else, also for digits that are not 0 to 9."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def staff(view: View) -> View:
    """Only people who are signed in; the page is never kept by a cache, because it shows other people's matters."""

    @wraps(view)
    @never_cache
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.actor.kind != "staff":
            raise SignInNeeded()
        return view(request, *args, **kwargs)

    return guarded


def show(request: Request, template: str, context: dict[str, Any], *, here: str, status: int = 200) -> HttpResponse:
    """A full page in the desk's frame. `here` is the menu entry (or management tab) that is lit."""
    tabs = sections(request.actor)
    notice = request.session.pop("desk.notice", None) if "desk.notice" in request.session else None
    return render(
        request,
        template,
        {
            "now": clock.now(),
            "menu": menu(request.actor, here, tabs),
            "here": here,
            "sections": tabs,
            "notice": notice,
            **context,
        },
        status=status,
    )


def part(request: Request, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A piece of a page for htmx: no frame, no menu."""
    return render(request, template, {"now": clock.now(), **context}, status=status)


def wants_part(request: Request) -> bool:
    """Whether htmx asked, and so wants a piece instead of a page."""
    return request.headers.get("HX-Request") == "true"


def tell(request: Request, what: str, next: str = "", tone: str = "done", undo: tuple[str, str] | None = None) -> None:
    """Leave one sentence for the next page the person sees; `undo` is (title, address) of what takes it back."""
    request.session["desk.notice"] = {"what": what, "next": next, "tone": tone, "undo": undo}
