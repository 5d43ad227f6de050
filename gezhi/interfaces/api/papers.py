"""The doors of documents: those of a case, and one of them as a file."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

from gezhi.engines.workflows import access
from gezhi.flows.papers import doors
from gezhi.foundation import errors
from gezhi.interfaces.api import numbers, schemas, views
from gezhi.interfaces.api.auth import actor_of, bearer
from gezhi.interfaces.api.documents import faults
from gezhi.interfaces.api.root import api

TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


@api.get(
    "/cases/{case_id}/documents",
    auth=bearer,
    response={200: schemas.PaperList, **faults(401, 404)},
    tags=["staff"],
    summary="Documents about a case, newest first",
)
def list_papers(request: HttpRequest, case_id: str) -> HttpResponse:
    """Whoever sees the case sees its documents. `url` gives an issued one as Word; add `?form=pdf` for PDF."""
    number = numbers.case_id(case_id)
    access.case_to_see(number, actor=actor_of(request))
    return views.reply({"items": [views.paper(row) for row in doors.of_case(number)]})


@api.get(
    "/documents/{document_id}",
    auth=bearer,
    response={200: None, **faults(401, 404, 409, 422, 503)},
    tags=["staff"],
    summary="An issued document as a file (Word or PDF)",
)
def take_paper(request: HttpRequest, document_id: str, form: str = "docx") -> HttpResponse:
    """`form` docx or pdf. Personal data is masked; each download is logged as an export."""
    number = numbers.whole(document_id, 1, 2**63 - 1)
    if number is None:
        raise errors.NotFound("document.not_found")
    if form not in TYPES:
        raise errors.Invalid(field_errors={"form": "docx, pdf"})
    taken = doors.take(number, form, actor=actor_of(request))
    response = HttpResponse(taken.body, content_type=TYPES[form])
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(taken.name)}"
    response.headers["Cache-Control"] = "no-store"
    return response
