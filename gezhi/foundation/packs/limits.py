"""The promise: by when a matter of this type and category is to be handled (docs/packs.md, limits.yaml)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.calendar import Limit, parse_limit
from gezhi.foundation.errors import Invalid

from .categories import Catalogue, Category
from .reading import Context


class Limits:
    """The limits in force, joined from all packs; later packs refine earlier ones."""

    def __init__(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        self.kinds: dict[str, dict[str, Any]] = {}
        self.categories: dict[str, str] = {}
        self.steps: dict[str, str] = {}
        self.default: str | None = None
        for body in bodies:
            self.kinds |= body["kinds"]
            self.categories |= body["categories"]
            self.steps |= body["steps"]
            self.default = body["default"] or self.default

    def promise(self, category: Category | None, kind: str | None, urgent: bool) -> Limit | None:
        """The limit for handling; None when the packs set none.

        An urgent matter has the urgent limit, or its category's own when that is an urgent one too. Otherwise, if
        the request type gives way to the category (`by_category`, also when the type is not known): the limit of
        the category, its second or its first level, the most particular first; else that of the type; else the
        default.
        """
        own = self.of_category(category)
        if urgent and "urgent" in self.steps:
            return own if own is not None and own.unit.value.startswith("urgent") else parse_limit(self.steps["urgent"])
        typed = self.kinds.get(kind or "")
        if own is not None and (typed is None or typed["by_category"]):
            return own
        source = typed["limit"] if typed else self.default
        return parse_limit(source) if source else None

    def of_category(self, category: Category | None) -> Limit | None:
        """The limit set for the category itself or for a level above it."""
        if category is None:
            return None
        for key in (category.code, category.path, f"{category.l1}/{category.l2}", category.l1):
            if key in self.categories:
                return parse_limit(self.categories[key])
        return None

    def step(self, name: str) -> Limit | None:
        """A limit by name: "accept" (sign for it), "respond" (first word to the resident), "urgent_respond" …"""
        return parse_limit(self.steps[name]) if name in self.steps else None


def read_limits(node: Any, context: Context) -> dict[str, Any] | None:
    """Body: {"default", "steps": {name: limit}, "kinds": {kind: {"limit", "by_category", "title"}}, "categories": {path or
    code: limit}}; every limit is written as "4 work_hour"."""
    if not context.keys(node, optional=("version", "about", "default", "steps", "kinds", "categories")):
        return None
    body: dict[str, Any] = {"default": None, "steps": {}, "kinds": {}, "categories": {}}
    if "default" in node:
        body["default"] = _limit(node, "default", context)
    for name in _mapping(node, "steps", context):
        body["steps"][str(name)] = _limit(node["steps"], name, context)
    for kind, item in _mapping(node, "kinds", context).items():
        if context.keys(item, required=("limit", "title"), optional=("by_category",)):
            body["kinds"][str(kind)] = {
                "limit": _limit(item, "limit", context),
                "by_category": context.truth(item, "by_category"),
                "title": context.title(item),
            }
    context.shared["kinds"] = context.shared.get("kinds", frozenset()) | frozenset(body["kinds"])
    catalogue: Catalogue = context.shared.get("categories") or Catalogue({}, {})
    for path in _mapping(node, "categories", context):
        key = str(path)
        if catalogue.get(key) is None and not catalogue.known_path(key):
            near = catalogue.nearest(key.rsplit("/", 1)[-1])
            context.problem(
                node["categories"], path, "categories.path", _("没有“{path}”这一类{near}。"),
                path=key, near=f"（{near.path}）" if near else "",
            )  # fmt: skip
        body["categories"][key] = _limit(node["categories"], path, context)
    return body


def _mapping(node: Any, key: str, context: Context) -> Mapping[Any, Any]:
    value = node.get(key) or {}
    if isinstance(value, Mapping):
        return value
    context.problem(node, key, "pack.shape", _("这里要写成“名: 值”的形式。"))
    return {}


def _limit(node: Any, key: Any, context: Context) -> str:
    try:
        return str(parse_limit(str(node[key]).strip()))
    except (Invalid, KeyError):
        context.problem(node, key, "limits.limit", _("“{value}”不是时限，要写成如 4 work_hour。"), value=node.get(key))
        return ""
