"""What a case offers to documents: names and types, and the facts themselves.

Free text of people is printed with phone and identity numbers masked, and with the reporter's own name masked; the
reporter's name and phone as such are `person` facts, which a template must ask for and say why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import translation

from gezhi.engines.publishing.models import ISSUED, Document
from gezhi.engines.publishing.offers import Offer, Personal, offers
from gezhi.engines.publishing.schema import template
from gezhi.engines.workflows.models import OPEN, Case
from gezhi.engines.workflows.timeline import Entry
from gezhi.engines.workflows.views import CaseView
from gezhi.foundation import events, exports, packs, people, places
from gezhi.foundation.calendar import clock, parse_limit
from gezhi.foundation.errors import Refusal
from gezhi.foundation.people import Actor, crypto

ROLES = ("owner", "handler")
STEP = {"at": "time", "stage": "text", "seat": "text", "who": "text", "what": "text", "said": "text"}
CONTENTS = {"no": "text", "paper": "text", "by": "text", "on": "date", "note": "text"}
# What was answered last in a form field of that name: as text, as a day, as a person's data.
ANSWERS = {"answer.": "text", "answer_on.": "date", "answer_of.": "person"}
CASE = {
    "case.number": Offer("text", "案号"),
    "case.title": Offer("text", "事项摘要"),
    "case.brief": Offer("text", "事项简称（标题用）"),
    "case.words": Offer("text", "反映内容"),
    "case.category": Offer("text", "类别"),
    "case.channel": Offer("text", "来源"),
    "case.place": Offer("text", "地点"),
    "case.stage": Offer("text", "现在这一步"),
    "case.opened_at": Offer("time", "反映时间"),
    "case.opened_on": Offer("date", "反映日期"),
    "case.due_at": Offer("time", "答应办结的时间"),
    "case.accepted_at": Offer("time", "受理时间"),
    "case.accepted": Offer("truth", "已受理"),
    "case.handled_at": Offer("time", "办好时间"),
    "case.closed_at": Offer("time", "结案时间"),
    "case.open": Offer("truth", "在办"),
    "case.urgent": Offer("truth", "紧急"),
    "case.overdue": Offer("truth", "已超时"),
    "case.due_passed": Offer("truth", "答应办结的时间已过"),
    "case.late_for": Offer("span", "超时多久"),
    "case.returns": Offer("number", "退单次数"),
    "case.extensions": Offer("number", "延期次数"),
    "case.urges": Offer("number", "催办次数"),
    "case.photos": Offer("number", "照片张数"),
    "case.answer": Offer("text", "办理结果或答复"),
    "case.answered_by": Offer("text", "作出答复的席位"),
    "case.answered_at": Offer("time", "答复时间"),
    "case.steps": Offer("rows", "经过", STEP),
    "case.contents": Offer("rows", "卷内目录", CONTENTS),
    "owner.name": Offer("text", "现在负责的席位"),
    "owner.above": Offer("truth", "现在负责的是制发席位自己或它的上级"),
    "owner.signed": Offer("truth", "现在负责的席位自己签收过"),
    "owner.signed_at": Offer("time", "它签收的时间"),
    "owner.unsigned": Offer("truth", "正等它签收"),
    "owner.took": Offer("truth", "它是接手了别的席位没有按时办的"),
    "owner.took_from": Offer("text", "它从哪个没有按时办的席位接手"),
    "signer.other": Offer("truth", "签收的是别的席位"),
    "signer.name": Offer("text", "签收的别的席位"),
    "signer.at": Offer("time", "别的席位签收的时间"),
    "owner.due_at": Offer("time", "这一步的时限"),
    "owner.assists": Offer("truth", "和别家会办，自己的一份超时"),
    "owner.taken_over": Offer("truth", "自己的一份没有按时办，上级已接手"),
    "handler.name": Offer("text", "承办单位"),
    "extension.asked": Offer("truth", "有人申请过延期"),
    "extension.more": Offer("text", "申请延多久"),
    "extension.reason": Offer("text", "延期原因"),
    "extension.by": Offer("text", "申请延期的单位"),
    "extension.at": Offer("time", "申请延期的时间"),
    "return.asked": Offer("truth", "有人退过单"),
    "return.ground": Offer("text", "退单依据"),
    "return.by": Offer("text", "退单单位"),
    "return.proposed": Offer("text", "建议承办单位"),
    "return.at": Offer("time", "退单时间"),
    "reporter.name": Offer("person", "反映人姓名"),
    "reporter.phone": Offer("person", "反映人电话"),
}
# What the system did by itself, and the first line of every story, as paper says it.
DONE = {
    "open": "提出诉求",
    "case.opened": "提出诉求",
    "item.warned": "到提醒点，快到时限",
    "item.breached": "超过时限",
    "item.escalated": "升级督办",
    "case.reseated": "经办人变动，转接任的人",
    "case.migrated": "换到办法的新版",
    "case.reclocked": "放假安排有变，时限重算",
    "case.cleared": "依法抹除个人信息",
    "erased": "内容依法删除",
}
CHANNELS = {
    "portal": "网页", "scan": "扫码", "counter": "柜台代办", "phone": "电话", "field": "网格员上报", "hotline": "12345热线",
    "api": "系统对接", "case": "会议或别的事项交来",
}  # fmt: skip
UNITS = {
    "urgent_hour": "小时", "urgent_day": "天", "work_hour": "个工作小时", "work_day": "个工作日", "calendar_day": "个自然日",
}  # fmt: skip
KEPT = "（按规定保密）"
_PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_IDENTITY = re.compile(r"(?<![\dXx])[1-9]\d{5}(?:19|20)\d{9}[\dXx](?![\dXx])")


def register() -> None:
    """Told once, when Django starts: what a case offers, and what leaves as paper."""
    from django.utils.translation import gettext_lazy as _

    offers("case", CASE, roles=ROLES, answers=ANSWERS)
    exports.titled("document", _("公文"))


def roles(case: Case, actor: Actor) -> tuple[str, ...]:
    """The actor's roles towards a case."""
    found = []
    if case.owner_seat is not None and case.owner_seat in actor.answering:
        found.append("owner")
    if case.handler_seat is not None and case.handler_seat in actor.answering:
        found.append("handler")
    return tuple(found)


