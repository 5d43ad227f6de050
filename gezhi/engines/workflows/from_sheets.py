"""Cases out of sheets: what a sheet of another hotline may hold, where a row lies, what it is, by when; and replies back.

Registered with foundation.sheets as the target "cases". The sender's deadline and number stay with the case; a row
that names no place goes to the seat of the place it was imported for. docs/rules/sheets.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import bulk
from gezhi.engines.workflows.actions import CHANNELS
from gezhi.engines.workflows.models import UNDONE, Case
from gezhi.foundation import packs, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.places.naming import Namer
from gezhi.foundation.sheets import problems
from gezhi.foundation.sheets.cells import Field, plain
from gezhi.foundation.sheets.targets import Ask, Target, Wrong

FIELDS = (
    Field("number", {"zh": "来文编号", "en": "Sender's number"}, "code", required=True, key=True, max=60),
    Field("text", {"zh": "内容", "en": "The matter"}, "long_text", required=True, max=4000),
    Field("title", {"zh": "标题", "en": "Title"}, "text", max=200),
    Field("address", {"zh": "地址", "en": "Address"}, "text", max=200),
    Field("place", {"zh": "所属村、社区", "en": "Village or community"}, "text", max=80),
    Field("town", {"zh": "所属镇、街道", "en": "Town or street"}, "text", max=80),
    Field("category", {"zh": "类别", "en": "Category"}, "text", max=120),
    Field("kind", {"zh": "诉求类型", "en": "Kind of request"}, "text", max=40),
    Field("urgent", {"zh": "紧急程度", "en": "Urgency"}, "truth"),
    Field("contact_name", {"zh": "来电人", "en": "Caller"}, "name", max=40, sensitive=True),
    Field("contact_phone", {"zh": "来电号码", "en": "Caller's phone"}, "phone", max=40, sensitive=True),
    Field("received", {"zh": "受理时间", "en": "Received"}, "moment"),
    Field("deadline", {"zh": "办理时限", "en": "Deadline"}, "moment", day_ends=True),
)

problems.register(
    {
        "case.given_past": _("来文的时限已经过了，导入后立刻算超期。"),
        "case.category_unknown": _("类别“{cell}”不在对照表里，先空着，分派时再定。"),
        "case.kind_unknown": _("类型“{cell}”不在对照表里，先空着。"),
        "case.place_unsure": _("没认出是哪个村或社区，先交到“{place}”分派。"),
        "case.place_elsewhere": _("“{cell}”不在这次导入的范围“{place}”里。"),
        "row.refused": _("没有导入：{what}"),
    }
)

REPLIES = {
    "number": _("来文编号"), "case_number": _("本系统案号"), "text": _("内容"), "unit": _("承办单位"),
    "place": _("地点"), "category": _("类别"), "received": _("收到时间"), "accepted": _("签收时间"),
    "deadline": _("办理时限"), "handled": _("办结时间"), "closed": _("结案时间"), "state": _("办理状态"),
    "in_time": _("是否按期"), "result": _("办理结果"), "solved": _("是否解决"), "satisfied": _("是否满意"),
    "returns": _("退单次数"),
}  # fmt: skip


def check(values: dict[str, Any], ask: Ask) -> list[Wrong]:
    """Work out place, category and kind from what is written; what is not known is told and left to the dispatcher."""
    wrong: list[Wrong] = []
    choices = ask.layout.choices
    if values.get("category"):
        code = _category(values["category"], choices.get("category", {}))
        if code is None:
            wrong.append(Wrong("category", "case.category_unknown", {"cell": values["category"][:20]}, harmless=True))
            del values["category"]
        else:
            values["category"] = code
    if values.get("kind"):
        word = choices.get("kind", {}).get(plain(values["kind"]))
        if word is None:
            wrong.append(Wrong("kind", "case.kind_unknown", {"cell": values["kind"][:20]}, harmless=True))
            del values["kind"]
        else:
            values["kind"] = word
    if values.get("deadline") and datetime.fromisoformat(values["deadline"]) <= clock.now():
        wrong.append(Wrong("deadline", "case.given_past", {}, harmless=True))
    wrong += _find_place(values, ask)
    return wrong


def _category(written: str, words: Mapping[str, Any]) -> str | None:
    catalogue = packs.registry().categories
    # Senders write whole paths (城建/供水/水压低): the finest part that is known counts.
    parts = [p for p in written.replace("-", "/").replace("—", "/").replace(">", "/").split("/") if p.strip()]
    for word in (written, *reversed(parts)):
        mapped = words.get(plain(word))
        found = catalogue.find(str(mapped)) if mapped is not None else None
        if found is not None:
            return found.code
    for word in (written, *reversed(parts)):
        found = catalogue.find(word.strip())
        if found is not None:
            return found.code
    return None


@lru_cache(maxsize=8)
def _namer(_revision: int, _day: Any, within: int) -> Namer:
    return Namer(places.directory(), within)


def _find_place(values: dict[str, Any], ask: Ask) -> list[Wrong]:
    within = ask.place_id
    namer = _namer(revisions.current().get("places", 0), clock.today(), within)
    stated = f"{values.get('town', '')}{values.get('place', '')}"
    found = namer.find(f"{stated} {values.get('address', '')}", values.get("title", ""), values.get("text", ""))
    directory = places.directory()
    if found is None and stated and _elsewhere(values, within):
        said = {"cell": stated[:20], "place": directory.label(within, "county")}
        return [Wrong("place" if values.get("place") else "town", "case.place_elsewhere", said)]
    values["place_id"] = found or within
    if found is None and directory.place(within).kind in ("county", "city", "province"):
        said = {"place": directory.label(within, "county")}
        return [Wrong("address" if "address" in values else "text", "case.place_unsure", said, harmless=True)]
    return []


def _elsewhere(values: Mapping[str, Any], within: int) -> bool:
    """Whether the place or town named is one we know, outside where this import may go."""
    directory = places.directory()
    return any(
        directory.by_name(values[name]) and not directory.by_name(values[name], within)
        for name in ("place", "town")
        if values.get(name)
    )


def known(keys: Sequence[str]) -> dict[str, int]:
    """Which numbers are cases already (an import that was taken back does not count). One query per 500."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), 500):
        rows = Case.objects.filter(origin__in=keys[start : start + 500]).exclude(outcome=UNDONE)
        found.update({origin: id for origin, id in rows.values_list("origin", "id") if origin})
    return found


