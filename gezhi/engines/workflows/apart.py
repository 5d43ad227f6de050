"""转为保密事项: an ordinary matter turns out to complain about somebody, and is kept apart from that instant.

One write ends what is open, names whom it is about, and enters the process for protected matters above all of them. What
was merged into it goes with it. Whoever had it in hand before stands in its record (`known_to`); none of them sees it any
more unless the rule of protected matters lets them. `restoring.restore` is the way back. docs/rules/protected.md
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import access, clocks, protecting, repeating, rules, similar, writing
from gezhi.engines.workflows import named as naming
from gezhi.engines.workflows.marking import TRUNK
from gezhi.engines.workflows.models import OPEN, Case, ProtectedAgainst, WorkItem
from gezhi.engines.workflows.named import Named
from gezhi.engines.workflows.record import case_patch
from gezhi.engines.workflows.schema import Action, definition
from gezhi.engines.workflows.stepping import Step
from gezhi.foundation import events, notices, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, register
from gezhi.foundation.forms import Field, Form
from gezhi.foundation.people import Actor

register(
    "protect.already", 409, _("这件事已经是保密事项。"), _("已经由上一级收着。"), _("不用再转。"),
)  # fmt: skip
register(
    "protect.part",
    422,
    _("这一件不能转。"),
    _("它是排查派出来的，或者派出过别的件，几件说的是同一段话。"),
    _("请把说到人的那部分另外登记一件，登记时选“说的是干部或单位”。"),
)
register(
    "protect.merged",
    409,
    _("这一件已经并到案 {number}，不能单独转。"),
    _("几个人说的是同一件事，要转就一起转。"),
    _("请在案 {number} 里转；不是同一件的，先分开再转。"),
)

PROTECT = Action(
    "protect",
    {"zh": "转为保密事项", "en": "Keep it apart as a protected matter"},
    ("owner", "power:case.raise_for", "power:case.supervise", f"power:{naming.POWER}"),
    Form((
        Field("about", "text", {"zh": "说的是谁", "en": "Whom it is about"}, required=True, max=40),
        Field("ground", "long_text", {"zh": "怎么看出来的", "en": "How one sees it"}, required=True, max=500),
    )),
    says={"zh": "换到上一级来看", "en": "Received one level above now"},
)  # fmt: skip

# What another process changes of a case beside its open items and its dates; `restoring` puts it back.
RETURNS = (
    "workflow", "version", "stage", "phase", "cycle", "handler_seat", "kept", "counters", "returns", "resorts", "reworks",
    "extensions", "reopenings", "attempts", "handled_at", "verified_at", "followed_at", "solved", "rating", "public_ok",
)  # fmt: skip


def may(case: Case, items: list[WorkItem], actor: Actor) -> bool:
    """Whether the page offers it: an ordinary matter, to whoever has it in hand, takes matters in, or supervises here."""
    if case.protected or case.merged_into is not None or actor.kind != "staff":
        return False
    running: list[WorkItem | None] = [i for i in items if i.state == OPEN]
    now = clock.now()
    return any(
        access.why_not(PROTECT, case=case, item=item, items=items, actor=actor, now=now) is None
        for item in running or [None]
    )


def protect(
    case_id: int, about: str, ground: str, *, actor: Actor, expected_seq: int | None = None, key: str | None = None
) -> Case:
    """Keep an ordinary matter apart from now on. `about`: as at an opening (protecting.ABOUT, "seat:12", "unit:3", "person:4").

    Somebody named may do it themselves: they have read it, and it leaves their hands. Raises NotFound (not theirs to
    see), NotAllowed, Invalid (fields), protect.part, Conflict case.stale, protect.already, protect.merged. The same
    key again changes nothing.
    """
    if actor.kind != "staff":
        raise NotFound("case.not_found")
    key_hash = rules.fingerprint("protect", case_id, actor.person_id, key) if key else None
    body = rules.fingerprint("body", about, ground)
    return repeating.once(
        case_id, key_hash, body, lambda: _protect(case_id, about, ground, actor, expected_seq, key_hash, body)
    )


def _protect(
    case_id: int, about: str, ground: str, actor: Actor, expected_seq: int | None, key_hash: bytes | None, body: bytes
) -> Case:
    now = clock.now()
    case, items = access.case_to_change(case_id)
    repeating.note(case, key_hash, body)
    if not access.sees_at_all(case, items, actor):
        raise NotFound("case.not_found")
    if case.protected:
        raise Conflict("protect.already")
    if case.merged_into is not None:
        number = Case.objects.values_list("number", flat=True).get(pk=case.merged_into)
        raise Conflict("protect.merged", number=number)
    if not may(case, items, actor):
        raise NotAllowed()
    if expected_seq is not None and expected_seq != case.event_seq:
        raise Conflict("case.stale", who=str(_("别人")), what_happened=str(_("改动")))
    if case.parent_id is not None or Case.objects.filter(parent_id=case.id).exists():
        raise Invalid("protect.part")
    values, errors = PROTECT.form.clean({"about": about, "ground": ground})
    if errors:
        raise Invalid(field_errors=errors)
    kind, lines = protecting.about_what(values["about"], _words(case), case.place_id, now)
    before, known = case_patch(case), known_to(case, items, now)
    flow, _hash = definition(case.workflow, case.version)
    item = next((i for i in items if i.state == OPEN and not i.side and i.branch == ""), None)
    step = Step(flow, PROTECT, case, item, items, actor, values, now)
    step.told["known_to"] = sorted(known)
    step.told["about"] = values.pop("about")
    _mark(case, kind, lines, step)
    if case.state == OPEN:
        _enter(step, now, before)
    else:
        since = clocks.cycle_start(case, items)
        case.promised = {**case.promised, "ordinary": {"since": since.isoformat(), **case.promised}}
    writing.write(step, before, None)
    _at_once([case.id])
    along(case, actor)
    return case


def _mark(case: Case, kind: str, lines: Iterable[Named], step: Step) -> None:
    """The case names those it is about; numbers go on after lines that were withdrawn long ago."""
    case.protected, case.public_ok, case.contact_hash = kind, False, None
    last = ProtectedAgainst.objects.filter(case_id=case.id).order_by("-number").values_list("number", flat=True).first()
    case.named = tuple(protecting.numbered(lines, (last or 0) + 1))  # type: ignore[attr-defined]
    step.against = protecting.rows_of(case)


def _enter(step: Step, now: datetime, before: Mapping[str, Any]) -> None:
    """What was open ends; the process for protected matters begins, from the seat above everybody named.

    The date told to the resident is counted anew by that process, still from the day on which the round began; the
    old one waits in `promised`, with the way back, for the case that it is no protected matter after all.
    """
    case, began = step.case, clocks.cycle_start(step.case, step.items)
    back = _way_back(step, before)
    paused = step.item is not None and step.flow.stages[step.item.stage].pauses
    if paused and step.item is not None:  # the time in which the promise stood still until now
        more = [*case.promised.get("more", ()), [step.item.opened_at.isoformat(), now.isoformat()]]
        case.promised = {**case.promised, "more": more}
    step.stop(undone=True)  # whoever saw what it is has not done its step: they may verify it later
    name = protecting.process()
    if name:
        step.flow, case.body_hash = definition(name)
        case.workflow, case.version = step.flow.name, step.flow.version
    limit = clocks.promise(step.flow, category=case.category, kind=case.kind, urgent=case.urgent)
    ordinary = {"since": began.isoformat(), **case.promised, "back": back}
    given = {"given": case.promised["given"]} if "given" in case.promised else {}
    case.promised = {"limits": [limit], "since": ordinary["since"], "ordinary": ordinary, **given}
    case.due_at = clocks.promised(began, case.promised)
    case.cycle = step.next_cycle()
    case.handler_seat = case.parked_until = case.attempts = case.kept = case.followed_at = None
    case.solved = case.rating = ""
    step.enter(step.flow.start, TRUNK)
    step.settle()


def _way_back(step: Step, before: Mapping[str, Any]) -> dict[str, Any]:
    """What `restoring` needs: the case's columns that another process will change, and which items were open."""
    columns = {name: before[name] for name in RETURNS}
    dates = {name: at.isoformat() for name, at in columns.items() if isinstance(at, datetime)}
    return {"case": columns | dates, "items": [i.number for i in step.items if i.state == OPEN]}


