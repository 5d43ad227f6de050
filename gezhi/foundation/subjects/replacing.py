"""Grids or divisions changed: subjects, their lines and relations go with the ground they stand on, by event.

A hook of places.effects, where open cases follow as well. What was counted in the old place until then stays readable as
of those days, because a line that moves leaves a span behind. docs/rules/places.md
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q

from gezhi.foundation import db
from gezhi.foundation.people.succeeding import CASES_FOLLOW
from gezhi.foundation.places.effects import Effect, on_effect
from gezhi.foundation.places.placed import PATH
from gezhi.foundation.places.successions import successor

from . import access
from .changing import Change, changing
from .lines import replace_lines
from .models import Entry, Relation, Subject
from .rows import change_rows

BATCH = 200
_STAYING = frozenset({"rename", "recode"})


def register() -> None:
    """Called once when Django starts."""
    on_effect(follow, order=CASES_FOLLOW + 1)


def follow(effect: Effect, actor: Any) -> int:
    """Bring every live subject touched by a change to where it lies now; returns how many moved. Repeatable."""
    if effect.kind in _STAYING:
        return 0
    here = sorted({*effect.olds, *effect.moved})
    moved = last = 0
    inside = Q(town_id__in=here) | Q(village_id__in=here) | Q(grid_id__in=here) | Q(place_id__in=here)
    wanted = Subject.objects.filter(inside, ended="")
    while ids := list(wanted.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with db.write():
            moved += _follow(ids, effect.on, actor)
        last = ids[-1]
    return moved


def _follow(ids: Iterable[int], on: date, actor: Any) -> int:
    with changing() as told:
        rows = list(Subject.objects.select_for_update().filter(pk__in=ids, ended="").order_by("pk"))
        paths = {id: access.path_of(successor(id, on=on)) for id in {row.place_id for row in rows}}
        rows = [row for row in rows if any(getattr(row, c) != paths[row.place_id][c] for c in PATH)]
        new = {row.pk: paths[row.place_id] for row in rows}
        if not new:
            return 0
        lines = list(Entry.objects.select_for_update().filter(subject_id__in=new, until=None).order_by("pk"))
        ties = list(Relation.objects.select_for_update().filter(one_id__in=new, until=None).order_by("pk"))
        change_rows([(row, new[row.pk]) for row in rows], "subject.moved", actor=actor, extra={"on": on})
        replace_lines([(line, new[line.subject_id]) for line in lines], actor=actor, on=on)
        change_rows([(tie, new[tie.one_id]) for tie in ties], "relation.moved", actor=actor, extra={"on": on})
        told += [Change(row.pk, None, None, on) for row in rows]
        told += [Change(line.subject_id, line.pk, line.register, on) for line in lines]
    return len(new)
