"""Documents as lines of a case's story: signed, given up, and the link that opens them."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from gezhi.engines.publishing.models import ISSUED, VOID, Document
from gezhi.engines.publishing.schema import template
from gezhi.foundation.packs.reading import localised

from .names import person_name, seat_name
from .sentences import Line


def paper_title(paper: Document) -> str:
    """督办单, 转办函 … in the reader's language."""
    return localised(template(paper.template, paper.version).title)


def paper_lines(papers: Iterable[Document]) -> list[Line]:
    """One line for each document that was signed or given up; drafts are no part of the story yet."""
    lines = []
    for paper in papers:
        if paper.state == ISSUED and paper.issued_at is not None:
            sentence = _("{who}签发{kind} {number}。")
            lines.append(
                Line(paper.issued_at, _said(sentence, paper, paper.signed_by, paper.signed_seat), "hand", "", (), "")
            )
        elif paper.state == VOID and paper.voided_at is not None:
            sentence = _("{who}起草的{kind} {number} 作废，号留着。")
            lines.append(
                Line(paper.voided_at, _said(sentence, paper, paper.drafted_by, paper.issuer_seat), "", "", (), "")
            )
    return lines


def _said(sentence: str, paper: Document, person: int | None, seat: int | None) -> SafeString:
    who = format_html("{}<b>{}</b>", seat_name(seat) if seat else "", person_name(person))
    address = reverse("desk:document", args=[paper.pk])
    number = format_html('<a class="link" href="{}">{}</a>', address, paper.number)
    # The sentence is ours (the catalogue's); what is put into it is escaped.
    return format_html(mark_safe(sentence), who=who, kind=paper_title(paper), number=number)