def gather(view: CaseView, papers: Sequence[Document] = ()) -> dict[str, Any]:
    """Every fact of CASE. Two queries at most beside what the view holds. Call it with Chinese active (`in_chinese`).

    `papers`: the documents of the case, for its table of contents.
    """
    case, now = view.case, clock.now()
    # A paper is read by everybody who sees the case, some of whom may read only the reviewed copy of a protected
    # matter; and paper travels. So none of its words, and nobody's name, stand in one.
    kept = bool(case.protected)
    contact = {} if kept else _contact(case)
    name = contact.get("name") or ""

    def text(words: str) -> str:
        return (KEPT if words else "") if kept else masked(words, name)

    late = case.late_at is not None and case.state == OPEN and now > case.late_at
    behind = behind_time(view)
    answer = next((e for e in reversed(view.timeline) if _answer(e)), None)
    asked = _last(view, "extensions")
    returned = _last(view, "returns")
    directory = people.directory()
    category = packs.registry().categories.get(case.category) if case.category else None
    facts: dict[str, Any] = {
        "case.number": case.number,
        "case.title": text(view.words.title),
        "case.brief": text(brief(view.words.title)),
        "case.words": text(view.words.text),
        "case.category": category.label if category is not None else "",
        "case.channel": CHANNELS.get(case.channel, case.channel),
        "case.place": places.directory().label(case.place_id).replace(" ", ""),
        "case.stage": view.flow.stages[case.stage].title["zh"],
        "case.opened_at": case.opened_at,
        "case.opened_on": clock.local(case.opened_at).date(),
        "case.due_at": case.due_at,
        "case.accepted_at": case.accepted_at,
        "case.accepted": case.accepted_at is not None,
        "case.handled_at": case.handled_at,
        "case.closed_at": case.closed_at,
        "case.open": case.state == OPEN,
        "case.urgent": case.urgent,
        "case.overdue": late,
        "case.due_passed": now > case.due_at,
        "case.late_for": now - case.late_at if late and case.late_at else timedelta(0),
        "case.returns": case.returns,
        "case.extensions": case.extensions,
        "case.urges": sum(1 for e in view.timeline if e.action == "urge"),
        "case.photos": len(view.photos),
        "case.answer": text(_answer(answer)) if answer else "",
        "case.answered_by": answer.seat_label if answer else "",
        "case.answered_at": answer.at if answer else None,
        "case.steps": [_step(e, text) for e in view.timeline],
        "case.contents": _contents(view, papers),
        "owner.name": directory.seat(behind.seat).label if behind and behind.seat else view.seat_label,
        "owner.above": False,  # who issues is not known yet: `doors` says it
        **_signing(view, behind.seat if behind else case.owner_seat),
        "owner.due_at": behind.due_at if behind else view.main.due_at if view.main else None,
        "owner.assists": behind is not None,
        "owner.taken_over": behind is not None and behind.taken,
        "handler.name": directory.seat(case.handler_seat).label if case.handler_seat else view.seat_label,
        "extension.asked": asked is not None,
        "extension.more": _limit(asked.form.get("more")) if asked else "",
        "extension.reason": text(_said(asked)),
        "extension.by": asked.seat_label if asked else "",
        "extension.at": asked.at if asked else None,
        "return.asked": returned is not None,
        "return.ground": text(_said(returned)),
        "return.by": returned.seat_label if returned else "",
        "return.proposed": _seat(returned.form.get("proposed")) if returned else "",
        "return.at": returned.at if returned else None,
        "reporter.name": _personal(case, contact, "name", crypto.mask_name),
        "reporter.phone": _personal(case, contact, "phone", crypto.mask_phone),
    }
    return facts if kept else facts | _answers(view, text)


