"""Forty reports of one event become one case in one step: each is merged as `merging.merge` would, in one write.

What cannot be merged (somebody has just dispatched it, it is not this clerk's to decide) is left where it stands and
said; the others are not held up by it. A bounded number of statements however many reports there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import access, convening, merging, repeating, rules, writing
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.engines.workflows.record import case_patch
from gezhi.engines.workflows.stepping import Step
from gezhi.foundation import events
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal, register
from gezhi.foundation.events.private import keep_many
from gezhi.foundation.people import Actor

MOST = 100  # reports merged in one step

register(
    "merge.none",
    422,
    _("没有勾选要并的反映。"),
    _("一次要勾至少一次、最多 {most} 次反映。"),
    _("请勾上是同一件的，再并。"),
)


@dataclass
class Gathered:
    """What came of it. `left`: the reports that stay where they are, each with the reason."""

    main: Case
    joined: list[Case] = field(default_factory=list)
    left: list[tuple[Case, Refusal]] = field(default_factory=list)


def gather(
    into: int, reports: Mapping[int, int | None], *, actor: Actor, reason: str = "", key: str | None = None
) -> Gathered:
    """Merge reports (case id -> the event number the clerk saw, or None) into one case.

    Raises NotFound (one of them is not theirs to see), Invalid merge.none, merge.protected (the case that goes on),
    Conflict merge.merged, merge.over, merge.many. The same key again changes nothing and tells the same.
    """
    if actor.kind != "staff":
        raise NotFound("case.not_found")
    wanted = {id: seq for id, seq in reports.items() if id != into}
    if not 0 < len(wanted) <= MOST:
        raise Invalid("merge.none", most=MOST)
    key_hash = rules.fingerprint("gather", into, actor.person_id, key) if key else None
    body = rules.fingerprint("body", *sorted(wanted), reason)
    done: list[Gathered] = []

    def act() -> Case:
        done.append(_gather(into, wanted, actor, reason, key_hash, body))
        return done[0].main

    main = repeating.once(into, key_hash, body, act)
    if done:
        return done[0]
    return Gathered(main, list(Case.objects.filter(pk__in=wanted, merged_into=into).order_by("id")))


def _gather(
    into: int, wanted: Mapping[int, int | None], actor: Actor, reason: str, key_hash: bytes | None, body: bytes
) -> Gathered:
    now, values = clock.now(), merging.reason_of(reason)
    led = merging.led_by(wanted)
    locked = merging.lock([into, *wanted, *led])
    main, cases = locked.get(into), [locked[id] for id in sorted(wanted) if id in locked]
    if main is None or len(cases) < len(wanted) or not all(access.sees(case, actor) for case in (main, *cases)):
        raise NotFound("case.not_found")
    repeating.note(cases[0], key_hash, body)
    merging.check_main(main)
    followers = merging.led_by(wanted)
    if len(cases) + len(followers) + Case.objects.filter(merged_into=into).count() > merging.MOST:
        raise Conflict("merge.many", most=merging.MOST)
    items: dict[int, list[WorkItem]] = {case.id: [] for case in cases}
    for item in WorkItem.objects.filter(case_id__in=list(items)).order_by("case_id", "number"):
        items[item.case_id].append(item)
    result, steps = Gathered(main), list[tuple[Step, dict]]()
    for case in cases:
        try:
            if any(case.id == to and id not in led for id, to in followers.items()):
                raise merging.stale()
            merging.check_report(case, actor=actor, items=items[case.id], expected_seq=wanted[case.id], now=now)
        except Refusal as refusal:
            result.left.append((case, refusal))
            continue
        before = case_patch(case)
        steps.append((merging.joining(case, main, items[case.id], actor, values, now), before))
        result.joined.append(case)
    _write(steps, actor)
    gone = {case.id for case in result.joined}
    merging.move_along([locked[id] for id, to in followers.items() if to in gone and id in locked], main, actor)
    return result


def _write(steps: list[tuple[Step, dict]], actor: Actor) -> None:
    """As `writing.write`, a statement a table: nothing but the end of the report and of its items changes."""
    if not steps:
        return
    texts = {f"case:{step.case.id}": writing.said(step) for step, _before in steps}
    kept = keep_many((stream, "said", text) for stream, text in texts.items() if text)
    told, columns = [], set[str]()
    for step, before in steps:
        case, stream, after = step.case, f"case:{step.case.id}", case_patch(step.case)
        columns |= {name for name, value in after.items() if before[name] != value}
        patch = writing.patch_of(step, before, after, kept.get((stream, "said")))
        head = events.Head(case.event_seq, bytes(case.event_hash))
        told.append(events.Draft(stream, "case.merge", patch, head=head, seat=writing.seat_of(step)))
    cases = [step.case for step, _before in steps]
    for case, head in zip(cases, events.record_many(told, actor=actor), strict=True):
        case.event_seq, case.event_hash = head.seq, head.hash
    Case.objects.bulk_update(cases, [*sorted(columns), "event_seq", "event_hash"])
    WorkItem.objects.bulk_update([item for step, _before in steps for item in step.changed], writing.CHANGEABLE)
    for step, _before in steps:
        convening.write(step)  # a panel that stood open comes to nothing; no query for all others
