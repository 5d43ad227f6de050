"""今天要办: one list, overdue first; two big buttons a line; the finished in a quiet pile."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gezhi.foundation.calendar import clock
from gezhi.interfaces.field.day import day_of, seats_in_words
from gezhi.interfaces.field.guard import staff
from gezhi.interfaces.field.views.case import notice_of
from gezhi.interfaces.field.views.duty import undo_of
from gezhi.interfaces.field.views.tree import has_leaves
from gezhi.interfaces.site.answers import new_key
from gezhi.interfaces.site.requests import Request


@staff
@require_safe
def today(request: Request) -> HttpResponse:
    """`/field/`."""
    now = clock.now()
    day_list = day_of(request.actor, now)
    context = {
        "now": now,
        "day_list": day_list,
        "has_tree": has_leaves(day_list),
        "undo": undo_of(request),
        "seats": seats_in_words(request.actor),
        "key": new_key(),
        "notice": notice_of(request),
    }
    return render(request, "field/today.html", context)
