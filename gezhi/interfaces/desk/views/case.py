"""案件: the matter, its story, where it stands; the photos and the full number behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.workflows import access, apart, guarding, restoring, talking
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import definition
from gezhi.engines.workflows.views import CaseView, case_of_photo, case_view, contact_text, unhandled
from gezhi.flows.papers import doors
from gezhi.foundation import files, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotFound
from gezhi.foundation.files.models import StoredFile
from gezhi.foundation.packs import service_items
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor
from gezhi.interfaces.site import tallies, words
from gezhi.interfaces.site.requests import Request

from ..atlas import spot_map
from ..diagram import Beside, Lit, vertical
from ..fields import titled
from ..method_changes import version_words
from ..names import ANSWERS, came_by, category_name, person_name, place_name, seat_name
from ..page import part, show, staff, wants_part
from ..paper_lines import paper_lines, paper_title
from ..route import course
from ..sentences import told
from .documents import state_name
from .inbox import action_bar


@staff
@require_safe
def case(request: Request, case_id: int) -> HttpResponse:
    """The case page: left the matter, middle the story, right the clock, the seat and the way."""
    view = case_view(case_id, request.actor)
    now = clock.now()
    papers = doors.of_case(case_id)
    days = told(view.timeline, paper_lines(papers))
    only = request.GET.get("only", "")
    if only == "hands":
        days = [(day, kept) for day, lines in days if (kept := [line for line in lines if line.tone])]
    back = request.GET.get("back", "")
    context: dict[str, Any] = {
        "view": view,
        "case": view.case,
        "days": days,
        "only": only,
        "lines": len(view.timeline) + len(paper_lines(papers)),
        "papers": [(paper, paper_title(paper), state_name(paper.state)) for paper in papers],
        "offered": [(kind.name, localised(kind.title)) for kind in doors.offered(view, request.actor)],
        "hands": sum(1 for entry in view.timeline if entry.moved),
        "bar": action_bar(view),
        "clockbar": view.bar,
        "flow": _diagram(view, now),
        "spot": spot_map(view.case),
        "category": category_name(view.case.category, whole=True),
        "channel": came_by(view.case),
        # Not every method asks the resident: what its own people set is not said to be theirs.
        "answer": ANSWERS.get(view.case.solved, "") if view.case.followed_at else "",
        "ended": unhandled(view.case, view.flow),
        "rounds": [] if view.veiled else _rounds(view),
        "voices": bool(view.flow.watches or any(s.panel for s in view.flow.stages.values())) and not view.veiled,
        "service": None if view.veiled else service_items.of_case(view.case.kept),
        "back": back if back.startswith("/desk/") else "",
        "may_restore": restoring.may(view.case, request.actor),
        "may_protect": apart.may(view.case, view.items, request.actor),
        "may_reveal": access.may_reveal(view.case, request.actor),
        "sealed_contact": view.case.contact_ref is not None,
        "veiled": view.veiled,
        "looked": people.reveals(f"case:{case_id}"),
        "spent": _spent(view, now),
        "sides": _running(view, view.sides),
        "branches": _running(view, view.branches),
        "standing": {
            "clock_state": view.clock,
            "opened_at": view.case.opened_at,
            "due_at": view.case.late_at or view.case.due_at,
        },
        "parts": _parts(view, request.actor),
        "above": Case.objects.filter(pk=view.case.parent_id).first() if view.case.parent_id is not None else None,
        "method": titled(view.flow.title),
        "version": version_words(view.case.version),
        "stage": titled(view.flow.stages[view.case.stage].title),
    }
    return show(request, "desk/case.html", context, here="cases")


PARTS_SHOWN = 200


def _parts(view: CaseView, actor: Actor) -> dict[str, Any] | None:
    """What was opened in each place for this matter, in the order of the places: those the reader may see, and how many are
    done of all. None for a matter without parts; one query otherwise."""
    if view.veiled or not any(s.kind == "children" for s in view.flow.stages.values()):
        return None
    found = list(Case.objects.filter(parent_id=view.case.id).order_by("place_id", "id")[:PARTS_SHOWN])
    rows = [
        {
            "case": one,
            "place": place_name(one.place_id),
            "stage": titled(definition(one.workflow, one.version)[0].stages[one.stage].title),
        }
        for one in found
        if access.sees(one, actor)
    ]
    return (
        {"rows": rows, "all": len(found), "closed": sum(1 for one in found if one.state == CLOSED)} if found else None
    )


@staff
@require_http_methods(["GET", "POST"])
def reveal(request: Request, case_id: int) -> HttpResponse:
    """The full phone number, after saying why; logged, and the resident can read the log."""
    view = case_view(case_id, request.actor)
    found = contact_text(view.case, "phone")
    if found is None:
        raise NotFound()
    context: dict[str, Any] = {"view": view, "case": view.case, "phone": "", "error": "", "purpose": ""}
    status = 200
    if request.method == "POST":
        context["purpose"] = request.POST.get("purpose", "")
        try:
            people.reveal(
                found[0],
                actor=request.actor,
                purpose=context["purpose"],
                about=f"case:{case_id}",
                field="phone",
                path=access.path_of(view.case),
                power=guarding.reveal_power(view.case),
            )
            context["phone"] = found[1]
        except Invalid as refusal:
            context["error"], status = refusal.field_errors.get("purpose", refusal.what), 422
    if wants_part(request):
        return part(request, "desk/parts/reveal.html", context, status=status)
    return show(request, "desk/reveal.html", context, here="cases", status=status)


@staff
@require_safe
def photo(request: Request, case_id: int, photo_id: int) -> HttpResponse:
    """A photo of a case, for whoever may see the case."""
    case_of_photo(case_id, photo_id, request.actor)
    size = "thumb" if request.GET.get("size") == "thumb" else "full"

    def may(stored: StoredFile) -> None:
        if stored.stream != f"case:{case_id}":  # the id of another case's photo
            raise NotFound()

    return files.serve(photo_id, may=may, size=size)


def _diagram(view: CaseView, now: Any) -> Any:
    """Light the steps of this round: done ones with the time they took, the running one with its clock."""
    case = view.case
    lit: dict[str, Lit] = {}
    branches = _branches(view)
    for item in view.items:
        if item.cycle != case.cycle and item.state != OPEN:
            continue
        key = branches.get(item.number, item.stage)
        if item.state == OPEN:
            lit[key] = Lit(_state(item, now), "", seat_name(item.owner_seat), words.left(item.due_at, now))
        elif not item.side and item.done_at is not None and (not item.branch or item.number in branches):
            lit[key] = Lit("done", words.span(item.done_at - item.opened_at, fine=False))
    if case.state == CLOSED:
        lit[case.stage] = Lit("done", words.date(case.closed_at, now) if case.closed_at else "")
    for watch in view.flow.watches:
        if case.state == OPEN and case.stage in watch.beside:
            lit[watch.id] = Lit("running", "", "", _("居民在看"))
        elif any(item.stage in watch.beside for item in view.items):
            lit[watch.id] = Lit("done")
    way = course(view.flow)
    by_number = {item.number: item for item in view.items}
    beside = [
        _beside(view, id, by_number)
        for id, known in lit.items()
        if way.position(id) is None and (known.state != "done" or id in branches.values())
    ]
    if case.state == CLOSED and way.position(case.stage) is None:
        last = view.flow.stages[case.stage]
        beside.append(Beside(case.stage, titled(last.title), last.phase))
    # The forks first, then what hangs on them, in the order in which the branches were opened.
    first: dict[str, int] = {}
    for item in view.items:
        first.setdefault(item.branch, item.number)
    branch = {key: first[by_number[number].branch] for number, key in branches.items()}
    return vertical(way, lit, sorted(beside, key=lambda one: (one.depth, branch.get(one.id, 0))))


def _branches(view: CaseView) -> dict[int, str]:
    """The items on branches of open forks, each with a key of its own: two branches may stand at one stage."""
    open_forks = {item.number for item in view.items if item.state == OPEN}
    standing: dict[tuple[str, int], WorkItem] = {}
    for item in view.items:  # in the order of their numbers: the last one of a branch is where it stands
        if item.branch and item.fork in open_forks and (item.state == OPEN or (item.state == "done" and not item.side)):
            standing[item.branch, item.number if item.side else 0] = item
    return {item.number: f"{item.stage}#{item.number}" for item in standing.values()}


def _beside(view: CaseView, id: str, by_number: Mapping[int, WorkItem]) -> Beside:
    """A running stage outside the row; a branch hangs on its fork."""
    stage_id, _hash, number = id.partition("#")
    stage = view.flow.stages[stage_id]
    title = titled(stage.title)
    if not number:
        return Beside(id, title, stage.phase or view.flow.stages[view.case.stage].phase)
    item = by_number[int(number)]
    depth = item.branch.count("/") + 1
    if item.side:  # asked from its branch: it hangs on where the branch stands
        asked = next(i for i in by_number.values() if i.state == OPEN and not i.side and i.branch == item.branch)
        return Beside(id, title, stage.phase, f"{asked.stage}#{asked.number}", depth + 1)
    fork = by_number[item.fork or 0]
    after = f"{fork.stage}#{fork.number}" if fork.branch else fork.stage
    return Beside(id, title, stage.phase, after, depth)


def _state(item: WorkItem, now: Any) -> str:
    if now > item.due_at:
        return "overdue"
    return "soon" if item.warn_at is not None and now >= item.warn_at else "running"


def _spent(view: CaseView, now: Any) -> str:
    """Who used how much of this round, in one line."""
    used: dict[str, Any] = {}
    for item in view.items:
        if not item.side and not item.branch and item.cycle == view.case.cycle:
            name = titled(view.flow.stages[item.stage].title)
            end = item.done_at or view.case.closed_at or now
            used[name] = used.get(name, end - end) + (end - item.opened_at)
    return _("，").join(_("{step}用 {span}").format(step=name, span=words.span(time)) for name, time in used.items())


def _rounds(view: CaseView) -> list[dict[str, Any]]:
    """The panels of the case with their result in a word; none costs a query where the method has none."""
    if not any(stage.panel for stage in view.flow.stages.values()):
        return []
    return [
        {"round": one, "word": tallies.result(one.rule, one.panel.result) if one.panel.tally else ""}
        for one in talking.rounds(view.case, view.flow, view.items)
    ]


def _running(view: CaseView, items: list[WorkItem]) -> list[dict[str, Any]]:
    """Open items beside the trunk: decisions being asked for, or the branches of a fork."""
    return [
        {
            "item": item,
            "state": _state(item, clock.now()),
            "title": titled(view.flow.stages[item.stage].title),
            "seat": seat_name(item.owner_seat),
            "person": person_name(item.person_id),
        }
        for item in items
    ]
