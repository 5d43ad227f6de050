"""事项清单: the list of what a place does for people on request, each item complete, none that vanishes.

An item says on what it rests (basis), what to bring (papers), what happens (steps of its workflow), by when (limit), where
(window) and whose it is (owner). One that is no longer offered stays in the file with `retired`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.calendar import parse_limit
from gezhi.foundation.errors import Flawed, NotFound, Refusal, register

from .installed import on_install, registry
from .models import PackVersion
from .reading import Context, Located, localised

register(
    "service.not_found",
    404,
    _("没有这个事项。"),
    _("地址不对，或者这个地方没有列过这一项。"),
    _("请回清单里找，或者直接把事情说出来。"),
)

NEEDED = ("code", "group", "title", "basis", "papers", "steps", "limit", "window", "owner", "workflow")
MORE = ("about", "retired")
CODE = 40


@dataclass(frozen=True)
class ServiceItem:
    """One item as it stands now. `ref` is what a case keeps: "pack/code"; `retired` None while it is offered."""

    pack: str
    body: Mapping[str, Any]
    group: Mapping[str, str]

    @property
    def ref(self) -> str:
        return f"{self.pack}/{self.body['code']}"

    @property
    def title(self) -> str:
        return localised(self.body["title"])

    @property
    def retired(self) -> Mapping[str, Any] | None:
        return self.body.get("retired")

    @property
    def since(self) -> date | None:
        """From which day on it is no longer offered."""
        return date.fromisoformat(self.retired["since"]) if self.retired else None

    def offered(self, today: date) -> bool:
        """Whether it can be started on that day."""
        return self.since is None or today < self.since

    @property
    def about(self) -> str:
        return localised(self.body.get("about"))

    @property
    def basis(self) -> str:
        return localised(self.body["basis"])

    @property
    def window(self) -> str:
        return localised(self.body["window"])

    @property
    def why_retired(self) -> str:
        return localised(self.retired["why"]) if self.retired else ""

    @property
    def papers(self) -> list[str]:
        return [localised(paper) for paper in self.body["papers"]]

    @property
    def group_title(self) -> str:
        return localised(self.group)

    def holds(self, words: Iterable[str]) -> bool:
        """Whether every word occurs in what a resident may search for."""
        texts = [self.body["title"], self.group, self.body.get("about") or {}, *self.body["papers"]]
        text = " ".join(t for named in texts for t in named.values()).casefold()
        return all(word.casefold() in text for word in words)


def items() -> list[ServiceItem]:
    """Every item of every installed pack, retired ones too, as listed."""
    return list(_all())


def _all() -> Iterator[ServiceItem]:
    for pack, body in registry().services.items():
        groups = {g["code"]: g["title"] for g in body.get("groups", ())}
        for item in body.get("items", ()):
            yield ServiceItem(pack, item, groups[item["group"]])


def item(ref: str) -> ServiceItem:
    """The item of "pack/code". Raises NotFound service.not_found."""
    found = next((i for i in _all() if i.ref == ref), None)
    if found is None:
        raise NotFound("service.not_found")
    return found


def of_case(kept: Mapping[str, Any] | None) -> ServiceItem | None:
    """The item a case was opened for, by what the case keeps; None when it was for none."""
    ref = (kept or {}).get("service")
    return next((i for i in _all() if i.ref == ref), None) if ref else None


def read_items(node: Any, context: Context) -> dict[str, Any]:
    """{"groups": …, "items": …} of a services file; empty when it lists none, so that older files keep their hash."""
    if "items" not in node:
        return {}
    groups = []
    for _index, raw in context.each(node, "groups"):
        if context.keys(raw, required=("code", "title")):
            groups.append({"code": context.text(raw, "code", "", max=CODE), "title": context.title(raw)})
    found: list[dict[str, Any]] = []
    for _index, raw in context.each(node, "items"):
        read = _item(raw, {g["code"] for g in groups}, context)
        if read is None:
            continue
        if any(i["code"] == read["code"] for i in found):
            context.problem(raw, "code", "services.twice", _("“{code}”写了两次。"), code=read["code"])
        found.append(read)
    known = {i["code"]: i for i in found}
    for _index, raw in context.each(node, "items"):
        gone = raw.get("retired") if isinstance(raw, Mapping) else None
        instead = known.get(str(gone["instead"])) if isinstance(gone, Mapping) and "instead" in gone else None
        if isinstance(gone, Mapping) and "instead" in gone and (instead is None or "retired" in instead):
            words = _("“{code}”不在清单里或也停办了，不能让人改办它。")
            context.problem(gone, "instead", "services.instead", words, code=gone["instead"])
    return {"groups": groups, "items": found}


def _item(node: Any, groups: set[str], context: Context) -> dict[str, Any] | None:
    if not context.keys(node, required=NEEDED, optional=MORE):
        return None
    body: dict[str, Any] = {
        "code": context.text(node, "code", "", max=CODE),
        "group": context.one_of(node, "group", sorted(groups), ""),
        "workflow": context.text(node, "workflow", "", max=CODE),
        "owner": context.one_of(node, "owner", sorted(context.shared.get("posts", ())), ""),
        "limit": _limit(node, context),
        "papers": [context.title({"t": p}, "t") for _i, p in context.each(node, "papers")],
        "steps": [str(s) for _i, s in context.each(node, "steps")],
    }
    for key in ("title", "basis", "window"):
        body[key] = context.title(node, key)
        if not body[key]["zh"]:
            context.problem(node, key, "services.empty", _("“{key}”不能空着。"), key=key)
    if "about" in node:
        body["about"] = context.title(node, "about")
    if "retired" in node:
        body["retired"] = _retired(node["retired"], context)
    _steps(node, body, context)
    return body


def _limit(node: Any, context: Context) -> str:
    try:
        return str(parse_limit(context.text(node, "limit", "")))
    except Refusal as refusal:
        context.problem(node, "limit", refusal.code, "{words}", words=refusal.what + refusal.next)
        return "1 work_day"


def _retired(node: Any, context: Context) -> dict[str, Any]:
    if not context.keys(node, required=("since", "why"), optional=("instead",)):
        return {"since": "2000-01-01", "why": {"zh": "", "en": ""}}
    since = str(node["since"])
    try:
        date.fromisoformat(since)
    except ValueError:
        context.problem(node, "since", "services.since", _("停办的日子写成 2026-03-01 这样。"))
        since = "2000-01-01"
    body: dict[str, Any] = {"since": since, "why": context.title(node, "why")}
    if "instead" in node:
        body["instead"] = context.text(node, "instead", "", max=CODE)
    return body


def _steps(node: Any, body: dict[str, Any], context: Context) -> None:
    """The steps are the workflow's own, the first of them its start, and the owner's is the first."""
    flows: Mapping[str, Mapping[str, Any]] = context.shared.get("workflow_steps", {})
    flow = flows.get(body["workflow"])
    if flow is None:
        context.problem(node, "workflow", "services.workflow", _("没有流程“{code}”。"), code=body["workflow"])
        return
    for number, step in enumerate(body["steps"]):
        if step not in flow["steps"]:
            words = _("流程“{flow}”里没有“{step}”这一步。")
            context.problem(node["steps"], number, "services.steps", words, flow=body["workflow"], step=step)
    if not body["steps"] or body["steps"][0] != flow["start"]:
        words = _("步骤要从“{start}”开始，流程就是从那里开始的。")
        context.problem(node, "steps", "services.steps", words, start=flow["start"])
    elif body["owner"] and flow["steps"][flow["start"]] not in ("", body["owner"]):
        words = _("第一步由“{post}”负责，这里写的是“{owner}”。")
        facts = {"post": flow["steps"][flow["start"]], "owner": body["owner"]}
        context.problem(node, "owner", "services.owner", words, **facts)


@on_install("services")
def nothing_vanishes(body: Any, *, pack: str, actor: Any) -> None:
    """A new version of a list keeps every item of the one before, if only as retired. Raises Flawed."""
    rows = (
        PackVersion.objects.filter(kind="services", name=pack).order_by("-version").values_list("body", flat=True)[:2]
    )
    kept = {i["code"] for i in body.get("items", ())}
    problems = []
    for old in list(rows)[1:]:
        for item in old.get("items", ()):
            if item["code"] not in kept:
                words = _("清单里少了“{code}”。停办的事项要留着，写上 retired：从哪天起、为什么、改办什么。")
                problems.append(
                    Located(f"{pack}/services.yaml", 1, "services.dropped", str(words).format(code=item["code"]))
                )
    if problems:
        raise Flawed(problems)
