"""组织树: organisations in the trees of packs, level by level; every number opens to exactly what it counted."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.foundation import packs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal
from gezhi.foundation.people import Actor
from gezhi.foundation.people.queries import appointed
from gezhi.foundation.people.tree_view import Node, TreeView, tree_at
from gezhi.interfaces.site.requests import Request

from ..fields import titled
from ..names import person_name, place_name, seat_name
from ..page import show, staff, tell
from . import branches

SHOWN = 500
WHAT = ("organisations", "seats", "held", "vacant", "holders", "persons")


@staff
@require_safe
def trees(request: Request) -> HttpResponse:
    """The trees of the installed packs that have something here."""
    found = []
    for name in packs.registry().names("tree"):
        view = tree_at(name)
        roots = [root for root in view.roots if _may(request.actor, root)]
        if roots:
            found.append(
                (name, titled(view.shape["title"]), len(roots), sum(root.total.organisations for root in roots))
            )
    if not found and not _may_anywhere(request.actor):
        request.actor.need("people.manage")
    if request.actor.may("people.manage"):
        # Those that have no root yet are listed too: where one begins.
        known = {name for name, *_rest in found}
        for name in packs.registry().names("tree"):
            if name not in known:
                found.append((name, titled(tree_at(name).shape["title"]), 0, 0))
    return show(request, "desk/trees.html", {"trees": found}, here="trees")


@staff
@require_http_methods(["GET", "POST"])
def tree(request: Request, name: str) -> HttpResponse:
    """A tree; with `?branch=ID&what=seats` the rows behind one of its numbers, with `?under=` or `?move=` a form. POST
    changes it (branches.py)."""
    view = tree_at(name)
    refusal: Refusal | None = None
    if request.method == "POST":
        request.actor.need("people.manage")
        try:
            tell(request, branches.change(name, view, request.POST.dict(), request.actor))
            return redirect("desk:tree", name=name)
        except (Invalid, Conflict) as refused:
            refusal = refused
    nodes = [node for node in view.nodes if _may(request.actor, view.way_up(node.organisation.id)[-1])]
    if not nodes and view.nodes:
        request.actor.need("people.manage")
    if not nodes and not _may_anywhere(request.actor):
        request.actor.need("people.manage")
    manages = request.actor.may("people.manage")
    lowest = view.shape["levels"][-1]["kind"]
    form = branches.form(view, request.GET, request.actor) if manages else {}
    context: dict[str, Any] = {
        "tree": name,
        "title": titled(view.shape["title"]),
        "about": titled(view.shape["about"]),
        "nodes": [_line(node) for node in nodes[:SHOWN]],
        "more": max(0, len(nodes) - SHOWN),
        "manages": manages,
        "lowest": lowest,
        "form": form,
        "refusal": refusal,
        "errors": refusal.field_errors if refusal else {},
        "typed": request.POST,
        "levels": [titled(level["title"]) for level in view.shape["levels"]],
        "duties": [
            (
                titled(duty["title"]),
                next(titled(x["title"]) for x in view.shape["levels"] if x["kind"] == duty["level"]),
            )
            for duty in view.shape["duties"]
        ],
    }
    branch, what = request.GET.get("branch", ""), request.GET.get("what", "")
    if branch:
        node = view.of.get(int(branch)) if branch.isdecimal() else None
        if node is None or what not in WHAT or node not in nodes:
            raise NotFound()
        context |= {"opened": node.organisation.name, "what": _said(what), "rows": _rows(view, node, what)}
    return show(request, "desk/tree.html", context, here="trees", status=refusal.http if refusal else 200)


def _line(node: Node) -> dict[str, Any]:
    return {
        "node": node,
        "level": titled(node.title),
        "indent": f"{(node.depth - 1) * 1.5}rem",
        "place": place_name(node.organisation.place_id),
        "persons": len(node.persons),
        "posts": [
            (people.directory().posts[post].title, count) for post, count in sorted(node.own.by_post.items()) if count
        ],
    }


def _below(view: TreeView, node: Node) -> list[Node]:
    found, waiting = [], [node]
    while waiting:
        step = waiting.pop()
        found.append(step)
        waiting.extend(view.of[child] for child in reversed(step.children))
    return found


def _rows(view: TreeView, node: Node, what: str) -> list[tuple[str, str, str]]:
    """(link, first, second) of exactly what the number counted."""
    directory, now = people.directory(), clock.now()
    branch = _below(view, node)
    if what == "organisations":
        return [("", step.organisation.name, titled(step.title)) for step in branch]
    seats = [seat for step in branch for seat in step.seats]
    held = {seat.id: appointed(directory, seat.id, now) for seat in seats}
    if what == "persons":
        return [("", person_name(person), "") for person in sorted({p for found in held.values() for p in found})]
    if what == "holders":
        return [
            (reverse("desk:seat", args=[seat.id]), seat.label, person_name(person))
            for seat in seats
            for person in held[seat.id]
        ]
    wanted = [seat for seat in seats if what == "seats" or (what == "held") == bool(held[seat.id])]
    return [
        (
            reverse("desk:seat", args=[seat.id]),
            seat.label,
            _("、").join(person_name(p) for p in held[seat.id])
            or _("空缺，事情由 {who} 接着").format(who=seat_name(directory.effective(seat.id, now).seat_id)),
        )
        for seat in wanted
    ]


def _said(what: str) -> str:
    return {
        "organisations": _("组织"),
        "seats": _("席位"),
        "held": _("有人的席位"),
        "vacant": _("空缺的席位"),
        "holders": _("任职"),
        "persons": _("人（不重复）"),
    }[what]


def _may(actor: Actor, root: Node) -> bool:
    path = places.directory().path(root.organisation.place_id)
    return any(actor.may(power, path) for power in ("people.manage", "case.supervise"))


def _may_anywhere(actor: Actor) -> bool:
    return actor.may("people.manage") or actor.may("case.supervise")
