"""Diagrams drawn from definitions, as SVG without scripts: the course of a case (vertical), of a method (horizontal).

Colours come from classes in desk/diagram.css, so that print and large type keep them. Every diagram says itself
in words through its aria-label.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from .route import Course, Turn

STEP = 46  # height of a passed or coming step, px
BOX = 92  # height of the step where the case stands
AXIS = 84  # x of the line
WIDTH = 352
BRANCH = 18  # how far a branch stands to the right of its fork
BOX_RIGHT = 258  # right edge of the lit box; the lanes of ways back run beyond it


@dataclass(frozen=True)
class Lit:
    """What a case's diagram knows about a step. `state` done|running|soon|overdue|ahead.

    `left`: words left of the axis (time spent); `who`: under the title of the current step; `clock`: its clock in words.
    """

    state: str
    left: str = ""
    who: str = ""
    clock: str = ""


@dataclass(frozen=True)
class Beside:
    """A running stage outside the row: after the last step of its phase, or (a branch) below the step `after`.

    `depth`: how many forks deep; its row is drawn that much to the right, on a line of its own.
    """

    id: str
    title: str
    phase: str = ""
    after: str = ""
    depth: int = 0


@dataclass(frozen=True)
class Row:
    """A line of the picture. `in_row`: a step of the course itself."""

    id: str
    title: str
    in_row: bool = True
    depth: int = 0

    @property
    def axis(self) -> int:
        """x of the line it stands on."""
        return AXIS + BRANCH * self.depth


def width_of(text: str, size: float) -> float:
    """Approximate width of a text in px: a Chinese character is a square."""
    return sum(size if ord(char) > 0x2E7F else size * 0.56 for char in text)


def shorten(text: str, size: float, room: float) -> str:
    """The text, or as much of it as fits into `room` px with an ellipsis."""
    if width_of(text, size) <= room:
        return text
    while text and width_of(text + "…", size) > room:
        text = text[:-1]
    return text + "…"


RUNNING = ("running", "soon", "overdue")


def vertical(course: Course, lit: Mapping[str, Lit], beside: Sequence[Beside] = ()) -> SafeString:
    """A case's way from top to bottom; the current step is a lit box, ways back are dashed arrows at the right.

    `beside`: running stages outside the row, the open branches of a fork among them: each is lit by itself.
    """
    rows = _with_beside(course, beside)
    y, tops = 14.0, []
    for row in rows:
        tops.append(y)
        y += BOX if _state(lit, row.id) in RUNNING else STEP
    centres = [
        top + (BOX / 2 - 12 if _state(lit, row.id) in RUNNING else 0) for top, row in zip(tops, rows, strict=True)
    ]
    parts: list[SafeString] = []
    parts += _lines(rows, centres, lit)
    own = [(centre, _state(lit, row.id) in RUNNING) for centre, row in zip(centres, rows, strict=True) if row.in_row]
    parts += _turns_right(course, [centre for centre, _boxed in own], [boxed for _centre, boxed in own])
    for row, top, centre in zip(rows, tops, centres, strict=True):
        known = lit.get(row.id, Lit("ahead"))
        parts.append(_now_box(row, known, top) if known.state in RUNNING else _plain_step(row, known, centre))
    return format_html(
        '<svg class="diagram" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        WIDTH,
        int(y - STEP + 34),
        _say(rows, lit),
        mark_safe("".join(parts)),
    )


def _state(lit: Mapping[str, Lit], id: str) -> str:
    return lit.get(id, Lit("ahead")).state


def _with_beside(course: Course, beside: Sequence[Beside]) -> list[Row]:
    """All lines from top to bottom. Branches keep their order below the step they hang on."""
    rows = [Row(step.id, step.title) for step in course.steps]
    phases = [step.phase for step in course.steps]
    for one in beside:
        place = next((n for n, row in enumerate(rows) if row.id == one.after), None) if one.after else None
        if place is None:
            place = max((n for n, known in enumerate(phases) if known == one.phase), default=len(phases) - 2)
        else:
            while place + 1 < len(rows) and rows[place + 1].depth >= one.depth > 0:
                place += 1
        rows.insert(place + 1, Row(one.id, one.title, False, one.depth))
        phases.insert(place + 1, "" if one.depth else one.phase)
    return rows


def _lines(rows: Sequence[Row], centres: Sequence[float], lit: Mapping[str, Lit]) -> list[SafeString]:
    """The line down the trunk, and for each branch a short way from the line it hangs on."""
    parts: list[SafeString] = []
    trunk = [(row, y) for row, y in zip(rows, centres, strict=True) if not row.depth]
    for (row, y), (_next, below) in itertools.pairwise(trunk):
        state = "done" if _state(lit, row.id) == "done" else "ahead"
        parts.append(format_html('<path class="way {}" d="M{} {}V{}"/>', state, AXIS, y, below))
    for row, y in zip(rows, centres, strict=True):
        if row.depth:
            state = "done" if _state(lit, row.id) == "done" else ""
            parts.append(format_html('<path class="way {}" d="M{} {}H{}"/>', state, row.axis - BRANCH, y, row.axis))
    return parts


def _plain_step(row: Row, known: Lit, y: float) -> SafeString:
    tick: SafeString | str = ""
    if known.state == "done":
        tick = format_html('<path class="tick" d="m{} {}l3 3 6-6.5"/>', row.axis - 4.5, y + 0.5)
    return format_html(
        '<circle class="stop {}" cx="{}" cy="{}" r="10"/>{}<text class="name {}" x="{}" y="{}">{}</text>'
        '<text class="left" x="{}" y="{}">{}</text>',
        known.state,
        row.axis,
        y,
        tick,
        known.state,
        row.axis + 22,
        y + 5,
        shorten(row.title, 15, 150),
        AXIS - 18,
        y + 5,
        shorten(known.left, 13, AXIS - 22),
    )


def _now_box(row: Row, known: Lit, top: float) -> SafeString:
    x, width = row.axis - 22, BOX_RIGHT - row.axis + 22
    return format_html(
        '<rect class="here {state}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
        '<circle class="dot {state}" cx="{axis}" cy="{cy}" r="6"/>'
        '<text class="title" x="{tx}" y="{ty}">{title}</text><text class="clock {state}" x="{tx}" y="{cyt}">{clock}</text>'
        '<text class="who" x="{tx}" y="{wy}">{who}</text>',
        state=known.state,
        x=x,
        y=top - 10,
        width=width,
        height=BOX - 14,
        axis=row.axis,
        cy=top + 7,
        tx=row.axis + 18,
        ty=top + 13,
        title=shorten(row.title, 16, width - 50),
        cyt=top + 34,
        clock=known.clock,
        wy=top + 54,
        who=shorten(known.who, 13, width - 50),
    )


def _turns_right(course: Course, centres: list[float], boxed: Sequence[bool]) -> list[SafeString]:
    """Ways back as nested dashed lanes: the shortest innermost, so that lanes never cross each other's ends."""
    parts = []
    turns = sorted(course.turns_back, key=lambda turn: turn.source - turn.target)[:3]
    for lane, turn in enumerate(turns):
        x, start, end = 312 + lane * 13, centres[turn.source] + 4, centres[turn.target]
        # Beside the lit box there is little room: its label stands over the line, the others end before it.
        here, room = boxed[turn.source], 50 if boxed[turn.source] else 92
        parts.append(
            format_html(
                '<path class="return" d="M{a} {s}H{b}q6 0 6-6V{e}q0-6-6-6H{c}"/><path class="head" d="m{d} {h}-6 5 6 5"/>'
                '<text class="return-label{start}" x="{tx}" y="{ty}">{label}<title>{whole}</title></text>',
                a=BOX_RIGHT + 4 if here else 286,
                s=start,
                b=x,
                e=end + 6,
                c=290,
                d=292,
                h=end - 5,
                start=" start" if here else "",
                tx=BOX_RIGHT + 6 if here else 282,
                ty=start + (-5 if here else 4),
                label=shorten(turn.label, 12, room),
                whole=turn.label,
            )
        )
    return parts


