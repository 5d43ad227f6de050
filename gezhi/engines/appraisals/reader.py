"""From `rubrics/*.yaml` to the body of a rubric: what does not add up, is not total or may not be used is refused with its line.

rubric: family_star
title: {zh: 星级文明户, en: Star families}
of: {register: star_family, when: in_use}    # or {places: village}, or {posts: [village_secretary]}
every: year                                  # month | quarter | year: one round of each
open: [village_secretary]                    # who opens, seals, publishes
review: [street_officer]                     # who answers objections
window: 10 work_day                          # by when a round is sealed after its cut
appeal: 5 work_day                           # how long one may object
minimum: 10                                  # fewer subjects than this are not put in any order
items:
  - {id: order, title: {…}, weight: 0.4, kind: judged, by: [grid_worker], judges: {least: 3, trim: 1}, missing: 0}
  - {id: rate, title: {…}, weight: 0.6, kind: measured, metric: closed_on_time_rate, least: 10,
     bands: [{points: 0}, {from: 60, points: 60}, {from: 90, points: 100}], missing: unscored}
gates: [{id: accident, title: {…}, that: accidents = 0, cap: none}]
bands: [{id: none, title: {…}}, {id: star, from: 80, title: {…}}]
award: {title: {…}, band: star, quota: 3, per: town, by: [town_secretary], ties: [rate], pay: 50000}
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.appraisals.reader_items import posts, read_item
from gezhi.engines.appraisals.schema import scope
from gezhi.foundation import expressions as ex
from gezhi.foundation.packs.reading import Context

KINDS = ("county", "town", "village", "grid1", "grid2", "grid3")
EVERY = ("month", "quarter", "year")
PER = ("all", "county", "town", "village", "grid")
REQUIRED = ("rubric", "version", "title", "of", "every", "open", "review", "items")
OPTIONAL = ("about", "see", "window", "appeal", "minimum", "gates", "bands", "award", "source")


def read_rubric(node: Any, context: Context) -> dict[str, Any] | None:
    """The JSON body of a rubric. Problems are noted on the context."""
    if not context.keys(node, required=REQUIRED, optional=OPTIONAL):
        return None
    of = _whom(node, context)
    bands = _bands(node, context)
    items = [found for _i, item in context.each(node, "items") if (found := read_item(item, of, context))]
    _weights(node, items, context)
    body: dict[str, Any] = {
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "of": of,
        "every": context.one_of(node, "every", EVERY, "year"),
        "open": posts(node, "open", context),
        "review": posts(node, "review", context),
        "see": posts(node, "see", context),
        "window": _limit(node, "window", "20 work_day", context),
        "appeal": _limit(node, "appeal", "5 work_day", context),
        "minimum": context.whole(node, "minimum", 10, low=2, high=1000),
        "items": items,
        "bands": bands,
    }
    body["gates"] = _gates(node, body, context)
    body["award"] = _award(node, body, context)
    _note(node, body, context)
    return body


def _whom(node: Any, context: Context) -> dict[str, Any]:
    given = node.get("of")
    if not context.keys(given, optional=("register", "when", "places", "posts")):
        return {}
    said = [key for key in ("register", "places", "posts") if key in given]
    if len(said) != 1:
        context.problem(node, "of", "rubric.whom", _("评谁只写一种：register、places 或 posts。"))
        return {}
    if "places" in given:
        return {"places": context.one_of(given, "places", KINDS, "village")}
    if "posts" in given:
        return {"posts": posts(given, "posts", context)}
    name = context.text(given, "register", "", max=40)
    known = context.shared.get("registers", {})
    if name not in known:
        context.problem(given, "register", "rubric.register", _("没有“{value}”这本册。"), value=name)
        return {}
    of: dict[str, Any] = {"register": name}
    if "when" in given:
        types, aliases = known[name]["types"], known[name]["aliases"]
        of["when"] = expression(given, "when", ex.Truth, types, aliases, context)
    return of


def expression(node: Any, key: str, kind: ex.Type, types: Any, aliases: Any, context: Context) -> str:
    """`node[key]` as a condition or a number over these types; what is wrong is noted with its line."""
    written = str(node[key])[:400]
    try:
        ex.compile(written, types, expect=kind, aliases=aliases)
    except ex.ExpressionError as fault:
        context.problem(node, key, fault.code, _("条件“{source}”：{detail}"), source=written[:80], detail=fault.words)
    return written


def _weights(node: Any, items: list[dict[str, Any]], context: Context) -> None:
    seen: set[str] = set()
    for number, item in enumerate(items):
        if item["id"] in seen:
            context.problem(node["items"], number, "rubric.twice", _("“{id}”写了两次。"), id=item["id"])
        seen.add(item["id"])
    if not items:
        context.problem(node, "items", "rubric.empty", _("没有写评什么。"))
    elif (total := sum((Decimal(item["weight"]) for item in items), Decimal(0))) != 1:
        context.problem(
            node, "items", "rubric.weights", _("各项权重加起来是 {total}，要正好是 1。"), total=format(total, "f")
        )


def _bands(node: Any, context: Context) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    last: Decimal | None = None
    for number, band in context.each(node, "bands"):
        if not context.keys(band, required=("id", "title"), optional=("from",)):
            continue
        entry = {"id": context.text(band, "id", "", max=40), "title": context.title(band)}
        if ("from" in band) != (number > 0):
            context.problem(
                node["bands"], number, "rubric.total", _("第一档不写从几分起（再低也是它），后面每一档都要写。")
            )
        if "from" in band:
            begins = decimal(band, "from", context, low=0, high=100)
            if last is not None and begins <= last:
                context.problem(band, "from", "rubric.order", _("各档要从低到高，不能重。"))
            last = begins
            entry["from"] = format(begins, "f")
        if any(other["id"] == entry["id"] for other in found):
            context.problem(band, "id", "rubric.twice", _("“{id}”写了两次。"), id=entry["id"])
        found.append(entry)
    return found


def _gates(node: Any, body: Mapping[str, Any], context: Context) -> list[dict[str, Any]]:
    bands = [band["id"] for band in body["bands"]]
    types, aliases = scope(body["of"], [item["id"] for item in body["items"]], context.shared.get("registers", {}))
    found: list[dict[str, Any]] = []
    for _number, gate in context.each(node, "gates"):
        if not context.keys(gate, required=("id", "title", "that"), optional=("cap",)):
            continue
        entry = {
            "id": context.text(gate, "id", "", max=40),
            "title": context.title(gate),
            "that": expression(gate, "that", ex.Truth, types, aliases, context),
            "cap": context.one_of(gate, "cap", bands, bands[0] if bands else ""),
        }
        if any(other["id"] == entry["id"] for other in found):
            context.problem(gate, "id", "rubric.twice", _("“{id}”写了两次。"), id=entry["id"])
        found.append(entry)
    return found


def _award(node: Any, body: Mapping[str, Any], context: Context) -> dict[str, Any] | None:
    given = node.get("award")
    optional = ("band", "per", "ties", "pay", "book", "consent")
    if given is None or not context.keys(given, required=("title", "quota", "by"), optional=optional):
        return None
    bands = [band["id"] for band in body["bands"]]
    items = [item["id"] for item in body["items"]]
    per: Any = given.get("per", "all")
    if isinstance(per, Mapping):
        types = context.shared.get("registers", {}).get(body["of"].get("register"), {}).get("types", {})
        field = str(per.get("field", ""))
        if getattr(types.get(field), "kind", "") != "choice":
            context.problem(given, "per", "rubric.per", _("册里没有选项“{field}”，分不了名额。"), field=field)
        per = {"field": field}
    else:
        per = context.one_of(given, "per", PER, "all")
    ties = [str(id) for _i, id in context.each(given, "ties")]
    for number, id in enumerate(ties):
        if id not in items:
            context.problem(given["ties"], number, "rubric.item", _("没有“{id}”这一项。"), id=id)
    return {
        "title": context.title(given),
        "quota": context.whole(given, "quota", 1, low=1, high=1000),
        "per": per,
        "band": context.one_of(given, "band", bands, bands[0] if bands else ""),
        "by": posts(given, "by", context),
        "ties": ties,
        "pay": context.whole(given, "pay", 0, low=0, high=100_000_000),
        "book": _book(given, context),
        "consent": context.truth(given, "consent"),
    }


def _book(given: Any, context: Context) -> dict[str, str] | None:
    """The entry of a ledger by which each award is paid; `account`: the kind of account that is the subject's own."""
    node = given.get("book")
    if (node is None) != (not given.get("pay")):
        context.problem(
            given, "pay" if "pay" in given else "book", "rubric.book", _("奖金 pay 和记到哪里 book 要一起写。")
        )
    if node is None or not context.keys(node, required=("ledger", "entry"), optional=("account",)):
        return None
    name = context.text(node, "ledger", "", max=40)
    if f"ledger/{name}" not in context.shared.get("items", ()):
        context.problem(node, "ledger", "rubric.ledger", _("没有账本“{name}”。"), name=name)
    return {
        "ledger": name,
        "entry": context.text(node, "entry", "", max=40),
        "account": context.text(node, "account", "", max=40),
    }


