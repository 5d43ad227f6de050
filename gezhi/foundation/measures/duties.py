"""The counting rules over duties: what fell due in a period (its window closed then) and what became of it.

due = done + missed + waived; a window that is still open belongs to no finished period yet.
"""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gezhi.foundation.measures.parts import Columns, Cut, Parts
from gezhi.foundation.measures.registry import metric

DUE = ("done", "missed", "waived")


def _state(c: Columns, t: Cut, *states: str) -> Q:
    # A window that closes at midnight belongs to the day it ends, not to the one that begins.
    return Q(**{f"{c.closes}__gt": t.since, f"{c.closes}__lte": t.end, f"{c.state}__in": states})


@metric(
    "duties_due",
    _("应做次数"),
    "count",
    _("期内到期的：做了的、没做到的和免做的加在一起"),
    source="duties",
    counts="times",
)
def due(c, w, t):
    """应做: the window closed in the period."""
    return Parts(_state(c, t, *DUE))


@metric(
    "duties_done",
    _("做了的次数"),
    "count",
    _("期内到期、做了的，补做的也算"),
    source="duties",
    counts="times",
    better="more",
)
def done(c, w, t):
    """做了: done, late ones too."""
    return Parts(_state(c, t, "done"))


@metric(
    "duties_missed",
    _("没做到的次数"),
    "count",
    _("期内到期、到现在还没有做的"),
    source="duties",
    counts="times",
    better="less",
)
def missed(c, w, t):
    """没做到: the window closed and nothing is recorded."""
    return Parts(_state(c, t, "missed"))


@metric("duties_waived", _("免做次数"), "count", _("期内到期、上级按理由免做的"), source="duties", counts="times")
def waived(c, w, t):
    """免做: waived on one of the rule's grounds."""
    return Parts(_state(c, t, "waived"))


@metric(
    "duties_in_time_rate",
    _("按时率"),
    "rate",
    _("窗口关闭前做了的 ÷（应做的 − 免做的）"),
    source="duties",
    better="more",
)
def in_time(c, w, t):
    """按时率: done before the window closed, of what was owed and not waived."""
    return Parts(_state(c, t, "done") & Q(**{c.late: False}), _state(c, t, "done", "missed"))
