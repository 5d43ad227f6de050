"""What of a protected matter its page shows to whom: contact sealed for everybody, and to those who only handle it the
reviewed copy instead of the words, without what would let them find the reporter. docs/rules/protected.md"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from gezhi.engines.workflows import guarding
from gezhi.foundation import places
from gezhi.foundation.people import Actor

if TYPE_CHECKING:
    from gezhi.engines.workflows.timeline import Entry
    from gezhi.engines.workflows.views import CaseView

COPY = "copy"  # the field of a form that holds the reviewed text


def veiled(view: CaseView, actor: Actor) -> CaseView:
    """The view as this actor may have it; an ordinary case as it is."""
    case = view.case
    if actor.kind == "system":
        return view
    if not case.protected:
        return _after(view, actor)
    view = replace(view, contact={"name": "", "phone": ""})
    if guarding.sees_original(case, actor):
        return view
    reviewed = next((entry for entry in reversed(view.timeline) if entry.said.get(COPY)), None)
    known = copy.copy(case)
    known.lon = known.lat = known.grid_id = known.reporter_id = None
    known.on_behalf = False
    path = places.directory().path(case.place_id)
    near = path.village_id or path.town_id or path.county_id
    text = reviewed.said[COPY] if reviewed else gettext("（文字还在审看，没有转交。）")
    return replace(
        view,
        case=known,
        words=replace(view.words, title=gettext("保密事项"), text=text, erased=False),
        timeline=[_entry(entry, reviewed.seq if reviewed else None) for entry in view.timeline],
        photos=(),
        items=[item for item in view.items if item.cycle == case.cycle],  # not who had it as an ordinary matter
        veiled=True,
        place_label=places.directory().label(near) if near is not None else "",
    )


def _after(view: CaseView, actor: Actor) -> CaseView:
    """An ordinary matter that was a protected one: what was said then stays with those who stood above whom it named.

    Everybody else reads that it was kept apart and that it came back, not by whom, why, or what came between.
    """
    if not any(entry.apart for entry in view.timeline) or guarding.stood_above(view.case, actor):
        return view
    shown = []
    for entry in view.timeline:
        if entry.action == "protect":
            shown.append(replace(entry, said={}, form={}, who="", seat_label="", actor_kind="system", known_to=()))
        elif not entry.apart or entry.action == "open":
            shown.append(replace(entry, known_to=()) if entry.action == "restore" else entry)
    photos = tuple(p for e in shown if e.action in ("open", "add") for p in e.photos)
    return replace(view, timeline=shown, photos=photos)


def _entry(entry: Entry, since: int | None) -> Entry:
    """A line of the story for whoever handles it: nothing the reporter wrote, nothing said before it was passed on."""
    own = entry.actor_kind == "resident" or entry.action == "open"
    if own or since is None or entry.seq < since:
        return replace(entry, said={}, form={}, photos=(), claimed_at=None, known_to=())
    return entry


def may_see_photo(view: CaseView, photo_id: int) -> bool:
    """Whether a photo of the case is among those the (veiled) view shows."""
    return photo_id in view.photos or any(photo_id in entry.photos for entry in view.timeline)