def known_to(case: Case, items: Iterable[WorkItem], now: datetime) -> set[int]:
    """Persons who had the matter in hand until now: who did a step, took one, or sits in a seat that had one."""
    directory = people.directory()
    found: set[int] = set() if case.reporter_id is None else {case.reporter_id}
    seats = {case.handler_seat, case.supervised_by}
    for item in items:
        seats.add(item.owner_seat)
        found |= {person for person in (item.person_id, item.done_by) if person is not None}
    for seat in seats - {None}:
        found.update(directory.holders(seat, now))
    return found


def _words(case: Case) -> str:
    raw = events.read_private([case.text_ref]).get(case.text_ref)
    return str(json.loads(raw)["text"]) if raw else ""


def _at_once(ids: list[int]) -> None:
    """What was derived from the ordinary matter goes in the same write: its likeness, lines nobody has read yet."""
    similar.put([(id, None, None, b"") for id in ids])
    notices.take_back([f"case:{id}" for id in ids])


def along(main: Case, actor: Actor) -> int:
    """Reports merged into a case are kept apart with it, name whom it names, and are released with it. How many changed.

    Inside the write that changed the case; five statements for all of them, one when there are none.
    """
    led = list(Case.objects.select_for_update().filter(merged_into=main.id).order_by("id"))
    if not led:
        return 0
    wanted = naming.of(main)
    rows: dict[int, list[ProtectedAgainst]] = {case.id: [] for case in led}
    for row in ProtectedAgainst.objects.filter(case_id__in=list(rows)).order_by("number"):
        rows[row.case_id].append(row)
    changed: list[Case] = []
    told: list[events.Draft] = []
    fresh: list[ProtectedAgainst] = []
    gone: list[ProtectedAgainst] = []
    for case in led:
        new, old = _difference(case, rows[case.id], wanted)
        if case.protected == main.protected and not new and not old:
            continue
        case.protected = main.protected
        case.public_ok, case.contact_hash = False, None
        patch: dict[str, Any] = {"protected": case.protected, "public_ok": False, **protecting.told([*new, *old])}
        patch["act"] = {"action": "protect_along", "stage": case.stage, "item": None, "form": {}}
        head = events.Head(case.event_seq, bytes(case.event_hash))
        told.append(events.Draft(f"case:{case.id}", "case.protect_along", patch=patch, head=head))
        changed.append(case)
        fresh += new
        gone += old
    if not changed:
        return 0
    for case, head in zip(changed, events.record_many(told, actor=actor), strict=True):
        case.event_seq, case.event_hash = head.seq, head.hash
    if not main.protected:
        protecting.findable(changed)
    protecting.save([*fresh, *gone])
    Case.objects.bulk_update(changed, ["protected", "public_ok", "contact_hash", "event_seq", "event_hash"])
    writing.index_again(changed)
    if main.protected:
        _at_once([case.id for case in changed])
    return len(changed)


def _difference(
    case: Case, rows: list[ProtectedAgainst], wanted: Iterable[Named]
) -> tuple[list[ProtectedAgainst], list[ProtectedAgainst]]:
    """(lines to add, lines to withdraw) so that a report names whom its main case names."""

    def who(line: Any) -> tuple[Any, ...]:
        return line.person_id, line.seat_id, line.organisation_id, line.place_id

    there: Mapping[tuple[Any, ...], ProtectedAgainst] = {who(row): row for row in rows if not row.withdrawn}
    aims = {who(line): line for line in wanted}
    number = max((row.number for row in rows), default=0)
    new = []
    for target, line in aims.items():
        if target not in there:
            number += 1
            new.append(
                ProtectedAgainst(
                    case_id=case.id, number=number, source=line.source, person_id=line.person_id,
                    seat_id=line.seat_id, organisation_id=line.organisation_id, place_id=line.place_id,
                )
            )  # fmt: skip
    old = [row for target, row in there.items() if target not in aims]
    for row in old:
        row.withdrawn = True
    return new, old


__all__ = ["PROTECT", "along", "known_to", "may", "protect"]
