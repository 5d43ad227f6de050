"""The tags of every Gezhi page (a builtin library: no {% load %} needed). See docs/pages.md and /patterns.

Times: `when before ago span left`. The clock: `clock clockbar`. Figures: `number`. Forms: `field`.
Assets: `asset icon`. All output is escaped; none of these tags queries the database.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from gezhi.engines.workflows import access
from gezhi.engines.workflows.rules import Bar
from gezhi.foundation.calendar import clock as civil

from .. import words
from ..clockbar import pieces, said, seat_label
from ..clocks import CLOCK_WORDS, face
from ..fields import picture

register = template.Library()


@register.filter
def seen_by(case: Any, actor: Any) -> bool:
    """`{% if task.case|seen_by:actor %}`: whether a link to the case would open. Work passed on is out of sight."""
    return access.sees(case, actor)


@lru_cache(maxsize=256)
def _versioned(path: str) -> str:
    """The address of a static file with a short hash of its content, so that an upgrade is seen at once."""
    found = finders.find(path)
    if found is None:
        raise template.TemplateSyntaxError(f"no static file {path}")
    digest = hashlib.sha256(Path(found).read_bytes()).hexdigest()[:10]
    return f"{static(path)}?v={digest}"


@register.simple_tag
def asset(path: str) -> str:
    """`{% asset "gezhi/css/base.css" %}`: address of a static file, versioned by content."""
    return _versioned(path)


#: The shared components, one file each; a face adds its own in `{% block styles %}`.
COMPONENTS = (
    "page", "sheet", "button", "field", "clock", "clockbar", "note", "photo", "number", "disclosure", "plate", "steps",
    "today", "code", "bell",
)  # fmt: skip


@register.simple_tag
def component_styles() -> SafeString:
    """The <link>s of the shared components."""
    return format_html_join(
        "\n",
        '<link rel="stylesheet" href="{}">',
        ((_versioned(f"gezhi/css/components/{name}.css"),) for name in COMPONENTS),
    )


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """`{% icon "camera" %}`: an icon of the sprite; decorative unless a label is given."""
    href = f"{_versioned('gezhi/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


def _time(moment: datetime, text: str, exact: str = "") -> SafeString:
    title = exact or words.exact(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), title, text)


@register.simple_tag
def when(moment: datetime | None, now: datetime | None = None) -> str:
    """`{% when case.opened_at %}`: 今天 15:00. None gives nothing."""
    return "" if moment is None else _time(moment, words.when(moment, now or civil.now()))


@register.simple_tag
def day(moment: datetime | None, now: datetime | None = None) -> str:
    """`{% day now %}`: 11 月 18 日 周三."""
    return "" if moment is None else _time(moment, words.full_date(moment, now or civil.now(), weekday=True))


@register.simple_tag
def before(moment: datetime | None, now: datetime | None = None) -> str:
    """`{% before case.due_at %}`: 明天 18:00 前."""
    return "" if moment is None else _time(moment, words.before(moment, now or civil.now()), words.exact_end(moment))


@register.simple_tag
def until(moment: datetime | None, now: datetime | None = None) -> str:
    """`{% until term.until %}`: 今天 24:00, where `when` would say 明天 00:00."""
    return "" if moment is None else _time(moment, words.until(moment, now or civil.now()), words.exact_end(moment))


@register.simple_tag
def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """`{% ago event.at %}`: 20 分钟前, 昨天 10:20."""
    return "" if moment is None else _time(moment, words.ago(moment, now or civil.now()))


@register.simple_tag
def span(length: timedelta | None) -> str:
    """`{% span figure %}`: 2 天 3 小时."""
    return "" if length is None else format_html('<span class="nb">{}</span>', words.span(length))


@register.simple_tag
def left(due: datetime | None, now: datetime | None = None) -> str:
    """`{% left item.due_at %}`: 还剩 3 小时, 超时 2 天 3 小时."""
    return "" if due is None else _time(due, words.left(due, now or civil.now()), words.exact_end(due))


def _pie(state: str, used: float) -> SafeString:
    """20×20: a ring that fills clockwise with the share of time used; special faces for late, done, parked."""
    if state == "overdue":
        inner = (
            '<circle cx="10" cy="10" r="9" fill="currentColor"/>'
            '<path d="M10 5.2v5.6M10 14.2v.2" stroke="#fff" stroke-width="2.2" stroke-linecap="round"/>'
        )
    elif state == "done":
        inner = (
            '<circle cx="10" cy="10" r="9" fill="currentColor"/><path d="m6 10.3 2.8 2.8 5.3-5.8" stroke="#fff"'
            ' stroke-width="2" stroke-linecap="round" stroke-linejoin="round" fill="none"/>'
        )
    else:
        ring = '<circle cx="10" cy="10" r="8" fill="none" stroke="currentColor" stroke-width="2"/>'
        if state == "parked":
            inner = ring + '<path d="M8 7v6M12 7v6" stroke="currentColor" stroke-width="2" stroke-linecap="round"/>'
        elif state == "waiting":
            inner = ring
        else:
            # Never quite empty and never quite full: both would read as another state.
            share = min(0.94, max(0.08, used))
            angle = 2 * math.pi * share
            x, y = 10 + 5.4 * math.sin(angle), 10 - 5.4 * math.cos(angle)
            large = int(share > 0.5)
            inner = ring + f'<path d="M10 10V4.6A5.4 5.4 0 {large} 1 {x:.2f} {y:.2f}z" fill="currentColor"/>'
    return SafeString(f'<svg class="pie" viewBox="0 0 20 20" aria-hidden="true">{inner}</svg>')


@register.simple_tag
def clock(item: Any, now: datetime | None = None, words_as: str = "full") -> SafeString:
    """`{% clock item now %}`: pie, word and hue of a work item or case.

    `item` has `opened_at, due_at, warn_at, done_at, state` (or a ready `clock_state`). `words_as`: "full" (还剩 3 小时),
    "short" (largest unit only), "state" (快到点), "none" (pie with a label for readers).
    """
    view = face(item, now or civil.now())
    pie = _pie(view.state, view.used)
    if words_as == "none":
        return format_html(
            '<span class="clock {}" title="{}">{}<span class="visually-hidden">{}</span></span>',
            view.state,
            view.title,
            pie,
            view.full,
        )
    said = {"full": view.full, "short": view.short, "state": str(CLOCK_WORDS[view.state])}[words_as]
    return format_html('<span class="clock strong {}" title="{}">{}{}</span>', view.state, view.title, pie, said)


@register.simple_tag
def pie(state: str, used: float = 0.25) -> SafeString:
    """`{% pie "done" %}`: the bare face of a clock, where words stand beside it anyway."""
    return format_html('<span class="clock {}">{}</span>', state, _pie(state, used))


@register.simple_tag
def facade(door: int = 0, doors: int = 3, floors: int = 6) -> SafeString:
    """`{% facade 2 3 %}`: the front of a building with `doors` entrances; number `door` is lit, -1 = all, 0 = none."""
    doors, floors = min(max(doors, 1), 4), min(max(floors, 3), 6)
    wide = 120 / doors
    parts = ['<path d="M6 90V12h120v78M3 12h126" fill="none" stroke="#fff" stroke-opacity=".6" stroke-width="1.5"/>']
    for number in range(1, doors + 1):
        middle, lit = 6 + wide * (number - 0.5), door in (number, -1)
        lamp, glow = ("var(--lamp)", 1.0) if lit else ("#fff", 0.2)
        if number > 1:
            x = 6 + wide * (number - 1)
            parts.append(f'<path d="M{x:.1f} 12v78" stroke="#fff" stroke-opacity=".25"/>')
        for floor in range(floors):
            y = 18 + floor * 12
            for shift in (-15, 8):
                parts.append(f'<rect x="{middle + shift:.1f}" y="{y}" width="7" height="6" fill="#fff" opacity=".2"/>')
            if lit and door > 0 and floor < floors - 1:
                parts.append(f'<rect x="{middle - 3:.1f}" y="{y}" width="6" height="7" fill="{lamp}"/>')
        parts.append(
            f'<rect x="{middle - 5:.1f}" y="78" width="10" height="12" fill="{lamp}" opacity="{max(glow, 0.3)}"/>'
        )
    label = _("楼的正面")
    if door:
        label = _("楼的正面，门口亮着灯") if door < 0 else _("楼的正面，%(n)d 单元亮着灯") % {"n": door}
    return format_html(
        '<svg class="facade" viewBox="0 0 132 90" role="img" aria-label="{}">{}</svg>',
        label,
        SafeString("".join(parts)),
    )


@register.simple_tag
def clockbar(
    bar: Bar | None, now: datetime | None = None, legend: str = "", label: Callable[[int | None], str] = seat_label
) -> str:
    """`{% clockbar bar now "words" %}`: the 时条 of a `rules.Bar`; with "words" its ends are written below it.

    `label` names a seat by its id; by default the directory in memory does.
    """
    if bar is None:
        return ""
    now = now or civil.now()
    rects = format_html_join(
        "",
        '<rect class="{}" x="{}%" y="3" width="{}%" height="8" rx="1"><title>{}</title></rect>',
        ((p.kind, p.x, p.width, p.words) for p in pieces(bar, label)),
    )
    tick = round(bar.tick * 100, 2)
    warn: str = ""
    if bar.warn is not None and bar.warn < bar.tick:
        warn = format_html('<line class="warn" x1="{0}%" x2="{0}%" y1="11" y2="14"/>', round(bar.warn * 100, 2))
    svg = format_html(
        '<svg class="clockbar" role="img" aria-label="{0}">{1}{2}<line class="tick" x1="{3}%" x2="{3}%" y1="0" y2="14"/>'
        "</svg>",
        said(bar, now, label), rects, warn, tick,
    )  # fmt: skip
    if legend != "words":
        return svg
    return svg + format_html(
        '<p class="clockbar-words"><span>{}</span><span>{}</span></p>',
        _time(bar.opened_at, words.when(bar.opened_at, now)),
        _time(bar.due_at, words.before(bar.due_at, now)),
    )


@register.simple_tag
def number(value: Any, url: str = "", definition: str = "") -> SafeString:
    """`{% number 12 url "按期结案数 ÷ 应结案数" %}`: a figure that opens to its rows."""
    shown = _("无数据") if value is None else value
    if not url:
        return format_html('<b class="number" title="{}">{}</b>', definition, shown)
    return format_html('<a class="number" href="{}" title="{}">{}</a>', url, definition, shown)


@register.simple_tag(takes_context=True)
def field(
    context: dict[str, Any],
    spec: Any,
    value: Any = None,
    error: str = "",
    prefix: str = "",
    groups: Any = (),
    when: str = "",
) -> str:
    """`{% field spec value error %}`: one field of a `foundation.forms.Form`, with its error below it.

    `spec` is a form field or a mapping (site/fields.py); `value` what was typed; `error` the sentence from `clean`;
    `groups` a grouped list of choices; `when` the answers for which it is asked.
    """
    drawn = picture(spec, value, error, prefix, groups, when)
    return render_to_string("gezhi/field.html", {"f": drawn}, context.get("request"))


@register.simple_tag
def send_words() -> SafeString:
    """`<form … {% send_words %}>`: sent by js/send.js, kept in the phone without a signal; the words it then says."""
    return format_html(
        'data-send data-once data-no-signal="{}" data-kept-next="{}" data-no-room="{}" data-cannot-keep="{}"'
        ' data-cannot-draft="{}" data-draft-no-room="{}"',
        _("没有信号，先存在手机里了"),
        _("有信号就自己送出去。请不要清除浏览器的数据。"),
        _("手机里存不下照片，只存了文字"),
        _("没有信号，手机里也存不下。请留着这一页，有信号再按一次。"),
        _("这部手机现在存不下草稿，请写完就交，先别关这一页。"),
        _("照片太大，草稿里只存了文字。"),
    )


@register.simple_tag(takes_context=True)
def html_class(context: dict[str, Any], face_name: str = "") -> str:
    """Classes of <html>: the face (`phone` or nothing) and `large` when this reader asked for large type."""
    request = context.get("request")
    large = request is not None and request.COOKIES.get("large") == "1"
    return " ".join(c for c in (face_name, "large" if large else "", "no-js") if c)


@register.simple_tag(takes_context=True)
def is_large(context: dict[str, Any]) -> bool:
    """Did this reader ask for large type?"""
    request = context.get("request")
    return request is not None and request.COOKIES.get("large") == "1"


@register.filter
def spaced_code(code: str) -> str:
    """A resident's code in groups of four, easier to read aloud and to copy by hand."""
    bare = code.replace("-", "").replace(" ", "")
    return " ".join(bare[i : i + 4] for i in range(0, len(bare), 4))
