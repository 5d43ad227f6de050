"""Organisations in trees, apart from the tree of places. The writers; `tree_view` reads. Stream `organisation_edge:<id>`.

A tree's shape (which kind stands under which, at which kind of place) is pack data, `people.tree_reader`. A branch
lies inside the place of the branch above it; one root a place; an edge is dated and ended, never changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gezhi.foundation import events, packs, places
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.errors import NotFound as _NotFound
from gezhi.foundation.events import GENESIS, Head

from . import refusals
from .actor import Actor
from .changing import changing, instant, need_to_manage
from .models import OrganisationEdge
from .records import OrganisationInfo
from .seats import NewOrganisation, open_organisations
from .snapshot import People, directory


@dataclass(frozen=True)
class NewBranch:
    """An organisation to hang into a tree: `parent` is an organisation's id, None for the tree's root."""

    code: str
    name: str
    kind: str
    place_id: int
    parent: int | None = None
    short: str = ""


def shape(tree: str) -> dict[str, Any]:
    """The levels and duties of a tree as its pack says. Raises NotFound people.no_tree."""
    try:
        return packs.registry().body("tree", tree)
    except _NotFound:
        raise refusals.NO_TREE(tree=tree) from None


def add_branch(tree: str, row: NewBranch, *, actor: Actor, at: datetime | None = None) -> int:
    """Open an organisation and hang it into a tree; returns its id. Raises as `add_branches`."""
    return add_branches(tree, [row], actor=actor, at=at)[0]


def add_branches(tree: str, rows: Iterable[NewBranch], *, actor: Actor, at: datetime | None = None) -> list[int]:
    """Open organisations and hang them into a tree, all or none; ids in order. What is there already stays.

    Raises NotFound people.no_tree, people.no_organisation, people.no_place; Invalid tree.kind, tree.place;
    Conflict tree.root_exists, tree.elsewhere; NotAllowed.
    """
    wanted = list(rows)
    levels = {level["kind"]: level for level in shape(tree)["levels"]}
    with changing(actor) as change:
        moment = instant(change, at, actor)
        ids = open_organisations(
            [NewOrganisation(row.code, row.name, row.kind, row.place_id, row.short) for row in wanted], actor=actor
        )
        people = directory()
        hanging = {edge.child: edge.parent for edge in people.edges if edge.tree == tree and edge.until is None}
        fresh: list[tuple[int, int | None]] = []
        for id_, row in zip(ids, wanted, strict=True):
            if id_ in hanging:
                if hanging[id_] != row.parent:
                    raise refusals.TREE_ELSEWHERE(name=row.name)
                continue
            _check(people, tree, levels, id_, row.parent, hanging)
            hanging[id_] = row.parent
            fresh.append((id_, row.parent))
        _begin(tree, fresh, moment, actor)
    return ids


def move_branch(
    tree: str, organisation_id: int, parent_id: int | None, *, actor: Actor, at: datetime | None = None
) -> None:
    """Hang a branch, with everything below it, under another organisation. Raises as `add_branches`."""
    levels = {level["kind"]: level for level in shape(tree)["levels"]}
    with changing(actor) as change:
        moment = instant(change, at, actor)
        edge = _open_edge(tree, organisation_id)
        need_to_manage(actor, change.before.organisations[organisation_id].place_id)
        if edge.parent_id == parent_id:
            return
        hanging = {e.child: e.parent for e in change.before.edges if e.tree == tree and e.until is None}
        del hanging[organisation_id]
        _check(change.before, tree, levels, organisation_id, parent_id, hanging)
        _end(edge, moment, actor)
        _begin(tree, [(organisation_id, parent_id)], moment, actor)


def remove_branch(tree: str, organisation_id: int, *, actor: Actor, at: datetime | None = None) -> None:
    """Take a branch out of a tree. Raises Conflict tree.has_branches while others hang below it, NotFound."""
    with changing(actor) as change:
        moment = instant(change, at, actor)
        edge = _open_edge(tree, organisation_id)
        need_to_manage(actor, change.before.organisations[organisation_id].place_id)
        if any(e.tree == tree and e.until is None and e.parent == organisation_id for e in change.before.edges):
            raise refusals.TREE_HAS_BRANCHES()
        _end(edge, moment, actor)


def _check(
    people: People,
    tree: str,
    levels: dict[str, dict[str, Any]],
    organisation_id: int,
    parent_id: int | None,
    hanging: dict[int, int | None],
) -> None:
    """Whether the branch may hang there; `hanging`: child -> parent of the tree without it."""
    info = people.organisations.get(organisation_id)
    if info is None:
        raise refusals.NO_ORGANISATION(organisation=organisation_id)
    level = levels.get(info.kind)
    parent = None if parent_id is None else people.organisations.get(parent_id)
    if level is None or (parent_id is not None and (parent is None or parent_id not in hanging)):
        raise refusals.TREE_KIND(name=info.name)
    if level["under"] != (parent.kind if parent else None):
        raise refusals.TREE_KIND(name=info.name)
    everywhere = places.directory()
    kind = everywhere.place(info.place_id).kind
    fits = kind in level["at"] or ("grid" in level["at"] and kind in places.GRIDS)
    if not fits or (parent is not None and not everywhere.is_within(info.place_id, parent.place_id)):
        raise refusals.TREE_PLACE(name=info.name)
    if parent is None:
        roots = [people.organisations[child] for child, above in hanging.items() if above is None]
        if any(_touch(everywhere, info, root) for root in roots):
            raise refusals.TREE_ROOT_EXISTS(tree=tree)


def _touch(everywhere: places.Directory, one: OrganisationInfo, other: OrganisationInfo) -> bool:
    """Whether one of two roots lies inside the other's place: then the smaller would have two."""
    return everywhere.is_within(one.place_id, other.place_id) or everywhere.is_within(other.place_id, one.place_id)


def _begin(tree: str, rows: list[tuple[int, int | None]], moment: datetime, actor: Actor) -> None:
    ids = new_ids(OrganisationEdge, len(rows))
    facts = [{"tree": tree, "child_id": child, "parent_id": parent, "since": moment} for child, parent in rows]
    drafts = [
        events.Draft(f"organisation_edge:{id_}", "organisation_edge.began", fact, head=GENESIS)
        for id_, fact in zip(ids, facts, strict=True)
    ]
    heads = events.record_many(drafts, actor=actor)
    OrganisationEdge.objects.bulk_create(
        [
            OrganisationEdge(id=id_, **fact, event_seq=head.seq, event_hash=head.hash)
            for id_, fact, head in zip(ids, facts, heads, strict=True)
        ],
        batch_size=500,
    )


def _open_edge(tree: str, organisation_id: int) -> OrganisationEdge:
    edge = OrganisationEdge.objects.select_for_update().filter(tree=tree, child_id=organisation_id, until=None).first()
    if edge is None:
        raise refusals.NO_ORGANISATION(organisation=organisation_id)
    return edge


def _end(edge: OrganisationEdge, moment: datetime, actor: Actor) -> None:
    edge.until = max(moment, edge.since)
    head = Head(edge.event_seq, bytes(edge.event_hash))
    edge.event_seq, edge.event_hash = events.record(
        f"organisation_edge:{edge.pk}",
        "organisation_edge.ended",
        actor=actor,
        head=head,
        patch={"until": edge.until},
    )
    edge.save()
