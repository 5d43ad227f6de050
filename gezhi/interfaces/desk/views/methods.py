"""工作法: each installed workflow as a picture over its own record: medians, limits, rules in sentences."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.engines.workflows import access, clocks
from gezhi.engines.workflows.access import ORDINARY
from gezhi.engines.workflows.methods import drafts, library, parents
from gezhi.engines.workflows.methods.models import MethodDraft
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import Rung, Stage, Workflow, definition, entry_at
from gezhi.foundation import measures, packs, people, places
from gezhi.foundation.calendar import clock, deadline, parse_limit
from gezhi.foundation.errors import NotFound
from gezhi.foundation.measures import Spread
from gezhi.foundation.people import Actor
from gezhi.interfaces.site.requests import Request

from .. import intake
from ..diagram import horizontal
from ..fields import limit_words, titled
from ..method_changes import version_words
from ..method_newer import comparison, newer_words
from ..names import place_name
from ..page import show, staff, whole
from ..panel_words import panel_lines, watch_line
from ..plan import clock_words, joined_words, owner_words, plan
from ..route import Course, course

DAYS = 90
#: The character a step is known by on the wall; a step of another pack shows the first of its title.
MARKS = {
    "triage": "分", "triage_street": "派", "sign": "签", "handle": "办", "verify": "查", "follow_up": "访", "closed": "结",
    "confirm": "确", "advise": "引",
}  # fmt: skip


def mark(id: str, stage: Stage) -> str:
    """One character for a step: as known in Chinese, in other languages the first letter of its title."""
    own = MARKS.get(id) if (get_language() or "").startswith("zh") else None
    return own or titled(stage.title)[:1]


FIGURES = ("open", "closed", "closed_on_time_rate", "returned_rate", "reworked_rate")
#: Said of a method only where something was settled on the spot: what it took, never what it should take.
SPOT = ("on_the_spot", "half_hour_rate")
STEPS_SHOWN = 50


@staff
@require_http_methods(["GET", "POST"])
def methods(request: Request) -> HttpResponse:
    """Every method in use with its record, and those of other places that could be taken up. POST takes one up as a draft."""
    if request.method == "POST":
        given = request.POST
        draft = drafts.take_up(
            given.get("pack", ""), given.get("name", ""), actor=request.actor, place_id=whole(given.get("place"))
        )
        return redirect("desk:method_draft", draft_id=draft.pk)
    registry = packs.registry()
    names = registry.names("workflow")
    offered = library.shipped()
    if not names and not offered:
        return show(request, "desk/methods_empty.html", {}, here="methods")
    now, place = clock.now(), record_place(request.actor)
    cut = measures.Cut(now - timedelta(days=DAYS), now, now)
    record = {row.group: row.figures for row in measures.table(FIGURES, by="workflow", period=cut, place=place)}
    open_drafts, known = drafts.open_drafts(), parents.bases()
    fields = where_fields(request.actor, whole(request.GET.get("at")))
    groups: dict[str, dict[str, Any]] = {}
    for name in names:
        entry = _in_force(name, fields["at"])
        flow = definition(name, entry.version)[0]
        group = groups.setdefault(entry.pack, {"title": _pack_title(entry.pack), "rows": []})
        group["rows"].append({
            "name": name, "title": titled(flow.title), "about": titled(flow.about), "version": version_words(entry.version),
            "unfilled": any(not said for _title, said in flow.blanks.values()), "figures": record.get(name), "drafts": open_drafts.get(name, ()), "there": place_name(entry.place_id, "town"), "newer": newer_words(entry, known),
            "own": sorted((place_name(p, "town"), e.version, newer_words(e, known)) for p, e in registry.local("workflow", name).items()),
        })  # fmt: skip
    context = {
        "groups": list(groups.values()),
        "shipped": [
            {
                "one": s,
                "title": titled(s.title),
                "about": titled(s.about),
                "place": titled(s.pack_title),
                "draft": next((d for d in open_drafts.get(s.name, ()) if d.place_id == fields["at"]), None),
            }
            for s in offered
        ],
        "fresh": [_draft_row(d) for n, found in open_drafts.items() if n not in names for d in found],
        "waiting": [_draft_row(d) for found in open_drafts.values() for d in found if d.state == "proposed"],
        "days": DAYS,
        "place": place_name(place, "county") if place is not None else "",
        "opens": place is not None,
        "may_draft": drafts.may_draft(request.actor),
        **fields,
    }
    return show(request, "desk/methods.html", context, here="methods")


def _draft_row(draft: MethodDraft) -> dict[str, Any]:
    return {"draft": draft, "there": place_name(draft.place_id, "town")}


def _in_force(name: str, place_id: int | None) -> packs.Entry:
    """The version of everybody, or the one that a place takes; of another place's own when nobody else has it."""
    try:
        return packs.registry().get("workflow", name) if place_id is None else entry_at(name, place_id)
    except NotFound:
        return packs.registry().get("workflow", name)


