"""我的会: what I am expected at or signed up for, and what I convene, on the phone."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gezhi.engines.matching import queries
from gezhi.engines.matching.words import BOOKINGS, KINDS, STATES
from gezhi.foundation import places
from gezhi.foundation.calendar import clock
from gezhi.interfaces.field.guard import staff
from gezhi.interfaces.site.requests import Request


@staff
@require_safe
def meetings(request: Request) -> HttpResponse:
    """`/field/meetings`. Inside matters are shown only where the desk is served too."""
    now = clock.now()
    today = clock.midnight(clock.today())
    inside = "desk" in settings.GEZHI_ZONES
    mine = [(row, booking) for row, booking in queries.mine(request.actor, since=today) if inside or not row.inside]
    convened = [
        row for row in queries.convened(request.actor, since=now - timedelta(days=14), until=now + timedelta(days=31))
        if inside or not row.inside
    ]  # fmt: skip
    directory = places.directory()
    context = {
        "mine": [
            {"row": row, "said": BOOKINGS[b.state], "kind": KINDS[row.kind], "where": row.room or directory.label(row.place_id, "village")}
            for row, b in mine
        ],
        "convened": [{"row": row, "state": STATES[row.state], "late": row.ends < now} for row in convened],
        "now": now,
    }  # fmt: skip
    return render(request, "field/meetings.html", context)