def _say(rows: Sequence[Row], lit: Mapping[str, Lit]) -> str:
    by_state: dict[str, list[str]] = {"done": [], "now": [], "ahead": []}
    for row in rows:
        known = lit.get(row.id, Lit("ahead"))
        if known.state in RUNNING:
            by_state["now"].append(_("{step}，{clock}").format(step=row.title, clock=known.clock))
        else:
            by_state[known.state].append(row.title)
    comma = _("、")
    return _("流程图。已过：{done}。现在：{now}。其后：{ahead}。").format(
        **{name: comma.join(titles) or _("无") for name, titles in by_state.items()}
    )


# --- the method page --------------------------------------------------------------------------------


def horizontal(course: Course, marks: Mapping[str, str]) -> SafeString:
    """A method from left to right in equal columns, one large character a step; ways back arch above it.

    `marks`: stage id -> the one or two characters in the box. The columns are those of the record below it.
    """
    count = max(1, len(course.steps))
    column, box = 992 / count, 60.0
    arcs = _lanes(course.turns_back)
    skips = _lanes([turn for turn in course.turns if not turn.back])
    top = 22.0 + 24 * len(arcs)
    parts: list[SafeString] = []
    for number, step in enumerate(course.steps):
        x = number * column
        parts.append(
            format_html(
                '<rect class="stage{end}" x="{x}" y="{y}" width="{w}" height="{w}" rx="6"/>'
                '<text class="mark" x="{cx}" y="{cy}" style="font-size:{size}px">{mark}</text>',
                end=" end" if step.end else "",
                x=x + 1,
                y=top,
                w=box,
                cx=x + 1 + box / 2,
                cy=top + (43 if len(marks.get(step.id, "")) < 2 else 39),
                size=36 if len(marks.get(step.id, "")) < 2 else 24,
                mark=marks.get(step.id, step.title[:1]),
            )
        )
        if number + 1 < count:
            parts.append(_arrow_right(x + box + 8, x + column - 8, top + box / 2))
    for level, lane in enumerate(arcs):
        for turn in lane:
            parts.append(_arch(turn, column, box, top, top - 14 - 24 * level))
    bottom = top + box
    for level, lane in enumerate(skips):
        for turn in lane:
            parts.append(_under(turn, column, box, bottom, bottom + 16 + 24 * level))
    height = bottom + (24 * len(skips) + 16 if skips else 8)
    words = _("、").join(step.title for step in course.steps)
    label = _("流程：{steps}依次走；回头路 {count} 条").format(steps=words, count=len(course.turns_back))
    return format_html(
        '<svg class="diagram wide" viewBox="0 0 992 {}" role="img" aria-label="{}">{}</svg>',
        int(height),
        label,
        mark_safe("".join(parts)),
    )


