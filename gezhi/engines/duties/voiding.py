"""What turns out not to have been owed: missed ones after a death or a move that became known later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from gezhi.engines.duties.models import Done
from gezhi.engines.duties.rules import MISSED, VOID
from gezhi.engines.duties.writing import store
from gezhi.foundation import people
from gezhi.foundation.calendar import clock


def gone(left: Mapping[tuple[str, int], date]) -> int:
    """`left`: (rule, subject) -> first day off the list. Missed ones whose window closed after it are void. In a write.

    What was done stays: somebody did go. One query, and one write for each that falls away.
    """
    if not left:
        return 0
    first = min(left.values())
    rows = Done.objects.select_for_update().filter(
        subject_id__in={subject for _rule, subject in left}, state=MISSED, closes__gt=clock.midnight(first)
    )
    count = 0
    for row in rows.order_by("id"):
        day = left.get((row.rule, row.subject_id))
        if day is not None and row.closes > clock.midnight(day):
            row.state, row.raised_to, row.climb_at = VOID, None, None
            store(row, "duty.void", actor=people.system("duties"))
            count += 1
    return count
