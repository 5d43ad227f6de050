"""Maps drawn by ourselves: outlines from the places room, shaded by load, lateness as a number, cases as points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from gezhi.engines.workflows.models import Case
from gezhi.foundation import places
from gezhi.foundation.places.maps import map_view


@dataclass(frozen=True)
class Load:
    """What a place carries: `open` cases, `late` among them, and where a click leads."""

    open: int
    late: int
    url: str


def shade(count: int, most: int) -> int:
    """0 for nothing, else one of four shades in proportion to the busiest."""
    return 0 if not count else 1 + min(3, 4 * count // (most + 1))


def load_map(
    place_id: int,
    loads: Mapping[int, Load],
    points: Sequence[tuple[float, float, str, str, str]] = (),
    layer: str = "governance",
) -> SafeString | str:
    """The children of a place shaded by open cases; `points` are (lon, lat, clock state, url, title)."""
    view = map_view(place_id, layer)
    if not view.shapes:
        return ""
    directory = places.directory()
    most = max((load.open for load in loads.values()), default=0)
    parts: list[SafeString] = []
    few = len(view.shapes) <= 40
    for shape in view.shapes:
        load = loads.get(shape.place_id, Load(0, 0, ""))
        name = places.short_name(directory.get(shape.place_id).name)
        words = _("{place}：在办 {open} 件，超期 {late} 件").format(place=name, open=load.open, late=load.late)
        outline = format_html(
            '<path class="shape load-{}" d="{}"><title>{}</title></path>', shade(load.open, most), shape.path, words
        )
        parts.append(
            format_html('<a href="{}" aria-label="{}">{}</a>', load.url, words, outline) if load.url else outline
        )
    for shape in view.shapes:
        load = loads.get(shape.place_id, Load(0, 0, ""))
        x, y = shape.centroid
        if few:
            name = places.short_name(directory.get(shape.place_id).name)
            parts.append(format_html('<text x="{}" y="{}" font-size="17" pointer-events="none">{}</text>', x, y, name))
        if load.open:
            parts.append(
                format_html(
                    '<text x="{}" y="{}" font-size="18" font-weight="700" pointer-events="none">{}</text>',
                    x - (14 if load.late else 0),
                    y + 22,
                    load.open,
                )
            )
        if load.late:
            parts.append(
                format_html(
                    '<rect class="late-mark" x="{}" y="{}" width="26" height="22" pointer-events="none"/>'
                    '<text class="late-number" x="{}" y="{}" font-size="16" pointer-events="none">{}</text>',
                    x + 2,
                    y + 5,
                    x + 15,
                    y + 22,
                    load.late,
                )
            )
    for lon, lat, state, url, title in points:
        x, y = view.spot(lon, lat)
        parts.append(
            format_html(
                '<a href="{}"><circle class="point {}" cx="{}" cy="{}" r="6"><title>{}</title></circle></a>',
                url,
                state,
                x,
                y,
                title,
            )
        )
    name = places.short_name(directory.get(place_id).name)
    return format_html(
        '<svg class="atlas" viewBox="{}" role="group" aria-label="{}">{}</svg>',
        view.view_box,
        _("{place}的地图，颜色深浅是在办件数").format(place=name),
        mark_safe("".join(parts)),
    )


def spot_map(case: Case) -> SafeString | str:
    """A small map of the village or town with the case's grid marked, and the point when the reporter gave one."""
    directory = places.directory()
    # A village of one grid says nothing about where; then its town is drawn with the village marked.
    holders = [id for id in (case.village_id, case.town_id) if id is not None and id in directory]
    holder = next((id for id in holders if len(map_view(id).shapes) > 1), None)
    if holder is None:
        return ""
    view = map_view(holder)
    mine = {case.grid_id, case.village_id}
    if case.grid_id is not None and case.grid_id in directory:
        mine |= set(directory.ancestors(case.grid_id))
    _zero, _zero2, width, height = (int(n) for n in view.view_box.split())
    shapes = format_html_join(
        "",
        '<path class="shape {}" d="{}"/>',
        (("load-3" if shape.place_id in mine else "", shape.path) for shape in view.shapes),
    )
    labels = format_html_join(
        "",
        '<text x="{}" y="{}" font-size="54">{}</text>',
        (
            (*shape.centroid, places.short_name(directory.get(shape.place_id).name))
            for shape in view.shapes
            if len(view.shapes) <= 3 or shape.place_id in mine
        ),
    )
    mark: SafeString | str = ""
    if case.lon is not None and case.lat is not None:
        x, y = view.spot(case.lon, case.lat)
        if 0 <= x <= width and 0 <= y <= height:
            mark = format_html(
                '<circle class="ring" cx="{}" cy="{}" r="64"/><circle class="point" cx="{}" cy="{}" r="24"/>',
                x,
                y,
                x,
                y,
            )
    label = _("{place}的轮廓图，案件所在网格涂深").format(place=directory.label(holder))
    return format_html(
        '<svg class="atlas small" viewBox="-10 -10 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        width + 20,
        height + 20,
        label,
        shapes,
        labels,
        mark,
    )
