"""公文: drafting with one tap, the paper beside its words, signing, taking it as Word, PDF or print; the list."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.publishing.models import DRAFT, ISSUED, VOID
from gezhi.engines.publishing.render import pdf
from gezhi.engines.publishing.schema import templates
from gezhi.flows.papers import doors
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal, Unavailable
from gezhi.foundation.packs.reading import localised
from gezhi.interfaces.site import acting
from gezhi.interfaces.site.requests import Request

from ..names import person_name, seat_name
from ..page import show, staff, tell

PAGE = 50
TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


def state_name(state: str) -> str:
    """草稿, 已签发, 作废."""
    return {DRAFT: _("草稿"), ISSUED: _("已签发"), VOID: _("作废")}[state]


@staff
@require_safe
def documents(request: Request) -> HttpResponse:
    """Documents about cases the person sees, newest first, by kind, state and number."""
    given = request.GET
    name, state = given.get("kind", ""), given.get("state", "")
    kinds = [(kind.name, localised(kind.title)) for kind in templates("case")]
    name = name if name in dict(kinds) else ""
    state = state if state in (DRAFT, ISSUED, VOID) else ""
    number = given.get("number", "").strip()[:40]
    lines, next = doors.page(
        request.actor, name=name, state=state, number=number, before=acting.whole(given.get("before")), size=PAGE
    )
    after = given.copy()
    if next is not None:
        after["before"] = str(next)
    context = {
        "lines": [(line, state_name(line.document.state), person_name(line.document.signed_by)) for line in lines],
        "kinds": kinds,
        "kind": name,
        "state": state,
        "states": [(s, state_name(s)) for s in (DRAFT, ISSUED, VOID)],
        "number": number,
        "narrowed": bool(name or state or number),
        "next_url": f"?{after.urlencode()}" if next is not None else "",
        "first": not given.get("before"),
    }
    return show(request, "desk/documents.html", context, here="cases")


@staff
@require_http_methods(["POST"])
def draft(request: Request, case_id: int, template: str) -> HttpResponse:
    """One tap: a numbered draft with the facts filled in. A draft that is open already is opened instead."""
    try:
        row, new = doors.draft(case_id, template, actor=request.actor)
    except NotFound as refusal:
        if refusal.code == "pack.not_installed":
            raise NotFound() from None
        raise
    if not new:
        tell(request, _("这件事已经有一份没签发的草稿，接着改就行。"))
    back = request.POST.get("_back", "")
    onwards = f"?back={quote(back)}" if back.startswith("/desk/") else ""
    return HttpResponseRedirect(reverse("desk:document", args=[row.pk]) + onwards)


@staff
@require_safe
def document(request: Request, document_id: int) -> HttpResponse:
    """The paper, its words when it is a draft, and what may be done with it."""
    return _page(request, doors.open_document(document_id, actor=request.actor))


@staff
@require_http_methods(["POST"])
def change(request: Request, document_id: int, what: str) -> HttpResponse:
    """save, issue, void a draft; correct an issued document. What was typed comes back with what was wrong."""
    actor, seq = request.actor, acting.whole(request.POST.get("_seq"))
    opened = doors.open_document(document_id, actor=actor)
    words = {word.id: request.POST[word.id] for word in opened.template.words if word.id in request.POST}
    try:
        if what == "correct":
            row, _new = doors.draft(opened.case.id, opened.template.name, actor=actor, corrects=document_id)
            return redirect("desk:document", document_id=row.pk)
        if what == "save":
            doors.revise(document_id, words, actor=actor, expected_seq=seq)
            tell(request, _("改好了，还没有签发。"))
        elif what == "issue":
            if words and opened.may_edit:
                seq = doors.revise(document_id, words, actor=actor, expected_seq=seq).event_seq
            row = doors.issue(document_id, actor=actor, expected_seq=seq)
            tell(request, _("{number} 已签发，一个字也不会再变。").format(number=row.number))
        elif what == "void":
            row = doors.void(document_id, actor=actor, reason=request.POST.get("reason", ""), expected_seq=seq)
            tell(request, _("{number} 作废，这个号留着不再用。").format(number=row.number))
        else:
            raise NotFound()
    except (Invalid, Conflict, NotAllowed) as refusal:
        return _page(request, doors.open_document(document_id, actor=actor), refusal=refusal, typed=request.POST)
    return redirect("desk:document", document_id=document_id)


@staff
@require_http_methods(["POST"])
def take(request: Request, document_id: int) -> HttpResponse:
    """An issued document as Word, PDF or a page to print; logged. With a purpose: personal data in full, logged too."""
    form = request.POST.get("form", "")
    purpose = request.POST.get("purpose") if request.POST.get("full") else None
    try:
        taken = doors.take(document_id, form, actor=request.actor, purpose=purpose)
    except (Invalid, Unavailable, NotAllowed, Conflict) as refusal:
        opened = doors.open_document(document_id, actor=request.actor)
        return _page(request, opened, refusal=refusal, typed=request.POST)
    if form == "print":
        context = {
            "paper": mark_safe(taken.fragment),  # escaped piece by piece where it is made
            "form": taken.layout == "table",
            "title": taken.name.rpartition(".")[0],
            "mark": taken.mark,
        }
        return render(request, "desk/print.html", context)
    response = HttpResponse(taken.body, content_type=TYPES[form])
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(taken.name)}"
    return response


def _page(request: Request, opened: doors.Opened, *, refusal: Refusal | None = None, typed: Any = None) -> HttpResponse:
    row = opened.document
    errors = refusal.field_errors if refusal is not None else {}
    typed = typed if typed is not None else {}
    back = request.GET.get("back", "")
    context: dict[str, Any] = {
        "opened": opened,
        "row": row,
        "case": opened.case,
        "kind": localised(opened.template.title),
        "state": state_name(row.state),
        "form": opened.template.layout == "table",
        "paper": mark_safe(opened.fragment),  # escaped piece by piece where it is made
        "words": [
            {
                "id": word.id,
                "title": localised(word.title),
                "value": typed.get(word.id, opened.words.get(word.id, "")),
                "max": word.max,
                "required": word.required,
                "rows": max(2, min(9, len(opened.words.get(word.id, "")) // 24 + 2)),
                "error": errors.get(word.id, ""),
            }
            for word in opened.template.words
        ],
        "drafted_by": person_name(row.drafted_by),
        "signed_by": person_name(row.signed_by),
        "issuer": seat_name(row.issuer_seat),
        "to": seat_name(row.to_seat) if row.to_seat else "",
        "purpose": typed.get("purpose") or opened.template.purpose,
        "purpose_error": errors.get("purpose", ""),
        "reason_error": errors.get("reason", ""),
        "may_reveal": opened.masked and request.actor.may("personal.reveal"),
        "may_correct": row.state == ISSUED and row.corrected_by is None,
        "has_pdf": pdf.available(),
        "refusal": refusal,
        "back": back if back.startswith("/desk/") else "",
    }
    return show(
        request, "desk/document.html", context, here="cases", status=refusal.http if refusal is not None else 200
    )
