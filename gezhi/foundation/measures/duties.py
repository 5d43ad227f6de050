"""The counting rules over duties: what fell due in a period (its window closed then) and what became of it.

due = done + missed + waived + open; open are those whose window closed and that nothing was said of yet. A window that still
runs belongs to the period in which it closes.
"""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gezhi.foundation.measures.parts import Columns, Cut, Parts
from gezhi.foundation.measures.registry import metric

DUE = ("done", "missed", "waived", "open")


def _state(c: Columns, t: Cut, *states: str) -> Q:
    # A window that closes at midnight belongs to the day it ends, not to the one that begins.
    return Q(**{f"{c.closes}__gt": t.since, f"{c.closes}__lte": t.end, f"{c.state}__in": states})


@metric(
    "duties_due",
    _("应做次数"),
    "count",
    _("期内到期的：做了的、没做到的、免做的和还没有记的加在一起"),
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


@metric(
    "duties_open",
    _("还没有记的次数"),
    "count",
    _("期内到期、还没有记成做了或没做到的"),
    source="duties",
    counts="times",
)
def still_open(c, w, t):
    """还没有记: the window closed and the record was taken back."""
    return Parts(_state(c, t, "open"))


@metric(
    "duties_late",
    _("补做的次数"),
    "count",
    _("期内到期、窗口关闭以后才做的"),
    source="duties",
    counts="times",
    better="less",
)
def late(c, w, t):
    """补做: done, but after its window had closed."""
    return Parts(_state(c, t, "done") & Q(**{c.late: True}))


@metric(
    "duties_cases",
    _("发现问题报成案的"),
    "count",
    _("期内到期、做的时候发现有事并报成了案的次数"),
    source="duties",
    counts="times",
)
def cases(c, w, t):
    """报成案: what was found there became a case."""
    return Parts(_state(c, t, "done") & Q(**{f"{c.case}__isnull": False}))


@metric(
    "duties_persons",
    _("看望到的"),
    "count",
    _("期内到期并且做了的，涉及多少个不同的对象；看几次都只算一个"),
    source="duties",
    counts="persons",
    needs=("subject",),
    rows="duties_done",
)
def persons(c, w, t):
    """看望到的: different subjects that were visited."""
    return Parts(_state(c, t, "done"), distinct=c.subject)
