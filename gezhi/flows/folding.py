"""The action `fold`: unread lines about reports that were merged become one line about the case that goes on. {notice: name}"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import notices
from gezhi.foundation.notices.templates import SHARED
from gezhi.foundation.packs import Context

from .catalogue import ActionKind, Match, offer
from .notify import words_of
from .occurrences import Occurrence


def register() -> None:
    """Offer the action to the catalogue."""
    offer(ActionKind("fold", read, do))


def read(node: Any, when: str, context: Context) -> dict[str, Any]:
    """{"notice": name}: a notice to staff; only a merge folds anything."""
    if not context.keys(node, required=("notice",)):
        return {}
    notice = context.text(node, "notice", "", max=40)
    readers = context.shared.get(SHARED, {})
    if when != "case.merged":
        context.problem(node, "notice", "flow.fold", _("只有“case.merged”（并件）能合并提醒。"))
    elif notice not in readers:
        context.problem(node, "notice", "flow.notice", _("没有提醒“{name}”。"), name=notice)
    elif readers[notice] != "staff":
        context.problem(node, "notice", "flow.reader", _("“{name}”这条提醒不是写给这些人的。"), name=notice)
    return {"notice": notice}


def do(matches: Sequence[Match]) -> None:
    """Fold what was merged: five statements and those of one `post`, however many reports and readers."""
    by_report = {f"case:{m.occurrence.case.pk}": m for m in matches if m.occurrence.case.merged_into is not None}
    lines = notices.unread_about(by_report)
    if not lines:
        return
    mains = Case.objects.in_bulk({m.occurrence.case.merged_into for m in by_report.values()})
    told: set[tuple[str, int]] = set()
    for notice in {m.given["notice"] for m in by_report.values()}:
        told |= notices.told_already(notice, [f"case:{id}" for id in mains])
    drafts: list[notices.Draft] = []
    for stream, person, seat in sorted(lines, key=lambda line: line[:2]):
        match = by_report[stream]
        main = mains.get(match.occurrence.case.merged_into or 0)
        if main is None or (f"case:{main.pk}", person) in told:
            continue
        told.add((f"case:{main.pk}", person))
        what = Occurrence("case.merged", match.occurrence.event, main, definition(main.workflow, main.version)[0])
        drafts.append(
            notices.Draft(
                key=match.key, template=match.given["notice"], stream=f"case:{main.pk}", persons=(person,), seat=seat,
                words=words_of(what, seat, f"/desk/cases/{main.pk}"), urgent=bool(main.urgent), at=match.occurrence.event.at,
            )
        )  # fmt: skip
    notices.put_away(by_report)
    notices.post(drafts)
