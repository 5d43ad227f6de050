"""账号: enter a person, find one, and help with signing in: one-time password, lock, second factor, sessions."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from gezhi.foundation import people
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from gezhi.foundation.people import actions, passwords, persons, second_factor, signin
from gezhi.interfaces.site.account import lately
from gezhi.interfaces.site.requests import Request

from ..page import show, staff, tell
from .staff import person_of


@staff
@require_http_methods(["GET", "POST"])
def accounts(request: Request) -> HttpResponse:
    """GET: find somebody by name or phone, or enter a new person; POST does either."""
    request.actor.need("people.manage")
    refusal: Refusal | None = None
    context: dict[str, Any] = {}
    if request.method == "POST":
        try:
            if request.POST.get("do") == "find":
                return redirect("desk:account", person=person_of(request.POST))
            context = _enter(request)
        except (Invalid, Conflict, NotFound, NotAllowed) as refused:
            refusal = refused
    context |= {"refusal": refusal, "errors": refusal.field_errors if refusal else {}, "typed": request.POST}
    return show(request, "desk/accounts.html", context, here="people", status=refusal.http if refusal else 200)


def _enter(request: Request) -> dict[str, Any]:
    """A new person; with a sign-in name also a one-time password, in this answer and nowhere else."""
    given = request.POST
    username = given.get("username", "").strip() or None
    word = passwords.one_time() if username else None
    row = actions.NewPerson(
        given.get("name", ""), given.get("phone", "").strip() or None, username, word, must_change=bool(username)
    )
    (person,) = actions.create_people([row], actor=request.actor)
    return {"made": people.directory().person(person), "word": word}


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def account(request: Request, person: int) -> HttpResponse:
    """A colleague's account: what state it is in, what happened, and the buttons that help; each is told to its owner."""
    info = people.directory().person(person)
    persons.need_to_manage_person(request.actor, person)
    refusal: Refusal | None = None
    word = ""
    if request.method == "POST":
        try:
            word = _do(request, person)
            if not word:
                return redirect("desk:account", person=person)
        except (Invalid, Conflict, NotAllowed) as refused:
            refusal = refused
        info = people.directory().person(person)
    directory = people.directory()
    context = {
        "person": info,
        "word": word,
        "seats": [directory.seat(seat) for seat in (*directory.held(person), *directory.substituted(person))],
        "required": second_factor.required(info),
        "sessions": len(signin.sessions_of(info)),
        "locked": signin.locked_until(info),
        "reasons": second_factor.REASONS.items(),
        "lately": lately(info),
        "own": request.actor.person_id == person,
        "refusal": refusal,
    }
    return show(request, "desk/account.html", context, here="people", status=refusal.http if refusal else 200)


def _do(request: Request, person: int) -> str:
    """One of the buttons; returns a one-time password when one was made."""
    wanted, actor = request.POST.get("do", ""), request.actor
    if wanted == "unlock":
        signin.unlock(person, actor=actor)
        tell(request, _("锁解开了。"))
    elif wanted == "sessions":
        persons.end_sessions(person, actor=actor)
        tell(request, _("各处的登录都退出了。"))
    elif wanted == "factor":
        second_factor.reset(person, actor=actor, reason=request.POST.get("reason", ""))
        tell(request, _("二次验证已经去掉。"), _("已记下，本人下次登录时会看到是谁、为什么。"))
    elif wanted == "username":
        actions.set_username(person, request.POST.get("username", ""), actor=actor)
        tell(request, _("登录名改好了。"), _("请再给一个一次性密码。"))
    elif wanted == "password":
        if actor.person_id == person:
            raise Invalid("request.malformed")
        word = passwords.one_time()
        actions.set_password(person, word, actor=actor)
        return word
    else:
        raise Invalid("request.malformed")
    return ""