def _lanes(turns: list[Turn]) -> list[list[Turn]]:
    """Arcs sorted into levels so that two on one level never overlap."""
    lanes: list[list[Turn]] = []
    for turn in sorted(turns, key=lambda t: abs(t.source - t.target)):
        low, high = sorted((turn.source, turn.target))
        for lane in lanes:
            if all(high < min(o.source, o.target) or low > max(o.source, o.target) for o in lane):
                lane.append(turn)
                break
        else:
            lanes.append([turn])
    return lanes


def _arrow_right(start: float, end: float, y: float) -> SafeString:
    return format_html(
        '<path class="way" d="M{} {}H{}"/><path class="head" d="m{} {} 6 5-6 5"/>', start, y, end, end - 6, y - 5
    )


def _arch(turn: Turn, column: float, box: float, top: float, y: float) -> SafeString:
    start = turn.source * column + 1 + box * 0.42
    end = turn.target * column + 1 + box * (0.66 if turn.source != turn.target else 0.8)
    middle, room = (start + end) / 2, max(abs(start - end) - 24, 96)
    if turn.source == turn.target:
        start, end = end, start - 6
    return format_html(
        '<path class="return" d="M{s} {top}V{y8}q0-8-8-8H{e8}q-8 0-8 8V{t6}"/>'
        '<path class="head" d="m{e5} {t11} 5 6 5-6"/><text class="arch-label" x="{m}" y="{ty}">{label}</text>',
        s=start,
        top=top - 3,
        y8=y + 8,
        e8=end + 8,
        t6=top - 5,
        e5=end - 5,
        t11=top - 11,
        m=middle,
        ty=y - 5,
        label=shorten(turn.label, 13, room),
    )


def _under(turn: Turn, column: float, box: float, bottom: float, y: float) -> SafeString:
    start, end = turn.source * column + 1 + box * 0.6, turn.target * column + 1 + box * 0.4
    return format_html(
        '<path class="skip" d="M{s} {b}V{y8}q0 8 8 8H{e8}q8 0 8-8V{t6}"/><path class="head" d="m{e5} {t11} 5-6 5 6"/>'
        '<text class="arch-label under" x="{m}" y="{ty}">{label}</text>',
        s=start,
        b=bottom + 3,
        y8=y - 8,
        e8=end - 8,
        t6=bottom + 5,
        e5=end - 5,
        t11=bottom + 11,
        m=(start + end) / 2,
        ty=y - 4,
        label=shorten(turn.label, 13, abs(start - end) - 24),
    )
