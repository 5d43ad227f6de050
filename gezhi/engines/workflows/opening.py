"""Open a case: it has an owner and a clock from its first instant."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import clocks, protecting, refusals, rules, writing
from gezhi.engines.workflows.marking import TRUNK
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.numbering import ask_number
from gezhi.engines.workflows.record import case_patch, item_patch
from gezhi.engines.workflows.schema import Action, Workflow, definition, definition_at
from gezhi.engines.workflows.stepping import Step
from gezhi.foundation import db, events, files, jobs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Conflict, Invalid, NotFound
from gezhi.foundation.forms import Form
from gezhi.foundation.packs import service_items
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor, crypto

__all__ = ["CHANNELS", "MAX_TEXT", "Draft", "decide", "open_case", "opening_patch", "refusals"]

CHANNELS = ("portal", "scan", "counter", "phone", "field", "hotline", "api", "case")
MAX_TEXT = 5000
_Number = Callable[[], str]
_Kept = Callable[[], dict[str, events.PrivateRef]]
OPENING = Action("open", {"zh": "提出", "en": "Raise"}, (), Form())


def open_case(
    workflow: str,
    data: Mapping[str, Any],
    *,
    actor: Actor,
    place_id: int,
    channel: str,
    key: str | None = None,
    claimed_at: datetime | None = None,
    parent_id: int | None = None,
) -> tuple[Case, bool]:
    """Open a case: it has an owner and a clock from its first instant.

    `data`: text (required, already clean), category, kind, urgent, contact_name, contact_phone, lon,
    lat, public_ok, on_behalf, consent, photos (ids of staged files, which are bound to the case).
    `service`: the item of a list of services ("pack/code") that is applied for; its limit is the promise.
    `about`: whom it complains about (protecting.ABOUT, "seat:12"); such a matter takes the protected process instead.
    `parent_id`: the case whose children stage opens this one.
    Returns the case and whether it is new: the same key with the same data gives the first case back.
    Raises Conflict("case.key_reused"), Invalid, NotFound (no such workflow); revisions.Moved when `data` was put together
    on assumed numbers that have moved.
    """
    guessed = revisions.assumed()
    open_key = rules.fingerprint("open", key) if key else None
    body = rules.fingerprint("body", workflow, place_id, json.dumps(_plain(data), sort_keys=True, default=str))

    def decided() -> tuple[Draft, list[events.SealedText]]:
        flow, body_hash = definition_at(workflow, place_id)
        draft = decide(flow, body_hash, data, actor, place_id, channel, clock.now())
        case = draft.case
        case.open_key, case.open_body = open_key, body if open_key else None
        case.parent_id = parent_id
        return draft, events.seal_texts(f"case:{case.id}", draft.texts)

    moved = False
    for attempt in range(4):
        try:
            # Decided and sealed before the lock, so that others wait for the writing only; decided again inside it
            # when places, people, packs, calendar or clock have changed since.
            with revisions.kept():
                known = revisions.current()
                made = decided()
            with db.write(), db.pipelined():
                if moved:
                    made = decided()
                draft, asked = made[0], _ask(*made)
                if not moved and revisions.current() != known:
                    raise _Moved
                _write(draft, *asked, actor=actor, claimed_at=claimed_at)
            return draft.case, True
        except _Moved:  # nothing of it stands
            if guessed:
                raise revisions.Moved from None
            moved = True
        except (IntegrityError, Conflict) as error:
            # The key was used before, or a random number met its like; only the latter tries again.
            if isinstance(error, Conflict) and error.code != "event.stale":
                raise
            if open_key is not None:
                first = Case.objects.filter(open_key=open_key).first()
                if first is not None:
                    if bytes(first.open_body or b"") != body:
                        raise Conflict("case.key_reused") from None
                    return first, False
            if attempt == 3:
                raise
    raise AssertionError("unreachable")


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in data.items() if k != "photos"}


@dataclass
class Draft:
    """A case decided and not yet written: `texts` go to the private store, `photos` are bound with it.

    `step` holds its first items, one unless the workflow begins with a fork.
    """

    case: Case
    step: Step
    texts: dict[str, str]
    contact: dict[str, str]
    photos: list[int]


class _Moved(Exception):
    """The house has changed between the decision and the lock."""


def _ask(draft: Draft, sealed: Sequence[events.SealedText]) -> tuple[_Number, _Kept]:
    """Ask for what only the database can say, all before its first answer is read."""
    return ask_number(draft.case.opened_at), events.ask_to_keep(sealed)


def _write(draft: Draft, number: _Number, texts: _Kept, *, actor: Actor, claimed_at: datetime | None) -> None:
    case = draft.case
    case.number = number()
    stream = f"case:{case.id}"
    kept = texts()
    head = events.record(
        stream,
        "case.opened",
        actor=actor,
        head=events.GENESIS,
        claimed_at=claimed_at,
        patch=opening_patch(draft, kept),
    )
    case.event_seq, case.event_hash = head.seq, head.hash
    db.insert(case)
    writing.save_items(draft.step)
    # Photos are bound with the case or not at all; a crash leaves them staged, for the retry or the sweep.
    files.attach(draft.photos, stream=stream)
    jobs.enqueue_many([("case.index", f"{case.id}:1", {"case": case.id}), *writing.to_send(draft.step)])


def decide(
    flow: Workflow,
    body_hash: str,
    data: Mapping[str, Any],
    actor: Actor,
    place_id: int,
    channel: str,
    now: datetime,
) -> Draft:
    """A case as it would be opened now, with its first items; nothing is written and no number is given out.

    Beside what `open_case` takes, `data` may hold `origin` ("12345:2026…", the number a sender knows it by) and `given`
    (the sender's own deadline, a datetime or its ISO text): the promise is never later than that; `handler`, the seat
    that was told to do it, for a workflow that is `assigned`; others are not opened in this way.
    """
    directory = places.directory()
    place = directory.get(place_id)
    if place is None:
        raise Invalid("case.place_unknown", field_errors={"place": _("没认出是哪里。")})
    if place.closed:
        raise Invalid("case.place_closed", field_errors={"place": _("这个地方现在不收事项。")})
    if unsaid := [localised(title) for title, said in flow.blanks.values() if not said]:
        raise Conflict("case.unfilled", method=localised(flow.title), blanks="、".join(unsaid))
    if flow.consent and not str(data.get("consent") or "").strip():
        raise Invalid("case.no_consent", field_errors={"consent": _("请写下本人是谁、怎么同意的。")})
    path = directory.path(place_id)
    if path.county_id is None:
        raise Invalid("case.place_unknown", field_errors={"place": _("请选到村或社区。")})
    category, kind = str(data.get("category") or ""), str(data.get("kind") or "")
    urgent = bool(data.get("urgent"))
    service = _service(flow, data)
    protection = protecting.at_opening(data, category=category, kind=kind, place_id=place_id, actor=actor, now=now)
    if protection is not None and protection.workflow:
        flow, body_hash = definition(protection.workflow)  # no place makes its own rules for complaints about itself
    promised: dict[str, Any] = {"limits": [clocks.promise(flow, category=category, kind=kind, urgent=urgent)]}
    if service is not None and protection is None:
        promised = {"limits": [service.body["limit"]], "service": service.body["limit"]}
    if data.get("given"):
        given = data["given"]
        promised["given"] = given.isoformat() if isinstance(given, datetime) else str(given)
    due_at = clocks.promised(now, promised)
    case = db.fresh(
        Case,
        id=rules.new_id(now),
        code=rules.new_code(),
        workflow=flow.name,
        version=flow.version,
        body_hash=body_hash,
        stage=flow.start,
        phase=flow.stages[flow.start].phase,
        channel=channel if channel in CHANNELS else "api",
        origin=str(data["origin"]) if data.get("origin") else None,
        category=category,
        kind=kind,
        urgent=urgent,
        on_behalf=bool(data.get("on_behalf")),
        public_ok=bool(data.get("public_ok")) and protection is None,
        protected=protection.kind if protection else "",
        county_id=path.county_id,
        town_id=path.town_id,
        village_id=path.village_id,
        grid_id=path.grid_id,
        place_id=place_id,
        lon=data.get("lon"),
        lat=data.get("lat"),
        reporter_id=actor.person_id if actor.kind == "staff" else None,
        kept={"service": service.ref} if service is not None and protection is None else None,
        opened_at=now,
        due_at=due_at,
        promised=promised,
        respond_by=clocks.respond_by(flow, now),
        close_by=clocks.close_by(flow, due_at),
    )
    texts = {"text": json.dumps({"title": rules.headline(data["text"]), "text": data["text"]}, ensure_ascii=False)}
    contact = {k: data[f"contact_{k}"] for k in ("name", "phone") if data.get(f"contact_{k}")}
    if data.get("consent"):
        contact["consent"] = data["consent"]
    if contact:
        texts["contact"] = json.dumps(contact, ensure_ascii=False)
    if contact.get("phone") and protection is None:  # nobody finds a protected matter by its reporter's phone
        case.contact_hash = crypto.blind("phone", contact["phone"])
    case.named = protection.lines if protection else ()  # type: ignore[attr-defined]
    if service is not None and protection is None:
        case.handler_seat = people.directory().seat_for(service.body["owner"], place_id)
    elif flow.assigned:
        if actor.kind == "resident" or not data.get("handler"):
            raise NotFound("pack.not_installed", kind="workflow", name=flow.name)
        case.handler_seat = people.directory().seat(int(data["handler"])).id
    step = Step(flow, OPENING, case, None, [], actor, {}, now)
    step.enter(flow.start, TRUNK)
    step.settle()
    step.against = protecting.rows_of(case)
    return Draft(case, step, texts, contact, list(data.get("photos") or ()))


def _service(flow: Workflow, data: Mapping[str, Any]) -> service_items.ServiceItem | None:
    """The item of the list that is applied for. Raises NotFound service.not_found, Invalid case.service_retired."""
    if not data.get("service"):
        if flow.services:
            raise NotFound("service.not_found")
        return None
    item = service_items.item(str(data["service"]))
    if not item.offered(clock.today()):
        raise Invalid("case.service_retired", title=item.title, since=item.since)
    if item.body["workflow"] != flow.name:
        raise NotFound("service.not_found")
    return item


def opening_patch(draft: Draft, kept: Mapping[str, events.PrivateRef]) -> dict[str, Any]:
    """What the event of an opening says; the case has its number, and from here on the references to its words."""
    case, first = draft.case, draft.step.created
    case.text_ref = kept["text"].id
    if draft.contact:
        case.contact_ref = kept["contact"].id
    return {
        **case_patch(case),
        "act": {"action": "open", "item": first[0].number, "photos": draft.photos, **draft.step.told},
        **{f"item:{item.number}": item_patch(item) for item in first},
        **protecting.told(draft.step.against),
        "text": kept["text"].as_json(),
        **({"contact": kept["contact"].as_json()} if draft.contact else {}),
    }
