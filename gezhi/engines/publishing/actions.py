"""The only writers of documents: draft, revise, issue, void, note the first print."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from gezhi.engines.publishing import access, events, issuers, numbering, rules
from gezhi.engines.publishing.freezing import freeze, thaw
from gezhi.engines.publishing.models import DRAFT, ISSUED, VOID, Document
from gezhi.engines.publishing.offers import Personal
from gezhi.engines.publishing.schema import Template, template
from gezhi.foundation import db, jobs
from gezhi.foundation import events as log
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.forms.cleaning import Refused, clean_text
from gezhi.foundation.people import Actor
from gezhi.foundation.people.actor import Placed


def draft(
    name: str,
    *,
    about: str,
    facts: Mapping[str, Any],
    path: Placed,
    actor: Actor,
    roles: Collection[str] = (),
    to_seat: int | None = None,
    corrects: Document | None = None,
) -> tuple[Document, bool]:
    """Begin a document with its number and everything known filled in; (document, True).

    `facts`: what the subject offers, by path (offers.py); `path`: where the subject lies; `roles`: the actor's roles
    towards it. A draft of this template about this subject that is still open is given back instead: (it, False).
    `corrects`: an issued document that this one takes the place of. Raises NotAllowed document.not_draftable,
    Conflict document.not_issued, document.corrected.
    """
    kind = template(name)
    try:
        with db.write():
            return _draft(kind, about, facts, path, actor, roles, to_seat, corrects), True
    except IntegrityError:
        # The partial unique index: somebody began the same draft in the same instant, or there was one.
        found = Document.objects.filter(about=about, template=name, state=DRAFT).first()
        if found is None:
            raise
        return found, False


def _draft(
    kind: Template,
    about: str,
    facts: Mapping[str, Any],
    path: Placed,
    actor: Actor,
    roles: Collection[str],
    to_seat: int | None,
    corrects: Document | None,
) -> Document:
    seat = access.seat_to_issue(kind, actor=actor, path=path, roles=roles)
    open_draft = Document.objects.filter(about=about, template=kind.name, state=DRAFT).exists()
    if open_draft:
        raise IntegrityError("an open draft is there already")
    now = clock.now()
    speaker = issuers.of_seat(seat)
    known = {
        **{f.source: None for f in kind.fields},
        **facts,
        **speaker.facts,
        "now": now,
        "today": clock.local(now).date(),
        "corrects": "",
    }
    if corrects is not None:
        known["corrects"] = _to_correct(corrects).number
    if not rules.holds(kind, kind.when, known):
        raise NotAllowed("document.not_draftable")
    mark = rules.fill(kind.mark, rules.spoken(kind, known))
    year = clock.local(now).year
    serial = numbering.next_serial(speaker.place_id, mark, year)
    number = rules.number_text(mark, year, serial)
    words = rules.words_of(kind, rules.spoken(kind, known))
    (id,) = new_ids(Document, 1)
    row = Document(
        id=id,
        about=about,
        template=kind.name,
        version=kind.version,
        body_hash=kind.hash,
        county_id=path.county_id,
        town_id=path.town_id,
        village_id=path.village_id,
        grid_id=path.grid_id,
        to_seat=to_seat,
        issuer_seat=seat,
        issuer_place=speaker.place_id,
        mark=mark,
        year=year,
        serial=serial,
        number=number,
        drafted_by=actor.person_id or 0,
        drafted_at=now,
        corrects=corrects.pk if corrects is not None else None,
    )
    content = {
        "facts": _frozen(kind, known),
        "level": speaker.level,
        "words": words,
        "personal": {
            f.id: _personal(known[f.source]) for f in kind.personal if isinstance(known[f.source], Personal)
        },
        "paper": rules.compose(kind, known, words, level=speaker.level, number=number),
    }  # fmt: skip
    _store(row, "document.drafted", content, actor=actor, seat=seat, new=True)
    return row


def _to_correct(old: Document) -> Document:
    row = access.locked(old.pk)
    if row.state != ISSUED:
        raise Conflict("document.not_issued")
    if row.corrected_by is not None:
        raise Conflict("document.corrected")
    return row


def revise(
    document_id: int,
    words: Mapping[str, str],
    *,
    actor: Actor,
    path: Placed,
    roles: Collection[str] = (),
    expected_seq: int | None = None,
) -> Document:
    """Change the words of a draft. Raises Invalid document.words (at the field), NotAllowed, Conflict."""
    with db.write():
        row = access.draft_to_change(document_id, expected_seq=expected_seq)
        kind = template(row.template, row.version)
        access.need_editor(kind, row, actor=actor, path=path, roles=roles)
        content = content_of(row)
        clean = _clean(kind, words, content["words"])
        if clean == content["words"]:
            return row
        facts = _thawed(kind, content["facts"], content["personal"])
        content["words"] = clean
        content["paper"] = rules.compose(kind, facts, clean, level=content["level"], number=row.number)
        _store(row, "document.revised", content, actor=actor, seat=_seat(actor, row))
    return row


def issue(document_id: int, *, actor: Actor, roles: Collection[str] = (), expected_seq: int | None = None) -> Document:
    """签发: freeze the words, with the signer's name and the date. Nothing of it changes afterwards.

    Raises NotAllowed document.not_signer, document.own_draft, Conflict document.stale, document.frozen, Invalid
    document.words when a required word is empty.
    """
    with db.write():
        row = access.draft_to_change(document_id, expected_seq=expected_seq)
        kind = template(row.template, row.version)
        seat = access.need_signer(kind, row, actor=actor, roles=roles)
        content = content_of(row)
        _clean(kind, content["words"], content["words"])
        now = clock.now()
        content["paper"] = rules.signed(
            content["paper"], signer=issuers.signer_name(actor), day=clock.local(now).date(),
            chinese=kind.date == "chinese",
        )  # fmt: skip
        # Only what is on the paper stays; what it was made from is not needed any more.
        content = {"paper": content["paper"], "personal": content["personal"], "words": content["words"]}
        row.state, row.signed_by, row.signed_seat, row.issued_at = ISSUED, actor.person_id, seat, now
        old = access.locked(row.corrects) if row.corrects is not None else None
        if old is not None and old.corrected_by is not None:
            raise Conflict("document.corrected")
        _store(row, "document.issued", content, actor=actor, seat=seat, freeze=True)
        if old is not None:
            old.corrected_by = row.pk
            _note(old, "document.corrected", {"corrected_by": row.pk}, actor=actor, seat=seat)
        jobs.enqueue("document.print", str(row.pk), {"document": row.pk})
    return row


def void(
    document_id: int,
    *,
    actor: Actor,
    path: Placed,
    reason: str,
    roles: Collection[str] = (),
    expected_seq: int | None = None,
) -> Document:
    """Give up a draft. Its number stays with it for ever, with the reason. Raises Invalid document.words."""
    try:
        said = clean_text(reason, max=200, lines=False)
    except Refused as refused:
        raise Invalid("document.words", field_errors={"reason": str(refused)}) from None
    if len(said) < 2:
        raise Invalid("document.words", field_errors={"reason": str(_needed())})
    with db.write():
        row = access.draft_to_change(document_id, expected_seq=expected_seq)
        access.need_editor(template(row.template, row.version), row, actor=actor, path=path, roles=roles)
        row.state, row.voided_at = VOID, clock.now()
        kept = log.keep(f"document:{row.pk}", {"void_reason": said})["void_reason"]
        _note(
            row, "document.voided", {"state": VOID, "voided_at": row.voided_at, "void_reason": kept},
            actor=actor, seat=_seat(actor, row),
        )  # fmt: skip
    return row


def printed(document_id: int, *, actor: Actor) -> Document:
    """Note that an issued document was put on paper or taken as a file for the first time; later times are exports."""
    with db.write():
        row = access.locked(document_id)
        if row.state != ISSUED:
            raise Conflict("document.not_issued")
        if row.printed_at is None:
            row.printed_at = clock.now()
            _note(row, "document.printed", {"printed_at": row.printed_at}, actor=actor, seat=_seat(actor, row))
    return row


def content_of(row: Document) -> dict[str, Any]:
    """The words of a document: {"paper", "personal", "words", …}. Raises NotFound document.erased."""
    raw = log.read_private([row.content_ref])[row.content_ref]
    if raw is None:
        raise NotFound("document.erased")
    return dict(json.loads(raw))


def _store(
    row: Document,
    kind: str,
    content: Mapping[str, Any],
    *,
    actor: Actor,
    seat: int | None,
    new: bool = False,
    freeze: bool = False,
) -> None:
    """Keep the words, record the event with the whole row, write the row."""
    stream = f"document:{row.pk}"
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    ref = log.keep(stream, {"content": text})["content"]
    row.content_ref = ref.id
    if freeze:
        row.fingerprint = ref.hash[:16]
    patch: dict[str, Any] = {name: getattr(row, name) for name in events.FIELDS} | {"content": ref}
    head = log.GENESIS if new else log.Head(row.event_seq, bytes(row.event_hash))
    head = log.record(stream, kind, actor=actor, patch=patch, head=head, seat=seat)
    row.event_seq, row.event_hash = head.seq, head.hash
    row.save(force_insert=new)


def _note(row: Document, kind: str, patch: Mapping[str, Any], *, actor: Actor, seat: int | None) -> None:
    """Record a change of a few columns."""
    head = log.Head(row.event_seq, bytes(row.event_hash))
    head = log.record(f"document:{row.pk}", kind, actor=actor, patch=patch, head=head, seat=seat)
    row.event_seq, row.event_hash = head.seq, head.hash
    row.save()


def _seat(actor: Actor, row: Document) -> int | None:
    if actor.seat is not None:
        return actor.seat
    return row.issuer_seat if row.issuer_seat in actor.seats else next(iter(actor.seats), None)


def _clean(kind: Template, given: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    clean = dict(before)
    for word in kind.words:
        if word.id not in given:
            continue
        try:
            clean[word.id] = rules.plain_text(clean_text(str(given[word.id]), max=word.max, lines=True))
        except Refused as refused:
            errors[word.id] = str(refused)
        if word.required and word.id not in errors and not clean[word.id]:
            errors[word.id] = str(_needed())
    if errors:
        raise Invalid("document.words", field_errors=errors)
    return clean


def _needed() -> Any:
    return _("这一项要填")


def _personal(value: Personal) -> dict[str, Any]:
    return {"full": value.full, "masked": value.masked, "ref": value.ref, "field": value.field}


def _frozen(kind: Template, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts the template uses, as JSON, so that a revised draft says the same facts as the first."""
    wanted = {f.source for f in kind.fields if f.type != "person"} | {p for p in facts if p.startswith("issuer.")}
    return {path: freeze(facts[path]) for path in sorted(wanted)}


def _thawed(kind: Template, kept: Mapping[str, Any], personal: Mapping[str, Any]) -> dict[str, Any]:
    facts = {path: thaw(value) for path, value in kept.items()}
    return facts | {f.source: personal.get(f.id) for f in kind.personal}
