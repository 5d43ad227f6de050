"""考评: rubrics in words, rounds, one subject's explanation, entering and checking, objections, awards, and the gaps of a place."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gezhi.engines.appraisals import access, awarding, marking, objecting, queries, rounds
from gezhi.engines.appraisals.models import FINAL, OPEN, PUBLISHED, SEALED, Round
from gezhi.engines.appraisals.schema import Rubric, rubric, rubrics
from gezhi.flows import awards as paying
from gezhi.foundation import packs, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal
from gezhi.foundation.forms import read_date
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import seat_here
from gezhi.interfaces.site.requests import Request

from .. import rubric_words
from ..menu import home_place
from ..names import person_name, place_name
from ..page import show, staff, tell, whole

HERE = "appraisals"


def said(row: Round) -> str:
    """The step a round is at."""
    return {
        "open": _("在评"), "sealed": _("已封存"), "published": _("公布中"), "final": _("已定"), "cancelled": _("收回了"),
    }[row.state]  # fmt: skip


@staff
@require_http_methods(["GET", "POST"])
def index(request: Request) -> HttpResponse:
    """`/desk/appraisals`: the rounds one may know of, the rubrics, and opening a round where that is one's to do."""
    refusal: Refusal | None = None
    mine = access.opens(request.actor)
    if request.method == "POST":
        try:
            row = _open(request)
            return redirect("desk:appraisal", round_id=row.pk)
        except (Invalid, Conflict) as refused:
            refusal = refused
    rows = [_line(row, request.actor) for row in queries.seen(request.actor)]
    context = {
        "rows": rows, "rubrics": rubrics(), "refusal": refusal, "home": home_place(request.actor), "year": clock.today().year,
        "mine": [(kind, [(id, place_name(id, "county")) for id in at]) for kind, at in mine],
    }  # fmt: skip
    return show(request, "desk/appraisals.html", context, here=HERE, status=refusal.http if refusal else 200)


def _open(request: Request) -> Round:
    given = request.POST
    name, _sep, place = given.get("what", "").partition(":")
    day = None
    if given.get("cut_on"):
        try:
            day = read_date(given["cut_on"])
        except ValueError as error:
            raise Invalid("appraisal.invalid", field_errors={"cut_on": _("日期写得不对。")}) from error
    period = given.get("period", "").strip().upper()
    return rounds.open_round(name, whole(place) or 0, period, actor=request.actor, cut_on=day)


def _line(row: Round, actor: Actor) -> dict[str, Any]:
    kind = rubric(row.rubric, row.version)
    return {
        "row": row, "kind": kind, "where": place_name(row.place_id, "county"), "said": said(row),
        "late": row.state == OPEN and row.due_at is not None and row.due_at < clock.now(),
        "answer": row.waiting if access.whole(row, actor) else 0,
    }  # fmt: skip


@staff
@require_safe
def words(request: Request, name: str) -> HttpResponse:
    """`/desk/rubrics/<name>`: a rubric as sentences."""
    kind = rubric(name, whole(request.GET.get("version")))
    return show(request, "desk/rubric.html", {"kind": kind, "said": rubric_words.said(kind)}, here=HERE)


@staff
@require_safe
def one(request: Request, round_id: int) -> HttpResponse:
    """`/desk/appraisals/<id>`: everybody by place and name, item by item; what one may do next; what waits for one's mark."""
    row, kind, rows = queries.board(round_id, actor=request.actor)
    entering = marking.to_judge(row, actor=request.actor) if row.state == OPEN else []
    todo = [(member, sum(1 for _item, mark in parts if mark is None), len(parts)) for member, parts in entering]
    may = access.may_open(kind, row.place_id, request.actor)
    context = _frame(row, kind) | {
        "rows": [_shown(kind, standing) for standing in rows], "todo": todo, "few": row.subjects < kind.body["minimum"],
        "rejudge": may and row.state == SEALED and len(packs.registry().versions("rubric", row.rubric)) > 1,
        "do": _next(row) if may else None, "may_cancel": may and row.state in (OPEN, SEALED),
        "objections": _objections(row, kind, request.actor, None, {s.member.id: s.member.label for s in rows}),
        "may_answer": seat_here(request.actor, kind.body["review"], row.place_id) is not None,
        "awards": kind.award is not None and row.state == FINAL and access.whole(row, request.actor),
    }  # fmt: skip
    return show(request, "desk/appraisal.html", context, here=HERE)


