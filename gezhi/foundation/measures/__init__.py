"""Measures: named, documented counting rules over the facts that engines register.

    facts("cases", Case.objects.all, {...})          # an engine registers its rows once, at start-up
    measure(["filed", "closed_on_time_rate"], place=7, period=week_of(today))  -> {id: Figure}
    table([...], by="village", place=7, period=...)  -> [Row(group, figures)]
    opened_by(figure.opens)                          -> the rows behind a number

A `Figure` carries value, numerator, denominator, its definition, and `opens`: the filter that yields exactly
the rows that were counted. Rules and worked examples: docs/rules/measures.md.
"""

from gezhi.foundation.measures import cases, duties, sessions
from gezhi.foundation.measures.figures import MERGED, OWN, Figure, Opens, Row, rankable
from gezhi.foundation.measures.marks import Line, Marked, mark
from gezhi.foundation.measures.parts import Cut, Parts
from gezhi.foundation.measures.periods import Period, day_of, month_of, parse_period, quarter_of, week_of
from gezhi.foundation.measures.query import Spread, durations, instant, measure, opened_by, series, spot_time, table
from gezhi.foundation.measures.registry import METRICS, Past, facts, metric, source

__all__ = [
    "MERGED",
    "METRICS",
    "OWN",
    "Cut",
    "Figure",
    "Line",
    "Marked",
    "Opens",
    "Parts",
    "Past",
    "Period",
    "Row",
    "Spread",
    "cases",
    "duties",
    "day_of",
    "durations",
    "facts",
    "instant",
    "mark",
    "measure",
    "metric",
    "month_of",
    "opened_by",
    "parse_period",
    "quarter_of",
    "rankable",
    "series",
    "sessions",
    "source",
    "spot_time",
    "table",
    "week_of",
]