def _answers(view: CaseView, text: Any) -> dict[str, Any]:
    """The latest answer to each field of a form, under the three prefixes of ANSWERS."""
    found: dict[str, Any] = {}
    for entry in view.timeline:
        for name, words in entry.said.items():
            if name in entry.sealed:
                continue
            found[f"answer.{name}"] = text(words)
            if name in entry.held and entry.said_ref is not None:
                found[f"answer_of.{name}"] = Personal(entry.held[name], words, entry.said_ref, name)
        for name, value in entry.form.items():
            if isinstance(value, bool):
                found[f"answer.{name}"] = "是" if value else "否"
            elif name in entry.chosen:
                found[f"answer.{name}"] = entry.chosen[name]
            elif isinstance(value, str):
                found[f"answer.{name}"] = value
                if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
                    found[f"answer_on.{name}"] = date.fromisoformat(value)
    return found


def _contents(view: CaseView, papers: Sequence[Document]) -> list[dict[str, Any]]:
    """What lies in the file of a case, in order: what was raised, what was written at each step, the papers issued."""
    directory = people.directory()
    lines: list[tuple[datetime, str, str, str]] = []
    for entry in view.timeline:
        said = entry.said or entry.form or entry.photos or entry.sealed
        if entry.kind == "case.opened" or (said and entry.title):
            what = "受理登记（反映内容）" if entry.kind == "case.opened" else f"{entry.stage_title}：{entry.title}"
            note = "内容封存，不入卷" if entry.sealed else f"附照片{len(entry.photos)}张" if entry.photos else ""
            lines.append((entry.at, what, entry.seat_label, note))
    for paper in papers:
        if paper.state == ISSUED and paper.issued_at is not None:
            kind = template(paper.template, paper.version)
            seat = directory.seats.get(paper.signed_seat or paper.issuer_seat or 0)
            lines.append((paper.issued_at, f"{kind.title['zh']}（{paper.number}）", seat.label if seat else "", ""))
    return [
        {"no": str(n), "paper": what, "by": by, "on": clock.local(at).date(), "note": note}
        for n, (at, what, by, note) in enumerate(sorted(lines, key=lambda line: line[0]), 1)
    ]


@dataclass(frozen=True)
class Behind:
    """A part of a joint handling that was not done in time: whose it was to do, since when it is late.

    `taken`: somebody above has it now; whoever let it lapse is still the one to hear of it.
    """

    seat: int | None
    due_at: datetime
    taken: bool
    number: int


def behind_time(view: CaseView) -> Behind | None:
    """Where several units handle a matter together: the part that has been late longest, whose unit is to hear of it."""
    now = clock.now()
    late = []
    for item in view.branches:
        if view.flow.stages[item.stage].kind != "task" or item.due_at is None:
            continue
        if item.due_at < now:
            late.append(Behind(item.owner_seat, item.due_at, False, item.number))
        elif "taken_from" in item.ask:
            since = item.breached_at or datetime.fromisoformat(item.ask["taken_at"])
            late.append(Behind(item.ask["taken_from"], since, True, item.number))
    return min(late, key=lambda one: (one.due_at, one.number), default=None)


