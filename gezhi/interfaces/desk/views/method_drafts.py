"""Changing a method without programming: one change after the other, each proved at once; a YAML page beside it; approval."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from gezhi.engines.workflows import migrating
from gezhi.engines.workflows.methods import drafts, edits, reading, runs, source
from gezhi.engines.workflows.methods.models import EDITING, PROPOSED, DraftStep, MethodDraft, Migration
from gezhi.engines.workflows.methods.reading import Checked, Fault
from gezhi.engines.workflows.schema import Stage, Workflow, definition
from gezhi.foundation import events, packs
from gezhi.foundation.calendar import parse_limit
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, Refusal
from gezhi.interfaces.site.requests import Request

from ..diagram import horizontal
from ..fields import titled
from ..method_changes import changes, version_words
from ..names import person_name, place_name
from ..page import part, show, staff, tell, wants_part, whole
from ..route import course
from .methods import mark

UNITS = (
    ("work_hour", gettext_lazy("个工作小时")), ("work_day", gettext_lazy("个工作日")), ("calendar_day", gettext_lazy("天")),
    ("urgent_hour", gettext_lazy("小时（昼夜连着算）")), ("urgent_day", gettext_lazy("天（昼夜连着算）")),
)  # fmt: skip
TYPES = (
    ("text", gettext_lazy("一行字")), ("long_text", gettext_lazy("一段话")), ("number", gettext_lazy("数字")),
    ("truth", gettext_lazy("是或否")), ("date", gettext_lazy("日期")), ("choice", gettext_lazy("几样里选一样")),
    ("photos", gettext_lazy("照片")), ("seat", gettext_lazy("一个席位")), ("place", gettext_lazy("一个地方")),
    ("category", gettext_lazy("类别")), ("limit", gettext_lazy("时限")),
)  # fmt: skip
PREVIEWED = 60  # cases of a version whose fate is shown before it is asked for; the run itself takes all


@staff
@require_http_methods(["GET", "POST"])
def draft(request: Request, draft_id: int) -> HttpResponse:
    """The editor: steps, the form of one of them, every flaw as it stands, what differs from what runs. POST is one change."""
    drafts.need_draft(request.actor)
    refusal: Refusal | None = None
    chosen = request.GET.get("step", "")
    if request.method == "POST":
        chosen = request.POST.get("here", request.POST.get("stage", ""))
        try:
            done = _do(request, draft_id)
        except (Invalid, Conflict, NotAllowed) as refused:
            refusal = refused
        else:
            chosen = _after(request, done, chosen)
            if done.state not in (EDITING, PROPOSED):
                return redirect("desk:method", name=done.name) if done.version else redirect("desk:methods")
            if not wants_part(request):
                return redirect(f"{reverse('desk:method_draft', args=[draft_id])}?step={chosen}#step")
    row = drafts.get(draft_id)
    context = _context(request, row, chosen, refusal)
    status = refusal.http if refusal is not None else 200
    if wants_part(request):
        # htmx swaps nothing that is not a success; the page itself says what was refused.
        return part(request, "desk/parts/method_editor.html", context)
    return show(request, "desk/method_draft.html", context, here="methods", status=status)


def _do(request: Request, draft_id: int) -> MethodDraft:
    given, actor = request.POST, request.actor
    what, at = given.get("do", ""), whole(given.get("at")) or 0
    if what in ("undo", "again"):
        return drafts.back(draft_id, at=at, actor=actor, again=what == "again")
    if what == "propose":
        done = drafts.propose(draft_id, at=at, actor=actor, words=given.get("words", ""))
        tell(request, _("已提交，等另一位同事批准。"))
        return done
    if what == "withdraw":
        return drafts.withdraw(draft_id, actor=actor)
    if what == "send_back":
        return drafts.send_back(draft_id, given.get("words", ""), actor=actor)
    if what == "drop":
        tell(request, _("这份草稿作废了，现在用的办法没有变。"))
        return drafts.drop(draft_id, actor=actor)
    if what == "approve":
        done = drafts.approve(draft_id, given.get("digest", ""), actor=actor)
        tell(request, _("已发布。新开的事按新版办，在走的按原来的版本走完。"))
        return done
    answers = {name: given.get(name, "") for name in given if name not in ("csrfmiddlewaretoken", "do", "at", "here")}
    return drafts.change(draft_id, what, answers, at=at, actor=actor)


def _after(request: Request, done: MethodDraft, chosen: str) -> str:
    """Which step is shown after a change: a new one itself."""
    stages = drafts.document(done).get("stages") or {}
    if request.POST.get("do") == "add_step":
        after = list(stages)
        place = after.index(request.POST.get("after", "")) if request.POST.get("after", "") in after else -1
        return after[place + 1] if 0 <= place < len(after) - 1 else chosen
    return chosen if chosen in stages else ""


def _context(request: Request, row: MethodDraft, chosen: str, refusal: Refusal | None) -> dict[str, Any]:
    found = drafts.checked(row)
    document = drafts.document(row)
    stages = document.get("stages") if isinstance(document.get("stages"), dict) else {}
    assert isinstance(stages, dict)
    held = drafts.running_body(row)
    running = definition(row.name, held["version"])[0] if held is not None else None
    listed = [_listed(name, stage, found) for name, stage in stages.items() if isinstance(stage, dict)]
    chosen = chosen if chosen in stages else next((s["id"] for s in listed if s["editable"]), "")
    editing = row.state == EDITING
    words = events.read_private([row.words_ref]).get(row.words_ref) if row.words_ref else ""
    return {
        "draft": row,
        "title": packs.say(_pair(document.get("title"))),
        "about": packs.say(_pair(document.get("about"))),
        "base": version_words(row.base_version) if row.base_version else "",
        "editing": editing,
        "may_publish": drafts.may_approve(row, request.actor),
        "there": place_name(row.place_id, "town"),
        "own": request.actor.person_id in {*row.editors, row.started_by, row.proposed_by},
        "editors": _("、").join(person_name(p) for p in dict.fromkeys([row.started_by, *row.editors])),
        "proposed_by": person_name(row.proposed_by) if row.proposed_by else "",
        "words": words,
        "sent_back": editing and row.returned and words,
        "steps": listed,
        "step": _chosen(chosen, stages, found, document) if chosen else None,
        "targets": [(s["id"], s["title"]) for s in listed if s["editable"]],
        "counters": [
            (name, packs.say(_pair(c.get("title"))), c.get("max"))
            for name, c in (document.get("counters") or {}).items()
            if isinstance(c, dict)
        ],
        "blanks": [
            (name, packs.say(_pair(b.get("title"))), b.get("is", ""))
            for name, b in (document.get("blanks") or {}).items()
            if isinstance(b, dict)
        ],
        "faults": [shown(f, found.flow) for f in found.faults],
        "diagram": picture(found.flow),
        "changes": changes(running, found.flow) if running is not None and found.flow is not None else [],
        "is_new": running is None,
        "same": drafts.same_as_running(row, found),
        "posts": posts(),
        "units": UNITS,
        "types": TYPES,
        "undo": editing and row.step > 1 and DraftStep.objects.filter(draft=row, number=row.step - 1).exists(),
        "redo": editing and row.step < row.steps,
        "refusal": refusal,
        "errors": refusal.field_errors if refusal is not None else {},
        "given": request.POST if refusal is not None else {},
        "tab": "form",
    }


def _pair(title: Any) -> dict[str, str]:
    return {"zh": str(title or ""), "en": ""} if not isinstance(title, dict) else title


def _listed(name: str, stage: dict[str, Any], found: Checked) -> dict[str, Any]:
    return {
        "id": name,
        "title": packs.say(_pair(stage.get("title"))) or name,
        "kind": _KINDS.get(str(stage.get("kind")), ""),
        "side": bool(stage.get("side")),
        "flawed": any(f.stage == name for f in found.faults),
        "editable": stage.get("kind") in edits.STEPPED,
    }


_KINDS: dict[str, Any] = {
    "gate": gettext_lazy("判断"), "end": gettext_lazy("到这里结束"), "timer": gettext_lazy("到时自己走"),
    "fork": gettext_lazy("分头办"), "join": gettext_lazy("汇合"), "children": gettext_lazy("开子事项"),
}  # fmt: skip


def _chosen(name: str, stages: dict[str, Any], found: Checked, document: dict[str, Any]) -> dict[str, Any]:
    stage = stages[name]
    clock = stage.get("clock") if isinstance(stage.get("clock"), dict) else {}
    limit = str(clock.get("limit") or clock.get("max") or "")
    number, unit, hour = "", "promise" if limit == "promise" else "work_day", ""
    with suppress(Refusal):
        number, unit, hour = [*str(parse_limit(limit)).split(), ""][:3]
    owner = stage.get("owner") if isinstance(stage.get("owner"), dict) else {}
    actions = stage.get("actions") if isinstance(stage.get("actions"), dict) else {}
    return {
        "id": name,
        "title": packs.say(_pair(stage.get("title"))),
        "kind": _KINDS.get(str(stage.get("kind")), ""),
        "number": number,
        "unit": unit,
        "hour": hour,
        "dated": "until" in clock,
        "timed": bool(clock) or stage.get("kind") == "task",
        "owned": bool(owner) or stage.get("kind") == "task",
        "post": ":handler" if owner.get("case") == "handler" else owner.get("post", ""),
        "above": owner.get("above") or (owner.get("case") if owner.get("case") != "handler" else ""),
        "removable": stage.get("kind") in edits.STEPPED and not stage.get("side"),
        "actions": [_action(id, a, stages) for id, a in actions.items() if isinstance(a, dict)],
        "faults": [shown(f, found.flow) for f in found.faults if f.stage == name],
        "after": next((n for n, s in stages.items() if isinstance(s, dict) and _leads(s) == name), ""),
    }


def _leads(stage: dict[str, Any]) -> str:
    way = edits.main_way(stage)
    return str(way[0][way[1]]) if way else ""


def _action(id: str, action: dict[str, Any], stages: dict[str, Any]) -> dict[str, Any]:
    form = action.get("form") if isinstance(action.get("form"), list) else []
    assert isinstance(form, list)
    return {
        "id": id,
        "title": packs.say(_pair(action.get("title"))) or id,
        "to": action.get("to", ""),
        "main": bool(action.get("main")),
        "borrowed": str(action.get("use", "")),
        "fields": [
            {
                "id": f.get("id", ""), "title": packs.say(_pair(f.get("title"))), "required": f.get("required") is True,
                "sometimes": isinstance(f.get("required"), str), "type": dict(TYPES).get(str(f.get("type")), f.get("type")),
            }
            for f in form
            if isinstance(f, dict)
        ],
    }  # fmt: skip


def shown(fault: Fault, flow: Workflow | None) -> dict[str, Any]:
    """A flaw as the page says it: the step by its title, the words, the run that shows it."""
    stage: Stage | None = flow.stages.get(fault.stage) if flow is not None else None
    return {
        "stage": fault.stage,
        "title": titled(stage.title) if stage is not None else fault.stage,
        "words": _named(fault.words, flow),
        "trace": [_named(line, flow) for line in fault.trace],
        "line": fault.line,
        "code": fault.code,
    }


def _named(words: str, flow: Workflow | None) -> str:
    """Steps by their titles where the proof says their ids in quotes."""
    for id, stage in flow.stages.items() if flow is not None else ():
        words = words.replace(f"“{id}”", f"“{titled(stage.title)}”")
    return words


def picture(flow: Workflow | None) -> Any:
    """The diagram of a draft, also of a flawed one as far as it can be drawn; empty when it cannot."""
    if flow is None or flow.start not in flow.stages:
        return ""
    try:
        return horizontal(course(flow), {id: mark(id, stage) for id, stage in flow.stages.items()})
    except (KeyError, IndexError, RecursionError):
        return ""


def posts() -> list[tuple[str, str]]:
    """Every post that may own a step: (code, title), and the unit that was chosen for a case."""
    english = (get_language() or "").startswith("en")
    known = [
        (code, (p["title_en"] if english else "") or p["title_zh"] or code)
        for code, p in packs.registry().posts.items()
    ]
    return [(":handler", _("承办单位")), *known]


# --- the YAML page -----------------------------------------------------------------------------------------


@staff
@require_http_methods(["GET", "POST"])
def typed(request: Request, draft_id: int) -> HttpResponse:
    """The same draft as YAML with line numbers; saved as it was typed, flaws at their lines."""
    drafts.need_draft(request.actor)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            drafts.write(
                draft_id, request.POST.get("text", ""), at=whole(request.POST.get("at")) or 0, actor=request.actor
            )
        except (Invalid, Conflict) as refused:
            refusal = refused
        else:
            return redirect("desk:method_yaml", draft_id=draft_id)
    row = drafts.get(draft_id)
    text = request.POST.get("text", "") if refusal else row.text
    if text is None:
        text = source.as_yaml(drafts.document(row))
    found = reading.check_text(text, row.name)
    context = {
        "draft": row,
        "title": packs.say(_pair(drafts.document(row).get("title"))),
        "text": text,
        "numbers": "\n".join(str(n) for n in range(1, text.count("\n") + 2)),
        "faults": [shown(f, found.flow) for f in found.faults],
        "editing": row.state == EDITING,
        "refusal": refusal,
        "tab": "yaml",
        "diagram": picture(found.flow),
    }
    return show(request, "desk/method_yaml.html", context, here="methods", status=refusal.http if refusal else 200)


@staff
@require_POST
def look(request: Request, draft_id: int) -> HttpResponse:
    """What is wrong with what is being typed; nothing is stored."""
    drafts.need_draft(request.actor)
    row = drafts.get(draft_id)
    text = request.POST.get("text", "")[: drafts.MAX_TEXT]
    found = reading.check_text(text, row.name)
    context = {"faults": [shown(f, found.flow) for f in found.faults], "diagram": picture(found.flow), "lined": True}
    return part(request, "desk/parts/method_faults.html", context)


# --- open cases and versions --------------------------------------------------------------------------------


@staff
@require_http_methods(["GET", "POST"])
def migrate(request: Request, name: str) -> HttpResponse:
    """Take the open cases of one version over to another: what would become of each, then (POST) the run."""
    request.actor.need(migrating.POWER)
    registry = packs.registry()
    newest = registry.get("workflow", name).version
    given = request.POST if request.method == "POST" else request.GET
    version, to = whole(given.get("from")), whole(given.get("to")) or newest
    to_place = registry.get("workflow", name, to).place_id
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            runs.ask(name, version or 0, to, actor=request.actor)
            return redirect(f"{reverse('desk:method_migrate', args=[name])}?from={version}&to={to}")
        except Invalid as refused:
            refusal = refused
    flow = definition(name)[0]
    held = [e.version for e in registry.versions("workflow", name) if e.version != to]
    version = version if version in held else next((v for v in held if migrating.waiting(name, v)), None)
    ids = migrating.waiting(name, version) if version is not None else []
    outcomes = migrating.preview(name, version, to, ids=ids[:PREVIEWED]) if version is not None else []
    context = {
        "name": name,
        "title": titled(flow.title),
        "from": version,
        "from_words": version_words(version) if version is not None else "",
        "to": to,
        "to_words": version_words(to),
        "there": place_name(to_place, "town"),
        "targets": [(e.version, _version_there(e)) for e in registry.versions("workflow", name)],
        "versions": [(e.version, _version_there(e)) for e in registry.versions("workflow", name) if e.version != to],
        "count": len(ids),
        "moving": [o for o in outcomes if o.moves],
        "staying": [o for o in outcomes if not o.moves],
        "unseen": max(0, len(ids) - PREVIEWED),
        "changes": changes(definition(name, version)[0], definition(name, to)[0]) if version is not None else [],
        "runs": [_run(r) for r in _runs(name)],
        "refusal": refusal,
    }
    return show(request, "desk/method_migrate.html", context, here="methods", status=refusal.http if refusal else 200)


def _version_there(entry: packs.Entry) -> str:
    there = place_name(entry.place_id, "town")
    words = version_words(entry.version)
    return _("{version}（只{place}用）").format(version=words, place=there) if there else words


def _runs(name: str) -> Iterable[Migration]:
    return Migration.objects.filter(workflow=name).order_by("-id")[:10]


def _run(run: Migration) -> dict[str, Any]:
    return {
        "run": run,
        "from": version_words(run.from_version),
        "to": version_words(run.to_version),
        "by": person_name(run.asked_by) if run.asked_by else _("系统"),
    }


__all__ = ["draft", "look", "migrate", "typed"]