def decimal(node: Any, key: str, context: Context, *, low: int, high: int, places: int = 4) -> Decimal:
    """`node[key]` as an exact number within bounds, with at most so many decimals; `low` when it is none (noted)."""
    try:
        if isinstance(node[key], bool):
            raise InvalidOperation
        value = Decimal(str(node[key]))
        if not value.is_finite() or not low <= value <= high or value != value.quantize(Decimal(1).scaleb(-places)):
            raise InvalidOperation
        return value
    except InvalidOperation:
        context.problem(
            node, key, "rubric.number", _("“{key}”要写 {low} 到 {high} 的数，最多 {places} 位小数。"),
            key=key, low=low, high=high, places=places,
        )  # fmt: skip
        return Decimal(low)


def _limit(node: Any, key: str, default: str, context: Context) -> str:
    from gezhi.foundation.calendar import parse_limit
    from gezhi.foundation.errors import Refusal

    written = context.text(node, key, default, max=40)
    try:
        parse_limit(written)
    except Refusal as fault:
        context.problem(node, key, "rubric.limit", "{words}", words=fault.what)
    return str(written)


def _note(node: Any, body: Mapping[str, Any], context: Context) -> None:
    """Remember what other rubrics must know of this one, and which it reads."""
    from gezhi.foundation.packs.reading import position

    known = context.shared.setdefault("rubrics", {})
    known[str(node.get("rubric", ""))] = {"of": body["of"], "bands": [band["id"] for band in body["bands"]]}
    reads = context.shared.setdefault("rubric_reads", [])
    for number, item in enumerate(body["items"]):
        if "rubric" in item["from"]:
            line, column = position(node["items"], number)
            reads.append((context.file, line, column, str(node.get("rubric", "")), item["from"]["rubric"]))


