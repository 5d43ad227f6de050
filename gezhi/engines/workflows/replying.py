"""What another hotline wants back about its matters: unit, result, times, satisfaction, under its own numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from gezhi.engines.workflows import access, guarding, origins, rules
from gezhi.engines.workflows.models import CLOSED, UNDONE, Case
from gezhi.foundation import events, packs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.events.models import Event
from gezhi.foundation.sheets.cells import CHINA
from gezhi.foundation.sheets.targets import Ask

CHUNK = 500
# The last of these words somebody wrote is the result, in the order of what counts more.
RESULTS = ("result", "answer", "advice")


def reply_rows(ask: Ask, since: date, until: date) -> Iterator[dict[str, Any]]:
    """One row for each case of the sender opened on these local days that the asker may see, oldest first."""
    first = rules.first_id(clock.midnight(since))
    last = rules.first_id(clock.midnight(until + timedelta(days=1)))
    directory = places.directory()
    prefix = f"{ask.layout.code}:"
    after = first - 1
    while True:
        # A protected matter is answered by whoever received it, not in a sheet that passes through many hands.
        rows = Case.objects.filter(access.ORDINARY, origin__startswith=prefix, id__gt=after, id__lt=last).exclude(
            outcome=UNDONE
        )
        cases = list(rows.order_by("id")[:CHUNK])
        if not cases:
            return
        after = cases[-1].id
        mine = [case for case in cases if directory.is_within(case.place_id, ask.place_id)]
        if ask.actor.kind == "staff":
            rows_of = ({"id": case.id, **guarding.columns_of(case)} for case in mine)
            seen = {row["id"] for row in access.only_seen(rows_of, ask.actor)}
            mine = [case for case in mine if case.id in seen]
        with override("zh-hans"):  # the sender's sheet is Chinese, whoever asks
            said = _results(mine)
            words = events.read_private([case.text_ref for case in mine])
            for case in mine:
                yield _row(case, said.get(case.id, ""), words.get(case.text_ref))


def _results(cases: Sequence[Case]) -> dict[int, str]:
    """The last result written on each case. Two queries for all."""
    refs: dict[int, list[int]] = {}
    streams = [f"case:{case.id}" for case in cases]
    for event in Event.objects.filter(stream__in=streams, seq__gt=1).order_by("stream", "seq"):
        patch = json.loads(event.patch) if isinstance(event.patch, str) else event.patch
        said = patch.get("act", {}).get("said")
        if said:
            refs.setdefault(int(event.stream.partition(":")[2]), []).append(said["private"])
    texts = events.read_private([ref for found in refs.values() for ref in found])
    results: dict[int, str] = {}
    for case_id, found in refs.items():
        for ref in reversed(found):
            words = json.loads(texts[ref] or "{}")
            result = next((words[name] for name in RESULTS if words.get(name)), None)
            if result:
                results[case_id] = str(result)
                break
    return results


def _row(case: Case, result: str, words: str | None) -> dict[str, Any]:
    seats = people.directory().seats
    seat = seats.get(case.handler_seat or case.owner_seat or 0)
    category = packs.registry().categories.get(case.category)
    done = case.handled_at or case.closed_at
    return {
        "number": origins.number_of(case.origin),
        "case_number": case.number,
        "text": json.loads(words)["text"] if words else _("（内容已依法删除）"),
        "unit": (seat.organisation_name or seat.label) if seat else "",
        "place": places.directory().label(case.place_id),
        "category": category.label if category else "",
        "received": _when(case.opened_at),
        "accepted": _when(case.accepted_at),
        "deadline": _when(case.due_at),
        "handled": _when(done),
        "closed": _when(case.closed_at),
        "state": _("已办结") if case.state == CLOSED else _("已办，待回访") if case.handled_at else _("办理中"),
        "in_time": "" if done is None else _("按期") if done <= case.due_at else _("超期"),
        "result": result,
        "solved": _SOLVED[case.solved]() if case.solved in _SOLVED else "",
        "satisfied": _SATISFIED[case.rating]() if case.rating in _SATISFIED else "",
        "returns": case.returns,
    }


_SOLVED = {
    "yes": lambda: _("解决了"),
    "partly": lambda: _("部分解决"),
    "no": lambda: _("没解决"),
    "unreachable": lambda: _("没联系上"),
}
_SATISFIED = {
    "very": lambda: _("满意"),
    "fairly": lambda: _("基本满意"),
    "so_so": lambda: _("一般"),
    "no": lambda: _("不满意"),
}


def _when(moment: datetime | None) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") if moment else ""