def _frame(row: Round, kind: Rubric) -> dict[str, Any]:
    return {
        "round": row,
        "kind": kind,
        "name": place_name(row.place_id, "county"),
        "said": said(row),
        "heads": [kind.says(item) for item in kind.items],
    }


def _shown(kind: Rubric, standing: queries.Standing) -> dict[str, Any]:
    cells = []
    for line in standing.row["lines"]:
        item = kind.item(line["item"]) or {"good": "100", "title": {}}
        good = line["points"] is not None and Decimal(line["points"]) >= Decimal(item["good"])
        state = "waiting" if line["missing"] else "done" if good else "overdue"
        cells.append({"line": line, "state": state, "title": kind.says(item)})
    return {
        "member": standing.member, "where": place_name(standing.member.place_id, "town"), "cells": cells,
        "score": standing.row["score"], "band": kind.band(standing.row["band"]), "lost": len(standing.row["lost"]),
        "sealed": standing.sealed,
    }  # fmt: skip


def _next(row: Round) -> tuple[str, str, str] | None:
    """(what, the button, why not yet)."""
    if row.state == OPEN:
        early = clock.now() < row.cut
        why = _("看到 {at} 为止，到时才能封存").format(at=clock.said_ending(row.cut)) if early else ""
        return "seal", _("封存成绩"), why
    if row.state == SEALED:
        return "publish", _("公布成绩"), ""
    if row.state == PUBLISHED:
        until = row.object_until
        why = ""
        if row.waiting:
            why = _("还有 {n} 条异议没有答复").format(n=row.waiting)
        elif until is not None and clock.now() < until:
            why = _("提异议到 {at} 为止").format(at=clock.said_ending(until))
        return "close", _("定下来"), why
    return None


def _objections(
    row: Round, kind: Rubric, actor: Actor, subject: int | None, labels: Mapping[int, str] | None = None
) -> list[dict[str, Any]]:
    return [
        {
            "row": o, "words": words, "answer": answer, "by": person_name(o.person_id) if o.person_id else "",
            "whom": (labels or {}).get(o.subject_id, ""),
            "item": kind.says(kind.item(o.item) or {"title": {}}),
        }
        for o, words, answer in queries.objections(row, actor=actor, subject_id=subject)
    ]  # fmt: skip


@staff
@require_safe
def subject(request: Request, round_id: int, subject_id: int) -> HttpResponse:
    """`/desk/appraisals/<id>/<subject>`: the explanation, line by line with its records; one's own entries; objections."""
    row = access.to_see(round_id, actor=request.actor)
    kind = rubric(row.rubric, row.version)
    entering = marking.to_judge(row, actor=request.actor) if row.state == OPEN else []
    mine = next(((member, parts) for member, parts in entering if member.id == subject_id), None)
    try:
        _row, _kind, standing = queries.one(round_id, subject_id, actor=request.actor)
    except NotFound:
        if mine is None:
            raise
        standing = None  # a judge enters their marks and sees no more
    member = standing.member if standing else mine[0] if mine else None
    assert member is not None
    context = _frame(row, kind) | {
        "member": member, "where": place_name(member.place_id, "county"),
        "lines": _lines(kind, standing) if standing else [], "standing": standing,
        "band": kind.band(standing.row["band"]) if standing else "",
        "lost": [kind.says(gate) for gate in kind.gates if standing and gate["id"] in standing.row["lost"]],
        "gaps": queries.gaps(kind, standing) if standing else [],
        "parts": [_part(kind, item, mark, member, request.actor) for item, mark in (mine[1] if mine else [])],
        "marks": _marks(row, kind, subject_id, request.actor) if standing else [],
        "objections": _objections(row, kind, request.actor, subject_id),
        "may_object": bool(standing) and row.state == PUBLISHED and row.object_until is not None and clock.now() < row.object_until,
        "may_answer": seat_here(request.actor, kind.body["review"], member.place_id) is not None,
    }  # fmt: skip
    return show(request, "desk/appraisal_subject.html", context, here=HERE)


