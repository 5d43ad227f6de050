"""Organisations hung into a tree, moved and taken out, from the page of the tree. `trees` shows; this changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from gezhi.foundation import places
from gezhi.foundation.errors import Invalid, NotFound
from gezhi.foundation.people import Actor, actions
from gezhi.foundation.people.tree_view import TreeView

from ..fields import titled
from ..page import whole

MOST_PLACES = 400
_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")


def form(view: TreeView, given: Mapping[str, str], actor: Actor) -> dict[str, Any]:
    """The form a link opened: `?under=root|<id>` to add below, `?move=<id>` to move; {} when none was."""
    if "move" in given:
        node = view.of.get(whole(given["move"]) or 0)
        if node is None or not _manages(actor, node.organisation.place_id):
            raise NotFound()
        above = next((x["under"] for x in view.shape["levels"] if x["kind"] == node.organisation.kind), None)
        everywhere = places.directory()
        parents = [
            (other.organisation.id, other.organisation.name)
            for other in view.nodes
            if other.organisation.kind == above
            and everywhere.is_within(node.organisation.place_id, other.organisation.place_id)
        ]
        return {"moving": node, "parents": parents}
    if "under" not in given:
        return {}
    parent = None if given["under"] == "root" else view.of.get(whole(given["under"]) or 0)
    if given["under"] != "root" and parent is None:
        raise NotFound()
    level = _level(view, parent.organisation.kind if parent else None)
    options = _places(level, parent.organisation.place_id if parent else None, actor)
    return {"adding": True, "parent": parent, "level": titled(level["title"]), "options": options}


def change(tree: str, view: TreeView, given: Mapping[str, str], actor: Actor) -> str:
    """One change by the name of the button; returns what to tell. Raises as people.actions.add_branches, Invalid."""
    wanted = given.get("do", "")
    if wanted == "add":
        parent = whole(given.get("parent"))
        above = view.of.get(parent or 0)
        if given.get("parent") and above is None:
            raise NotFound()
        name, code, place = given.get("name", "").strip(), given.get("code", "").strip(), whole(given.get("place"))
        wrong = {}
        if not 2 <= len(name) <= 80:
            wrong["name"] = _("写 2 到 80 个字的名称。")
        if not _CODE.fullmatch(code):
            wrong["code"] = _("代号用小写字母开头的字母、数字和下划线，例如 branch_1。")
        if place is None or place not in places.directory():
            wrong["place"] = _("请选一个地方。")
        if wrong or place is None:
            raise Invalid(field_errors=wrong)
        level = _level(view, above.organisation.kind if above else None)
        actions.add_branch(
            tree, actions.NewBranch(code, name, level["kind"], place, parent, given.get("short", "").strip()[:40]),
            actor=actor,
        )  # fmt: skip
        return _("{name}挂上了。").format(name=name)
    branch = view.of.get(whole(given.get("branch")) or 0)
    if branch is None:
        raise NotFound()
    if wanted == "move":
        actions.move_branch(tree, branch.organisation.id, whole(given.get("parent")), actor=actor)
        return _("{name}移好了，原来的隶属留作记录。").format(name=branch.organisation.name)
    if wanted == "remove":
        actions.remove_branch(tree, branch.organisation.id, actor=actor)
        return _("{name}撤出了这棵树。").format(name=branch.organisation.name)
    raise Invalid("request.malformed")


def _level(view: TreeView, above: str | None) -> Mapping[str, Any]:
    """The level that stands below a kind. Raises NotFound: the last level has none."""
    found = next((level for level in view.shape["levels"] if level["under"] == above), None)
    if found is None:
        raise NotFound()
    return found


def _places(level: Mapping[str, Any], parent: int | None, actor: Actor) -> list[tuple[int, str]]:
    """Where such an organisation may stand: places of the level's kinds inside the parent's place, or the reader's."""
    everywhere = places.directory()
    tops = [parent] if parent is not None else [id for _kind, id in actor.places("people.manage")]
    wanted = set(level["at"]) | (set(places.GRIDS) if "grid" in level["at"] else set())
    found: list[tuple[int, str]] = []
    for top in tops:
        for id in (top, *everywhere.descendants(top)):
            if everywhere.get(id).kind in wanted and everywhere.open(id) and len(found) < MOST_PLACES:
                found.append((id, everywhere.label(id, "town")))
    return found


def _manages(actor: Actor, place: int) -> bool:
    return actor.may("people.manage", places.directory().path(place))
