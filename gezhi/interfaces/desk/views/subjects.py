"""一人一档: one subject's file with everything derived; and one line of a register with its form and history."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.registers import files, sums
from gezhi.engines.registers import lines as told
from gezhi.engines.workflows.access import sees
from gezhi.engines.workflows.models import Case
from gezhi.foundation import files as photos
from gezhi.foundation import people, places, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal, TooLarge
from gezhi.foundation.files.models import StoredFile
from gezhi.foundation.subjects import access, attaching, definitions
from gezhi.foundation.subjects.lines import kept_values
from gezhi.foundation.subjects.models import Entry
from gezhi.foundation.subjects.personal import opened
from gezhi.interfaces.site.requests import Request

from ..names import place_name, seat_name
from ..page import show, staff, tell, whole
from .books import day_asked, link_of
from .registers import day_of, drawn_form, form_values, offered_places

HOW = (("died", gettext_lazy("去世")), ("moved_out", gettext_lazy("迁出")), ("closed", gettext_lazy("注销")))
FACTS = {"id_number": gettext_lazy("身份证号"), "phone": gettext_lazy("电话"), "name": gettext_lazy("姓名")}


@staff
@require_http_methods(["GET", "POST"])
def subject(request: Request, subject_id: int) -> HttpResponse:
    """The file. POST does one thing: end, restore, move, relate, unrelate, merge, split."""
    refusal: Refusal | None = None
    if request.method == "POST":
        access.subject_for(subject_id, request.actor)
        try:
            return redirect("desk:subject", subject_id=_do(request, subject_id))
        except (Invalid, Conflict) as refused:
            refusal = refused
    day, _wrong = day_asked(request)
    seen = files.file_of(subject_id, request.actor, on=day)
    row = seen.subject
    kinds = [k for k in definitions.relation_kinds() if k.one == row.kind]
    open_registers = [
        r for r in access.readable(request.actor)
        if r.of == row.kind and access.may(request.actor, row, r, "edit")
        and not (r.one == "subject" and any(line.register == r.name for line, _r in seen.lines))
    ]  # fmt: skip
    context = {
        "file": seen,
        "row": row,
        "place": place_name(row.place_id, "county"),
        "facts": [(FACTS.get(name, name), value) for name, value in seen.facts],
        "sex": {"m": _("男"), "f": _("女")}.get(row.sex, ""),
        "lines": [(e, r, told.said(r, e.values), r.state(e.state)) for e, r in seen.lines],
        "past": [(e, r, told.ending(e.end_reason)) for e, r in seen.past],
        "story": [(line, link_of(line), seat_name(line.seat) if line.seat else "") for line in seen.story],
        "day": day,
        "kinds": kinds,
        "registers": open_registers,
        "how": HOW,
        "places": [(id, place_name(id)) for id in offered_places(access.scopes(request.actor, None, "edit"))],
        "today": clock.today().isoformat(),
        "ended": told.ending(row.ended) if row.ended else "",
        "looked": people.reveals(f"subject:{subject_id}"),
        "refusal": refusal,
        "choices": _choices(refusal),
        "typed": request.POST,
    }
    return show(request, "desk/subject.html", context, here="registers", status=refusal.http if refusal else 200)


def _choices(refusal: Refusal | None) -> list[Any]:
    if refusal is None or refusal.code != "subject.merge_choose":
        return []
    found = []
    for name, ids in refusal.facts["choices"].items():
        declared = definitions.register(name)
        lines = Entry.objects.filter(pk__in=ids).order_by("pk")
        found.append((declared, [(line.pk, told.said(declared, line.values) or str(line.since)) for line in lines]))
    return found


def _do(request: Request, subject_id: int) -> int:
    wanted, actor = request.POST.get("do", ""), request.actor
    on = day_of(request.POST.get("on", ""), "on")
    if wanted == "end":
        subjects.end_subject(subject_id, request.POST.get("how", ""), actor=actor, on=on)
        tell(request, _("已结束登记，各本台账里的那几条也在那天结束。"), _("记错了可以在这一页撤回。"))
    elif wanted == "restore":
        subjects.restore_subject(subject_id, actor=actor)
        tell(request, _("已撤回，登记照旧。"))
    elif wanted == "move":
        subjects.move(subject_id, whole(request.POST.get("place")) or 0, actor=actor, on=on)
        tell(request, _("已换到新的地方，以前的日子仍算在原来的地方。"))
    elif wanted == "relate":
        other = _found(request)
        subjects.relate(request.POST.get("kind", ""), subject_id, other, actor=actor, since=on, replace=True)
        tell(request, _("关系记好了。"))
    elif wanted == "unrelate":
        subjects.unrelate(whole(request.POST.get("relation")) or 0, actor=actor, on=on)
        tell(request, _("这个关系已结束。"))
    elif wanted == "merge":
        keep = {k[5:]: number for k, v in request.POST.items() if k.startswith("keep-") and (number := whole(str(v)))}
        into = whole(request.POST.get("into")) or 0
        subjects.merge(subject_id, into=into, actor=actor, keep=keep)
        tell(request, _("两份合成了一份，历史都还在；弄错了可以拆开。"))
        return into
    elif wanted == "split":
        subjects.split(whole(request.POST.get("gone")) or 0, actor=actor)
        tell(request, _("拆开了，各归各的。"))
    else:
        raise Invalid("case.no_action", action=wanted[:20])
    return subject_id


def _found(request: Request) -> int:
    """The other side of a relation: by its number, or by phone, identity number or name when that is one only."""
    written = request.POST.get("other", "").strip()
    if written.startswith("#") and written[1:].isdigit():
        return int(written[1:])
    from .registers import by_words

    rows = [row for row in by_words(request.actor, written) if not row.ended] if written else []
    if len(rows) != 1:
        words = _("没有找到这个人。") if not rows else _("有 {n} 位，请写身份证号或电话。").format(n=len(rows))
        raise Invalid("subject.facts", field_errors={"other": words})
    return rows[0].pk


@staff
@require_http_methods(["GET", "POST"])
def entry(request: Request, entry_id: int) -> HttpResponse:
    """One line: what it says, the form to change it, its history. POST does change, confirm or end."""
    line, declared = access.entry_for(entry_id, request.actor)
    who = subjects.Subject.objects.get(pk=line.subject_id)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            return redirect("desk:entry", entry_id=_change(request, line, declared))
        except (Invalid, Conflict, TooLarge) as refused:
            refusal = refused
    first = {f.id: line.values.get(f.id) for f in declared.form}
    kept = kept_values(line) if line.private_ref else {}
    fields = drawn_form(
        declared.form, line.place_id, request.POST if refusal else {}, refusal.field_errors if refusal else {}, first
    )
    for field in fields:
        if field.spec["id"] in declared.sensitive and kept.get(field.spec["id"]):
            field.spec["help"] = _("已登记，不显示；不改就空着。")
            field.spec["required"] = False
    account = sums.account(line, declared, request.actor)
    context = {
        "line": line,
        "register": declared,
        "who": who,
        "state": declared.state(line.state),
        "place": place_name(line.place_id, "county"),
        "fields": fields,
        "shown": [
            (f.label, told.value_said(declared.form, f.id, line.values.get(f.id)))
            for f in declared.form
            if f.id not in declared.sensitive
        ],
        "named": _cases_named(declared, line, request),
        "account": account,
        "added": [(one, _behind(one, line, who.label), sorted(one.years.items())) for one in account.added]
        if account
        else [],
        "new": [f for f in declared.form if f.required and f.type in ("text", "number", "date")]
        if declared.adds_up.count
        else [],
        "sealed": [f.label for f in declared.form if kept.get(f.id) and f.id in declared.sensitive],
        "story": [(one, seat_name(one.seat) if one.seat else "") for one in told.history(line, declared)],
        "may_edit": line.until is None and access.may(request.actor, line, declared, "edit"),
        "ended": told.ending(line.end_reason) if line.until else "",
        "author": seat_name(line.author_seat) if declared.signed else "",
        "pictures": attaching.pictures([entry_id]).get(entry_id, []),
        "papers": attaching.papers(entry_id),
        "most": attaching.MOST,
        "today": clock.today().isoformat(),
        "refusal": refusal,
        "typed": request.POST,
    }
    return show(request, "desk/entry.html", context, here="registers", status=refusal.http if refusal else 200)


def _behind(one: sums.Added, line: Entry, label: str) -> str:
    """Where a sum opens: the lines of the other register, by the first thing they have in common."""
    theirs, value = next(iter(sums.narrowed(one.of, line.values, label).items()))
    return f"{reverse('desk:register', args=[one.of.of])}?{urlencode({'cut': f'{theirs}:{value}'})}" if value else ""


def _cases_named(declared: definitions.Register, line: Entry, request: Request) -> list[tuple[str, int]]:
    """(number, id) of the cases that the line names and the person may open. A query only where a field asks for a case."""
    asked = [f.id for f in declared.form if f.check in ("case", "closed_case") and f.id not in declared.sensitive]
    numbers = [str(line.values[name]) for name in asked if line.values.get(name)]
    found = Case.objects.filter(number__in=numbers) if numbers else []
    return [(case.number, case.pk) for case in found if sees(case, request.actor)]


def _change(request: Request, line: Entry, declared: definitions.Register) -> int:
    """Do what was asked; returns the line to show then."""
    wanted, actor = request.POST.get("do", ""), request.actor
    on = day_of(request.POST.get("on", ""), "on")
    if wanted == "change":
        typed = form_values(request, declared.form)
        # A sealed value is not shown; leaving its box empty leaves it as it is.
        values = {k: v for k, v in typed.items() if k not in declared.sensitive or v not in ("", [])}
        seq = whole(request.POST.get("_seq"))
        subjects.change(line.pk, values, actor=actor, expected_seq=seq, on=on)
        tell(request, _("改好了。"))
    elif wanted == "replace":
        typed = form_values(request, declared.form)
        new = {k.removeprefix("new-"): v for k, v in request.POST.items() if k.startswith("new-")}
        seq = whole(request.POST.get("_seq"))
        _old, fresh = subjects.replace(line.pk, typed, new, actor=actor, expected_seq=seq)
        tell(request, _("办完的退出了，新的一项已经列上。"))
        return fresh.pk
    elif wanted == "confirm":
        subjects.confirm([line.pk], actor=actor)
        tell(request, _("记下了：今天核实过，没有变化。"))
    elif wanted == "attach":
        # Decoding pictures takes time: before the line is locked.
        kept = [
            photos.stage(up, actor=actor, papers=True).id for up in request.FILES.getlist("photos")[: attaching.MOST]
        ]
        if not kept:
            raise Invalid("subject.no_photo", field_errors={"photos": _("请先选照片或 PDF。")})
        subjects.attach(line.pk, kept, actor=actor)
        tell(request, _("放好了。"))
    elif wanted == "detach":
        subjects.detach(line.pk, whole(request.POST.get("photo")) or 0, actor=actor)
        tell(request, _("去掉了。"))
    elif wanted == "end":
        subjects.end(line.pk, actor=actor, on=on)
        tell(request, _("这一条已结束。"))
    else:
        raise Invalid("case.no_action", action=wanted[:20])
    return line.pk


@staff
@require_safe
def entry_photo(request: Request, entry_id: int, photo_id: int) -> HttpResponse:
    """A picture of a line, for whoever may see the line."""
    access.entry_for(entry_id, request.actor)

    def may(stored: StoredFile) -> None:
        if stored.stream != attaching.stream_of(entry_id):  # the id of another's picture
            raise NotFound()

    return photos.serve(photo_id, may, "thumb" if request.GET.get("size") == "thumb" else "full")


@staff
@require_http_methods(["GET", "POST"])
def look(request: Request, subject_id: int) -> HttpResponse:
    """The full name, number and phone, after saying why; logged, and the person can ask who looked."""
    row = access.subject_for(subject_id, request.actor)
    if row.private_ref is None:
        raise NotFound()
    context: dict[str, Any] = {"row": row, "facts": [], "error": "", "purpose": ""}
    status = 200
    if request.method == "POST":
        context["purpose"] = request.POST.get("purpose", "")
        try:
            people.reveal(
                row.private_ref, actor=request.actor, purpose=context["purpose"], about=f"subject:{subject_id}",
                field="facts", path=places.directory().path(row.place_id),
            )  # fmt: skip
            kept = opened([row.private_ref])[row.private_ref]
            context["facts"] = [(FACTS[name], kept[name]) for name in ("name", "id_number", "phone") if kept.get(name)]
        except Invalid as refused:
            context["error"], status = refused.field_errors.get("purpose", refused.what), 422
    return show(request, "desk/subject_look.html", context, here="registers", status=status)
