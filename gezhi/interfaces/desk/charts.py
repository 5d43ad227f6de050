"""Charts as SVG: few, labelled directly, in the palette of the clock. Each stands beside its table."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers that span [low, high]: 80, 100, 120."""
    if high <= low:
        high = low + 1
    rough = (high - low) / max(1, count - 1)
    size = 10 ** floor(log10(rough))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= rough)
    step = max(step, 1)
    first = floor(low / step) * step
    return [first + step * n for n in range(ceil((high - first) / step) + 1)]


def lines(names: Sequence[str], rows: Sequence[tuple[str, str, Sequence[int]]], label: str) -> SafeString:
    """`names` of the x positions; `rows` (css class, words, values) drawn as lines labelled at their last point."""
    width, height, left, right, top, bottom = 456, 204, 36, 92, 14, 26
    values = [value for _class, _words, series in rows for value in series] or [0]
    low = 0 if min(values) < max(values) * 0.5 or max(values) < 10 else min(values)
    ticks = nice_ticks(low, max(values))
    span = ticks[-1] - ticks[0] or 1

    def x(number: int) -> float:
        return left + 12 + number * (width - left - right - 12) / max(1, len(names) - 1)

    def y(value: float) -> float:
        return round(height - bottom - (value - ticks[0]) / span * (height - top - bottom), 1)

    parts = [
        format_html(
            '<path class="grid" d="M{} {}H{}"/><text class="tick" x="{}" y="{}">{}</text>',
            left,
            y(t),
            width - right,
            left - 8,
            y(t) + 4,
            int(t),
        )
        for t in ticks
    ]
    for number in sorted({0, len(names) // 2, len(names) - 1}):
        if names:
            parts.append(format_html('<text class="at" x="{}" y="{}">{}</text>', x(number), height - 6, names[number]))
    ends: list[float] = []
    for css, words, series in rows:
        points = " ".join(f"{x(n):.1f},{y(v)}" for n, v in enumerate(series))
        end = y(series[-1]) if series else height - bottom
        spot = end
        for taken in ends:  # two labels that would lie on each other are pushed apart
            if abs(spot - taken) < 18:
                spot = taken + (18 if spot >= taken else -18)
        ends.append(spot)
        parts.append(
            format_html(
                '<polyline class="line {c}" points="{p}"/><circle class="end {c}" cx="{x}" cy="{y}" r="4"/>'
                '<text class="series {c}" x="{tx}" y="{ty}">{w} {v}</text>',
                c=css,
                p=points,
                x=x(len(series) - 1),
                y=end,
                tx=width - right + 12,
                ty=spot + 5,
                w=words,
                v=series[-1],
            )
        )
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        width,
        height,
        label,
        mark_safe("".join(parts)),
    )


def stack(parts: Sequence[tuple[str, float]], full: float) -> SafeString:
    """A thin bar of (css class, value) pieces; `full` is the value of the whole width."""
    drawn, x = [], 0.0
    for css, value in parts:
        if value <= 0 or full <= 0:
            continue
        share = 100 * value / full
        drawn.append(
            format_html(
                '<rect class="{}" x="{}%" y="1" width="{}%" height="12"/>',
                css,
                round(x, 2),
                round(max(share - 0.4, 0.6), 2),
            )
        )
        x += share
    return format_html('<svg class="stack" aria-hidden="true">{}</svg>', mark_safe("".join(drawn)))
