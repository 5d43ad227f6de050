"""A method on its way: started from what runs, changed step by step, proposed, and published by somebody else.

Lock, look, decide, write, record. A change names the step it was made on; when the draft has moved since, it is refused.
What was approved is what was read: the approval carries the digest of the document. docs/rules/versions.md
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError

from gezhi.engines.workflows import protecting
from gezhi.engines.workflows.methods import edits, library, reading, refusals, source
from gezhi.engines.workflows.methods.events import DRAFT_FIELDS
from gezhi.engines.workflows.methods.models import (
    DROPPED,
    EDITING,
    OPEN_STATES,
    PROPOSED,
    PUBLISHED,
    DraftStep,
    MethodDraft,
)
from gezhi.engines.workflows.methods.reading import Checked
from gezhi.foundation import db, events, packs, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import Actor

__all__ = [
    "approve", "back", "change", "checked", "document", "drop", "get", "may_approve", "may_draft", "may_start",
    "need_draft",
    "open_draft", "open_drafts", "propose", "refusals", "running_body", "same_as_running", "send_back", "start", "take_up", "usable_at",
    "withdraw", "write",
]  # fmt: skip
DRAFT_POWERS = ("packs.manage", "case.supervise")  # who may draft; a draft changes nothing by itself
PUBLISH_POWER = "packs.manage"
ABOVE_POWER = "case.supervise"  # over the place above: enough to approve what a place makes for itself alone
PLACED = ("county", "town", "village")  # kinds of places that may have a version of their own
NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
MOST_STEPS = 200
MAX_TEXT = 512 * 1024


def may_draft(actor: Actor) -> bool:
    """Whether the actor may start and change drafts: anywhere in force, as a draft is nobody's place yet."""
    return actor.kind == "staff" and any(
        actor.may(p) if p == PUBLISH_POWER else bool(actor.places(p)) for p in DRAFT_POWERS
    )


def need_draft(actor: Actor) -> None:
    """Raises NotAllowed."""
    if not may_draft(actor):
        raise NotAllowed()


def get(draft_id: int) -> MethodDraft:
    """Raises NotFound draft.not_found."""
    found = MethodDraft.objects.filter(pk=draft_id).first()
    if found is None:
        raise NotFound("draft.not_found")
    return found


def open_draft(name: str, place_id: int | None = None) -> MethodDraft | None:
    """The draft of a method for everybody (or for one place) that is being changed or waits; there is at most one."""
    return MethodDraft.objects.filter(name=name, place_id=place_id, state__in=OPEN_STATES).first()


def open_drafts() -> dict[str, list[MethodDraft]]:
    """{method: its drafts that are being changed or wait, the one for everybody first}; one query."""
    found: dict[str, list[MethodDraft]] = {}
    for row in sorted(MethodDraft.objects.filter(state__in=OPEN_STATES), key=lambda d: d.place_id or 0):
        found.setdefault(row.name, []).append(row)
    return found


def usable_at(actor: Actor) -> list[int]:
    """The places for which the actor may draft a version of its own: where they supervise and the levels below, widest first."""
    directory, found = places.directory(), []
    for _kind, top in (s for power in DRAFT_POWERS for s in actor.places(power)):
        inside = (top, *directory.descendants(top))
        found += [p for p in inside if directory.open(p) and directory.get(p).kind in PLACED]
    order = {kind: number for number, kind in enumerate(PLACED)}
    return sorted(dict.fromkeys(found), key=lambda p: order[directory.get(p).kind])


def start(
    name: str, *, actor: Actor, version: int | None = None, as_name: str | None = None, place_id: int | None = None
) -> MethodDraft:
    """Begin (or go on with) a draft of an installed method; `version`: from that one instead of the one in force.

    `place_id`: for this place and everywhere inside it, others keep what they have. `as_name`: under a name of one's own,
    which no method has. Raises NotFound, NotAllowed, Invalid draft.name_taken, draft.place.
    """
    _need_there(place_id, actor)
    registry = packs.registry()
    if version is None and place_id is not None and registry.local("workflow", name):
        entry = registry.at("workflow", name, _chain(place_id))
    else:
        entry = registry.get("workflow", name, version)
    document = source.of_body(registry.body("workflow", name, entry.version))
    if as_name is None:
        if place_id is not None and name == protecting.process():
            raise Invalid("draft.place_protected")
        return _start(name, document, actor, base_version=entry.version, base_pack=entry.pack, place_id=place_id)
    document = {**document, "workflow": as_name}
    return _start(_free(as_name), document, actor, base_version=None, base_pack=entry.pack, place_id=place_id)


