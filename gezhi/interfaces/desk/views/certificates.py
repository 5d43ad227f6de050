"""证书和报名表: what people hold and what runs out, entering one, printing one; putting people on a course and its form."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from gezhi.engines.matching import certificates, learning
from gezhi.engines.matching.schema import competences, course
from gezhi.engines.matching.words import CERTIFICATES
from gezhi.foundation import db, exports, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound, Refusal
from gezhi.foundation.forms import read_date
from gezhi.foundation.packs.reading import localised
from gezhi.interfaces.site.requests import Request

from ..names import person_name, place_name, seat_name
from ..page import show, staff, tell, whole
from .activities import REFUSED

SHOWS = ("soon", "expired", "valid")


@staff
@require_http_methods(["GET", "POST"])
def index(request: Request) -> HttpResponse:
    """`?show=soon|expired|valid&competence=&place=&person=`: certificates, the first to run out at the top."""
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            row = _enter(request)
            tell(request, _("登记好了"), person_name(row.person_id))
            return redirect("desk:certificates")
        except REFUSED as refused:
            if isinstance(refused, NotAllowed):
                raise
            refusal = refused
    place = whole(request.GET.get("place"))
    if place is not None and place not in places.directory():
        place = None
    seats = certificates.known(request.actor, place=place)
    titles = competences()
    said = request.GET.get("show", "")
    kind = request.GET.get("competence", "")
    rows = certificates.listed(
        list(seats), show=said if said in SHOWS else "", competence=kind if kind in titles else "",
        person=whole(request.GET.get("person")),
    )  # fmt: skip
    context = {
        "rows": [
            {
                "one": one, "name": person_name(one.row.person_id), "seat": seat_name(seat) if (seat := seats[one.row.person_id]) else "",
                "state": CERTIFICATES[one.state],
            }
            for one in rows
        ],
        "shows": [("", _("全部")), ("soon", _("60 天内到期")), ("expired", _("过期没换")), ("valid", CERTIFICATES["valid"])],
        "said": said, "kind": kind, "competences": list(titles.items()), "cut": len(rows) >= certificates.MOST,
        "place": place, "place_name": place_name(place) if place else "",
        "persons": sorted(((p, seat_name(at) if at else "", person_name(p)) for p, at in seats.items()), key=lambda one: one[1])[: certificates.MOST],
        "may_enter": bool(titles) and any(request.actor.may(power) for power in certificates.POWERS),
        "refusal": refusal, "wrong": refusal.field_errors if refusal else {}, "typed": request.POST, "today": clock.today(),
    }  # fmt: skip
    return show(request, "desk/certificates.html", context, here="activities", status=refusal.http if refusal else 200)


def _enter(request: Request) -> Any:
    given = request.POST
    issued = read_date(given.get("issued_on", ""))
    until = read_date(given.get("expires_on", "")) if given.get("expires_on", "").strip() else None
    wrong = {}
    if issued is None or (given.get("expires_on", "").strip() and until is None):
        wrong["issued_on" if issued is None else "expires_on"] = _("日期写作 2026-11-30。")
    person = whole(given.get("person")) or 0
    if person not in certificates.known(request.actor):
        wrong["person"] = _("请选一位。")
    if wrong or issued is None:
        raise Invalid("session.invalid", field_errors=wrong)
    return learning.issue(
        person, given.get("competence", ""), issued, actor=request.actor, expires_on=until, proof=given.get("proof", "")
    )


@staff
@require_http_methods(["GET", "POST"])
def certificate(request: Request, certificate_id: int) -> HttpResponse:
    """One certificate, the name masked. POST `purpose` prints it with the full name: the look and the print are logged."""
    held = certificates.to_see(certificate_id, actor=request.actor)
    row, directory = held.row, people.directory()
    seat = next(iter(directory.held(row.person_id)), None)
    kind = certificates.course_of(row)
    context: dict[str, Any] = {
        "held": held, "row": row, "state": CERTIFICATES[held.state], "name": person_name(row.person_id),
        "seat": seat_name(seat) if seat else "", "course": kind,
        "title": localised(kind.body["certificate"]["title"]) if kind and kind.body["certificate"] else held.title,
        "has_proof": row.proof_ref is not None, "issuer": _issuer(kind, seat), "refusal": None, "typed": request.POST,
    }  # fmt: skip
    if request.method == "POST":
        try:
            context |= _print(request, held)
            return render(request, "desk/certificate_print.html", context)
        except (Invalid, NotFound) as refused:
            context["refusal"] = refused
    refusal = context["refusal"]
    return show(request, "desk/certificate.html", context, here="activities", status=refusal.http if refusal else 200)


def _print(request: Request, held: certificates.Held) -> dict[str, Any]:
    """The full name, opened for a stated purpose where the person sits, and the line of the export: both or neither."""
    row = held.row
    seat = next(iter(people.directory().held(row.person_id)), None)
    path = places.directory().path(people.directory().seat(seat).place_id) if seat else None
    stream = f"certificate:{row.pk}"
    with db.write():
        purpose = request.POST.get("purpose", "")
        name = people.reveal_name(row.person_id, actor=request.actor, purpose=purpose, about=stream, path=path)
        made = exports.log("certificate", actor=request.actor, form="print", rows=1, about=stream)
    return {"full": name, "mark": exports.mark(made), "proof": certificates.proof(row), "printed": clock.today()}


def _issuer(kind: Any, seat: int | None) -> str:
    """The county whose course it was, as the paper says it."""
    if kind is None or seat is None:
        return ""
    path = places.directory().path(people.directory().seat(seat).place_id)
    return place_name(path.county_id, "county")


@staff
@require_http_methods(["GET", "POST"])
def enrol(request: Request, name: str) -> HttpResponse:
    """Putting people on a course: who may be, who already is, who passed it; ticked and sent, all or none."""
    kind = course(name)
    found = certificates.candidates(kind, actor=request.actor)
    refusal: Refusal | None = None
    ticked = [int(v) for v in request.POST.getlist("person") if v.isascii() and v.isdecimal()]
    if request.method == "POST":
        try:
            free = {one.person_id for one in found if not one.why_not}
            chosen = [person for person in ticked if person in free]
            if not chosen:
                raise Invalid("session.invalid", field_errors={"persons": _("请勾选要报名的人。")})
            made = learning.enrol(name, chosen, actor=request.actor)
            tell(request, _("报上了 {n} 人").format(n=len(made)), kind.title)
            return redirect("desk:course", name=name)
        except REFUSED as refused:
            refusal = refused
    said = {"learning": _("正在学"), "passed": _("修完了，证书有效"), "": ""}
    context = {
        "kind": kind,
        "rows": [
            {
                "id": one.person_id, "name": person_name(one.person_id), "seat": seat_name(one.seat_id),
                "why": said[one.why_not], "ticked": one.person_id in ticked,
            }
            for one in sorted(found, key=lambda one: (bool(one.why_not), seat_name(one.seat_id)))
        ],
        "left": kind.body["seats"] - sum(one.why_not == "learning" for one in found) if kind.body["seats"] else None,
        "cut": len(found) >= certificates.MOST, "refusal": refusal, "wrong": refusal.field_errors if refusal else {},
    }  # fmt: skip
    return show(request, "desk/course_enrol.html", context, here="activities", status=refusal.http if refusal else 200)


@staff
@require_POST
def sheet(request: Request, name: str) -> HttpResponse:
    """The form of a course to print and sign: who is on it, masked, with room for more; logged before it leaves."""
    kind = course(name)
    if not learning.may_manage(kind, actor=request.actor):
        raise NotAllowed("session.not_organiser")
    lines = [one.trainee for one in learning.progress(name) if one.trainee.state == learning.LEARNING]
    directory = people.directory()
    with db.write():
        made = exports.log("course.sheet", actor=request.actor, form="print", rows=len(lines), about=f"course:{name}")
    context = {
        "kind": kind,
        "rows": [
            {
                "name": person_name(row.person_id), "since": row.since,
                "seat": seat_name(seat) if (seat := next(iter(directory.held(row.person_id)), None)) else place_name(row.place_id),
            }
            for row in lines
        ],
        "empty": range(8), "mark": exports.mark(made), "lessons": (len(kind.required), kind.body["choose"]),
    }  # fmt: skip
    return render(request, "desk/course_sheet.html", context)
