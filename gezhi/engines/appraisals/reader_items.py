"""Items of a rubric: five kinds, each with what it reads, and what may not be read of people at all.

measured  one of  metric: closed_on_time_rate | value: "done * 100 / all" | lines: {register, field, take} | rubric: {name, take, band}
tested            lines: {register: star_result, field: score, take: best}
judged            by: [posts], judges: {least: 3, trim: 1}
claimed           by: [posts], check: [posts]: with evidence, looked at by another
signed            by: [posts]: one judgement with its words
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import expressions as ex
from gezhi.foundation.measures import METRICS
from gezhi.foundation.packs.reading import Context, posts_of

KINDS = ("measured", "judged", "tested", "claimed", "signed")
TAKES = ("sum", "last", "best", "count")
ROLLS = ("mean", "last", "share", "progress")
#: What no score may read: how busy a person looks instead of what came of it.
BUSY = re.compile(
    r"log_?ins?|sign_?ins?|screen|online|clock_?in|check_?ins?|steps_walked|reports?_(count|number|sent)|app_opens|"
    r"登录|登陆|在线时长|屏幕|打卡|步数|上报数|上报条数|发帖数|点赞|转发|刷屏",
    re.IGNORECASE,
)
SOURCES = ("metric", "value", "lines", "rubric")


def posts(node: Any, key: str, context: Context) -> list[str]:
    """A list of posts that some pack defines."""
    return posts_of(node, key, context, "rubric.post")


def read_item(node: Any, of: Any, context: Context) -> dict[str, Any] | None:
    """One item. Problems are noted on the context."""
    from gezhi.engines.appraisals.reader import decimal

    optional = ("about", "bands", "better", "missing", "good", "by", "check", "judges", "least", "part", *SOURCES)
    if not context.keys(node, required=("id", "title", "weight", "kind"), optional=optional):
        return None
    kind = context.one_of(node, "kind", KINDS, "signed")
    better = context.one_of(node, "better", ("more", "less"), "more")
    item: dict[str, Any] = {
        "id": context.text(node, "id", "", max=40),
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "part": context.title(node, "part", required=False),
        "weight": format(decimal(node, "weight", context, low=0, high=1), "f"),
        "kind": kind,
        "better": better,
        "bands": _bands(node, better, context),
        "missing": _missing(node, context),
        "good": format(decimal(node, "good", context, low=0, high=100), "f") if "good" in node else "100",
        "from": _source(node, kind, better, of, context),
    }
    if not item["id"].isidentifier():
        context.problem(node, "id", "rubric.id", _("“{id}”要用字母、数字和下划线，字母开头。"), id=item["id"])
    if kind in ("judged", "claimed", "signed"):
        item["by"] = posts(node, "by", context)
        if not item["by"]:
            context.problem(node, None, "rubric.who", _("没有写由谁来打分或申报（by）。"))
    elif "by" in node:
        context.problem(node, "by", "rubric.who", _("测出来的分没有人打，不写 by。"))
    if kind == "judged":
        item["judges"] = _judges(node, context)
    if kind == "claimed":
        item["check"] = posts(node, "check", context)
        if not item["check"]:
            context.problem(node, None, "rubric.check", _("申报的要由别人核（check）。"))
    return item


def _bands(node: Any, better: Any, context: Context) -> list[dict[str, str]]:
    from gezhi.engines.appraisals.reader import decimal

    found: list[dict[str, str]] = []
    begins: Decimal | None = None
    points: Decimal | None = None
    for number, band in context.each(node, "bands"):
        if not context.keys(band, required=("points",), optional=("from",)):
            continue
        worth = decimal(band, "points", context, low=0, high=100, places=2)
        if ("from" in band) != (number > 0):
            context.problem(
                node["bands"], number, "rubric.total", _("第一档不写从几分起（再低也是它），后面每一档都要写。")
            )
        entry = {"points": format(worth, "f")}
        if "from" in band:
            at = decimal(band, "from", context, low=-1_000_000_000, high=1_000_000_000)
            if begins is not None and at <= begins:
                context.problem(band, "from", "rubric.order", _("各档要从低到高，不能重。"))
            begins, entry["from"] = at, format(at, "f")
        if points is not None and (worth < points if better == "more" else worth > points):
            context.problem(
                band,
                "points",
                "rubric.direction",
                _("和方向不符：说了{way}好，得分却反过来。"),
                way=_("多") if better == "more" else _("少"),
            )
        points = worth
        found.append(entry)
    if better == "less" and not found:
        context.problem(node, "better", "rubric.direction", _("少的好，要写明各档得几分。"))
    return found


def _missing(node: Any, context: Context) -> str:
    from gezhi.engines.appraisals.reader import decimal

    if node.get("missing") == "unscored":
        return "unscored"
    return format(decimal(node, "missing", context, low=0, high=100, places=2), "f") if "missing" in node else "0"


def _judges(node: Any, context: Context) -> dict[str, int]:
    given = node.get("judges") or {}
    if not context.keys(given, optional=("least", "trim")):
        return {"least": 1, "trim": 0}
    least, trim = context.whole(given, "least", 1, low=1, high=100), context.whole(given, "trim", 0, low=0, high=20)
    if least <= 2 * trim:
        context.problem(
            node,
            "judges",
            "rubric.trim",
            _("去掉 {trim} 个最高、{trim} 个最低，至少要 {least} 位评委。"),
            trim=trim,
            least=2 * trim + 1,
        )
        trim = 0
    return {"least": least, "trim": trim}


def _source(node: Any, kind: Any, better: Any, of: Any, context: Context) -> dict[str, Any]:
    said = [key for key in SOURCES if key in node]
    if kind not in ("measured", "tested"):
        for key in said:
            context.problem(node, key, "rubric.source", _("由人打分或申报的，不写从哪里测。"))
        return {}
    if len(said) != 1 or (kind == "tested" and said != ["lines"]):
        words = (
            _("测试成绩从册里来，写 lines。")
            if kind == "tested"
            else _("从哪里测只写一种：metric、value、lines 或 rubric。")
        )
        context.problem(node, None, "rubric.source", words)
        return {}
    return {"metric": _metric, "value": _value, "lines": _lines, "rubric": _rubric}[said[0]](node, better, of, context)


def _metric(node: Any, better: Any, of: Any, context: Context) -> dict[str, Any]:
    name = context.text(node, "metric", "", max=60)
    metric = METRICS.get(name)
    if metric is None:
        context.problem(node, "metric", "rubric.metric", _("没有指标“{id}”。"), id=name)
    elif not metric.better:
        words = _("“{title}”数的是来了多少、干了多少，不是干得怎么样，不能拿来打分。")
        context.problem(node, "metric", "rubric.busy", words, title=metric.title)
    elif metric.better != better:
        context.problem(node, "metric", "rubric.direction", _("“{title}”的方向写反了。"), title=metric.title)
    if "places" not in of:
        context.problem(node, "metric", "rubric.metric_of", _("指标量的是地方，不量人；评人评户的不能用。"))
    return {"metric": name, "least": context.whole(node, "least", 10, low=1, high=10_000)}


def _value(node: Any, _better: Any, of: Any, context: Context) -> dict[str, Any]:
    from gezhi.engines.appraisals.reader import expression

    known = context.shared.get("registers", {}).get(of.get("register"))
    if known is None:
        context.problem(node, "value", "rubric.source", _("value 读册里自己的一行；评的不是册，就不能用。"))
        return {}
    written = expression(node, "value", ex.Number, known["types"], known["aliases"], context)
    _not_busy(node, "value", written, known, context)
    return {"value": written}


def _not_busy(node: Any, key: str, written: str, known: Any, context: Context) -> None:
    """No field whose name or title counts how busy somebody looks."""
    try:
        reads = ex.compile(written, known["types"], aliases=known["aliases"]).reads
    except ex.ExpressionError:
        return
    titles = {name: title for title, name in known["aliases"].items()}
    for name in sorted(reads):
        if BUSY.search(name) or BUSY.search(titles.get(name, "")):
            context.problem(
                node,
                key,
                "rubric.busy",
                _("“{title}”数的是来了多少、干了多少，不是干得怎么样，不能拿来打分。"),
                title=titles.get(name, name),
            )


def _lines(node: Any, _better: Any, of: Any, context: Context) -> dict[str, Any]:
    given = node["lines"]
    if not context.keys(given, required=("register", "take"), optional=("field",)):
        return {}
    registers = context.shared.get("registers", {})
    name = context.text(given, "register", "", max=40)
    take = context.one_of(given, "take", TAKES, "sum")
    known = registers.get(name)
    if known is None:
        context.problem(given, "register", "rubric.register", _("没有“{value}”这本册。"), value=name)
        return {}
    mine = registers.get(of.get("register"), {}).get("of")
    if "posts" in of:
        mine = "person"
    if known["of"] != mine:
        context.problem(given, "register", "rubric.lines", _("“{value}”记的不是要评的这一类，对不上。"), value=name)
    source = {"register": name, "take": take, "field": ""}
    if take != "count":
        field = context.text(given, "field", "", max=40)
        source["field"] = known["aliases"].get(field, field)
        if known["types"].get(source["field"]) != ex.Number:
            context.problem(
                given, "take", "rubric.field", _("册“{register}”里没有数“{field}”。"), register=name, field=field
            )
        else:
            _not_busy(given, "field", source["field"], known, context)
    return {"lines": source}


def _rubric(node: Any, _better: Any, of: Any, context: Context) -> dict[str, Any]:
    given = node["rubric"]
    if not context.keys(given, required=("name", "take"), optional=("band", "inside")):
        return {}
    source = {
        "name": context.text(given, "name", "", max=40),
        "take": context.one_of(given, "take", ROLLS, "mean"),
        "band": context.text(given, "band", "", max=40),
        "inside": context.truth(given, "inside"),
    }
    if (source["take"] == "share") != bool(source["band"]):
        context.problem(node, "rubric", "rubric.share", _("take: share 要写到哪一档算（band），别的不写。"))
    return {"rubric": source}
