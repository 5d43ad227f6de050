"""The doors of a panel: bring the list, answer, stand aside. Lock, look, decide, write, record.

A vote and the closing take the same row, so a vote counts wholly or is refused as late. One who was asked answers once,
by whichever way: on the portal with the household's code, from the desk in person, or typed in from paper or a meeting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import access, convening, rolls
from gezhi.engines.workflows.models import OPEN as RUNNING
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.engines.workflows.panel_models import GATHERING, INVITED, OPEN, RECUSED, VOTED, WAYS, Ballot, Panel
from gezhi.engines.workflows.schema import Action, Workflow, definition
from gezhi.engines.workflows.schema_panels import PanelRule
from gezhi.foundation import db, events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, register
from gezhi.foundation.forms import Form
from gezhi.foundation.people import Actor

register("panel.not_found", 404, _("没有这次议事。"), _("它不存在，或者不在您能看到的范围。"), _("请从事项页面进入。"))
register(
    "panel.closed",
    409,
    _("已经收票，这一票没有计入。"),
    _("这次议事在 {at} 收了票。"),
    _("请看结果；如果要再议，会另行通知。"),
)
register("panel.voted", 409, _("这一户已经投过了。"), _("一户只有一票，先到的算数，不论线上、纸票还是会上。"), _("不用再投。如果不是本户投的，请告诉经办人。"))  # fmt: skip
register("panel.recused", 409, _("已经回避，不能再投。"), _("和这件事有关系的人不参加表决。"), _("不用再做什么。"))
register(
    "panel.gathering", 409, _("名册还没有录好。"), _("要先知道请哪些人参加，才能开始投。"), _("请等经办人录入名册。")
)
register("panel.not_invited", 403, _("这次没有请您投票。"), _("名册里没有您的席位，或者您已经回避。"), _("如果应当有您，请告诉经办人。"))  # fmt: skip
register("panel.code", 404, _("没有这个投票码。"), _("名册里没有对应的户，可能抄错了，或者是另一件事的。"), _("请对照发给本户的那张纸再看一遍，或者到服务台投纸票。"))  # fmt: skip
register(
    "panel.enrolled", 409, _("名册已经录过了。"), _("开始投票以后名册不再变。"), _("要换名册，请先收票，再重新议。")
)

_OWNERS = Action("", {"zh": "", "en": ""}, ("owner",), Form())


def rule_of(panel: Panel, case: Case) -> PanelRule:
    """The rule that the panel's version of its workflow gives it."""
    return _rule(definition(case.workflow, case.version)[0], panel)


def enrol(panel_id: int, text: str, *, actor: Actor) -> Panel:
    """Bring the list of those who are asked (rolls.read); voting begins. By the owner of the stage.

    Raises NotFound, NotAllowed, Invalid (with the line), Conflict panel.enrolled.
    """
    with db.write():
        panel = _locked(panel_id)
        case, item, flow = _around(panel)
        _owner(case, item, actor)
        if panel.state != GATHERING:
            raise Conflict("panel.enrolled")
        lines = rolls.read(text, _rule(flow, panel))
        ballots = convening.ballots_of(panel, lines)
        panel.state, panel.invited, panel.opened_at = OPEN, len(ballots), clock.now()
        more = {f"ballot:{b.number}": convening.ballot_patch(b) for b in ballots}
        convening.record(panel, "panel.enrolled", more, actor=actor)
        panel.save()
        db.insert_many(ballots)
    return panel


def cast(
    panel_id: int,
    *,
    actor: Actor,
    choice: str,
    ballot: int | None = None,
    code: str | None = None,
    way: str = "online",
    reason: str = "",
) -> Ballot:
    """One answer. With `code`: a household's own, on the portal. Without: the actor's own seat, or `ballot` (its number)
    typed in by the owner from `way` paper or meeting.

    Raises NotFound panel.not_found, panel.code; NotAllowed; Conflict panel.closed, .voted, .recused, .gathering; Invalid.
    """
    now = clock.now()
    with db.write():
        panel = _locked(panel_id)
        case, item, flow = _around(panel)
        rule = _rule(flow, panel)
        _still_open(panel, item, now)
        if choice not in rule.choices:
            raise Invalid(field_errors={"choice": _("请选一个。")})
        if way not in WAYS or (code is not None and way != "online"):
            raise Invalid(field_errors={"way": _("请选怎么投的。")})
        own = _ballot_of(panel, case, item, actor, ballot, code, way)
        if own.state == VOTED:
            raise Conflict("panel.voted")
        if own.state == RECUSED:
            raise Conflict("panel.recused")
        words = " ".join(reason.split())[:500]
        if words and panel.secret:
            raise Invalid(field_errors={"reason": _("不记名的投票不写理由，写了就能认出是谁。")})
        own.state, own.way = VOTED, way
        if way != "online":
            own.by_person = actor.person_id
        more: dict[str, Any] = {}
        if panel.secret:
            assert panel.urn is not None
            inside = dict(panel.urn.get(own.group, {}))
            inside[choice] = inside.get(choice, 0) + 1
            panel.urn = {**panel.urn, own.group: inside}
        else:
            own.choice = choice
            if words:
                name = f"reason:{own.number}"
                ref = events.keep(f"panel:{panel.id}", {name: words})[name]
                own.reason_ref, more[name] = ref.id, ref.as_json()
        more[f"ballot:{own.number}"] = convening.ballot_patch(own)
        convening.record(panel, "panel.voted", more, actor=actor, whole=False)
        panel.save(update_fields=["urn", "event_seq", "event_hash"])
        own.save(update_fields=["state", "way", "choice", "reason_ref", "by_person"])
    return own


