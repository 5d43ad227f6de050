"""Tags of desk pages: figures that open, and small words the shared library does not have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from gezhi.foundation.measures import Figure
from gezhi.interfaces.desk.fields import limit_words, titled
from gezhi.interfaces.site.templatetags.gezhi import clock

register = template.Library()


@register.simple_tag
def figure(figure: Figure | None, css: str = "") -> SafeString | str:
    """`{% figure f %}`: a number as a link to exactly the cases it counted; the side sheet says its definition.

    无数据 and zero are plain words: there is nothing to open.
    """
    if figure is None:
        return ""
    if figure.value is None or figure.opens is None or not figure.numerator:
        return format_html('<span class="figure-none">{}</span>', figure.text)
    query = figure.opens.query()
    return format_html(
        '<a class="number {}" href="{}?{}" hx-get="{}?{}" hx-target="#drawer" title="{}">{}</a>',
        css,
        reverse("desk:cases"),
        query,
        reverse("desk:figure"),
        query,
        figure.definition,
        figure.text,
    )


@register.simple_tag
def bare(figure: Figure | None) -> Any:
    """The value of a figure for arithmetic in a template: 0 where there is no data."""
    return 0 if figure is None or figure.value is None else figure.value


@register.filter
def may_anywhere(actor: Any, power: str) -> bool:
    """`{% if actor|may_anywhere:"case.see" %}`: whether there is a place at which the actor has the power."""
    return bool(actor.places(power))


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """`{{ row.figures|item:"late" }}`: a value of a mapping, or nothing."""
    return mapping.get(key) if mapping else None


@register.filter
def cut_words(text: str) -> list[str]:
    """`{% for id in "open closed"|cut_words %}`: the words of a text."""
    return text.split()


@register.filter
def percent(share: float) -> int:
    """A share 0..1 as a whole per cent, for the width of a bar."""
    return round(100 * (share or 0))


@register.simple_tag
def stand(row: Any, now: datetime, words: str = "full") -> SafeString:
    """`{% stand row now "short" %}`: how a row of a list stands (a queries.Row): pie, words, hue."""
    item = row.item
    return clock(
        {"clock_state": row.clock, "due_at": row.due_at, "opened_at": item.opened_at if item else row.case.opened_at},
        now,
        words,
    )


@register.filter
def said(title: Any) -> str:
    """A {zh, en} title in the reader's language."""
    return titled(title)


@register.filter
def limit_said(text: str) -> str:
    """`3 work_day` in words."""
    return limit_words(text)


_LEVELS = {
    "province": _("省级"),
    "city": _("市级"),
    "county": _("县级"),
    "town": _("乡镇街道"),
    "village": _("村社区"),
    "grid1": _("网格"),
    "grid2": _("二级网格"),
    "grid3": _("三级网格"),
    "building": _("楼栋"),
}


@register.filter
def level_name(kind: str) -> str:
    """`{{ "town"|level_name }}`: 乡镇街道."""
    return str(_LEVELS.get(kind, kind))


@register.filter
def sum_of(value: Any) -> str:
    """A sum with thousands apart, and cents only when there are any: 26,666.66; 100,000."""
    whole = f"{value:,.2f}"
    return whole.removesuffix(".00") if whole.endswith(".00") else whole.rstrip("0")
