"""coverage.yaml: which roles every grid needs, filled by which posts, and how many households it should have."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.packs.reading import Context
from gezhi.foundation.places.kinds import GRIDS


def read_coverage(node: Any, context: Context) -> Any:
    """Body: {"grids": [kinds], "roles": [{"id", "title", "posts", "least"}], "households": {"low", "high"}}."""
    if not context.keys(
        node, required=("grids", "roles"), optional=("kind", "name", "version", "title", "about", "households")
    ):
        return None
    grids = []
    for index, kind in context.each(node, "grids"):
        if kind not in GRIDS:
            context.problem(node["grids"], index, "coverage.grid", _("这里只能写 grid1、grid2、grid3。"))
        grids.append(str(kind))
    known = context.shared.get("posts")
    roles: list[dict[str, Any]] = []
    for _index, role in context.each(node, "roles"):
        if not context.keys(role, required=("id", "title", "posts"), optional=("least",)):
            continue
        posts = []
        for at, post in context.each(role, "posts"):
            if known is not None and post not in known:
                context.problem(role["posts"], at, "coverage.post", _("没有“{post}”这个职务。"), post=post)
            posts.append(str(post))
        if any(role.get("id") == other["id"] for other in roles):
            context.problem(role, "id", "coverage.twice", _("“{id}”写了两次。"), id=role.get("id"))
        roles.append(
            {
                "id": context.text(role, "id", "", max=40),
                "title": context.title(role),
                "posts": posts,
                "least": context.whole(role, "least", 1, low=1, high=99),
            }
        )
    households = node.get("households") or {}
    low = high = 0
    if households and context.keys(households, required=("low", "high")):
        low = context.whole(households, "low", 0, high=100_000)
        high = context.whole(households, "high", 0, high=100_000)
        if low > high:
            context.problem(node, "households", "coverage.span", _("最少户数不能大于最多户数。"))
    return {"grids": grids, "roles": roles, "households": {"low": low, "high": high or 1_000_000}}
