"""配对: what the rules would give, why somebody gets nothing, and adopting it, with a reason where people differ."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gezhi.engines.matching import allocating, wishing
from gezhi.engines.matching.allocating import Proposal
from gezhi.engines.matching.matches import Match, match, matches
from gezhi.flows import allotments
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects.models import Subject
from gezhi.interfaces.site.requests import Request

from .. import decided
from ..names import person_name, place_name
from ..page import show, staff, tell, whole
from . import rosters, stores

MOST_CHOICES = 60


def _mine(actor: Actor) -> list[tuple[Match, int]]:
    """The matches the actor decides, with the places where."""
    return decided.by(actor, matches(), lambda kind: kind.adopters)


def _known(request: Request, name: str) -> tuple[Match, int]:
    return decided.asked(request, name, _mine(request.actor), allocating.may_adopt)


@staff
@require_safe
def index(request: Request) -> HttpResponse:
    """`/desk/matches`: the allocations this person decides."""
    rows = [
        {"kind": kind, "place": place, "where": place_name(place, "county")}
        for kind, place in _mine(request.actor)
    ]  # fmt: skip
    more: list[dict[str, Any]] = [
        {"kind": kind, "place": place, "where": place_name(place, "county"), "url": reverse(f"desk:{page}", args=[kind.name])}
        for page, own in (("roster", rosters.mine(request.actor)), ("store", stores.mine(request.actor)))
        for kind, place in own
    ]  # fmt: skip
    more += [
        {"kind": kind, "place": place, "where": place_name(place, "county"), "url": reverse("desk:wishes", args=[kind.name])}
        for kind, place in _wishing(request.actor)
    ]  # fmt: skip
    return show(request, "desk/matches.html", {"rows": rows, "more": more}, here="activities")


@staff
@require_safe
def one(request: Request, name: str) -> HttpResponse:
    """`/desk/matches/<match>?place=`: the proposal as it stands now."""
    kind, place = _known(request, name)
    return _page(request, kind, place)


def _page(request: Request, kind: Match, place: int, refusal: Refusal | None = None) -> HttpResponse:
    found = allocating.propose(kind.name, place, actor=request.actor)
    typed = request.POST if refusal else {}
    wrong = refusal.field_errors if refusal else {}
    context = {
        "kind": kind, "place": place, "name": place_name(place, "county"), "found": found, "refusal": refusal,
        "rows": [_row(found, need, typed, wrong) for need in _order(found)],
        "chosen": [(side, place_name(side.place_id)) for side in _chosen(found)],
        "reach": _reach(found), "share": _share(kind, place), "box": _box(found),
        "kept": [(found.needs[n], found.offers.get(o), a) for (n, o), a in list(found.kept.items())[:300] if n in found.needs],
        "left": [(found.needs[n], place_name(found.needs[n].place_id), found.why(n)) for n in found.left],
        "idle": found.idle()[:100], "reason": typed.get("reason", ""), "wrong": wrong,
        "history": _history(kind, place),
    }  # fmt: skip
    return show(request, "desk/match.html", context, here="activities", status=refusal.http if refusal else 200)


def _box(found: Proposal) -> dict[str, Any] | None:
    """Of a draw what is shown before it: who waits, and how many cards of each are in the box. Never who would draw which."""
    if found.match.by != "draw":
        return None
    out: dict[int, int] = {}
    for (_need, offer), n in found.kept.items():
        out[offer] = out.get(offer, 0) + n
    cards = [(side, max(0, side.amount - out.get(id, 0))) for id, side in found.offers.items()]
    waiting = [(found.needs[id], place_name(found.needs[id].place_id)) for id in sorted(_order(found))]
    return {"waiting": waiting, "cards": cards, "whole": sum(n for _side, n in cards)}


def _history(kind: Match, place: int) -> list[dict[str, Any]]:
    """What was adopted here; of draws who drew what out of which box, by which seed. Two queries."""
    rows = allocating.adopted(kind.name, place)
    lines = [line for row in rows for line in row.draw.get("lines", ())]
    ids = {id for line in lines for id in (line["need"], *map(int, line["box"]))}
    names = dict(Subject.objects.filter(pk__in=ids).values_list("pk", "label")) if ids else {}

    def told(line: dict[str, Any]) -> dict[str, Any]:
        box = _("、").join(_("{task} {n} 张").format(task=names.get(int(o), o), n=n) for o, n in line["box"].items())
        return {"who": names.get(line["need"], ""), "box": box, "got": names.get(line["got"], "")}

    return [
        {
            "row": row, "by": person_name(row.person_id), "n": len(row.pairs), "seed": row.draw.get("seed", ""),
            "lines": [told(line) for line in row.draw.get("lines", ())],
        }
        for row in rows
    ]  # fmt: skip


def _chosen(found: Proposal) -> list[Any]:
    sides = found.needs if found.sited is None else found.offers
    return [sides[id] for id in found.chosen]


def _reach(found: Proposal) -> dict[str, Any] | None:
    """What the chosen places reach of all that is needed, and what no other choice could exceed."""
    if found.sited is None:
        return None
    return {
        "got": found.sited.reached, "all": sum(side.amount for side in found.needs.values()), "best": found.sited.best,
        "bound": found.sited.bound, "n": len(found.chosen),
    }  # fmt: skip


def _share(kind: Match, place: int) -> dict[str, Any] | None:
    sums = wishing.share(kind, place)
    if sums is None or kind.share is None:
        return None
    part, everything = sums
    said = f"{100 * part / everything:.1f}%" if everything else "—"
    return {
        "title": localised(kind.share["title"]),
        "said": said,
        "part": part,
        "whole": everything,
        "register": kind.share["register"],
    }


def _order(found: Proposal) -> list[int]:
    return list(dict.fromkeys(need for need, _offer in found.pairs))


def _row(found: Proposal, need: int, typed: Any, wrong: Any) -> dict[str, Any]:
    given = [(found.offers[o], a) for (n, o), a in found.pairs.items() if n == need]
    # Names are masked: where they work tells two of them apart.
    able = [(found.offers[o], place_name(found.offers[o].place_id)) for n, o in sorted(found.fits) if n == need][
        :MOST_CHOICES
    ]
    single = len(given) == 1 and found.match.by not in ("choose", "site", "rotate")
    return {
        "need": found.needs[need], "where": place_name(found.needs[need].place_id), "given": given,
        "able": able if single else [], "picked": typed.get(f"need{need}", str(given[0][0].id)),
        "wrong": wrong.get(f"need{need}"),
    }  # fmt: skip


@staff
@require_POST
def adopt(request: Request, name: str) -> HttpResponse:
    """`…/adopt`: what was seen is adopted, single ones changed with a reason."""
    kind, place = _known(request, name)
    changes: dict[int, int | None] = {}
    for key in request.POST:
        value = request.POST.get(key, "")
        if key.startswith("need") and (need := whole(key[4:])) is not None and (value == "none" or whole(value)):
            changes[need] = whole(value)
    try:
        row, _found = allotments.adopt(
            name, place, actor=request.actor, seen=request.POST.get("seen", ""), changes=changes,
            reason=request.POST.get("reason", ""),
        )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        return _page(request, kind, place, refusal)
    tell(
        request, _("定下了"), _("{n} 对，{when:%H:%M} 记下").format(n=len(row.pairs), when=clock.local(row.adopted_at))
    )
    return redirect(f"{reverse('desk:match', args=[name])}?place={place}")


def _wishing(actor: Actor) -> list[tuple[Match, int]]:
    """Where the actor may tick: the places of their seats."""
    where = [people.directory().seat(seat).place_id for seat in actor.seats]
    return [
        (kind, place) for kind in matches() if kind.wish for place in dict.fromkeys(where)
        if wishing.mine(kind, place, actor) != []
    ]  # fmt: skip


@staff
@require_http_methods(["GET", "POST"])
def wishes(request: Request, name: str) -> HttpResponse:
    """`/desk/matches/<match>/wishes?place=`: what there is to take, and ticking it (POST need, offer, off)."""
    own = {kind.name: place for kind, place in reversed(_wishing(request.actor))}
    place = whole(request.GET.get("place")) or own.get(name)
    if name not in own or place is None or (mine := wishing.mine(match(name), place, request.actor)) == []:
        raise NotFound()
    kind, refusal = match(name), None
    if request.method == "POST":
        given = request.POST
        try:
            wishing.tick(
                name, place, whole(given.get("need")) or 0, whole(given.get("offer")) or 0, actor=request.actor,
                off=given.get("off") == "1",
            )  # fmt: skip
            tell(request, _("取消勾选了") if given.get("off") == "1" else _("勾上了，定的时候等得久的先挑"))
            return redirect(f"{reverse('desk:wishes', args=[name])}?place={place}")
        except (Conflict, NotAllowed, NotFound) as refused:
            refusal = refused
    found = allocating.standing(kind, place)
    offers = [side for id, side in found.offers.items() if mine is None or id in mine]
    ticks = wishing.ticked(kind, list(found.needs))
    taken = {need: found.offers.get(offer) for need, offer in found.kept}
    context = {
        "kind": kind, "place": place, "name": place_name(place, "county"), "refusal": refusal, "offers": offers,
        "rows": [
            {"need": need, "where": place_name(need.place_id), "taken": id in taken, "who": taken.get(id),
             "ticks": [side for side in offers if (id, side.id) in ticks],
             "open": [side for side in offers if (id, side.id) not in ticks]}
            for id, need in found.needs.items()
        ],
        "share": _share(kind, place),
    }  # fmt: skip
    return show(request, "desk/wishes.html", context, here="activities", status=refusal.http if refusal else 200)