def take_up(pack: str, name: str, *, actor: Actor, place_id: int | None = None) -> MethodDraft:
    """Begin a draft from a method of a pack that lies with this build and is not installed here ("use this here")."""
    _need_there(place_id, actor)
    document = library.document(pack, name)
    return _start(_free(name), document, actor, base_version=None, base_pack=pack, place_id=place_id)


def may_start(actor: Actor, place_id: int | None) -> bool:
    """Whether the actor may draft for everybody (None), or for this place."""
    try:
        _need_there(place_id, actor)
    except (NotAllowed, Invalid):
        return False
    return True


def _need_there(place_id: int | None, actor: Actor) -> None:
    need_draft(actor)
    if place_id is None:
        return
    directory = places.directory()
    place = directory.get(place_id)
    if place is None or place.kind not in PLACED or not directory.open(place_id):
        raise Invalid("draft.place")
    if not any(actor.may(power, directory.path(place_id)) for power in DRAFT_POWERS):
        raise NotAllowed()


def _chain(place_id: int) -> tuple[int, ...]:
    return (place_id, *places.directory().ancestors(place_id))


def may_approve(draft: MethodDraft, actor: Actor) -> bool:
    """Whether the actor's office may publish it: who manages the packs, or for one place's own who supervises the place above."""
    if actor.may(PUBLISH_POWER):
        return True
    if draft.place_id is None:
        return False
    directory = places.directory()
    above = directory.ancestors(draft.place_id)[:1]
    return bool(above) and actor.may(ABOVE_POWER, directory.path(above[0]))


def _need_approval(draft: MethodDraft, actor: Actor) -> None:
    if not may_approve(draft, actor):
        if draft.place_id is not None:
            raise NotAllowed("draft.above")
        actor.need(PUBLISH_POWER, None)


def _free(name: str) -> str:
    if not NAME.fullmatch(name) or name in packs.registry().names("workflow"):
        raise Invalid("draft.name_taken", field_errors={"name": name})
    return name


def _start(
    name: str,
    document: Mapping[str, Any],
    actor: Actor,
    *,
    base_version: int | None,
    base_pack: str,
    place_id: int | None,
) -> MethodDraft:
    assert actor.person_id is not None
    known = open_draft(name, place_id)
    if known is not None:
        return known
    now, written = clock.now(), _json(document)
    draft = MethodDraft(
        name=name, place_id=place_id, base_version=base_version, base_pack=base_pack, source=written, digest=_digest(written, None),
        started_by=actor.person_id, started_at=now, changed_at=now,
    )  # fmt: skip
    try:
        with db.write():
            draft.save()
            _keep(draft, "start", actor)
            _record(draft, "started", actor)
    except IntegrityError:
        # Somebody else began in the same instant.
        known = open_draft(name, place_id)
        if known is None:
            raise
        return known
    return draft


def checked(draft: MethodDraft) -> Checked:
    """The draft looked at as it is now: of its YAML when that was typed last, else of its data."""
    if draft.text is not None:
        return reading.check_text(draft.text, draft.name)
    return reading.check(document(draft), draft.name)


def document(draft: MethodDraft) -> dict[str, Any]:
    """The last document that could be read."""
    return dict(json.loads(draft.source))


def change(draft_id: int, what: str, answers: Mapping[str, str], *, at: int, actor: Actor) -> MethodDraft:
    """One change made in the form. `at`: the step the person saw. Raises Conflict draft.stale, Invalid at its field."""
    with db.write():
        draft = _locked(draft_id, at, actor)
        try:
            made = edits.apply(document(draft), what, answers)
        except edits.Refused as refused:
            raise Invalid("draft.edit", field_errors={refused.field or "change": refused.words}) from refused
        return _store(draft, _json(made), None, what, actor)


