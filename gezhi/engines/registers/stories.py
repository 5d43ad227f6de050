"""What registers add to timelines besides their lines: who was tied to whom, and how a place's registers grew and shrank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from gezhi.foundation.packs import localised
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects import access, definitions, timeline
from gezhi.foundation.subjects.models import UNDONE, Entry, Relation, Subject
from gezhi.foundation.subjects.timeline import Line


@timeline.source("relations")
def ties(subject_ids: Sequence[int], actor: Actor, limit: int) -> Iterable[Line]:
    """When a relation began and ended, where both sides are the actor's to see. Two queries."""
    about = set(subject_ids)
    rows = Relation.objects.filter(Q(one_id__in=about) | Q(other_id__in=about)).exclude(end_reason=UNDONE)
    known = [tie for tie in rows.order_by("-since", "-pk")[:limit] if access.relation_seen(actor, tie)]
    sides = Subject.objects.in_bulk({id for tie in known for id in (tie.one_id, tie.other_id)})
    for tie in known:
        declared = definitions.relation_kind(tie.kind)
        mine = tie.one_id in about
        other = sides[tie.other_id if mine else tie.one_id]
        if not access.may(actor, other):
            continue
        title = localised(declared.other_title if mine else declared.one_title) or declared.said
        opens = ("subject", other.pk)
        yield Line(tie.since, "relations", title, other.label, None, opens, None, f"{tie.pk}:1")
        if tie.until is not None:
            ended = _("不再是{title}").format(title=title)
            yield Line(tie.until, "relations", ended, other.label, None, opens, None, f"{tie.pk}:2")


@timeline.place_source("registers")
def of_place(place_id: int, actor: Actor, since: date, until: date, limit: int) -> Iterable[Line]:
    """One line a day and register: so many entered, so many ended. Two queries over the registers the actor may open."""
    known = {declared.name: declared for declared in access.readable(actor)}
    reach = Q(pk__in=())
    for declared in known.values():
        reach |= Q(register=declared.name) & access.within(access.scopes(actor, declared))
    rows = Entry.objects.filter(reach, access.lying(place_id)).exclude(end_reason=UNDONE)
    found: dict[tuple[date, str], list[int]] = {}
    for at, column in enumerate(("since", "until")):
        counted = rows.filter(**{f"{column}__gte": since, f"{column}__lt": until}).values_list(column, "register")
        for day, register, n in counted.annotate(n=Count("pk")).order_by():
            found.setdefault((day, register), [0, 0])[at] = n
    for (day, register), (begun, ended) in found.items():
        said = [_("登记 {n}").format(n=begun)] if begun else []
        said += [_("结束 {n}").format(n=ended)] if ended else []
        opens = ("register", (register, day))
        yield Line(day, "registers", known[register].said, "，".join(said), None, opens, None, register)
