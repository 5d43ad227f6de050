"""台账: the case list as it is filtered, on paper for signature or as a workbook; logged and watermarked."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods

from gezhi.flows.papers import ledgers
from gezhi.foundation.errors import Invalid
from gezhi.interfaces.site.requests import Request

from ..narrowing import filters_of, said_of
from ..page import staff

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@staff
@require_http_methods(["POST"])
def ledger(request: Request) -> HttpResponse:
    """The filters come as they stand in the list's address. `form`: print or xlsx."""
    form = request.POST.get("form", "")
    if form not in ("print", "xlsx"):
        raise Invalid("invalid")
    filters, opens = filters_of(request.POST, request.actor)
    with override("zh-hans"):  # paper speaks Chinese
        said = said_of(request.POST, filters, opens)
    made, book = ledgers.of_cases(request.actor, filters, form=form, said_as=said)
    if form == "xlsx":
        response = HttpResponse(book, content_type=XLSX)
        name = _("案件台账 {day}").format(day=f"{made.at:%Y-%m-%d}")
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
        return response
    lines = [list(zip(row, made.columns, strict=True)) for row in made.rows]
    return render(request, "desk/ledger.html", {"ledger": made, "lines": lines, "marks": range(12)})