GROUNDS = ("kin", "interest", "acted", "asked")


def recuse(panel_id: int, number: int, *, actor: Actor, ground: str) -> Ballot:
    """One who was asked stands aside, by their own word or the owner's: they count in no figure of this panel.

    Raises as `cast`.
    """
    with db.write():
        panel = _locked(panel_id)
        case, item, _flow = _around(panel)
        _still_open(panel, item, clock.now())
        if ground not in GROUNDS:
            raise Invalid(field_errors={"ground": _("请选为什么回避。")})
        own = Ballot.objects.filter(panel=panel, number=number).first()
        if own is None:
            raise NotFound("panel.not_found")
        if own.seat_id is None or not _sits(actor, own.seat_id):
            _owner(case, item, actor)
        if own.state == VOTED:
            raise Conflict("panel.voted")
        if own.state == RECUSED:
            raise Conflict("panel.recused")
        own.state = RECUSED
        more = {f"ballot:{number}": convening.ballot_patch(own), "ground": ground}
        convening.record(panel, "panel.recused", more, actor=actor, whole=False)
        panel.save(update_fields=["event_seq", "event_hash"])
        own.save(update_fields=["state"])
    return own


def _locked(panel_id: int) -> Panel:
    try:
        return convening.locked(pk=panel_id)
    except Panel.DoesNotExist:
        raise NotFound("panel.not_found") from None


def _around(panel: Panel) -> tuple[Case, WorkItem | None, Workflow]:
    """The panel's case, its item while that is open, and the definition. Two queries."""
    case = Case.objects.get(pk=panel.case_id)
    item = WorkItem.objects.filter(case_id=case.id, number=panel.number, state=RUNNING).first()
    return case, item, definition(case.workflow, case.version)[0]


def _rule(flow: Workflow, panel: Panel) -> PanelRule:
    stage = flow.stages.get(panel.stage)
    if stage is None or stage.panel is None:  # of the process the case went by before it was kept apart
        raise NotFound("panel.not_found")
    return stage.panel


def _still_open(panel: Panel, item: WorkItem | None, now: Any) -> None:
    if panel.state == GATHERING:
        raise Conflict("panel.gathering")
    if panel.state != OPEN or item is None or now >= item.due_at:
        at = panel.closed_at or (item.due_at if item is not None else now)
        raise Conflict("panel.closed", at=clock.said_ending(at)[5:])


def _sits(actor: Actor, seat: int) -> bool:
    return actor.person_id is not None and actor.person_id in people.directory().holders(seat, clock.now())


def may_manage(case: Case, item: WorkItem | None, actor: Actor) -> bool:
    """Whether the actor is the one whose panel it is: brings the list, types in paper ballots, closes."""
    if item is None or actor.kind != "staff":
        return False
    return access.why_not(_OWNERS, case=case, item=item, items=[item], actor=actor, now=clock.now()) is None


def _owner(case: Case, item: WorkItem | None, actor: Actor) -> None:
    if item is None:
        raise NotAllowed()
    refusal = access.why_not(_OWNERS, case=case, item=item, items=[item], actor=actor, now=clock.now())
    if refusal is not None:
        raise refusal


def _ballot_of(
    panel: Panel, case: Case, item: WorkItem | None, actor: Actor, number: int | None, code: str | None, way: str
) -> Ballot:
    rows = Ballot.objects.filter(panel=panel)
    if code is not None:
        found = rows.filter(code_hash=rolls.hash_of(code)).first()
        if found is None:
            raise NotFound("panel.code")
        return found
    if way != "online":
        _owner(case, item, actor)
        found = rows.filter(number=number).first() if number is not None else None
        if found is None:
            raise NotFound("panel.not_found")
        return found
    mine = [b for b in rows.filter(seat_id__in=list(actor.answering)) if b.seat_id and _sits(actor, b.seat_id)]
    if number is not None:
        mine = [b for b in mine if b.number == number]
    if not mine:
        raise NotAllowed("panel.not_invited")
    return min(mine, key=lambda b: (b.state != INVITED, b.number))


def reasons(panel: Panel) -> Mapping[int, str]:
    """Why single voters answered as they did, by ballot number: minority opinions stay with the result."""
    refs = dict(Ballot.objects.filter(panel=panel, reason_ref__isnull=False).values_list("number", "reason_ref"))
    said = events.read_private([ref for ref in refs.values() if ref is not None])
    return {number: words for number, ref in refs.items() if ref is not None and (words := said.get(ref))}