def fill(rows: Sequence[tuple[str, dict[str, Any]]], ask: Ask) -> list[int]:
    """Open a case for each row."""
    options = ask.layout.options
    directory = places.directory()
    matters = []
    for key, values in rows:
        # A place may have been merged away since the check.
        place = values.get("place_id", ask.place_id)
        matters.append((place if directory.open(place) else ask.place_id, _data(key, values)))
    channel = options.get("channel", "hotline")
    cases = bulk.open_many(options.get("workflow", "request"), matters, actor=ask.actor, channel=channel)
    return [case.id for case in cases]


def _data(key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    text = values["text"]
    if values.get("title") and values["title"] not in text:
        text = f"{values['title']}。{text}"
    if values.get("address") and values["address"] not in text:
        text = f"{text}\n{_('地址：{address}').format(address=values['address'])}"
    data = {
        name: values[name]
        for name in ("category", "kind", "urgent", "contact_name", "contact_phone")
        if values.get(name)
    }
    data |= {"text": text, "origin": key}
    if values.get("deadline"):
        data["given"] = values["deadline"]
    if values.get("received"):
        data["claimed_at"] = values["received"]
    return data


def touched(ids: Sequence[int]) -> list[str]:
    """Numbers of the cases somebody has worked on."""
    busy = bulk.touched(ids)
    return list(Case.objects.filter(pk__in=busy[:500]).order_by("id").values_list("number", flat=True))


def withdraw(ids: Sequence[int], ask: Ask) -> list[int]:
    """Close the cases as undone."""
    return bulk.undo_many(ids, actor=ask.actor)


def check_value(field: str, value: Any, context: packs.Context) -> Any:
    """Words for a mapping that leads nowhere, None when it is right."""
    if field == "category":
        catalogue = context.shared.get("categories")
        return None if catalogue and catalogue.find(str(value)) else _("没有“{value}”这一类。")
    if field == "urgent":
        return None if isinstance(value, bool) else _("“{value}”要写 true 或 false。")
    if field == "kind":
        kinds = context.shared.get("kinds")
        return None if kinds is None or str(value) in kinds else _("没有“{value}”这种诉求类型。")
    return _("这个栏目不用对照，照来文的字导入。")


def read_options(node: Any, context: packs.Context) -> dict[str, Any]:
    """`options: {workflow, channel}`."""
    if not context.keys(node, optional=("workflow", "channel")):
        return {}
    found: dict[str, Any] = {}
    if "workflow" in node:
        if f"workflow/{node['workflow']}" not in context.shared.get("items", ()):
            context.problem(node, "workflow", "services.workflow", _("没有流程“{code}”。"), code=node["workflow"])
        found["workflow"] = str(node["workflow"])
    if "channel" in node:
        found["channel"] = context.one_of(node, "channel", CHANNELS, "hotline")
    return found


def register() -> None:
    """Make the target known; called once when Django starts."""
    from gezhi.engines.workflows.replying import reply_rows
    from gezhi.foundation.sheets import targets

    targets.register(
        Target(
            "cases", _("事项"), FIELDS, check, known, fill, touched, withdraw, "case.raise_for", REPLIES, reply_rows,
            check_value, read_options,
        )
    )  # fmt: skip
