"""A rubric in sentences, as its page reads it aloud."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.appraisals.rules import plain
from gezhi.engines.appraisals.schema import Rubric
from gezhi.foundation import measures, people, subjects
from gezhi.foundation.packs.reading import localised

from .fields import limit_words
from .names import place_name


def kind_of(kind: str) -> str:
    """How an item comes about."""
    return {
        "measured": _("系统测"), "judged": _("评委打分"), "tested": _("测试"), "claimed": _("申报，别人核"), "signed": _("签字评定"),
    }.get(kind, "")  # fmt: skip


def post(code: str) -> str:
    """What a post is called."""
    known = people.directory().posts
    return known[code].title if code in known else code


def posts(codes: Any) -> str:
    return "、".join(post(code) for code in codes)


def share(weight: str) -> str:
    """0.35 as 35%."""
    return f"{plain(Decimal(weight) * 100)}%"


def said(kind: Rubric) -> dict[str, Any]:
    """{"whom", "rows": [{title, part, share, kind, how, missing}], "gates", "bands", "steps", "award"}."""
    return {
        "whom": _whom(kind),
        "rows": [
            {
                "title": kind.says(item), "part": localised(item["part"]), "share": share(item["weight"]), "kind": kind_of(item["kind"]),
                "how": _how(item, kind), "bands": _bands(item), "missing": _missing(item),
            }
            for item in kind.items
        ],
        "gates": [(kind.says(gate), kind.band(gate["cap"])) for gate in kind.gates],
        "bands": [(kind.says(band), band.get("from", "")) for band in kind.bands],
        "steps": _steps(kind),
        "award": _award(kind),
    }  # fmt: skip


def _whom(kind: Rubric) -> str:
    if "places" in kind.of:
        said_ = {
            "county": _("县"),
            "town": _("乡镇和街道"),
            "village": _("村和社区"),
            "grid1": _("网格"),
            "grid2": _("网格"),
            "grid3": _("网格"),
        }
        return said_[kind.of["places"]]
    if "posts" in kind.of:
        return posts(kind.of["posts"])
    return subjects.register(kind.of["register"]).said


def _how(item: Mapping[str, Any], kind: Rubric) -> str:
    source = item["from"]
    if "metric" in source:
        metric = measures.METRICS[source["metric"]]
        return _("{title}：{definition}；不足 {least} 件算没有数").format(
            title=metric.title, definition=metric.definition, least=source["least"]
        )
    if "value" in source:
        return _("按台账里的数算：{value}").format(value=_reckoned(source["value"], kind))
    if "lines" in source:
        one = source["lines"]
        take = {"sum": _("加起来"), "last": _("最近一次"), "best": _("最好一次"), "count": _("有几条")}[one["take"]]
        return _("“{register}”里期内的，{take}").format(register=subjects.register(one["register"]).said, take=take)
    if "rubric" in source:
        one = source["rubric"]
        take = {"mean": _("平均"), "last": _("最近一次"), "share": _("达到的占百分之几"), "progress": _("今年减去年")}[
            one["take"]
        ]
        return _("另一份细则的结果，{take}").format(take=take)
    if item["kind"] == "judged":
        judges = item["judges"]
        return _("由{by}打分，至少 {least} 位；去掉 {trim} 个最高、{trim} 个最低，取平均；不给自己的单位打").format(
            by=posts(item["by"]), **judges
        )
    if item["kind"] == "claimed":
        return _("由{by}申报并写明依据的记录，由{check}核").format(by=posts(item["by"]), check=posts(item["check"]))
    return _("由{by}写明理由签字评定").format(by=posts(item["by"]))


def _reckoned(value: str, kind: Rubric) -> str:
    """An expression over a register's line, its columns by their titles: 办成几件 × 100 ÷ 认下几件."""
    titles = (
        {f.id: localised(f.title) for f in subjects.register(kind.of["register"]).form} if "register" in kind.of else {}
    )
    named = re.sub(r"[a-z_][a-z0-9_]*", lambda found: titles.get(found[0], found[0]), value)
    return named.replace(" * ", " × ").replace(" / ", " ÷ ")


def _bands(item: Mapping[str, Any]) -> str:
    if not item["bands"]:
        return _("是多少就是多少分")
    first, *others = item["bands"]
    words = [_("不到 {value} 得 {points} 分").format(value=others[0]["from"], points=first["points"])] if others else []
    words += [_("{value} 起得 {points} 分").format(value=band["from"], points=band["points"]) for band in others]
    return "，".join(words) or _("一律 {points} 分").format(points=first["points"])


def _missing(item: Mapping[str, Any]) -> str:
    if item["missing"] == "unscored":
        return _("没有的，整个不评分")
    return _("没有的算 {points} 分").format(points=item["missing"])


def _steps(kind: Rubric) -> list[str]:
    every = {"month": _("每月"), "quarter": _("每季度"), "year": _("每年")}[kind.every]
    return [
        _("{every}一次，由{open}开、封存和公布，截止后 {window}内封存。").format(
            every=every, open=posts(kind.body["open"]), window=limit_words(kind.body["window"])
        ),
        _("公布后 {appeal}内可以提异议，由{review}答复，答复的人不是打分的人。").format(
            appeal=limit_words(kind.body["appeal"]), review=posts(kind.body["review"])
        ),
        _("不足 {n} 个不排先后。").format(n=kind.body["minimum"]),
    ]


def _award(kind: Rubric) -> str:
    award = kind.award
    if award is None:
        return ""
    per = award["per"]
    of = (
        _("每一类")
        if isinstance(per, dict)
        else {
            "all": _("一共"),
            "county": _("每县"),
            "town": _("每个乡镇、街道"),
            "village": _("每个村、社区"),
            "grid": _("每个网格"),
        }[per]
    )
    words = _("{title}：{of}最多 {quota} 个，由{by}定；和分数排的不一样要写明理由。").format(
        title=localised(award["title"]), of=of, quota=award["quota"], by=posts(award["by"])
    )
    if award["pay"]:
        words += _("每个奖励 {pay} 元，只记一次。").format(pay=f"{award['pay']:,}")
    if award["consent"]:
        words += _("挂牌要本人同意。")
    return words


def group(kind: Rubric, value: str) -> str:
    """Whose quota, in words."""
    per = kind.award["per"] if kind.award else "all"
    if not value:
        return ""
    if isinstance(per, dict):
        field = subjects.register(kind.of["register"]).form.get(per["field"])
        return (
            next((option.label for option in field.choices if option.value == value), value)
            if field is not None
            else value
        )
    return place_name(int(value), "town")
