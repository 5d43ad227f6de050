"""Only people who are signed in come into the field; everybody else is sent to the door and brought back."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from gezhi.foundation.errors import SignInNeeded
from gezhi.interfaces.site.faults import wants_json
from gezhi.interfaces.site.requests import Request

View = Callable[..., HttpResponse]


def staff(view: View) -> View:
    """A page of the field. A script whose session has ended is told so (401), so that it keeps what it was sending."""

    @wraps(view)
    @never_cache
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.actor.kind != "staff":
            if request.method == "GET" and not wants_json(request) and "HX-Request" not in request.headers:
                return redirect(f"{reverse('signin')}?{urlencode({'next': request.get_full_path()})}")
            raise SignInNeeded()
        return view(request, *args, **kwargs)

    return guarded
