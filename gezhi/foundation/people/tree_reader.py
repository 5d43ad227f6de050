"""Trees of organisations in packs: levels, who stands below whom, and which duty lies at which level.

tree: xinhua-party
title: {zh: 四级组织架构, en: Four levels of the party organisation}
levels:                       # from the root down; the first has no `under`
  - {kind: community_committee, title: {zh: 社区党委}, at: [village], post: community_secretary}
  - {kind: grid_branch, title: {zh: 网格党支部}, at: [grid], under: community_committee}
duties:                       # (optional) each at exactly one level
  - {code: coordinate, title: {zh: 统筹}, level: community_committee}

Each level stands under exactly one earlier level, so a tree has no cycle and its depth is bounded by its levels.
"""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.packs.reading import Context

from .models import LEVELS

MOST_LEVELS, MOST_DUTIES = 12, 200
_CODE = re.compile(r"[a-z][a-z0-9_]{1,19}")


def read_tree(node: Any, context: Context) -> dict[str, Any] | None:
    """A tree file -> {"title", "about", "levels": [{kind, title, at, under, post}], "duties": [{code, title, level}]}."""
    if not context.keys(node, required=("tree", "title", "levels"), optional=("version", "about", "duties")):
        return None
    levels: dict[str, dict[str, Any]] = {}
    for index, item in context.each(node, "levels"):
        if context.keys(item, required=("kind", "title", "at"), optional=("under", "post")):
            level = _read_level(item, index, levels, context)
            levels.setdefault(level["kind"], level)
    if not levels or len(levels) > MOST_LEVELS:
        context.problem(node, "levels", "tree.levels", _("要有 1 到 {max} 级。"), max=MOST_LEVELS)
    duties: dict[str, dict[str, Any]] = {}
    for index, item in context.each(node, "duties"):
        if index >= MOST_DUTIES or not context.keys(item, required=("code", "title", "level")):
            continue
        code = context.text(item, "code", "", max=40)
        level_of = context.text(item, "level", "", max=20)
        if code in duties:
            context.problem(
                item, "code", "tree.duty_twice", _("职责“{code}”写在了两级，每项职责只能在一级。"), code=code
            )
        if level_of not in levels:
            context.problem(item, "level", "tree.level", _("没有“{level}”这一级。"), level=level_of)
        duties.setdefault(code, {"code": code, "title": context.title(item), "level": level_of})
    return {
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "levels": list(levels.values()),
        "duties": list(duties.values()),
    }


def _read_level(item: Any, index: int, levels: dict[str, dict[str, Any]], context: Context) -> dict[str, Any]:
    kind = context.text(item, "kind", "", max=20)
    if not _CODE.fullmatch(kind):
        context.problem(item, "kind", "tree.kind", _("代码要用小写字母、数字和下划线，以字母开头，最多 20 位。"))
    if kind in levels:
        context.problem(item, "kind", "tree.twice", _("“{kind}”写了两级。"), kind=kind)
    under = context.text(item, "under", None, max=20)
    if index == 0 and under is not None:
        context.problem(item, "under", "tree.root", _("第一级是树根，上面没有别的。"))
    elif index > 0 and under is None:
        context.problem(item, None, "tree.root", _("只有第一级可以没有上级；请写明 under。"))
    elif under is not None and under not in levels:
        context.problem(item, "under", "tree.level", _("上级“{level}”要写在它前面。"), level=under)
    at = []
    for position, place in context.each(item, "at"):
        if place in LEVELS:
            at.append(str(place))
        else:
            context.problem(
                item["at"], position, "tree.at", _("没有“{at}”这种地方，可以是：{known}。"),
                at=place, known="、".join(LEVELS),
            )  # fmt: skip
    post = context.text(item, "post", None, max=40)
    known = context.shared.get("posts", {})
    if post is not None and post not in known:
        context.problem(item, "post", "posts.unknown", _("没有“{post}”这个职务。"), post=post)
    return {"kind": kind, "title": context.title(item), "at": at, "under": under, "post": post}
