"""The only writers of cases: open one, act on one. Lock, look, decide, write, record, announce.

Both are idempotent by key: the same key and body answer as the first time; the same key with another
body is refused. Both cost a bounded number of queries whatever the case's age (tests/engines/test_budget.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import access, clocks, effects, rules
from gezhi.engines.workflows.models import CLOSED, OPEN, ActionKey, Case, WorkItem
from gezhi.engines.workflows.numbering import next_number
from gezhi.engines.workflows.record import case_patch, item_patch
from gezhi.engines.workflows.schema import Action, Stage, Workflow, definition
from gezhi.foundation import db, events, expressions, files, jobs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, register
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor, crypto

register(
    "case.stale",
    409,
    _("这件事刚刚变了。"),
    _("在您打开之后，{who}做了“{what_happened}”。"),
    _("请看一眼现在的情况再办，您写的内容还在。"),
)
register(
    "case.key_reused",
    409,
    _("这个编号的请求内容不一样。"),
    _("同一个 Idempotency-Key 只能对应同一份内容。"),
    _("新的事请换一个新的 Idempotency-Key。"),
)
register(
    "case.no_action",
    422,
    _("这一步不能这样办。"),
    _("“{action}”不在现在可以做的事里。"),
    _("请从现在可做的操作里选。"),
)
register(
    "case.used_up",
    422,
    _("次数用完了。"),
    _("“{counter}”最多 {max} 次。"),
    _("请联系社区或街道，由人来处理。"),
)
register("case.too_late", 422, _("过了可以重新提的时间。"), _("结案超过了期限。"), _("请作为一件新的事提出来。"))
register(
    "case.past_due",
    422,
    _("已经到期，不能再申请。"),
    _("延期要在到期之前申请。"),
    _("请尽快办结，或向督办人说明。"),
)
register(
    "case.no_consent",
    422,
    _("还没有本人的同意。"),
    _("替人代办要先有本人同意的记录。"),
    _("请写下本人是谁、怎么同意的，再开始。"),
)
register(
    "case.place_closed",
    422,
    _("这个地方现在不收事项。"),
    _("它已经撤并或还没有启用。"),
    _("请换一个地方，或打社区电话。"),
)
register(
    "case.place_unknown",
    422,
    _("没认出是哪里。"),
    _("地点不在这个县的村和社区里。"),
    _("请从列表里选一个村或社区。"),
)

CHANNELS = ("portal", "scan", "counter", "phone", "field", "hotline", "api")
MAX_TEXT = 5000


def open_case(
    workflow: str,
    data: Mapping[str, Any],
    *,
    actor: Actor,
    place_id: int,
    channel: str,
    key: str | None = None,
    case_id: int | None = None,
    claimed_at: datetime | None = None,
) -> tuple[Case, bool]:
    """Open a case: it has an owner and a clock from its first instant.

    `data`: text (required, already clean), category, kind, urgent, contact_name, contact_phone, lon,
    lat, public_ok, on_behalf, consent, photos (ids of staged files, which are bound to the case).
    Returns the case and whether it is new: the same key with the same data gives the first case back.
    Raises Conflict("case.key_reused"), Invalid, NotFound (no such workflow).
    """
    flow, body_hash = definition(workflow)
    open_key = rules.fingerprint("open", key) if key else None
    body = rules.fingerprint("body", workflow, place_id, json.dumps(_plain(data), sort_keys=True, default=str))
    for attempt in range(4):
        try:
            with db.write():
                case = _open(flow, body_hash, data, actor, place_id, channel, open_key, body, case_id, claimed_at)
            return case, True
        except IntegrityError:
            # The key was used before, or a random number met its like; only the latter tries again.
            if open_key is not None:
                first = Case.objects.filter(open_key=open_key).first()
                if first is not None:
                    if bytes(first.open_body or b"") != body:
                        raise Conflict("case.key_reused") from None
                    return first, False
            if case_id is not None or attempt == 3:
                raise
    raise AssertionError("unreachable")


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in data.items() if k != "photos"}


@dataclass
class Draft:
    """A case decided and not yet written: `texts` go to the private store, `photos` are bound with it."""

    case: Case
    item: WorkItem
    texts: dict[str, str]
    contact: dict[str, str]
    photos: list[int]


def _open(
    flow: Workflow,
    body_hash: str,
    data: Mapping[str, Any],
    actor: Actor,
    place_id: int,
    channel: str,
    open_key: bytes | None,
    body: bytes,
    case_id: int | None,
    claimed_at: datetime | None,
) -> Case:
    now = clock.now()
    draft = decide(flow, body_hash, data, actor, place_id, channel, now, case_id=case_id)
    case, item = draft.case, draft.item
    case.open_key, case.open_body = open_key, body if open_key else None
    case.number = next_number(now)
    stream = f"case:{case.id}"
    kept = events.keep(stream, draft.texts)
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
    item.case = case
    db.insert(item)
    # Photos are bound with the case or not at all; a crash leaves them staged, for the retry or the sweep.
    files.attach(draft.photos, stream=stream)
    jobs.enqueue("case.index", f"{case.id}:1", {"case": case.id})
    return case


def decide(
    flow: Workflow,
    body_hash: str,
    data: Mapping[str, Any],
    actor: Actor,
    place_id: int,
    channel: str,
    now: datetime,
    *,
    case_id: int | None = None,
) -> Draft:
    """A case as it would be opened now, with its first item; nothing is written and no number is given out.

    Beside what `open_case` takes, `data` may hold `origin` ("12345:2026…", the number a sender knows it by) and `given`
    (the sender's own deadline, a datetime or its ISO text): the promise is never later than that.
    """
    directory = places.directory()
    place = directory.get(place_id)
    if place is None:
        raise Invalid("case.place_unknown", field_errors={"place": _("没认出是哪里。")})
    if place.closed:
        raise Invalid("case.place_closed", field_errors={"place": _("这个地方现在不收事项。")})
    if flow.consent and not str(data.get("consent") or "").strip():
        raise Invalid("case.no_consent", field_errors={"consent": _("请写下本人是谁、怎么同意的。")})
    path = directory.path(place_id)
    if path.county_id is None:
        raise Invalid("case.place_unknown", field_errors={"place": _("请选到村或社区。")})
    category, kind = str(data.get("category") or ""), str(data.get("kind") or "")
    urgent = bool(data.get("urgent"))
    stage = flow.stages[flow.start]
    promised: dict[str, Any] = {"limits": [clocks.promise(flow, category=category, kind=kind, urgent=urgent)]}
    if data.get("given"):
        given = data["given"]
        promised["given"] = given.isoformat() if isinstance(given, datetime) else str(given)
    due_at = clocks.promised(now, promised)
    case = Case(
        id=case_id or rules.new_id(now),
        code=rules.new_code(),
        workflow=flow.name,
        version=flow.version,
        body_hash=body_hash,
        stage=stage.id,
        phase=stage.phase,
        channel=channel if channel in CHANNELS else "api",
        origin=str(data["origin"]) if data.get("origin") else None,
        category=category,
        kind=kind,
        urgent=urgent,
        on_behalf=bool(data.get("on_behalf")),
        public_ok=bool(data.get("public_ok")),
        county_id=path.county_id,
        town_id=path.town_id,
        village_id=path.village_id,
        grid_id=path.grid_id,
        place_id=place_id,
        lon=data.get("lon"),
        lat=data.get("lat"),
        reporter_id=actor.person_id if actor.kind == "staff" else None,
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
    if contact.get("phone"):
        case.contact_hash = crypto.blind("phone", contact["phone"])
    item = enter(flow, stage, case, [], now=now, chosen=None)
    case.owner_seat = item.owner_seat
    case.late_at = clocks.late_at(case, item)
    return Draft(case, item, texts, contact, list(data.get("photos") or ()))


def opening_patch(draft: Draft, kept: Mapping[str, events.PrivateRef]) -> dict[str, Any]:
    """What the event of an opening says; the case has its number, and from here on the references to its words."""
    case = draft.case
    case.text_ref = kept["text"].id
    if draft.contact:
        case.contact_ref = kept["contact"].id
    return {
        **case_patch(case),
        "act": {"action": "open", "item": draft.item.number, "photos": draft.photos},
        f"item:{draft.item.number}": item_patch(draft.item),
        "text": kept["text"].as_json(),
        **({"contact": kept["contact"].as_json()} if draft.contact else {}),
    }


def enter(
    flow: Workflow, stage: Stage, case: Case, items: list[WorkItem], *, now: datetime, chosen: int | None
) -> WorkItem:
    """A new item for a stage: its seat, its clock, who is barred. Not saved."""
    assert stage.owner is not None and stage.clock is not None
    directory = people.directory()
    barred = access.doers(items, stage.owner.unlike)
    if stage.owner.case == "handler":
        seat = chosen or case.handler_seat or directory.root
    else:
        seat = directory.seat_for(stage.owner.post or "", case.place_id)
    effective = directory.effective(seat, now, unlike=barred)
    # A vacant seat keeps its item (its next holder finds it); a seat of doers only gives it up for good.
    owner = effective.seat_id if barred and directory.holders(seat, now) else seat
    due_at = clocks.stage_due(flow, stage, case, now)
    item = WorkItem(
        case_id=case.id,
        number=max((i.number for i in items), default=0) + 1,
        cycle=case.cycle,
        stage=stage.id,
        side=stage.side,
        owner_seat=owner,
        barred=sorted(barred),
        opened_at=now,
        due_at=due_at,
        warn_at=rules.warn_time(now, due_at, stage.clock.warn),
    )
    item.next_at = clocks.next_at(item, stage)
    return item


def fire(
    case_id: int,
    action_id: str,
    *,
    item: int | None,
    expected_seq: int | None,
    actor: Actor,
    data: Mapping[str, Any] | None = None,
    key: str | None = None,
    claimed_at: datetime | None = None,
) -> Case:
    """Do one drawn action on a case. `item` is the number of the work item the actor saw.

    `expected_seq` is the event number the actor saw: when the item has moved since, Conflict("case.stale")
    says who did what. Raises NotFound, NotAllowed (with the seat that owns the step), Invalid (fields),
    Conflict. The same key again returns the case and changes nothing.
    """
    data = dict(data or {})
    key_hash = rules.fingerprint("act", case_id, actor.kind, actor.person_id or actor.name, key) if key else None
    body = rules.fingerprint("body", action_id, item, json.dumps(data, sort_keys=True, default=str))
    try:
        with db.write():
            return _fire(case_id, action_id, item, expected_seq, actor, data, key_hash, body, claimed_at)
    except IntegrityError:
        done = ActionKey.objects.filter(key=key_hash).first() if key_hash else None
        if done is None:
            raise
    if bytes(done.body) != body:
        raise Conflict("case.key_reused")
    return Case.objects.get(pk=case_id)


def _fire(
    case_id: int,
    action_id: str,
    item_number: int | None,
    expected_seq: int | None,
    actor: Actor,
    data: dict[str, Any],
    key_hash: bytes | None,
    body: bytes,
    claimed_at: datetime | None,
) -> Case:
    now = clock.now()
    case, items = access.case_to_change(case_id)
    if key_hash is not None:
        # Before any judgement: a repeated call must answer as the first did, however the case has moved on.
        db.insert(ActionKey(key=key_hash, body=body, case_id=case_id, event_seq=case.event_seq + 1))
    flow, _hash = definition(case.workflow, case.version)
    item = _item(case, items, item_number, expected_seq)
    stage = flow.stages[item.stage if item else case.stage]
    action = flow.actions_at(stage.id).get(action_id)
    if action is None:
        if not access.sees(case, actor):
            raise NotFound("case.not_found")
        raise Invalid("case.no_action", action=action_id)
    refusal = access.why_not(action, case=case, item=item, items=items, actor=actor, now=now)
    if refusal is not None:
        if not access.sees(case, actor) and refusal.code == "not_allowed":
            raise NotFound("case.not_found")
        raise refusal
    values, errors = action.form.clean(data)
    errors.update(effects.field_problems(action, values, case))
    if errors:
        raise Invalid(field_errors=errors)
    clocks.in_time(action, case, item, now)
    before = case_patch(case)
    step = _Step(flow, stage, action, case, item, items, actor, values, now)
    step.run()
    _write(step, before, claimed_at)
    return case


def _item(case: Case, items: list[WorkItem], number: int | None, expected_seq: int | None) -> WorkItem | None:
    """The item meant, or the running main one; a number that is no longer open is a stale click."""
    if case.state == CLOSED:
        if number is not None and not any(i.number == number for i in items):
            raise Invalid("case.no_action", action=str(number))
        if number is not None and expected_seq is not None and expected_seq != case.event_seq:
            raise _stale(case, items)
        return None
    open_items = {i.number: i for i in items if i.state == OPEN}
    if number is None:
        return next(i for i in open_items.values() if not i.side)
    if number not in open_items:
        raise _stale(case, items)
    return open_items[number]


def _stale(case: Case, items: list[WorkItem]) -> Conflict:
    last = max((i for i in items if i.done_at), key=lambda i: (i.done_at, i.number), default=None)
    flow, _hash = definition(case.workflow, case.version)
    who, did = str(_("别人")), str(_("改动"))
    if last is not None:
        if last.done_by is not None:
            who = people.directory().person(last.done_by).name_public
        action = flow.actions_at(last.stage).get(last.action)
        if action is not None:
            did = localised(action.title)
    return Conflict("case.stale", who=who, what_happened=did)


class _Step:
    """One action being done: what it changes, gathered before anything is written."""

    def __init__(
        self,
        flow: Workflow,
        stage: Stage,
        action: Action,
        case: Case,
        item: WorkItem | None,
        items: list[WorkItem],
        actor: Actor,
        values: dict[str, Any],
        now: datetime,
    ) -> None:
        self.flow, self.stage, self.action, self.case = flow, stage, action, case
        self.item, self.items, self.actor, self.values, self.now = item, items, actor, values, now
        self.changed: list[WorkItem] = []
        self.created: list[WorkItem] = []
        self.target: str | None = None

    def run(self) -> None:
        self._assign()
        self._set()
        self.target = self._count()
        if self.action.stamp:
            for column in self.action.stamp:
                # The latest answer of a resident counts; every other moment is the first.
                if column == "followed_at" or getattr(self.case, column) is None:
                    setattr(self.case, column, self.now)
        if self.action.effect:
            effects.apply(self)
        if self.action.open:
            self.open_side(self.action.open)
        if self.action.close and self.item is not None:
            self.finish(self.item)
        if self.target is not None:
            self.move(self._through_gates(self.target))
        self._clock()

    def _assign(self) -> None:
        if self.action.assign and self.values.get(self.action.assign) is not None:
            self.case.handler_seat = self.values[self.action.assign]

    def _environment(self) -> dict[str, Any]:
        case = self.case
        return {
            "sort": case.sort or None,
            "category": case.category or None,
            "kind": case.kind or None,
            "urgent": case.urgent,
            "instant": case.instant,
            "solved": case.solved or None,
            "rating": case.rating or None,
            "channel": case.channel,
            "on_behalf": case.on_behalf,
            "returns": case.returns,
            "reworks": case.reworks,
            "reopenings": case.reopenings,
            "draw": rules.draw(case.id, case.cycle),
            **{f.id: self.values.get(f.id) for f in self.action.form.fields},
        }

    def _set(self) -> None:
        if not self.action.set:
            return
        values = self._environment()
        types = effects.types_of(self.action)
        for column, source in self.action.set.items():
            value = expressions.compile(source, types)(values)
            if column in ("urgent", "instant"):
                setattr(self.case, column, bool(value))
            elif value is not None:
                setattr(self.case, column, str(value))
        if self.case.urgent or "category" in self.action.set:
            # A better known matter may be promised earlier, never later without an approved extension.
            case = self.case
            limit = clocks.promise(self.flow, category=case.category, kind=case.kind, urgent=case.urgent)
            if limit not in case.promised["limits"]:
                case.promised = {**case.promised, "limits": [*case.promised["limits"], limit]}
                case.due_at = clocks.promised(clocks.cycle_start(case, self.items), case.promised)

    def _count(self) -> str | None:
        name = self.action.counter
        if name is None:
            return self.action.to
        used, most = effects.counted(self.case, name), self.flow.counters[name]
        if used >= most:
            if self.action.exhausted is None:
                raise Invalid("case.used_up", counter=localised(self.flow.counter_titles[name]), max=most)
            return self.action.exhausted
        effects.count(self.case, name)
        return self.action.to

    def _through_gates(self, target: str) -> Stage:
        stage = self.flow.stages[target]
        values = None
        while stage.kind == "gate":
            values = values or self._environment()
            types = effects.types_of(self.action)
            stage = self.flow.stages[
                next(
                    branch.to
                    for branch in stage.branches
                    if branch.when is None or expressions.compile(branch.when, types).holds(values)
                )
            ]
        return stage

    def open_side(self, stage_id: str) -> None:
        """A side item: it asks another seat for a decision while the main clock runs on."""
        if any(i.stage == stage_id and i.state == OPEN for i in self.items):
            raise Conflict("case.already_asked")
        side = enter(self.flow, self.flow.stages[stage_id], self.case, self.items, now=self.now, chosen=None)
        # Whoever asks does not decide.
        if self.actor.person_id is not None and self.actor.person_id not in side.barred:
            side.barred = sorted([*side.barred, self.actor.person_id])
            effective = people.directory().effective(side.owner_seat, self.now, unlike=frozenset(side.barred))
            side.owner_seat = effective.seat_id
        side.ask = {k: str(v) for k, v in self.values.items() if k in ("more",)}
        self.created.append(side)

    def finish(self, item: WorkItem, state: str = "done") -> None:
        """Close an item; what its doer did is what separation of duties looks at later."""
        item.state, item.done_at, item.next_at = state, self.now, None
        if state == "done":
            item.done_by, item.action = self.actor.person_id, self.action.id
        self.changed.append(item)

    def move(self, target: Stage) -> None:
        """Close the main item and all side items, enter the next stage or end."""
        case = self.case
        for open_item in self.items:
            if open_item.state == OPEN:
                self.finish(open_item, "done" if open_item is self.item else "cancelled")
        reopening = case.state == CLOSED or self.action.counter == "reopenings"
        if target.kind == "end":
            case.state, case.outcome, case.closed_at = CLOSED, target.outcome, self.now
            case.owner_seat = case.late_at = None
            case.stage, case.phase = target.id, target.phase
            return
        if reopening:
            case.state, case.outcome, case.closed_at = OPEN, "", None
            case.cycle += 1
            limit = clocks.promise(self.flow, category=case.category, kind=case.kind, urgent=case.urgent)
            case.promised = {"limits": [limit]}
            case.due_at = clocks.promised(self.now, case.promised)
        clocks.clear_later_stamps(case, target)
        case.stage, case.phase = target.id, target.phase
        chosen = case.handler_seat
        item = enter(self.flow, target, case, self.items, now=self.now, chosen=chosen)
        if effects.keeps_hand(self.action, self.actor, item, self.now):
            item.person_id = self.actor.person_id
        self.created.append(item)

    def _clock(self) -> None:
        case = self.case
        if case.state == CLOSED:
            return
        main = next((i for i in [*self.created, *self.items] if i.state == OPEN and not i.side), None)
        assert main is not None, "an open case has a running main item"
        case.owner_seat = main.owner_seat
        case.late_at = clocks.late_at(case, main)


def _write(step: _Step, before: dict[str, Any], claimed_at: datetime | None) -> None:
    case, action = step.case, step.action
    if case.due_at != before["due_at"]:
        case.close_by = clocks.close_by(step.flow, case.due_at)
    stream = f"case:{case.id}"
    form, said = effects.split(action, step.values)
    act: dict[str, Any] = {
        "action": action.id,
        "stage": step.stage.id,
        "item": step.item.number if step.item else None,
        "form": form,
    }
    if said:
        act["said"] = events.keep(stream, {"said": json.dumps(said, ensure_ascii=False)})["said"].as_json()
    if step.actor.kind == "staff" and action.by == ("reporter",):
        act["for_reporter"] = True
    after = case_patch(case)
    patch: dict[str, Any] = {k: v for k, v in after.items() if before[k] != v}
    patch["act"] = act
    for item in [*step.changed, *step.created]:
        patch[f"item:{item.number}"] = item_patch(item)
    head = events.record(
        stream,
        f"case.{action.id}",
        actor=step.actor,
        head=events.Head(case.event_seq, bytes(case.event_hash)),
        patch=patch,
        claimed_at=claimed_at,
        seat=step.item.owner_seat if step.item and step.item.owner_seat in step.actor.answering else None,
    )
    case.event_seq, case.event_hash = head.seq, head.hash
    columns = [k for k in after if before[k] != after[k]]
    case.save(update_fields=[*columns, "event_seq", "event_hash"])
    # Items that end are written before the new one begins: one running main item at any instant.
    effects.save_items(step.changed, step.created, case)
    for field in action.form.fields:
        if field.type == "photos":
            files.attach(step.values.get(field.id) or (), stream=stream)
    if action.id == "add":
        jobs.enqueue("case.index", f"{case.id}:{head.seq}", {"case": case.id})
