"""How many live lines one subject may have in a register (`count`), and days of a schedule that cannot be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from . import refusals
from .definitions import Register
from .models import Entry, Subject


def refuse_more(declared: Register, subject_ids: Sequence[int]) -> None:
    """Raises Conflict subject.too_many when new lines of these subjects (locked by the caller) would be too many."""
    count = declared.adds_up.count
    if count is None:
        return
    there = Entry.objects.filter(register=declared.name, until=None, subject_id__in=set(subject_ids))
    found = Counter(there.values_list("subject_id", flat=True)) + Counter(subject_ids)
    for id, lines in sorted(found.items()):
        if lines > count.most:
            label = Subject.objects.values_list("label", flat=True).get(pk=id)
            raise refusals.TOO_MANY(register=declared.said, label=label, most=count.most)


def refuse_fewer(declared: Register, line: Entry) -> None:
    """Raises Conflict subject.too_few when a line ends without a reason and leaves too few (its subject is locked)."""
    count = declared.adds_up.count
    if count is None or not count.least or line.values.get(count.unless):
        return
    others = Entry.objects.filter(register=declared.name, until=None, subject_id=line.subject_id).exclude(pk=line.pk)
    if others.count() < count.least:
        field = declared.form.get(count.unless)
        raise refusals.TOO_FEW(least=count.least, field=field.label if field is not None else count.unless)


def wrong_days(declared: Register, values: Mapping[str, Any]) -> dict[str, Any]:
    """Field errors of a schedule that ends before it begins."""
    schedule = declared.adds_up.schedule
    if schedule is None:
        return {}
    start, end = values.get(schedule.start), values.get(schedule.end)
    if start is not None and end is not None and end <= start:
        return {schedule.end: _("要晚于开始的那天。")}
    return {}
