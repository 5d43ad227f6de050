"""The only door to a document's row, and who may draft, sign, and take back.

Whether somebody may see a document is its subject's question (who sees the case sees its documents), so flows ask
it; this room answers what a post may do at the issuer's place and which roles the flow says the actor has.
"""

from __future__ import annotations

from collections.abc import Collection

from gezhi.engines.publishing import refusals as _refusals  # noqa: F401  (registers the codes)
from gezhi.engines.publishing.models import DRAFT, Document
from gezhi.engines.publishing.schema import Template
from gezhi.foundation import people, places
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.people.actor import Placed


def document(document_id: int) -> Document:
    """The row, or NotFound document.not_found."""
    found = Document.objects.filter(pk=document_id).first()
    if found is None:
        raise NotFound("document.not_found")
    return found


def draft_to_change(document_id: int, *, expected_seq: int | None) -> Document:
    """The row locked; Conflict document.frozen when it is no draft any more, document.stale when it has moved on."""
    found = locked(document_id)
    if expected_seq is not None and found.event_seq != expected_seq:
        raise Conflict("document.stale" if found.state == DRAFT else "document.frozen")
    if found.state != DRAFT:
        raise Conflict("document.frozen")
    return found


def locked(document_id: int) -> Document:
    """The row, locked for this transaction."""
    found = Document.objects.select_for_update().filter(pk=document_id).first()
    if found is None:
        raise NotFound("document.not_found")
    return found


def may_draft(template: Template, *, actor: Actor, path: Placed, roles: Collection[str]) -> bool:
    """Whether one of the template's drafters is this actor, where the subject lies."""
    return actor.kind == "staff" and _any(template.draft, actor, path, roles)


def seat_to_issue(template: Template, *, actor: Actor, path: Placed, roles: Collection[str]) -> int:
    """The seat in whose unit's name the actor drafts: the one acted in, else the first that has the power.

    Raises NotAllowed document.not_draftable.
    """
    if not may_draft(template, actor=actor, path=path, roles=roles) or not actor.seats:
        raise NotAllowed("document.not_draftable")
    if actor.seat is not None:
        return actor.seat
    directory = people.directory()
    powers = {who.removeprefix("power:") for who in template.draft if who.startswith("power:")}
    able = [s for s in actor.seats if powers & directory.posts[directory.seat(s).post].powers]
    return next(iter(able or actor.seats))


def need_signer(template: Template, row: Document, *, actor: Actor, roles: Collection[str]) -> int | None:
    """The seat that signs. Raises NotAllowed document.not_signer, document.own_draft."""
    path = places.directory().path(row.issuer_place)
    if actor.kind != "staff" or not _any(template.sign, actor, path, roles):
        raise NotAllowed("document.not_signer")
    if template.unlike_drafter and actor.person_id == row.drafted_by:
        raise NotAllowed("document.own_draft")
    if actor.seat is not None:
        return actor.seat
    if row.issuer_seat in actor.seats:
        return row.issuer_seat
    directory = people.directory()
    powers = {who.removeprefix("power:") for who in template.sign if who.startswith("power:")}
    able = [s for s in actor.seats if powers & directory.posts[directory.seat(s).post].powers]
    return next(iter(able or actor.seats), None)


def need_editor(template: Template, row: Document, *, actor: Actor, path: Placed, roles: Collection[str]) -> None:
    """Drafters and signers may change a draft's words or give it up. Raises NotAllowed."""
    if actor.kind != "staff":
        raise NotAllowed("document.not_draftable")
    if may_draft(template, actor=actor, path=path, roles=roles):
        return
    if not _any(template.sign, actor, places.directory().path(row.issuer_place), roles):
        raise NotAllowed("document.not_draftable")


def _any(who: Collection[str], actor: Actor, path: Placed, roles: Collection[str]) -> bool:
    return any(actor.may(one.removeprefix("power:"), path) if one.startswith("power:") else one in roles for one in who)