def _lines(kind: Rubric, standing: queries.Standing) -> list[dict[str, Any]]:
    found = []
    for line in standing.row["lines"]:
        item = kind.item(line["item"]) or {"title": {}, "kind": ""}
        found.append(
            {
                "line": line, "part": localised(item.get("part") or {}), "title": kind.says(item),
                "kind": rubric_words.kind_of(item["kind"]),
                "records": [opened for record in line["records"] if (opened := _record(record)) is not None],
            }
        )  # fmt: skip
    return found


def _record(record: str) -> tuple[str, str] | None:
    """(words, address) of a record that a line cites; the address is empty where there is no page of its own."""
    kind, _sep, rest = record.partition(":")
    number = whole(rest)
    if kind == "figure":
        return _("数字和案件"), f"{reverse('desk:cases')}?{rest}"
    if kind == "case" and number:
        return _("案件"), reverse("desk:case", args=[number])
    if kind == "entry" and number:
        return _("台账的一行"), reverse("desk:entry", args=[number])
    if kind == "session" and number:
        return _("一场活动"), reverse("desk:session", args=[number])
    if kind == "bulletin" and number:
        return _("通报"), reverse("desk:sealed", args=[number])
    if kind == "document" and number:
        return _("公文"), reverse("desk:document", args=[number])
    if kind == "result":
        round_id, _dash, other = rest.partition("-")
        return _("另一次考评"), reverse("desk:appraisal_subject", args=[int(round_id), int(other)])
    said_ = {"mark": _("打分记录"), "objection": _("异议和答复"), "duty": _("走访记录"), "round": _("考评")}
    return (said_[kind], "") if kind in said_ else None


def _part(kind: Rubric, item: Any, mark: Any, member: Any, actor: Actor) -> dict[str, Any]:
    checks = item["kind"] == "claimed" and seat_here(actor, item["check"], member.place_id) is not None
    claims = item["kind"] == "claimed" and seat_here(actor, item["by"], member.place_id) is not None
    state = (
        {"claimed": _("报了，等人核"), "checked": _("核过了"), "refused": _("没有核过")}.get(mark.state, "")
        if mark
        else ""
    )
    return {
        "item": item, "title": kind.says(item), "mark": mark, "state": state,
        "claims": claims and (mark is None or mark.state != "checked"),
        "checks": checks and mark is not None and mark.person_id != actor.person_id, "judged": item["kind"] in ("judged", "signed"),
        "signed": item["kind"] == "signed",
    }  # fmt: skip


def _marks(row: Round, kind: Rubric, subject_id: int, actor: Actor) -> list[dict[str, Any]]:
    return [
        {
            "mark": m, "title": kind.says(kind.item(m.item) or {"title": {}}), "by": person_name(m.person_id), "words": words,
            "answer": answer, "records": [r for one in m.records if (r := _record(one)) is not None],
        }
        for m, words, answer in queries.marks(row, subject_id, actor=actor)
    ]  # fmt: skip


@staff
@require_POST
def act(request: Request, round_id: int, what: str) -> HttpResponse:
    """What one does with a round: seal, publish, close, cancel; judge, claim, check; object, answer; award. Then back."""
    if what not in DO:
        raise NotFound()
    access.to_see(round_id, actor=request.actor)
    subject_id = whole(request.POST.get("subject"))
    back = reverse("desk:appraisal", args=[round_id])
    if what in ("judge", "claim", "check", "object") and subject_id is not None:
        back = reverse("desk:appraisal_subject", args=[round_id, subject_id])
    if what == "award":
        back = reverse("desk:appraisal_awards", args=[round_id])
    try:
        tell(request, DO[what](request, round_id, subject_id or 0))
    except (Invalid, Conflict) as refused:
        more = " ".join(str(words) for words in refused.field_errors.values())
        tell(request, str(refused.what), more or f"{refused.why} {refused.next}", tone="overdue")
    return redirect(back)


def _points(request: Request) -> str | None:
    return request.POST.get("points", "").strip() or None


def _seal(request: Request, id: int, _subject: int) -> str:
    rounds.seal(id, actor=request.actor)
    return _("封存好了，成绩和依据都定住了")


def _publish(request: Request, id: int, _subject: int) -> str:
    rounds.publish(id, actor=request.actor)
    return _("公布了，从现在起可以提异议")


def _close(request: Request, id: int, _subject: int) -> str:
    rounds.close(id, actor=request.actor)
    return _("定下来了")


