"""导入 and 导出回复: a sender's sheet in, step by step, and the replies out in its own columns.

A request only takes the file in or says yes; reading, checking and filling are work of jobs, and their pages can be
left and come back to.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.workflows import queries as cases
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal, TooLarge
from gezhi.foundation.sheets import actions, blank, layouts, queries, replies, store
from gezhi.foundation.sheets.models import BAD, CHECKED, DONE, DOUBLE, FILLED, GOOD, KEPT, WITHDRAWN, ImportRun
from gezhi.interfaces.site.requests import Request

from ..menu import home_place
from ..names import person_name, place_name
from ..page import part, show, staff, tell, wants_part, whole

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = {
    "bad": (BAD,), "double": (DOUBLE,), "good": (GOOD,), "filled": (FILLED,), "withdrawn": (WITHDRAWN,), "kept": (KEPT,),
}  # fmt: skip
ROW_STATES = {
    GOOD: gettext_lazy("可以导入"), BAD: gettext_lazy("有问题"), DOUBLE: gettext_lazy("重复"), FILLED: gettext_lazy("已立案"),
    WITHDRAWN: gettext_lazy("已撤回"), KEPT: gettext_lazy("有人办过，留着"),
}  # fmt: skip
BY = {
    "words": gettext_lazy("栏名一样"), "like": gettext_lazy("栏名相近"), "content": gettext_lazy("按内容猜的"),
    "memory": gettext_lazy("照上次选的"), "person": gettext_lazy("您选的"),
}  # fmt: skip


@staff
@require_http_methods(["GET", "POST"])
def imports(request: Request) -> HttpResponse:
    """Earlier imports and the form for another. POST takes the file in and goes to its page."""
    request.actor.need("case.raise_for")
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            file = request.FILES.get("sheet")
            if file is None:
                raise Invalid(field_errors={"sheet": _("请先选一个表格文件。")})
            run = actions.upload(file, name=file.name or "", sender=request.POST.get("sender", ""), actor=request.actor)
            return redirect("desk:import", run_id=run.pk)
        except (Invalid, NotFound, TooLarge) as refused:
            refusal = refused
    context = {
        "layouts": layouts.layouts(),
        "runs": [_listed(run) for run in queries.runs(request.actor)],
        "refusal": refusal,
        "errors": refusal.field_errors if refusal else {},
        "typed": request.POST,
        "home": place_name(home_place(request.actor), "county"),
        "tab": "imports",
    }
    return show(request, "desk/imports.html", context, here="counter", status=refusal.http if refusal else 200)


def _listed(run: ImportRun) -> dict[str, Any]:
    return {
        "run": run,
        "state": actions.STATES[run.state],
        "sender": layouts.layout(run.sender).said,
        "by": person_name(run.made_by),
        "share": queries.share(run),
    }


@staff
@require_http_methods(["GET", "POST"])
def import_run(request: Request, run_id: int) -> HttpResponse:
    """One import: what was understood, what is wrong, the yes, the progress, the result, the way back."""
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            _do(request, run_id)
            return redirect("desk:import", run_id=run_id)
        except (Invalid, Conflict) as refused:
            refusal = refused
    shown = request.GET.get("show", "")
    view = queries.view(
        run_id, actor=request.actor, states=SHOWN.get(shown, ()), after=whole(request.GET.get("after")) or 0
    )
    if not shown and view.run.bad and view.run.state in (CHECKED, DONE):
        shown = "bad"
        view = queries.view(run_id, actor=request.actor, states=(BAD,), after=whole(request.GET.get("after")) or 0)
    titles = {f.id: layouts.localised(f.title) for f in view.layout.fields}
    register = view.layout.options.get("register", "") if view.run.target == "registers" else ""
    states = {**ROW_STATES, FILLED: _("已登记"), KEPT: _("有人改过，留着")} if register else ROW_STATES
    context = {
        "view": view,
        "register": register,
        "run": view.run,
        "columns": [{**c, "how": BY.get(c["by"], "")} for c in view.run.columns],
        "fields": [(f.id, titles[f.id], f.required) for f in view.layout.fields],
        "titles": [titles[id] for id, _words, _wrong in view.lines[0].cells] if view.lines else [],
        "lines": [{"line": line, "state": states[line.row.state]} for line in view.lines],
        "shown": shown,
        "unused": sum(not c["field"] for c in view.run.columns),
        "unsure": sum(bool(c["field"]) and c["confidence"] < 95 and c["by"] != "person" for c in view.run.columns),
        "refusal": refusal,
        "place": place_name(view.run.place_id, "county"),
        "by": person_name(view.run.made_by),
        "tab": "imports",
        "undoable": view.run.state == DONE and view.run.filled,
    }
    here = "registers" if register else "counter"
    return show(request, "desk/import.html", context, here=here, status=refusal.http if refusal else 200)


def _do(request: Request, run_id: int) -> None:
    wanted = request.POST.get("do", "")
    if wanted == "settle":
        chosen = {
            int(name[1:]): str(value) for name, value in request.POST.items() if name[:1] == "c" and name[1:].isdigit()
        }
        actions.settle(run_id, chosen, actor=request.actor)
        tell(request, _("栏目改好了，正在重新检查。"), _("下次这个来文单位的表会照这样认。"))
    elif wanted == "confirm":
        actions.confirm(run_id, actor=request.actor)
    elif wanted == "undo":
        actions.undo(run_id, actor=request.actor)
    elif wanted == "drop":
        actions.drop(run_id, actor=request.actor)
        tell(request, _("这次导入已放弃，表里的内容已清掉。"))
    else:
        raise Invalid("case.no_action", action=wanted[:20])


@staff
@require_safe
def import_progress(request: Request, run_id: int) -> HttpResponse:
    """How far the running step is; when it is over htmx is told to load the page anew."""
    run = queries.run_of(run_id, actor=request.actor)
    answer = part(request, "desk/parts/import_progress.html", {"run": run, "share": queries.share(run)})
    if run.state not in ("uploaded", "confirmed", "undoing") and wants_part(request):
        answer["HX-Refresh"] = "true"
    return answer


@staff
@require_safe
def import_returned(request: Request, run_id: int) -> HttpResponse:
    """The sheet with the reasons, to mend and send again."""
    return _file(*queries.returned_file(run_id, actor=request.actor))


@staff
@require_safe
def import_cases(request: Request, run_id: int) -> HttpResponse:
    """The cases an import made: the list behind its number."""
    run = queries.run_of(run_id, actor=request.actor)
    if run.target != "cases":
        raise NotFound()
    ids = tuple(queries.made_by(run_id, actor=request.actor))
    filters = cases.Filters(ids=ids)
    page = cases.page(request.actor, filters, cursor=request.GET.get("cursor"), size=50)
    context = {
        "run": queries.run_of(run_id, actor=request.actor), "rows": page.rows, "next": page.next, "count": len(ids),
        "list_url": request.get_full_path(), "tab": "imports",
    }  # fmt: skip
    return show(request, "desk/import_cases.html", context, here="counter")


@staff
@require_http_methods(["GET", "POST"])
def reply_sheets(request: Request) -> HttpResponse:
    """导出回复: pick a sender and a period; the sheet is made in the background and listed here."""
    request.actor.need("case.raise_for")
    refusal: Refusal | None = None
    today = clock.today()
    typed = {"since": (today - timedelta(days=6)).isoformat(), "until": today.isoformat()}
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in ("sender", "since", "until")}
        try:
            since, until = _day(typed["since"], "since"), _day(typed["until"], "until")
            actions.ask_replies(typed["sender"], since, until, actor=request.actor)
            tell(request, _("正在生成回复表。"), _("好了会列在下面，可以先去忙别的。"))
            return redirect("desk:replies")
        except (Invalid, NotFound) as refused:
            refusal = refused
    found = queries.replies(request.actor)
    context = {
        "layouts": [layout for layout in layouts.layouts() if layout.reply],
        "sheets": [
            {
                "sheet": sheet, "sender": layouts.layout(sheet.sender).said, "by": person_name(sheet.made_by),
                "place": place_name(sheet.place_id, "county"), "gone": sheet.state == "ready" and not store.has(f"reply-{sheet.pk}"),
            }
            for sheet in found
        ],
        "waiting": any(sheet.state == "asked" for sheet in found),
        "typed": typed, "refusal": refusal, "errors": refusal.field_errors if refusal else {}, "tab": "replies",
    }  # fmt: skip
    if wants_part(request) and request.method == "GET":
        return part(request, "desk/parts/replies.html", context)
    return show(request, "desk/replies.html", context, here="counter", status=refusal.http if refusal else 200)


@staff
@require_safe
def reply_file(request: Request, reply_id: int) -> HttpResponse:
    """A reply sheet, logged as an export."""
    return _file(*replies.fetch(reply_id, actor=request.actor))


@staff
@require_safe
def blank_sheet(request: Request, sender: str) -> HttpResponse:
    """The sender's sheet with nothing in it but its headers and the words they take."""
    request.actor.need("case.raise_for")
    return _file(*blank.sheet_of(layouts.layout(sender)))


def _file(name: str, data: bytes) -> HttpResponse:
    answer = HttpResponse(data, content_type=XLSX)
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _day(written: str, field: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Invalid(field_errors={field: _("请选一个日期。")}) from None