def where_fields(actor: Actor, at: int | None) -> dict[str, Any]:
    """For the choice of a place: those the actor may decide for in groups of a town, and the one chosen (None: everybody)."""
    directory = places.directory()
    groups: dict[str, list[tuple[int, str]]] = {}
    known = drafts.usable_at(actor) if drafts.may_draft(actor) else []
    for place in known:
        town = directory.at_level(place, "town")
        head = place_name(town, "town") if town is not None else _("全县")
        groups.setdefault(head, []).append((place, place_name(place)))
    at = at if at in known else None
    return {"at": at, "at_name": place_name(at, "town"), "wheres": list(groups.items())}


def record_place(actor: Actor) -> int | None:
    """The widest place whose numbers this person may open; None when there is none: then numbers are words only."""
    for power in ("case.see", "bulletin.read", "case.supervise"):
        for _kind, place in actor.places(power):
            return place
    return None


def _pack_title(pack: str) -> str:
    return _("本地自己的") if pack == packs.OWN else titled(library.source_of(pack)[0]) or pack


@staff
@require_http_methods(["GET", "POST"])
def method(request: Request, name: str) -> HttpResponse:
    """One method: the picture, what each step really took in the last 90 days, its rules, its versions.

    POST begins (or goes on with) a draft of it. `?version=` shows another version, `?step=` the cases behind a step.
    """
    registry = packs.registry()
    if request.method == "POST":
        version, named = whole(request.POST.get("version")), request.POST.get("as", "").strip()
        draft = drafts.start(
            name, actor=request.actor, version=version, as_name=named or None, place_id=whole(request.POST.get("place"))
        )
        return redirect("desk:method_draft", draft_id=draft.pk)
    asked_for, fields = whole(request.GET.get("version")), where_fields(request.actor, whole(request.GET.get("at")))
    entry = _in_force(name, fields["at"]) if asked_for is None else registry.get("workflow", name, asked_for)
    flow, body_hash = definition(name, entry.version)
    way = course(flow)
    now, place = clock.now(), record_place(request.actor)
    since = now - timedelta(days=DAYS)
    taken = measures.durations(by="stage", since=since, until=now, where={"workflow": name}, place=place)
    steps = [_step(flow, step.id, taken.get(step.id), now) for step in way.steps]
    cut = measures.Cut(since, now, now)
    figures = measures.measure((*FIGURES, *SPOT), period=cut, place=place, where={"workflow": name})
    if not figures["on_the_spot"].value:
        figures = {id: figure for id, figure in figures.items() if id not in SPOT}
    spot = measures.spot_time(period=cut, place=place, where={"workflow": name}) if "on_the_spot" in figures else None
    others = [
        {"name": n, "title": titled(definition(n)[0].title), "version": version_words(definition(n)[0].version)}
        for n in registry.names("workflow")
    ]
    source_title, source = library.source_of(entry.pack)
    local = registry.local("workflow", name)
    newest = local.get(entry.place_id) if entry.place_id is not None else registry.get("workflow", name)
    asked = request.GET.get("step", "")
    current = newest is not None and entry.version == newest.version
    context: dict[str, Any] = {
        "flow": flow,
        "title": titled(flow.title),
        "about": titled(flow.about),
        "version": version_words(entry.version),
        "current": current,
        "newer": comparison(entry, request.actor) if current else None,
        "there": place_name(entry.place_id, "town"),
        "own": sorted((place_name(p, "town"), e.version, p) for p, e in local.items()),
        **fields,
        "number": entry.version,
        "hash": body_hash[:12],
        "steps": steps,
        "diagram": horizontal(way, {id: mark(id, stage) for id, stage in flow.stages.items()}),
        "plan": plan(flow),
        "tightest": _tightest(steps),
        "rules": _rules(flow, way),
        "library": others,
        "name": name,
        "figures": figures,
        "spot": spot,
        "opens": place is not None,
        "days": DAYS,
        "columns": len(steps),
        "counters": [(titled(flow.counter_titles[c]), most) for c, most in flow.counters.items()],
        "blanks": [(titled(title), said) for title, said in flow.blanks.values()],
        "source": source,
        "source_title": titled(source_title),
        "pack": _pack_title(entry.pack),
        "versions": _versions(name),
        "drafts": [_draft_row(d) for d in drafts.open_drafts().get(name, ())],
        "may_draft": drafts.may_draft(request.actor),
        "may_begin": request.actor.may("case.raise_for") and name in dict(intake.methods()),
        "asked": titled(flow.stages[asked].title) if asked in flow.stages else "",
        "behind": _behind(request.actor, name, asked, since) if asked in flow.stages else [],
    }
    return show(request, "desk/method.html", context, here="methods")


