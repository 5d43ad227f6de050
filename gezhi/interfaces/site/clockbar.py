"""The clock bar 时条 as drawn and as said. The shares come from `workflows.rules.clock_bar`; here is only the drawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from gezhi.engines.workflows.rules import Bar, Segment
from gezhi.foundation import people

from . import words

GAP = 0.35  # per cent between two pieces, so that two grey seats remain two


@dataclass(frozen=True)
class Piece:
    """One drawn rectangle: `x` and `width` in per cent of the bar, `kind` = its class, `words` = its title."""

    x: float
    width: float
    kind: str
    words: str


def seat_label(seat_id: int | None) -> str:
    """The name of a seat from the directory in memory; the resident's own time has no seat."""
    return _("等居民") if seat_id is None else people.directory().seat(seat_id).label


def pieces(bar: Bar, label: Callable[[int | None], str] = seat_label) -> list[Piece]:
    """What is drawn, left to right."""
    drawn, x = [], 0.0
    late = any(segment.hue == "overdue" for segment in bar.segments)
    for segment in bar.segments:
        width = segment.share * 100
        # Once late, the warning is history: what lay before the promise was simply in time.
        hue = "running" if late and segment.hue == "soon" else segment.hue
        drawn.append(Piece(round(x, 2), round(max(width - GAP, 0.3), 2), hue, _said(segment, label)))
        x += width
    return drawn


def _said(segment: Segment, label: Callable[[int | None], str]) -> str:
    length = words.span(timedelta(seconds=segment.seconds))
    if segment.hue == "left":
        return _("还剩 %(span)s") % {"span": length}
    return _("%(seat)s %(span)s") % {"seat": label(segment.seat_id), "span": length}


def said(bar: Bar, now: datetime, label: Callable[[int | None], str] = seat_label) -> str:
    """The bar in one sentence, for readers and for paper."""
    late = timedelta(seconds=sum(s.seconds for s in bar.segments if s.hue == "overdue"))
    closed = any(s.hue == "done" for s in bar.segments) and not any(s.hue == "left" for s in bar.segments)
    if closed:
        ending = _("晚了 %(span)s办好") % {"span": words.span(late)} if late else _("按时办好")
    else:
        ending = words.left(bar.due_at, now)
    spent: dict[int | None, int] = {}
    for segment in bar.segments:
        if segment.hue != "left":
            spent[segment.seat_id] = spent.get(segment.seat_id, 0) + segment.seconds
    shares = _("，").join(
        _("%(seat)s %(span)s") % {"seat": label(seat), "span": words.span(timedelta(seconds=seconds))}
        for seat, seconds in spent.items()
    )
    facts = {"before": words.before(bar.due_at, now), "ending": ending, "spent": shares or _("还没有人用时间")}
    return _("答应%(before)s办好。%(ending)s。用时：%(spent)s。") % facts
