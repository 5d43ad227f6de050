"""台账 on the phone: find a person or a household here, see what is registered, correct a fact or say that nothing changed."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.registers import files
from gezhi.engines.registers import lines as told
from gezhi.foundation import places, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, Refusal
from gezhi.foundation.subjects import access
from gezhi.foundation.subjects.rule_facts import age
from gezhi.interfaces.field.duties import with_age
from gezhi.interfaces.field.guard import staff
from gezhi.interfaces.site.requests import Request

# What a phone can correct; seats, places and lists are for the desk.
SMALL = ("text", "long_text", "number", "truth", "date", "choice")


@staff
@require_safe
def find(request: Request) -> HttpResponse:
    """`/field/registers?q=`: by name, phone or identity number, within reach; without words, who is to be confirmed."""
    words = request.GET.get("q", "").strip()
    found: list[Any] = []
    if words:
        for kind in ("id_number", "phone"):
            if any(c.isdigit() for c in words) and not found:
                try:
                    found = subjects.find(request.actor, **{kind: words})
                except Invalid:
                    continue
        found = found or subjects.find(request.actor, name=words)
    context = {
        "q": words,
        "found": [(with_age(row.label, age(row.born, clock.today())), row, _where(row.place_id)) for row in found],
        "volumes": [v for v in files.volumes(request.actor) if v.stale] if not words else [],
        "may": bool(request.actor.places("register.see")),
    }
    return render(request, "field/registers.html", context)


@staff
@require_safe
def person(request: Request, subject_id: int) -> HttpResponse:
    """`/field/subjects/<id>`: what is registered of somebody, and the last things that happened."""
    seen = files.file_of(subject_id, request.actor, limit=20)
    context = {
        "file": seen,
        "row": seen.subject,
        "where": _where(seen.subject.place_id),
        "lines": [(e, r, told.said(r, e.values), r.state(e.state)) for e, r in seen.lines],
        "ended": told.ending(seen.subject.ended) if seen.subject.ended else "",
    }
    return render(request, "field/subject.html", context)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def entry(request: Request, entry_id: int) -> HttpResponse:
    """`/field/entries/<id>`: one line; POST corrects what was typed, or with `do=confirm` says that it is still right."""
    line, declared = access.entry_for(entry_id, request.actor)
    asked = [f for f in declared.form if f.type in SMALL and f.id not in declared.sensitive]
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            if request.POST.get("do") == "confirm":
                subjects.confirm([entry_id], actor=request.actor)
            else:
                seq = request.POST.get("_seq", "")
                values = {
                    f.id: request.POST.get(f.id, "" if f.type != "truth" or f.required is True else "false")
                    for f in asked
                }
                subjects.change(
                    entry_id,
                    values,
                    actor=request.actor,
                    expected_seq=int(seq) if seq.isdigit() else None,
                    on=clock.today(),
                )
            return redirect("field_subject", subject_id=line.subject_id)
        except (Invalid, Conflict) as refused:
            refusal = refused
    typed = request.POST if refusal else line.values
    errors = refusal.field_errors if refusal else {}
    context = {
        "line": line,
        "register": declared,
        "who": subjects.Subject.objects.get(pk=line.subject_id),
        "where": _where(line.place_id),
        "fields": [(f, typed.get(f.id), errors.get(f.id, "")) for f in asked],
        "may_edit": line.until is None and access.may(request.actor, line, declared, "edit"),
        "said": told.said(declared, line.values),
        "refusal": refusal,
    }
    return render(request, "field/entry.html", context, status=refusal.http if refusal else 200)


def _where(place_id: int) -> str:
    found = places.directory().get(place_id)
    return places.directory().label(found.id, "village") if found is not None else _("已撤并的地方")
