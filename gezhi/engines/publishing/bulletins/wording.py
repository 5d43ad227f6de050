"""From numbers to the sections of a bulletin: sentences whose conditions hold, causes from figures, tables that add up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gezhi.engines.publishing import rules
from gezhi.engines.publishing.bulletins.causes import Causes, causes
from gezhi.engines.publishing.bulletins.frozen import Only
from gezhi.engines.publishing.bulletins.numbers import BEFORE, NOW, YEAR, Numbers
from gezhi.engines.publishing.bulletins.schema import NAMES, Template, metric_of
from gezhi.foundation import expressions, packs, people, places
from gezhi.foundation.measures import MERGED, METRICS, Period
from gezhi.foundation.places import Directory, PlaceInfo

#: A sentence is a list of texts and {"n": index of a number}.
Sentence = list[Any]


class Names:
    """What groups are called on the last day of the period, and the order they stand in."""

    def __init__(self, directory: Directory, info: PlaceInfo, below: str) -> None:
        self.directory, self.info, self.below = directory, info, below
        self.name = places.short_name(info.name)

    def of(self, by: str, key: Any) -> str:
        """A group in words."""
        if by == "category" and key == MERGED:
            return "并入别件的"
        if by == "category":
            found = packs.registry().categories.get(key) if key else None
            return found.label if found is not None else (key or "还没归类")
        if by == "below":
            info = self.directory.get(key) if key is not None else None
            return places.short_name(info.name) if info is not None else "未到这一级"
        if by == "rule":
            known = packs.registry()
            return packs.localised(known.body("duty", key)["title"]) if key in known.names("duty") else str(key)
        seat = people.directory().seats.get(key) if key is not None else None
        return people.label_on(seat, self.directory).removeprefix(self.name).strip() if seat else "没有分派到单位的"

    def order(self, by: str) -> list[Any]:
        """Places and units in their own order: they are listed, never ranked."""
        if by == "below":
            if self.below == "grid":
                return list(self.directory.grids_under(self.info.id))
            return [i for i in self.directory.children(self.info.id) if self.directory.place(i).kind == self.below]
        if by == "rule":
            return list(packs.registry().names("duty"))
        return sorted(people.directory().seats) if by == "unit" else []

    def is_unit(self, key: Any) -> bool:
        """Whether a seat belongs to a unit; behind any other seat stands one person, who gets no line of their own."""
        seat = people.directory().seats.get(key) if key is not None else None
        return seat is None or bool(seat.organisation_name)


def section(
    node: Mapping[str, Any], template: Template, numbers: Numbers, names: Names, period: Period
) -> dict[str, Any]:
    """One section: {"id", "title", "public", "text": [sentence], "figures": [...], "table": …}."""
    only: Only = tuple((dim, (value,)) for dim, value in node["only"].items())
    said = {"place": names.name, "period": period.words, "period_before": period.back().words}
    return {
        "id": node["id"],
        "title": node["title"]["zh"],
        "public": node["public"],
        "text": [s for piece in node["text"] for s in _sentence(piece, numbers, names, only, said)],
        "figures": [_compared(id, numbers, only) for id in node["figures"]],
        "table": _table(node["table"], numbers, names, only, period) if node["table"] else None,
    }


def _sentence(
    piece: Mapping[str, Any], numbers: Numbers, names: Names, only: Only, said: Mapping[str, str]
) -> list[Sentence]:
    if "when" in piece:
        reads = {name: expressions.Number for name in piece["reads"] if name not in NAMES}
        if not expressions.compile(piece["when"], reads).holds(numbers.values(list(reads), only)):
            return []
    if "causes" in piece:
        return _cause(piece["causes"], numbers, names, only)
    found: Sentence = []
    at = 0
    for match in rules.NAME.finditer(piece["say"]):
        found.append(piece["say"][at : match.start()])
        name = match[1]
        found.append(said[name] if name in said else {"n": numbers.named(name, only)})
        at = match.end()
    found.append(piece["say"][at:])
    return [[part for part in found if part != ""]]


def _cause(asked: Mapping[str, str], numbers: Numbers, names: Names, only: Only) -> list[Sentence]:
    """比上一期多 12 件，其中路灯多 9 件，其余合计多 3 件: arithmetic, never a guess."""
    of, by = asked["of"], asked["by"]
    if by == "below" and not names.below:
        return []
    before, after = (numbers.tally(when).groups(by, of, only) for when in (BEFORE, NOW))
    found: Causes = causes(before, after, minimum=numbers.minimum, order=names.order(by))
    title = str(METRICS[of].title)
    if found.few:
        few = "{title}本期 {now} 件、上期 {then} 件，不足 {least} 件，不比较多少，也不排先后。"
        return [_filled(few, numbers, only, of, title=title, least=str(numbers.minimum))]
    if not found.change:
        return [_filled("{title}和上一期一样，都是 {now} 件。", numbers, only, of, title=title)]
    way = "多" if found.change > 0 else "少"
    sentence: Sentence = [f"{title}比上一期{way} ", {"n": numbers.change(of, only)}, " 件"]
    for at, (key, by_much) in enumerate(found.named):
        lead = "，其中" if at == 0 else "、"
        group = (*only, (by, (key,)))
        sentence += [f"{lead}{names.of(by, key)}{way} {abs(by_much)} 件（", {"n": numbers.of(of, NOW, group)}]
        sentence += [" 件，上期 ", {"n": numbers.of(of, BEFORE, group)}, " 件）"]
    if not found.named:
        return [[*sentence, "，分散在各处，没有一处占到五分之一。"]]
    if found.rest:
        sentence.append(f"，其余合计{'多' if found.rest > 0 else '少'} {abs(found.rest)} 件")
    return [[*sentence, "。"]]


def _filled(text: str, numbers: Numbers, only: Only, of: str, **words: str) -> Sentence:
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", value)
    known = {"now": numbers.of(of, NOW, only), "then": numbers.of(of, BEFORE, only)}
    parts = re.split(r"\{(now|then)\}", text)
    return [{"n": known[part]} if at % 2 else part for at, part in enumerate(parts) if part]


def _compared(id: str, numbers: Numbers, only: Only) -> dict[str, Any]:
    """A figure beside the period before and the same period last year, when there is one."""
    metric = metric_of(id)
    return {
        "now": numbers.of(metric, NOW, only),
        "before": numbers.of(metric, BEFORE, only),
        "year": numbers.of(metric, YEAR, only) if numbers.has(YEAR) else None,
    }


def _table(
    asked: Mapping[str, Any], numbers: Numbers, names: Names, only: Only, period: Period
) -> dict[str, Any] | None:
    by, figures = asked["by"], asked["figures"]
    if by == "below" and not names.below:
        return None
    if by == "day":
        if period.kind == "quarter":
            return None
        days = [(day.words, [numbers.of(id, NOW, only, day.name) for id in figures], False) for day in period.days()]
        return _made("日", figures, days, numbers, only)
    tally = numbers.tally(NOW)
    keys = {key for id in figures for key in tally.groups(by, id, only)}
    rows: list[tuple[str, Sequence[Any]]] = [(names.of(by, key), [key]) for key in _listed(by, keys, names)]
    if by == "category":
        most = tally.groups("category", figures[0], only)
        ordered = sorted(keys, key=lambda key: (-most.get(key, 0), str(key)))
        shown = ordered[: asked["most"]] if asked["most"] else ordered
        rows = [(names.of(by, key), [key]) for key in shown]
        if rest := ordered[len(shown) :]:
            rows.append((f"其余 {len(rest)} 类", rest))
    if by == "unit" and (own := sorted(key for key in keys if not names.is_unit(key))):
        rows.append(("社区、村和网格自办", own))
    lines = [
        (name, [numbers.of(id, NOW, (*only, (by, tuple(keys)))) for id in figures], len(keys) > 1)
        for name, keys in rows
    ]
    return _made(
        {"category": "类别", "below": "地方", "unit": "单位", "rule": "要做的事"}[by], figures, lines, numbers, only
    )


def _listed(by: str, keys: set[Any], names: Names) -> list[Any]:
    order = names.order(by)
    if by == "rule":
        return [k for k in order if k in keys] + sorted(keys - set(order))
    if by == "unit":
        return [k for k in order if k in keys and names.is_unit(k)] + [k for k in keys if k is None]
    return [*order, *sorted(k for k in keys - set(order) if k is not None), *([None] if None in keys else [])]


def _made(
    first: str, figures: Sequence[str], lines: Sequence[tuple[str, list[int], bool]], numbers: Numbers, only: Only
) -> dict[str, Any]:
    return {
        "first": first,
        "columns": [str(METRICS[id].title) for id in figures],
        "additive": [METRICS[id].unit == "count" for id in figures],
        "rows": [{"name": name, "cells": cells, "joined": joined} for name, cells, joined in lines],
        "total": [numbers.of(id, NOW, only) for id in figures],
    }