def check_whole(context: Context) -> None:
    """Rubrics that read the results of others: those exist, with that band, and no circle comes about."""
    known, reads = context.shared.get("rubrics", {}), context.shared.get("rubric_reads", [])
    ways: dict[str, set[str]] = {}
    for file, line, column, name, source in reads:
        inner = context.within(file)
        other = known.get(source["name"])
        ways.setdefault(name, set()).add(source["name"])
        if other is None:
            inner.note(line, column, "rubric.unknown", _("没有“{name}”这份评分细则。"), name=source["name"])
        elif source.get("band") and source["band"] not in other["bands"]:
            inner.note(
                line,
                column,
                "rubric.band",
                _("“{name}”里没有“{band}”这一档。"),
                name=source["name"],
                band=source["band"],
            )
        elif source["take"] != "progress" and source["name"] == name:
            inner.note(line, column, "rubric.circle", _("评分细则不能读它自己的结果。"))
    for file, line, column, name, source in reads:
        if name != source["name"] and _reaches(ways, source["name"], name):
            context.within(file).note(line, column, "rubric.circle", _("评分细则不能绕一圈读自己的结果。"))


def _reaches(ways: Mapping[str, set[str]], start: str, goal: str) -> bool:
    seen, todo = set(), [start]
    while todo:
        at = todo.pop()
        if at == goal:
            return True
        if at not in seen:
            seen.add(at)
            todo += [*ways.get(at, ())]
    return False
