"""`protected.yaml` of a pack: which matters leave the ordinary loop, by which process, and by which words it is suspected.

workflow: protected                      # the process such a matter goes through
categories: {纪检监察: report}            # path of a category -> report | petition | legal
kinds: {report: report}                  # request type -> the same
hints:
  posts: {village_secretary: [书记]}      # how people call a post
  words: [贪污]                           # only together with one of these is a post taken to be complained about
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import packs
from gezhi.foundation.packs.reading import Context, plain

KINDS = ("report", "petition", "legal")
NAMED = "named"


@dataclass(frozen=True)
class Rules:
    """The joined files of all packs. `workflow`: its name, "" when no pack has one."""

    workflow: str
    categories: Mapping[str, str]
    kinds: Mapping[str, str]
    posts: Mapping[str, tuple[str, ...]]
    words: tuple[str, ...]

    def kind_of(self, category: str, kind: str) -> str:
        """report, petition or legal when a matter of this category (code) or request type is protected, else ""."""
        if kind in self.kinds:
            return self.kinds[kind]
        found = packs.registry().categories.get(category)
        if found is None:
            return ""
        paths = (found.path, f"{found.l1}/{found.l2}", found.l1)
        return next((self.categories[path] for path in paths if path in self.categories), "")

    def posts_in(self, text: str) -> list[str]:
        """Posts that a text seems to complain about: one is called by name, and one of the grave words stands too."""
        if not any(word in text for word in self.words):
            return []
        return [post for post, names in self.posts.items() if any(name in text for name in names)]


def rules() -> Rules:
    """What the installed packs say."""
    return _joined(packs.registry())


@lru_cache(maxsize=4)
def _joined(registry: Any) -> Rules:
    workflow, words = "", dict[str, None]()
    categories: dict[str, str] = {}
    kinds: dict[str, str] = {}
    posts: dict[str, tuple[str, ...]] = {}
    for name in registry.names("protected"):
        body = registry.body("protected", name)
        workflow = body["workflow"]
        categories |= body["categories"]
        kinds |= body["kinds"]
        posts |= {post: tuple(called) for post, called in body["posts"].items()}
        words |= dict.fromkeys(body["words"])
    return Rules(workflow, categories, kinds, posts, tuple(words))


def read_protected(node: Any, context: Context) -> Any:
    """The body of a protected.yaml; problems are noted with their lines."""
    if not context.keys(node, required=("workflow",), optional=("version", "about", "categories", "kinds", "hints")):
        return None
    workflow = context.text(node, "workflow", "", max=40)
    if f"workflow/{workflow}" not in context.shared.get("items", ()):
        context.problem(node, "workflow", "protected.workflow", _("没有“{name}”这个流程。"), name=workflow)
    catalogue = context.shared.get("categories")
    categories = _kinds(node, "categories", context)
    for path in categories:
        if catalogue is None or not catalogue.known_path(path):
            context.problem(node["categories"], path, "categories.path", _("没有“{path}”这一类。"), path=path)
    hints = node.get("hints") or {}
    posts: dict[str, list[str]] = {}
    if context.keys(hints, optional=("posts", "words")):
        for post, called in (hints.get("posts") or {}).items():
            if post not in context.shared.get("posts", ()):
                context.problem(hints["posts"], post, "owner.post", _("席位“{post}”不在岗位表里"), post=post)
            posts[str(post)] = [str(plain(word)) for word in called or ()]
    return {
        "workflow": workflow,
        "categories": categories,
        "kinds": _kinds(node, "kinds", context),
        "posts": posts,
        "words": [str(plain(word)) for word in (hints.get("words") or ())] if isinstance(hints, Mapping) else [],
    }


def _kinds(node: Any, key: str, context: Context) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, kind in (node.get(key) or {}).items():
        if kind not in KINDS:
            words = _("“{kind}”要写成 report（举报）、petition（信访）或 legal（涉法涉诉）。")
            context.problem(node[key], name, "protected.kind", words, kind=kind)
        found[str(name)] = str(kind)
    return found
