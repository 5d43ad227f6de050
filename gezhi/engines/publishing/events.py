"""Frozen facts of this engine, and what verify compares.

Kinds: `document.drafted`, `document.revised`, `document.issued`, `document.voided`, `document.printed` (the first time),
`document.corrected` (another document takes its place), `erased`. The words are private text; the chain holds their
salted hash, so that not a character of an issued document can change unnoticed.

`bulletin.sealed`, `bulletin.published`, `bulletin.withdrawn` (from the portal): the event holds the digest of the frozen
numbers and rows.
"""

from __future__ import annotations

FIELDS = (
    "about", "template", "version", "body_hash", "state", "county_id", "town_id", "village_id", "grid_id", "to_seat",
    "issuer_seat", "issuer_place", "mark", "year", "serial", "number", "drafted_by", "drafted_at", "signed_by",
    "signed_seat", "issued_at", "printed_at", "voided_at", "corrects", "corrected_by", "fingerprint",
)  # fmt: skip

BULLETIN = (
    "template", "version", "body_hash", "place_id", "level", "county_id", "town_id", "village_id", "grid_id", "kind",
    "period", "since", "until", "position", "sealed_at", "sealed_by", "sealed_seat", "published_at", "published_by",
    "digest",
)  # fmt: skip


def register() -> None:
    """Tell the events room where the state of a `document:` stream stands, and be told of erasures."""
    from gezhi.engines.publishing import erasing
    from gezhi.engines.publishing.models import Bulletin, Document
    from gezhi.foundation import events

    events.register_state("document", Document, {name: name for name in FIELDS} | {"content": "content_ref"})
    events.register_state("bulletin", Bulletin, {name: name for name in BULLETIN})
    events.on_erase(erasing.follow)
