"""Tags of desk pages: figures that open, and small words the shared library does not have."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gezhi.foundation.measures import Figure

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
        css, reverse("desk:cases"), query, reverse("desk:figure"), query, figure.definition, figure.text,
    )


@register.simple_tag
def bare(figure: Figure | None) -> Any:
    """The value of a figure for arithmetic in a template: 0 where there is no data."""
    return 0 if figure is None or figure.value is None else figure.value


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """`{{ row.figures|item:"late" }}`: a value of a mapping, or nothing."""
    return mapping.get(key) if mapping else None


@register.filter
def percent(share: float) -> int:
    """A share 0..1 as a whole per cent, for the width of a bar."""
    return round(100 * (share or 0))
