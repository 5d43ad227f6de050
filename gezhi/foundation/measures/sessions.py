"""The counting rules over sessions and those who were there. docs/rules/activities.md

场次, 人次 and 人 are three metrics that never mix: persons are counted by name and once, person-times as often as they
came, and heads counted at the door are in person-times alone.
"""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gezhi.foundation.measures.parts import Columns, Cut, Parts
from gezhi.foundation.measures.registry import metric


@metric(
    "sessions", _("场次"), "count", _("期内开始、登记过到场的场次；取消的不算"), source="sessions", happens="opened"
)
def sessions(c: Columns, w, t: Cut) -> Parts:
    """Sessions that began in the period and were held."""
    return Parts(t.holds(c.opened))


@metric(
    "person_times", _("人次"), "count", _("期内各场到场人次之和：按姓名登记的和现场数的都算，来几场算几次"), source="sessions",
    counts="times",
)  # fmt: skip
def person_times(c: Columns, w, t: Cut) -> Parts:
    """How often anybody came: the sum over sessions, opened to those sessions."""
    return Parts(t.holds(c.opened) & Q(**{f"{c.person_times}__gt": 0}), total=c.person_times)


@metric(
    "heads", _("现场数的人次"), "count", _("期内没有登记姓名、现场数出来的人次；只进人次，不进人数"), source="sessions",
    counts="times",
)  # fmt: skip
def heads(c: Columns, w, t: Cut) -> Parts:
    """Person-times without a name."""
    return Parts(t.holds(c.opened) & Q(**{f"{c.heads}__gt": 0}), total=c.heads)


@metric(
    "persons", _("人数"), "count", _("期内按姓名登记到场的人，来几场都只算一人"), source="attendances", counts="persons",
    needs=("person",),
)  # fmt: skip
def persons(c: Columns, w, t: Cut) -> Parts:
    """Different persons by name."""
    return Parts(t.holds(c.opened), distinct=c.person)


@metric(
    "named_times", _("登记姓名的人次"), "count", _("期内按姓名登记到场的人次"), source="attendances", counts="times"
)
def named_times(c: Columns, w, t: Cut) -> Parts:
    """Person-times with a name: never fewer than persons."""
    return Parts(t.holds(c.opened))
