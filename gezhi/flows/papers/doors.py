"""Documents about cases: who sees the case sees its documents, and nobody else knows that they exist."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gezhi.engines.publishing import access as paper_access
from gezhi.engines.publishing import actions, jobs, queries, rules
from gezhi.engines.publishing.models import DRAFT, ISSUED, Document
from gezhi.engines.publishing.render import html, pdf, word
from gezhi.engines.publishing.schema import Template, template, templates
from gezhi.engines.workflows import access, guarding
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.views import CaseView, case_view
from gezhi.flows.papers import facts
from gezhi.foundation import db, events, exports, people, places
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor

FORMS = ("docx", "pdf", "print")
ROUNDS = 8  # how often a page of the list is topped up when much of what was read may not be seen


@dataclass(frozen=True)
class Opened:
    """A document as its page shows it. `masked`: whether it holds personal data that can be revealed."""

    document: Document
    template: Template
    case: Case
    words: Mapping[str, str]
    fragment: str
    heading: str
    erased: bool
    masked: bool
    may_edit: bool
    may_sign: bool
    why_not_sign: str
    corrects: Document | None
    corrected_by: Document | None


@dataclass(frozen=True)
class Line:
    """A document in a list. `heading`: empty when lawfully erased."""

    document: Document
    title: str
    heading: str
    case_id: int
    case_number: str


@dataclass(frozen=True)
class Taken:
    """What leaves: bytes for a download, or a fragment of HTML for the print page."""

    form: str
    name: str
    body: bytes
    fragment: str
    mark: str
    layout: str


def offered(view: CaseView, actor: Actor) -> list[Template]:
    """The templates this person could draft about the case now, without a query when there are none."""
    path, roles = access.path_of(view.case), facts.roles(view.case, actor)
    mine = [
        kind for kind in templates("case") if paper_access.may_draft(kind, actor=actor, path=path, roles=roles)
    ]  # fmt: skip
    if not any(kind.when for kind in mine):
        return mine
    known = facts.gather(view)
    return [
        kind for kind in mine
        if rules.holds(kind, kind.when, {**_blank(kind), **known, **_standing(view, kind, actor)})
    ]  # fmt: skip


def draft(case_id: int, name: str, *, actor: Actor, corrects: int | None = None) -> tuple[Document, bool]:
    """Begin a document about a case, or give back the draft that is open already: (document, whether it is new).

    Raises NotFound case.not_found, NotAllowed document.not_draftable, and as `actions.draft`.
    """
    with facts.in_chinese():
        view = case_view(case_id, actor)
        old = open_document(corrects, actor=actor).document if corrects is not None else None
        if old is not None and old.about != f"case:{case_id}":
            raise NotFound("document.not_found")
        known = facts.gather(view, queries.about(f"case:{case_id}"))
        return actions.draft(
            name,
            about=f"case:{case_id}",
            facts=known | _standing(view, template(name), actor),
            path=access.path_of(view.case),
            actor=actor,
            roles=facts.roles(view.case, actor),
            to_seat=_whom(view, name),
            corrects=old,
        )


def above(issuer: int, addressed: int | None) -> bool:
    """Whether a seat is the issuing one itself or stands over it: in command (no unit's seat) of a wider place around it."""
    if addressed is None or addressed == issuer:
        return addressed is not None
    seats, known = people.directory(), places.directory()
    over = seats.seat(addressed)
    return over.organisation_id is None and over.place_id in known.ancestors(seats.seat(issuer).place_id)


def _standing(view: CaseView, kind: Template, actor: Actor) -> dict[str, bool]:
    """The one fact that depends on who issues."""
    path, roles = access.path_of(view.case), facts.roles(view.case, actor)
    if not paper_access.may_draft(kind, actor=actor, path=path, roles=roles) or not actor.seats:
        return {}
    issuer = paper_access.seat_to_issue(kind, actor=actor, path=path, roles=roles)
    return {"owner.above": above(issuer, _whom(view, kind.name))}


def _whom(view: CaseView, name: str) -> int | None:
    """Whom a document goes to: the seat that it is addressed to (behind with its part, or has the matter), else the handler.

    A letter to the person who raised it, and a sheet without an addressee, go to no seat.
    """
    kind, behind = template(name), facts.behind_time(view)
    if not kind.to or any(f"{{{f.id}" in kind.to for f in kind.personal):
        return None
    spoken_of = [field.id for field in kind.fields if field.source == "owner.name"]
    if behind is not None and spoken_of:
        return behind.seat
    if any(f"{{{id}}}" in kind.to for id in spoken_of) and view.case.owner_seat is not None:
        return view.case.owner_seat
    return view.case.handler_seat or view.case.owner_seat


def open_document(document_id: int, *, actor: Actor) -> Opened:
    """A document for somebody who sees its case. Raises NotFound document.not_found for everybody else."""
    row, case = _visible(document_id, actor)
    kind = template(row.template, row.version)
    path, roles = access.path_of(case), facts.roles(case, actor)
    try:
        content = actions.content_of(row)
    except NotFound:
        content = None
    may_edit = row.state == DRAFT and content is not None and _may(
        paper_access.need_editor, kind, row, actor=actor, path=path, roles=roles
    )  # fmt: skip
    why = ""
    if row.state == DRAFT:
        why = _why_not(paper_access.need_signer, kind, row, actor=actor, roles=roles)
    near = {d.pk: d for d in Document.objects.filter(pk__in=[i for i in (row.corrects, row.corrected_by) if i])}
    return Opened(
        document=row,
        template=kind,
        case=case,
        words=content["words"] if content else {},
        fragment=html.fragment(content["paper"], content["personal"], fingerprint=row.fingerprint) if content else "",
        heading=rules.shown(content["paper"]["heading"], content["personal"], False) if content else "",
        erased=content is None,
        masked=bool(content and content["personal"]),
        may_edit=may_edit,
        may_sign=row.state == DRAFT and content is not None and not why,
        why_not_sign=why,
        corrects=near.get(row.corrects or 0),
        corrected_by=near.get(row.corrected_by or 0),
    )


def revise(document_id: int, words: Mapping[str, str], *, actor: Actor, expected_seq: int | None) -> Document:
    """Change a draft's words. Raises as `actions.revise`, and NotFound."""
    _row, case = _visible(document_id, actor)
    path, roles = access.path_of(case), facts.roles(case, actor)
    return actions.revise(document_id, words, actor=actor, path=path, roles=roles, expected_seq=expected_seq)


def issue(document_id: int, *, actor: Actor, expected_seq: int | None) -> Document:
    """Sign and issue. Raises as `actions.issue`, and NotFound."""
    _row, case = _visible(document_id, actor)
    return actions.issue(document_id, actor=actor, roles=facts.roles(case, actor), expected_seq=expected_seq)


def void(document_id: int, *, actor: Actor, reason: str, expected_seq: int | None) -> Document:
    """Give up a draft; its number stays. Raises as `actions.void`, and NotFound."""
    _row, case = _visible(document_id, actor)
    path, roles = access.path_of(case), facts.roles(case, actor)
    return actions.void(document_id, actor=actor, path=path, reason=reason, roles=roles, expected_seq=expected_seq)


def take(document_id: int, form: str, *, actor: Actor, purpose: str | None = None) -> Taken:
    """An issued document as a file or to be printed: logged as an export, the first time as printed.

    `form`: docx, pdf or print. With a `purpose` personal data is shown in full, each value logged as a reveal (needs
    personal.reveal); not as PDF, which is kept masked. Raises Conflict document.not_issued, Unavailable
    document.no_pdf, Invalid reveal.purpose_needed, NotFound.
    """
    row, case = _visible(document_id, actor)
    if form not in FORMS or (form == "pdf" and purpose is not None):
        raise Invalid("invalid")
    if row.state != ISSUED:
        raise Conflict("document.not_issued")
    content = actions.content_of(row)
    made = b""
    if form == "pdf":
        kept = jobs.kept_pdf(row) if pdf.available() else None
        if kept is None:
            raise Unavailable("document.no_pdf")
        made = kept
    with db.write():
        full = purpose is not None and bool(content["personal"])
        if full:
            for value in content["personal"].values():
                people.reveal(
                    value["ref"], actor=actor, purpose=purpose or "", about=row.about, field=value["field"],
                    path=access.path_of(case),
                )  # fmt: skip
        shown_as = {"文号": row.number} | ({"个人信息": "全文"} if full else {})
        export = exports.log("document", actor=actor, form=form, rows=1, filter=shown_as, about=row.about)
        row = actions.printed(document_id, actor=actor)
    if form == "docx":
        made = word.render(content["paper"], content["personal"], full=full, fingerprint=row.fingerprint)
    printed = html.fragment(content["paper"], content["personal"], full=full, fingerprint=row.fingerprint, copies=True)
    return Taken(
        form,
        f"{row.number}.{form}",
        made,
        printed if form == "print" else "",
        exports.mark(export),
        content["paper"]["layout"],
    )


def of_case(case_id: int) -> list[Document]:
    """Documents of a case the caller has already opened, newest first. One query."""
    return queries.about(f"case:{case_id}")


def page(
    actor: Actor, *, name: str = "", state: str = "", number: str = "", before: int | None = None, size: int = 50
) -> tuple[list[Line], int | None]:
    """(lines newest first, what `before` the next page begins at). Only documents whose case the actor sees."""
    found: list[Document] = []
    cases: dict[int, str] = {}
    more = True
    for _round in range(ROUNDS):
        rows = queries.candidates(
            actor, template=name, state=state, number=number, before=before, size=size + 1
        )  # fmt: skip
        ids = {_case_of(row) for row in rows}
        seen = Case.objects.filter(access.searchable(ids, actor)).values_list("id", "number")
        cases |= dict(seen)
        found += [row for row in rows if _case_of(row) in cases]
        more = len(rows) > size
        before = rows[-1].pk if rows else None
        if not more or len(found) > size:
            break
    shown = found[:size]
    lines = _lines(shown, cases)
    next = shown[-1].pk if len(found) > size else before if more and shown else None
    return lines, next


def _lines(rows: list[Document], cases: Mapping[int, str]) -> list[Line]:
    texts = events.read_private([row.content_ref for row in rows])
    lines = []
    for row in rows:
        raw = texts.get(row.content_ref)
        content = json.loads(raw) if raw else None
        heading = rules.shown(content["paper"]["heading"], content["personal"], False) if content else ""
        kind = template(row.template, row.version)
        lines.append(Line(row, packs_title(kind), heading, _case_of(row), cases[_case_of(row)]))
    return lines


def packs_title(kind: Template) -> str:
    """The kind of document in the reader's language."""
    return localised(kind.title)


def _visible(document_id: int, actor: Actor) -> tuple[Document, Case]:
    row = paper_access.document(document_id)
    try:
        case = access.case_to_see(_case_of(row), actor=actor)
    except NotFound:
        raise NotFound("document.not_found") from None
    # Drafted before the matter became protected: it holds the words as they were written.
    if case.protected and not guarding.sees_original(case, actor):
        raise NotFound("document.not_found")
    return row, case


def _case_of(row: Document) -> int:
    return int(row.about.partition(":")[2])


def _blank(kind: Template) -> dict[str, Any]:
    """The issuer's own facts, not yet known while somebody only looks at what could be drafted."""
    return {field.source: None for field in kind.fields}


def _why_not(check: Any, *args: Any, **named: Any) -> str:
    try:
        check(*args, **named)
    except NotAllowed as refusal:
        return f"{refusal.what}{refusal.why}"
    return ""


def _may(check: Any, *args: Any, **named: Any) -> bool:
    return not _why_not(check, *args, **named)
