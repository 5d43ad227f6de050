"""The action `notify`: tell somebody, by a notice of a pack. {to: [owner, rung, {post: street_officer}], notice: given}

Who it is follows from what happened: seats are read into persons now, and whoever did it is not told of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import talking
from gezhi.engines.workflows.models import Case
from gezhi.foundation import notices, packs, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Refusal
from gezhi.foundation.notices.templates import SHARED
from gezhi.foundation.packs import Context

from .catalogue import ActionKind, Match, offer
from .occurrences import Occurrence

STAFF = ("owner", "accountable", "handler", "supervisor", "asker")
ITEM_ONLY = ("asker", "taken_from")
RUNG_ONLY = ("rung",)
PANEL_ONLY = ("voters", "reporters_while_asking")  # voters: seats that a panel asked and that have not answered yet
# Whoever raised it; everybody who did, also those merged into it; the same while the panel of the step still takes answers.
REPORTERS = ("reporter", "reporters", "reporters_while_asking")
TO = (*STAFF, "taken_from", "rung", "voters", *REPORTERS)


def register() -> None:
    """Offer the action to the catalogue."""
    offer(ActionKind("notify", read, do))


def read(node: Any, when: str, context: Context) -> dict[str, Any]:
    """{"to": [...], "notice": name}; a receiver the event does not have, a post or notice nobody knows is a flaw."""
    if not context.keys(node, required=("to", "notice")):
        return {}
    to: list[Any] = []
    for index, raw in context.each(node, "to"):
        if isinstance(raw, Mapping):
            if context.keys(raw, required=("post",)):
                post = raw.get("post")
                if post not in context.shared.get("posts", ()):
                    context.problem(raw, "post", "flow.post", _("没有岗位“{code}”。"), code=post)
                to.append({"post": str(post)})
            continue
        known = [
            t for t in TO if (t not in (*ITEM_ONLY, *PANEL_ONLY) or when.startswith("item.")) and _has_rung(t, when)
        ]
        if raw not in known:
            context.problem(
                node["to"],
                index,
                "flow.to",
                _("这个时候不能告诉“{to}”，可以是：{known}。"),
                to=raw,
                known="、".join(known),
            )
        to.append(str(raw))
    notice = context.text(node, "notice", "", max=40)
    readers = context.shared.get(SHARED, {})
    if notice not in readers:
        context.problem(node, "notice", "flow.notice", _("没有提醒“{name}”。"), name=notice)
    elif any((t in REPORTERS) != (readers[notice] == "resident") for t in to):
        context.problem(node, "notice", "flow.reader", _("“{name}”这条提醒不是写给这些人的。"), name=notice)
    return {"to": to, "notice": notice}


def _has_rung(to: str, when: str) -> bool:
    return to not in RUNG_ONLY or when in ("item.climbed", "case.supervised")


def do(matches: Sequence[Match]) -> None:
    """Post a notice for each, in the write that completes their jobs."""
    notices.post([draft for match in matches for draft in _drafts(match)])


def _drafts(match: Match) -> Iterator[notices.Draft]:
    what = match.occurrence
    case = what.case
    base: dict[str, Any] = {
        "key": match.key, "template": match.given["notice"], "stream": f"case:{case.pk}", "urgent": bool(case.urgent), "at": what.event.at,
    }  # fmt: skip
    for to in match.given["to"]:
        if to == "reporters_while_asking" and _panel_is_over(what):
            continue
        if to in REPORTERS:
            if case.contact_ref is not None:
                words = words_of(what, None, f"/r/{case.code}")
                yield notices.Draft(**base, words=words, code=case.code, contact_ref=case.contact_ref)
            if to != "reporter":
                yield from _merged(match, base)
            continue
        if to in PANEL_ONLY:
            yield from _voters(what, base)
            continue
        if what.item is not None and case.merged_into is not None:
            continue  # by now it is handled with another case: there is nothing to do here (flows.folding)
        seat, persons = _persons(what, to)
        persons = tuple(p for p in persons if p != what.event.actor_person)
        if persons:
            yield notices.Draft(
                **base, words=words_of(what, seat, f"/desk/cases/{case.pk}"), persons=persons, seat=seat
            )


def _panel_is_over(what: Occurrence) -> bool:
    """What is said of a vote is not said after it: one query, for steps in which households answer only."""
    stage = what.flow.stages.get(what.stage)
    if what.item is None or stage is None or stage.panel is None:
        return False
    return not talking.is_asking(what.case.pk, what.number)


def _merged(match: Match, base: dict[str, Any]) -> Iterator[notices.Draft]:
    """The same to everybody whose report is handled with this case: by their own number and code. One query."""
    reports = Case.objects.filter(merged_into=match.occurrence.case.pk, contact_ref__isnull=False, protected="")
    for report in reports.order_by("id"):
        words = words_of(replace(match.occurrence, case=report), None, f"/r/{report.code}")
        own = {**base, "key": f"{match.key}:{report.number}", "stream": f"case:{report.pk}"}
        yield notices.Draft(**own, words=words, code=report.code, contact_ref=report.contact_ref)


def _voters(what: Occurrence, base: dict[str, Any]) -> Iterator[notices.Draft]:
    """Each seat that the item's panel waits for. Nobody when it is no panel's item, or its panel is over. One query."""
    stage = what.flow.stages.get(what.stage)
    if stage is None or stage.kind != "panel":
        return
    for panel, seat in talking.silent_seats(what.case.pk, what.number):
        persons = people.directory().holders(seat, clock.now())
        if persons := tuple(p for p in persons if p != what.event.actor_person):
            words = words_of(what, seat, f"/desk/panels/{panel}")
            yield notices.Draft(**{**base, "stream": f"panel:{panel}"}, words=words, persons=persons, seat=seat)


def _persons(what: Occurrence, to: Any) -> tuple[int | None, tuple[int, ...]]:
    """The seat that is meant and who does its work now; nobody when there is no such seat."""
    case, item = what.case, what.item or {}
    barred: frozenset[int] = frozenset()
    seat: int | None
    if isinstance(to, Mapping):
        seat = people.directory().seat_for(to["post"], case.place_id)
    elif to == "owner":
        seat, barred = (item["owner_seat"], frozenset(item["barred"])) if item else (case.owner_seat, barred)
        if item and item.get("person_id"):
            return seat, (item["person_id"],)
    elif to == "asker":
        asker = (item.get("ask") or {}).get("asked_by")
        return item.get("owner_seat"), (asker,) if asker else ()
    elif to == "taken_from":
        seat = (item.get("ask") or {}).get("taken_from")
    elif to == "rung":
        seat = what.seat
    else:
        seat = {"accountable": case.owner_seat, "handler": case.handler_seat, "supervisor": case.supervised_by}[to]
    if seat is None or seat not in people.directory().seats:
        return None, ()
    try:
        return seat, people.directory().effective(seat, unlike=barred).persons
    except Refusal:  # nobody is left who could do it; the supervision board shows that
        return seat, ()


def words_of(what: Occurrence, seat: int | None, path: str) -> dict[str, Any]:
    """What fills a template, in both languages: number, headline of the category, stage, seat, due. Nothing personal."""
    case = what.case
    stage = what.flow.stages.get(what.stage)
    item = what.item or {}
    to_resident = path.startswith("/r/") and (stage is None or stage.panel is None)  # of a vote: the day it closes
    due = item.get("due_at") if item and not to_resident else case.due_at
    words: dict[str, Any] = {"path": path, "due": due.isoformat() if isinstance(due, datetime) else due}
    for lang, code in (("zh", "zh-hans"), ("en", "en")):
        with translation.override(code):
            words[lang] = {
                "number": case.number,
                "category": _headline(case),
                "stage": packs.localised(stage.title) if stage else "",
                "seat": people.directory().seats[seat].label if seat in people.directory().seats else "",
            }
    return words


def _headline(case: Case) -> str:
    """The first level of the category, which says what kind of thing it is and nothing of this one."""
    if case.protected:
        return str(_("保密事项"))
    found = packs.registry().categories.get(case.category) if case.category else None
    return found.l1 if found else str(_("未分类"))
