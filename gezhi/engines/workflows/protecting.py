"""How a matter becomes protected and stops being so; the only writer of `ProtectedAgainst`.

`at_opening` decides before anything is written, `placed` keeps every work item away from those named and with a seat
above them, `settle` does so again when people change seats. docs/rules/protected.md
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import clocks
from gezhi.engines.workflows import named as naming
from gezhi.engines.workflows.models import OPEN, Case, ProtectedAgainst, WorkItem
from gezhi.engines.workflows.named import Named
from gezhi.engines.workflows.protected_pack import KINDS, NAMED, rules
from gezhi.engines.workflows.record import AGAINST_FIELDS, item_patch
from gezhi.foundation import db, events, people, places
from gezhi.foundation.errors import Invalid, NotAllowed, register
from gezhi.foundation.people import Actor, crypto

register(
    "protected.about",
    422,
    _("没看懂说的是谁。"),
    _("只能从给出的几项里选一项。"),
    _("请重新选；说不清的，选“举报，不便说是谁”。"),
)
register(
    "protected.self",
    403,
    _("这件事说到了您自己或您所在的单位，不能由您登记。"),
    _("说到谁，就不经谁的手，这是对双方的保护。"),
    _("请当事人扫门牌自己写，或到上一级的窗口去说。"),
)

#: What the reporter may choose; "seat:12", "unit:3", "person:4" name somebody exactly.
LEVELS = ("village", "town", "county")
ABOUT = {
    "village": _("村（社区）的干部或工作人员"),
    "town": _("乡镇（街道）的干部或站所"),
    "county": _("县里的部门或单位"),
    "report": _("举报，不便说是谁"),
    "petition": _("信访"),
    "legal": _("涉法涉诉"),
}


@dataclass(frozen=True)
class Protection:
    """What was decided at the opening: why it is protected, whom it names, which process it takes ("" keeps its own)."""

    kind: str
    lines: tuple[Named, ...]
    workflow: str


def at_opening(
    data: Mapping[str, Any], *, category: str, kind: str, place_id: int, actor: Actor, now: datetime
) -> Protection | None:
    """Whether a matter about to be opened is protected: by what the reporter chose, by its category or type, or
    because its words seem to complain about somebody in a seat there. None for an ordinary one.

    Raises Invalid protected.about, NotAllowed protected.self (a clerk among those named).
    """
    known = rules()
    about, text = str(data.get("about") or "").strip(), str(data.get("text") or "")
    why, lines = about_what(about, text, place_id, now)
    if not about:
        why = known.kind_of(category, kind) or why
    if not why:
        return None
    # Words that were brought in by others (a sheet of a hotline) go where they must; at a counter one is asked to step aside.
    by_hand = bool(about or data.get("on_behalf"))
    if by_hand and actor.person_id is not None and actor.person_id in naming.persons(lines, now):
        raise NotAllowed("protected.self")
    return Protection(why, lines, known.workflow)


def about_what(about: str, text: str, place_id: int, now: datetime) -> tuple[str, tuple[Named, ...]]:
    """(why it is protected, whom it names) by what somebody chose; with no name chosen, by whom the words seem to mean.

    ("", ()) when nothing was chosen and the words mean nobody. Raises Invalid protected.about.
    """
    lines = tuple(_lines(about, place_id, now)) if about else ()
    why = about if about in KINDS else NAMED if about else ""
    if not lines:
        lines = tuple(_suspected(text, place_id, now))
        why = why or (NAMED if lines else "")
    return why, lines


def process() -> str:
    """The workflow that protected matters go through; "" when no pack names one."""
    return rules().workflow


def _lines(about: str, place_id: int, now: datetime) -> Iterable[Named]:
    if about in KINDS:
        return []
    if about in LEVELS:
        path = places.directory().path(place_id)
        place = getattr(path, f"{about}_id") or path.town_id or path.county_id
        return numbered(_body_lines(Named(0, "said", place_id=place), place, now))
    what, _colon, id_ = about.partition(":")
    directory = people.directory()
    if id_.isascii() and id_.isdigit() and len(id_) < 19:
        if what == "seat" and int(id_) in directory.seats:
            return numbered(seat_lines(int(id_), "said", now))
        if what == "unit" and int(id_) in directory.organisations:
            return numbered(_body_lines(Named(0, "said", organisation_id=int(id_)), None, now))
        if what == "person" and int(id_) in directory.persons:
            return [Named(1, "said", person_id=int(id_))]
    raise Invalid("protected.about", field_errors={"about": _("请从给出的几项里选。")})


def _suspected(text: str, place_id: int, now: datetime) -> Iterable[Named]:
    """Seats near the place whose post the words seem to complain about. A suspicion: the receiver confirms or lifts it."""
    directory = people.directory()
    found: list[Named] = []
    for post in rules().posts_in(text):
        seat = directory.chain.serving(post, place_id)
        if seat is not None and directory.seat(seat).post == post:
            found += seat_lines(seat, "text", now)
    return numbered(found)


def seat_lines(seat_id: int, source: str, now: datetime) -> list[Named]:
    """A seat is named with each person who sits in it at this moment: they stay named when they leave it."""
    sitting = people.directory().holders(seat_id, now)
    return [Named(0, source, person_id=person, seat_id=seat_id) for person in sitting] or [
        Named(0, source, seat_id=seat_id)
    ]


def _body_lines(body: Named, place_id: int | None, now: datetime) -> list[Named]:
    """A unit or a place is named with those who sit in its own seats at this moment."""
    directory = people.directory()
    own = [seat for seat in naming.named_seats([body]) if place_id is None or directory.seat(seat).place_id == place_id]
    sitting = dict.fromkeys(person for seat in sorted(own) for person in directory.holders(seat, now))
    return [body, *(Named(0, body.source, person_id=person) for person in sitting)]


def numbered(lines: Iterable[Named], first: int = 1) -> list[Named]:
    """The lines with their numbers within the case."""
    return [
        Named(number, line.source, line.person_id, line.seat_id, line.organisation_id, line.place_id)
        for number, line in enumerate(lines, first)
    ]


def placed(
    case: Case, seat: int, barred: frozenset[int], now: datetime, *, receives: bool = False, given: bool = False
) -> tuple[int, frozenset[int]]:
    """(seat, barred) of a work item of a protected case: above everybody named, and nobody named may take it.

    `receives`: the first step, which the seat next above has; `given`: a unit somebody chose, which was checked then.
    """
    lines = naming.of(case)
    away = naming.persons(lines, now)
    if not given or not naming.may_handle(seat, lines, now):
        seat = naming.lifted(seat, lines, now, next_above=receives)
    return seat, barred | away


def rows_of(case: Case) -> list[ProtectedAgainst]:
    """Fresh rows for the lines of a case that is being opened."""
    return [
        ProtectedAgainst(
            case_id=case.id,
            number=line.number,
            source=line.source,
            person_id=line.person_id,
            seat_id=line.seat_id,
            organisation_id=line.organisation_id,
            place_id=line.place_id,
        )
        for line in naming.of(case)
    ]


def save(rows: Iterable[ProtectedAgainst]) -> None:
    """Write new lines and withdrawn ones, inside the write of their event. Two statements at most."""
    given = list(rows)
    fresh = [row for row in given if row.pk is None]
    if fresh:
        ProtectedAgainst.objects.bulk_create(fresh)
    if len(fresh) < len(given):
        gone = [row.pk for row in given if row.withdrawn]
        ProtectedAgainst.objects.filter(pk__in=gone).update(withdrawn=True)


def told(rows: Iterable[ProtectedAgainst]) -> dict[str, Any]:
    """What an event says about these lines."""
    return {f"against:{row.number}": {name: getattr(row, name) for name in AGAINST_FIELDS} for row in rows}


def name_seat(case: Case, seat_id: int, now: datetime) -> list[ProtectedAgainst]:
    """The case names this seat as well (or is protected from now on because it does). Not saved; case.named is new."""
    before = list(ProtectedAgainst.objects.filter(case_id=case.id).order_by("number"))
    lines = numbered(seat_lines(seat_id, "staff", now), len(before) + 1)
    case.protected = case.protected or NAMED
    case.named = (*naming.of(case), *lines)  # type: ignore[attr-defined]
    case.public_ok, case.contact_hash = False, None
    fresh = {line.number for line in lines}
    return [row for row in rows_of(case) if row.number in fresh]


def way_back(case: Case) -> Mapping[str, Any] | None:
    """What `apart` kept of the process that an open case was taken from; None when it was not kept apart midway."""
    back: Mapping[str, Any] | None = case.promised.get("ordinary", {}).get("back")
    return back


def release(case: Case) -> list[ProtectedAgainst]:
    """It is no protected matter after all: every line is withdrawn. Not saved."""
    rows = list(ProtectedAgainst.objects.filter(case_id=case.id, withdrawn=False))
    for row in rows:
        row.withdrawn = True
    case.protected, case.named = "", ()  # type: ignore[attr-defined]
    if "ordinary" in case.promised:  # kept apart midway: what was promised before holds again
        case.promised = {name: value for name, value in case.promised["ordinary"].items() if name != "back"}
        case.due_at = clocks.promised(case.opened_at, case.promised)
    findable([case])
    return rows


def findable(cases: Iterable[Case]) -> None:
    """Ordinary matters are found by the telephone of their reporter (again). Not saved. One query."""
    given = [case for case in cases if case.contact_ref is not None]
    raw = events.read_private([case.contact_ref for case in given if case.contact_ref is not None])
    for case in given:
        phone = json.loads(raw.get(case.contact_ref or 0) or "{}").get("phone")
        case.contact_hash = crypto.blind("phone", phone) if phone else None


def settle(now: datetime) -> int:
    """People have changed seats: whoever sits in a named seat since then is kept away from its open items, and an
    item whose seat is no longer above everybody named climbs. Returns how many cases changed."""
    cases = list(Case.objects.filter(state=OPEN, protected__gt="").order_by("pk"))
    naming.load(cases)
    return sum(_settle(case.pk, now) for case in cases if naming.of(case))


def _settle(case_id: int, now: datetime) -> int:
    with db.write():
        case = Case.objects.select_for_update().get(pk=case_id)
        lines = naming.of(case)
        if case.state != OPEN or not lines:
            return 0
        away, directory, moved = naming.persons(lines, now), people.directory(), []
        for item in WorkItem.objects.filter(case_id=case_id, state=OPEN).order_by("number"):
            barred = frozenset(item.barred) | away
            assert item.owner_seat is not None
            handles = item.owner_seat == case.handler_seat and naming.may_handle(item.owner_seat, lines, now)
            seat = item.owner_seat if handles else naming.lifted(item.owner_seat, lines, now)
            seat = directory.effective(seat, now, unlike=barred).seat_id if directory.holders(seat, now) else seat
            if seat == item.owner_seat and barred == frozenset(item.barred):
                continue
            if item.branch == "" and not item.side:
                case.owner_seat = seat
            if seat != item.owner_seat or item.person_id in away:
                item.person_id = None
            item.owner_seat, item.barred = seat, sorted(barred)
            moved.append(item)
        if not moved:
            return 0
        patch: dict[str, Any] = {f"item:{item.number}": item_patch(item) for item in moved}
        act = {"action": "reseated", "stage": case.stage, "item": moved[0].number, "at": now}
        head = events.record(
            f"case:{case_id}",
            "case.reseated",
            actor=people.system("clock"),
            head=events.Head(case.event_seq, bytes(case.event_hash)),
            patch={"owner_seat": case.owner_seat, **patch, "act": act},
        )
        case.event_seq, case.event_hash = head.seq, head.hash
        case.save(update_fields=["owner_seat", "event_seq", "event_hash"])
        for item in moved:
            item.save(update_fields=["owner_seat", "person_id", "barred"])
    return 1
