"""Two reports of one event become one case. Both rows are locked in the order of their ids, so nothing runs in a ring.

The report ends as `merged` and points to the case that goes on; whatever had been merged into it moves along, so that a
pointer never leads to a merged case. Nothing of the main case changes: its reporters are counted from the pointers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import access, repeating, rules, similar, writing
from gezhi.engines.workflows.merged import MERGE
from gezhi.engines.workflows.models import CLOSED, MERGED, OPEN, UNDONE, Case, WorkItem
from gezhi.engines.workflows.record import case_patch
from gezhi.engines.workflows.schema import PHASES, definition
from gezhi.engines.workflows.stepping import Step
from gezhi.foundation import events
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, register
from gezhi.foundation.people import Actor

MOST = 2_000  # reports of one event

register(
    "merge.itself",
    422,
    _("不能并到自己。"),
    _("这两个编号是同一件。"),
    _("请选另一件。"),
)
register(
    "merge.protected",
    422,
    _("这一件不能并。"),
    _("有的事要单独办，不和别的并到一起。"),
    _("请各办各的。"),
)
register(
    "merge.part",
    422,
    _("这一件不能并。"),
    _("它是排查派出来的，上面等着它的结果。"),
    _("请在这一件里办，或者把另一件并过来。"),
)
register(
    "merge.late",
    409,
    _("这一件已经办好了，不能再并。"),
    _("它已经到了核查或者请居民说话的时候。"),
    _("请照常办完。"),
)
register(
    "merge.merged",
    409,
    _("那一件已经并到别处了。"),
    _("它现在和案 {number} 一起办。"),
    _("请并到案 {number}。"),
)
register(
    "merge.over",
    409,
    _("那一件已经结了，不能再并过去。"),
    _("结案超过 {days} 天，或者不是办好结的。"),
    _("如果是同一个问题又出现，请按新的事办。"),
)
register(
    "merge.many", 409, _("这一件并得太多了。"), _("一件事最多并 {most} 件。"), _("请另立一件，再往那一件里并。"),
)  # fmt: skip


def merge(
    case_id: int, into: int, *, actor: Actor, reason: str = "", expected_seq: int | None = None, key: str | None = None
) -> Case:
    """Handle the report `case_id` with the case `into` from now on. Returns the report as it stands then.

    Who: the seat whose step it is, or who supervises there; both cases must be theirs to see. Raises NotFound (one is
    not), NotAllowed, Invalid merge.itself, merge.protected, merge.part, Conflict case.stale, merge.late, merge.merged,
    merge.over, merge.many. The same key again changes nothing.
    """
    if actor.kind != "staff":
        raise NotFound("case.not_found")
    key_hash = rules.fingerprint("merge", case_id, actor.person_id, key) if key else None
    body = rules.fingerprint("body", into, reason)
    return repeating.once(
        case_id, key_hash, body, lambda: _merge(case_id, into, actor, reason, expected_seq, key_hash, body)
    )


def lock(ids: Iterable[int]) -> dict[int, Case]:
    """The rows locked for this transaction, always in the order of their ids: two merges never wait in a ring."""
    return {case.id: case for case in Case.objects.select_for_update().filter(pk__in=list(ids)).order_by("id")}


def _merge(
    case_id: int, into: int, actor: Actor, reason: str, expected_seq: int | None, key_hash: bytes | None, body: bytes
) -> Case:
    if case_id == into:
        raise Invalid("merge.itself")
    now = clock.now()
    led = led_by([case_id])
    locked = lock([case_id, into, *led])
    case, main = locked.get(case_id), locked.get(into)
    if case is None or main is None or not (access.sees(case, actor) and access.sees(main, actor)):
        raise NotFound("case.not_found")
    repeating.note(case, key_hash, body)
    # Somebody merged into this report since it was looked at: they would be left behind.
    if set(led_by([case_id])) - set(led):
        raise stale()
    items = list(WorkItem.objects.filter(case_id=case_id).order_by("number"))
    check(case, main, with_led=len(led), actor=actor, items=items, expected_seq=expected_seq, now=now)
    before = case_patch(case)
    step = joining(case, main, items, actor, reason_of(reason), now)
    writing.write(step, before, None)
    move_along([locked[one] for one in led if locked[one].merged_into == case_id], main, actor)
    return case


def joining(case: Case, main: Case, items: list[WorkItem], actor: Actor, values: dict[str, Any], now: datetime) -> Step:
    """The step that ends the report; nothing is written yet."""
    flow, _hash = definition(case.workflow, case.version)
    step = Step(flow, MERGE, case, _trunk(items), items, actor, values, now)
    step.join_other(main)
    return step


def reason_of(reason: str) -> dict[str, Any]:
    """The form of the action, filled; raises Invalid."""
    values, errors = MERGE.form.clean({"reason": reason} if reason else {})
    if errors:
        raise Invalid(field_errors=errors)
    return values


def _trunk(items: list[WorkItem]) -> WorkItem | None:
    return next((i for i in items if i.state == OPEN and not i.side and i.branch == ""), None)


def stale() -> Conflict:
    return Conflict("case.stale", who=str(_("别人")), what_happened=str(_("改动")))


def led_by(case_ids: Iterable[int]) -> dict[int, int]:
    """What was merged into these cases: its id -> theirs. One query."""
    rows = Case.objects.filter(merged_into__in=list(case_ids)).values_list("id", "merged_into")
    return {id: into for id, into in rows if into is not None}


def check(
    case: Case,
    main: Case,
    *,
    actor: Actor,
    items: list[WorkItem],
    expected_seq: int | None,
    now: datetime,
    with_led: int = 0,
) -> None:
    """Raise the refusal that forbids handling `case` with `main`; all rows as they are now. Two queries at most."""
    check_report(case, actor=actor, items=items, expected_seq=expected_seq, now=now)
    check_main(main)
    if with_led and with_led + Case.objects.filter(merged_into=main.id).count() > MOST:
        raise Conflict("merge.many", most=MOST)


def check_report(case: Case, *, actor: Actor, items: list[WorkItem], expected_seq: int | None, now: datetime) -> None:
    """Raise the refusal that keeps this report from being merged into anything. No query."""
    refusal = access.why_not(MERGE, case=case, item=_trunk(items), items=items, actor=actor, now=now)
    if refusal is not None:
        raise refusal
    if expected_seq is not None and expected_seq != case.event_seq:
        raise stale()
    if case.protected:
        raise Invalid("merge.protected")
    if case.parent_id is not None:
        raise Invalid("merge.part")
    if case.state == CLOSED or PHASES.index(case.phase) > PHASES.index("working"):
        raise Conflict("merge.late")


def check_main(main: Case) -> None:
    """Raise the refusal that keeps this case from taking any report. One query at most."""
    if main.protected:
        raise Invalid("merge.protected")
    if main.merged_into is not None:
        number = Case.objects.values_list("number", flat=True).get(pk=main.merged_into)
        raise Conflict("merge.merged", number=number)
    if main.state == CLOSED and not takes_reports(main):
        raise Conflict("merge.over", days=similar.settings().closed_within)


def takes_reports(main: Case) -> bool:
    """Whether a closed case was handled, and lately enough for a report of the same event to join it."""
    since = clock.now() - timedelta(days=similar.settings().closed_within)
    handled = main.outcome not in (MERGED, UNDONE, "withdrawn", "not_accepted")
    return handled and main.handled_at is not None and main.closed_at is not None and main.closed_at >= since


def move_along(led: list[Case], main: Case, actor: Actor) -> None:
    """What had been merged into the report goes where the report goes: one event each, two statements for all."""
    if not led:
        return
    recorded = []
    for one in led:
        one.merged_into = main.id
        head = events.Head(one.event_seq, bytes(one.event_hash))
        patch = {"merged_into": main.id, "act": {"action": "merge", "stage": one.stage, "item": None, "form": {}}}
        recorded.append(events.Draft(f"case:{one.id}", "case.merge", patch=patch, head=head))
    for one, head in zip(led, events.record_many(recorded, actor=actor), strict=True):
        one.event_seq, one.event_hash = head.seq, head.hash
    Case.objects.bulk_update(led, ["merged_into", "event_seq", "event_hash"])


def reports_of(case_ids: Iterable[int]) -> dict[int, int]:
    """How many reports each case stands for beside its own; cases with none are left out. One query."""
    rows = Case.objects.filter(merged_into__in=list(case_ids)).values("merged_into").annotate(n=Count("id"))
    return {row["merged_into"] or 0: row["n"] for row in rows.order_by()}


def credited(main: Case) -> list[Case]:
    """The first report of every reporter of the event, oldest first: whom a later ledger may credit, each once.

    Reporters are told apart by the telephone they left (its blind index) or, where a colleague reported for
    themselves, by the person; a report without either is nobody's and is not credited. Reports are never persons:
    `reports_of` counts the one, this the other. One query.
    """
    rows = Case.objects.filter(Q(pk=main.id) | Q(merged_into=main.id)).order_by("id")[: MOST + 1]
    first: dict[object, Case] = {}
    for case in rows:
        who: object = bytes(case.contact_hash) if case.contact_hash else None
        if who is None and case.reporter_id is not None and not case.on_behalf:
            who = case.reporter_id
        if who is not None:
            first.setdefault(who, case)
    return list(first.values())


def reporters_of(main: Case, actor: Actor) -> list[Case]:
    """The reports merged into a case that the actor may see, oldest first. Two queries at most."""
    rows = Case.objects.filter(merged_into=main.id).order_by("id")[:MOST]
    return [case for case in rows if access.sees(case, actor)]
