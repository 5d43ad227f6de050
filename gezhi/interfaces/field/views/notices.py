"""提醒 on the phone: my lines, newest first; each opens its matter."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.foundation import notices
from gezhi.foundation.calendar import clock
from gezhi.foundation.notices import choosing
from gezhi.interfaces.field.guard import staff
from gezhi.interfaces.site.requests import Request
from gezhi.interfaces.site.told import address_of


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def inbox(request: Request) -> HttpResponse:
    """`/field/notices`; POST marks all as read."""
    if request.method == "POST":
        choosing.mark_read(None, actor=request.actor)
        return redirect("field_notices")
    before = request.GET.get("before", "")
    lines, more = notices.inbox(request.actor, before=int(before) if before.isdigit() and len(before) < 19 else None)
    return render(request, "field/notices.html", {"lines": lines, "more": more, "now": clock.now()})


@staff
@require_safe
def open_line(request: Request, id: int) -> HttpResponse:
    """`/field/notices/<id>`: what the line is about; it counts as read."""
    return redirect(address_of(choosing.open_line(id, actor=request.actor), "field_case", request.actor))
