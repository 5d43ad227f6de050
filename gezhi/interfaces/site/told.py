"""Where a line of the notice list leads: the page of its case on the face where it is read."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from gezhi.engines.duties.models import Done
from gezhi.foundation.errors import NotFound
from gezhi.foundation.people import Actor


def address_of(stream: str, view: str, actor: Actor) -> str:
    """The page `view` of the case of a stream "case:12", the page of a "panel:7", of the session of "session:3", or where a
    "duty:5" is made up for (its own seat) or seen to (the one it climbed to). NotFound otherwise."""
    kind, _sep, number = stream.partition(":")
    if kind == "session":
        on_desk = "desk" in settings.GEZHI_ZONES
        return reverse("desk:session", args=[int(number)]) if on_desk else reverse("field_meetings")
    if kind == "panel" and "desk" in settings.GEZHI_ZONES:
        return reverse("desk:panel", args=[int(number)])
    if kind == "duty":
        return _duty(int(number), view, actor)
    if kind != "case":
        raise NotFound("notice.not_found")
    return reverse(view, args=[int(number)])


def _duty(number: int, view: str, actor: Actor) -> str:
    row = Done.objects.filter(pk=number).first()
    if row is None:
        raise NotFound("notice.not_found")
    if view.startswith("desk:") and row.raised_to in actor.answering | set(actor.seats):
        return f"{reverse('desk:duties')}?place={row.village_id or row.town_id or row.county_id}"
    return reverse("field")