def _cancel(request: Request, id: int, _subject: int) -> str:
    rounds.cancel(id, actor=request.actor, reason=request.POST.get("reason", ""))
    return _("收回了，可以重新开")


def _judge(request: Request, id: int, subject: int) -> str:
    given = request.POST
    marking.judge(
        id, subject, given.get("item", ""), _points(request) or "", actor=request.actor, words=given.get("words", "")
    )
    return _("记下了，封存以前可以改")


def _claim(request: Request, id: int, subject: int) -> str:
    given = request.POST
    records = given.get("records", "").replace("，", " ").replace(",", " ").split()
    marking.claim(id, subject, given.get("item", ""), given.get("words", ""), actor=request.actor, records=records)
    return _("报上去了，等人核")


def _check(request: Request, id: int, subject: int) -> str:
    given = request.POST
    points = None if given.get("refuse") else (_points(request) or "")
    marking.check(id, subject, given.get("item", ""), actor=request.actor, points=points, words=given.get("words", ""))
    return _("核好了")


def _object(request: Request, id: int, subject: int) -> str:
    objecting.object_to(id, subject, request.POST.get("item", ""), request.POST.get("words", ""), actor=request.actor)
    return _("异议收到了，会由另一位同事答复")


def _answer(request: Request, id: int, _subject: int) -> str:
    number = whole(request.POST.get("number")) or 0
    objecting.answer(id, number, actor=request.actor, words=request.POST.get("words", ""), points=_points(request))
    return _("答复好了")


def _award(request: Request, id: int, _subject: int) -> str:
    chosen = [n for n in map(whole, request.POST.getlist("chosen")) if n is not None]
    consents = [n for n in map(whole, request.POST.getlist("consent")) if n is not None]
    paid = paying.decide(
        id,
        chosen,
        actor=request.actor,
        seen=request.POST.get("seen", ""),
        reason=request.POST.get("reason", ""),
        consents=consents,
    )
    return _("定下来了，奖金记了 {n} 笔").format(n=paid) if paid else _("定下来了")


DO = {
    "seal": _seal, "publish": _publish, "close": _close, "cancel": _cancel, "judge": _judge, "claim": _claim, "check": _check,
    "object": _object, "answer": _answer, "award": _award,
}  # fmt: skip


@staff
@require_safe
def awards(request: Request, round_id: int) -> HttpResponse:
    """`/desk/appraisals/<id>/awards`: the list that the rule gives, who is out and why, and deciding."""
    found = awarding.listed(round_id, actor=request.actor)
    by_rule, edge = set(found.reference.awarded), {id for ids in found.reference.tied.values() for id in ids}
    known = {one.id for one in found.candidates}
    why = {"score": _("没有分数"), "gate": _("没有过硬条件"), "band": _("没有到规定的档")}
    rows = [
        {
            "result": result, "where": place_name(result.place_id, "town"), "rule": id in by_rule, "edge": id in edge,
            "may": id in known, "why": why.get(found.out.get(id, ""), ""), "score": queries.rules.plain(result.score) if result.score is not None else "",
            "group": rubric_words.group(found.kind, result.group),
        }
        for id, result in found.results.items()
    ]  # fmt: skip
    context = _frame(found.row, found.kind) | {
        "found": found, "rows": rows, "award": found.kind.award, "title": found.kind.says(found.kind.award or {}),
        "may": awarding.may_award(found.kind, found.row.place_id, request.actor) and found.row.awarded_at is None,
    }  # fmt: skip
    return show(request, "desk/appraisal_awards.html", context, here=HERE)


@staff
@require_safe
def plan(request: Request, place: int) -> HttpResponse:
    """`/desk/appraisals/plan/<place>`: each rubric about a place, how it stands, what is lacking to the next."""
    if places.directory().get(place) is None:
        raise NotFound()
    rows = [
        {
            "plan": one, "said": said(one.row) if one.row else "", "band": one.kind.band(one.standing.row["band"]) if one.standing else "",
            "good": [line for line in _lines(one.kind, one.standing) if line["line"]["item"] not in {gap.get("item") for gap in one.gaps}] if one.standing else [],
        }
        for one in queries.plan(place, actor=request.actor)
    ]  # fmt: skip
    return show(
        request,
        "desk/appraisal_plan.html",
        {"rows": rows, "name": place_name(place, "county"), "place": place},
        here=HERE,
    )