def write(draft_id: int, text: str, *, at: int, actor: Actor) -> MethodDraft:
    """The YAML as it was typed, also with flaws: those are shown at their lines, and nothing typed is lost."""
    if len(text.encode("utf-8", "replace")) > MAX_TEXT:
        raise Invalid("draft.edit", field_errors={"text": str(MAX_TEXT // 1024) + " KB"})
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    with db.write():
        draft = _locked(draft_id, at, actor)
        found = reading.check_text(text, draft.name)
        kept = _json(found.source) if found.source is not None else draft.source
        return _store(draft, kept, text, "yaml", actor)


def back(draft_id: int, *, at: int, actor: Actor, again: bool = False) -> MethodDraft:
    """Undo the last change, or (`again`) do it once more. Raises Conflict draft.nothing_back."""
    with db.write():
        draft = _locked(draft_id, at, actor)
        wanted = draft.step + (1 if again else -1)
        row = DraftStep.objects.filter(draft=draft, number=wanted).first() if 1 <= wanted <= draft.steps else None
        if row is None:
            raise Conflict("draft.nothing_back")
        draft.source, draft.text, draft.step = row.source, row.text, wanted
        return _save(draft, "edited", actor)


def propose(draft_id: int, *, at: int, actor: Actor, words: str = "") -> MethodDraft:
    """Hand it in for approval. Raises Invalid draft.flawed, draft.same."""
    with db.write():
        draft = _locked(draft_id, at, actor)
        found = checked(draft)
        _must_be_sound(found)
        if same_as_running(draft, found):
            raise Invalid("draft.same")
        draft.state, draft.proposed_by, draft.proposed_at = PROPOSED, actor.person_id, clock.now()
        return _save(draft, "proposed", actor, words)


def withdraw(draft_id: int, *, actor: Actor) -> MethodDraft:
    """Take it back to go on changing it."""
    with db.write():
        draft = _proposed(draft_id)
        _need_there(draft.place_id, actor)
        draft.state = EDITING
        return _save(draft, "withdrawn", actor)


def send_back(draft_id: int, words: str, *, actor: Actor) -> MethodDraft:
    """Not approved yet, and why. By those who may approve it."""
    with db.write():
        draft = _proposed(draft_id)
        _need_approval(draft, actor)
        if not words.strip():
            raise Invalid("draft.edit", field_errors={"words": _say_why()})
        draft.state, draft.returned = EDITING, draft.returned + 1
        return _save(draft, "returned", actor, words)


def approve(draft_id: int, digest: str, *, actor: Actor) -> MethodDraft:
    """Publish it as the place's own version: new cases begin with it, open ones finish on theirs.

    `digest`: of the document that was read. Needs packs.manage, or for a version of one place case.supervise over the
    place above it; nobody approves what they changed. Raises NotAllowed draft.own_approval, draft.above, Conflict
    draft.stale, Invalid draft.flawed (the world may have changed since it was proposed).
    """
    with db.write():
        draft = _proposed(draft_id)
        _need_approval(draft, actor)
        if actor.person_id is None or actor.person_id in {*draft.editors, draft.proposed_by, draft.started_by}:
            raise NotAllowed("draft.own_approval")
        if digest != draft.digest:
            raise Conflict("draft.stale")
        found = checked(draft)
        _must_be_sound(found)
        assert found.body is not None
        how = {"draft": draft.pk, "proposed_by": draft.proposed_by, "approved_by": actor.person_id,
               "from": {"pack": draft.base_pack, "version": draft.base_version}}  # fmt: skip
        entry = packs.publish("workflow", draft.name, found.body, actor=actor, how=how, place_id=draft.place_id)
        draft.state, draft.version = PUBLISHED, entry.version
        draft.decided_by, draft.decided_at = actor.person_id, clock.now()
        return _save(draft, "published", actor)


def drop(draft_id: int, *, actor: Actor) -> MethodDraft:
    """Give the draft up; what runs stays as it is."""
    with db.write():
        draft = MethodDraft.objects.select_for_update().filter(pk=draft_id).first()
        if draft is None:
            raise NotFound("draft.not_found")
        _need_there(draft.place_id, actor)
        if draft.state not in OPEN_STATES:
            raise Conflict("draft.closed")
        draft.state = DROPPED
        return _save(draft, "dropped", actor)


def same_as_running(draft: MethodDraft, found: Checked) -> bool:
    """Whether publishing it would change nothing."""
    running = running_body(draft)
    if found.body is None or running is None:
        return False
    return bool({**running, "version": 0} == {**found.body, "version": 0})


def running_body(draft: MethodDraft) -> Any:
    """What is in force today where the draft is to be; None when nothing is."""
    registry = packs.registry()
    if draft.name not in registry.names("workflow"):
        return None
    if draft.place_id is None:
        entry = registry.get("workflow", draft.name)
    else:
        try:
            entry = registry.at("workflow", draft.name, _chain(draft.place_id))
        except NotFound:
            return None
    return registry.body("workflow", draft.name, entry.version)


def _must_be_sound(found: Checked) -> None:
    if not found.sound:
        raise Invalid("draft.flawed", count=max(1, len(found.faults)))


def _say_why() -> Any:
    from django.utils.translation import gettext

    return gettext("请写一句为什么退回。")


def _locked(draft_id: int, at: int, actor: Actor) -> MethodDraft:
    need_draft(actor)
    draft = MethodDraft.objects.select_for_update().filter(pk=draft_id).first()
    if draft is None:
        raise NotFound("draft.not_found")
    _need_there(draft.place_id, actor)
    if draft.state != EDITING:
        raise Conflict("draft.closed")
    if draft.event_seq != at:
        raise Conflict("draft.stale")
    return draft


def _proposed(draft_id: int) -> MethodDraft:
    draft = MethodDraft.objects.select_for_update().filter(pk=draft_id).first()
    if draft is None:
        raise NotFound("draft.not_found")
    if draft.state != PROPOSED:
        raise Conflict("draft.closed")
    return draft


def _store(draft: MethodDraft, written: str, text: str | None, what: str, actor: Actor) -> MethodDraft:
    """A new step after the present one; what had been undone is forgotten, and what is very old as well."""
    if (written, text) == (draft.source, draft.text):
        return draft
    DraftStep.objects.filter(draft=draft, number__gt=draft.step).delete()
    draft.source, draft.text, draft.step = written, text, draft.step + 1
    draft.steps = draft.step
    DraftStep.objects.filter(draft=draft, number__lte=draft.step - MOST_STEPS).delete()
    assert actor.person_id is not None
    if actor.person_id not in draft.editors:
        draft.editors = [*draft.editors, actor.person_id]
    _keep(draft, what, actor)
    return _save(draft, "edited", actor)


def _keep(draft: MethodDraft, what: str, actor: Actor) -> None:
    assert actor.person_id is not None
    DraftStep.objects.create(
        draft=draft, number=draft.step, source=draft.source, text=draft.text, what=what, at=clock.now(),
        by=actor.person_id,
    )  # fmt: skip


def _save(draft: MethodDraft, kind: str, actor: Actor, words: str = "") -> MethodDraft:
    draft.digest, draft.changed_at = _digest(draft.source, draft.text), clock.now()
    _record(draft, kind, actor, words)
    return draft


def _record(draft: MethodDraft, kind: str, actor: Actor, words: str = "") -> None:
    stream = f"method:{draft.pk}"
    patch: dict[str, Any] = {name: getattr(draft, name) for name in DRAFT_FIELDS}
    if words.strip():
        ref = events.keep(stream, {"words": words.strip()[:500]})["words"]
        draft.words_ref, patch["words"] = ref.id, ref.as_json()
    head = events.record(
        stream, f"method.{kind}", actor=actor, patch=patch, head=events.Head(draft.event_seq, bytes(draft.event_hash))
        if draft.event_seq else events.GENESIS,
    )  # fmt: skip
    draft.event_seq, draft.event_hash = head.seq, head.hash
    draft.save()


def _json(document: Mapping[str, Any] | None) -> str:
    return json.dumps(document, ensure_ascii=False)


def _digest(written: str, text: str | None) -> str:
    return hashlib.sha256(f"{written}\0{text or ''}".encode()).hexdigest()
