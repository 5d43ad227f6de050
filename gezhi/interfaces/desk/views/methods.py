"""工作法: each installed workflow as a picture over its own record: medians, limits, rules in sentences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gezhi.engines.workflows.access import ORDINARY
from gezhi.engines.workflows.models import OPEN, Case
from gezhi.engines.workflows.schema import Rung, Stage, Workflow, definition
from gezhi.foundation import measures, packs, people
from gezhi.foundation.calendar import clock, deadline, parse_limit
from gezhi.foundation.measures import Spread
from gezhi.interfaces.site.requests import Request

from ..diagram import horizontal
from ..fields import limit_words, titled
from ..page import show, staff
from ..plan import clock_words, joined_words, owner_words, plan
from ..route import Course, course

DAYS = 90
#: The character a step is known by on the wall; a step of another pack shows the first of its title.
MARKS = {
    "triage": "分", "triage_street": "派", "sign": "签", "handle": "办", "verify": "查", "follow_up": "访", "closed": "结",
    "confirm": "确", "advise": "引",
}  # fmt: skip


def _mark(id: str, stage: Stage) -> str:
    """One character for a step: as known in Chinese, in other languages the first letter of its title."""
    own = MARKS.get(id) if (get_language() or "").startswith("zh") else None
    return own or titled(stage.title)[:1]


@staff
@require_safe
def methods(request: Request) -> HttpResponse:
    """The first installed method."""
    names = packs.registry().names("workflow")
    if not names:
        return show(request, "desk/methods_empty.html", {}, here="methods")
    return redirect("desk:method", name=names[0])


@staff
@require_safe
def method(request: Request, name: str) -> HttpResponse:
    """One method: the picture, what each step really took in the last 90 days, its rules, where it is in use."""
    flow, body_hash = definition(name)
    way = course(flow)
    now = clock.now()
    since = now - timedelta(days=DAYS)
    taken = measures.durations(by="stage", since=since, until=now, where={"workflow": name})
    steps = [_step(flow, step.id, taken.get(step.id), now) for step in way.steps]
    library = [
        {"name": n, "title": titled(definition(n)[0].title), "version": definition(n)[0].version}
        for n in packs.registry().names("workflow")
    ]
    context: dict[str, Any] = {
        "flow": flow,
        "title": titled(flow.title),
        "about": titled(flow.about),
        "hash": body_hash[:12],
        "steps": steps,
        "diagram": horizontal(way, {id: _mark(id, stage) for id, stage in flow.stages.items()}),
        "plan": plan(flow),
        "tightest": _tightest(steps),
        "rules": _rules(flow, way),
        "library": library,
        "name": name,
        "finished": Case.objects.filter(ORDINARY, workflow=name, state="closed", closed_at__gte=since).count(),
        "running": Case.objects.filter(ORDINARY, workflow=name, state=OPEN).count(),
        "days": DAYS,
        "columns": len(steps),
        "counters": [(titled(flow.counter_titles[c]), most) for c, most in flow.counters.items()],
    }
    return show(request, "desk/method.html", context, here="methods")


def _step(flow: Workflow, id: str, spread: Spread | None, now: Any) -> dict[str, Any]:
    """A step over its own record: title, owner, limit, the median as a share of a scale on which the limit is at 92 %."""
    stage = flow.stages[id]
    limit = _limit_span(stage, now)
    share = None
    if spread is not None and limit:
        share = min(100.0, round(92 * (spread.median / limit), 1))
    return {
        "id": id,
        "title": titled(stage.title),
        "owner": owner_words(flow, stage.owner),
        "limit": clock_words(stage),
        "spread": spread,
        "share": share,
        "close": share is not None and share >= 69,
        "late": share is not None and share > 92,
        "says": titled(stage.says) if stage.says else "",
        "end": stage.kind == "end",
    }


def _limit_span(stage: Stage, now: Any) -> timedelta | None:
    """The limit as elapsed time from a working morning, so that the median (elapsed too) stands on the same scale."""
    if stage.clock is None or stage.clock.limit in ("", "promise", "category"):
        return None
    return deadline(now, parse_limit(stage.clock.limit)) - now


def _tightest(steps: list[dict[str, Any]]) -> str:
    """The step whose median comes closest to its limit, when any comes close."""
    near = [step for step in steps if step["close"]]
    return max(near, key=lambda step: step["share"])["title"] if near else ""


def _rules(flow: Workflow, way: Course) -> list[dict[str, str]]:
    """Each human step in sentences: what may be done, what comes back, who may not, what happens when it is late."""
    rules = []
    for id, stage in flow.stages.items():
        if not stage.waits:
            continue
        doing = _("、").join(titled(a.title) for a in stage.actions.values() if "system" not in a.by)
        whose = owner_words(flow, stage.owner)
        lines = [
            _("{owner}负责，可以：{actions}。").format(owner=whose, actions=doing)
            if doing
            else _("{owner}负责。").format(owner=whose)
        ]
        lines += _of_kind(flow, stage)
        if stage.clock is not None:
            lines.append(clock_words(stage) + _("。"))
        if stage.owner is not None and stage.owner.unlike:
            others = _("、").join(titled(flow.stages[s].title) for s in stage.owner.unlike if s in flow.stages)
            lines.append(_("做过“{others}”的人不能做这一步。").format(others=others))
        for action in stage.actions.values():
            if action.counter:
                words = _("“{action}”最多 {max} 次").format(
                    action=titled(action.title), max=flow.counters[action.counter]
                )
                if action.exhausted:
                    words += _("，再多就到“{stage}”").format(stage=titled(flow.stages[action.exhausted].title))
                lines.append(words + _("。"))
        lines += [_rung(rung) for rung in stage.ladder]
        if stage.silence_after:
            lines.append(_("{n}没有回话，系统接着走。").format(n=limit_words(stage.silence_after)))
        inside = way.position(id) is not None
        rules.append(
            {
                "mark": _mark(id, stage),
                "title": titled(stage.title),
                "text": "".join(lines),
                "beside": "" if inside else "1",
            }
        )
    return rules


def _of_kind(flow: Workflow, stage: Stage) -> list[str]:
    """What a timer, a fork or a stage with sub-cases does by itself."""
    if stage.kind == "timer":
        lines = [_("到时自己去“{stage}”。").format(stage=titled(flow.stages[stage.then or ""].title))]
        return lines + ([_("这段时间不算在答应居民的日期里。")] if stage.pauses else [])
    if stage.kind == "fork":
        join = flow.join_of(stage.id)
        return [_("分 {n} 路同时办，").format(n=len(stage.tracks)) + joined_words(flow, join) + _("。")]
    if stage.kind == "children":
        return [
            _("给每个地方各开一件“{workflow}”，够数了去“{stage}”。").format(
                workflow=_name_of(stage.workflow or ""), stage=titled(flow.stages[stage.then or ""].title)
            )
        ]
    return []


def _rung(rung: Rung) -> str:
    post = people.directory().posts.get(rung.post)
    whose = post.title if post else rung.post
    after = parse_limit(rung.after)
    when = _("过了时限") if not after.value else _("过时限 {n} 还没办").format(n=limit_words(rung.after))
    if rung.do == "remind":
        return _("{when}，再提醒一次。").format(when=when)
    if rung.do == "take_over":
        return _("{when}，由{post}接过来办，限 {limit}。").format(
            when=when, post=whose, limit=limit_words(rung.clock or "")
        )
    return _("{when}，由{post}督办。").format(when=when, post=whose)


def _name_of(workflow: str) -> str:
    """The title of another method, its name when it is not installed here."""
    known = workflow in packs.registry().names("workflow")
    return titled(definition(workflow)[0].title) if known else workflow