def _versions(name: str) -> list[dict[str, Any]]:
    """Every version with how many open cases still run on it, newest first; one query."""
    running = dict(
        Case.objects.filter(ORDINARY, workflow=name, state=OPEN).values_list("version").annotate(n=Count("id"))
    )
    known = packs.registry().versions("workflow", name)
    return [
        {
            "number": e.version,
            "words": version_words(e.version),
            "running": running.get(e.version, 0),
            "pack": place_name(e.place_id, "town") or _pack_title(e.pack),
        }
        for e in reversed(known)
    ]


def _behind(actor: Actor, name: str, stage: str, since: datetime) -> list[dict[str, Any]]:
    """The newest finished rounds of a step that the actor may see: what the median was counted from."""
    done = WorkItem.objects.filter(
        case__workflow=name, case__protected="", stage=stage, state="done", done_at__gte=since
    )
    items = list(done.select_related("case").order_by("-done_at")[: STEPS_SHOWN * 2])
    mine = [item for item in items if access.sees(item.case, actor)][:STEPS_SHOWN]
    return [
        {"case": i.case, "took": i.done_at - i.opened_at, "at": i.done_at, "late": i.done_at > i.due_at}
        for i in mine
        if i.done_at is not None
    ]


def _step(flow: Workflow, id: str, spread: Spread | None, now: Any) -> dict[str, Any]:
    """A step over its own record: title, owner, limit, the median as a share of a scale on which the limit is at 92 %."""
    stage = flow.stages[id]
    limit = _limit_span(stage, now)
    share = None
    if spread is not None and limit:
        share = min(100.0, round(92 * (spread.median / limit), 1))
    # What time itself ends takes its whole time, and is neither close to it nor late.
    acted = stage.kind != "timer" and not clocks.closes_by_itself(stage)
    return {
        "id": id,
        "title": titled(stage.title),
        "owner": owner_words(flow, stage.owner),
        "limit": clock_words(stage),
        "spread": spread,
        "share": share,
        "close": acted and share is not None and share >= 69,
        "late": acted and share is not None and share > 92,
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
        if stage.kind == "watch":
            said = watch_line(flow, stage)
            rules.append({"mark": mark(id, stage), "title": titled(stage.title), "text": said, "beside": ""})
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
            words = (
                _("到{n}没有回话，系统接着走。")
                if parse_limit(stage.silence_after).by is not None
                else _("{n}没有回话，系统接着走。")
            )
            lines.append(words.format(n=limit_words(stage.silence_after)))
        inside = way.position(id) is not None
        rules.append(
            {
                "mark": mark(id, stage),
                "title": titled(stage.title),
                "text": "".join(lines),
                "beside": "" if inside else "1",
            }
        )
    return rules


def _of_kind(flow: Workflow, stage: Stage) -> list[str]:
    """What a timer, a fork, a panel or a stage with sub-cases does by itself."""
    if stage.kind == "panel":
        return list(panel_lines(flow, stage))
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
    if after.by is not None:
        when = _("过了时限，到{n}还没办").format(n=limit_words(rung.after))
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
