"""台账: the registers one may open, one of them now or as of a day, a new line, sheets in and out."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gezhi.engines.registers import figures as counted
from gezhi.engines.registers import files, to_sheets
from gezhi.engines.registers.layout import PREFIX
from gezhi.engines.workflows.models import Case
from gezhi.foundation import places, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, Refusal, TooLarge
from gezhi.foundation.forms import Form
from gezhi.foundation.people import Actor
from gezhi.foundation.sheets import actions as sheets
from gezhi.foundation.subjects import access, definitions, queries
from gezhi.foundation.subjects.definitions import Register
from gezhi.interfaces.site.requests import Request

from ..fields import Drawn, drawn
from ..menu import home_place
from ..names import place_name
from ..page import show, staff, tell, whole

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OFFERED = 200


@staff
@require_safe
def index(request: Request) -> HttpResponse:
    """Every register the person may open, with its numbers; each opens the lines behind it."""
    place = whole(request.GET.get("place"))
    if place is not None and place not in places.directory():
        place = None
    found = files.volumes(request.actor, place)
    context = {
        "volumes": found,
        "filled": [v for v in found if v.count],
        "empty": [v for v in found if not v.count],
        "place": place,
        "name": place_name(place, "county") if place else "",
        "below": [(id, place_name(id)) for id in _below(request.actor, place)],
        "may_edit": request.actor.may("register.edit"),
    }
    return show(request, "desk/registers.html", context, here="registers")


@staff
@require_safe
def register(request: Request, name: str) -> HttpResponse:
    """One register: its live lines, or as it stood on a day; narrowed by place, state, gaps, or the words of a name."""
    declared = access.register_for(request.actor, name)
    given = {
        key: request.GET.get(key, "").strip() for key in ("place", "state", "on", "q", "gap", "ended", "source", "cut")
    }
    error, day = "", None
    if given["on"]:
        try:
            day = date.fromisoformat(given["on"])
        except ValueError:
            error = _("日期不对，按今天显示。")
    filters = _filters(request.actor, declared, given)
    cursor = request.GET.get("cursor")
    if day is not None and day != clock.today():
        page = queries.as_of(request.actor, name, filters.get("place"), day, filters, cursor=cursor)
    else:
        page, day = queries.entries(request.actor, name, filters, cursor=cursor), None
    columns = [c for c in request.GET.get("columns", "").split(",") if to_sheets.column_title(declared, c)]
    columns = columns or list(declared.columns)
    titled = [(column, to_sheets.column_title(declared, column)) for column in columns]
    shown = [
        (row, [(title, to_sheets.cell(declared, row, column, day)) for column, title in titled], _stale(declared, row))
        for row in page.rows
    ]
    kept = [(key, value) for key, value in given.items() if value]
    context = {
        "register": declared,
        "given": given,
        "day": day,
        "error": error,
        "titles": [title for _column, title in titled],
        "rows": shown,
        "next_url": f"?{urlencode([*kept, ('cursor', page.next)])}" if page.next else "",
        "first": not cursor,
        "count": queries.count(request.actor, name, filters) if day is None and not given["ended"] else None,
        "kept": kept,
        "places": [(id, place_name(id)) for id in offered_places(access.scopes(request.actor, declared))],
        "may_edit": bool(access.scopes(request.actor, declared, "edit")),
        "may_import": bool(access.scopes(request.actor, declared, "edit")) and request.actor.may("register.edit"),
        "ways": bool(counted.ways(declared)),
        "narrowed": any(given[key] for key in ("place", "state", "q", "gap", "ended", "source", "cut")),
    }
    return show(request, "desk/register.html", context, here="registers")


def _filters(actor: Actor, declared: Register, given: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (place := whole(given["place"])) is not None and place in places.directory():
        found["place"] = place
    if declared.state(given["state"]) is not None:
        found["state"] = given["state"]
    if given["ended"] == "1":
        found["ended"] = True
    if given["source"]:
        found["source"] = given["source"][:40]
    by, _colon, value = given["cut"].partition(":")
    if by:
        found |= counted.opened(actor, declared.name, by, value)
    ids: set[int] | None = set(found["subject"]) if "subject" in found else None
    if given["q"]:
        named = {row.pk for row in by_words(actor, given["q"])}
        ids = named if ids is None else ids & named
    if given["gap"] == "relation":
        lacking = {row.pk for row in subjects.unrelated(declared.name, actor=actor)}
        ids = lacking if ids is None else ids & lacking
    if ids is not None:
        found["subject"] = sorted(ids)
    days = declared.options.get("confirm_after_days")
    if given["gap"] == "stale" and days:
        found["unconfirmed_since"] = clock.today() - timedelta(days=days)
    return found


def by_words(actor: Actor, words: str) -> list[Any]:
    """By identity number or phone when it is one, else by name."""
    for kind in ("id_number", "phone"):
        try:
            if any(c.isdigit() for c in words) and (found := subjects.find(actor, **{kind: words})):
                return found
        except Invalid:
            continue
    return subjects.find(actor, name=words, limit=100)


def _stale(declared: Register, row: queries.Row) -> bool:
    days = declared.options.get("confirm_after_days")
    if not days:
        return False
    return row.confirmed_on is None or (clock.today() - row.confirmed_on).days > days


@staff
@require_POST
def take(request: Request, name: str) -> HttpResponse:
    """The register as a workbook: what the page shows, an empty one to fill, or one to check on the round. Logged."""
    declared = access.register_for(request.actor, name)
    given = {
        key: request.POST.get(key, "").strip() for key in ("place", "state", "on", "q", "gap", "ended", "source", "cut")
    }
    filters = _filters(request.actor, declared, given)
    form = request.POST.get("form", "")
    if form == "template":
        return sheet_answer(*to_sheets.template(name, actor=request.actor))
    if form == "return":
        return sheet_answer(*to_sheets.returning(name, filters, actor=request.actor))
    day = None
    if given["on"]:
        try:
            day = date.fromisoformat(given["on"])
        except ValueError:
            day = None
    return sheet_answer(*to_sheets.listed(name, filters, actor=request.actor, day=day))


def sheet_answer(name: str, data: bytes) -> HttpResponse:
    """A workbook as a download."""
    answer = HttpResponse(data, content_type=XLSX)
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@staff
@require_http_methods(["GET", "POST"])
def bring(request: Request, name: str) -> HttpResponse:
    """Take a filled or an old sheet in; checking and filling are work of jobs, on the page of the import."""
    declared = access.register_for(request.actor, name)
    if not access.scopes(request.actor, declared, "edit"):
        raise NotAllowed()
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            file = request.FILES.get("sheet")
            if file is None:
                raise Invalid(field_errors={"sheet": _("请先选一个表格文件。")})
            place = whole(request.POST.get("place"))
            sender = f"{PREFIX}{name}"
            run = sheets.upload(file, name=file.name or "", sender=sender, actor=request.actor, place_id=place)
            return redirect("desk:import", run_id=run.pk)
        except (Invalid, TooLarge) as refused:
            refusal = refused
    context = {
        "register": declared,
        "places": [(id, place_name(id)) for id in offered_places(access.scopes(request.actor, declared, "edit"))],
        "home": home_place(request.actor),
        "refusal": refusal,
        "errors": refusal.field_errors if refusal else {},
    }
    return show(
        request, "desk/register_import.html", context, here="registers", status=refusal.http if refusal else 200
    )


@staff
@require_http_methods(["GET", "POST"])
def new(request: Request, name: str) -> HttpResponse:
    """A new line: somebody already known (by number, or chosen from a file's page) or somebody new, and the form."""
    declared = access.register_for(request.actor, name)
    where = access.scopes(request.actor, declared, "edit")
    if not where:
        raise NotAllowed()
    refusal: Refusal | None = None
    known = whole(request.GET.get("subject") or request.POST.get("subject"))
    who = subjects.subject(known, actor=request.actor) if known is not None else None
    if request.method == "POST":
        try:
            line = _enter(request, declared, who)
            tell(request, _("登记好了。"))
            return redirect("desk:entry", entry_id=line.pk)
        except (Invalid, Conflict) as refused:
            refusal = refused
    home = home_place(request.actor)
    offered = offered_places(where)
    context = {
        "register": declared,
        "who": who,
        "kind": definitions.kind(declared.of),
        "fields": drawn_form(declared.form, home or offered[0], request.POST, refusal.field_errors if refusal else {}),
        "places": [(id, place_name(id)) for id in offered],
        "typed": request.POST,
        "chosen": whole(request.POST.get("place")) or home,
        "today": clock.today().isoformat(),
        "refusal": refusal,
        "errors": refusal.field_errors if refusal else {},
        "known_id": refusal.facts.get("subject") if refusal and refusal.code == "subject.known" else None,
    }
    return show(request, "desk/register_new.html", context, here="registers", status=refusal.http if refusal else 200)


def _enter(request: Request, declared: Register, who: Any) -> Any:
    since = day_of(request.POST.get("since", ""), "since")
    values = form_values(request, declared.form)
    if who is None:
        facts = {
            k: request.POST.get(k, "")
            for k in ("name", "id_number", "phone", "sex", "born", "code")
            if request.POST.get(k)
        }
        place = whole(request.POST.get("place"))
        return subjects_entered(declared, facts, place or 0, values, since, request.actor)
    return subjects.enter(declared.name, who.pk, values, actor=request.actor, since=since)


def subjects_entered(
    declared: Register, facts: dict[str, Any], place: int, values: dict[str, Any], since: date | None, actor: Actor
) -> Any:
    """The person and the line in one write: either both or neither."""
    from gezhi.foundation import db

    _checked, errors = declared.form.clean(values)
    if errors:
        raise Invalid("subject.values", field_errors=errors)
    with db.write():
        who = subjects.add(declared.of, facts, actor=actor, place_id=place, since=since)
        return subjects.enter(declared.name, who.pk, values, actor=actor, since=since)


def form_values(request: Request, form: Form) -> dict[str, Any]:
    """What was typed into a form's fields; lists whole."""
    found: dict[str, Any] = {}
    for asked in form:
        if asked.type in ("seats", "places"):
            found[asked.id] = request.POST.getlist(asked.id)
        elif asked.type == "truth" and asked.required is not True:
            found[asked.id] = request.POST.get(asked.id, "") == "true"
        else:
            found[asked.id] = request.POST.get(asked.id, "")
    return found


def day_of(written: str, field: str) -> date | None:
    """A day as a form sends it; None when left empty. Raises Invalid with the field's reason."""
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Invalid(field_errors={field: _("请选一个日期。")}) from None


def drawn_form(form: Form, place_id: int, data: Any, errors: Any, first: Any = None) -> list[Drawn]:
    """A register's form as the desk draws it; seats and places offered are those around a place."""
    path = places.directory().path(place_id)
    around = SimpleNamespace(place_id=place_id, **path._asdict())
    return drawn(form, cast(Case, around), data=data, errors=errors, first=first)


def offered_places(where: access.Scopes) -> list[int]:
    """Places one may choose: the scopes with what lies below, down to grids, at most some hundred."""
    directory = places.directory()
    found: list[int] = []
    for _column, id in where:
        found.append(id)
        found += [inner for inner in directory.descendants(id) if directory.get(inner).kind != "building"]
    return list(dict.fromkeys(found))[:OFFERED]


def _below(actor: Actor, place: int | None) -> list[int]:
    directory = places.directory()
    where = access.scopes(actor)
    if place is None:
        return [id for _column, id in where if directory.get(id).kind in ("county", "town", "village")][:60]
    return [id for id in directory.children(place) if directory.get(id).kind in ("town", "village", "grid1", "grid2")][
        :60
    ]


@staff
@require_safe
def doubles(request: Request) -> HttpResponse:
    """可能重复: records that look like one person; each pair opens both files."""
    found = files.likely_doubles(request.actor)
    return show(request, "desk/register_doubles.html", {"pairs": found}, here="registers")


def register_url(name: str, **given: Any) -> str:
    """The address of a register, narrowed."""
    return f"{reverse('desk:register', args=[name])}?{urlencode(given)}"