def in_chinese() -> Any:
    """Paper speaks Chinese, whatever language the officer's screen is in."""
    return translation.override("zh-hans")


def brief(title: str) -> str:
    """A matter in a heading: its first clause, at most 18 characters, figures close to their words as on paper."""
    title = re.sub(r"(?<=\d) (?=[\u4e00-\u9fff])", "", title)
    first = re.split(r"[，。；！？,;!?\n]", title.strip(), maxsplit=1)[0] or title.strip()
    return first if len(first) <= 18 else f"{first[:17]}…"


def masked(text: str, name: str = "") -> str:
    """Free text with phones, identity numbers and this name masked."""
    text = _PHONE.sub(lambda m: crypto.mask_phone(m[0]), text)
    text = _IDENTITY.sub(lambda m: crypto.mask_identity(m[0]), text)
    return text.replace(name, crypto.mask_name(name)) if len(name) > 1 else text


def _contact(case: Case) -> Mapping[str, str]:
    raw = events.read_private([case.contact_ref])[case.contact_ref] if case.contact_ref else None
    return json.loads(raw) if raw else {}


def _personal(case: Case, contact: Mapping[str, str], field: str, mask: Any) -> Personal | None:
    value = contact.get(field)
    if not value or case.contact_ref is None:
        return None
    return Personal(value, mask(value), case.contact_ref, field)


def _answer(entry: Entry) -> str:
    """The public words of somebody who handled it: a result or an answer."""
    return next((entry.said[f] for f in ("result", "answer") if f in entry.public and entry.said.get(f)), "")


def _last(view: CaseView, counter: str) -> Entry | None:
    """The latest act that used up one of a counter: an extension asked for, a return."""
    for entry in reversed(view.timeline):
        if entry.stage in view.flow.stages:
            action = view.flow.actions_at(entry.stage).get(entry.action)
            if action is not None and action.counter == counter:
                return entry
    return None


def _signing(view: CaseView, addressed: int | None) -> dict[str, Any]:
    """Who signed for the matter and when: the seat a paper is addressed to, or another one that had it before.

    What was signed for and then sent back is signed for no longer.
    """
    returned = _last(view, "returns")
    signed = next((e for e in reversed(view.timeline) if e.action == "accept"), None)
    if signed is not None and returned is not None and returned.seq > signed.seq:
        signed = None
    own = signed is not None and signed.seat == addressed
    other = signed if not own else None
    stage = view.flow.stages[view.main.stage] if view.main else None
    took_from = view.main.ask.get("taken_from") if view.main else None
    return {
        "owner.signed": own,
        "owner.signed_at": signed.at if own and signed else None,
        "owner.unsigned": stage is not None and "accept" in stage.actions,
        "owner.took": took_from is not None,
        "owner.took_from": _seat(took_from),
        "signer.other": other is not None,
        "signer.name": other.seat_label if other else "",
        "signer.at": other.at if other else None,
    }


def _said(entry: Entry | None) -> str:
    return "；".join(words for words in entry.said.values() if words) if entry else ""


def _step(entry: Entry, text: Any) -> dict[str, Any]:
    who = entry.who or {"resident": "居民", "system": "系统"}.get(entry.actor_kind, "")
    what = DONE.get(entry.kind) or DONE.get(entry.action) or entry.title or entry.stage_title
    return {
        "at": entry.at,
        "stage": entry.stage_title,
        "seat": entry.seat_label,
        "who": who,
        "what": what,
        "said": text("；".join(words for name, words in entry.said.items() if words and name not in entry.sealed))
        if entry.kind != "case.opened"
        else "",
    }


def _seat(value: Any) -> str:
    seat = people.directory().seats.get(int(str(value))) if value not in (None, "") else None
    return seat.label if seat else ""


def _limit(written: Any) -> str:
    try:
        limit = parse_limit(str(written))
    except Refusal:
        return ""
    if limit.by is not None:
        with translation.override("zh-hans"):
            return limit.words
    return f"{limit.value.normalize():f}{UNITS[str(limit.unit.value)]}"
